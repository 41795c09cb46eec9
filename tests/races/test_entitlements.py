"""What is bought and what ends is seen by another process within two seconds of the commit (rule E3)."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.world import change, customer_of, quote_for, save_method
from tests.world import confirm as confirmed
from zetel.models import ClockSetting, Space

WITHIN_SECONDS = 2
pytestmark = pytest.mark.django_db(transaction=True)


def seen_after(space: Space, old: str, act: Callable[[], object]) -> tuple[str, float]:
    """The plan that another process saw instead of the old one, and how many seconds after the act was committed."""
    info = connection.settings_dict
    url = make_conninfo(
        dbname=info["NAME"], user=info["USER"], password=info["PASSWORD"] or None, host=info["HOST"],
        port=info["PORT"] or None,
    )  # fmt: skip
    asks = subprocess.Popen(
        [sys.executable, "-m", "tests.races.asks", str(space.pk), old],
        env={**os.environ, "ZETEL_DATABASE_URL": url}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with asks:
        assert asks.stdout is not None
        assert asks.stdout.readline() == "ready\n"
        act()
        committed_at = time.time()
        plan, seen_at = asks.stdout.readline().split()
    assert asks.returncode == 0
    return plan, float(seen_at) - committed_at


def test_another_process_sees_a_purchase_and_a_higher_plan_within_two_seconds(clock: HandClock) -> None:
    ClockSetting.objects.create(pk=1, frozen_at=clock.now)
    world = begin(clock.now)
    anna = world.person("Anna")
    studio, customer = world.workspace(anna), customer_of(anna, clock.now)
    save_method(customer, anna, clock.now)
    quote = quote_for(studio, anna, clock.now, customer=customer)
    plan, seconds = seen_after(studio, "basic", lambda: confirmed(quote, clock.now))
    assert plan == "premium"
    assert seconds < WITHIN_SECONDS
    subscription = studio.subscriptions.get()
    plan, seconds = seen_after(studio, "premium", lambda: change(subscription, clock.now, plan="business"))
    assert plan == "business"
    assert seconds < WITHIN_SECONDS
