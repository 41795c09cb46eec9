"""What all tests stand on: a PostgreSQL of their own, and a clock that moves only by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests import environment
from zetel import clock as installation_clock

FIRST_INSTANT = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


def pytest_unconfigure() -> None:
    environment.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Tests without a database never wait for one: the server starts with the first test that asks."""
    environment.start_server()


class HandClock:
    """The clock of a test. It stands until the test moves it."""

    @property
    def now(self) -> datetime:
        return installation_clock.now()

    def set(self, instant: datetime) -> datetime:
        installation_clock.freeze(instant)
        return self.now

    def move(self, **by: float) -> datetime:
        """`move(days=1, hours=2)`; says where the clock stands then."""
        return installation_clock.move(timedelta(**by))


@pytest.fixture
def clock() -> Iterator[HandClock]:
    """Stands at 12 May 2026, 10:00 UTC (12:00 in Amsterdam), the day of the worked examples."""
    hand = HandClock()
    hand.set(FIRST_INSTANT)
    yield hand
    installation_clock.release()
