"""More people than seats: when a subscription grows by itself, when it may not, and who may still come in (rule C8).

An overage has a first day, and seven days later its day of growth. People who go and come back within thirty days do
not move that day. What stands in the way of growth is a word, because the billing owner is told which.
"""

from datetime import date, timedelta
from enum import StrEnum

from zetel.rules.catalog import OnExceed, SeatPolicy
from zetel.rules.dunning import STEP_DAYS
from zetel.rules.seats import smallest_fit
from zetel.rules.transitions import SubscriptionStatus

GROWS_AFTER_DAYS = 7
REOPENS_WITHIN_DAYS = 30
GROW, ASK = "grow", "ask"  # what the owner chose at the purchase


class Closed(StrEnum):
    """Why an overage is over."""

    FREED = "freed"  # people went; if they come back soon it is the same overage
    RESIZED = "resized"  # seats were bought, or a renewal bought them
    ENDED = "ended"  # the subscription is no more


class Obstacle(StrEnum):
    """Why a subscription does not grow by itself; the overage stays open."""

    POLICY = "policy"  # the plan only warns, or blocks
    ASK = "ask"
    TRIAL = "trial"
    PAST_DUE = "past_due"
    ENDING = "ending"
    MANUAL = "manual"
    ABOVE_LADDER = "above_ladder"


def resizes_on(first_on: date) -> date:
    """The day on which it grows."""
    return first_on + timedelta(days=GROWS_AFTER_DAYS)


def keeps_first_day(because: str, closed_on: date, opens_on: date) -> bool:
    """Whether people who come back find the overage they left; one that was paid for is settled."""
    return because == Closed.FREED and opens_on <= closed_on + timedelta(days=REOPENS_WITHIN_DAYS)


def obstacle(
    *,
    status: SubscriptionStatus,
    ends_on: date | None,
    chosen: str,
    policy: SeatPolicy,
    counted: int,
    manual: bool = False,
) -> Obstacle | None:
    """The first thing that stands in the way of growth, or None."""
    stands = {
        Obstacle.POLICY: policy.on_exceed is not OnExceed.EXPAND,
        Obstacle.TRIAL: status is SubscriptionStatus.TRIAL,
        Obstacle.PAST_DUE: status is SubscriptionStatus.PAST_DUE,
        Obstacle.ENDING: ends_on is not None,
        Obstacle.MANUAL: manual,
        Obstacle.ABOVE_LADDER: smallest_fit(counted, policy.ladder) is None,
        Obstacle.ASK: chosen == ASK,
    }
    return next((word for word, is_so in stands.items() if is_so), None)


def may_take_seat(policy: SeatPolicy, *, taken: int, seats: int, declined: bool) -> bool:
    """Whether one more person may come in who counts; `taken` holds pending invitations too.

    Only `block` keeps people out for want of a seat; whatever the policy, nobody new while a growth is unpaid.
    """
    if declined:
        return False
    return policy.on_exceed is not OnExceed.BLOCK or taken < seats


def days_to_next_try(tries: int) -> int | None:
    """After so many tries to grow: how many days until the next; None after the last. The distances are G4's."""
    assert tries > 0, "the first try is on the day of growth"
    return STEP_DAYS[tries] - STEP_DAYS[tries - 1] if tries < len(STEP_DAYS) else None
