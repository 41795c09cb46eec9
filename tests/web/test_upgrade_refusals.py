"""Who may not buy, what cannot be bought, and that tabs, reloads and old quotes all end well."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.upgrade_steps import DUTCH, OUTSIDE, Buyer, bought
from tests.world import buy
from zetel.actions import directory_people
from zetel.models import Attempt, Change, Membership, Person, PurchaseDraft, Quote, Space, Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer(anna: Person) -> Buyer:
    return Buyer(anna)


# ------------------------------------------------------------------------------------------------------- who


@pytest.mark.story("R8")
def test_nobody_logged_in_is_led_to_log_in_and_back() -> None:
    answer = Client().get("/upgrade/?plan=premium")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("?next=%2Fupgrade%2F%3Fplan%3Dpremium")


@pytest.mark.story("R8")
def test_a_stranger_gets_the_same_404_as_for_no_space_at_all(world: World, acme: Space) -> None:
    daan = Buyer(world.person("Daan", "daan@elsewhere.example"))
    real = daan.client.get(f"/upgrade/?space={acme.public_id}")
    none = daan.client.get("/upgrade/?space=spc_00000000000000000000000000")
    bad = daan.client.get("/upgrade/?space=nonsense")
    assert real.status_code == none.status_code == bad.status_code == 404
    assert PurchaseDraft.objects.count() == 0


def test_a_guest_may_not_buy_and_does_not_see_the_organization_in_the_list(
    world: World, anna: Person, acme: Space
) -> None:
    guest = world.person("Gast", "gast@elsewhere.example")
    world.join(acme, guest)
    assert Membership.objects.get(space=acme, person=guest).standing == "guest"
    visitor = Buyer(guest)
    assert visitor.client.get(f"/upgrade/?space={acme.public_id}").status_code == 403
    visitor.start(plan="premium")
    page = visitor.get("space").content.decode()
    assert "Acme" not in page
    assert "You are not a member of any space yet" in page
    assert visitor.post("space", space=acme.public_id).status_code == 422
    assert visitor.draft.space is None


def test_a_draft_of_somebody_else_does_not_exist(world: World, buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    bram = world.person("Bram")
    world.join(acme, bram)
    other = Client()
    other.force_login(bram)
    for step in ("plan", "space", "details", "billing", "owner", "method", "review"):
        assert other.get(f"{buyer.base}/{step}").status_code == 404
        assert other.post(f"{buyer.base}/{step}").status_code == 404


def test_a_draft_that_was_left_alone_for_a_month_does_not_exist(
    buyer: Buyer, acme: Space, clock: HandClock
) -> None:
    buyer.choose(acme, seats=5)
    clock.move(days=30)
    assert buyer.get("details").status_code == 404


def test_the_outcome_is_shown_to_the_buyer_alone(world: World, buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    buyer.confirm()
    bram = world.person("Bram")
    world.join(acme, bram)
    other = Client()
    other.force_login(bram)
    path = f"/upgrade/changes/{buyer.change.public_id}/"
    assert other.get(path).status_code == 404
    assert other.post(path + "stop").status_code == 404


def test_who_left_the_space_meanwhile_sees_nothing_of_it(world: World, acme: Space, clock: HandClock) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    buyer = Buyer(bram)
    buyer.choose(acme, seats=5)
    directory_people.leave(space=acme, person=bram, now=clock.now)
    answer = buyer.get("details")
    buyer.on(answer, "space")
    assert "Acme" not in buyer.get("space").content.decode()


def test_the_colleague_must_be_a_member_and_no_guest(world: World, buyer: Buyer, acme: Space) -> None:
    guest = world.person("Gast", "gast@elsewhere.example")
    world.join(acme, guest)
    stranger = world.person("Daan", "daan@elsewhere.example")
    buyer.choose(acme, seats=5)
    assert "gast@elsewhere.example" not in buyer.get("owner").content.decode()
    for person in (guest, stranger):
        buyer.on(buyer.post("owner", person=person.public_id), "owner")
        assert buyer.draft.billing_owner is None


def test_a_colleague_who_left_before_the_button_is_refused_where_it_can_be_mended(
    world: World, buyer: Buyer, acme: Space, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    buyer.choose(acme, seats=5)
    buyer.post("owner", person=bram.public_id)
    buyer.pay_with()
    quote = buyer.quote_id()
    directory_people.leave(space=acme, person=bram, now=clock.now)
    buyer.on(buyer.confirm(quote), "owner")
    assert "Bram" in buyer.get("owner").content.decode()
    assert not Subscription.objects.exists()
    buyer.on(buyer.post("owner", person=buyer.person.public_id), "billing")
    assert buyer.get("review").status_code == 200


# ------------------------------------------------------------------------------------------------------ what


def test_a_size_of_one_is_not_in_the_list_and_not_taken(buyer: Buyer, acme: Space) -> None:
    buyer.start(space=acme.public_id)
    buyer.post("plan", plan="premium", cycle="month", currency="EUR")
    buyer.post("space", space=acme.public_id)
    page = buyer.get("details")
    sizes = [value for value, _label in page.context["form"].fields["seats"].choices]
    assert sizes[:4] == [2, 3, 4, 5]
    for size in ("1", "6", "501"):
        refused = buyer.post("details", plan="premium", cycle="month", seats=size, on_exceed="grow")
        assert refused.status_code == 422
        assert "seats" in refused.context["form"].errors
    assert buyer.draft.seats is None


def test_fewer_seats_than_people_names_them(world: World, buyer: Buyer, acme: Space) -> None:
    world.join(acme, *[world.person(f"Mens{n}") for n in range(4)])
    buyer.start(space=acme.public_id)
    buyer.post("plan", plan="premium", cycle="month", currency="EUR")
    buyer.post("space", space=acme.public_id)
    page = buyer.get("details")
    assert page.context["form"].fields["seats"].choices[0][0] == 5
    refused = buyer.post("details", plan="premium", cycle="month", seats=4, on_exceed="grow")
    assert refused.status_code == 422
    assert "Mens3" in str(refused.context["form"].errors["seats"])


def test_people_who_join_before_the_button_make_the_size_too_small(
    world: World, buyer: Buyer, acme: Space
) -> None:
    buyer.choose(acme, seats=2)
    buyer.pay_with()
    quote = buyer.quote_id()
    world.join(acme, *[world.person(f"Mens{n}") for n in range(2)])
    buyer.on(buyer.confirm(quote), "details")
    page = buyer.get("details").content.decode()
    assert "Mens1" in page
    assert not Change.objects.exists()


def test_a_covered_team_and_a_paid_space_stand_closed_with_the_reason(
    world: World, anna: Person, buyer: Buyer, acme: Space, clock: HandClock
) -> None:
    team = world.team(acme, anna)
    buy(acme, anna, clock.now, seats=5)
    buyer.start(plan="business")
    page = buyer.get("space").content.decode()
    assert "Has Premium already." in page
    assert "Covered already: Premium of the organization or division around it." in page
    for space in (acme, team):
        assert buyer.post("space", space=space.public_id).status_code == 422
    assert buyer.draft.space is None


def test_a_space_bought_meanwhile_leads_back_to_the_choice(world: World, anna: Person, acme: Space) -> None:
    bram = world.person("Bram")
    world.join(acme, bram)
    first, second = Buyer(anna), Buyer(bram)
    for buyer in (first, second):
        buyer.choose(acme, seats=5)
        buyer.pay_with()
    late = second.quote_id()
    first.confirm()
    second.on(second.confirm(late), "space")
    assert second.get("review").status_code == 302
    assert Attempt.objects.count() == 1
    assert Subscription.objects.count() == 1


def test_more_people_than_the_largest_size_leads_to_sales(
    buyer: Buyer, acme: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer.start(space=acme.public_id)
    buyer.post("plan", plan="premium", cycle="year", currency="EUR")
    buyer.post("space", space=acme.public_id)
    monkeypatch.setattr("zetel.actions.standing.counted_people", lambda space: 501)
    page = buyer.get("details").content.decode()
    assert "501" in page
    assert f"/sales/?topic=more_seats&amp;plan=premium&amp;cycle=year&amp;space={acme.public_id}" in page


def test_paying_by_invoice_is_closed_below_twenty_yearly_seats_and_leads_to_sales_from_there(
    buyer: Buyer, acme: Space
) -> None:
    buyer.choose(acme, cycle="year", seats=15)
    assert "For annual plans of 20 seats or more." in buyer.get("billing").content.decode()
    assert buyer.post("billing", **OUTSIDE, payer="new", method="invoice").status_code == 422
    buyer.choose(acme, cycle="year", seats=20)
    answer = buyer.post("billing", **OUTSIDE, payer="new", method="invoice")
    assert answer.headers["Location"] == (
        f"/sales/?topic=pay_by_invoice&plan=premium&cycle=year&seats=20&space={acme.public_id}"
        f"&draft={buyer.draft.public_id}"
    )


def test_a_malformed_vat_number_is_refused_and_an_unconfirmed_one_is_taxed(buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    refused = buyer.post("billing", **DUTCH, payer="new", method="card", vat_number="NL123")
    assert refused.status_code == 422
    assert "vat_number" in refused.context["form"].errors
    assert "Herengracht 1" in refused.content.decode()
    belgian = {  # of a number that ends in 8 the sandbox says that it is not known
        "country": "BE", "drawn_for": "BE", "postal_code": "1000", "city": "Brussel", "vat_number": "BE0403019558",
        "region": "",
    }  # fmt: skip
    buyer.on(buyer.pay_with(**belgian), "review")
    review = buyer.get("review").content.decode()
    assert "Not confirmed yet, so tax is charged." in review
    assert "VAT 21%" in review


def test_another_country_draws_its_own_fields_and_keeps_what_was_typed(buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    page = buyer.post("billing", **{**DUTCH, "country": "US"}, payer="new", method="card")
    assert page.status_code == 200
    assert "ZIP code" in page.content.decode()
    assert "Herengracht 1" in page.content.decode()
    assert buyer.draft.customer is None


def test_a_refused_card_at_the_company_s_page_changes_nothing_and_may_be_tried_again(
    buyer: Buyer, acme: Space
) -> None:
    buyer.choose(acme, seats=5)
    answer = buyer.post("billing", **OUTSIDE, payer="new", method="card")
    page = buyer.client.get(answer.headers["Location"])
    assert page.status_code == 200
    back = buyer.client.post(answer.headers["Location"], {"act": "cancel"})
    buyer.on(buyer.client.get(back.headers["Location"]), "method")
    assert "was not saved" in buyer.get("method").content.decode()
    buyer.on(buyer.get("review"), "method")


# ------------------------------------------------------------------------------- tabs, reloads and old quotes


def test_steps_without_what_comes_before_lead_to_it(buyer: Buyer, acme: Space) -> None:
    buyer.start()
    buyer.on(buyer.get("review"), "plan")
    buyer.post("plan", plan="premium", cycle="month", currency="EUR")
    buyer.on(buyer.get("details"), "space")
    buyer.post("space", space=acme.public_id)
    buyer.on(buyer.get("billing"), "details")
    buyer.post("details", plan="premium", cycle="month", seats=5, on_exceed="grow")
    buyer.on(buyer.get("review"), "billing")


def test_a_reload_of_the_review_keeps_its_quote(buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    assert buyer.quote_id() == buyer.quote_id()
    assert Quote.objects.count() == 1


def test_an_expired_quote_is_made_anew_and_the_page_says_so(
    buyer: Buyer, acme: Space, clock: HandClock
) -> None:
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    old = buyer.quote_id()
    clock.move(minutes=30)
    buyer.on(buyer.confirm(old), "review")
    assert not Change.objects.exists()
    page = buyer.get("review").content.decode()
    assert "valid for 30 minutes" in page
    assert "The amount is the same." in page
    assert buyer.quote_id() != old
    assert "valid for 30 minutes" not in buyer.get("review").content.decode()  # said once


def test_a_quote_made_before_midnight_is_confirmed_after_it_and_dated_by_its_own_day(
    buyer: Buyer, acme: Space, clock: HandClock
) -> None:
    clock.set(datetime(2026, 5, 12, 21, 45, tzinfo=UTC))  # 23:45 in Amsterdam
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    quote = buyer.quote_id()
    clock.move(minutes=20)
    buyer.confirm(quote)
    assert bought(acme).started_on.isoformat() == "2026-05-12"


def test_billing_information_changed_in_another_tab_makes_the_quote_stale(buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    old = buyer.quote_id()
    buyer.pay_with(**DUTCH)
    buyer.on(buyer.confirm(old), "review")
    page = buyer.get("review").content.decode()
    assert "Something changed since you last looked" in page
    assert "It was €67.45, and is €81.61 now." in page


def test_the_same_billing_information_again_leaves_the_quote_as_it_was(buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    quote = buyer.quote_id()
    buyer.on(buyer.post("billing", **OUTSIDE, payer="new", method="saved"), "review")
    assert buyer.quote_id() == quote


def test_a_double_click_buys_once(buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    quote = buyer.quote_id()
    first, second = buyer.confirm(quote), buyer.confirm(quote)
    assert first.headers["Location"] == second.headers["Location"]
    assert (Change.objects.count(), Attempt.objects.count(), Subscription.objects.count()) == (1, 1, 1)


def test_two_tabs_with_a_draft_each_end_with_one_subscription(anna: Person, acme: Space) -> None:
    left, right = Buyer(anna), Buyer(anna)
    left.choose(acme, seats=5)
    left.pay_with()
    shown_left = left.quote_id()
    right.choose(acme, plan="business", seats=10)
    right.pay_with()
    shown_right = right.quote_id()
    right.confirm(shown_right)
    left.on(left.confirm(shown_left), "space")
    assert bought(acme).terms.get().plan == "business"
    assert Attempt.objects.count() == 1


def test_two_tabs_of_one_draft_buy_what_the_pressed_button_showed(anna: Person, acme: Space) -> None:
    buyer = Buyer(anna)
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    shown_first = buyer.quote_id()
    buyer.post("details", plan="business", cycle="month", seats=10, on_exceed="grow")
    shown_second = buyer.quote_id()
    assert shown_first != shown_second
    buyer.confirm(shown_first)
    terms = bought(acme).terms.get()
    assert (terms.plan, terms.seats) == ("premium", 5)


def test_after_the_purchase_every_step_leads_to_its_outcome(buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    buyer.confirm()
    outcome = f"/upgrade/changes/{buyer.change.public_id}/"
    for step in ("plan", "space", "details", "billing", "method", "review"):
        assert buyer.get(step).headers["Location"] == outcome
        assert buyer.post(step).headers["Location"] == outcome


def test_only_the_quote_s_id_counts_whatever_else_is_sent(buyer: Buyer, acme: Space) -> None:
    buyer.choose(acme, seats=5)
    buyer.pay_with()
    quote = buyer.quote_id()
    buyer.post("review", quote=quote, due_amount="1", seats="500", plan="enterprise", currency="JPY")
    assert Attempt.objects.get().payment.amount == 6745
    for nonsense in ("", "quo_1", "quo_00000000000000000000000000"):
        assert buyer.post("review", quote=nonsense).status_code == 302


def test_the_billing_owner_of_a_running_plan_is_led_to_change_that_one(
    anna: Person, buyer: Buyer, acme: Space, clock: HandClock
) -> None:
    buy(acme, anna, clock.now, seats=5)
    answer = buyer.client.get(f"/upgrade/?space={acme.public_id}")
    assert answer.headers["Location"] == f"/s/{acme.public_id}/billing/plan"
    assert not PurchaseDraft.objects.filter(person=anna, space=acme, plan="").exists()


def test_an_estimate_that_is_no_longer_possible_leads_the_whole_page_on(
    world: World, anna: Person, buyer: Buyer, acme: Space, clock: HandClock
) -> None:
    """htmx would otherwise put another page where the estimate stood."""
    buyer.choose(acme, seats=5)
    buy(acme, anna, clock.now, seats=5)
    answer = buyer.client.get(f"{buyer.base}/details", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"].startswith(f"/s/{acme.public_id}/billing/plan?plan=premium")
