"""Many workers bill at once while one after the other is killed: everybody once, nobody missing, no gap (G3, I2, X2).

A usual run takes 120 subscriptions and three workers; `--long` takes 2,000 and eight, one killed every second.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from django.db import connection, connections, transaction
from psycopg.conninfo import make_conninfo

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.many import DUE, STARTED, subscribe_many
from tests.races.test_two_buyers import at_once
from tests.world import customer_of, save_method
from zetel.actions import renewals, renewals_due
from zetel.actions._change import lock_space
from zetel.gateways import get
from zetel.jobs import billing_run, collect
from zetel.jobs.doctor import examine
from zetel.models import Attempt, ClockSetting, Event, Invoice, PaymentMethod, Subscription

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 500
JUNE_12 = date(2026, 6, 12)


@contextmanager
def workers(batch_size: int) -> Iterator["subprocess.Popen[str]"]:
    """The process that makes workers, on this test's database; ended with its own id."""
    info = connection.settings_dict
    url = make_conninfo(
        dbname=info["NAME"], user=info["USER"], password=info["PASSWORD"] or None, host=info["HOST"],
        port=info["PORT"] or None,
    )  # fmt: skip
    maker = subprocess.Popen(
        [sys.executable, "-m", "tests.races.bills", str(batch_size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, env={**os.environ, "ZETEL_DATABASE_URL": url},
    )  # fmt: skip
    try:
        yield maker
    finally:
        maker.kill()
        maker.communicate()


def start(maker: "subprocess.Popen[str]") -> int:
    assert maker.stdin is not None
    assert maker.stdout is not None
    maker.stdin.write("one\n")
    maker.stdin.flush()
    return int(maker.stdout.readline())


def kill(worker: int) -> bool:
    """Whether it was still at work."""
    try:
        os.kill(worker, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def is_done() -> bool:
    return not (
        Subscription.objects.filter(next_bill_at__lte=DUE).exists()
        or Attempt.objects.filter(status="created").exists()
    )


def bill_among_the_dying(count: int, batch_size: int, every_seconds: float) -> int:
    """Let workers bill everything while the oldest of them is killed again and again; how many were killed at work."""
    killed, until = 0, time.monotonic() + PATIENCE_SECONDS
    with workers(batch_size) as maker:
        living = [start(maker) for _ in range(count)]
        while not is_done():
            assert time.monotonic() < until, "the run does not come to its end"
            time.sleep(every_seconds)
            killed += kill(living.pop(0))
            living.append(start(maker))
        for worker in living:
            kill(worker)
    return killed


def test_everybody_is_billed_once_by_workers_that_are_killed_all_the_time(
    clock: HandClock, request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")
    count, worker_count, batch_size, every_seconds = (2000, 8, 100, 1.0) if long else (120, 3, 15, 0.25)
    ClockSetting.objects.create(pk=1, frozen_at=DUE)
    anna = begin(STARTED).person("Anna")
    card = customer_of(anna, STARTED)
    save_method(card, anna, STARTED)
    subscribe_many(count, token=PaymentMethod.objects.get().token)
    killed = bill_among_the_dying(worker_count, batch_size, every_seconds)
    assert killed >= 1
    clock.set(DUE)
    clock.move(seconds=61)  # whom a worker died with is asked about a minute later
    while collect.ask_due(clock.now):
        clock.move(hours=1)
    renewals_made = Invoice.objects.filter(renews_on=JUNE_12)
    assert renewals_made.count() == count
    assert set(renewals_made.values_list("state", flat=True)) == {"paid"}
    numbers = list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True))
    assert numbers == list(range(1, 2 * count + 1))
    ledger = get("sandbox").captures(
        since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2027, 1, 1, tzinfo=UTC)
    )
    references = [capture.reference for capture in ledger]
    assert len(references) == len(set(references)) == count
    assert set(references) == set(Attempt.objects.filter(status="paid").values_list("reference", flat=True))
    assert Event.objects.filter(kind="subscription.renewed").count() == count
    wrong = [
        finding for report in examine(clock.now, ("X2", "X5", "X9", "X17")) for finding in report.findings
    ]
    assert not wrong, wrong


def test_two_workers_at_once_share_the_batch_and_leave_no_gap(clock: HandClock) -> None:
    begin(STARTED)
    subscribe_many(40)
    clock.set(DUE)
    billed: list[int] = []

    def share(start: object) -> None:
        start.wait()  # type: ignore[attr-defined]
        try:
            billed.append(billing_run.bill(DUE).billed)
        finally:
            connections.close_all()

    at_once(share, share)
    assert sum(billed) == 40
    made = list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True))
    assert all(after == before + 1 for before, after in pairwise(made))


def test_a_batch_waits_for_nobody_and_leaves_what_is_locked_for_the_end(clock: HandClock) -> None:
    begin(STARTED)
    subscribe_many(3)
    clock.set(DUE)
    busy = Subscription.objects.select_related("space").earliest("id")
    seen: list[tuple[int, int]] = []

    def bill(start: object) -> None:
        batch = renewals.renew_batch(DUE, until=DUE)
        seen.append((len(batch.billed), len(batch.left)))
        connections.close_all()

    with transaction.atomic():
        lock_space(busy.space)  # somebody is at work in that workspace
        at_once(bill)
    assert seen == [(2, 1)]
    assert billing_run.bill(DUE).billed == 1


def test_when_every_subscription_fails_the_run_stops_and_sets_few_aside(
    clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the fault is ours: nobody's billing should wait for staff because of it."""
    begin(STARTED)
    subscribe_many(40)
    clock.set(DUE)

    def fail(*args: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as broken:
        broken.setattr(renewals_due, "decide", fail)
        with pytest.raises(billing_run.RunStopped):
            billing_run.bill(DUE)
    assert Subscription.objects.exclude(parked_reason="").count() == billing_run.GIVE_UP_AFTER
    assert not Invoice.objects.filter(renews_on=JUNE_12).exists()
    assert billing_run.bill(DUE).billed == 40 - billing_run.GIVE_UP_AFTER
