"""What an answer of a payment company means for our attempt and for the money we want (rules G3 to G6, G9).

Refused is final for that attempt; unknown is never treated as refused; another amount or currency than asked is not a
payment. These are decisions only: who asks, and when again, is told by what comes back from here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.outcomes import Outcome
from zetel.rules.transitions import ATTEMPT, AttemptStatus, is_legal

APPROVAL_HOURS = 23  # rule C5: how long a change waits for the bank
QUOTE_MINUTES = 30  # rule C6


class Effect(StrEnum):
    """What is to be done with an outcome."""

    BOOK = "book"  # the money is ours: the change happens, the invoice is paid
    WAIT = "wait"
    ASK_PERSON = "ask_person"
    ASK_AGAIN = "ask_again"  # by reference, then retry with the same key
    REFUSE = "refuse"
    PARK = "park"  # for staff
    REFUND = "refund"  # the money came for something that is over (C5, G7)
    IGNORE = "ignore"  # late or doubled: it was booked before


@dataclass(frozen=True, slots=True)
class Decision:
    """The attempt's next status, and what to do; `status` is the present one when nothing changes."""

    status: AttemptStatus
    effect: Effect


_EFFECTS = {
    AttemptStatus.PAID: Effect.BOOK,
    AttemptStatus.PROCESSING: Effect.WAIT,
    AttemptStatus.ACTION: Effect.ASK_PERSON,
    AttemptStatus.DECLINED: Effect.REFUSE,
    AttemptStatus.UNKNOWN: Effect.ASK_AGAIN,
}


def decide(status: AttemptStatus, outcome: Outcome, wanted: Money, *, over: bool = False) -> Decision:
    """What an outcome does to an attempt in this status; `over` when nobody waits for the money any more.

    An outcome is booked once, whichever way brings it first: the second finds no legal transition and is ignored.
    Money that arrives on an attempt which was final leaves the attempt as it is, but is never ignored.
    """
    new = AttemptStatus(outcome.kind)
    if new is AttemptStatus.PAID and outcome.amount != wanted:
        return Decision(*_park(status))
    if not is_legal(ATTEMPT, status, new):
        if new is AttemptStatus.PAID and status in (AttemptStatus.DECLINED, AttemptStatus.CANCELLED):
            return Decision(status, Effect.REFUND if over else Effect.PARK)
        return Decision(status, Effect.IGNORE)
    if over and new is AttemptStatus.PAID:
        return Decision(new, Effect.REFUND)
    return Decision(new, _EFFECTS[new])


def _park(status: AttemptStatus) -> tuple[AttemptStatus, Effect]:
    if is_legal(ATTEMPT, status, AttemptStatus.PARKED):
        return AttemptStatus.PARKED, Effect.PARK
    return status, Effect.IGNORE if status is AttemptStatus.PARKED else Effect.PARK


def approval_until(started_at: datetime, period_ends_at: datetime | None = None) -> datetime:
    """Rule C5: a change waits at most 23 hours, and never beyond the period it was priced in."""
    latest = started_at + timedelta(hours=APPROVAL_HOURS)
    return latest if period_ends_at is None else min(latest, period_ends_at)


def quote_until(priced_at: datetime, period_ends_at: datetime | None = None) -> datetime:
    """Rule C6: 30 minutes, also across midnight, never beyond the period."""
    latest = priced_at + timedelta(minutes=QUOTE_MINUTES)
    return latest if period_ends_at is None else min(latest, period_ends_at)


def refundable(paid: int, refunded: int, wanted: int) -> int:
    """What is left after a refund; `refund_too_large` when all refunds together would exceed the payment (G6)."""
    left = paid - refunded - wanted
    if wanted <= 0 or left < 0:
        raise ZetelError("refund_too_large", wanted=wanted, left=paid - refunded)
    return left


def collects_now(due: int, minimum: int) -> bool:
    """Rule G9: below the gateway's minimum the invoice waits for the next one."""
    return due > 0 and due >= minimum
