"""Killed between asking for the money and writing it down: found again by reference, charged once (rule G3)."""

import os
import signal
import subprocess
import sys
from datetime import datetime

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.doctor import assert_healthy
from tests.gateways.conftest import DRIVERS
from tests.gateways.drivers import ADAPTERS, Driver
from tests.gateways.steps import EVER, NEVER
from tests.gateways.test_faults import save
from tests.races.test_two_buyers import standing_captures
from tests.world import customer_of, quote_for, save_method
from zetel import gateways
from zetel.actions import changes
from zetel.gateways.base import Capture
from zetel.jobs import collect
from zetel.models import Attempt, Change, ClockSetting, Invoice, Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def collected_by_a_process_that_dies(attempt: Attempt, where: str, *company: str) -> None:
    info = connection.settings_dict
    url = make_conninfo(
        dbname=info["NAME"], user=info["USER"], password=info["PASSWORD"] or None, host=info["HOST"],
        port=info["PORT"] or None,
    )  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "tests.races.dies", str(attempt.pk), where, *company],
        env={**os.environ, "ZETEL_DATABASE_URL": url}, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL


def confirmed(
    world: World, number: int, now: datetime, driver: Driver | None = None
) -> tuple[Change, Attempt]:
    """A purchase whose intent is committed and whose collector has not come yet."""
    anna = world.person(f"Anna{number}")
    customer = customer_of(anna, now)
    if driver is None:
        save_method(customer, anna, now)
    else:
        save(driver, customer, anna, now)
    quote = quote_for(world.workspace(anna), anna, now, customer=customer)
    change = changes.confirm(
        quote_id=quote.pk, person=anna, now=now, return_path="/upgrade/changes/{change}/", language="nl"
    )
    return change, Attempt.objects.get(payment__change=change)


@pytest.mark.parametrize("where", ["after_claim", "after_charge"])
def test_a_killed_collector_leaves_one_charge_and_one_subscription(clock: HandClock, where: str) -> None:
    ClockSetting.objects.create(pk=1, frozen_at=clock.now)
    world = begin(clock.now)
    for number in range(1, 4):
        change, attempt = confirmed(world, number, clock.now)
        collected_by_a_process_that_dies(attempt, where)
        found_again(change, attempt, clock)
        assert len(standing_captures()) == number


@pytest.mark.parametrize("name", ["paypal", "sandbox", "stripe"])
def test_killed_between_the_answer_of_a_company_and_our_commit(
    name: str, clock: HandClock, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Fifty times with --long: the money was taken, nothing was written down, and asking finds it."""
    ClockSetting.objects.create(pk=1, frozen_at=clock.now)
    world, driver = begin(clock.now), DRIVERS[name]()
    monkeypatch.setattr(gateways, "_GATEWAYS", {name: driver.gateway})
    told = (name, driver.company.address) if name in ADAPTERS else ()
    for number in range(1, 51 if request.config.getoption("--long") else 3):
        change, attempt = confirmed(world, number, clock.now, driver)
        collected_by_a_process_that_dies(attempt, "after_charge", *told)
        assert [line.reference for line in ledger(driver)].count(attempt.reference) == 1
        found_again(change, attempt, clock)
        assert len(ledger(driver)) == number
    assert_healthy(clock.now)
    if told:
        driver.close()


def found_again(change: Change, attempt: Attempt, clock: HandClock) -> None:
    """What the killed process left is brought to its end a minute later, once."""
    attempt.refresh_from_db()
    assert attempt.status == "sent"
    assert not Subscription.objects.filter(space=change.space).exists()
    clock.move(seconds=61)
    assert collect.ask_due(clock.now) == 1
    change.refresh_from_db()
    assert change.status == "done"
    assert Invoice.objects.filter(subscription=change.subscription).count() == 1


def ledger(driver: Driver) -> list[Capture]:
    return list(driver.gateway.captures(since=EVER, until=NEVER))
