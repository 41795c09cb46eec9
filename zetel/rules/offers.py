"""An offer by sales: a plan, a size and a price for one space, which bind until a moment (rules P4, P6).

What is offered is of the catalogue, or better for the buyer: sizes of the ladder or above it, at the catalogue's price
or a special one. An offer is accepted once; one that is over, withdrawn or used says which of them it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from zetel.rules.errors import ZetelError
from zetel.rules.seats import LADDER
from zetel.rules.transitions import OfferStatus

SEATS_MAX = 100_000
UNIT_AMOUNT_MAX = 10**9


class OfferState(StrEnum):
    """Where an offer stands at an instant: its status, and whether its time is over."""

    OPEN = "open"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    ACCEPTED = "accepted"


_REFUSALS = {
    OfferState.EXPIRED: "offer_expired",
    OfferState.WITHDRAWN: "offer_withdrawn",
    OfferState.ACCEPTED: "offer_used",
}


def state(status: str, valid_until: datetime, now: datetime) -> OfferState:
    """`valid_until` is the first instant at which it does not hold any more."""
    if status == OfferStatus.OPEN and now >= valid_until:
        return OfferState.EXPIRED
    return OfferState(status)


def check_open(status: str, valid_until: datetime, now: datetime) -> None:
    """Raise offer_expired, offer_withdrawn or offer_used unless it can be accepted."""
    stands = state(status, valid_until, now)
    if stands is not OfferState.OPEN:
        raise ZetelError(_REFUSALS[stands])


def check_approvable(status: str, valid_until: datetime, agreed: bool, now: datetime) -> None:
    """The same for one on manual invoice that sales approve: what was agreed in time stays good (G5)."""
    check_open(status, valid_until, min(now, valid_until - timedelta(microseconds=1)) if agreed else now)


def check_seats(seats: int, counted: int, ladder: Sequence[int] = LADDER) -> None:
    """A size of the ladder, or any above it; everybody counted fits (P4, P5)."""
    if seats not in ladder and not max(ladder) < seats <= SEATS_MAX:
        raise ZetelError("seat_size_unknown", seats=seats, sizes=list(ladder))
    if seats < counted:
        raise ZetelError("seats_in_use", seats=seats, counted=counted)


def check_unit_amount(unit_amount: int) -> None:
    """A price for one seat and cycle, in minor units: more than nothing."""
    if not 0 < unit_amount <= UNIT_AMOUNT_MAX:
        raise ZetelError("amount_invalid")
