"""What a wish to change a subscription does, and when (rules C1 to C4, C7, C11).

Increases happen at once, decreases at the end of the paid period, and a later wish merges with what is scheduled
field by field. The answer is rows of terms to append, of which the later one from a day counts, and codes for
whatever is put off or replaced, so that the quote can say it. Prices come in as a function, since a new combination
of plan and cycle takes the price of the quote's day, also when scheduled (P2).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from zetel.rules.billing import Terms, settle_order, terms_at
from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle
from zetel.rules.seats import LADDER, smallest_fit

PriceOf = Callable[[str, Cycle], int]
Value = str | int


class Field(StrEnum):
    """The parts of terms that a person may wish to change, one by one."""

    PLAN = "plan"
    CYCLE = "cycle"
    SEATS = "seats"


class Note(StrEnum):
    """What the quote says about a change beside its lines; nothing is dropped silently (C3, C4)."""

    SPLIT = "split"  # part now, part at the end of the period
    WHOLE_AT_PERIOD_END = "whole_at_period_end"  # a move to yearly waits for a decrease (C3)
    REPLACES_PLAN = "replaces_scheduled_plan"
    REPLACES_CYCLE = "replaces_scheduled_cycle"
    REPLACES_SEATS = "replaces_scheduled_seats"
    STILL_ENDS = "still_ends"  # more seats or plan leave a cancellation standing (C4)
    STARTS_YEAR = "starts_year"  # a full year from today, new anchor (C1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; a field that is None was not asked about."""

    plan: str | None = None
    cycle: Cycle | None = None
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One change that waits for its day, as the Billing tab lists it."""

    field: Field
    on: date
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """What happens: `now` from today, `later` on its days; `append` are the rows that bring it about."""

    now: Terms | None
    later: tuple[Terms, ...]
    ends_on: date | None
    append: tuple[Terms, ...]
    dropped: tuple[Scheduled, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class _Standing:
    """The agreement on a day: what holds now, until when it is paid, and the changes that wait, per field."""

    current: Terms
    period_end: date
    rows: tuple[Terms, ...]  # scheduled rows, as they count
    waiting: Mapping[Field, tuple[Scheduled, ...]]


_REPLACES = {
    Field.PLAN: Note.REPLACES_PLAN,
    Field.CYCLE: Note.REPLACES_CYCLE,
    Field.SEATS: Note.REPLACES_SEATS,
}


def first_terms(plan: str, cycle: Cycle, seats: int, unit_amount: int, currency: str, on: date) -> Terms:
    """The terms of a purchase: they start, and are anchored, on the day."""
    return Terms(on, plan, cycle, seats, unit_amount, currency, on)


def scheduled(terms: Iterable[Terms], *, on: date, ends_on: date | None = None) -> tuple[Scheduled, ...]:
    """The changes that wait, in order of date (C4)."""
    waiting = _standing(terms, ends_on, on).waiting
    return tuple(sorted((s for changes in waiting.values() for s in changes), key=lambda s: s.on))


def plan_change(
    terms: Iterable[Terms],
    *,
    wish: Wish,
    on: date,
    price: PriceOf,
    ranks: Mapping[str, int],
    ends_on: date | None = None,
) -> ChangePlan:
    """Split a wish into what happens now and what at the end of the paid period (C1 to C4).

    The subscription's boundaries up to `on` are settled already (C12). Raises `no_change`, `resume_first` when a
    cancelled subscription is asked for anything but more, `no_subscription` when nothing is in force on the day.
    """
    standing = _standing(terms, ends_on, on)
    asked = _asked(wish)
    directions = {field: _direction(field, standing.current, value, ranks) for field, value in asked.items()}
    if ends_on is not None and any(
        way < 0 or (way > 0 and field is Field.CYCLE) for field, way in directions.items()
    ):
        raise ZetelError("resume_first", ends_on=ends_on.isoformat())
    left = {field: changes for field, changes in standing.waiting.items() if field not in asked}
    waits = directions.get(Field.CYCLE, 0) > 0 and _any_decrease(directions, left, standing.current, ranks)
    now = {field: value for field, value in asked.items() if directions[field] > 0 and not waits}
    at_end = {
        field: value
        for field, value in asked.items()
        if directions[field] < 0 or (directions[field] > 0 and waits)
    }
    if (
        Field.CYCLE in now
    ):  # what else waited can only be more, and cannot wait for an end that is no longer one
        now = {field: changes[-1].new for field, changes in left.items()} | now
        left = {}
    else:  # more now replaces what waited with less, not what waits with even more
        left |= {field: _beyond(standing.waiting.get(field, ()), now[field], ranks) for field in now}
    later = {field: tuple((s.on, s.new) for s in changes) for field, changes in left.items()}
    later |= {field: ((standing.period_end, value),) for field, value in at_end.items()}
    plan = _assemble(standing, now, later, on, price, ends_on)
    kept = {(field, day, value) for field, changes in later.items() for day, value in changes}
    waited = (s for field in asked for s in standing.waiting.get(field, ()))
    replaced = tuple(s for s in waited if (s.field, s.on, s.new) not in kept)
    return replace(plan, dropped=replaced, notes=_notes(now, at_end, replaced, waits, ends_on))


def grow(terms: Iterable[Terms], *, seats: int, on: date, ends_on: date | None = None) -> ChangePlan:
    """More seats by themselves (C8): unlike a person's wish, they leave scheduled fewer seats standing (C4)."""
    standing = _standing(terms, ends_on, on)
    if seats <= standing.current.seats:
        raise ZetelError("no_change")
    later = {field: tuple((s.on, s.new) for s in changes) for field, changes in standing.waiting.items()}
    return _assemble(standing, {Field.SEATS: seats}, later, on, _no_new_price, ends_on)


def withdraw(terms: Iterable[Terms], *, fields: Iterable[Field], on: date, price: PriceOf) -> ChangePlan:
    """Undo scheduled changes of these fields (C4); `no_change` when none of them waits."""
    standing, undone = _standing(terms, None, on), frozenset(fields)
    dropped = tuple(s for field in Field if field in undone for s in standing.waiting.get(field, ()))
    later = {
        field: tuple((s.on, s.new) for s in changes)
        for field, changes in standing.waiting.items()
        if field not in undone
    }
    return replace(_assemble(standing, {}, later, on, price, None), dropped=dropped)


def cancel(terms: Iterable[Terms], *, on: date, ends_on: date | None = None) -> ChangePlan:
    """End with the paid period, monthly and yearly alike; replaces everything scheduled (C2, C4)."""
    if ends_on is not None:
        raise ZetelError("no_change")
    standing = _standing(terms, None, on)
    restated = tuple(replace(standing.current, starts_on=row.starts_on) for row in standing.rows)
    dropped = scheduled(terms, on=on)
    replaced = {s.field for s in dropped}
    notes = tuple(_REPLACES[field] for field in Field if field in replaced)
    return ChangePlan(None, (), standing.period_end, restated, dropped, notes)


def resume(terms: Iterable[Terms], *, on: date, ends_on: date | None) -> ChangePlan:
    """Take a cancellation back, until the end (C11); restores nothing that the cancellation replaced (C4)."""
    if ends_on is None:
        raise ZetelError("no_change")
    if on >= ends_on:
        raise ZetelError("not_resumable", ends_on=ends_on.isoformat())
    assert terms_at(terms, on) is not None, "what can be resumed has terms"
    return ChangePlan(None, (), None, ())


def renewal_terms(
    terms: Iterable[Terms], *, on: date, counted: int, ladder: Sequence[int] = LADDER
) -> Terms | None:
    """Rule C7: the row to append on a boundary so that everybody counted has a seat; None when they have.

    Above the ladder nothing grows by itself (C8), but nobody's seat is given up either: the present size stays.
    """
    given = tuple(terms)
    row = terms_at(given, on)
    assert row is not None, "a boundary has terms"
    fit = smallest_fit(counted, ladder)
    if fit is None:
        before = terms_at([t for t in given if t.starts_on < on], on)
        fit = before.seats if before else row.seats
    return replace(row, starts_on=on, seats=fit) if fit > row.seats else None


def _standing(terms: Iterable[Terms], ends_on: date | None, on: date) -> _Standing:
    rows = settle_order(terms, ends_on)
    current = terms_at(rows, on)
    if current is None or (ends_on is not None and ends_on <= on):
        raise ZetelError("no_subscription")
    ahead = tuple(row for row in rows if row.starts_on > on)
    waiting: dict[Field, tuple[Scheduled, ...]] = {}
    before = current
    for row in ahead:
        for field in Field:
            old, new = _value(before, field), _value(row, field)
            if old != new:
                waiting[field] = (*waiting.get(field, ()), Scheduled(field, row.starts_on, old, new))
        before = row
    return _Standing(current, current.period_at(on).end, ahead, waiting)


def _asked(wish: Wish) -> dict[Field, Value]:
    values = {Field.PLAN: wish.plan, Field.CYCLE: wish.cycle, Field.SEATS: wish.seats}
    return {field: value for field, value in values.items() if value is not None}


def _value(row: Terms, field: Field) -> Value:
    if field is Field.SEATS:
        return row.seats
    return row.plan if field is Field.PLAN else row.cycle


def _size(field: Field, value: Value, ranks: Mapping[str, int]) -> int:
    """A number that grows with what the customer commits to: plan rank, months of the cycle, seats."""
    if field is Field.CYCLE:
        return Cycle(str(value)).months
    if field is Field.SEATS:
        return int(value)
    if value not in ranks:
        raise ZetelError("plan_unknown", plan=value)
    return ranks[str(value)]


def _direction(field: Field, current: Terms, value: Value, ranks: Mapping[str, int]) -> int:
    """Positive for more, negative for less, zero for what holds already."""
    return _size(field, value, ranks) - _size(field, _value(current, field), ranks)


def _any_decrease(
    directions: Mapping[Field, int],
    left: Mapping[Field, Sequence[Scheduled]],
    current: Terms,
    ranks: Mapping[str, int],
) -> bool:
    """Whether fewer seats or a lower plan are asked for, or wait and are not asked about (C3)."""
    waiting = {f: _direction(f, current, s.new, ranks) for f, changes in left.items() for s in changes}
    return any({**waiting, **directions}.get(field, 0) < 0 for field in (Field.PLAN, Field.SEATS))


def _beyond(changes: Sequence[Scheduled], value: Value, ranks: Mapping[str, int]) -> tuple[Scheduled, ...]:
    """Those of the waiting changes of a field that go beyond a value."""
    return tuple(s for s in changes if _size(s.field, s.new, ranks) > _size(s.field, value, ranks))


def _notes(
    now: Mapping[Field, Value],
    at_end: Mapping[Field, Value],
    replaced: Sequence[Scheduled],
    waits: bool,
    ends_on: date | None,
) -> tuple[Note, ...]:
    said = {
        Note.SPLIT: bool(now and at_end),
        Note.WHOLE_AT_PERIOD_END: waits,
        Note.STILL_ENDS: ends_on is not None,
        Note.STARTS_YEAR: Field.CYCLE in now,
    } | {_REPLACES[change.field]: True for change in replaced}
    return tuple(note for note in Note if said.get(note))


def _assemble(
    standing: _Standing,
    now: Mapping[Field, Value],
    later: Mapping[Field, Sequence[tuple[date, Value]]],
    on: date,
    price: PriceOf,
    ends_on: date | None,
) -> ChangePlan:
    """Rows for what happens now and later; later ones are built on what holds just before them."""
    changed = _next(standing.current, on, now, price) if now else None
    before = changed or standing.current
    days = {row.starts_on for row in standing.rows} | {
        day for changes in later.values() for day, _ in changes
    }
    rows: list[Terms] = []
    restated: list[Terms] = []
    for day in sorted(days):
        fields = {field: value for field, changes in later.items() for at, value in changes if at == day}
        row = _next(before, day, fields, price, _priced_there(standing, day, before))
        if row != replace(before, starts_on=day):
            rows.append(row)
        if row != terms_at(standing.rows, day):
            restated.append(row)
        before = row
    append = ((changed,) if changed else ()) + tuple(restated)
    if not append:
        raise ZetelError("no_change")
    return ChangePlan(changed, tuple(rows), ends_on, append)


def _priced_there(standing: _Standing, day: date, before: Terms) -> Terms | None:
    """The row scheduled on a day, for its price: one of another plan or cycle, or a move of the kept price (P2).

    None for one that came with another plan or cycle which `before` has already: its price stays.
    """
    old = terms_at([row for row in standing.rows if row.starts_on == day], day)
    if old is None:
        return None
    preceding = [row for row in (standing.current, *standing.rows) if row.starts_on < day][-1]
    came_with = (old.plan, old.cycle) != (preceding.plan, preceding.cycle)
    return None if came_with and (old.plan, old.cycle) == (before.plan, before.cycle) else old


def _next(
    before: Terms, on: date, fields: Mapping[Field, Value], price: PriceOf, old: Terms | None = None
) -> Terms:
    """The row that follows `before` on a day; `old` is the row scheduled there, whose price is kept if it fits."""
    plan = str(fields.get(Field.PLAN, before.plan))
    cycle = Cycle(str(fields.get(Field.CYCLE, before.cycle)))
    if old and (old.plan, old.cycle) == (plan, cycle):
        unit_amount = old.unit_amount
    elif (plan, cycle) == (before.plan, before.cycle):
        unit_amount = before.unit_amount
    else:
        unit_amount = price(plan, cycle)
    starts_year = cycle is Cycle.YEAR and before.cycle is Cycle.MONTH
    return Terms(
        starts_on=on,
        plan=plan,
        cycle=cycle,
        seats=int(fields.get(Field.SEATS, before.seats)),
        unit_amount=unit_amount,
        currency=before.currency,
        anchor_on=on if starts_year else before.anchor_on,
    )


def _no_new_price(plan: str, cycle: Cycle) -> int:
    raise AssertionError(f"growing asks for no new price, yet {plan} per {cycle} needs one")
