"""The frame around every page: who sees the orange button, which plan is named, which menus there are (screens, 1)."""

import pytest
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import subscribe
from zetel.models import Person, Space
from zetel.web.frame import Frame, frame

pytestmark = pytest.mark.django_db


def framed(person: Person, space: Space) -> Frame:
    """The frame as the space's home shows it."""
    client = Client()
    client.force_login(person)
    answer = client.get(f"/s/{space.public_id}/")
    assert answer.status_code == 200
    made = answer.context["frame"]
    assert isinstance(made, Frame)
    return made


def test_on_basic_every_member_may_upgrade_and_a_guest_may_not(world: World, clock: HandClock) -> None:
    anna, guest = world.person("Anna"), world.person("Gerda", "gerda@elders.example")
    acme = world.organization(anna)
    world.join(acme, guest)
    assert (framed(anna, acme).show_upgrade, framed(anna, acme).plan_label) == (True, "Basic")
    assert not framed(guest, acme).show_upgrade


def test_on_a_paid_space_only_its_billing_owner_sees_the_button_while_there_is_a_higher_plan(
    world: World, clock: HandClock
) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    studio, atelier = world.workspace(anna), world.workspace(anna, name="Atelier")
    world.join(studio, bram)
    subscribe(studio, anna, clock.now)
    subscribe(atelier, anna, clock.now, plan="enterprise")
    assert (framed(anna, studio).show_upgrade, framed(anna, studio).plan_label) == (True, "Premium")
    assert not framed(bram, studio).show_upgrade
    assert not framed(anna, atelier).show_upgrade


def test_the_switcher_names_the_organizations_plan_and_the_sidebar_each_teams_own(
    world: World, clock: HandClock
) -> None:
    anna = world.person("Anna")
    acme = world.organization(anna)
    team, other = world.team(acme, anna), world.team(acme, anna, name="Verkoop")
    subscribe(team, anna, clock.now, plan="business")
    assert [framed(anna, place).plan_label for place in (team, other, acme)] == ["Basic", "Basic", "Basic"]
    assert [row["plan_label"] for row in framed(anna, acme).teams] == ["Business", ""]
    assert [framed(anna, place).place_plan_label for place in (team, other)] == ["Business", "Basic"]
    subscribe(acme, anna, clock.now, plan="premium")
    assert [framed(anna, place).plan_label for place in (team, other, acme)] == [
        "Premium",
        "Premium",
        "Premium",
    ]
    assert [row["plan_label"] for row in framed(anna, acme).teams] == ["", ""]


def test_the_menu_leads_to_the_console_once_paid_and_to_settings_before(
    world: World, clock: HandClock
) -> None:
    anna = world.person("Anna")
    acme, studio = world.organization(anna), world.workspace(anna)
    plain = [framed(anna, space).menu[0][0] for space in (acme, studio)]
    subscribe(acme, anna, clock.now)
    subscribe(studio, anna, clock.now)
    paid = [framed(anna, space).menu[0][0] for space in (acme, studio)]
    assert plain == ["People and settings", "People and settings"]
    assert paid == ["Admin console", "About my workspace"]


def test_an_outside_guest_sees_only_the_teams_that_he_is_in(world: World, clock: HandClock) -> None:
    anna, guest = world.person("Anna"), world.person("Gerda", "gerda@elders.example")
    acme = world.organization(anna)
    design, sales = world.team(acme, anna), world.team(acme, anna, name="Verkoop")
    world.join(design, guest)
    assert [team["name"] for team in framed(anna, design).teams] == ["Ontwerp", "Verkoop"]
    assert [team["name"] for team in framed(guest, design).teams] == ["Ontwerp"]
    client = Client()
    client.force_login(guest)
    assert client.get(f"/s/{sales.public_id}/").status_code == 404


def test_the_frame_asks_as_many_questions_for_thirty_teams_as_for_one(
    world: World, clock: HandClock, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    anna = world.person("Anna")
    acme = world.organization(anna)
    for number in range(30):
        subscribe(world.team(acme, anna, name=f"Team {number}"), anna, clock.now, seats=2)
    request = RequestFactory().get("/")
    request.user = anna
    with django_assert_max_num_queries(5):
        made = frame(request)["frame"]
    assert len(made.teams) == 30
