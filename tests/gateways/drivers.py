"""How the contract suite makes each payment company do what a test needs.

A gateway joins the suite by a driver: it saves methods that behave as named, answers for the person on the company's
pages, and hands over the webhooks the company would send.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from django.test import Client

from tests.gateways import pages
from tests.gateways.paypal_company import CLIENT_ID, SECRET, WEBHOOK_ID, PayPalCompany
from tests.gateways.stripe_company import SECRET_KEY, WEBHOOK_SECRET, StripeCompany
from zetel.gateways import get
from zetel.gateways.base import Gateway, Setup
from zetel.gateways.paypal import PayPalGateway
from zetel.gateways.stripe import StripeGateway
from zetel.rules.outcomes import MethodKind
from zetel.sandbox import company
from zetel.sandbox.script import Operation
from zetel.sandbox.webhooks import endpoint

Webhook = tuple[Mapping[str, str], bytes]


class Driver(Protocol):
    gateway: Gateway
    kind: MethodKind
    """The kind of method that its tests use unless told."""
    fresh_for: timedelta
    """How old a webhook may be."""
    label: str
    """How a saved method that is paid reads."""
    tells_setups: bool
    """Whether a webhook names the setup that was finished."""

    def finish(self, setup: Setup, kind: MethodKind, behaviour: str = "paid") -> None:
        """The person saves a method that behaves so: paid, declined_soft, declined_hard, approval,
        timeout_before, timeout_after, error_before, error_after, setup_refused."""

    def abandon(self, setup: Setup) -> None:
        """The person goes back without saving."""

    def forged(self, headers: Mapping[str, str], body: bytes) -> list[Webhook]:
        """The same webhook changed, unsigned, or signed by somebody else."""

    def approve(self, action_url: str) -> str:
        """The person approves; answers the address the browser is sent back to."""

    def refuse(self, action_url: str) -> str: ...

    def plan(self, fault: str, operation: str = "charge") -> None:
        """The next request of that kind fails: timeout or error, before or after. Kinds: charge, fetch (a charge whose
        id we do not know), refund, setup, fetch_setup."""

    def webhooks(self, now: datetime) -> list[Webhook]:
        """What the company sends now."""

    def take_back(self, charge_id: str, now: datetime) -> None:
        """The payer's bank takes a captured charge back (G8)."""

    def give_back(self, charge_id: str, now: datetime) -> None:
        """It gives it back: the dispute was won."""


class SandboxDriver:
    kind: MethodKind = "card"
    fresh_for = timedelta(minutes=5)
    label = "Visa •••• 4242"
    tells_setups = True

    def __init__(self) -> None:
        self.gateway = get("sandbox")

    def finish(self, setup: Setup, kind: MethodKind, behaviour: str = "paid") -> None:
        if kind == "card":
            pages.save_card(Client(), setup.redirect_url, pages.number_of(behaviour))
        else:
            pages.save_paypal(Client(), setup.redirect_url, pages.email_of(behaviour))

    def abandon(self, setup: Setup) -> None:
        Client().post(setup.redirect_url, {"act": "cancel"})

    def forged(self, headers: Mapping[str, str], body: bytes) -> list[Webhook]:
        return forged_macs(headers, body)

    def approve(self, action_url: str) -> str:
        return Client().post(action_url, {"act": "approve"}).headers["Location"]

    def refuse(self, action_url: str) -> str:
        return Client().post(action_url, {"act": "refuse"}).headers["Location"]

    def plan(self, fault: str, operation: str = "charge") -> None:
        kinds: dict[str, Operation] = {"charge": "charge", "refund": "refund", "setup": "setup"}
        company.plan(fault, operation=kinds.get(operation, "fetch"))

    def webhooks(self, now: datetime) -> list[Webhook]:
        return sent(now)

    def take_back(self, charge_id: str, now: datetime) -> None:
        assert company.take_back(charge_id, now)

    def give_back(self, charge_id: str, now: datetime) -> None:
        assert company.give_back(charge_id, now)


class StandInDriver:
    """What the drivers of stand-ins share: the stand-in does what it is told by name."""

    company: StripeCompany | PayPalCompany

    def close(self) -> None:
        self.company.close()

    def finish(self, setup: Setup, kind: MethodKind, behaviour: str = "paid") -> None:
        self.company.complete(setup.id, behaviour)

    def abandon(self, setup: Setup) -> None:
        """The company's page only leads back; the setup stays as it is."""

    def approve(self, action_url: str) -> str:
        return self.company.decide(action_url, approved=True)

    def refuse(self, action_url: str) -> str:
        return self.company.decide(action_url, approved=False)

    def plan(self, fault: str, operation: str = "charge") -> None:
        self.company.plan(fault, operation=operation)

    def webhooks(self, now: datetime) -> list[Webhook]:
        return list(self.company.webhooks())


class StripeDriver(StandInDriver):
    """Stripe's adapter against the stand-in of the documents."""

    company: StripeCompany
    kind: MethodKind = "card"
    fresh_for = timedelta(minutes=5)
    label = "Visa •••• 4242"
    tells_setups = True

    def __init__(self) -> None:
        self.company = StripeCompany()
        self.gateway: Gateway = stripe_at(self.company.address)

    def forged(self, headers: Mapping[str, str], body: bytes) -> list[Webhook]:
        return forged_macs(headers, body)

    def take_back(self, charge_id: str, now: datetime) -> None:
        self.company.dispute(charge_id, "funds_withdrawn")

    def give_back(self, charge_id: str, now: datetime) -> None:
        self.company.dispute(charge_id, "funds_reinstated")


class PayPalDriver(StandInDriver):
    """PayPal's adapter against the stand-in of the documents, whose report lags only where a test says so."""

    company: PayPalCompany
    kind: MethodKind = "paypal"
    fresh_for = timedelta(days=4)
    label = "PayPal anna@paypal.example"
    tells_setups = False

    def __init__(self) -> None:
        self.company = PayPalCompany()
        self.company.lags = False
        self.adapter = paypal_at(self.company.address)
        self.gateway: Gateway = self.adapter

    def close(self) -> None:
        self.adapter.close()
        super().close()

    def forged(self, headers: Mapping[str, str], body: bytes) -> list[Webhook]:
        others: list[dict[str, str]] = [
            {"PAYPAL-TRANSMISSION-SIG": "another"},
            {"PAYPAL-TRANSMISSION-SIG": ""},
            {"PAYPAL-TRANSMISSION-ID": "another-one"},
            {"PAYPAL-TRANSMISSION-TIME": "yesterday"},
            {"PAYPAL-CERT-URL": "https://paypal.com.example/cert"},
            {"PAYPAL-CERT-URL": "http://api.paypal.com/cert"},
        ]
        wrong: list[Webhook] = [({**headers, **other}, body) for other in others]
        changed = (body.replace(b"pay-", b"pay_"), body + b" ", b"no json", b"")
        return [*wrong, *((headers, bytes_) for bytes_ in changed), ({}, body)]

    def take_back(self, charge_id: str, now: datetime) -> None:
        self.company.dispute(charge_id, is_won=False)

    def give_back(self, charge_id: str, now: datetime) -> None:
        self.company.dispute(charge_id, is_won=True)


def paypal_at(address: str) -> PayPalGateway:
    return PayPalGateway(client_id=CLIENT_ID, secret=SECRET, webhook_id=WEBHOOK_ID, address=address)


def stripe_at(address: str) -> StripeGateway:
    return StripeGateway(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, address=address)


ADAPTERS: dict[str, Callable[[str], Gateway]] = {"stripe": stripe_at, "paypal": paypal_at}
"""By name, towards the stand-in at an address; the other process of a test makes its own."""


def forged_macs(headers: Mapping[str, str], body: bytes) -> list[Webhook]:
    """For companies that sign `t=<seconds>,v1=<mac>`."""
    changed = body.replace(b"pay-", b"pay_")
    assert changed != body
    name = next(name for name, value in headers.items() if "v1=" in value)
    first, _sep, _mac = headers[name].partition("v1=")
    return [
        (headers, changed),
        (headers, body + b" "),
        ({}, body),
        ({name: ""}, body),
        ({name: f"{first}v1={'0' * 64}"}, body),
        ({name: headers[name] + "0"}, body),
        ({name: "t=99999999999,v1=é"}, body),
        ({name: "t=-1,v1=00"}, body),
        ({name: "t=²,v1=00"}, body),
    ]


def sent(now: datetime, status: int = 200) -> list[Webhook]:
    """The sandbox's due webhooks, taken in this process and answered with `status`."""
    taken: list[Webhook] = []

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert url == endpoint()
        taken.append((headers, body))
        return status

    company.deliver_due(now, post)
    return taken
