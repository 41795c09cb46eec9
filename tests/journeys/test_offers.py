"""Stories of offers: asked for, made by sales, accepted by paying; and what staff do to divisions (P4, P6, P9, R9)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.test_billing import browser, path_of, words
from tests.web.upgrade_steps import Buyer
from tests.world import accept, change, customer_of, offer_for, subscribe
from zetel.actions import directory, divisions, offers, requests
from zetel.actions.staff import name_staff
from zetel.jobs import billing_run
from zetel.models import (
    BalanceEntry,
    Event,
    Invoice,
    Mail,
    Offer,
    Person,
    PurchaseDraft,
    Quote,
    SalesRequest,
    Space,
    Subscription,
)
from zetel.rules.errors import ZetelError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


@pytest.fixture
def north(world: World, acme: Space, anna: Person) -> Space:
    """A division with the team Ontwerp, in which Anna and Chris are."""
    division = world.division(acme, anna)
    team = world.team(acme, anna)
    world.join(team, world.person("Chris"))
    directory.put_team_into_division(team=team, division=division, actor=anna, now=world.now)
    return division


def staff(world: World, role: str) -> Person:
    person = world.person(role.title(), f"{role}@zetel.example")
    name_staff(person=person, role=role, now=world.now)
    return person


def refused(code: str, act: Any, *args: object, **facts: object) -> None:
    with pytest.raises(ZetelError) as error:
        act(*args, **facts)
    assert error.value.code == code


def asked_and_offered(
    world: World, clock: HandClock, anna: Person, acme: Space, north: Space
) -> tuple[SalesRequest, Offer]:
    """Anna's request for a division, and what sales make of it on their pages."""
    asked = requests.ask_sales(
        person=anna, space=acme, topic="division", wish={"plan": "business", "cycle": "month", "seats": 5},
        name="Anna", email=anna.email, company="Acme", phone="", message="Graag", now=clock.now,
    )  # fmt: skip
    sales = browser(staff(world, "sales"))
    page = words(sales.get(f"/staff/sales/{asked.public_id}/").content)
    assert "Choose the space that the offer is for." in page
    path = f"/staff/spaces/{north.public_id}/offer/?request={asked.public_id}"
    form = sales.get(path).context["form"]
    assert [form.initial[name] for name in ("email", "plan", "cycle", "seats")] == [
        "anna@acme.example", "business", "month", 5,
    ]  # fmt: skip
    wish = {
        "email": "anna@acme.example",
        "plan": "business",
        "cycle": "month",
        "seats": "5",
        "currency": "EUR",
    }
    sent = sales.post(path, wish | {"price": "25.00", "last_on": "2026-06-11", "message": "Voor jullie"})
    offer = Offer.objects.get()
    assert sent.headers["Location"] == f"/staff/offers/{offer.public_id}/"
    assert (offer.unit_amount, offer.valid_until) == (2500, datetime(2026, 6, 11, 22, tzinfo=UTC))
    return asked, offer


def test_from_a_request_to_a_paid_division(
    world: World, clock: HandClock, anna: Person, acme: Space, north: Space
) -> None:
    """P6, R1: asked for, offered at a special price, read, accepted and paid; the division has its Billing tab."""
    asked, offer = asked_and_offered(world, clock, anna, acme, north)
    asked.refresh_from_db()
    assert asked.status == "offered"
    mail = Mail.objects.get(kind="offer_made")
    assert (mail.to_email, mail.params["offer"]) == ("anna@acme.example", offer.public_id)

    buyer = Buyer(anna)
    page = words(buyer.client.get(f"/offers/{offer.public_id}/").content)
    for told in ("Everybody in Noord. People counted now: 2.", "Teams: Ontwerp", "€25.00 a seat for 5 seats",
                 "hold to the end of 11 June 2026", "Voor jullie"):  # fmt: skip
        assert told in page
    begun = buyer.client.post(f"/offers/{offer.public_id}/")
    buyer.base = begun.headers["Location"].rsplit("/", 1)[0]
    for step in ("plan", "space", "details"):  # nothing of an offer is chosen anew
        assert buyer.get(step).headers["Location"] == f"/offers/{offer.public_id}/"
        assert (
            buyer.post(step, plan="premium", seats="2").headers["Location"] == f"/offers/{offer.public_id}/"
        )
    assert buyer.client.post(f"/offers/{offer.public_id}/").headers["Location"] == begun.headers["Location"]
    buyer.on(buyer.pay_with(), "review")
    assert "Upgrade for €125.00" in buyer.get("review").content.decode()
    buyer.confirm()
    bought = Subscription.objects.get(space=north)
    offer.refresh_from_db()
    asked.refresh_from_db()
    assert (bought.status, offer.status, offer.change, asked.status) == (
        "active", "accepted", buyer.change, "approved",
    )  # fmt: skip
    assert Invoice.objects.get(space=north).total_amount == 12500
    assert Mail.objects.get(kind="offer_accepted").to_email == "sales@zetel.example"
    anna_at = browser(anna)
    assert path_of(north) in anna_at.get(reverse("space_settings", args=[north.pk])).content.decode()
    assert "Business" in words(anna_at.get(path_of(north)).content)
    assert "This offer was accepted" in words(anna_at.get(f"/offers/{offer.public_id}/").content)
    # The special price stays while plan and cycle do (P2).
    billing_run.run_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    assert Invoice.objects.filter(space=north).latest("id").total_amount == 12500


def test_a_size_above_the_ladder_is_offered_bought_and_kept(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """P4, P6: 750 seats at 10.00; self-service goes back onto the ladder, and the present size stays in the list."""
    offer = offer_for(acme, anna, clock.now, seats=750, unit_amount=1000)
    bought = accept(offer, clock.now, customer_of(anna, clock.now)).subscription
    assert Invoice.objects.get().total_amount == 750_000
    page = browser(anna).get(path_of(acme, "plan"))
    sizes = [value for value, _words in page.context["form"].fields["seats"].choices]
    assert (sizes[-2:], page.context["chosen"].seats) == ([500, 750], 750)
    change(bought, clock.now, seats=500)
    billing_run.run_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    assert Invoice.objects.latest("id").total_amount == 500_000


def test_a_plan_that_runs_grows_above_the_ladder_by_an_offer(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """P2, P4, C1: 500 seats since 12 May, 750 on 30 May: 250 × 13.49 × 13/31 = 1,414.27; only its owner may accept."""
    bram = world.person("Bram")
    world.join(acme, bram)
    bought = subscribe(acme, anna, clock.now, seats=500)
    clock.set(datetime(2026, 5, 30, 10, tzinfo=UTC))
    refused("offer_for_owner", offer_for, acme, bram, clock.now, seats=750)
    refused("price_immutable", offer_for, acme, anna, clock.now, seats=750, unit_amount=1000)
    refused("no_change", offer_for, acme, anna, clock.now, seats=500)
    offer = offer_for(acme, anna, clock.now, seats=750)
    client = browser(anna)
    assert "€1,414.27" in words(client.get(f"/offers/{offer.public_id}/").content)
    review = client.post(f"/offers/{offer.public_id}/").headers["Location"]
    quote = Quote.objects.get(offer=offer)
    assert f"/offers/{offer.public_id}/" in client.get(review).content.decode()
    assert client.post(review, {"quote": quote.public_id}).status_code == 302
    offer.refresh_from_db()
    assert (offer.status, offer.change and offer.change.subscription) == ("accepted", bought)
    assert [row.seats for row in bought.terms.order_by("id")] == [500, 750]
    assert Invoice.objects.latest("id").total_amount == 141_427


def test_a_plan_that_runs_goes_to_another_one_at_the_price_of_the_offer(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    """Premium 15 to Business at 20.00 on 30 May: -84.86 + 15 × 20.00 × 13/31 = 125.81, and 300.00 at the renewal."""
    subscribe(acme, anna, clock.now, seats=15)
    clock.set(datetime(2026, 5, 30, 10, tzinfo=UTC))
    offer = offer_for(acme, anna, clock.now, plan="business", seats=15, unit_amount=2000)
    client = browser(anna)
    review = client.post(f"/offers/{offer.public_id}/").headers["Location"]
    clock.set(clock.now + timedelta(minutes=31))  # the quote is over, the offer is not: the same price anew
    review = client.get(review).headers["Location"]
    client.post(review, {"quote": Quote.objects.latest("id").public_id})
    assert Invoice.objects.latest("id").total_amount == 12581 - 8486
    billing_run.run_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    assert Invoice.objects.latest("id").total_amount == 30000


def test_an_offer_binds_until_its_moment_and_not_beyond(
    world: World, clock: HandClock, anna: Person, north: Space
) -> None:
    offer = offer_for(north, anna, clock.now, days=1)
    draft = offers.begin(offer, person=anna, now=clock.set(offer.valid_until - timedelta(minutes=10)))
    payer = customer_of(anna, clock.now)
    PurchaseDraft.objects.filter(pk=draft.pk).update(customer=payer)
    buyer = Buyer(anna)
    buyer.base = f"/upgrade/{draft.public_id}"
    buyer.on(buyer.pay_with(), "review")
    assert Quote.objects.get(pk=buyer.get("review").context["quote"].pk).expires_at == offer.valid_until
    quote = buyer.quote_id()
    clock.set(offer.valid_until)
    buyer.on(buyer.confirm(quote), "review")
    buyer.on(buyer.get("review"), "details")
    assert "This offer is not valid any more" in words(
        browser(anna).get(f"/offers/{offer.public_id}/").content
    )
    refused("offer_expired", offers.begin, offer, person=anna, now=clock.now)
    assert not Subscription.objects.exists()


def test_a_withdrawn_offer_says_so_and_a_new_one_takes_the_place_of_the_old(
    world: World, clock: HandClock, anna: Person, north: Space
) -> None:
    first = offer_for(north, anna, clock.now)
    second = offer_for(north, anna, clock.now, seats=10)
    first.refresh_from_db()
    assert (first.status, second.status) == ("withdrawn", "open")
    sales = browser(staff(world, "sales"))
    assert sales.post(f"/staff/offers/{second.public_id}/", {"reason": " "}).status_code == 422
    assert sales.post(f"/staff/offers/{second.public_id}/", {"reason": "Wrong size"}).status_code == 302
    told = Mail.objects.get(kind="offer_withdrawn")
    assert (told.to_email, told.params["message"]) == ("anna@acme.example", "Wrong size")
    event = Event.objects.get(kind="offer.withdrawn")
    assert (event.actor and event.actor.staff_role, event.reason) == ("sales", "Wrong size")
    second.refresh_from_db()
    refused("offer_withdrawn", offers.begin, second, person=anna, now=clock.now)
    refused("offer_withdrawn", offers.withdraw, second, staff=anna, reason="Again", now=clock.now)
    page = words(browser(anna).get(f"/offers/{second.public_id}/").content)
    assert "Sales withdrew this offer" in page
    assert "Accept and pay" not in page


def test_while_it_is_being_paid_an_offer_cannot_be_withdrawn(
    world: World, clock: HandClock, anna: Person, north: Space
) -> None:
    """C5: the bank asks for approval; the offer is used only with the money."""
    offer = offer_for(north, anna, clock.now)
    waiting = accept(offer, clock.now, customer_of(anna, clock.now), behaviour="approval").change
    assert waiting.status == "action"
    offer.refresh_from_db()
    assert offer.status == "open"
    refused("change_pending", offers.withdraw, offer, staff=anna, reason="Too late", now=clock.now)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "daan@elsewhere.example", "is not an active member of"),
        ("email", "gast@elders.example", "is not an active member of"),
        ("seats", "6", "size"),
        ("price", "12,345", "amount"),
        ("price", "0", "amount"),
        ("last_on", "2026-05-11", "cannot be used"),
        ("last_on", "2028-01-01", "cannot be used"),
    ],
)
def test_what_cannot_be_offered_is_refused_at_its_field(
    world: World, clock: HandClock, anna: Person, acme: Space, north: Space, field: str, value: str, said: str
) -> None:
    gast = world.person("Gast", "gast@elders.example")
    world.join(acme, gast)
    wish = {"email": "anna@acme.example", "plan": "premium", "cycle": "month", "seats": "5", "currency": "EUR",
            "price": "", "last_on": "2026-06-11", "message": ""}  # fmt: skip
    answer = browser(staff(world, "sales")).post(
        f"/staff/spaces/{north.public_id}/offer/", wish | {field: value}
    )
    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors[field]).lower()
    assert not Offer.objects.exists()


def test_people_who_joined_meanwhile_must_fit_what_was_offered(
    world: World, clock: HandClock, anna: Person, acme: Space, north: Space
) -> None:
    """P5: an offer binds its size; a third person is beyond it, and nobody pays for too few seats."""
    offer = offer_for(north, anna, clock.now, seats=2)
    world.join(Space.objects.get(division=north), world.person("Bram"))
    page = words(browser(anna).get(f"/offers/{offer.public_id}/").content)
    assert "This offer cannot be accepted now" in page
    assert "3 people are counted, so 2 seats are too few." in page
    refused("seats_in_use", accept, offer, clock.now, customer_of(anna, clock.now))


def test_an_offer_is_paid_by_a_customer_of_its_own_currency(
    world: World, clock: HandClock, anna: Person, north: Space
) -> None:
    offer = offer_for(north, anna, clock.now)
    dollars = customer_of(anna, clock.now, currency="USD")
    refused("currency_mismatch", accept, offer, clock.now, dollars)
    subscribe(world.workspace(anna), anna, clock.now, seats=2, customer=dollars)
    buyer = Buyer(anna)
    buyer.base = buyer.client.post(f"/offers/{offer.public_id}/").headers["Location"].rsplit("/", 1)[0]
    assert dollars.public_id not in buyer.get("billing").content.decode()


def test_staff_put_a_paid_team_into_a_covered_division_and_its_plan_ends_that_day(
    world: World, clock: HandClock, anna: Person, acme: Space, north: Space
) -> None:
    """P9, S8, R9: shown before it is done; refused where nothing covers the team."""
    bram = world.person("Bram")
    world.join(acme, bram)
    team = world.team(acme, bram, "Bouw")
    own = subscribe(team, bram, clock.now, seats=4)
    sales = browser(staff(world, "sales"))
    path = f"/staff/spaces/{team.public_id}/division/"
    wish = {"division": str(north.pk), "reason": "Agreed with Anna"}
    answer = sales.post(path, wish)
    assert "Bouw has a paid plan, or a space inside it has." in words(answer.content)
    accept(offer_for(north, anna, clock.now, seats=10), clock.now, customer_of(anna, clock.now))
    clock.set(datetime(2026, 5, 30, 10, tzinfo=UTC))
    page = sales.post(path, wish)
    told = words(page.content)
    assert "The team's own plan ends today" in told
    assert "What was not used, €22.63," in told
    own.refresh_from_db()
    assert (own.status, Space.objects.get(pk=team.pk).division) == ("active", None)
    basis = page.context["move"].basis
    change(own, clock.now, seats=5)  # something happens between looking and doing
    assert "This cannot be done" in words(sales.post(path, wish | {"basis": basis}).content)
    assert Space.objects.get(pk=team.pk).division is None
    basis = sales.post(path, wish).context["move"].basis
    assert sales.post(path, wish | {"basis": basis}).status_code == 302
    own.refresh_from_db()
    assert (own.status, own.end_reason, Space.objects.get(pk=team.pk).division) == ("ended", "covered", north)
    # 5 × 13.49 × 13/31 = 28.29: the four of 12 May and the one that was bought that day, in one line.
    assert sum(BalanceEntry.objects.filter(customer=own.customer).values_list("amount", flat=True)) == 2829
    assert Mail.objects.get(kind="plan_covered").to_email == "bram@acme.example"
    moved = Event.objects.get(kind="space.moved", space=team)
    assert (moved.actor and moved.actor.staff_role, moved.reason) == ("sales", "Agreed with Anna")


def test_sales_make_a_division_to_offer(world: World, clock: HandClock, anna: Person, acme: Space) -> None:
    sales = browser(staff(world, "sales"))
    answer = sales.post(f"/staff/spaces/{acme.public_id}/divisions/", {"name": "Zuid"})
    made = Space.objects.get(kind="division")
    assert answer.headers["Location"] == f"/staff/spaces/{made.public_id}/"
    assert (made.name, made.organization) == ("Zuid", acme)
    refused("space_kind_invalid", divisions.make, made, name="Dieper", staff=anna, now=clock.now)


def test_the_page_of_a_space_costs_the_same_however_many_people_and_teams(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    client, path = browser(staff(world, "support")), f"/staff/spaces/{acme.public_id}/"

    def queries() -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(path).status_code == 200
        return len(caught)

    world.team(acme, anna, "Ontwerp")
    few = queries()
    for name in ("Bouw", "Verkoop"):
        world.crowd(world.team(acme, anna, name), 4)
    assert queries() == few
    assert SalesRequest.objects.count() == 0
