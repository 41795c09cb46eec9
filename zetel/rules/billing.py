"""Due minus billed: the one function that computes amounts for subscriptions (rule M6).

What the terms say is due is laid, day by day and seat by seat, over what was already billed; the difference is the
lines of the next invoice. Purchase, more seats, another plan or cycle, renewal, correction and re-run all come here.
The subtraction is on coverage (plan, cycle, unit price, period, seats on each day), never on amounts; each line is
then rounded once, so that it can be checked by hand (M2).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal, NamedTuple

from zetel.rules.errors import ZetelError
from zetel.rules.money import discount, prorate
from zetel.rules.periods import Cycle, Period, index_at, period, period_at


@dataclass(frozen=True, slots=True)
class Terms:
    """Plan, price, cycle and seats from a date on; periods are counted from this row's own anchor (M4)."""

    starts_on: date
    plan: str
    cycle: Cycle
    seats: int
    unit_amount: int
    currency: str
    anchor_on: date

    def period_at(self, on: date) -> Period:
        return period_at(self.anchor_on, self.cycle, on)


@dataclass(frozen=True, slots=True)
class Billed:
    """One coverage line that was invoiced: seats are negative on a credit. Money credits (M11) are not among them.

    `takes_back` names the lines a credit took from; empty means the latest that fit.
    """

    line_id: str
    plan: str
    cycle: Cycle
    unit_amount: int
    seats: int
    start: date
    end: date
    period_start: date
    period_end: date
    rate_bp: int
    tax_category: str
    discount_bp: int = 0
    takes_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discount:
    """Rule M12: a percentage, in basis points, on charges of periods that begin while it is valid."""

    discount_bp: int
    valid_from: date
    valid_until: date | None = None

    def valid_on(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: seats are positive, amounts signed and in minor units. `amount` is before the discount.

    A credit inherits tax and discount from what it takes back (T3); a charge gets its tax at issue (T4).
    """

    kind: Literal["charge", "credit"]
    plan: str
    cycle: Cycle
    unit_amount: int
    seats: int
    start: date
    end: date
    period_start: date
    period_end: date
    days: int
    of_days: int
    amount: int
    discount_amount: int
    rule: str
    takes_back: tuple[str, ...] = ()
    rate_bp: int | None = None
    tax_category: str | None = None
    discount_bp: int = 0

    @property
    def net(self) -> int:
        return self.amount - self.discount_amount


@dataclass(frozen=True, slots=True)
class Explanation:
    """Rule I3: how a line came about, as figures that a sentence can be made of."""

    kind: str
    rule: str
    seats: int
    unit_amount: int
    days: int
    of_days: int
    amount: int
    discount_bp: int
    discount_amount: int
    net: int
    takes_back: tuple[str, ...]


class _Key(NamedTuple):
    """What makes two seats on one day the same thing sold."""

    plan: str
    cycle: Cycle
    unit_amount: int
    period_start: date
    period_end: date


class _Stretch(NamedTuple):
    start: date
    end: date
    seats: int


class _Inherited(NamedTuple):
    rate_bp: int
    tax_category: str
    discount_bp: int


@dataclass(slots=True)
class _Layer:
    """What is left on one day-interval of one billed line."""

    line_id: str
    inherited: _Inherited
    seats: int


def settle_order(terms: Iterable[Terms], ends_on: date | None = None) -> tuple[Terms, ...]:
    """The terms that count, by date: of two from one day the later given one, none from the end on."""
    by_day = {row.starts_on: row for row in sorted(terms, key=lambda row: row.starts_on)}
    return tuple(row for day, row in by_day.items() if ends_on is None or day < ends_on)


def terms_at(terms: Iterable[Terms], on: date) -> Terms | None:
    """The terms in force on a day, or None before the first."""
    found: Terms | None = None
    for row in terms:
        if row.starts_on <= on and (found is None or found.starts_on <= row.starts_on):
            found = row
    return found


def next_boundary(terms: Iterable[Terms], after: date, ends_on: date | None = None) -> date | None:
    """The first day after `after` on which a period begins; None when the subscription ends before (C9)."""
    rows = settle_order(terms, ends_on)
    for index, row in enumerate(rows):
        until = rows[index + 1].starts_on if index + 1 < len(rows) else ends_on
        if until is not None and until <= after:
            continue
        running = row.period_at(max(after, row.starts_on))
        if after < row.starts_on == running.start:
            return row.starts_on
        if until is None or running.end < until:
            return running.end
    return None


def due_minus_billed(
    terms: Sequence[Terms],
    billed: Sequence[Billed],
    *,
    through: date,
    ends_on: date | None = None,
    since: date | None = None,
    discounts: Sequence[Discount] = (),
) -> tuple[Line, ...]:
    """Lines still to be invoiced for every period that starts on or before `through` (rule M6).

    `billed` is in order of issue: of part of the seats the latest are taken back first. What was billed further ahead
    than `through` stays billed. Periods that ended on or before `since` are left alone, so a renewal need not load
    years of lines. Run again over its own lines, it gives nothing.
    """
    if len({row.currency for row in terms}) > 1:
        raise ZetelError("currency_mismatch", currencies=sorted({row.currency for row in terms}))
    horizon = max([through, *(line.period_start for line in billed)])
    due: dict[_Key, list[_Stretch]] = defaultdict(list)
    for key, stretch in _due_stretches(settle_order(terms, ends_on), horizon, ends_on, since):
        due[key].append(stretch)
    past: dict[_Key, list[Billed]] = defaultdict(list)
    for line in billed:
        past[_Key(line.plan, line.cycle, line.unit_amount, line.period_start, line.period_end)].append(line)
    lines: list[Line] = []
    open_keys = [key for key in {**past, **due} if since is None or key.period_end > since]
    for key in open_keys:
        lines += _lines_of_key(key, due[key], past[key], discounts)
    return tuple(sorted(lines, key=_order))


def replay(line: Line) -> int:
    """The line's net amount, reckoned again from its own figures (rule I3)."""
    sign = -1 if line.kind == "credit" else 1
    gross = prorate(line.unit_amount, line.seats, line.days, line.of_days)
    return sign * (gross - discount(line.unit_amount, line.seats, line.days, line.of_days, line.discount_bp))


def explain(line: Line) -> Explanation:
    """How the line came about, for whoever makes a sentence of it."""
    return Explanation(
        kind=line.kind,
        rule=line.rule,
        seats=line.seats,
        unit_amount=line.unit_amount,
        days=line.days,
        of_days=line.of_days,
        amount=line.amount,
        discount_bp=line.discount_bp,
        discount_amount=line.discount_amount,
        net=line.net,
        takes_back=line.takes_back,
    )


def as_billed(line: Line, line_id: str) -> Billed:
    """The line as the next run sees it, once it is issued with its tax."""
    assert line.rate_bp is not None, "a line is issued with its tax rate"
    assert line.tax_category is not None, "a line is issued with its tax category"
    return Billed(
        line_id,
        line.plan,
        line.cycle,
        line.unit_amount,
        -line.seats if line.kind == "credit" else line.seats,
        line.start,
        line.end,
        line.period_start,
        line.period_end,
        line.rate_bp,
        line.tax_category,
        line.discount_bp,
        line.takes_back,
    )


def _order(line: Line) -> tuple[date, bool, date, str, int, int, date]:
    """By first day, credits before charges; the rest makes the order the same every time."""
    is_charge = line.kind == "charge"
    return (
        line.start,
        is_charge,
        line.period_start,
        line.plan,
        line.unit_amount,
        line.rate_bp or 0,
        line.end,
    )


def _due_stretches(
    rows: Sequence[Terms], horizon: date, ends_on: date | None, since: date | None
) -> Iterator[tuple[_Key, _Stretch]]:
    """What the terms ask for, period by period: the part of each period in which a row is in force.

    Periods that ended on or before `since` are not even made, so an old subscription costs no more than a young one.
    """
    for index, row in enumerate(rows):
        until = rows[index + 1].starts_on if index + 1 < len(rows) else ends_on
        if since is not None and until is not None and until <= row.period_at(since).start:
            continue
        k = index_at(row.anchor_on, row.cycle, max(row.starts_on, since or row.starts_on))
        while (stretch := period(row.anchor_on, row.cycle, k)).start <= horizon:
            start = max(stretch.start, row.starts_on)
            end = stretch.end if until is None else min(stretch.end, until)
            if start >= end:
                break
            if row.seats:
                key = _Key(row.plan, row.cycle, row.unit_amount, stretch.start, stretch.end)
                yield key, _Stretch(start, end, row.seats)
            k += 1


def _lines_of_key(
    key: _Key, due: Sequence[_Stretch], past: Sequence[Billed], discounts: Sequence[Discount]
) -> list[Line]:
    """Lay what is due over what was billed, on each interval on which neither changes."""
    if [(s.start, s.end, s.seats) for s in due] == [(b.start, b.end, b.seats) for b in past]:
        return []  # a settled period, as most are
    if not past:  # a period that begins
        return [_charge(key, stretch, False, discounts) for stretch, _ in _joined([(s, False) for s in due])]
    days = {day for stretch in due for day in (stretch.start, stretch.end)}
    days |= {day for line in past for day in (line.start, line.end)}
    missing: list[tuple[_Stretch, bool]] = []
    surplus: dict[tuple[str, _Inherited], list[_Stretch]] = defaultdict(list)
    for start, end in pairwise(sorted(days)):
        wanted = sum(stretch.seats for stretch in due if stretch.start <= start < stretch.end)
        layers = _layers([line for line in past if line.start <= start < line.end])
        difference = wanted - sum(layer.seats for layer in layers)
        if difference > 0:
            missing.append((_Stretch(start, end, difference), bool(layers)))
        for layer, seats in _latest_first(layers, -difference):
            surplus[layer.line_id, layer.inherited].append(_Stretch(start, end, seats))
    charges = [_charge(key, stretch, added, discounts) for stretch, added in _joined(missing)]
    return [*_credits(key, surplus), *charges]


def _layers(lines: Sequence[Billed]) -> list[_Layer]:
    """What is left of each line on one day: every credit is taken off the latest lines it fits, as when it was made."""
    layers: list[_Layer] = []
    for line in lines:
        inherited = _Inherited(line.rate_bp, line.tax_category, line.discount_bp)
        if line.seats > 0:
            layers.append(_Layer(line.line_id, inherited, line.seats))
            continue
        fitting = [
            layer
            for layer in layers
            if layer.inherited == inherited and (not line.takes_back or layer.line_id in line.takes_back)
        ]
        taken = list(_latest_first(fitting, -line.seats))
        assert sum(seats for _, seats in taken) == -line.seats, (
            f"line {line.line_id} takes back more than was billed"
        )
        for layer, seats in taken:
            layer.seats -= seats
    return [layer for layer in layers if layer.seats]


def _latest_first(layers: Sequence[_Layer], seats: int) -> Iterator[tuple[_Layer, int]]:
    """Take that many seats from the end of the layers; of each, how many."""
    for layer in reversed(layers):
        taken = min(layer.seats, seats)
        if taken <= 0:
            continue
        seats -= taken
        yield layer, taken


def _joined(pieces: Sequence[tuple[_Stretch, bool]]) -> Iterator[tuple[_Stretch, bool]]:
    """Neighbours with as many seats are one stretch."""
    held: tuple[_Stretch, bool] | None = None
    for stretch, added in pieces:
        if held and held[0].end == stretch.start and held[0].seats == stretch.seats:
            held = (_Stretch(held[0].start, stretch.end, stretch.seats), held[1] or added)
            continue
        if held:
            yield held
        held = (stretch, added)
    if held:
        yield held


def _charge(key: _Key, stretch: _Stretch, added: bool, discounts: Sequence[Discount]) -> Line:
    """A charge; several discounts valid for one period add up, to the whole price at most."""
    discount_bp = min(10_000, sum(d.discount_bp for d in discounts if d.valid_on(key.period_start)))
    whole = (stretch.start, stretch.end) == (key.period_start, key.period_end)
    return _line(
        "charge", key, stretch, _Inherited(0, "", discount_bp), "M2" if whole and not added else "M7", ()
    )


def _credits(key: _Key, surplus: dict[tuple[str, _Inherited], list[_Stretch]]) -> Iterator[Line]:
    """Stretches equal in price, discount, tax and dates are one line, however many lines billed them (M6)."""
    equal: dict[tuple[_Inherited, date, date], list[tuple[str, int]]] = defaultdict(list)
    for (line_id, inherited), stretches in surplus.items():
        for stretch, _ in _joined([(stretch, False) for stretch in stretches]):
            equal[inherited, stretch.start, stretch.end].append((line_id, stretch.seats))
    for (inherited, start, end), taken in equal.items():
        stretch = _Stretch(start, end, sum(seats for _, seats in taken))
        yield _line("credit", key, stretch, inherited, "M7", tuple(sorted(line_id for line_id, _ in taken)))


def _line(
    kind: Literal["charge", "credit"],
    key: _Key,
    stretch: _Stretch,
    inherited: _Inherited,
    rule: str,
    takes_back: tuple[str, ...],
) -> Line:
    sign = -1 if kind == "credit" else 1
    days = (stretch.end - stretch.start).days
    of_days = (key.period_end - key.period_start).days
    return Line(
        kind=kind,
        plan=key.plan,
        cycle=key.cycle,
        unit_amount=key.unit_amount,
        seats=stretch.seats,
        start=stretch.start,
        end=stretch.end,
        period_start=key.period_start,
        period_end=key.period_end,
        days=days,
        of_days=of_days,
        amount=sign * prorate(key.unit_amount, stretch.seats, days, of_days),
        discount_amount=sign * discount(key.unit_amount, stretch.seats, days, of_days, inherited.discount_bp),
        rule=rule,
        takes_back=takes_back,
        rate_bp=inherited.rate_bp if kind == "credit" else None,
        tax_category=inherited.tax_category if kind == "credit" else None,
        discount_bp=inherited.discount_bp,
    )
