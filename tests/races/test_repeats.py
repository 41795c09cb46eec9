"""One Idempotency-Key, many requests at once, and requests whose process is killed: one effect, one answer."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection, connections
from psycopg.conninfo import make_conninfo

from tests.api.calling import Program, program_of
from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.doctor import assert_healthy
from tests.races.test_two_buyers import standing_captures
from tests.world import customer_of, quote_for, save_method
from zetel import clock as installation_clock
from zetel.models import ClockSetting, Invoice, KeptAnswer, Subscription

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 20
PLACES = ("in_the_change", "after_the_change", "after_the_charge", "before_the_answer")


@pytest.fixture
def world(clock: HandClock) -> World:
    ClockSetting.objects.create(pk=1, frozen_at=clock.now)
    return begin(clock.now)


def to_confirm(world: World, number: int, now: datetime) -> tuple[Program, str]:
    """A buyer's program, and the address that confirms a purchase quoted now."""
    anna = world.person(f"Anna{number}")
    customer = customer_of(anna, now)
    save_method(customer, anna, now)
    quote = quote_for(world.workspace(anna), anna, now, customer=customer)
    return program_of(anna), f"/quotes/{quote.public_id}/confirm"


def test_twenty_at_once_under_one_key_buy_once_and_are_told_the_same(world: World, clock: HandClock) -> None:
    program, address = to_confirm(world, 1, clock.now)
    start = Barrier(AT_ONCE)

    def ask(_number: int) -> tuple[int, str]:
        start.wait(timeout=10)
        try:
            for _try in range(200):
                said = Program(program.secret).post(address, key="koop")
                if said.status != 409:
                    return said.status, str(said.body)
                assert said.body["code"] == "request_in_flight"
                time.sleep(0.02)
            raise AssertionError("it never came to an end")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = set(pool.map(ask, range(AT_ONCE)))
    assert len(told) == 1
    assert next(iter(told))[0] == 200
    assert (Subscription.objects.count(), Invoice.objects.count(), len(standing_captures())) == (1, 1, 1)


def killed(program: Program, address: str, where: str) -> None:
    info = connection.settings_dict
    url = make_conninfo(
        dbname=info["NAME"], user=info["USER"], password=info["PASSWORD"] or None, host=info["HOST"],
        port=info["PORT"] or None,
    )  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "tests.races.sends", program.secret, address, "koop", where],
        env={**os.environ, "ZETEL_DATABASE_URL": url}, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL


def test_a_request_whose_process_was_killed_is_finished_once_by_the_next(
    world: World, clock: HandClock, request: pytest.FixtureRequest
) -> None:
    places = PLACES * 13 if request.config.getoption("--long") else PLACES[1:3]
    for number, where in enumerate(places, start=1):
        program, address = to_confirm(world, number, clock.now)
        killed(program, address, where)
        assert program.post(address, key="koop").code == "409 request_in_flight"
        KeptAnswer.objects.filter(status="running").update(lease_until=installation_clock.real_now())
        clock.move(seconds=61)  # the try that was sent is asked about when it is due
        first = program.post(address, key="koop")
        if first.status == 202:
            program.post(f"/changes/{first.body['id']}/refresh")
        again = program.post(address, key="koop")
        assert (again.status, again.body) == (first.status, first.body), where
        assert first.status in (200, 202)
        assert (Subscription.objects.count(), Invoice.objects.count()) == (number, number), where
        assert len(standing_captures()) == number
    assert_healthy(clock.now)
