"""Openings of stories, carried out once and then remembered.

Many tests begin alike, with a workspace that was bought for and renewed. A function marked `remembered` is carried
out the first time; what it did to the database, what it returned and where the clock then stood is kept. When the
same calls are made again from the same beginning in another test, the same rows are put back instead, inside that
test's own transaction. Nothing is put back on guess: after any other write, with any argument that differs, or in a
test that commits, changes settings or patches something, the function is carried out as it stands.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import pytest
from django.conf import UserSettingsHolder, settings
from django.db import connection
from django.db.models import Model
from django.utils import translation

from zetel import clock

P = ParamSpec("P")
R = TypeVar("R")
Counts = Mapping[str, int]
Rows = dict[str, tuple[bytes, ...]]

PATCHING = {"monkeypatch", "settings", "transactional_db", "live_server"}
COUNTS = """SELECT relname, pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
    + pg_stat_get_xact_tuples_deleted(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
COLUMNS = """SELECT relname, string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_class
    JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace GROUP BY relname"""


class Unclear(Exception):
    """An argument that cannot be compared with one of another test."""


@dataclass
class Moment:
    """A state of the database that was reached by remembered calls alone."""

    rows: Rows
    added: Rows = field(default_factory=dict)
    replaced: Rows = field(default_factory=dict)
    value: Any = None
    stands_at: datetime | None = None
    next: dict[object, "Moment"] = field(default_factory=dict)


class Memory:
    """What this process remembers, and how far the running test has walked along it."""

    def __init__(self) -> None:
        self.beginning: Moment | None = None
        self.columns: dict[str, str] = {}
        self.forget()

    def forget(self, *, may_remember: bool = False) -> None:
        """A test begins."""
        self.here: Moment | None = None
        self.counts: Counts = {}
        self.depth = 0
        self.may_remember = may_remember
        self.is_busy = False

    def call(self, function: Callable[..., R], args: tuple[Any, ...], facts: dict[str, Any]) -> R:
        if self.is_busy or not self.may_remember or not self._stand():
            return function(*args, **facts)
        assert self.here is not None
        try:
            key = (function.__module__, function.__qualname__, _plain(args), _plain(facts), clock.frozen_at(),
                   translation.get_language())  # fmt: skip
        except Unclear:
            self.may_remember = False
            return function(*args, **facts)
        found = self.here.next.get(key)
        if found is None:
            found, value = self._carry_out(function, args, facts)
            self.here.next[key] = found
        else:
            value = self._put_back(found)
        self.here, self.counts = found, _counts()
        return value

    def _stand(self) -> bool:
        """Is the database where remembered calls left it? Otherwise this test is on its own from here."""
        if self.here is None:
            self.may_remember = self._begin()
        elif len(connection.savepoint_ids) != self.depth or _counts() != self.counts:
            self.may_remember = False
        return self.may_remember

    def _begin(self) -> bool:
        if not connection.in_atomic_block or isinstance(settings._wrapped, UserSettingsHolder):
            return False
        self.depth = len(connection.savepoint_ids)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_current_xact_id_if_assigned() IS NULL AND current_setting('is_superuser') = 'on'"
            )
            if cursor.fetchone() != (True,):
                return False
            if not self.columns:
                cursor.execute(COLUMNS)
                self.columns = dict(cursor.fetchall())
        if self.beginning is None:
            self.beginning = Moment({table: _read(table, columns) for table, columns in self.columns.items()})
        self.here, self.counts = self.beginning, _counts()
        return True

    def _carry_out(
        self, function: Callable[..., R], args: tuple[Any, ...], facts: dict[str, Any]
    ) -> tuple[Moment, R]:
        assert self.here is not None
        self.is_busy = True
        try:
            value = function(*args, **facts)
        except BaseException:
            self.may_remember = False
            raise
        finally:
            self.is_busy = False
        before, counts = self.here.rows, _counts()
        touched = [table for table, count in counts.items() if count != self.counts.get(table)]
        after = {table: _read(table, self.columns[table]) for table in touched}
        moment = Moment({**before, **after}, value=copy.deepcopy(value), stands_at=clock.frozen_at())
        for table, rows in after.items():
            old, new = set(before.get(table, ())), set(rows)
            if old <= new:
                moment.added[table] = tuple(row for row in rows if row not in old)
            else:
                moment.replaced[table] = rows
        return moment, value

    def _put_back(self, moment: Moment) -> Any:
        """The rows were checked when they were made, so no trigger and no key looks at them again."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table, rows in (moment.replaced | moment.added).items():
                if table in moment.replaced:
                    cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608
                if rows:
                    with cursor.copy(f'COPY "{table}" ({self.columns[table]}) FROM STDIN') as writing:
                        writing.write(b"".join(rows))
            cursor.execute("SET LOCAL session_replication_role = origin")
        if moment.stands_at is not None:
            clock.freeze(moment.stands_at)
        return copy.deepcopy(moment.value)


def _counts() -> Counts:
    """How many rows of each table this transaction has written."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        return dict(cursor.fetchall())


def _read(table: str, columns: str) -> tuple[bytes, ...]:
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY (SELECT {columns} FROM "{table}") TO STDOUT') as reading,  # noqa: S608
    ):
        return tuple(bytes(row) for row in reading)


def _plain(value: object) -> object:
    """An argument as something that can be compared; rows of the database by all that is known of them."""
    if isinstance(value, Model):
        known = {name: held for name, held in vars(value).items() if not name.startswith("_")}
        return type(value), _plain(known)
    if isinstance(value, dict):
        return tuple((name, _plain(held)) for name, held in value.items())
    if isinstance(value, (tuple, list)):
        return type(value), tuple(_plain(held) for held in value)
    if hasattr(value, "plain"):
        return type(value), value.plain
    if value is None or isinstance(value, (str, int, date, UUID)):
        return value
    raise Unclear(type(value))


MEMORY = Memory()


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """Mark the opening of stories: what it does must follow from the database, its arguments and the clock alone."""

    @wraps(function)
    def call(*args: P.args, **facts: P.kwargs) -> R:
        return MEMORY.call(function, args, facts)

    return call


def begin_test(item: pytest.Item) -> None:
    """Called before each test: does it leave the product as it is, and undo what it does?"""
    mark = item.get_closest_marker("django_db")
    names = set(item._fixtureinfo.argnames) if isinstance(item, pytest.Function) else set()
    commits = bool(mark and (mark.kwargs.get("transaction") or mark.args))
    MEMORY.forget(may_remember=mark is not None and not commits and not names & PATCHING)
