"""Making spaces, naming them, and moving teams between divisions."""

import pytest

from tests.directory_world import World
from zetel.actions import directory
from zetel.models import Domain, Event, Space
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db


def test_who_makes_a_workspace_is_its_first_member_and_admin(world: World) -> None:
    anna = world.person("Anna")
    space = world.workspace(anna)
    stay = world.stay(space, anna)
    assert (space.kind, space.name, stay.standing, stay.is_admin) == (
        "workspace",
        "Studio Noord",
        "member",
        True,
    )
    event = Event.objects.get(space=space)
    assert (event.kind, event.actor, event.after) == (
        "space.created", anna, {"kind": "workspace", "name": "Studio Noord"},
    )  # fmt: skip


def test_an_organization_is_proved_by_its_makers_own_verified_address(world: World) -> None:
    anna = world.person("Anna")
    space = world.organization(anna)
    domain = Domain.objects.get(organization=space)
    assert (domain.name, domain.proved_by) == ("acme.example", anna)
    assert world.stay(space, anna).is_admin


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("other.example", "domain_not_proved"),
        ("gmail.com", "domain_public"),
        ("no domain", "domain_invalid"),
        ("localhost", "domain_invalid"),
    ],
)
def test_an_organization_without_proof_is_refused_and_nothing_is_kept(
    world: World, domain: str, code: str
) -> None:
    anna = world.person("Anna")
    with pytest.raises(ZetelError) as refused:
        world.organization(anna, domain=domain)
    assert refused.value.code == code
    assert not Space.objects.exists()


def test_an_address_not_yet_verified_proves_nothing(world: World) -> None:
    anna = world.person("Anna")
    anna.emailaddress_set.update(verified=False)  # type: ignore[attr-defined]
    with pytest.raises(ZetelError, match="domain_not_proved"):
        world.organization(anna)


def test_a_domain_belongs_to_one_organization(world: World) -> None:
    world.organization(world.person("Anna"))
    with pytest.raises(ZetelError, match="domain_taken"):
        world.organization(world.person("Bram"), name="Acme Two")
    assert Space.objects.count() == 1


def test_any_member_makes_a_team_and_guests_do_not(world: World) -> None:
    anna, bram, guus = world.person("Anna"), world.person("Bram"), world.person("Guus", "guus@elders.example")
    organization = world.organization(anna)
    world.join(organization, bram, guus)
    team = world.team(organization, bram)
    assert (team.kind, team.organization, world.stay(team, bram).is_admin) == ("team", organization, True)
    for stranger in (guus, world.person("Daan", "daan@daan.example")):
        with pytest.raises(ZetelError, match="forbidden"):
            world.team(organization, stranger)


def test_only_an_admin_makes_a_division_and_fills_it(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    world.join(organization, bram)
    team = world.team(organization, bram)
    with pytest.raises(ZetelError, match="forbidden"):
        world.division(organization, bram)
    division = world.division(organization, anna)
    with pytest.raises(ZetelError, match="forbidden"):
        directory.put_team_into_division(team=team, division=division, actor=bram, now=world.now)
    directory.put_team_into_division(team=team, division=division, actor=anna, now=world.now)
    team.refresh_from_db()
    assert team.division == division
    directory.put_team_into_division(team=team, division=None, actor=anna, now=world.now)
    team.refresh_from_db()
    assert team.division is None


def test_a_paid_team_is_not_moved(world: World) -> None:
    anna = world.person("Anna")
    organization = world.organization(anna)
    team, division = world.team(organization, anna), world.division(organization, anna)
    world.paid(team, anna)
    with pytest.raises(ZetelError, match="space_has_subscription"):
        directory.put_team_into_division(team=team, division=division, actor=anna, now=world.now)
    team.refresh_from_db()
    assert team.division is None


def test_a_team_stays_while_a_divisions_billing_owner_is_in_no_other_of_its_teams(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    world.join(organization, bram)
    division = world.division(organization, anna)
    team = world.team(organization, bram)
    directory.put_team_into_division(team=team, division=division, actor=anna, now=world.now)
    world.paid(division, bram)
    with pytest.raises(ZetelError, match="billing_owner_required"):
        directory.put_team_into_division(team=team, division=None, actor=anna, now=world.now)
    other = world.team(organization, bram, "Bouw")
    directory.put_team_into_division(team=other, division=division, actor=anna, now=world.now)
    directory.put_team_into_division(team=team, division=None, actor=anna, now=world.now)


def test_a_division_of_another_organization_does_not_exist_for_a_team(world: World) -> None:
    anna, daan = world.person("Anna"), world.person("Daan", "daan@daan.example")
    team = world.team(world.organization(anna), anna)
    elsewhere = world.division(world.organization(daan, "Daan BV", "daan.example"), daan)
    with pytest.raises(ZetelError, match="not_found"):
        directory.put_team_into_division(team=team, division=elsewhere, actor=anna, now=world.now)


def test_an_admin_renames_a_space_and_a_member_does_not(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    space = world.workspace(anna)
    world.join(space, bram)
    with pytest.raises(ZetelError, match="forbidden"):
        directory.edit_space(space=space, name="Van Bram", actor=bram, now=world.now)
    directory.edit_space(space=space, name="Studio  Zuid", actor=anna, now=world.now)
    space.refresh_from_db()
    event = Event.objects.latest("id")
    assert (space.name, event.kind, event.before, event.after) == (
        "Studio Zuid", "space.renamed", {"name": "Studio Noord"}, {"name": "Studio Zuid"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "", "value_required"),
        ("name", "x" * 256, "value_too_long"),
        ("name", "a\x00b", "name_invalid"),
        ("country", "ZZ", "country_invalid"),
        ("time_zone", "Mars/Olympus", "time_zone_invalid"),
        ("time_zone", "../../etc/passwd", "time_zone_invalid"),
    ],
)
def test_a_space_that_says_something_impossible_is_refused(
    world: World, field: str, value: str, code: str
) -> None:
    anna = world.person("Anna")
    facts = {"name": "Studio", "country": "NL", "time_zone": "Europe/Amsterdam", field: value}
    with pytest.raises(ZetelError) as refused:
        directory.create_workspace(**facts, person=anna, now=world.now)
    assert refused.value.code == code
    assert not Space.objects.exists()
