"""What a payment company says, in our words: the outcome of a charge, of a refund, and a saved method.

Gateways make these values and actions book them; they stand on the lowest floor because both need them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from zetel.rules.money import Money

MethodKind = Literal["card", "paypal", "direct_debit"]
OutcomeKind = Literal["paid", "processing", "action", "declined", "unknown"]
RefundKind = Literal["done", "refused", "unknown"]
DisputeKind = Literal["taken", "returned"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the company says about one charge.

    `paid`: captured; `amount` is what the company says it took, which the caller compares with what it asked.
    `processing`: comes later. `action`: the person must visit `action_url`. `declined`: final for this charge,
    `hard` when the same method will never work. `unknown`: ask by reference, never treat as refused.
    `reason` is a code of lower-case words, e.g. `insufficient_funds`; `at` is the company's instant of it (UTC).
    """

    kind: OutcomeKind
    amount: Money | None = None
    charge_id: str = ""
    hard: bool = False
    reason: str = ""
    action_url: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RefundOutcome:
    """`done`: the money goes back. `refused`: final, nothing moved. `unknown`: ask, or retry with the same key."""

    kind: RefundKind
    refund_id: str = ""
    reason: str = ""
    amount: Money | None = None


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """The payer's bank `taken` a captured charge back (a dispute, a late return), or `returned` it after all (G8).

    `amount` is what moved; `at` is the company's instant of it (UTC), by which what comes late is told apart.
    """

    kind: DisputeKind
    amount: Money
    at: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SavedMethod:
    """A method at the company: `token` charges it, `label` is for people (`Visa •••• 4242`)."""

    token: str
    kind: MethodKind
    label: str
    expires_on: date | None
    """Last day on which a card is good; None when it does not expire."""
