"""The one shape in which payment companies are spoken to.

A gateway is an adapter: it turns a payment company's answers into the few values below and nothing else.
It keeps no state, knows no model, and is never called inside a database transaction (rule G3). What a company
can and cannot do is data (`Capabilities`), so nobody above asks for a gateway's name to decide something.

Calls do not raise when a company is slow, broken or away: charging, asking, cancelling and refunding say
`unknown`, because money may have moved. Calls that move no money raise `GatewayUnavailable`: try again later.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from zetel.rules.money import Money
from zetel.rules.outcomes import Dispute, MethodKind, Outcome, RefundOutcome, SavedMethod

SetupStatus = Literal["pending", "done", "refused"]
EventKind = Literal["charge", "refund", "setup", "dispute", "other"]


class GatewayUnavailable(Exception):
    """The company could not be reached, or failed, in a call that moves no money. Nothing is lost: try again."""


class BadSignature(Exception):
    """A webhook that is not from the company, was changed on the way, or is too old."""


class KeyReused(AssertionError):
    """One idempotency key was used for two different requests: a fault in our code, never a person's."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a company can do, as data."""

    methods: tuple[MethodKind, ...]
    redirect: bool
    """Its own page, to which the browser is sent: must work without JavaScript."""
    element: bool
    """Its field inside our page, in a frame (`Setup.element_url`)."""
    confirms_after_days: int
    """0: an answer comes at once or within hours. More: this gateway pays invoices, not increases (rule C5)."""
    signed_webhooks: bool
    minimum_amount: Mapping[str, int]
    """Smallest charge in minor units per currency; a currency that is absent has no minimum (rule G9)."""
    key_memory_hours: int
    """How long the company remembers an idempotency key. A retry later than this must ask by reference first."""
    ledger_lag_hours: int
    """After how long a payment or a refund stands in its ledger for certain."""
    token_prefix: str
    """How each of its tokens begins, by which one is known in a text that must hold none (rule X15); empty when they
    have nothing in common."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A started wish to save a payment method. `element_url` is empty when the company has no such field."""

    id: str
    redirect_url: str
    element_url: str = ""


@dataclass(frozen=True, kw_only=True)
class SetupResult:
    status: SetupStatus
    method: SavedMethod | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What we know of a charge beside its reference, for a company that cannot look one up by that at once.

    `charge_id` is the company's own name of it, where it told one; `token` the method that was charged. No charge of
    it is older than `made_at`, it was last sent at `sent_at`, and it is `asked_at` now.
    """

    charge_id: str = ""
    token: str = ""
    made_at: datetime | None = None
    sent_at: datetime | None = None
    asked_at: datetime | None = None


NO_TRACE = Trace()


@dataclass(frozen=True, kw_only=True)
class Capture:
    """One line of the company's own ledger: money it took, to be held against our payments (rule X2)."""

    charge_id: str
    reference: str
    amount: Money
    refunded: Money
    captured_at: datetime


@dataclass(frozen=True, kw_only=True)
class GatewayEvent:
    """A webhook in our words. `id` is the company's and stays the same in every delivery of it (rule X14).

    `reference` is ours, of the charge (also of one in dispute), refund or setup. What it tells is in `outcome`
    (charge; without one, something happened to it and the company is to be asked), `refund`, `dispute` or `setup_id`;
    `other` tells nothing that we follow. `created_at` is when it
    happened, not when it was sent. A company that does not repeat our reference gives its own `charge_id` instead.
    `tokens` are strings of the body that could charge somebody's method: they are not kept with it (rule X15).
    """

    id: str
    kind: EventKind
    reference: str
    created_at: datetime
    outcome: Outcome | None = None
    refund: RefundOutcome | None = None
    dispute: Dispute | None = None
    setup_id: str = ""
    charge_id: str = ""
    tokens: tuple[str, ...] = ()


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by its name in any case; empty when it was not sent."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def check_age(sent_at: datetime, *, now: datetime, tolerance: timedelta) -> None:
    """Raise BadSignature for a webhook that was signed too long ago, or later than now."""
    if abs(now - sent_at) > tolerance:
        raise BadSignature("too old, or from the future")


def with_query(url: str, more: str) -> str:
    """The address with one more query parameter, as it stands: a company may fill in what is written in braces."""
    return f"{url}{'&' if '?' in url else '?'}{more}"


def printable(text: str, longest: int) -> str:
    """What a bank statement can hold: no control characters, no half characters, not endless, not nothing."""
    whole = text.encode(errors="replace").decode()
    return "".join(sign if sign.isprintable() else " " for sign in whole)[:longest].strip() or "-"


class Gateway(Protocol):
    """The calls every gateway answers; `tests/gateways/test_contract.py` holds each one to them."""

    @property
    def name(self) -> str: ...

    @property
    def is_set_up(self) -> bool:
        """Whether its keys are there. Without them every call says `unknown` or raises GatewayUnavailable."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    def begin_setup(
        self, *, customer_reference: str, kind: MethodKind, reference: str, return_url: str, language: str
    ) -> Setup:
        """Start saving a method. Charges nothing. The company sends the browser back to `return_url`
        (this installation only) with `setup=` added. Raises GatewayUnavailable."""
        ...

    def fetch_setup(self, setup_id: str) -> SetupResult:
        """How a setup stands; one the company does not know is `refused`. Raises GatewayUnavailable."""
        ...

    def charge(
        self,
        *,
        token: str,
        amount: Money,
        reference: str,
        idempotency_key: str,
        return_url: str,
        description: str,
        language: str,
        present: bool,
    ) -> Outcome:
        """Take money once. The same key with the same request answers the same and charges nothing more;
        with another request it raises KeyReused. `present` says whether the person sits at the screen. After an
        `action` the browser comes back to `return_url` with `charge=` added."""
        ...

    def fetch(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome | None:
        """What became of a charge, by our reference. None: the company knows no such charge, and repeating it with
        the same key takes the money once."""
        ...

    def cancel(self, *, reference: str, trace: Trace = NO_TRACE) -> Outcome:
        """Stop a charge that waits for the person: then `declined`, reason `cancelled`. One that is paid stays `paid`,
        one that is processing may go on; one the company does not know is `declined`, `unknown_reference`, but
        `unknown` as long as it could be there without being seen."""
        ...

    def refund(self, *, charge_id: str, amount: Money, reference: str, idempotency_key: str) -> RefundOutcome:
        """Give (part of) a charge back; never more in all than was captured (rule G6). Keys as in `charge`."""
        ...

    def fetch_refund(self, *, reference: str, trace: Trace = NO_TRACE) -> RefundOutcome | None:
        """What became of a refund, by our reference; `trace` is that of its charge. None: the company knows no such
        refund."""
        ...

    def forget(self, token: str) -> None:
        """Remove a saved method at the company. A token it does not know is fine. Raises GatewayUnavailable."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Raise BadSignature unless these raw bytes are the company's and fresh. Header names in any case. A company
        that signs nothing passes here, and is asked in `parse`. Raises GatewayUnavailable."""
        ...

    def parse(self, body: bytes) -> GatewayEvent:
        """A verified body in our words. Where `signed_webhooks` is False the body only says what to ask for: what is
        told is the company's own answer, under an id that differs with it. Raises GatewayUnavailable."""
        ...

    def captures(self, *, since: datetime, until: datetime) -> Iterator[Capture]:
        """The company's ledger for `since <= captured_at < until`, oldest first. Raises GatewayUnavailable."""
        ...
