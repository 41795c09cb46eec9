"""The billing run end to end, for 10,000 and for 100,000 due monthly subscriptions on an embedded PostgreSQL.

Everything a renewal brings is written: number, invoice, line, tax, money wanted and its first try, event, mail, next
date. The limit measured in the same run is a bare COPY of the very same rows into the same tables of a database that
stands as it stood before the run; what the run does beside writing (reading, locking, deciding, advancing) is the
difference. It is made twice: by one connection, and by as many as the run has processes. The last line is one JSON
object; `ratio` is the run's time over that of one COPY, `ratio_side_by_side` over that of several, and
`processor_ratio` compares the processor's seconds of both, ours and the server's, which others on the machine do not
change.
"""

import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests import environment  # prepares a database server of its own; must come before models

environment.QUICK.clear()  # as in production: what is committed is on the disk

from django.db import connection, connections, models  # noqa: E402
from django.test.utils import setup_databases  # noqa: E402

from tests.directory_world import begin  # noqa: E402
from tests.many import DUE, MIXED, STARTED, subscribe_many  # noqa: E402
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
TICKS = os.sysconf("SC_CLK_TCK")
Tables = Sequence[tuple[type[models.Model], bytes]]


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
    before, before_mb = resource.getrusage(resource.RUSAGE_SELF), peak_mb()
    print("ready", flush=True)
    sys.stdin.readline()
    tally = billing_run.bill(DUE)
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "billed": tally.billed, "parked": tally.parked, "peak_mb": peak_mb(),
                "grown_mb": peak_mb() - before_mb,
                "python_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            }
        )
    )  # fmt: skip


def peak_mb() -> float:
    """The most memory that this program had; what getrusage tells begins with that of the process it was started by."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def written_by(database: str, part: int = 0, parts: int = 1) -> Tables:
    """The very rows that the run wrote, table by table, as COPY writes them; of some of its invoices, if told."""
    found: list[tuple[type[models.Model], bytes]] = []
    with psycopg.connect(url_of(database)) as source:
        for model in WRITTEN:
            query = sql.SQL(
                "SELECT t.* FROM {table} t {payment} JOIN zetel_invoice i ON i.id = {invoice}"
                " WHERE i.issued_at = {due} AND abs(hashtext(i.id::text)) % {parts} = {part}"
            ).format(
                table=sql.Identifier(model._meta.db_table),
                payment=sql.SQL("JOIN zetel_payment p ON p.id = t.payment_id" if model is Attempt else ""),
                invoice=sql.SQL(
                    {Invoice: "t.id", Attempt: "p.invoice_id"}.get(model, "t.invoice_id")
                ),
                due=sql.Literal(DUE), parts=sql.Literal(parts), part=sql.Literal(part),
            )  # fmt: skip
            kept = io.BytesIO()
            with source.cursor().copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as stream:
                for block in stream:
                    kept.write(block)
            found.append((model, kept.getvalue()))
    return found


def bare_copy(database: str, parts: Sequence[Tables]) -> dict[str, float]:
    """COPY of these rows and their commit, a connection for each part, with every constraint in place."""
    spent, begun = server_seconds() + time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(len(parts)) as pool:  # a thread only hands on what is made already
        list(pool.map(lambda tables: _copy_part(database, tables), parts))
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "processor": server_seconds() + time.process_time() - spent}


def _copy_part(database: str, tables: Tables) -> None:
    with psycopg.connect(url_of(database)) as target:
        for model, content in tables:
            statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(model._meta.db_table))
            with target.cursor().copy(statement) as stream:
                for start in range(0, len(content), 1 << 18):
                    stream.write(content[start : start + (1 << 18)])
        target.commit()


def server_seconds() -> float:
    """Processor seconds of the server and all that it started; those that ended are counted by their parent."""
    assert environment.server is not None, "the benchmark runs on its own embedded PostgreSQL"
    assert environment.server.process is not None, "it was started"
    time.sleep(0.2)  # who has just ended is counted a moment later
    postmaster, ticks = environment.server.process.pid, 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(stat.parent.name) == postmaster:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / TICKS


def measure(count: int) -> dict[str, float]:
    name = str(connection.settings_dict["NAME"])
    begun = time.perf_counter()
    begin(STARTED)
    subscribe_many(count, mix=MIXED)

    connections.close_all()  # a database that others use is no template
    connection.close_pool()  # type: ignore[attr-defined]  # the PostgreSQL backend has one
    print(f"{count:,} subscriptions made in {time.perf_counter() - begun:.0f} s", flush=True)
    run = fresh("bench_run", name)
    spent = server_seconds()
    told = run_in_processes(run)
    processor = server_seconds() - spent + told["python_seconds"]
    assert (told["billed"], told["parked"]) == (count, 0), told
    limit = bare_copy(fresh("bench_copy", name), [written_by(run)])
    parts = [written_by(run, part, WORKERS) for part in range(WORKERS)]
    side_by_side = bare_copy(fresh("bench_copy", name), parts)
    for database in ("bench_run", "bench_copy"):
        admin(f'DROP DATABASE "{database}"')
    return {
        "invoices": count, "seconds": round(told["seconds"], 2), "per_second": round(count / told["seconds"]),
        "limit_seconds": round(limit["seconds"], 2), "ratio": round(told["seconds"] / limit["seconds"], 2),
        "side_by_side_seconds": round(side_by_side["seconds"], 2),
        "ratio_side_by_side": round(told["seconds"] / side_by_side["seconds"], 2),
        "processor_seconds": round(processor, 1), "limit_processor_seconds": round(limit["processor"], 1),
        "processor_ratio": round(processor / limit["processor"], 2),
        "python_seconds": round(told["python_seconds"], 1),
        "peak_mb": round(told["peak_mb"]), "grown_mb": round(told["grown_mb"], 1),
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
        **{name: found[-1][name] for name in ("ratio", "ratio_side_by_side", "processor_ratio")},
        "seconds_per_size": round(found[-1]["seconds"] / found[0]["seconds"], 2),
        "memory_growth_mb": round(found[-1]["peak_mb"] - found[0]["peak_mb"], 1),
    }  # fmt: skip
    print(json.dumps(figures))
    environment.clear()


if __name__ == "__main__":
    bill() if "--bill" in sys.argv else main()
