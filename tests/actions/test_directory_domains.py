"""Domains of an organization, and the standing that follows from them (rule S7)."""

import pytest
from allauth.account.models import EmailAddress

from tests.directory_world import World
from zetel.actions import directory_domains, directory_people
from zetel.models import Domain, Event, Person
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db


def give(person: Person, email: str, *, verified: bool = True) -> None:
    EmailAddress.objects.create(user=person, email=email, verified=verified)


def test_a_second_domain_makes_its_guests_members_in_the_teams_too(world: World) -> None:
    anna, guus = world.person("Anna"), world.person("Guus", "guus@beta.example")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.join(team, guus)
    give(anna, "anna@beta.example")
    directory_domains.add_domain(
        organization=organization, domain=" @BETA.example", actor=anna, now=world.now
    )
    assert (world.stay(organization, guus).standing, world.stay(team, guus).standing) == ("member", "member")
    event = Event.objects.latest("id")
    assert (event.kind, event.after) == (
        "domain.added", {"domain": "beta.example", "now_members": 2, "now_guests": 0},
    )  # fmt: skip


def test_a_colleagues_address_proves_a_domain_and_a_guests_does_not(world: World) -> None:
    anna, bram, guus = world.person("Anna"), world.person("Bram"), world.person("Guus", "guus@beta.example")
    organization = world.organization(anna)
    world.join(organization, bram, guus)
    with pytest.raises(ZetelError, match="domain_not_proved"):
        directory_domains.add_domain(
            organization=organization, domain="beta.example", actor=anna, now=world.now
        )
    give(bram, "bram@beta.example", verified=False)
    with pytest.raises(ZetelError, match="domain_not_proved"):
        directory_domains.add_domain(
            organization=organization, domain="beta.example", actor=anna, now=world.now
        )
    EmailAddress.objects.filter(user=bram).update(verified=True)
    row = directory_domains.add_domain(
        organization=organization, domain="beta.example", actor=anna, now=world.now
    )
    assert row.proved_by == bram


def test_a_domain_of_another_organization_is_taken(world: World) -> None:
    anna, daan = world.person("Anna"), world.person("Daan", "daan@beta.example")
    organization = world.organization(anna)
    world.organization(daan, "Beta", "beta.example")
    give(anna, "anna@beta.example")
    with pytest.raises(ZetelError, match="domain_taken"):
        directory_domains.add_domain(
            organization=organization, domain="beta.example", actor=anna, now=world.now
        )
    assert Domain.objects.filter(organization=organization).count() == 1


def test_removing_a_domain_makes_its_people_guests_without_the_admin_role(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram", "bram@beta.example")
    organization = world.organization(anna)
    give(anna, "anna@beta.example")
    directory_domains.add_domain(organization=organization, domain="beta.example", actor=anna, now=world.now)
    world.join(organization, bram)
    directory_people.set_admin(space=organization, person=bram, is_admin=True, actor=anna, now=world.now)
    directory_domains.remove_domain(
        organization=organization, domain="beta.example", actor=anna, now=world.now
    )
    stay = world.stay(organization, bram)
    assert (stay.standing, stay.is_admin, world.stay(organization, anna).standing) == (
        "guest",
        False,
        "member",
    )


def test_a_domain_stays_while_a_billing_owner_would_become_a_guest(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram", "bram@beta.example")
    organization = world.organization(anna)
    give(anna, "anna@beta.example")
    directory_domains.add_domain(organization=organization, domain="beta.example", actor=anna, now=world.now)
    team = world.team(organization, anna)
    world.join(team, bram)
    world.paid(team, bram)
    with pytest.raises(ZetelError) as refused:
        directory_domains.remove_domain(
            organization=organization, domain="beta.example", actor=anna, now=world.now
        )
    assert (refused.value.code, refused.value.params) == ("domain_makes_guest", {"person": "Bram"})
    assert Domain.objects.filter(organization=organization).count() == 2
    assert world.stay(team, bram).standing == "member"


def test_the_last_domain_stays(world: World) -> None:
    anna = world.person("Anna")
    organization = world.organization(anna)
    with pytest.raises(ZetelError, match="domain_last"):
        directory_domains.remove_domain(
            organization=organization, domain="acme.example", actor=anna, now=world.now
        )


def test_a_change_that_leaves_no_admin_is_refused(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram", "bram@beta.example")
    organization = world.organization(anna)
    give(anna, "anna@beta.example")
    directory_domains.add_domain(organization=organization, domain="beta.example", actor=anna, now=world.now)
    world.join(organization, bram)
    directory_people.set_admin(space=organization, person=bram, is_admin=True, actor=anna, now=world.now)
    directory_people.set_admin(space=organization, person=anna, is_admin=False, actor=bram, now=world.now)
    with pytest.raises(ZetelError, match="last_admin"):
        directory_domains.remove_domain(
            organization=organization, domain="beta.example", actor=bram, now=world.now
        )
    assert world.stay(organization, bram).is_admin


def test_members_do_not_change_domains(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    world.join(organization, bram)
    give(bram, "bram@beta.example")
    with pytest.raises(ZetelError, match="forbidden"):
        directory_domains.add_domain(
            organization=organization, domain="beta.example", actor=bram, now=world.now
        )
    with pytest.raises(ZetelError, match="forbidden"):
        directory_domains.remove_domain(
            organization=organization, domain="acme.example", actor=bram, now=world.now
        )


def test_a_newly_verified_address_makes_a_guest_a_member_everywhere(world: World) -> None:
    anna, guus = world.person("Anna"), world.person("Guus", "guus@elders.example")
    organization = world.organization(anna)
    team = world.team(organization, anna)
    world.join(team, guus)
    give(guus, "guus@acme.example")
    directory_domains.recount_person(person=guus, now=world.now)
    assert (world.stay(organization, guus).standing, world.stay(team, guus).standing) == ("member", "member")
    assert Event.objects.latest("id").kind == "membership.standing_changed"
    events = Event.objects.count()
    directory_domains.recount_person(person=guus, now=world.now)
    assert Event.objects.count() == events


def test_a_billing_owner_does_not_drop_the_address_that_makes_them_member(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    world.join(organization, bram)
    world.paid(organization, bram)
    EmailAddress.objects.filter(user=bram).delete()
    with pytest.raises(ZetelError, match="domain_makes_guest"):
        directory_domains.recount_person(person=bram, now=world.now)


def test_recounting_asks_the_same_number_of_questions_for_many(
    world: World, django_assert_max_num_queries: object
) -> None:
    anna = world.person("Anna")
    organization = world.organization(anna)
    world.crowd(organization, 30)
    give(anna, "anna@beta.example")
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        directory_domains.add_domain(
            organization=organization, domain="beta.example", actor=anna, now=world.now
        )
