"""What is sold: plans with features, limits and a seat policy, and immutable prices (rules P1 to P3, P11).

These are values. `catalog_file` reads them from TOML; the floors above keep them in tables. A price is looked
up by the day it is wanted for, and a kept price never comes from here again (P2).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import zip_longest

from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle
from zetel.rules.seats import LADDER, SpaceKind

MONTHS_IN_A_YEARLY_PRICE = 10  # rule P3: two months free

BASIC = "basic"  # the free plan that a space without a subscription is on


class Offered(StrEnum):
    """How a plan can be bought for a kind of space."""

    SELF_SERVE = "self_serve"
    SALES = "sales"
    NONE = "none"


class OnExceed(StrEnum):
    """What happens when more people are counted than seats were bought (C8)."""

    EXPAND = "expand"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class SeatPolicy:
    """Rule P11. Each field has the values we know how to honour; others are refused when the catalogue is
    read.
    """

    counted: str = "members"
    ladder: tuple[int, ...] = LADDER
    on_exceed: OnExceed = OnExceed.EXPAND
    on_increase: str = "now"
    on_decrease: str = "next_period"
    settlement: str = "now"


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan. `limits` holds only what is limited; a limit that is absent is no limit."""

    code: str
    name: str
    rank: int
    features: tuple[str, ...]
    limits: Mapping[str, int]
    policy: SeatPolicy
    offered: Mapping[SpaceKind, Offered]
    free: bool = False


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One immutable amount per seat, valid from a day up to, not including, another (or for good)."""

    plan: str
    cycle: Cycle
    currency: str
    unit_amount: int
    valid_from: date
    valid_until: date | None = None

    def valid_on(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Plans by code, lowest rank first; all prices, yearly ones derived where none was stated; words per
    language.
    """

    plans: Mapping[str, Plan]
    prices: tuple[PriceRow, ...]
    currencies: tuple[str, ...]
    default_currency: str
    feature_words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    limit_words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def plan(self, code: str) -> Plan:
        if code not in self.plans:
            raise ZetelError("plan_unknown", plan=code[:40])
        return self.plans[code]

    @property
    def free(self) -> Plan:
        return next(plan for plan in self.plans.values() if plan.free)

    @property
    def ranks(self) -> Mapping[str, int]:
        return {plan.code: plan.rank for plan in self.plans.values()}

    def paid_plans(self) -> tuple[Plan, ...]:
        return tuple(plan for plan in self.plans.values() if not plan.free)

    def higher_than(self, code: str) -> tuple[Plan, ...]:
        """The plans above a plan: whether there is anything to upgrade to."""
        return tuple(plan for plan in self.plans.values() if plan.rank > self.plan(code).rank)


def price_on(prices: Iterable[PriceRow], plan: str, cycle: Cycle, currency: str, on: date) -> PriceRow:
    """The price of a plan on a day; the latest to begin where several are valid, `price_unknown` where none
    is.
    """
    valid = [
        row
        for row in prices
        if (row.plan, row.cycle, row.currency) == (plan, cycle, currency) and row.valid_on(on)
    ]
    if not valid:
        raise ZetelError("price_unknown", plan=plan, cycle=str(cycle), currency=currency, on=on.isoformat())
    return max(valid, key=lambda row: row.valid_from)


def check_offer(plan: Plan, kind: SpaceKind, *, by_sales: bool = False) -> None:
    """A plan is offered for the kind of space, and by whom (P1, P6)."""
    offered = plan.offered.get(kind, Offered.NONE)
    if offered is Offered.NONE:
        raise ZetelError("not_offered", plan=plan.code, kind=str(kind))
    if offered is Offered.SALES and not by_sales:
        raise ZetelError("sales_only", plan=plan.code, kind=str(kind))


def close_validities(rows: Iterable[PriceRow]) -> tuple[PriceRow, ...]:
    """Each price ends where the next of the same plan, cycle and currency begins, so one at most is valid on
    a day.
    """
    ordered = sorted(rows, key=lambda row: (row.plan, row.currency, row.cycle, row.valid_from))
    closed: list[PriceRow] = []
    for row, after in zip_longest(ordered, ordered[1:]):
        until = row.valid_until
        if after and (after.plan, after.currency, after.cycle) == (row.plan, row.currency, row.cycle):
            until = min(until, after.valid_from) if until else after.valid_from
        closed.append(replace(row, valid_until=until))
    return tuple(closed)


def with_yearly(rows: Iterable[PriceRow]) -> tuple[PriceRow, ...]:
    """Rule P3: add ten monthly prices as the yearly price for every day that has no stated yearly price."""
    stated = close_validities(rows)
    derived: list[PriceRow] = []
    for row in stated:
        if row.cycle is not Cycle.MONTH:
            continue
        own = [r for r in stated if (r.plan, r.currency, r.cycle) == (row.plan, row.currency, Cycle.YEAR)]
        derived += [
            replace(
                row,
                cycle=Cycle.YEAR,
                unit_amount=row.unit_amount * MONTHS_IN_A_YEARLY_PRICE,
                valid_from=start,
                valid_until=end,
            )
            for start, end in _uncovered(row.valid_from, row.valid_until, own)
        ]
    return tuple(sorted((*stated, *derived), key=lambda r: (r.plan, r.currency, r.cycle, r.valid_from)))


def _uncovered(start: date, end: date | None, rows: Iterable[PriceRow]) -> list[tuple[date, date | None]]:
    """The stretches of start to end on which none of the rows, sorted and disjoint, is valid."""
    last = end or date.max
    pieces: list[tuple[date, date | None]] = []
    for row in rows:
        if start < min(row.valid_from, last):
            pieces.append((start, min(row.valid_from, last)))
        start = max(start, row.valid_until or date.max)
    if start < last:
        pieces.append((start, end))
    return pieces
