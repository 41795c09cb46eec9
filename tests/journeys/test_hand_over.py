"""Stories of who holds billing: bought for a colleague, handed over, and the owner who is taken out (R1 to R7, P12)."""

from datetime import UTC, date, datetime

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import Visit, findings
from tests.web.test_billing import browser, path_of, words
from tests.world import change, customer_of, subscribe
from zetel.actions import cancellations, directory_host, directory_people, hand_over
from zetel.jobs import billing_run
from zetel.models import Event, Invoice, Mail, Person, Space, Subscription
from zetel.rules.errors import ZetelError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]
People = dict[str, Person]


@pytest.fixture
def people(world: World) -> People:
    return {name: world.person(name.title()) for name in ("anna", "bram", "chris")}


@pytest.fixture
def acme(world: World, people: People) -> Space:
    """Anna founded it and is admin; Bram came before Chris."""
    space = world.organization(people["anna"])
    world.join(space, people["bram"], people["chris"])
    return space


@pytest.fixture
def team(world: World, acme: Space, people: People) -> Space:
    """Bram made it and is its admin; Anna and Chris are members."""
    space = world.team(acme, people["bram"])
    world.join(space, people["chris"], people["anna"])
    return space


def refused(code: str, act: object, *args: object, **facts: object) -> None:
    assert callable(act)
    with pytest.raises(ZetelError) as error:
        act(*args, **facts)
    assert error.value.code == code


def mails(kind: str) -> list[str]:
    return sorted(Mail.objects.filter(kind=kind).values_list("to_email", flat=True))


def owner_of(subscription: Subscription) -> Person | None:
    return Subscription.objects.get(pk=subscription.pk).customer.billing_owner


@pytest.mark.story("R1", "R4")
def test_whoever_buys_for_a_colleague_gets_no_invoice_and_no_say(
    world: World, acme: Space, people: People
) -> None:
    """R1, R4: Chris buys for the organization and names Bram, who becomes its admin."""
    bought = subscribe(acme, people["chris"], world.now, seats=3, owner=people["bram"])
    assert owner_of(bought) == people["bram"]
    assert mails("invoice") == ["bram@acme.example"]
    assert mails("billing_owner_named") == ["bram@acme.example"]
    assert mails("admin_told") == ["anna@acme.example"]
    assert world.stay(acme, people["bram"]).is_admin
    refused("forbidden", cancellations.cancel, bought, actor=people["chris"], now=world.now)
    assert browser(people["chris"]).get(path_of(acme, "invoices/")).status_code == 403


@pytest.mark.story("R5")
def test_the_owner_of_an_organization_hands_over_and_stays_admin(
    world: World, acme: Space, people: People
) -> None:
    """R5: at once, both told; the new one becomes admin, the old one keeps that role and nothing else."""
    bought = subscribe(acme, people["anna"], world.now, seats=3)
    hand_over.give(bought, to=people["bram"], actor=people["anna"], now=world.now)
    assert owner_of(bought) == people["bram"]
    assert [world.stay(acme, people[name]).is_admin for name in ("anna", "bram")] == [True, True]
    assert (mails("billing_owner_old"), mails("billing_owner_new")) == (
        ["anna@acme.example"],
        ["bram@acme.example"],
    )
    refused("forbidden", cancellations.cancel, bought, actor=people["anna"], now=world.now)
    refused("forbidden", hand_over.give, bought, to=people["chris"], actor=people["anna"], now=world.now)
    change(bought, world.now, seats=5)
    # R4: what cannot be taken from a billing owner can be taken from one who was.
    admin = {"space": acme, "is_admin": False, "now": world.now}
    refused(
        "admin_is_billing_owner",
        directory_people.set_admin,
        person=people["bram"],
        actor=people["anna"],
        **admin,
    )
    directory_people.set_admin(person=people["anna"], actor=people["bram"], **admin)  # type: ignore[arg-type]


@pytest.mark.story("P12")
def test_one_of_two_plans_goes_with_a_copy_and_asks_for_a_method_before_its_next_charge(
    world: World, clock: HandClock, team: Space, people: People
) -> None:
    """P12, G4: the copy has no balance and no method; the other plan goes on as it was."""
    payer = customer_of(people["anna"], world.now)
    studio = world.workspace(people["anna"])
    kept = subscribe(studio, people["anna"], world.now, seats=2, customer=payer)
    given = subscribe(team, people["anna"], world.now, seats=3, customer=payer)
    hand_over.give(given, to=people["chris"], actor=people["anna"], now=world.now)
    given.refresh_from_db()
    assert given.customer != payer
    assert (given.customer.name, given.customer.methods.count(), given.customer.balance_entries.count()) == (
        payer.name, 0, 0,
    )  # fmt: skip
    billing_run.run_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    states = {row.space_id: row.status for row in Subscription.objects.live()}
    assert states == {studio.pk: "active", team.pk: "past_due"}
    assert mails("payment_failed") == ["chris@acme.example"]
    kept.refresh_from_db()
    assert kept.customer == payer


def test_while_a_renewal_is_unpaid_one_of_two_plans_stays_with_who_was_billed(
    world: World, clock: HandClock, team: Space, people: People
) -> None:
    payer = customer_of(people["anna"], world.now)
    subscribe(world.workspace(people["anna"]), people["anna"], world.now, seats=2, customer=payer)
    given = subscribe(team, people["anna"], world.now, seats=3, customer=payer)
    payer.methods.update(status="removed")
    billing_run.run_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    given.refresh_from_db()
    assert given.status == "past_due"
    refused("past_due", hand_over.give, given, to=people["chris"], actor=people["anna"], now=clock.now)
    assert owner_of(given) == people["anna"]


@pytest.mark.story("R6")
def test_a_billing_owner_goes_only_after_a_hand_over(world: World, team: Space, people: People) -> None:
    """R6: not by leaving, not by removal, not by deactivation, there or in the organization around."""
    bought = subscribe(team, people["chris"], world.now, seats=3)
    assert team.organization is not None
    for space in (team, team.organization):
        refused(
            "billing_owner_required",
            directory_people.leave,
            space=space,
            person=people["chris"],
            now=world.now,
        )
        for act in (directory_people.remove, directory_people.deactivate):
            refused(
                "billing_owner_required",
                act,
                space=space,
                person=people["chris"],
                actor=people["anna"],
                now=world.now,
            )
    assert world.names(team) == ["Anna", "Bram", "Chris"]
    hand_over.give(bought, to=people["anna"], actor=people["chris"], now=world.now)
    directory_people.leave(space=team.organization, person=people["chris"], now=world.now)
    assert world.names(team) == ["Anna", "Bram"]


@pytest.mark.parametrize("act", [directory_host.removed, directory_host.deactivated])
@pytest.mark.story("R6")
def test_the_hosts_directory_takes_the_owner_out_and_billing_goes_to_the_longest_standing_admin(
    world: World, team: Space, people: People, act: object
) -> None:
    """R6: Anna came last, and is the team's only admin."""
    bought = subscribe(team, people["chris"], world.now, seats=3)
    for name, is_admin in (("anna", True), ("bram", False)):
        directory_people.set_admin(
            space=team, person=people[name], is_admin=is_admin, actor=people["anna"], now=world.now
        )
    assert callable(act)
    act(space=team, person=people["chris"], now=world.now)
    assert owner_of(bought) == people["anna"]
    assert (mails("billing_owner_old"), mails("billing_owner_new")) == (
        ["chris@acme.example"],
        ["anna@acme.example"],
    )
    event = Event.objects.get(kind="billing_owner.changed")
    assert (event.actor, event.before, event.after) == (
        None, {"owner": "Chris"}, {"owner": "Anna", "reason": "left"},
    )  # fmt: skip
    assert "Chris is no longer here, so billing went to Anna." in words(
        browser(people["anna"]).get(path_of(team)).content
    )


def test_without_an_admin_it_goes_to_who_is_a_member_for_longest(
    world: World, team: Space, people: People
) -> None:
    bought = subscribe(team, people["bram"], world.now, seats=3)
    directory_host.removed(space=team, person=people["bram"], now=world.now)
    assert owner_of(bought) == people["chris"]
    directory_host.removed(space=team, person=people["chris"], now=world.now)
    assert owner_of(bought) == people["anna"]


def test_the_heir_of_an_organization_becomes_its_admin(
    world: World, acme: Space, team: Space, people: People
) -> None:
    """One act passes on what the person owned in the organization and in its teams, each to its own heir."""
    whole = subscribe(acme, people["anna"], world.now, seats=3)
    directory_host.removed(space=acme, person=people["anna"], now=world.now)
    assert owner_of(whole) == people["bram"]
    assert world.stay(acme, people["bram"]).is_admin
    assert world.names(team) == ["Bram", "Chris"]


@pytest.mark.story("R6")
def test_with_nobody_left_it_is_not_renewed_staff_are_told_and_support_hands_it_to_who_comes(
    world: World, clock: HandClock, people: People, stays_healthy: Visit
) -> None:
    """R6, R7, X12."""
    studio = world.workspace(people["anna"])
    bought = subscribe(studio, people["anna"], world.now, seats=2)
    directory_host.removed(space=studio, person=people["anna"], now=world.now)
    bought.refresh_from_db()
    assert (owner_of(bought), bought.ends_on, bought.status) == (None, date(2026, 6, 12), "active")
    assert mails("billing_owner_gone") == ["anna@acme.example"]
    assert Mail.objects.get(kind="staff_alert").params["what"] == "owner_gone"
    told = findings(clock.now, "X12", notices=True)
    assert [(finding.what, finding.is_notice) for finding in told] == [("owner_gone", True)]
    assert browser(people["anna"]).get(path_of(studio)).status_code == 404
    # Somebody comes: there is nobody to ask but support.
    world.join(studio, people["bram"])
    page = words(browser(people["bram"]).get(path_of(studio)).content)
    assert "Nobody manages billing here" in page
    assert "Premium ends on 12 June 2026 and is not renewed." in page
    staff = world.person("Sam")
    refused(
        "reason_required",
        hand_over.give_for,
        bought,
        to=people["bram"],
        staff=staff,
        reason=" ",
        now=world.now,
    )
    hand_over.give_for(bought, to=people["bram"], staff=staff, reason="Asked by phone", now=world.now)
    cancellations.resume(bought, actor=people["bram"], now=world.now)
    billing_run.run_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    assert Invoice.objects.filter(subscription=bought).count() == 2


@pytest.mark.story("R7")
def test_with_nobody_left_it_ends_and_its_last_owner_keeps_the_invoices(
    world: World, clock: HandClock, people: People
) -> None:
    """R7: also of one that nobody owned at its end; a purchase that was being filled in gets nothing of it."""
    studio = world.workspace(people["anna"])
    bought = subscribe(studio, people["anna"], world.now, seats=2)
    directory_host.deactivated(space=studio, person=people["anna"], now=world.now)
    billing_run.run_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    bought.refresh_from_db()
    assert (bought.status, bought.ended_on, bought.last_owner) == ("ended", date(2026, 6, 12), people["anna"])
    assert Invoice.objects.count() == 1
    assert "INV-2026-00001" in words(browser(people["anna"]).get("/billing/").content)
