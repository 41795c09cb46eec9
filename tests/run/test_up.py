"""`zetel up` as people and accidents start and stop it: nothing is left behind, and it always starts again."""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests import environment
from tests.run.installation import Installation, wait_until_gone
from zetel.embedded import Embedded

# One installation is started and ended by the tests of this file in turn: they run in this order, in one process.
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="left out: watches processes in Linux's /proc"
)

CHILDREN = ("postgres -D", "granian", "zetel worker")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    made = Installation()
    yield made
    made.clear()


@pytest.fixture
def another() -> Iterator[Callable[..., Installation]]:
    """Makes further installations, which end with the test whatever happens."""
    made: list[Installation] = []

    def make(**options: Any) -> Installation:
        made.append(Installation(**options))
        return made[-1]

    yield make
    for one in made:
        one.clear()


def _catalogs(data: Path) -> int:
    with psycopg.connect(Embedded(data).url()) as database:
        row = database.execute("SELECT count(*) FROM zetel_catalogversion").fetchone()
    assert row is not None
    return int(row[0])


def test_the_first_start_ends_at_a_working_address(installation: Installation) -> None:
    assert installation.start().startswith(f"Zetel runs at {installation.address} ")
    assert installation.answers()
    assert _catalogs(installation.data) == 1
    lines = " | ".join(installation.family().values())
    assert all(words in lines for words in CHILDREN)


def test_a_second_instance_on_the_same_folder_is_refused(
    installation: Installation, another: Callable[..., Installation]
) -> None:
    code, said = another().refused(data=installation.data)
    assert code == 1
    assert f"already running on {installation.data}" in said
    assert "choose another folder with ZETEL_DATA" in said
    assert installation.answers()


def test_a_port_in_use_is_refused_before_anything_starts(
    installation: Installation, another: Callable[..., Installation]
) -> None:
    other = another(port=installation.port)
    code, said = other.refused()
    assert code == 1
    assert f"port {installation.port} on 127.0.0.1 cannot be used (Address already in use)" in said
    assert list(other.data.iterdir()) == []


def test_killing_it_outright_leaves_nothing_running_and_it_starts_again(installation: Installation) -> None:
    secret = (installation.data / "secret_key").read_text()
    family = installation.family()
    code, _ = installation.stop(signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert [family[pid] for pid in wait_until_gone(list(family))] == []
    installation.start()
    assert installation.answers()
    assert _catalogs(installation.data) == 1
    assert (installation.data / "secret_key").read_text() == secret


def test_a_child_that_ends_by_itself_stops_all(installation: Installation) -> None:
    family = installation.family()
    os.kill(installation.member("zetel worker"), signal.SIGKILL)
    code, said = installation.ended()
    assert code == 1
    assert "worker ended unexpectedly; stopping all" in said
    assert wait_until_gone(list(family)) == []


def test_a_killed_web_server_takes_its_workers_along(installation: Installation) -> None:
    installation.start()
    family = installation.family()
    os.kill(installation.member("granian"), signal.SIGKILL)
    assert installation.ended()[0] == 1
    assert [family[pid] for pid in wait_until_gone(list(family))] == []


def test_a_killed_database_stops_all_at_once_and_loses_nothing(installation: Installation) -> None:
    installation.start()
    family = installation.family()
    os.kill(installation.member("postgres -D"), signal.SIGKILL)
    code, said = installation.ended()
    assert code == 1
    assert "database ended unexpectedly; stopping all" in said
    assert [family[pid] for pid in wait_until_gone(list(family), seconds=5)] == []
    installation.start()
    assert _catalogs(installation.data) == 1


def test_stopping_it_leaves_nothing_running(installation: Installation) -> None:
    family = installation.family()
    code, _ = installation.stop()
    assert code == 0
    assert wait_until_gone(list(family)) == []
    assert not installation.answers()


def test_ctrl_c_while_starting_ends_cleanly(another: Callable[..., Installation]) -> None:
    fresh = another()
    fresh.begin()
    assert fresh.process is not None
    while not (fresh.data / "pg18" / "postmaster.pid").exists():
        assert fresh.process.poll() is None
    family = fresh.family()
    code, said = fresh.stop(signal.SIGINT)
    assert (code, said) == (0, "")
    assert wait_until_gone(list(family)) == []


def test_an_outside_database_is_used_when_named(another: Callable[..., Installation]) -> None:
    environment.start_server()
    told = conninfo_to_dict(os.environ["ZETEL_DATABASE_URL"])
    name = f"zetel_outside_{os.getpid()}"
    with psycopg.connect(**{**told, "dbname": "postgres"}, autocommit=True) as server:  # type: ignore[arg-type]
        server.execute(f"CREATE DATABASE {name}")
        outside = another(
            extra={"ZETEL_DATABASE_URL": psycopg.conninfo.make_conninfo("", **{**told, "dbname": name})}
        )
        try:
            outside.start()
            assert outside.answers()
            assert not (outside.data / "pg18").exists()
        finally:
            outside.clear()
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_an_outside_database_that_is_not_there_is_named_with_the_cure(
    another: Callable[..., Installation],
) -> None:
    lost = another(extra={"ZETEL_DATABASE_URL": "postgresql://zetel:hush@127.0.0.1:1/zetel"})
    code, said = lost.refused()
    assert code == 1
    assert "zetel: ZETEL_DATABASE_URL: the database cannot be reached; check address and rights" in said
    assert "Traceback" not in said
    assert "hush" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the database as another user")
def test_a_folder_the_database_may_not_enter_is_refused_and_left_as_it_is(
    another: Callable[..., Installation],
) -> None:
    outer = another()
    closed = outer.data / "closed"
    closed.mkdir(mode=0o700)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    code, said = outer.refused(data=closed / "data")
    assert code == 1
    assert "may not enter that folder; choose one that everybody may enter" in said
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
