"""The clock: one reading per request, one instant for a sandbox, real time when live."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from tests.conftest import HandClock
from zetel import clock as installation_clock
from zetel.models import ClockSetting

STANDING = datetime(2030, 1, 31, 23, 30, tzinfo=UTC)


@pytest.fixture
def _forget() -> None:
    installation_clock.refresh()


@pytest.mark.django_db
@pytest.mark.usefixtures("_forget")
def test_a_sandbox_clock_stands_where_it_was_set() -> None:
    ClockSetting.objects.create(pk=1, frozen_at=STANDING)
    assert installation_clock.now() == STANDING
    assert installation_clock.today(ZoneInfo("Europe/Amsterdam")).isoformat() == "2030-02-01"
    assert installation_clock.today(ZoneInfo("America/New_York")).isoformat() == "2030-01-31"


@pytest.mark.django_db
@pytest.mark.usefixtures("_forget")
def test_one_request_reads_the_clock_once_and_the_next_one_again(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        installation_clock.now()
        installation_clock.now()
    ClockSetting.objects.create(pk=1, frozen_at=STANDING)
    assert installation_clock.frozen_at() is None
    installation_clock.refresh()
    assert installation_clock.frozen_at() == STANDING


def test_a_clock_moved_by_hand_needs_no_database_and_never_moves_by_itself(clock: HandClock) -> None:
    assert clock.now == clock.now == datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
    assert clock.move(days=1, hours=2) == datetime(2026, 5, 13, 12, 0, tzinfo=UTC)


@pytest.mark.usefixtures("_forget")
def test_live_mode_never_asks_the_database(settings: Settings) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"mode": "live"})
    assert abs(installation_clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(AssertionError, match="cannot be set"):
        installation_clock.freeze(STANDING)
