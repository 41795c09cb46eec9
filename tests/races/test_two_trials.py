"""Two people begin a trial of one space at the same moment, on a real PostgreSQL: it ends with one (rules P8, P10)."""

import threading
from datetime import datetime
from functools import partial

import pytest
from django.db import connections

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.doctor import assert_healthy
from tests.races.test_two_buyers import at_once
from tests.world import try_out
from zetel.models import Customer, Person, Space, Subscription
from zetel.rules.errors import ZetelError

ROUNDS = 10
pytestmark = pytest.mark.django_db(transaction=True)


def press(space: Space, person: Person, now: datetime, said: list[str], start: threading.Barrier) -> None:
    """Begin it as a web request does, in a thread with a connection of its own."""
    try:
        start.wait()
        said.append(try_out(space, person, now, seats=5).status)
    except ZetelError as refused:
        said.append(refused.code)
    finally:
        connections.close_all()


def test_two_people_starting_a_trial_at_once_end_with_one(clock: HandClock) -> None:
    world = begin(clock.now)
    anna, bram = world.person("Anna"), world.person("Bram")
    for number in range(1, ROUNDS + 1):
        space = world.workspace(anna, name=f"Studio {number}")
        world.join(space, bram)
        said: list[str] = []
        at_once(*[partial(press, space, person, clock.now, said) for person in (anna, bram)])
        assert sorted(said) == ["trial", "trial_used"]
    assert (Subscription.objects.count(), Customer.objects.count()) == (ROUNDS, ROUNDS)
    assert_healthy(clock.now)


def test_one_button_pressed_from_three_tabs_at_once_begins_one_trial(clock: HandClock) -> None:
    world = begin(clock.now)
    anna = world.person("Anna")
    space = world.workspace(anna)
    said: list[str] = []
    at_once(*[partial(press, space, anna, clock.now, said)] * 3)
    assert said == ["trial"] * 3
    assert Subscription.objects.count() == 1
