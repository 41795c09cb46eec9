"""What stands in the way of a change: rights, quotes that no longer hold, the bank, and what is said then."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.change_steps import Owner, at
from tests.web.test_billing import words
from tests.web.test_billing_change import says
from tests.world import save_method, subscribe
from zetel.actions import cancellations, hand_over
from zetel.models import (
    Attempt,
    Change,
    Customer,
    Invoice,
    Payment,
    Person,
    Quote,
    Space,
    Subscription,
    SubscriptionTerms,
)
from zetel.sandbox import company
from zetel.web import billing_change_review, billing_plan
from zetel.web.billing_change import Held

pytestmark = pytest.mark.django_db


@pytest.fixture
def bram(world: World, anna: Person, studio: Space) -> Person:
    """A member of the same workspace, who holds no billing."""
    person = world.person("Bram")
    world.join(studio, person)
    return person


@pytest.fixture
def owner(anna: Person, studio: Space, clock: HandClock) -> Owner:
    """Premium monthly, 15 seats."""
    subscribe(studio, anna, clock.now)
    return Owner(anna, studio)


def nothing_changed() -> bool:
    subscription = Subscription.objects.get()
    kept = (SubscriptionTerms.objects.count(), Invoice.objects.count(), subscription.ends_on)
    return kept == (1, 1, None)


# ---------------------------------------------------------------------------------------------------------- rights


def test_a_quote_of_somebody_else_of_another_space_or_for_a_purchase_does_not_exist(
    world: World, owner: Owner, anna: Person, bram: Person, clock: HandClock
) -> None:
    mine = owner.wish(seats=20)
    bought = Quote.objects.get(subscription=None)
    assert owner.get(f"plan/{bought.public_id}").status_code == 404
    hand_over.give(Subscription.objects.get(), to=bram, actor=anna, now=clock.now)
    theirs = Owner(bram, owner.space)
    assert (owner.client.get(mine).status_code, theirs.client.get(mine).status_code) == (403, 404)
    assert (owner.confirm(mine).status_code, theirs.confirm(mine).status_code) == (403, 404)
    assert nothing_changed()


def _taken(held: Held, by: Person) -> Held:
    """Billing changes hands after a page was allowed."""
    Customer.objects.update(billing_owner=by)
    return held


def test_the_right_is_checked_again_at_the_commit(
    owner: Owner, anna: Person, bram: Person, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Billing is handed over after the page let its reader in, and before the button's transaction."""
    review = owner.wish(seats=20)
    acts: list[tuple[ModuleType, Callable[[], Any]]] = [
        (billing_change_review, lambda: owner.confirm(review)),
        (billing_plan, lambda: owner.post("plan", plan="business", cycle="month", seats=15)),
    ]
    for module, act in acts:
        load = module.load_held
        monkeypatch.setattr(module, "load_held", lambda *given, load=load: _taken(load(*given), bram))
        answer = act()
        monkeypatch.setattr(module, "load_held", load)
        Customer.objects.update(billing_owner=anna)
        again = answer.status_code == 302
        said = owner.client.get(answer.headers["Location"]) if again else answer
        says(words(said.content), "Your role does not allow this.")
    assert nothing_changed()


def test_only_the_quotes_id_counts(owner: Owner, clock: HandClock) -> None:
    review, other = owner.wish(seats=20), owner.wish(seats=30)
    for sent in ({}, {"quote": "quo_x"}, {"quote": other.rpartition("/")[2]}, {"seats": "500", "due": "0"}):
        assert owner.client.post(review, sent).headers["Location"] == review
    assert nothing_changed()
    assert owner.client.post(
        review, {"quote": review.rpartition("/")[2], "seats": "500", "due_amount": "1"}
    ).status_code == 302  # fmt: skip
    assert Subscription.objects.get().terms.latest("id").seats == 20


# ---------------------------------------------------------------------------------------------------------- quotes


def test_an_expired_quote_gives_a_new_one_and_the_page_says_so(owner: Owner, clock: HandClock) -> None:
    review = owner.wish(seats=20)
    clock.set(at(5, 30))
    answer = owner.confirm(review)
    assert answer.headers["Location"] == review
    onward = owner.client.get(review).headers["Location"]
    says(
        owner.review(onward), "Please look again", "The price you saw was valid for 30 minutes",
        "It was €67.45, and is €28.29 now.", "Change for €28.29",
    )  # fmt: skip
    assert nothing_changed()


def test_a_stale_tab_shows_the_new_price_and_charges_nothing(owner: Owner, clock: HandClock) -> None:
    review = owner.wish(seats=20)
    owner.change(plan="business")
    assert owner.confirm(review).headers["Location"] == review
    onward = owner.client.get(review).headers["Location"]
    says(
        owner.review(onward),
        "Something changed since you last looked",
        "Change for €152.45",
        "Business, monthly, 20",
    )
    assert Payment.objects.filter(amount=6745).count() == 0


def test_a_wish_that_cannot_be_had_any_more_goes_back_to_its_form(
    owner: Owner, world: World, clock: HandClock
) -> None:
    review = owner.wish(seats=5)
    world.crowd(owner.space, 8)
    back = owner.confirm(review)
    assert back.headers["Location"] == f"{owner.base}plan?seats=5"
    page = words(owner.client.get(back.headers["Location"]).content)
    says(page, "9 people are counted, so 5 seats are too few.", "Anna", "10 seats")


def test_too_few_seats_name_who_is_in_the_way(owner: Owner, world: World, clock: HandClock) -> None:
    world.crowd(owner.space, 8)
    answer = owner.post("plan", plan="premium", cycle="month", seats=5)
    assert answer.status_code == 422
    says(words(answer.content), "9 people are counted, so 5 seats are too few.", "Anna")
    assert owner.post("plan", plan="premium", cycle="month", seats=7).status_code == 422
    assert owner.post("plan", plan="premium", cycle="month", seats="x").status_code == 422
    assert nothing_changed()


def test_a_double_click_and_a_reload_change_once(owner: Owner, clock: HandClock) -> None:
    review = owner.wish(seats=20)
    first, second = owner.confirm(review), owner.confirm(review)
    assert first.headers["Location"] == second.headers["Location"]
    assert owner.client.get(review).headers["Location"] == first.headers["Location"]
    assert (Change.objects.filter(quote__subscription__isnull=False).count(), Invoice.objects.count()) == (
        1,
        2,
    )


# ---------------------------------------------------------------------------------------------------- the payment


def test_declined_says_why_and_leads_back_to_the_same_wish(owner: Owner, clock: HandClock) -> None:
    company.plan("declined_soft")
    page = owner.change(plan="business")
    says(page, "The payment did not go through", "There is not enough money", "Studio Noord is as it was")
    answer = owner.client.get(f"/upgrade/changes/{owner.made.public_id}/").content.decode()
    says(answer, f"{owner.base}plan?plan=business", f"{owner.base}method")
    assert nothing_changed()
    says(owner.change(plan="business"), "The plan was changed")


def test_the_banks_approval_completes_it_and_until_then_nothing_else_can_be_changed(
    owner: Owner, clock: HandClock
) -> None:
    company.plan("approval")
    says(owner.change(seats=20), "Your bank wants your approval", "€67.45")
    assert nothing_changed()
    says(owner.reads("plan", seats=30), "A change waits for its payment", "Look at it")
    refused = owner.post("plan", plan="premium", cycle="month", seats=30)
    assert refused.status_code == 422
    says(words(refused.content), "Another change of this space waits for its payment.")
    waiting = owner.made
    back = owner.client.post(Attempt.objects.latest("id").action_url, {"act": "approve"}).headers["Location"]
    owner.client.get(back)
    says(
        words(owner.client.get(f"/upgrade/changes/{waiting.public_id}/").content),
        "The plan was changed",
        "20 seats",
    )


def test_money_for_a_plan_that_was_cancelled_meanwhile_goes_back(
    owner: Owner, anna: Person, clock: HandClock
) -> None:
    company.plan("approval")
    owner.change(seats=20)
    owner.post("cancel")
    back = owner.client.post(Attempt.objects.latest("id").action_url, {"act": "approve"}).headers["Location"]
    owner.client.get(back)
    page = words(owner.client.get(f"/upgrade/changes/{owner.made.public_id}/").content)
    says(page, "Your money goes back", "€67.45")
    assert SubscriptionTerms.objects.count() == 1


def test_without_a_method_the_review_asks_for_one_and_comes_back(
    owner: Owner, anna: Person, clock: HandClock
) -> None:
    customer = Subscription.objects.get().customer
    customer.methods.update(status="removed")
    review = owner.wish(seats=20)
    quote = review.rpartition("/")[2]
    page = owner.client.get(review).content.decode()
    says(page, "There is no payment method to pay it with.", f"{owner.base}method?quote={quote}")
    assert "Change for" not in page
    assert owner.confirm(review).headers["Location"] == review
    says(words(owner.client.get(review).content), "Add a card or PayPal first.")
    answer = owner.client.post(f"{owner.base}method?quote={quote}", {"kind": "card"})
    assert answer.status_code == 302
    assert customer.setups.latest("id").next_path == review
    save_method(customer, anna, clock.now)
    owner.confirm(review)
    assert Subscription.objects.get().terms.latest("id").seats == 20


# ------------------------------------------------------------------------------------------------- past due, ended


def test_past_due_allows_no_change_and_cancelling_ends_it_at_once(owner: Owner, clock: HandClock) -> None:
    Subscription.objects.update(status="past_due")
    says(owner.reads("plan", seats=20), "A payment is overdue.")
    assert "Review the change" not in owner.reads("plan")
    assert owner.post("plan", plan="premium", cycle="month", seats=20).status_code == 422
    says(
        owner.reads("cancel"),
        "Premium of Studio Noord ends today.",
        "the plan ends at once",
        "Everything is kept.",
    )


def test_after_the_end_there_is_nothing_to_change(owner: Owner, anna: Person, clock: HandClock) -> None:
    cancellations.cancel(Subscription.objects.get(), actor=anna, now=clock.now)
    clock.set(at(6, 12))
    for page in ("plan", "cancel", "resume"):
        assert owner.get(page).status_code in (403, 409), page
    assert Subscription.objects.get().status == "ended"


def test_a_boundary_that_went_by_is_billed_before_the_page_is_shown(owner: Owner, clock: HandClock) -> None:
    clock.set(at(6, 13))
    says(owner.reads("plan", seats=20), "5 seats × €13.49 × 29 of 30 days = €65.20", "12 July 2026")
    assert Invoice.objects.count() == 2


def test_the_details_page_of_buying_leads_the_owner_of_a_live_plan_here(
    world: World, owner: Owner, anna: Person, bram: Person, clock: HandClock
) -> None:
    other = world.workspace(anna, "Tweede")
    draft = owner.client.get(f"/upgrade/?space={other.public_id}&plan=business").headers["Location"]
    base = draft.rpartition("/")[0]
    owner.client.post(f"{base}/space", {"space": other.public_id})
    subscribe(other, anna, clock.now, seats=5)
    answer = owner.client.get(f"{base}/details", {"cycle": "year", "seats": "10"})
    assert (
        answer.headers["Location"] == f"/s/{other.public_id}/billing/plan?plan=business&cycle=year&seats=10"
    )
    assert (
        owner.client.get(f"/upgrade/?space={other.public_id}").headers["Location"].endswith("/billing/plan")
    )
