"""Subscriptions as billing sees them, read in batches: the row, its terms, and its coverage lines that were billed.

Also the naive reckoning that X5 holds billing against: what is billed on each stretch of days, next to what the terms
of those days ask for. It adds seats and compares, and shares nothing with the function that makes the lines.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from django.db.models import Exists, OuterRef

from zetel.actions import standing
from zetel.jobs.doctor.finding import also, rows_of, zone_of
from zetel.models import Event, Subscription
from zetel.rules.billing import Billed, Terms, terms_at
from zetel.rules.event_types import EventType
from zetel.rules.periods import local_date
from zetel.rules.transitions import LIVE_SUBSCRIPTION


@dataclass(frozen=True, slots=True)
class Agreement:
    """One subscription with what was agreed and what was billed; `tried` when it began as a trial."""

    row: Subscription
    terms: tuple[Terms, ...]
    billed: tuple[Billed, ...]
    tried: bool

    @property
    def is_live(self) -> bool:
        return self.row.status in LIVE_SUBSCRIPTION

    @property
    def ends_on(self) -> date | None:
        """The first day that is not covered any more, when there is one."""
        return self.row.ends_on if self.is_live else self.row.ended_on

    @property
    def covered_to(self) -> date:
        """The end of the last period that was billed."""
        return max(line.period_end for line in self.billed)

    def today(self, now: datetime) -> date:
        return local_date(now, zone_of(self.row.customer.time_zone))


class Stretch(NamedTuple):
    """Days on which other seats were billed than the terms ask for."""

    start: date
    end: date
    wanted: int
    billed: int
    is_taken_back: bool


_Sold = tuple[str, str, int, date, date]


def agreements() -> Iterator[Agreement]:
    """All there are, by id; three queries a batch."""
    trial = Event.objects.filter(subscription=OuterRef("pk"), kind=EventType.SUBSCRIPTION_TRIAL_STARTED)
    rows = (
        Subscription.objects.select_related("customer", "space").annotate(tried=Exists(trial)).order_by("id")
    )
    for batch in rows_of(rows):
        ids = [row.pk for row in batch]
        terms, billed = standing.terms_of(ids), standing.billed_of(ids)
        for row in batch:
            yield Agreement(row, terms.get(row.pk, ()), billed.get(row.pk, ()), also(row, "tried"))


def uneven(agreement: Agreement) -> Iterator[Stretch]:
    """Stretches that were not billed as the terms say, neighbours joined; up to the last day that was billed."""
    held: Stretch | None = None
    for stretch in _compared(agreement):
        if held and held.end == stretch.start and held[2:] == stretch[2:]:
            held = held._replace(end=stretch.end)
            continue
        if held:
            yield held
        held = stretch
    if held:
        yield held


def _compared(agreement: Agreement) -> Iterator[Stretch]:
    lines, ends_on = agreement.billed, agreement.ends_on
    first, last = min(line.start for line in lines), max(line.end for line in lines)
    days = {day for line in lines for day in (line.start, line.end)}
    days |= {row.starts_on for row in agreement.terms if first < row.starts_on < last}
    if ends_on and first < ends_on < last:
        days.add(ends_on)
    for start, end in pairwise(sorted(days)):
        over = [line for line in lines if line.start <= start < line.end]
        wanted = _wanted(agreement.terms, start, ends_on)
        billed: Counter[_Sold] = Counter()
        for line in over:
            billed[line.plan, str(line.cycle), line.unit_amount, line.period_start, line.period_end] += (
                line.seats
            )
        if +billed != wanted or min(billed.values(), default=0) < 0:
            back = any(line.seats < 0 for line in over)
            yield Stretch(start, end, sum(wanted.values()), sum(billed.values()), back)


def _wanted(terms: Sequence[Terms], on: date, ends_on: date | None) -> Counter[_Sold]:
    row = terms_at(terms, on)
    if row is None or (ends_on is not None and on >= ends_on):
        return Counter()
    period = row.period_at(on)
    return +Counter({(row.plan, str(row.cycle), row.unit_amount, period.start, period.end): row.seats})
