"""`zetel bill`: bills what is due now, with a progress bar and a summary; `--dry-run` says what it would bill.

Money, mails and documents follow as jobs of the worker. Any number of these may run at once, on any number of machines.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from zetel import clock, garbage
from zetel.actions import renewals, renewals_due
from zetel.jobs import billing_run, collect
from zetel.jobs.billing_run import Tally
from zetel.rules.money import Money

SHOWN_MAX = 50  # rows of a dry run on a terminal; --json gives all


def run(*, as_json: bool, workers: int = 1) -> None:
    """Bill everything that is due, each period of an outage in its turn; return code 1 when something was set aside."""
    garbage.settle()
    clock.refresh()
    now, begun = clock.now(), time.perf_counter()
    others = [_another() for _ in range(workers - 1)]
    try:
        tally = _with_a_bar(now)
    except billing_run.RunStopped as stopped:
        print(f"zetel: {stopped}; see Parked work in the back office", file=sys.stderr)
        for other in others:
            other.wait()
        sys.exit(1)
    for other in others:
        said, _ = other.communicate()
        tally += _told(said)
    seconds = time.perf_counter() - begun
    print(json.dumps(_facts(tally, seconds)) if as_json else _summary(tally, seconds))
    sys.exit(1 if tally.parked else 0)


def _another() -> "subprocess.Popen[str]":
    """The same command as a process of its own, so that the workers share the processor's cores."""
    command = [sys.executable, "-m", "zetel", "bill", "--workers", "1", "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _with_a_bar(now: datetime) -> Tally:
    """Pass after pass; the bar shows what is left in the database, so it shows the others' work too."""
    tally, total = Tally(), renewals.due_count(now)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        bar = progress.add_task("Billing", total=total)
        while True:
            passed = billing_run.bill(
                now, told=lambda: progress.update(bar, completed=total - renewals.due_count(now))
            )
            tally += passed
            if not passed.done or not renewals.due_count(now):
                return tally
            collect.collect_new(now)  # further periods wait until the money for these was asked for (C9)


def _facts(tally: Tally, seconds: float) -> dict[str, Any]:
    return {
        "billed": tally.billed, "ended": tally.ended, "grown": tally.grown, "parked": tally.parked,
        "amounts": dict(sorted(tally.amounts.items())), "seconds": round(seconds, 2),
    }  # fmt: skip


def _told(said: str) -> Tally:
    """What another process says that it did; nothing where it was killed: the database knows what it committed."""
    facts = json.loads(said) if said else {}
    counts = {name: facts.get(name, 0) for name in ("billed", "ended", "grown", "parked")}
    return Tally(**counts, amounts=Counter(facts.get("amounts", {})))


def _summary(tally: Tally, seconds: float) -> str:
    parts = [f"{tally.billed} invoices", *_amounts(tally.amounts)]
    parts += [
        f"{tally.ended} ended",
        f"{tally.grown} grew with their people",
        f"{tally.parked} set aside for staff",
    ]
    speed = f", {tally.billed / seconds:,.0f} invoices a second" if tally.billed and seconds else ""
    return "; ".join(parts) + f". {seconds:.1f} s{speed}."


def _amounts(amounts: Mapping[str, int]) -> list[str]:
    return [str(Money(amount, currency)) for currency, amount in sorted(amounts.items())]


def dry_run(*, as_json: bool) -> None:
    """Print what would be billed now: the next period of each subscription that is due. Nothing is changed."""
    clock.refresh()
    rows = _would_bill()
    if as_json:
        for row in rows:
            print(json.dumps(row))
        return
    table = Table("Subscription", "Space", "Plan", "Seats", "Period", "Amount", "What")
    totals, count = Counter[str](), 0
    for row in rows:
        count += 1
        if row.get("amount") is not None:
            totals[row["currency"]] += row["amount"]
        if count <= SHOWN_MAX:
            table.add_row(*_cells(row))
    console = Console(highlight=False)
    if count:
        console.print(table)
    if count > SHOWN_MAX:
        console.print(f"and {count - SHOWN_MAX} more; --json prints them all")
    console.print("; ".join([f"{count} due", *_amounts(totals)]) + ". Nothing was changed.")


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    amount = row.get("amount")
    money = str(Money(amount, str(row["currency"]))) if isinstance(amount, int) else ""
    period = f"{row['from']} to {row['to']}" if "to" in row else str(row.get("from", ""))
    return (
        str(row["subscription"]), str(row["space"]), str(row.get("plan", "")), str(row.get("seats", "")), period, money,
        str(row["what"]),
    )  # fmt: skip


def _would_bill() -> Iterator[dict[str, Any]]:
    """One row for each subscription that is due: what the run would do with it."""
    now = clock.now()
    for ids in renewals.due_batches(now):
        decided = renewals_due.decide(ids, now)
        for due, made in decided.billed:
            yield {
                "subscription": due.subscription.public_id, "space": due.space.name, "plan": made.row.plan,
                "seats": (made.grown or made.row).seats, "from": due.boundary.on.isoformat(),
                "to": made.period_end.isoformat(), "amount": made.document.total, "currency": made.row.currency,
                "balance_used": made.balance_used,
                "what": "grows with its people" if made.grown else "renews",
            }  # fmt: skip
        for due in decided.ending:
            yield {
                "subscription": due.subscription.public_id, "space": due.space.name,
                "from": due.boundary.on.isoformat(), "what": "ends",
            }  # fmt: skip
        for subscription, error in decided.refused.items():
            yield {"subscription": str(subscription), "space": "", "what": f"cannot be billed: {error}"}
