"""What all tests stand on: a PostgreSQL of their own, and a clock that moves only by hand."""

import gc
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from tests import environment
from tests.memory import begin_test
from zetel import clock as installation_clock

# The files that take ten seconds and more. Workers take whole files, so one that came last would keep a single worker
# busy at the end. Browser tests stay together: they share their windows.
LONGEST = (
    "tests/web/test_matrix.py",
    "tests/web/test_bad_input.py",
    "tests/browser/",
    "tests/actions/test_dunning.py",
    "tests/run/test_up.py",
    "tests/journeys/",
    "tests/races/",
    "tests/actions/",
)
pytest_plugins = ["tests.cast", "tests.doctor"]

FIRST_INSTANT = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="all of what a usual run takes a sample of")


def pytest_unconfigure() -> None:
    environment.clear()


def _turn(item: pytest.Item) -> int:
    """The place of a test's file: those that take longest come first, in the order of `LONGEST`."""
    path = item.path.relative_to(item.config.rootpath).as_posix()
    return next((place for place, name in enumerate(LONGEST) if path.startswith(name)), len(LONGEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need what this machine lacks are left out, each saying so."""
    items.sort(key=_turn)
    for item in items:
        if item.get_closest_marker("browser") and environment.CHROMIUM is None:
            item.add_marker(
                pytest.mark.skip(reason="left out: no Chromium; on Debian: apt-get install chromium")
            )
        if item.get_closest_marker("checks") and not environment.CHECKS.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"left out: there is no folder {environment.CHECKS}"))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: Python need not look through it again and again for what is no longer used."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    begin_test(item)


def _left_out(reporter: pytest.TerminalReporter) -> Counter[str]:
    return Counter(
        str(report.longrepr[2]).removeprefix("Skipped: ") for report in reporter.stats.get("skipped", [])
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Whoever reads only the last lines still learns what was not looked at."""
    for reason, count in _left_out(terminalreporter).items():
        terminalreporter.write_line(f"NOT RUN: {reason} (tests: {count})", yellow=True, bold=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With CI=true, leaving anything out is an error."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if environment.NOTHING_LEFT_OUT and reporter is not None and _left_out(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path, for `playwright.chromium.launch(executable_path=chromium)`. Mark such tests `browser`."""
    assert environment.CHROMIUM is not None
    return environment.CHROMIUM


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A thread that served pages may still hold a connection when the database is to go."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # it would open again what was ended just now


@pytest.fixture(autouse=True, scope="session")
def emptied_quickly() -> Iterator[None]:
    """After a test that commits, only tables that were written to are emptied. Django's flush empties all of them and
    then enters content types and permissions again, which nothing here reads."""

    def empty(case: TransactionTestCase) -> None:
        kept = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_relation_size(oid) > 0")
            written = sorted(kept.intersection(name for (name,) in cursor.fetchall()))
            if written:
                tables = ", ".join(connection.ops.quote_name(name) for name in written)
                cursor.execute(f"TRUNCATE {tables} CASCADE")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(scope="session")
def checks() -> Path:
    """The folder of outside checks (vectors, schemas). Mark such tests `checks`."""
    return environment.CHECKS


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Tests without a database never wait for one: the server starts with the first test that asks."""
    environment.start_server()


class HandClock:
    """The clock of a test. It stands until the test moves it."""

    plain = "the clock"  # it knows nothing itself

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
