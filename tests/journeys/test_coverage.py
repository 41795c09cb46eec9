"""Stories of coverage: what a larger plan ends and gives back, and what everybody may use everywhere (P9, P12, E1)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.upgrade_steps import Buyer
from tests.world import DUTCH, accept, buy, confirm, customer_of, offer_for, quote_for, save_method, subscribe
from zetel.actions import changes, directory, directory_people, entitlements, quotes, standing
from zetel.jobs import billing_run, collect
from zetel.models import (
    Attempt,
    BalanceEntry,
    Change,
    Customer,
    Invoice,
    Mail,
    Payment,
    Person,
    Space,
    Subscription,
)
from zetel.rules.errors import ZetelError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]
MAY_30 = datetime(2026, 5, 30, 10, tzinfo=UTC)


@pytest.fixture
def bram(world: World) -> Person:
    return world.person("Bram")


@pytest.fixture
def acme(world: World, anna: Person, bram: Person) -> Space:
    space = world.organization(anna)
    world.join(space, bram)
    return space


def books(space: Space) -> list[tuple[str, str, int, int, int]]:
    """The documents of a space: kind, day, net, tax, total."""
    return [
        (row.kind, str(row.issued_on), row.net_amount, row.tax_amount, row.total_amount)
        for row in Invoice.objects.filter(space=space).order_by("id")
    ]


def taken() -> list[int]:
    return list(Payment.objects.filter(status="paid").order_by("id").values_list("amount", flat=True))


def ended(*rows: Subscription) -> list[tuple[str, str, str]]:
    again = [Subscription.objects.get(pk=row.pk) for row in rows]
    return [(row.status, row.end_reason, str(row.ended_on)) for row in again]


def covered(
    division: Space, person: Person, payer: Customer, clock: HandClock, *, seats: int, plan: str = "premium"
) -> Subscription:
    """A division that was offered by sales, and bought."""
    offer = offer_for(division, person, clock.now, seats=seats, plan=plan)
    return accept(offer, clock.now, payer).subscription


def balance_of(customer: Customer) -> int:
    return sum(BalanceEntry.objects.filter(customer=customer).values_list("amount", flat=True))


@pytest.mark.parametrize(
    ("address", "documents", "due"),
    [
        ({}, [("credit_note", -2263, 0, -2263), ("invoice", 40470, 0, 40470)], 38207),
        (DUTCH, [("credit_note", -2263, -475, -2738), ("invoice", 40470, 8499, 48969)], 46231),
    ],
    ids=["untaxed", "with 21 %"],
)
@pytest.mark.story("P9")
def test_worked_example_6(
    world: World,
    clock: HandClock,
    anna: Person,
    acme: Space,
    address: dict[str, str],
    documents: Any,
    due: int,
) -> None:
    """A team of 4 since 12 May, the organization over it on 30 May, the same customer pays both."""
    payer = customer_of(anna, clock.now, **address)
    team = subscribe(world.team(acme, anna), anna, clock.now, seats=4, customer=payer)
    buy(acme, anna, clock.set(MAY_30), seats=30, customer=payer)
    found = [(row.kind, row.net_amount, row.tax_amount, row.total_amount)
             for row in Invoice.objects.filter(issued_on="2026-05-30").order_by("total_amount")]  # fmt: skip
    assert found == documents
    assert taken()[-1] == due
    assert ended(team) == [("ended", "covered", "2026-05-30")]
    assert balance_of(payer) == 0


@pytest.mark.story("P9")
def test_an_organization_over_a_division_and_teams_of_its_own_and_of_other_customers(
    world: World, clock: HandClock, anna: Person, bram: Person, acme: Space
) -> None:
    """P9: one quote ends three plans; Bram's money stays Bram's balance, and the quote says so for each of them."""
    payer = customer_of(anna, clock.now)
    own = subscribe(world.team(acme, anna, "Ontwerp"), anna, clock.now, seats=4, customer=payer)
    others = subscribe(world.team(acme, bram, "Verkoop"), bram, clock.now, seats=2)
    north = world.division(acme, anna)
    inside = world.team(acme, anna, "Bouw")
    directory.put_team_into_division(team=inside, division=north, actor=anna, now=clock.now)
    division = covered(north, anna, payer, clock, seats=2)
    clock.set(MAY_30)
    buyer = Buyer(anna)
    buyer.choose(acme, seats=30)
    buyer.on(buyer.post("billing", payer=payer.public_id, method="saved"), "review")
    page = buyer.get("review").content.decode()
    # 4 and 2 seats at 13.49, 13 of 31 days: 22.63 and 11.31.
    assert "The plan of Ontwerp ends" in page
    assert page.count("What was not used, €22.63, pays for this purchase first.") == 1
    assert page.count("What was not used, €11.31, pays for this purchase first.") == 1
    assert page.count("What was not used, €11.31, goes to the balance of who paid for it.") == 1
    assert "Upgrade for €370.76" in page  # 404.70 - 22.63 - 11.31
    buyer.confirm()
    assert ended(own, others, division) == [("ended", "covered", "2026-05-30")] * 3
    assert (balance_of(payer), balance_of(others.customer)) == (0, 1131)
    told = Mail.objects.get(kind="plan_covered")  # Anna has just read it on the page
    assert (told.to_email, told.params["space"], told.params["by"]) == (
        "bram@acme.example",
        "Verkoop",
        "Acme",
    )


def test_a_division_over_paid_teams_leaves_the_rest_of_the_organization_as_it_is(
    world: World, clock: HandClock, anna: Person, bram: Person, acme: Space
) -> None:
    north = world.division(acme, anna)
    teams = [world.team(acme, anna, name) for name in ("Ontwerp", "Bouw")]
    for team in teams:
        directory.put_team_into_division(team=team, division=north, actor=anna, now=clock.now)
    within = [subscribe(team, anna, clock.now, seats=2) for team in teams]
    outside = subscribe(world.team(acme, bram, "Verkoop"), bram, clock.now, seats=2)
    covered(north, anna, customer_of(anna, clock.set(MAY_30)), clock, seats=5)
    assert ended(*within) == [("ended", "covered", "2026-05-30")] * 2
    assert ended(outside) == [("active", "", "None")]
    assert [balance_of(row.customer) for row in within] == [1131, 1131]


@pytest.mark.story("P9")
def test_a_covered_team_cannot_be_bought_for(
    world: World, clock: HandClock, anna: Person, bram: Person, acme: Space
) -> None:
    subscribe(acme, anna, clock.now, seats=3)
    team = world.team(acme, bram)
    with pytest.raises(ZetelError, match="already_covered"):
        quote_for(team, bram, clock.now, seats=2)
    assert not Subscription.objects.filter(space=team).exists()


@pytest.mark.story("P9")
def test_people_who_lose_a_higher_plan_are_named_and_nothing_is_bought_without_the_tick(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """P9: the tick is on the review page, is kept with the quote, and is asked for at the commit, by whatever door."""
    higher = subscribe(world.team(acme, anna), anna, clock.now, plan="business", seats=2)
    payer = customer_of(anna, clock.now)
    save_method(payer, anna, clock.now)
    quote = quote_for(acme, anna, clock.now, seats=3, customer=payer)
    assert quote.wish["lower_plans"] == ["Ontwerp"]
    with pytest.raises(ZetelError, match="tick_required"):
        changes.confirm(quote_id=quote.pk, person=anna, now=clock.now, return_path="/{change}", language="en")
    assert not Change.objects.filter(quote=quote).exists()
    assert ended(higher) == [("active", "", "None")]
    quotes.agree_to_lower(quote, now=clock.now)
    confirm(quote, clock.now)
    assert ended(higher) == [("ended", "covered", "2026-05-12")]


def test_a_team_whose_renewal_is_being_tried_again_is_not_charged_once_the_organization_covers_it(
    world: World, clock: HandClock, anna: Person, bram: Person, acme: Space
) -> None:
    """X4, I7: the unpaid renewal is credited and becomes nobody's balance; no try of it is left."""
    team = subscribe(world.team(acme, bram), bram, clock.now, seats=2)
    team.customer.methods.update(status="removed")
    billing_run.run_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    team.refresh_from_db()
    assert team.status == "past_due"
    buy(acme, anna, clock.now, seats=3)
    assert ended(team) == [("ended", "covered", "2026-06-12")]
    assert balance_of(team.customer) == 0
    assert [row.state for row in Invoice.objects.filter(subscription=team, kind="invoice").order_by("id")] == [
        "paid", "credited",
    ]  # fmt: skip
    assert not Attempt.objects.filter(payment__invoice__subscription=team, status="created").exists()


def test_a_renewal_that_the_billing_run_has_not_come_to_is_billed_before_its_plan_ends(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """C12, X4: on 13 June the day since the boundary is billed, and the rest of the new period taken back."""
    payer = customer_of(anna, clock.now)
    team = subscribe(world.team(acme, anna), anna, clock.now, seats=2, customer=payer)
    now = clock.set(datetime(2026, 6, 13, 10, tzinfo=UTC))
    quote_for(acme, anna, now, seats=3, customer=payer)
    collect.collect(Attempt.objects.get(status="created").pk, now=now)
    quote = quote_for(acme, anna, now, seats=3, customer=payer)
    confirm(quote, now)
    assert ended(team) == [("ended", "covered", "2026-06-13")]
    assert [(kind, total) for kind, _on, _net, _tax, total in books(team.space)] == [
        ("invoice", 2698), ("invoice", 2698), ("credit_note", -2608),
    ]  # fmt: skip


@pytest.mark.story("P9")
def test_everybody_in_every_place_has_what_the_highest_plan_around_gives(
    world: World, clock: HandClock, anna: Person, bram: Person, acme: Space
) -> None:
    """E1, P9, S3: guests are covered, the deactivated and the absent are not; the tree agrees with each answer."""
    gast = world.person("Gast", "gast@elders.example")
    chris = world.person("Chris")
    world.join(acme, chris)
    north = world.division(acme, anna)
    design, build, sales = (world.team(acme, anna, name) for name in ("Ontwerp", "Bouw", "Verkoop"))
    world.join(design, bram, gast)
    world.join(build, bram)
    design, build = (
        directory.put_team_into_division(team=team, division=north, actor=anna, now=clock.now)
        for team in (design, build)
    )
    covered(north, anna, customer_of(anna, clock.now), clock, plan="business", seats=2)
    directory_people.deactivate(space=acme, person=chris, actor=anna, now=clock.now)
    assert standing.counted_people(north) == 2  # Bram is in both teams, and one person

    def plan(person: Person, place: Space) -> tuple[str, str]:
        held = entitlements.of_person(person, place, now=clock.now)
        return held.plan, str(held.source)

    assert plan(bram, design) == plan(bram, build) == plan(bram, north) == ("business", "paid")
    assert plan(gast, design) == ("business", "paid")
    assert plan(bram, acme) == plan(anna, sales) == ("basic", "free")
    assert plan(bram, sales) == plan(chris, acme) == plan(gast, build) == ("basic", "nobody")
    tree = entitlements.in_tree(acme, now=clock.now)
    people, places = (anna, bram, gast, chris), (acme, north, design, build, sales)
    for person in people:
        for place in places:
            alone = entitlements.of_person(person, place, now=clock.now)
            assert tree.get((person.pk, place.pk), alone) == alone
            assert ((person.pk, place.pk) in tree) == (alone.source != "nobody")


def test_a_whole_organization_costs_as_many_queries_as_a_small_one(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    subscribe(acme, anna, clock.now, seats=20)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            entitlements.in_tree(acme, now=clock.now)
        return len(caught)

    queries()
    few = queries()
    for name in ("Ontwerp", "Bouw"):
        world.crowd(world.team(acme, anna, name), 5)
    assert queries() == few <= 6
