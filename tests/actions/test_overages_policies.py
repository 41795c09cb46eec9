"""Who may come in when seats run out: `block`, `warn`, teams, divisions and what they are in (C8, P5, P9, P11)."""

import pytest

from tests.actions.changing import lines
from tests.actions.outgrowing import MAY_19, come, go, overages, policy, told, work
from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import Visit
from tests.world import subscribe
from zetel.actions import directory, directory_account, directory_invitations, directory_people
from zetel.models import Invitation, Mail, Person, Space
from zetel.rules.errors import ZetelError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def invite(space: Space, actor: Person, address: str, clock: HandClock) -> Invitation:
    return directory_invitations.invite(space=space, email=address, actor=actor, now=clock.now)


def test_block_refuses_who_would_take_a_seat_that_there_is_not(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    policy("block", clock)
    subscription = subscribe(studio, anna, clock.now, seats=2)
    (bram,) = come(world, studio, clock, "Bram")
    with pytest.raises(ZetelError, match="seats_full"):
        come(world, studio, clock, "Chris")
    assert world.names(studio) == ["Anna", "Bram"]
    directory_people.deactivate(space=studio, person=bram, actor=anna, now=clock.now)
    come(world, studio, clock, "Eva")
    with pytest.raises(ZetelError, match="seats_full"):
        directory_people.reactivate(space=studio, person=bram, actor=anna, now=clock.now)
    assert overages(subscription) == []


def test_under_block_an_invitation_takes_a_seat_and_gives_it_to_who_comes_with_it(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    policy("block", clock)
    subscribe(studio, anna, clock.now, seats=3)
    chris = world.person("Chris")
    kept = invite(studio, anna, "chris@acme.example", clock)
    invite(studio, anna, "chris@acme.example", clock)  # again: the same seat
    assert kept.pk != Invitation.objects.latest("id").pk
    come(world, studio, clock, "Bram")
    with pytest.raises(ZetelError, match="seats_full"):
        come(world, studio, clock, "Daan")
    with pytest.raises(ZetelError, match="seats_full"):
        invite(studio, anna, "eva@acme.example", clock)
    row = Invitation.objects.latest("id")
    directory_invitations.accept_addressed(invitation=row, person=chris, now=clock.now)
    assert world.names(studio) == ["Anna", "Bram", "Chris"]


def test_under_block_a_withdrawn_or_expired_invitation_frees_its_seat(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    policy("block", clock)
    subscribe(studio, anna, clock.now, seats=2)
    row = invite(studio, anna, "chris@acme.example", clock)
    directory_invitations.revoke(invitation=row, actor=anna, now=clock.now)
    invite(studio, anna, "eva@acme.example", clock)
    clock.move(days=15)
    come(world, studio, clock, "Bram")


def test_under_block_guests_come_in_and_their_invitations_take_no_seat(
    world: World, anna: Person, clock: HandClock
) -> None:
    policy("block", clock)
    acme = world.organization(anna)
    subscription = subscribe(acme, anna, clock.now, seats=2)
    come(world, acme, clock, "Bram")
    invite(acme, anna, "gita@partner.example", clock)
    world.join(acme, world.person("Gita", "gita@partner.example"))
    with pytest.raises(ZetelError, match="seats_full"):
        invite(acme, anna, "chris@acme.example", clock)
    assert overages(subscription) == []


def test_expand_invitations_take_no_seat(world: World, studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=2)
    for name in ("bram", "chris", "eva"):
        invite(studio, anna, f"{name}@acme.example", clock)
    assert (overages(subscription), told()) == ([], [])


def test_warn_lets_people_in_tells_and_never_grows(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    policy("warn", clock)
    subscription = subscribe(studio, anna, clock.now, seats=2)
    come(world, studio, clock, "Bram", "Chris")
    assert overages(subscription) == [("open", "2026-05-12", "")]
    assert Mail.objects.get(kind="seats_exceeded").params["obstacle"] == "policy"
    work(clock, MAY_19)
    assert (lines(subscription), overages(subscription)) == ([], [("open", "2026-05-12", "")])


def test_a_guest_who_becomes_a_member_takes_a_seat_that_day(
    world: World, anna: Person, clock: HandClock
) -> None:
    acme = world.organization(anna)
    team = world.team(acme, anna)
    subscription = subscribe(team, anna, clock.now, seats=2)
    chris = world.person("Chris", "chris@partner.example")
    world.join(team, world.person("Bram"), chris)
    assert overages(subscription) == []
    directory_account.add_verified_address(person=chris, email="chris@acme.example", now=clock.now)
    assert world.stay(team, chris).standing == "member"
    assert overages(subscription) == [("open", "2026-05-12", "")]
    assert told() == ["seats_full", "seats_exceeded"]


def test_a_person_in_two_teams_of_a_division_takes_one_seat_there(
    world: World, anna: Person, clock: HandClock, stays_healthy: Visit
) -> None:
    stays_healthy.expect("X5", "never_billed")  # divisions are offered by sales; this one was written by hand
    stays_healthy.expect("X13", "owner_without_event")
    acme = world.organization(anna)
    division, one, two = (
        world.division(acme, anna),
        world.team(acme, anna, "Een"),
        world.team(acme, anna, "Twee"),
    )
    for team in (one, two):
        directory.put_team_into_division(team=team, division=division, actor=anna, now=clock.now)
    subscription = world.paid(division, anna, seats=2)
    (bram,) = come(world, one, clock, "Bram")
    world.join(two, bram)
    assert overages(subscription) == []
    (chris,) = come(world, two, clock, "Chris")
    assert overages(subscription) == [("open", "2026-05-12", "")]
    directory.put_team_into_division(team=two, division=None, actor=anna, now=clock.now)
    assert overages(subscription) == [("closed", "2026-05-12", "freed")]
    directory.put_team_into_division(team=two, division=division, actor=anna, now=clock.now)
    go(two, chris, clock)
    assert overages(subscription) == [("closed", "2026-05-12", "freed")]


def test_leaving_the_organization_frees_the_seat_in_its_teams_too(
    world: World, anna: Person, clock: HandClock
) -> None:
    acme = world.organization(anna)
    team = world.team(acme, anna)
    subscription = subscribe(team, anna, clock.now, seats=2)
    _, chris = come(world, team, clock, "Bram", "Chris")
    assert overages(subscription) == [("open", "2026-05-12", "")]
    go(acme, chris, clock)
    assert overages(subscription) == [("closed", "2026-05-12", "freed")]


def test_an_organization_that_takes_over_a_team_takes_over_its_overage(
    world: World, anna: Person, clock: HandClock
) -> None:
    acme = world.organization(anna)
    team = world.team(acme, anna)
    of_team = subscribe(team, anna, clock.now, seats=2)
    come(world, team, clock, "Bram", "Chris")
    of_acme = subscribe(acme, anna, clock.now, seats=3, customer=of_team.customer)
    assert overages(of_team) == [("closed", "2026-05-12", "ended")]
    assert overages(of_acme) == []
