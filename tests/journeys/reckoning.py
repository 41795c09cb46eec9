"""A second reckoning of what should have been billed, naive on purpose: day by day, seat by seat, in exact fractions.

It is written from the rules alone (M2 to M7, C1 to C4, C7, P2) and shares no line with the product, so that a mistake
in one of them does not hide in the other. In comes a plain list of what happened; out come the bills in order, each
with its stretches and their exact amounts, which the product may round by half a minor unit a line.
"""

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import NamedTuple

SIZES: tuple[int, ...] = (2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100, *range(125, 501, 25))
PLANS = ("premium", "business", "enterprise")
DAY = timedelta(days=1)
Price = Callable[[str, str, date], int]


class Refused(Exception):
    """What was asked for is no change, or not possible now; the code is the product's."""


@dataclass(frozen=True)
class Happened:
    """One thing that happened, on a local date. `counted` people were there at a renewal."""

    what: str  # bought, wished, cancelled, resumed, withdrew, grew, renewed, unpaid, replaced
    on: date | None = None
    plan: str | None = None
    cycle: str | None = None
    seats: int | None = None
    fields: tuple[str, ...] = ()
    counted: int = 0
    since: date | None = None  # of an end: the first day that was billed and not paid


class Sold(NamedTuple):
    """What one seat on one day is: of which plan, at which price of which period."""

    plan: str
    cycle: str
    unit: int
    start: date
    end: date


class Stretch(NamedTuple):
    """So many seats from a day up to another; fewer than nothing is taken back."""

    sold: Sold
    seats: int
    start: date
    end: date

    @property
    def exact(self) -> Fraction:
        days, of_days = (self.end - self.start).days, (self.sold.end - self.sold.start).days
        return Fraction(self.sold.unit * self.seats * days, of_days)


class Agreement(NamedTuple):
    """What is agreed on a day; months and years are counted from the anchor."""

    plan: str
    cycle: str
    seats: int
    unit: int
    anchor: date

    def sold_on(self, day: date) -> Sold:
        start, end = period_of(self.anchor, self.cycle, day)
        return Sold(self.plan, self.cycle, self.unit, start, end)


def boundary(anchor: date, months: int) -> date:
    """Rule M4: so many months after the anchor, or the last day of a month that is shorter."""
    year, month = anchor.year + (anchor.month - 1 + months) // 12, (anchor.month - 1 + months) % 12 + 1
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


@cache
def period_of(anchor: date, cycle: str, day: date) -> tuple[date, date]:
    """The period that a day lies in, found by counting up from the anchor."""
    step = 12 if cycle == "year" else 1
    k = 0
    while boundary(anchor, (k + 1) * step) <= day:
        k += 1
    return boundary(anchor, k * step), boundary(anchor, (k + 1) * step)


def fitting(people: int) -> int:
    """The smallest size that holds so many."""
    return next(size for size in SIZES if size >= people)


@dataclass
class Reckoning:
    """One subscription as it goes: what is agreed, what waits for the end of the period, what was billed so far."""

    price: Price
    now: Agreement = field(init=False)
    waiting: dict[str, str | int] = field(default_factory=dict)
    kept_price: dict[tuple[str, str], int] = field(default_factory=dict)
    period: tuple[date, date] = (date.min, date.min)
    ends_on: date | None = None
    ended_on: date | None = None
    billed: dict[date, Counter[Sold]] = field(default_factory=lambda: defaultdict(Counter))
    bills: list[list[Stretch]] = field(default_factory=list)

    def tell(self, it: Happened) -> None:
        {
            "bought": self._bought, "wished": self._wished, "cancelled": self._cancelled, "resumed": self._resumed,
            "withdrew": self._withdrew, "grew": self._grew, "renewed": self._renewed, "unpaid": self._unpaid,
            "replaced": self._replaced,
        }[it.what](it)  # fmt: skip

    # ------------------------------------------------------------ what people do

    def _bought(self, it: Happened) -> None:
        assert it.on
        assert it.plan
        assert it.cycle
        assert it.seats
        unit = self.price(it.plan, it.cycle, it.on)
        self.now = Agreement(it.plan, it.cycle, it.seats, unit, it.on)
        self._begin(it.on)

    def _wished(self, it: Happened) -> None:
        """C1, C2: more at once, less at the end. C3, C4: both kinds, and what waits already."""
        assert it.on
        asked = {
            name: value
            for name, value in (("plan", it.plan), ("cycle", it.cycle), ("seats", it.seats))
            if value is not None
        }
        more = {name for name, value in asked.items() if size(name, value) > size(name, self._at(name))}
        less = {name for name, value in asked.items() if size(name, value) < size(name, self._at(name))}
        if self.ends_on and (less or "cycle" in more):
            raise Refused("resume_first")
        left = {name: value for name, value in self.waiting.items() if name not in asked}
        waits_less = {name for name, value in left.items() if size(name, value) < size(name, self._at(name))}
        if "cycle" in more and (less | waits_less) & {"plan", "seats"}:  # C3: then the whole of it waits
            now, later = {}, asked
        else:
            now, later = {name: asked[name] for name in more}, {name: asked[name] for name in less}
        later = left | {name: value for name, value in later.items() if value != self._at(name)}
        for name in now:  # what waits with even more than this is not taken away by it
            if name in self.waiting and size(name, self.waiting[name]) > size(name, now[name]):
                later[name] = self.waiting[name]
        if "cycle" in now:  # the period ends today, and with it the waiting
            now, later = later | now, {}
        self._become(now, later, it.on)

    def _cancelled(self, it: Happened) -> None:
        if self.ends_on:
            raise Refused("no_change")
        self.ends_on, self.waiting = self.period[1], {}
        self.kept_price.clear()

    def _resumed(self, it: Happened) -> None:
        if not self.ends_on:
            raise Refused("no_change")
        self.ends_on = None

    def _withdrew(self, it: Happened) -> None:
        assert it.on
        self._become(
            {}, {name: value for name, value in self.waiting.items() if name not in it.fields}, it.on
        )

    # ------------------------------------------------------------ what comes by itself

    def _grew(self, it: Happened) -> None:
        assert it.on
        assert it.seats
        assert it.seats == fitting(it.counted) > self.now.seats, "it grows to the smallest size that fits"
        self.now = self.now._replace(seats=it.seats)
        self._bill(dict.fromkeys(days(it.on, self.period[1]), it.seats))

    def _renewed(self, it: Happened) -> None:
        """The boundary that comes next: what waited happens, and everybody gets a seat (C7)."""
        on = self.period[1]
        if self.ends_on == on:
            self.ended_on = on
            return
        self.now = self._after(self.waiting, on)
        self.waiting = {}
        self.kept_price.clear()
        self.now = self.now._replace(seats=max(self.now.seats, fitting(it.counted)))
        self._begin(on)

    def _unpaid(self, it: Happened) -> None:
        """G4: what was not paid is taken back whole, the newest period first."""
        assert it.since
        self.ended_on = it.on
        while self.period[1] > it.since:
            start = self.period[0]
            self._bill(dict.fromkeys(days(*self.period), 0))
            self.period = period_of(self.now.anchor, self.now.cycle, start - DAY)

    def _replaced(self, it: Happened) -> None:
        """P9: it ends that day, and what is unused is taken back, or whatever was not paid."""
        assert it.on
        self.ended_on = it.on
        self._bill(dict.fromkeys(days(it.since or it.on, self.period[1]), 0))

    # ------------------------------------------------------------ how that is reckoned

    def _at(self, name: str) -> str | int:
        agreed: dict[str, str | int] = {
            "plan": self.now.plan, "cycle": self.now.cycle, "seats": self.now.seats,
        }  # fmt: skip
        return agreed[name]

    def _become(self, now: dict[str, str | int], later: dict[str, str | int], on: date) -> None:
        if not now and later == self.waiting:
            raise Refused("no_change")
        starts_year = "cycle" in now
        if now:
            self.now = self._with(self.now, now, on, self.price)
        before, self.waiting = self.kept_price, later
        self.kept_price = {}
        if later:  # P2: the price of the day on which it was asked for
            then = self._after(later, on, before)
            self.kept_price = {(then.plan, then.cycle): then.unit}
        if starts_year:
            self._begin(on)
        elif now:
            self._bill(dict.fromkeys(days(on, self.period[1]), self.now.seats))

    def _after(
        self, changes: dict[str, str | int], on: date, kept: dict[tuple[str, str], int] | None = None
    ) -> Agreement:
        known = self.kept_price if kept is None else kept

        def price(plan: str, cycle: str, day: date) -> int:
            return known[plan, cycle] if (plan, cycle) in known else self.price(plan, cycle, day)

        return self._with(self.now, changes, on, price)

    @staticmethod
    def _with(before: Agreement, changes: dict[str, str | int], on: date, price: Price) -> Agreement:
        """P2: another plan or cycle takes another price; a year begins on its own day."""
        plan, cycle = str(changes.get("plan", before.plan)), str(changes.get("cycle", before.cycle))
        same = (plan, cycle) == (before.plan, before.cycle)
        return Agreement(
            plan, cycle, int(changes.get("seats", before.seats)),
            before.unit if same else price(plan, cycle, on),
            on if (before.cycle, cycle) == ("month", "year") else before.anchor,
        )  # fmt: skip

    def _begin(self, on: date) -> None:
        self.period = period_of(self.now.anchor, self.now.cycle, on)
        self._bill(dict.fromkeys(days(on, self.period[1]), self.now.seats))

    def _bill(self, due: dict[date, int]) -> None:
        """Lay what is due on these days over what was billed for them and for any day after."""
        changes: dict[Sold, dict[date, int]] = defaultdict(dict)
        first = min(due)
        for day in sorted({*due, *(d for d in self.billed if d >= first)}):
            wanted = Counter({self.now.sold_on(day): due[day]} if due.get(day) else {})
            for sold in {*wanted, *self.billed[day]}:
                if difference := wanted[sold] - self.billed[day][sold]:
                    changes[sold][day] = difference
            self.billed[day] = wanted
        stretches = [stretch for sold, by_day in changes.items() for stretch in stretched(sold, by_day)]
        if stretches:
            self.bills.append(sorted(stretches))


def size(name: str, value: str | int) -> int:
    """How much of it: seats, the rank of a plan, months paid at once."""
    if name == "plan":
        return PLANS.index(str(value))
    return int(value) if name == "seats" else ("month", "year").index(str(value))


def days(start: date, end: date) -> Iterable[date]:
    return [start + n * DAY for n in range((end - start).days)]


def stretched(sold: Sold, by_day: dict[date, int]) -> Iterable[Stretch]:
    """Days in a row with as many seats are one stretch."""
    marks = [day for day in sorted(by_day) if by_day.get(day - DAY) != by_day[day]]
    ends = [day + DAY for day in sorted(by_day) if by_day.get(day + DAY) != by_day[day]]
    return [Stretch(sold, by_day[start], start, end) for start, end in zip(marks, ends, strict=True)]


def reckon(happened: Iterable[Happened], price: Price) -> Reckoning:
    """Everything that should have been billed for what happened; raises `Refused` where it could not happen."""
    reckoning = Reckoning(price)
    for it in happened:
        reckoning.tell(it)
    return reckoning
