"""Two at once on a real PostgreSQL: the fifteenth place, one invitation, the last admin, one domain."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from tests.conftest import HandClock
from tests.directory_world import begin
from zetel.actions import directory_domains, directory_people
from zetel.actions.throttle import allow
from zetel.models import Membership
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], object]) -> list[str]:
    """Run all acts at the same moment, each on a connection of its own; what each came to, in order."""
    start, answers = threading.Barrier(len(acts)), [""] * len(acts)

    def run(place: int) -> None:
        try:
            start.wait(timeout=10)
            acts[place]()
            answers[place] = "done"
        except ZetelError as error:
            answers[place] = error.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


def test_of_six_who_want_the_last_place_one_gets_it(clock: HandClock) -> None:
    world = begin(clock.now)
    anna = world.person("Anna")
    space = world.workspace(anna)
    world.crowd(space, 13)
    people = [world.person(f"Laat{n}") for n in range(6)]

    def join(n: int) -> Callable[[], object]:
        return lambda: directory_people.add_person(space=space, person=people[n], actor=anna, now=world.now)

    answers = together(*(join(n) for n in range(6)))
    assert sorted(answers) == ["done", *["limit_reached"] * 5]
    assert Membership.objects.active().filter(space=space).count() == 15


def test_two_admins_who_leave_at_once_leave_one_behind(clock: HandClock) -> None:
    world = begin(clock.now)
    anna, bram, chris = world.person("Anna"), world.person("Bram"), world.person("Chris")
    space = world.workspace(anna)
    world.join(space, bram, chris)
    directory_people.set_admin(space=space, person=bram, is_admin=True, actor=anna, now=world.now)
    answers = together(
        lambda: directory_people.leave(space=space, person=anna, now=world.now),
        lambda: directory_people.leave(space=space, person=bram, now=world.now),
    )
    assert sorted(answers) == ["done", "last_admin"]


def test_of_two_organizations_that_claim_a_domain_one_gets_it(clock: HandClock) -> None:
    world = begin(clock.now)
    anna, bram = world.person("Anna", "anna@beta.example"), world.person("Bram", "bram@beta.example")
    for person, domain in ((anna, "een.example"), (bram, "twee.example")):
        person.emailaddress_set.create(email=f"x@{domain}", verified=True)  # type: ignore[attr-defined]
    first, second = (
        world.organization(anna, "Een", "een.example"),
        world.organization(bram, "Twee", "twee.example"),
    )
    add = directory_domains.add_domain
    answers = together(
        lambda: add(organization=first, domain="beta.example", actor=anna, now=world.now),
        lambda: add(organization=second, domain="beta.example", actor=bram, now=world.now),
    )
    assert sorted(answers) == ["domain_taken", "done"]


def test_a_throttle_counts_every_one_of_those_that_come_at_once(clock: HandClock) -> None:
    begin(clock.now)
    allowed: list[bool] = []

    def use() -> None:
        from_now = allow("key", limit=3, window=clock.now - clock.now.replace(hour=0), now=clock.now)
        allowed.append(from_now)

    together(*[use] * 8)
    assert sorted(allowed) == [False] * 5 + [True] * 3
