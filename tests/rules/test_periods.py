"""Half-open periods counted from the anchor, which never drift, and the first instant of a local day (M3 to M5)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zetel.rules.periods import (
    Cycle,
    Period,
    boundary,
    first_instant,
    index_at,
    local_date,
    period,
    period_at,
)

MONTH, YEAR = Cycle.MONTH, Cycle.YEAR
ANCHORS = st.one_of(
    st.dates(date(2020, 1, 1), date(2040, 12, 31)),
    st.sampled_from(
        [date(2024, 2, 29), date(2028, 2, 29), date(2026, 1, 31), date(2026, 12, 31), date(2026, 8, 30)]
    ),
)
CYCLES = st.sampled_from([MONTH, YEAR])


def test_months_from_the_31st_are_clamped_and_come_back() -> None:
    got = [boundary(date(2026, 1, 31), MONTH, k) for k in range(5)]
    assert got == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
        date(2026, 5, 31),
    ]


def test_years_from_29_february_are_clamped_and_come_back() -> None:
    got = [boundary(date(2024, 2, 29), YEAR, k) for k in range(5)]
    assert got == [date(2024, 2, 29), *(date(year, 2, 28) for year in (2025, 2026, 2027)), date(2028, 2, 29)]


@given(ANCHORS, CYCLES)
def test_forty_years_of_periods_tile_without_gap_overlap_or_drift(anchor: date, cycle: Cycle) -> None:
    count = 40 * 12 // cycle.months
    periods = [period(anchor, cycle, k) for k in range(count)]
    assert periods[0].start == anchor
    assert all(before.end == after.start for before, after in pairwise(periods))
    assert all(
        p.start.day == anchor.day or (p.start.day < anchor.day and _last_of_month(p.start)) for p in periods
    )
    assert (periods[-1].end.year, periods[-1].end.month) == (anchor.year + 40, anchor.month)
    assert sum(p.days for p in periods) == (periods[-1].end - anchor).days


def _last_of_month(on: date) -> bool:
    return (on + timedelta(days=1)).month != on.month


@given(ANCHORS, CYCLES, st.integers(-2000, 12000))
def test_every_day_is_in_exactly_its_period(anchor: date, cycle: Cycle, days: int) -> None:
    on = anchor + timedelta(days=days)
    k = index_at(anchor, cycle, on)
    assert period_at(anchor, cycle, on) == period(anchor, cycle, k)
    assert period(anchor, cycle, k).contains(on)
    assert not period(anchor, cycle, k - 1).contains(on)
    assert not period(anchor, cycle, k + 1).contains(on)


def test_the_day_of_a_change_counts_as_changed() -> None:
    may = Period(date(2026, 5, 12), date(2026, 6, 12))
    assert (may.days, may.days_left(date(2026, 5, 30)), may.days_left(date(2026, 6, 11))) == (31, 13, 1)
    assert not may.contains(date(2026, 6, 12))
    with pytest.raises(AssertionError):
        may.days_left(date(2026, 6, 12))


def test_a_period_has_at_least_a_day() -> None:
    with pytest.raises(AssertionError):
        Period(date(2026, 5, 12), date(2026, 5, 12))


@pytest.mark.parametrize(
    ("zone", "on", "instant"),
    [
        ("Europe/Amsterdam", date(2026, 5, 12), datetime(2026, 5, 11, 22, tzinfo=UTC)),
        ("Europe/Amsterdam", date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("UTC", date(2026, 5, 12), datetime(2026, 5, 12, tzinfo=UTC)),
        # Midnight jumped over: the day begins at 01:00.
        ("America/Sao_Paulo", date(2018, 11, 4), datetime(2018, 11, 4, 3, tzinfo=UTC)),
        ("Africa/Cairo", date(2024, 4, 26), datetime(2024, 4, 25, 22, tzinfo=UTC)),
        # Midnight comes twice: the first counts.
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        # A day that Samoa never had: the next one that exists begins there.
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_its_first_existing_instant(zone: str, on: date, instant: datetime) -> None:
    assert first_instant(on, ZoneInfo(zone)) == instant


@given(
    st.dates(date(2010, 1, 1), date(2040, 12, 31)),
    st.sampled_from(
        ["Europe/Amsterdam", "America/Santiago", "Asia/Beirut", "Asia/Kathmandu", "Africa/Cairo"]
    ),
)
def test_the_second_before_the_first_instant_is_another_day(on: date, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    first = first_instant(on, zone)
    assert local_date(first, zone) == on
    assert local_date(first - timedelta(seconds=1), zone) < on


def test_the_local_date_follows_the_zone() -> None:
    at = datetime(2026, 5, 12, 22, 30, tzinfo=UTC)
    assert local_date(at, ZoneInfo("Europe/Amsterdam")) == date(2026, 5, 13)
    assert local_date(at, ZoneInfo("America/New_York")) == date(2026, 5, 12)
