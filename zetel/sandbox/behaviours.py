"""What the pretend company can be made to do, as data.

A behaviour says how one request goes: its result, what goes wrong on the way, and how the webhook about it travels.
It is chosen by a documented card number, by a PayPal test account, or by the queue of coming requests
(`company.plan`). Every documented number passes the usual check digit and belongs to no real card.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Result = Literal["paid", "processing", "action", "declined"]
Fault = Literal["", "timeout_before", "timeout_after", "error_before", "error_after", "down"]
Travel = Literal["now", "early", "late", "twice", "out_of_order", "never"]

BEFORE: tuple[Fault, ...] = ("timeout_before", "error_before", "down")
"""What goes wrong before anything was done."""
LATE = timedelta(hours=2)
DOWN = timedelta(hours=2)
PASSWORD = "sandbox"  # of every PayPal test account: documented, guards nothing


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How one request goes. `amount_off` is added to what is captured, in another `currency` if named;
    `settles_*` is how `processing` or an approved payment ends."""

    result: Result = "paid"
    reason: str = ""
    hard: bool = False
    fault: Fault = ""
    forgets_key: bool = False
    amount_off: int = 0
    currency: str = ""
    settles_as: Literal["paid", "declined"] = "paid"
    settles_after: timedelta = timedelta(minutes=10)
    webhook: Travel = "now"
    disputed_after: timedelta | None = None
    """How long after a capture the payer's bank takes it back."""
    won_after: timedelta | None = None
    """How long after that it gives it back."""
    refuses_refund: bool = False
    setup: Literal["", "approve", "refuse"] = ""


BEHAVIOURS: dict[str, Behaviour] = {
    "paid": Behaviour(),
    "declined_soft": Behaviour(result="declined", reason="insufficient_funds"),
    "declined_hard": Behaviour(result="declined", reason="stolen_card", hard=True),
    "account_closed": Behaviour(result="declined", reason="account_closed", hard=True),
    "approval": Behaviour(result="action"),
    "approval_then_declined": Behaviour(result="action", settles_as="declined", reason="insufficient_funds"),
    "timeout_before": Behaviour(fault="timeout_before"),
    "timeout_after": Behaviour(fault="timeout_after"),
    "error_before": Behaviour(fault="error_before"),
    "error_after": Behaviour(fault="error_after"),
    "forgets_key": Behaviour(fault="timeout_after", forgets_key=True),
    "down": Behaviour(fault="down"),
    "wrong_amount": Behaviour(amount_off=1),
    "processing": Behaviour(result="processing"),
    "processing_days": Behaviour(result="processing", settles_after=timedelta(days=3)),
    "processing_declined": Behaviour(result="processing", settles_as="declined", reason="insufficient_funds"),
    "webhook_early": Behaviour(webhook="early"),
    "webhook_late": Behaviour(webhook="late"),
    "webhook_twice": Behaviour(webhook="twice"),
    "webhook_out_of_order": Behaviour(webhook="out_of_order"),
    "webhook_never": Behaviour(webhook="never"),
    "disputed": Behaviour(disputed_after=timedelta(days=3)),
    "disputed_won": Behaviour(disputed_after=timedelta(days=3), won_after=timedelta(days=4)),
    "refund_refused": Behaviour(refuses_refund=True),
    "setup_approval": Behaviour(setup="approve"),
    "setup_refused": Behaviour(setup="refuse"),
}


def behaviour(name: str, changes: Mapping[str, Any]) -> Behaviour:
    """The named behaviour with some fields changed; `settles_after` is kept as seconds."""
    changed = dict(changes)
    if "settles_after" in changed:
        changed["settles_after"] = timedelta(seconds=changed["settles_after"])
    return replace(BEHAVIOURS[name], **changed)


@dataclass(frozen=True)
class Card:
    number: str
    brand: str
    behaviour: str
    does: str | Promise

    @property
    def grouped(self) -> str:
        """As printed on a card."""
        return " ".join(self.number[start : start + 4] for start in range(0, len(self.number), 4))


@dataclass(frozen=True)
class Account:
    email: str
    name: str
    behaviour: str
    does: str | Promise


CARDS: tuple[Card, ...] = (
    Card("4242424242424242", "Visa", "paid", _("Payment succeeds")),
    Card("5555555555554444", "Mastercard", "paid", _("Payment succeeds")),
    Card("4000000000009995", "Visa", "declined_soft", _("Declined: not enough money, may work later")),
    Card("4000000000009979", "Visa", "declined_hard", _("Declined: stolen card, never works")),
    Card("4000002760003184", "Visa", "approval", _("The bank asks for approval of each payment")),
    Card("4000000000001208", "Visa", "approval_then_declined", _("Approved at the bank, then declined")),
    Card("4000002500003155", "Visa", "setup_approval", _("The bank asks for approval when saving")),
    Card("4000000000000002", "Visa", "setup_refused", _("Refused when saving")),
    Card("4000000000001000", "Visa", "processing", _("Processing, paid after 10 minutes")),
    Card("4000000000001018", "Visa", "processing_days", _("Processing, paid after 3 days")),
    Card("4000000000001026", "Visa", "processing_declined", _("Processing, declined after 10 minutes")),
    Card("4000000000001034", "Visa", "timeout_before", _("No answer, not charged; the next try works")),
    Card("4000000000001042", "Visa", "timeout_after", _("No answer, but charged")),
    Card("4000000000001059", "Visa", "error_before", _("Error 500, not charged; the next try works")),
    Card("4000000000001067", "Visa", "error_after", _("Error 500, but charged")),
    Card(
        "4000000000001075",
        "Visa",
        "forgets_key",
        _("No answer, charged, and the key of the request forgotten"),
    ),
    Card("4000000000001083", "Visa", "down", _("Sandbox Pay is down for 2 hours")),
    Card("4000000000001091", "Visa", "wrong_amount", _("Charges a wrong amount")),
    Card("4000000000001109", "Visa", "webhook_early", _("Paid, webhook before the answer")),
    Card("4000000000001117", "Visa", "webhook_late", _("Paid, webhook 2 hours late")),
    Card("4000000000001125", "Visa", "webhook_twice", _("Paid, webhook sent twice")),
    Card("4000000000001133", "Visa", "webhook_out_of_order", _("Paid, webhooks out of order")),
    Card("4000000000001141", "Visa", "webhook_never", _("Paid, no webhook")),
    Card("4000000000001166", "Visa", "disputed", _("Paid, and taken back by the bank after 3 days")),
    Card(
        "4000000000001174",
        "Visa",
        "disputed_won",
        _("Paid, taken back by the bank after 3 days, returned after 4 more"),
    ),
    Card("4000000000001158", "Visa", "refund_refused", _("Paid, a refund is refused")),
)

ACCOUNTS: tuple[Account, ...] = (
    Account("anna@paypal.example", "Anna Bakker", "paid", _("Payment succeeds")),
    Account(
        "soft@paypal.example", "Sofie Smit", "declined_soft", _("Declined: not enough money, may work later")
    ),
    Account("hard@paypal.example", "Hugo Hart", "account_closed", _("Declined: account closed, never works")),
    Account(
        "approval@paypal.example", "Ada Prins", "approval", _("PayPal asks for approval of each payment")
    ),
    Account("processing@paypal.example", "Piet Prins", "processing", _("Processing, paid after 10 minutes")),
    Account("timeout@paypal.example", "Tim Tol", "timeout_after", _("No answer, but charged")),
    Account("refused@paypal.example", "Rob Ruys", "setup_refused", _("Refused when saving")),
)

_CARD_BY_NUMBER = {card.number: card for card in CARDS}
_ACCOUNT_BY_EMAIL = {account.email: account for account in ACCOUNTS}


def card(number: str) -> Card | None:
    """The documented test card of that number (digits only), and nothing for any other, real or not."""
    return _CARD_BY_NUMBER.get(number)


def account(email: str) -> Account | None:
    return _ACCOUNT_BY_EMAIL.get(email.strip().lower())
