"""The same request from two browsers at the same moment has effect once (rules G2, S4)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client

from tests.gateways import pages
from tests.web.test_billing import acme, browser, paid, path_of, people, team
from tests.world import World
from zetel.actions import directory_invitations
from zetel.models import Event, Invitation, Mail, Membership, PaymentMethod, Person, Space, Subscription

__all__ = ["acme", "paid", "people", "team"]
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(send: Callable[[Client], int], clients: list[Client]) -> list[int]:
    """What each got, all let go at the same moment."""
    start = Barrier(len(clients))

    def run(client: Client) -> int:
        start.wait(timeout=10)
        try:
            return send(client)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as pool:
        return sorted(pool.map(run, clients))


def test_coming_back_from_the_company_saves_a_method_once(
    paid: Subscription, team: Space, people: dict[str, Person]
) -> None:
    there = browser(people["anna"]).post(path_of(team, "method"), {"kind": "paypal"}).headers["Location"]
    back = "/" + pages.save_paypal(Client(), there, "anna@paypal.example").split("/", 3)[3]
    replaced = Event.objects.filter(kind="method.replaced")
    before = replaced.count()
    found = at_once(lambda client: client.get(back).status_code, [browser(people["anna"]) for _ in range(4)])
    assert found == [200] * 4
    assert replaced.count() == before + 1
    assert PaymentMethod.objects.filter(customer=paid.customer).count() == 2
    assert PaymentMethod.objects.get(customer=paid.customer, status="active").kind == "paypal"


def test_two_people_with_one_invitation_link_end_as_one_of_them_in_the_team(
    world: World, team: Space, people: dict[str, Person]
) -> None:
    directory_invitations.invite(
        space=team, email="nieuw@elders.example", actor=people["bram"], now=world.now
    )
    path = Mail.objects.get(kind="invitation").params["path"]
    newcomers = [world.person(name, f"{name}@elders.example") for name in ("een", "twee", "drie")]
    found = at_once(lambda client: client.post(path).status_code, [browser(person) for person in newcomers])
    assert found == [302, 409, 409]
    joined = Membership.objects.filter(space=team, person__in=newcomers)
    assert [stay.person for stay in joined] == [Invitation.objects.get().accepted_by]


def test_one_person_accepting_twice_at_once_has_joined_once(
    world: World, team: Space, people: dict[str, Person]
) -> None:
    directory_invitations.invite(
        space=team, email="nieuw@elders.example", actor=people["bram"], now=world.now
    )
    path, person = (
        Mail.objects.get(kind="invitation").params["path"],
        world.person("Een", "een@elders.example"),
    )
    found = at_once(lambda client: client.post(path).status_code, [browser(person) for _ in range(3)])
    assert found[0] == 302
    assert Membership.objects.filter(space=team, person=person).count() == 1
