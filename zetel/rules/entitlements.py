"""What a person may use in a place, now: derived from coverage, never set by hand (rules E1, E2, S5).

The answer carries the plan, its features and limits, where they come from and until when the answer surely holds, so
that whoever keeps a copy knows when to ask again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from zetel.rules.catalog import Catalog, Plan
from zetel.rules.coverage import Holding, covering
from zetel.rules.errors import ZetelError
from zetel.rules.seats import BASIC_LIMIT


class Source(StrEnum):
    """Why somebody has the plan."""

    FREE = "free"  # nothing covers the place
    PAID = "paid"  # by confirmed payment or approval
    TRIAL = "trial"
    GRACE = "grace"  # a payment failed and is being tried again (G4)
    NOBODY = "nobody"  # not in the place, or deactivated


@dataclass(frozen=True, slots=True)
class Entitlement:
    """`holds_until` is the first day on which the answer may differ by itself; None when only an event changes it."""

    plan: str
    features: frozenset[str]
    limits: Mapping[str, int]
    source: Source
    subscription_id: str | None
    space_id: str | None
    holds_until: date | None

    def has(self, feature: str) -> bool:
        return feature in self.features


_SOURCES = {"trial": Source.TRIAL, "active": Source.PAID, "past_due": Source.GRACE}


def entitlement(
    catalog: Catalog, holdings: Iterable[Holding], on: date, *, present: bool = True
) -> Entitlement:
    """What somebody in a place may use (E1). Guests are covered like members, without a seat (S3).

    `holdings` are the subscriptions of the place and of what it is in; `present` is false for one who is not there or
    was deactivated.
    """
    known = tuple(holdings)
    cover = covering(known, on) if present else None
    if cover is None:
        source = Source.FREE if present else Source.NOBODY
        begins = min((h.starts_on for h in known if h.starts_on > on), default=None) if present else None
        features = catalog.free.features if present else ()
        return Entitlement(
            catalog.free.code, frozenset(features), catalog.free.limits, source, None, None, begins
        )
    plan = catalog.plan(cover.plan)
    return Entitlement(
        plan=plan.code,
        features=frozenset(plan.features),
        limits=plan.limits,
        source=_SOURCES[cover.status],
        subscription_id=cover.subscription_id,
        space_id=cover.space_id,
        holds_until=_holds_until(known, cover, on),
    )


def _holds_until(holdings: Iterable[Holding], cover: Holding, on: date) -> date | None:
    """The end of what covers, or the beginning of something higher, whichever comes first."""
    begins = [h.starts_on for h in holdings if h.starts_on > on and h.rank > cover.rank]
    ends = (cover.ends_on, cover.trial_ends_on if cover.is_trial else None)
    days = [*begins, *(day for day in ends if day)]
    return min(days, default=None)


def people_limit(free: Plan) -> int:
    """How many people a place on the free plan holds, guests too (S5)."""
    return free.limits.get("people", BASIC_LIMIT)


def may_join(people: int, cover: Holding | None, free: Plan) -> bool:
    """Whether one more may come into a place that holds `people`: without cover, up to the limit (S5)."""
    return cover is not None or people < people_limit(free)


def check_join(people: int, cover: Holding | None, free: Plan) -> None:
    """Raise `limit_reached` where `may_join` says no; nobody who is in is ever removed."""
    if not may_join(people, cover, free):
        raise ZetelError("limit_reached", limit=people_limit(free), people=people)
