"""The billing run end to end, for 10,000 and for 100,000 due monthly subscriptions on an embedded PostgreSQL.

Everything a renewal brings is written: number, invoice, line, tax, money wanted and its first try, event, mail, next
date. The limit measured in the same run is a bare COPY of the very same rows into the same tables of a database that
stands as it stood before the run; what the run does beside writing (reading, locking, deciding, advancing) is the
difference. The last line is one JSON object; `ratio` is the run's time over the limit's, at 100,000.
"""

import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from tests import environment  # prepares a database server of its own; must come before models

environment.QUICK.clear()  # as in production: what is committed is on the disk

from django.db import connection, connections, models  # noqa: E402
from django.test.utils import setup_databases  # noqa: E402

from tests.directory_world import begin  # noqa: E402
from tests.many import DUE, STARTED, subscribe_many  # noqa: E402
from zetel import clock, garbage  # noqa: E402
from zetel.jobs import billing_run  # noqa: E402
from zetel.models import (  # noqa: E402
    Attempt,
    BalanceEntry,
    Event,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Mail,
    Payment,
)

SIZES = (10_000, 100_000)
WORKERS = 2  # what `zetel bill` starts unless told otherwise
WRITTEN = (Invoice, InvoiceLine, InvoiceTax, BalanceEntry, Payment, Attempt, Event, Mail)


def admin(statement: str, database: str = "postgres") -> None:
    """One statement outside any transaction, on another database of the same server."""
    with psycopg.connect(url_of(database), autocommit=True) as other:
        other.execute(statement.encode())


def url_of(database: str) -> str:
    assert environment.server is not None, "the benchmark runs on its own embedded PostgreSQL"
    return environment.server.url(database)


def fresh(name: str, template: str) -> str:
    """A database that stands as the template stands, with its statistics."""
    admin(f'DROP DATABASE IF EXISTS "{name}"')
    admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    admin("VACUUM ANALYZE", name)
    admin("CHECKPOINT", name)
    return name


def run_in_processes(database: str) -> dict[str, Any]:
    """The run as `zetel bill` makes it: processes that do nothing else, so that their memory is the run's.

    They say when they are ready and all begin at once, so that starting Python is no part of the run.
    """
    env = {**os.environ, "ZETEL_DATABASE_URL": url_of(database), "PYTEST_XDIST_WORKER": "none"}
    command = [sys.executable, "-m", "benchmarks.billing_run", "--bill"]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        for _ in range(WORKERS)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = [json.loads(worker.communicate()[0].splitlines()[-1]) for worker in workers]
    return {
        "seconds": time.perf_counter() - begun, "billed": sum(one["billed"] for one in told),
        "parked": sum(one["parked"] for one in told), "peak_mb": max(one["peak_mb"] for one in told),
        "grown_mb": max(one["grown_mb"] for one in told),
        "python_seconds": sum(one["python_seconds"] for one in told),
    }  # fmt: skip


def bill() -> None:
    """What such a process does."""
    clock.freeze(DUE)
    connection.ensure_connection()
    garbage.settle()  # as the command does
    before = resource.getrusage(resource.RUSAGE_SELF)
    print("ready", flush=True)
    sys.stdin.readline()
    tally = billing_run.bill(DUE)
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "billed": tally.billed, "parked": tally.parked, "peak_mb": after.ru_maxrss / 1024,
                "grown_mb": (after.ru_maxrss - before.ru_maxrss) / 1024,
                "python_seconds": after.ru_utime - before.ru_utime,
            }
        )
    )  # fmt: skip


def written_by(database: str) -> Iterator[tuple[type[models.Model], bytes]]:
    """The very rows that the run wrote, table by table, as COPY writes them."""
    with psycopg.connect(url_of(database)) as source:
        for model in WRITTEN:
            moment = {Invoice: "issued_at", Event: "at"}.get(model, "created_at")
            table = sql.Identifier(model._meta.db_table)
            if model in (InvoiceLine, InvoiceTax):
                rows = sql.SQL(
                    "SELECT t.* FROM {} t JOIN zetel_invoice i ON i.id = t.invoice_id WHERE i.issued_at = {}"
                )
                query = rows.format(table, sql.Literal(DUE))
            else:
                query = sql.SQL("SELECT * FROM {} WHERE {} = {}").format(
                    table, sql.Identifier(moment), sql.Literal(DUE)
                )
            kept = io.BytesIO()
            with source.cursor().copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as stream:
                for block in stream:
                    kept.write(block)
            yield model, kept.getvalue()


def bare_copy(database: str, tables: Sequence[tuple[type[models.Model], bytes]]) -> float:
    """Seconds for COPY of these rows and their commit, with every constraint in place."""
    with psycopg.connect(url_of(database)) as target:
        begun = time.perf_counter()
        for model, content in tables:
            statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(model._meta.db_table))
            with target.cursor().copy(statement) as stream:
                for start in range(0, len(content), 1 << 18):
                    stream.write(content[start : start + (1 << 18)])
        target.commit()
        return time.perf_counter() - begun


def measure(count: int) -> dict[str, float]:
    name = str(connection.settings_dict["NAME"])
    begun = time.perf_counter()
    begin(STARTED)
    subscribe_many(count)

    connections.close_all()  # a database that others use is no template
    connection.close_pool()  # type: ignore[attr-defined]  # the PostgreSQL backend has one
    print(f"{count:,} subscriptions made in {time.perf_counter() - begun:.0f} s", flush=True)
    told = run_in_processes(fresh("bench_run", name))
    assert (told["billed"], told["parked"]) == (count, 0), told
    tables = list(written_by("bench_run"))
    limit = bare_copy(fresh("bench_copy", name), tables)
    for database in ("bench_run", "bench_copy"):
        admin(f'DROP DATABASE "{database}"')
    return {
        "invoices": count, "seconds": round(told["seconds"], 2), "per_second": round(count / told["seconds"]),
        "limit_seconds": round(limit, 2), "ratio": round(told["seconds"] / limit, 2),
        "peak_mb": round(told["peak_mb"]), "grown_mb": round(told["grown_mb"], 1),
        "python_seconds": round(told["python_seconds"], 1),
    }  # fmt: skip


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    environment.start_server()
    setup_databases(verbosity=0, interactive=False)
    found = []
    for size in sizes:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE zetel_person, zetel_space, zetel_series, zetel_catalogversion CASCADE")
        found.append(measure(size))
        print(json.dumps(found[-1]), flush=True)
    figures = {
        "benchmark": "billing_run", "sizes": found, "limit_seconds": found[-1]["limit_seconds"],
        "ratio": found[-1]["ratio"],
        "seconds_per_size": round(found[-1]["seconds"] / found[0]["seconds"], 2),
        "memory_growth_mb": round(found[-1]["peak_mb"] - found[0]["peak_mb"], 1),
    }  # fmt: skip
    print(json.dumps(figures))
    environment.clear()


if __name__ == "__main__":
    bill() if "--bill" in sys.argv else main()
