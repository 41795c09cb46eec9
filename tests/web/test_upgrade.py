"""Buying in the pages of the upgrade flow: what is bought, for whom, and the exact amounts of the worked examples."""

from datetime import UTC, datetime

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.upgrade_steps import DUTCH, Buyer, bought, invoice_of
from tests.world import buy
from zetel.models import Customer, Invoice, Membership, Person, Space, Subscription

pytestmark = pytest.mark.django_db


def test_a_workspace_is_bought_monthly_at_the_amount_of_the_first_example(
    anna: Person, studio: Space
) -> None:
    buyer = Buyer(anna)
    buyer.choose(studio)
    buyer.on(buyer.pay_with(), "review")
    review = buyer.get("review").content.decode()
    assert "Upgrade for €202.35" in review
    assert "15 seats × €13.49 = €202.35" in review
    assert "12 May 2026 to 12 June 2026" in review
    assert "12 June 2026: €202.35" in review
    buyer.confirm()
    done = buyer.outcome().content.decode()
    assert "Premium is on" in done
    assert "12 June 2026" in done
    assert invoice_of(studio).number in done
    terms = bought(studio).terms.get()
    assert (terms.plan, terms.cycle, terms.seats, terms.unit_amount) == ("premium", "month", 15, 1349)
    assert invoice_of(studio).total_amount == 20235


def test_a_team_of_five_is_bought_yearly_with_dutch_tax_in_dutch(
    world: World, anna: Person, acme: Space
) -> None:
    team = world.team(acme, anna)
    colleagues = [world.person(f"Mens{n}") for n in range(4)]
    world.join(acme, *colleagues)
    world.join(team, *colleagues)
    buyer = Buyer(anna, "nl")
    buyer.choose(team, cycle="year", seats=5)
    buyer.on(buyer.pay_with(kind="paypal", **DUTCH), "review")
    review = buyer.get("review").content.decode()
    assert "Upgrade voor €\u00a0816,15" in review
    assert "5 seats × €\u00a0134,90 = €\u00a0674,50" in review
    assert "Btw 21%" in review
    assert "€\u00a0141,65" in review
    buyer.confirm()
    assert "Premium staat aan" in buyer.outcome().content.decode()
    assert (invoice_of(team).net_amount, invoice_of(team).tax_amount) == (67450, 14165)
    assert not Subscription.objects.filter(space=acme).exists()


def test_two_seats_for_a_month_cost_what_the_specimen_in_the_design_says(anna: Person, studio: Space) -> None:
    buyer = Buyer(anna)
    buyer.choose(studio, seats=5)
    buyer.pay_with(**DUTCH)
    assert "Upgrade for €81.61" in buyer.get("review").content.decode()  # 5 × 13.49 = 67.45, and 21 % of it


def test_an_organization_bought_over_its_paid_team_shows_the_credit_and_ends_the_team_s_plan(
    clock: HandClock, world: World, anna: Person, acme: Space
) -> None:
    """Worked example 6: credit note 22.63, invoice 404.70, due 382.07."""
    team = world.team(acme, anna)
    held = buy(team, anna, clock.now, seats=4).subscription
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    buyer = Buyer(anna)
    buyer.choose(acme, seats=30)
    buyer.on(buyer.post("billing", payer=held.customer.public_id, method="saved"), "review")
    review = buyer.get("review").content.decode()
    assert "Upgrade for €382.07" in review
    assert "−€22.63" in review
    assert "The plan of Ontwerp ends" in review
    buyer.confirm()
    assert "Premium is on" in buyer.outcome().content.decode()
    held.refresh_from_db()
    assert (held.status, held.end_reason) == ("ended", "covered")
    assert invoice_of(acme).total_amount == 40470
    assert Invoice.objects.get(space=team, kind="credit_note").total_amount == -2263
    assert Membership.objects.get(space=acme, person=anna).is_admin


def test_a_team_that_would_lose_a_higher_plan_asks_for_a_tick_on_the_review(
    clock: HandClock, world: World, anna: Person, acme: Space
) -> None:
    team = world.team(acme, anna)
    buy(team, anna, clock.now, plan="business", seats=4)
    buyer = Buyer(anna)
    buyer.start(space=acme.public_id)
    buyer.post("plan", plan="premium", cycle="month", currency="EUR")
    buyer.post("space", space=acme.public_id)
    wish = {"plan": "premium", "cycle": "month", "seats": 5, "on_exceed": "grow"}
    details = buyer.get("details", plan="premium", cycle="month", seats="5").content.decode()
    assert "Some people would get a lower plan" in details
    assert "Ontwerp" in details
    buyer.on(buyer.post("details", **wish), "billing")
    buyer.on(buyer.pay_with(), "review")
    quote = buyer.quote_id()
    refused = buyer.confirm(quote)
    assert refused.status_code == 422
    assert "Tick the box to confirm that you want this." in refused.content.decode()
    assert not Subscription.objects.filter(space=acme).exists()
    buyer.post("review", quote=quote, lower="on")
    assert bought(acme).terms.get().plan == "premium"


def test_the_review_asks_for_the_tick_that_another_purchase_made_needed(
    clock: HandClock, world: World, anna: Person, acme: Space
) -> None:
    team = world.team(acme, anna)
    buyer = Buyer(anna)
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    quote = buyer.quote_id()
    buy(team, anna, clock.now, plan="business", seats=4)
    buyer.on(buyer.confirm(quote), "review")  # stale: another plan ends now
    assert "Some people would get a lower plan" in buyer.get("review").content.decode()
    assert buyer.confirm().status_code == 422
    assert not Subscription.objects.filter(space=acme).exists()


def test_a_colleague_becomes_billing_owner_and_the_buyer_gets_no_invoice(
    world: World, anna: Person, acme: Space
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    buyer = Buyer(anna)
    buyer.choose(acme, seats=5)
    buyer.on(buyer.post("billing", act="owner", name="Anna Typed"), "owner")
    assert "bram@acme.example" in buyer.get("owner", q="bra").content.decode()
    buyer.on(buyer.post("owner", person=bram.public_id), "billing")
    kept = buyer.get("billing").content.decode()
    assert "Anna Typed" in kept  # what was typed before is still there
    assert "Bram" in kept
    buyer.on(buyer.pay_with(), "review")
    assert "You get no invoices and no say over the plan." in buyer.get("review").content.decode()
    buyer.confirm()
    done = buyer.outcome().content.decode()
    assert "Goes to the billing owner" in done
    assert invoice_of(acme).number not in done
    assert bought(acme).customer.billing_owner == bram


def test_billing_information_used_before_may_be_used_again_with_its_saved_card(
    clock: HandClock, world: World, anna: Person, studio: Space
) -> None:
    held = buy(studio, anna, clock.now, seats=2).subscription
    other = world.workspace(anna, "Studio Zuid")
    buyer = Buyer(anna)
    buyer.choose(other, seats=3)
    assert held.customer.public_id in buyer.get("billing").content.decode()
    buyer.on(buyer.post("billing", payer=held.customer.public_id, method="saved"), "review")
    assert "Visa •••• 4242" in buyer.get("review").content.decode()
    buyer.confirm()
    assert bought(other).customer == held.customer
    assert Customer.objects.count() == 1


def test_nobody_pays_with_the_billing_information_of_a_colleague(
    clock: HandClock, world: World, anna: Person, acme: Space
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    theirs = buy(world.workspace(bram), bram, clock.now, seats=2).subscription.customer
    mine = buy(world.workspace(anna), anna, clock.now, seats=2).subscription.customer
    buyer = Buyer(anna)
    buyer.choose(acme, seats=5)
    buyer.post("owner", person=bram.public_id)
    # A customer has one billing owner (P12), so the buyer's own is not offered either.
    assert mine.public_id not in buyer.get("billing").content.decode()
    assert theirs.public_id not in buyer.get("billing").content.decode()
    assert buyer.post("billing", payer=theirs.public_id, method="saved", drawn_for="NL").status_code == 422
    assert buyer.draft.customer is None


def test_the_seat_policy_that_was_chosen_is_kept(anna: Person, studio: Space) -> None:
    buyer = Buyer(anna)
    buyer.choose(studio, seats=5, on_exceed="ask")
    buyer.pay_with()
    assert "You are asked when more people join." in buyer.get("review").content.decode()
    buyer.confirm()
    assert bought(studio).on_exceed == "ask"


def test_a_plan_and_cycle_from_a_link_are_kept_and_unknown_ones_are_left_out(
    anna: Person, studio: Space
) -> None:
    buyer = Buyer(anna)
    assert buyer.start(plan="business", cycle="month", currency="GBP").headers["Location"].endswith("/space")
    assert (buyer.draft.plan, buyer.draft.cycle, buyer.draft.currency) == ("business", "month", "GBP")
    assert buyer.start(plan="gold", cycle="week", currency="XXX").headers["Location"].endswith("/plan")
    assert (buyer.draft.plan, buyer.draft.cycle, buyer.draft.currency) == ("", "year", "EUR")


def test_another_currency_is_quoted_and_charged(anna: Person, studio: Space) -> None:
    buyer = Buyer(anna)
    buyer.start(space=studio.public_id)
    buyer.post("plan", plan="premium", cycle="month", currency="JPY")
    buyer.post("space", space=studio.public_id)
    assert "¥3,000 a month" in buyer.get("details").content.decode()
    buyer.post("details", plan="premium", cycle="month", seats=2, on_exceed="grow")
    buyer.pay_with()
    buyer.confirm()
    assert (invoice_of(studio).currency, invoice_of(studio).total_amount) == ("JPY", 3000)
