"""Billing periods: half-open stretches of the customer's local dates (rules M3 to M5).

Boundary k is always the anchor plus k months or years, clamped to the end of the month, never the previous
boundary plus one: 31 January, 28 February, 31 March. So nothing drifts, however long a subscription lives.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo


class Cycle(StrEnum):
    """How often is billed."""

    MONTH = "month"
    YEAR = "year"

    @property
    def months(self) -> int:
        return 1 if self is Cycle.MONTH else 12


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The dates from `start` up to, not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        assert self.start < self.end, f"a period has at least one day: {self.start} to {self.end}"

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def contains(self, on: date) -> bool:
        return self.start <= on < self.end

    def days_left(self, on: date) -> int:
        """Rule M5: the day of a change counts as changed."""
        assert self.contains(on), f"{on} is not in {self.start} to {self.end}"
        return (self.end - on).days


def boundary(anchor: date, cycle: Cycle, k: int) -> date:
    """Rule M4: the anchor plus k cycles, clamped to the end of the month; k may be negative."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + k * cycle.months, 12)
    if anchor.day <= 28:  # every month has it
        return date(year, month + 1, anchor.day)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=8192)
def period(anchor: date, cycle: Cycle, k: int) -> Period:
    """Period k of the anchor: from boundary k to boundary k + 1."""
    return Period(boundary(anchor, cycle, k), boundary(anchor, cycle, k + 1))


def index_at(anchor: date, cycle: Cycle, on: date) -> int:
    """The k whose period contains the date."""
    months = (on.year - anchor.year) * 12 + on.month - anchor.month
    k = months // cycle.months
    return k - 1 if boundary(anchor, cycle, k) > on else k


def period_at(anchor: date, cycle: Cycle, on: date) -> Period:
    """The period of the anchor that contains the date."""
    return period(anchor, cycle, index_at(anchor, cycle, on))


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The date on the zone's calendar at an instant."""
    assert at.tzinfo is not None, "an instant carries its zone"
    return at.astimezone(zone).date()


@lru_cache(maxsize=4096)
def first_instant(on: date, zone: ZoneInfo) -> datetime:
    """Rule M3: the first existing instant of a local day, in UTC.

    Midnight may not exist (clocks jump over it), may exist twice (clocks fall back over it), and a zone may skip a
    day altogether; the last gives the instant at which the next existing day begins.
    """
    first = datetime.combine(on, time.min).replace(tzinfo=zone).astimezone(UTC)
    if local_date(first, zone) == on and local_date(first - timedelta(seconds=1), zone) < on:
        return first
    # Only a midnight that a zone jumps over comes here, so local dates grow and halving finds the exact
    # second.
    low, high = first - timedelta(hours=26), first + timedelta(hours=26)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (low, middle) if local_date(middle, zone) >= on else (middle, high)
    return high
