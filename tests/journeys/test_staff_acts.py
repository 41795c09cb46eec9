"""Stories of staff at a customer's side: acting on behalf, handing over, sending again, naming each other (R9, C10)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.test_billing import browser, path_of, words
from tests.web.upgrade_steps import DUTCH
from tests.world import change_quote, customer_of, save_method, subscribe, try_out
from zetel.actions import cancellations, changes
from zetel.actions._behalf import Behalf, acting_for
from zetel.actions.acting import begin as begin_acting
from zetel.actions.staff import name_staff
from zetel.jobs import collect, outbox
from zetel.models import (
    Acting,
    Attempt,
    Change,
    Event,
    Invoice,
    Mail,
    PaymentMethod,
    Person,
    Quote,
    Space,
    Subscription,
)
from zetel.rules.errors import ZetelError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]
WHY = "Asked by phone, ticket 12"


@pytest.fixture
def studio(world: World, anna: Person) -> Space:
    space = world.workspace(anna)
    world.join(space, world.person("Chris"))
    return space


@pytest.fixture
def paid(world: World, anna: Person, studio: Space) -> Subscription:
    return subscribe(studio, anna, world.now, seats=3, customer=customer_of(anna, world.now))


def staff(world: World, role: str) -> Person:
    person = world.person(role.title(), f"{role}@zetel.example")
    name_staff(person=person, role=role, now=world.now)
    return person


def acts(client: Client, paid: Subscription, reason: str = WHY) -> Any:
    return client.post(f"/staff/customers/{paid.customer.public_id}/act/", {"reason": reason})


@pytest.mark.story("R9")
def test_support_change_a_plan_for_a_customer_who_reads_who_did_it_and_why(
    world: World, anna: Person, studio: Space, paid: Subscription
) -> None:
    """R9: the owner's pages, the owner's saved method, recorded as done by support on the owner's behalf."""
    support = staff(world, "support")
    client = browser(support)
    assert acts(client, paid).headers["Location"] == path_of(studio)
    page = words(client.get(path_of(studio)).content)
    assert "You act for Anna until 12:30: Asked by phone, ticket 12 Stop acting" in page
    for hidden in ("INV-2026", "Visa", "Latest invoice", "Edit payment information"):
        assert hidden not in page
    assert "You act for Anna" in words(client.get("/staff/").content)  # on every page
    answer = client.post(path_of(studio, "plan"), {"plan": "premium", "cycle": "month", "seats": "5"})
    review = words(client.get(answer.headers["Location"]).content)
    assert "Visa" not in review
    quote = Quote.objects.get(subscription=paid)
    done = client.post(answer.headers["Location"], {"quote": quote.public_id})
    assert done.headers["Location"] == f"/upgrade/changes/{Change.objects.latest('id').public_id}/"
    assert "INV-" not in words(client.get(done.headers["Location"]).content)
    event = Event.objects.get(kind="subscription.changed")
    assert (event.actor, event.on_behalf_of, event.reason) == (support, anna, WHY)
    assert (quote.person, Change.objects.latest("id").person) == (anna, anna)
    assert Mail.objects.filter(kind="plan_changed").get().to_person == anna
    told = words(browser(anna).get(path_of(studio, "timeline")).content)
    assert "Support of Zetel Voorbeeld B.V. on behalf of Anna “ Asked by phone, ticket 12 ”" in told
    assert "Our staff began to act on behalf of the billing owner." in told


def test_a_trial_is_looked_after_for_a_customer_without_a_word_of_the_card(
    world: World, anna: Person, studio: Space
) -> None:
    """P10, R9."""
    payer = customer_of(anna, world.now)
    save_method(payer, anna, world.now)
    tried = try_out(studio, anna, world.now, seats=3, customer=payer)
    client = browser(staff(world, "support"))
    acts(client, tried)
    page = words(client.get(path_of(studio)).content)
    assert "Visa" not in page
    assert "the saved payment method" in page
    assert client.post(reverse("billing_trial_cancel", args=[studio.pk]), {"reason": ""}).status_code == 302
    tried.refresh_from_db()
    assert tried.ends_on == tried.trial_ends_on
    assert Event.objects.get(kind="subscription.cancelled").on_behalf_of == anna


def test_the_bank_asks_the_owner_and_not_the_staff_who_changed_the_plan(
    world: World, anna: Person, studio: Space
) -> None:
    """C5: staff see that it waits and nothing to approve with; the owner gets a mail that leads there."""
    payer = customer_of(anna, world.now)
    paid = subscribe(studio, anna, world.now, seats=3, customer=payer)
    save_method(payer, anna, world.now, behaviour="approval")
    client = browser(staff(world, "support"))
    acts(client, paid)
    answer = client.post(path_of(studio, "plan"), {"plan": "premium", "cycle": "month", "seats": "5"})
    quote = Quote.objects.filter(subscription=paid).get()
    done = client.post(answer.headers["Location"], {"quote": quote.public_id}).headers["Location"]
    page = client.get(done).content.decode()
    for hidden in ("Go to your bank", "Stop this"):
        assert hidden not in page
    told = Mail.objects.get(kind="approval_needed")
    assert (told.to_person, told.params["path"]) == (anna, done)
    assert "Go to your bank" in browser(anna).get(done).content.decode()


def test_cancelling_and_resuming_and_billing_information_for_a_customer(
    world: World, anna: Person, studio: Space, paid: Subscription
) -> None:
    """What the owner would have typed when cancelling is kept beside the reason why staff did it."""
    client = browser(staff(world, "sales"))
    acts(client, paid)
    assert client.post(path_of(studio, "cancel"), {"reason": "Too dear"}).status_code == 302
    cancelled = Event.objects.get(kind="subscription.cancelled")
    assert (cancelled.reason, cancelled.after["words"], cancelled.after["staff"]) == (
        WHY,
        "Too dear",
        "sales",
    )
    assert client.post(path_of(studio, "resume")).status_code == 302
    paid.refresh_from_db()
    assert paid.ends_on is None
    sent = client.post(path_of(studio, "information"), {**DUTCH, "name": "Anna Zwart"})
    assert sent.status_code == 302
    changed = Event.objects.get(kind="customer.changed")
    assert (changed.on_behalf_of, changed.after["name"]) == (anna, "Anna Zwart")


@pytest.mark.parametrize("role", ["sales", "support", "operator"])
def test_card_data_paying_and_documents_stay_closed_while_acting(
    world: World, studio: Space, paid: Subscription, role: str
) -> None:
    client, invoice = browser(staff(world, role)), Invoice.objects.get()
    acts(client, paid)
    closed = ["method", "invoices/", f"invoices/{invoice.public_id}/", f"invoices/{invoice.public_id}/pay",
              f"invoices/{invoice.public_id}/pdf"]  # fmt: skip
    assert [client.get(path_of(studio, page)).status_code for page in closed] == [403] * len(closed)
    assert client.post(path_of(studio, "method"), {"kind": "paypal"}).status_code == 403
    assert client.post(path_of(studio, f"invoices/{invoice.public_id}/pay")).status_code == 403
    opened = {"support": 200, "operator": 200}.get(role, 403)
    assert client.get(path_of(studio, "owner")).status_code == opened


def test_it_ends_by_itself_after_half_an_hour_and_by_the_button(
    world: World, clock: HandClock, studio: Space, paid: Subscription
) -> None:
    client = browser(staff(world, "support"))
    acts(client, paid)
    clock.set(world.now + timedelta(minutes=29, seconds=59))
    assert client.get(path_of(studio)).status_code == 200
    clock.set(world.now + timedelta(minutes=30))
    assert client.post(path_of(studio, "cancel")).status_code == 403
    page = words(client.get("/staff/").content)
    assert "You no longer act for Anna." in page
    assert "Stop acting" not in page
    acts(client, paid)
    assert (
        client.post("/staff/acting/end/").headers["Location"]
        == f"/staff/customers/{paid.customer.public_id}/"
    )
    assert client.get(path_of(studio)).status_code == 403
    paid.refresh_from_db()
    assert paid.ends_on is None
    assert not Acting.objects.filter(ended_at=None).exists()


def test_a_role_that_is_taken_away_ends_it_with_the_next_request(
    world: World, studio: Space, paid: Subscription
) -> None:
    person = staff(world, "support")
    client = browser(person)
    acts(client, paid)
    name_staff(person=person, role="", now=world.now)
    assert client.post(path_of(studio, "cancel")).status_code == 404
    paid.refresh_from_db()
    assert paid.ends_on is None


def test_the_stretch_is_looked_at_again_at_the_commit(
    world: World, anna: Person, studio: Space, paid: Subscription
) -> None:
    """A request that was let in before the button or the clock ended it does nothing any more."""
    acting = begin_acting(paid.customer, staff=staff(world, "support"), reason=WHY, now=world.now)
    late = [(world.now + timedelta(minutes=30), None), (world.now, world.now)]
    for now, ended_at in late:
        Acting.objects.filter(pk=acting.pk).update(ended_at=ended_at)
        with acting_for(Behalf(acting, anna)), pytest.raises(ZetelError, match="forbidden"):
            cancellations.cancel(paid, actor=anna, now=now)
    paid.refresh_from_db()
    assert paid.ends_on is None
    assert not Event.objects.filter(kind="subscription.cancelled").exists()


def test_money_that_was_asked_for_while_it_lasted_is_booked_in_any_case(
    world: World, anna: Person, paid: Subscription
) -> None:
    acting = begin_acting(paid.customer, staff=staff(world, "support"), reason=WHY, now=world.now)
    with acting_for(Behalf(acting, anna)):
        made = changes.confirm(
            quote_id=change_quote(paid, world.now, seats=5).pk, person=anna, now=world.now, return_path="/{change}",
            language="en",
        )  # fmt: skip
        Acting.objects.filter(pk=acting.pk).update(ended_at=world.now)
        for attempt in Attempt.objects.filter(payment__change=made):
            collect.collect(attempt.pk, now=world.now)
    made.refresh_from_db()
    assert made.status == "done"
    assert Event.objects.get(kind="subscription.changed").on_behalf_of == anna


def test_it_is_for_that_customer_alone_and_nothing_but_billing(
    world: World, anna: Person, studio: Space, paid: Subscription
) -> None:
    other = world.workspace(anna, "Ander")
    subscribe(other, anna, world.now, seats=2, customer=customer_of(anna, world.now))
    client = browser(staff(world, "support"))
    acts(client, paid)
    assert client.get(path_of(other)).status_code == 403
    assert client.post(path_of(other, "cancel")).status_code == 403
    for page in ("space_home", "space_people", "space_settings"):
        assert client.get(reverse(page, args=[studio.pk])).status_code == 403
    assert client.post(reverse("space_leave", args=[studio.pk])).status_code == 403
    assert world.names(studio) == ["Anna", "Chris"]
    assert "/billing" not in client.get("/billing/").headers.get("Location", "")


@pytest.mark.parametrize("reason", ["", "   "])
@pytest.mark.story("R9")
def test_nobody_acts_without_a_reason(world: World, paid: Subscription, reason: str) -> None:
    client = browser(staff(world, "sales"))
    acts(client, paid, reason)
    assert not Acting.objects.exists()
    assert client.get(path_of(paid.space)).status_code == 403


def test_support_hand_over_while_acting_and_by_the_page_of_the_back_office(
    world: World, anna: Person, studio: Space, paid: Subscription
) -> None:
    """R5, R9: both are told that support did it; the method stays, and acting is over with it."""
    chris = Person.objects.get(email="chris@acme.example")
    client = browser(staff(world, "support"))
    acts(client, paid)
    path = path_of(studio, f"owner/{chris.public_id}")
    assert "Visa" not in words(client.get(path).content)
    answer = client.post(path, {"remove_method": "on"})
    assert answer.headers["Location"] == f"/staff/customers/{paid.customer.public_id}/"
    assert PaymentMethod.objects.get().status == "active"
    event = Event.objects.get(kind="billing_owner.changed")
    assert (event.on_behalf_of, event.reason, event.after["owner"]) == (anna, WHY, "Chris")
    assert Mail.objects.get(kind="billing_owner_new").params["how"] == "support"
    assert client.get(path_of(studio)).status_code == 403
    page = f"/staff/subscriptions/{paid.public_id}/hand-over/"
    assert client.post(page, {"email": "daan@elders.example", "reason": WHY}).status_code == 422
    assert client.post(page, {"email": "anna@acme.example", "reason": WHY}).status_code == 302
    paid.customer.refresh_from_db()
    assert paid.customer.billing_owner == anna
    assert "Support of Zetel Voorbeeld B.V. “ Asked by phone, ticket 12 ”" in words(
        browser(anna).get(path_of(studio, "timeline")).content
    )


def test_support_send_an_invoice_again_with_a_reason(world: World, anna: Person, paid: Subscription) -> None:
    outbox.drain(world.now)
    client = browser(staff(world, "support"))
    customer = f"/staff/customers/{paid.customer.public_id}/"
    mail = Mail.objects.get(kind="invoice")
    assert f"{customer}mails/{mail.public_id}/" in client.get(customer).content.decode()
    assert client.post(f"{customer}mails/{mail.public_id}/", {"reason": ""}).status_code == 422
    for _click in range(2):
        assert client.post(f"{customer}mails/{mail.public_id}/", {"reason": WHY}).status_code == 302
    again = Mail.objects.filter(kind="invoice").exclude(pk=mail.pk).get()
    assert (again.to_person, again.params) == (anna, mail.params)
    event = Event.objects.get(kind="mail.resent")
    assert (event.reason, event.invoice) == (WHY, Invoice.objects.get())


def test_an_operator_names_staff_and_the_last_operator_stays(world: World) -> None:
    operator = staff(world, "operator")
    sam = world.person("Sam", "sam@zetel.example")
    client = browser(operator)
    sent = {"email": "SAM@zetel.example", "role": "finance"}
    assert client.post("/staff/people/", sent).status_code == 302
    sam.refresh_from_db()
    assert sam.staff_role == "finance"
    assert Event.objects.filter(kind="staff.role_changed").latest("id").actor == operator
    assert "Finance" in words(client.get("/staff/people/").content)
    refused = client.post("/staff/people/", {"email": operator.email, "role": "none"})
    assert "Name another operator first." in words(refused.content)
    assert (
        client.post("/staff/people/", {"email": "nobody@zetel.example", "role": "sales"}).status_code == 422
    )
    operator.refresh_from_db()
    assert operator.staff_role == "operator"
