"""How the contract suite makes each payment company do what a test needs.

A gateway joins the suite by a driver: it saves methods that behave as named, answers for the person on the company's
pages, and hands over the webhooks the company would send.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from django.test import Client

from tests.gateways import pages
from zetel.gateways import get
from zetel.gateways.base import Gateway, Setup
from zetel.rules.outcomes import MethodKind
from zetel.sandbox import company
from zetel.sandbox.webhooks import endpoint

Webhook = tuple[Mapping[str, str], bytes]


class Driver(Protocol):
    gateway: Gateway

    def finish(self, setup: Setup, kind: MethodKind, behaviour: str = "paid") -> None:
        """The person saves a method that behaves so: paid, declined_soft, declined_hard, approval,
        timeout_before, timeout_after, setup_refused."""

    def abandon(self, setup: Setup) -> None:
        """The person goes back without saving."""

    def approve(self, action_url: str) -> str:
        """The person approves; answers the address the browser is sent back to."""

    def refuse(self, action_url: str) -> str: ...

    def webhooks(self, now: datetime) -> list[Webhook]:
        """What the company sends now."""

    def take_back(self, charge_id: str, now: datetime) -> None:
        """The payer's bank takes a captured charge back (G8)."""

    def give_back(self, charge_id: str, now: datetime) -> None:
        """It gives it back: the dispute was won."""


class SandboxDriver:
    def __init__(self) -> None:
        self.gateway = get("sandbox")

    def finish(self, setup: Setup, kind: MethodKind, behaviour: str = "paid") -> None:
        if kind == "card":
            pages.save_card(Client(), setup.redirect_url, pages.number_of(behaviour))
        else:
            pages.save_paypal(Client(), setup.redirect_url, pages.email_of(behaviour))

    def abandon(self, setup: Setup) -> None:
        Client().post(setup.redirect_url, {"act": "cancel"})

    def approve(self, action_url: str) -> str:
        return Client().post(action_url, {"act": "approve"}).headers["Location"]

    def refuse(self, action_url: str) -> str:
        return Client().post(action_url, {"act": "refuse"}).headers["Location"]

    def webhooks(self, now: datetime) -> list[Webhook]:
        return sent(now)

    def take_back(self, charge_id: str, now: datetime) -> None:
        assert company.take_back(charge_id, now)

    def give_back(self, charge_id: str, now: datetime) -> None:
        assert company.give_back(charge_id, now)


def sent(now: datetime, status: int = 200) -> list[Webhook]:
    """The sandbox's due webhooks, taken in this process and answered with `status`."""
    taken: list[Webhook] = []

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert url == endpoint()
        taken.append((headers, body))
        return status

    company.deliver_due(now, post)
    return taken
