"""Two people want the last seat at the same moment, on a real PostgreSQL, again and again (rule C8)."""

from functools import partial
from threading import Barrier

import pytest
from django.db import connections

from tests.actions.outgrowing import overages, policy
from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.doctor import assert_healthy
from tests.races.test_two_buyers import at_once
from tests.world import subscribe
from zetel.actions import directory_people
from zetel.jobs import overage_run
from zetel.models import Change, Overage, Person, Space, Subscription
from zetel.rules.errors import ZetelError

ROUNDS = 15
pytestmark = pytest.mark.django_db(transaction=True)


def join(space: Space, person: Person, world: World, said: list[str], start: Barrier) -> None:
    try:
        start.wait()
        directory_people.add_person(space=space, person=person, actor=None, now=world.now)
        said.append("in")
    except ZetelError as refused:
        said.append(refused.code)
    finally:
        connections.close_all()


def rounds(world: World, seats: int, people: int) -> list[tuple[list[str], Subscription]]:
    """So many people at once for a workspace of one person, round after round: what each was told."""
    anna = world.person("Anna")
    found = []
    for number in range(ROUNDS):
        space = world.workspace(anna, name=f"Studio {number}")
        subscription = subscribe(space, anna, world.now, seats=seats)
        comers = [world.person(f"Mens {number} {n}", f"mens{number}-{n}@acme.example") for n in range(people)]
        said: list[str] = []
        at_once(*[partial(join, space, person, world, said) for person in comers])
        found.append((sorted(said), subscription))
    return found


def test_under_block_one_of_them_gets_the_last_seat(clock: HandClock) -> None:
    world = begin(clock.now)
    policy("block", clock)
    for said, subscription in rounds(world, seats=2, people=3):
        assert said == ["in", "seats_full", "seats_full"]
        assert overages(subscription) == []
    assert_healthy(clock.now)


def test_else_both_come_in_and_one_overage_is_opened(clock: HandClock) -> None:
    world = begin(clock.now)
    for said, subscription in rounds(world, seats=2, people=3):
        assert said == ["in", "in", "in"]
        assert overages(subscription) == [("open", "2026-05-12", "")]
    assert set(Overage.objects.values_list("counted", flat=True)) == {4}
    assert_healthy(clock.now)


def grow(clock: HandClock, start: Barrier) -> None:
    try:
        start.wait()
        overage_run.grow_due(clock.now)
    finally:
        connections.close_all()


def test_two_workers_that_grow_the_same_plan_charge_once(clock: HandClock) -> None:
    world = begin(clock.now)
    anna = world.person("Anna")
    space = world.workspace(anna)
    subscription = subscribe(space, anna, clock.now, seats=2)
    world.crowd(space, 3)
    clock.move(days=7)
    at_once(partial(grow, clock), partial(grow, clock), partial(grow, clock))
    assert Change.objects.filter(quote__wish__has_key="overage").count() == 1
    assert overages(subscription) == [("closed", "2026-05-12", "resized")]
    assert_healthy(clock.now)
