"""Paying an open invoice by hand: once, with the active method, and what is said of what came of it (rules G3, G4)."""

from datetime import UTC, datetime

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import stays_healthy
from tests.web.change_steps import Owner, at
from tests.web.test_billing import words
from tests.web.test_billing_change import says
from tests.world import customer_of, save_method, subscribe
from zetel.actions import collections, hand_over
from zetel.jobs import tasks
from zetel.models import Attempt, Event, Invoice, Mail, Person, Space, Subscription
from zetel.rules.errors import ZetelError
from zetel.sandbox import company

__all__ = ["stays_healthy"]
pytestmark = pytest.mark.django_db

RENEWS = datetime(2026, 6, 11, 22, 0, tzinfo=UTC)  # 12 June, 00:00 in Amsterdam


@pytest.fixture
def owner(anna: Person, studio: Space, clock: HandClock) -> Owner:
    """Premium monthly, 15 seats, whose renewal of 202.35 was declined on 12 June."""
    subscribe(studio, anna, clock.now)
    company.plan("declined_soft")
    clock.set(RENEWS)
    tasks.do_due(clock.now)
    tasks.do_due(clock.now)
    clock.set(at(6, 12))
    assert Subscription.objects.get().status == "past_due"
    return Owner(anna, studio)


@pytest.fixture
def invoice(owner: Owner) -> Invoice:
    return Invoice.objects.get(state="open")


def pay(invoice: Invoice) -> str:
    return f"invoices/{invoice.public_id}/pay"


def outcome(invoice: Invoice) -> str:
    return f"invoices/{invoice.public_id}/payment"


def tries(invoice: Invoice) -> list[str]:
    return list(
        Attempt.objects.filter(payment__invoice=invoice).order_by("id").values_list("status", flat=True)
    )


def test_from_the_tab_to_paid(owner: Owner, invoice: Invoice) -> None:
    for page in ("", "invoices/", f"invoices/{invoice.public_id}/"):
        says(owner.get(page).content.decode(), "Pay now", f"{owner.base}{pay(invoice)}")
    says(owner.reads(pay(invoice)), "Pay invoice INV-2026-00002", "Pay €202.35 now", "Visa •••• 4242")
    assert owner.post(pay(invoice)).headers["Location"] == owner.base + outcome(invoice)
    says(owner.reads(outcome(invoice)), "Paid", "€202.35 for INV-2026-00002 has arrived.")
    invoice.refresh_from_db()
    assert (invoice.state, tries(invoice), Subscription.objects.get().status) == (
        "paid", ["declined", "paid"], "active",
    )  # fmt: skip
    assert "Pay now" not in owner.reads()
    assert Event.objects.get(kind="payment.wanted").actor == owner.person


def test_in_dutch(owner: Owner, invoice: Invoice) -> None:
    dutch = Owner(owner.person, owner.space, "nl")
    says(dutch.reads(), "Nu betalen")
    says(dutch.reads(pay(invoice)), "Factuur INV-2026-00002 betalen", "Nu € 202,35 betalen")
    company.plan("declined_soft")
    dutch.post(pay(invoice))
    says(dutch.reads(outcome(invoice)), "Er is niets afgeschreven", "De factuur blijft open: € 202,35.")


@pytest.mark.usefixtures("stays_healthy")
def test_two_tries_are_declined_while_the_clock_of_a_sandbox_stands(owner: Owner, invoice: Invoice) -> None:
    company.plan("declined_soft", "declined_soft")
    for _try in range(2):
        owner.post(pay(invoice))
        says(owner.reads(outcome(invoice)), "The payment did not go through", "Nothing was charged")
    assert tries(invoice) == ["declined", "declined", "declined"]


def test_a_second_click_while_the_bank_is_asked_finds_the_first_try(owner: Owner, invoice: Invoice) -> None:
    company.plan("approval")
    owner.post(pay(invoice))
    for _click in range(2):
        assert owner.post(pay(invoice)).headers["Location"] == owner.base + outcome(invoice)
    assert tries(invoice) == ["declined", "action"]
    says(owner.reads(outcome(invoice)), "Your bank wants your approval", "€202.35", "Go to your bank")
    assert owner.get(pay(invoice)).headers["Location"] == owner.base + outcome(invoice)
    back = owner.client.post(Attempt.objects.latest("id").action_url, {"act": "approve"}).headers["Location"]
    assert f"{owner.base}{outcome(invoice)}" in back
    assert owner.client.get(back).headers["Location"] == owner.base + outcome(invoice)
    says(owner.reads(outcome(invoice)), "Paid")
    assert tries(invoice) == ["declined", "paid"]


def test_what_waits_for_the_bank_can_be_stopped_and_tried_again(owner: Owner, invoice: Invoice) -> None:
    company.plan("approval")
    owner.post(pay(invoice))
    assert owner.post(outcome(invoice)).headers["Location"] == owner.base + outcome(invoice)
    says(owner.reads(outcome(invoice)), "The payment did not go through", "You stopped the payment.")
    owner.post(pay(invoice))
    assert tries(invoice) == ["declined", "cancelled", "paid"]


def test_declined_leaves_it_open_and_offers_another_method(owner: Owner, invoice: Invoice) -> None:
    company.plan("declined_soft")
    owner.post(pay(invoice))
    says(
        owner.reads(outcome(invoice)),
        "There is not enough money",
        "The invoice stays open: €202.35.",
        "Try again",
    )
    assert (tries(invoice), invoice.payments.count()) == (["declined", "declined"], 1)


@pytest.mark.parametrize("behaviour", ["timeout_before", "timeout_after", "error_before", "error_after"])
def test_no_answer_is_asked_about_and_charged_once(owner: Owner, invoice: Invoice, behaviour: str) -> None:
    company.plan(behaviour)
    owner.post(pay(invoice))
    says(owner.reads(outcome(invoice)), "has arrived")
    assert tries(invoice) == ["declined", "paid"]


def test_without_a_method_one_is_added_first(owner: Owner, invoice: Invoice, clock: HandClock) -> None:
    invoice.customer.methods.update(status="removed")
    page = owner.get(pay(invoice)).content.decode()
    says(page, "Add a payment method", f"{owner.base}method?invoice={invoice.public_id}")
    assert "now</span>" not in page
    assert owner.post(pay(invoice)).headers["Location"] == owner.base + pay(invoice)
    says(owner.reads(pay(invoice)), "Add a card or PayPal first.")
    save_method(invoice.customer, owner.person, clock.now)
    assert owner.get(pay(invoice)).status_code == 302  # the new method was tried at once
    assert Invoice.objects.filter(state="open").count() == 0 or open_is_tried(invoice)


def open_is_tried(invoice: Invoice) -> bool:
    return collections.open_attempt(invoice) is not None


def test_what_is_paid_is_not_paid_again(owner: Owner, invoice: Invoice) -> None:
    owner.post(pay(invoice))
    for answer in (owner.get(pay(invoice)), owner.post(pay(invoice))):
        assert answer.headers["Location"] == f"{owner.base}invoices/{invoice.public_id}/"
    says(owner.reads(f"invoices/{invoice.public_id}/"), "There is nothing left to pay.")
    assert tries(invoice) == ["declined", "paid"]


def test_only_the_billing_owner_pays_checked_again_at_the_commit(
    world: World, owner: Owner, invoice: Invoice, clock: HandClock
) -> None:
    bram, daan = world.person("Bram"), world.person("Daan", "daan@vreemd.example")
    world.join(owner.space, bram)
    for person, status in ((bram, 403), (daan, 404)):
        other = Owner(person, owner.space)
        for page in (pay(invoice), outcome(invoice)):
            assert (other.get(page).status_code, other.post(page).status_code) == (status, status)
    with pytest.raises(ZetelError, match="forbidden"):
        collections.pay(invoice, actor=bram, now=clock.now, language="en", return_path="/")
    assert tries(invoice) == ["declined"]


def test_an_invoice_of_another_space_does_not_exist_here(
    world: World, owner: Owner, invoice: Invoice, clock: HandClock
) -> None:
    other = world.workspace(owner.person, "Tweede")
    subscribe(other, owner.person, clock.now, seats=5, customer=customer_of(owner.person, clock.now))
    theirs = Owner(owner.person, other)
    assert (theirs.get(pay(invoice)).status_code, theirs.post(pay(invoice)).status_code) == (404, 404)
    assert tries(invoice) == ["declined"]


def test_the_new_owner_hears_that_the_method_was_taken_away(
    world: World, owner: Owner, invoice: Invoice, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(owner.space, bram)
    hand_over.give(Subscription.objects.get(), to=bram, actor=owner.person, now=clock.now)
    method = invoice.customer.methods.get(status="active")
    for _click in range(2):
        owner.client.post(f"/billing/methods/{method.public_id}/remove")
    letter = Mail.objects.get(kind="method_removed")
    assert (letter.to_person, letter.params["label"], letter.params["old"]) == (
        bram,
        "Visa •••• 4242",
        "Anna",
    )
    page = words(Owner(bram, owner.space).get(pay(invoice)).content)
    says(page, "Add a payment method")
