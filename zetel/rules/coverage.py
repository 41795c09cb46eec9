"""Which live plan covers a person in a place, and what buying does to the plans around it (rules P5, P8, P9, P10).

A holding is one subscription as the places see it. A place is covered by the highest plan among its own holding, its
division's and its organization's. Nobody is paid for twice: a purchase further out ends what it covers, and inside a
covered place nothing can be bought.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from zetel.rules.errors import ZetelError
from zetel.rules.seats import SpaceKind
from zetel.rules.transitions import LIVE_SUBSCRIPTION, SubscriptionStatus

# From the place outwards; a workspace stands alone.
DEPTH: Mapping[SpaceKind, int] = {
    SpaceKind.TEAM: 0,
    SpaceKind.WORKSPACE: 0,
    SpaceKind.DIVISION: 1,
    SpaceKind.ORGANIZATION: 2,
}


@dataclass(frozen=True, slots=True)
class Holding:
    """One subscription: where it stands, what it gives, and how long. A trial is a status, not a plan.

    On the day on which a trial ends it converts or is over: until that was done it still covers.
    """

    subscription_id: str
    space_id: str
    space_kind: SpaceKind
    plan: str
    rank: int
    status: SubscriptionStatus
    starts_on: date
    ends_on: date | None = None
    trial_ends_on: date | None = None

    def live_on(self, on: date) -> bool:
        """Whether it gives anything on the day: dunning's grace does (past due), an end that was reached does not."""
        began = self.starts_on <= on
        return began and self.status in LIVE_SUBSCRIPTION and (self.ends_on is None or on < self.ends_on)

    @property
    def is_trial(self) -> bool:
        return self.status is SubscriptionStatus.TRIAL


@dataclass(frozen=True, slots=True)
class PurchaseEffect:
    """What a purchase ends, and which of those gave a higher plan than the new one (it asks for a tick, P9)."""

    ends: tuple[Holding, ...]
    lowers: tuple[Holding, ...]

    @property
    def asks_for_tick(self) -> bool:
        return bool(self.lowers)


def covering(holdings: Iterable[Holding], on: date) -> Holding | None:
    """The highest live plan among those of a place and of what it is in; of equals the place's own comes first."""
    live = [holding for holding in holdings if holding.live_on(on)]
    return max(live, key=lambda h: (h.rank, -DEPTH[h.space_kind], not h.is_trial), default=None)


def check_purchase(own: Sequence[Holding], around: Sequence[Holding], on: date) -> None:
    """Refuse a purchase for a space that is subscribed (`already_subscribed`) or inside a paid one (P8, P9).

    `own` are the space's subscriptions, `around` those of its division and organization. A trial blocks nobody until
    it converts: the space's own becomes the purchase, one further out is left to run.
    """
    if taken := next((h for h in own if h.live_on(on) and not h.is_trial), None):
        raise ZetelError("already_subscribed", subscription=taken.subscription_id, plan=taken.plan)
    if cover := covering([h for h in around if not h.is_trial], on):
        raise ZetelError("already_covered", space=cover.space_id, kind=str(cover.space_kind), plan=cover.plan)


def purchase_effect(rank: int, inside: Iterable[Holding], on: date, *, trial: bool = False) -> PurchaseEffect:
    """What ends that day when a plan of this rank is bought around these holdings; starting a trial ends nothing."""
    live = () if trial else tuple(h for h in inside if h.live_on(on))
    return PurchaseEffect(ends=live, lowers=tuple(h for h in live if h.rank > rank))
