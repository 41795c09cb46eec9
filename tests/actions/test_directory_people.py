"""Joining, leaving, removal, deactivation and admins."""

from datetime import timedelta

import pytest

from tests.directory_world import World
from tests.doctor import assert_healthy
from zetel.actions import directory, directory_people
from zetel.models import Event, Membership
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db


def test_standing_follows_the_verified_domain(world: World) -> None:
    anna, bram, guus = world.person("Anna"), world.person("Bram"), world.person("Guus", "guus@elders.example")
    organization = world.organization(anna)
    world.join(organization, bram, guus)
    assert world.stay(organization, bram).standing == "member"
    assert world.stay(organization, guus).standing == "guest"


def test_a_workspace_has_no_guests(world: World) -> None:
    anna, guus = world.person("Anna"), world.person("Guus", "guus@elders.example")
    space = world.workspace(anna)
    world.join(space, guus)
    assert world.stay(space, guus).standing == "member"


@pytest.mark.parametrize(
    "address", ['"x@acme.example@y"@elders.example', "x@acme.example.elders.example", "x@sub.acme.example"]
)
def test_an_address_that_only_looks_like_the_domain_makes_no_member(world: World, address: str) -> None:
    organization = world.organization(world.person("Anna"))
    guus = world.person("Guus", "guus@elders.example")
    guus.emailaddress_set.create(email=address, verified=True)  # type: ignore[attr-defined]
    world.join(organization, guus)
    assert world.stay(organization, guus).standing == "guest"


def test_the_sixteenth_person_is_refused_on_basic_and_nobody_is_removed(world: World) -> None:
    anna, daan = world.person("Anna"), world.person("Daan", "daan@daan.example")
    space = world.workspace(anna)
    world.crowd(space, 14)
    with pytest.raises(ZetelError) as refused:
        world.join(space, daan)
    assert (refused.value.code, refused.value.params) == (
        "limit_reached",
        {"space": "Studio Noord", "limit": 15},
    )
    assert len(world.names(space)) == 15


def test_guests_fill_a_team_on_basic_too(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.crowd(team, 14, domain="elders.example")
    world.join(organization, bram)
    with pytest.raises(ZetelError, match="limit_reached"):
        directory_people.join(space=team, person=bram, now=world.now)


def test_an_organization_itself_holds_more_than_fifteen(world: World) -> None:
    organization = world.organization(world.person("Anna"))
    world.crowd(organization, 20)
    assert len(world.names(organization)) == 21


@pytest.mark.parametrize("covered_by", ["team", "division", "organization"])
def test_a_covered_team_has_no_limit(world: World, covered_by: str) -> None:
    anna = world.person("Anna")
    organization = world.organization(anna)
    team, division = world.team(organization, anna), world.division(organization, anna)
    directory.put_team_into_division(team=team, division=division, actor=anna, now=world.now)
    team.refresh_from_db()
    world.paid({"team": team, "division": division, "organization": organization}[covered_by], anna)
    world.crowd(team, 20)
    assert len(world.names(team)) == 21


def test_a_plan_that_ended_leaves_people_in_and_lets_nobody_new_in(world: World) -> None:
    anna, daan = world.person("Anna"), world.person("Daan", "daan@daan.example")
    space = world.workspace(anna)
    subscription = world.paid(space, anna)
    world.crowd(space, 20)
    type(subscription).objects.filter(pk=subscription.pk).update(status="ended")
    with pytest.raises(ZetelError, match="limit_reached"):
        world.join(space, daan)
    assert len(world.names(space)) == 21


def test_deactivated_people_leave_room(world: World) -> None:
    anna, daan = world.person("Anna"), world.person("Daan", "daan@daan.example")
    space = world.workspace(anna)
    first = world.crowd(space, 14)[0]
    directory_people.deactivate(space=space, person=first, actor=anna, now=world.now)
    world.join(space, daan)
    with pytest.raises(ZetelError, match="limit_reached"):
        directory_people.reactivate(space=space, person=first, actor=anna, now=world.now)


def test_who_joins_a_team_is_in_its_organization_too(world: World) -> None:
    anna, guus = world.person("Anna"), world.person("Guus", "guus@elders.example")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.join(team, guus)
    assert world.stay(organization, guus).standing == "guest"
    joined = Event.objects.filter(kind="membership.joined", after__person=guus.public_id)
    assert {event.space for event in joined} == {team, organization}
    assert_healthy(world.now)


def test_a_colleague_joins_a_team_by_themselves_and_a_guest_does_not(world: World) -> None:
    anna, bram, guus = world.person("Anna"), world.person("Bram"), world.person("Guus", "guus@elders.example")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.join(organization, bram, guus)
    directory_people.join(space=team, person=bram, now=world.now)
    assert world.names(team) == ["Anna", "Bram"]
    with pytest.raises(ZetelError, match="guest_not_allowed"):
        directory_people.join(space=team, person=guus, now=world.now)
    with pytest.raises(ZetelError, match="not_found"):
        directory_people.join(space=team, person=world.person("Daan", "d@daan.example"), now=world.now)


def test_an_address_on_its_domain_opens_an_organization_and_nothing_else_does(world: World) -> None:
    organization = world.organization(world.person("Anna"))
    bram, daan = world.person("Bram"), world.person("Daan", "daan@daan.example")
    directory_people.join(space=organization, person=bram, now=world.now)
    assert world.names(organization) == ["Anna", "Bram"]
    with pytest.raises(ZetelError, match="not_found"):
        directory_people.join(space=organization, person=daan, now=world.now)
    with pytest.raises(ZetelError, match="not_found"):
        directory_people.join(space=world.workspace(bram), person=daan, now=world.now)


def test_joining_twice_is_refused(world: World) -> None:
    anna = world.person("Anna")
    space = world.workspace(anna)
    with pytest.raises(ZetelError, match="already_member"):
        world.join(space, anna)


def test_leaving_the_organization_leaves_its_teams_and_keeps_the_rows(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.join(team, bram)
    rows = Membership.objects.count()
    directory_people.leave(space=organization, person=bram, now=world.now)
    assert (world.names(organization), world.names(team)) == (["Anna"], ["Anna"])
    assert Membership.objects.count() == rows
    world.join(team, bram)
    assert world.names(team) == ["Anna", "Bram"]


@pytest.mark.parametrize("act", ["leave", "remove", "deactivate"])
def test_the_billing_owner_of_a_team_does_not_go_from_team_or_organization(world: World, act: str) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.join(team, bram)
    world.paid(team, bram)
    events = Event.objects.count()
    for space in (team, organization):
        by_anna = {} if act == "leave" else {"actor": anna}
        with pytest.raises(ZetelError) as refused:
            getattr(directory_people, act)(space=space, person=bram, now=world.now, **by_anna)
        assert (refused.value.code, refused.value.params["space"]) == ("billing_owner_required", "Ontwerp")
    assert world.names(team) == ["Anna", "Bram"]
    assert Event.objects.count() == events


def test_a_divisions_billing_owner_stays_in_at_least_one_of_its_teams(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    division = world.division(organization, anna)
    teams = [world.team(organization, anna, name) for name in ("Een", "Twee")]
    for team in teams:
        directory.put_team_into_division(team=team, division=division, actor=anna, now=world.now)
        world.join(team, bram)
    world.paid(division, bram)
    directory_people.leave(space=teams[0], person=bram, now=world.now)
    with pytest.raises(ZetelError, match="billing_owner_required"):
        directory_people.leave(space=teams[1], person=bram, now=world.now)


def test_after_the_plan_ended_its_owner_may_leave(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    space = world.workspace(anna)
    world.join(space, bram)
    subscription = world.paid(space, bram)
    type(subscription).objects.filter(pk=subscription.pk).update(status="ended")
    directory_people.leave(space=space, person=bram, now=world.now)
    assert world.names(space) == ["Anna"]


def test_members_do_not_manage_people(world: World) -> None:
    anna, bram, chris = world.person("Anna"), world.person("Bram"), world.person("Chris")
    organization = world.organization(anna)
    world.join(organization, bram, chris)
    for act in (directory_people.remove, directory_people.deactivate):
        with pytest.raises(ZetelError, match="forbidden"):
            act(space=organization, person=chris, actor=bram, now=world.now)
    with pytest.raises(ZetelError, match="forbidden"):
        directory_people.set_admin(space=organization, person=bram, is_admin=True, actor=bram, now=world.now)


def test_the_organizations_admin_manages_its_teams_and_a_teams_admin_only_that_team(world: World) -> None:
    anna, bram, chris = world.person("Anna"), world.person("Bram"), world.person("Chris")
    organization = world.organization(anna)
    world.join(organization, bram)
    team = world.team(organization, bram)
    world.join(team, chris)
    with pytest.raises(ZetelError, match="forbidden"):
        directory_people.remove(space=organization, person=chris, actor=bram, now=world.now)
    directory_people.remove(space=team, person=chris, actor=anna, now=world.now)
    assert world.names(team) == ["Bram"]
    assert "Chris" in world.names(organization)


def test_deactivation_pauses_the_teams_and_reactivation_brings_them_back(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    team, other = world.team(organization, anna), world.team(organization, anna, "Bouw")
    world.join(team, bram)
    world.join(other, bram)
    directory_people.deactivate(space=other, person=bram, actor=anna, now=world.now - timedelta(days=1))
    directory_people.deactivate(space=organization, person=bram, actor=anna, now=world.now)
    assert world.names(team) == ["Anna"]
    with pytest.raises(ZetelError, match="person_inactive"):
        directory_people.reactivate(space=team, person=bram, actor=anna, now=world.now)
    assert directory_people.reactivate(space=organization, person=bram, actor=anna, now=world.now) == []
    assert world.names(team) == ["Anna", "Bram"]
    assert world.names(other) == ["Anna"]


def test_reactivation_says_which_teams_are_full_by_now(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.join(team, bram)
    directory_people.deactivate(space=organization, person=bram, actor=anna, now=world.now)
    world.crowd(team, 14)
    assert directory_people.reactivate(space=organization, person=bram, actor=anna, now=world.now) == [team]
    assert "Bram" in world.names(organization)
    assert "Bram" not in world.names(team)


def test_an_admin_names_admins_but_never_a_guest(world: World) -> None:
    anna, bram, guus = world.person("Anna"), world.person("Bram"), world.person("Guus", "guus@elders.example")
    organization = world.organization(anna)
    world.join(organization, bram, guus)
    directory_people.set_admin(space=organization, person=bram, is_admin=True, actor=anna, now=world.now)
    assert world.stay(organization, bram).is_admin
    assert Event.objects.latest("id").kind == "admin.named"
    with pytest.raises(ZetelError, match="guest_not_allowed"):
        directory_people.set_admin(space=organization, person=guus, is_admin=True, actor=anna, now=world.now)


def test_the_billing_owner_of_an_organization_keeps_the_admin_role(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    world.join(organization, bram)
    directory_people.set_admin(space=organization, person=bram, is_admin=True, actor=anna, now=world.now)
    world.paid(organization, bram)
    with pytest.raises(ZetelError, match="admin_is_billing_owner"):
        directory_people.set_admin(space=organization, person=bram, is_admin=False, actor=anna, now=world.now)
    assert world.stay(organization, bram).is_admin


@pytest.mark.parametrize(
    ("act", "facts"),
    [("leave", {}), ("deactivate", {"actor": None}), ("set_admin", {"actor": None, "is_admin": False})],
)
def test_the_last_admin_stays_while_others_are_there(
    world: World, act: str, facts: dict[str, object]
) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    space = world.workspace(anna)
    world.join(space, bram)
    with pytest.raises(ZetelError, match="last_admin"):
        getattr(directory_people, act)(space=space, person=anna, now=world.now, **facts)
    directory_people.leave(space=space, person=bram, now=world.now)
    directory_people.leave(space=space, person=anna, now=world.now)
    assert world.names(space) == []
