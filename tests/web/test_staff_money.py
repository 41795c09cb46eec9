"""Staff correct money on their pages: a form, what it will do, and the act, which the customer reads in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.tenants import client_of
from tests.world import DUTCH, customer_of, subscribe
from zetel.actions import dues, staff, standing
from zetel.jobs import inbound, tasks
from zetel.models import Event, Invoice, Mail, Person, Space, Subscription
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


@pytest.fixture
def bought(studio: Space, anna: Person, clock: HandClock) -> Subscription:
    """Premium monthly, 15 seats, 244.84 with 21 %."""
    return subscribe(studio, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))


def house(world: World, role: str) -> Client:
    person = world.person(role.title(), f"{role}@house.example")
    staff.name_staff(person=person, role=role, now=world.now)
    return client_of(Person.objects.get(pk=person.pk))


def act(client: Client, path: str, **data: str) -> tuple[str, str]:
    """The page before the act and the one after it; with the same fields, as its hidden ones hold them."""
    shown = client.post(path, data)
    assert shown.status_code == 200, shown.content.decode()
    done = client.post(path, {**data, "confirm": "1"}, follow=True)
    assert done.status_code == 200, done.content.decode()
    return shown.content.decode(), done.content.decode()


def test_ten_euros_are_credited_after_a_look_and_the_customer_reads_why(
    world: World, bought: Subscription, anna: Person, studio: Space
) -> None:
    finance, invoice = house(world, "finance"), Invoice.objects.get()
    path = f"/staff/invoices/{invoice.public_id}/credit/"
    form = finance.get(path).content.decode()
    assert "Everything that is left" in form
    assert "€244.84" in form
    data = {
        "what": "amount", "amount": "10,00", "goes_to_field": "balance", "left": "24484",
        "reason": "A day of <outage>",
    }  # fmt: skip
    before, after = act(finance, path, **data)
    assert "€8.26" in before
    assert "€1.74" in before
    assert "Issue the credit note of €10.00" in before
    assert "Credit note CN-2026-00001 was issued and mailed." in after
    assert standing.balance_of(bought.customer, "EUR") == 1000
    again = finance.post(path, {**data, "confirm": "1"})
    assert again.status_code == 409
    assert standing.balance_of(bought.customer, "EUR") == 1000
    tab = client_of(anna).get(f"/s/{studio.public_id}/billing/").content.decode()
    assert "Credit note CN-2026-00001 of €10.00 was issued." in tab
    assert "A day of &lt;outage&gt;" in tab
    assert "It pays the next invoices first." in tab
    anna.language = "nl"
    anna.save()
    dutch = Client(headers={"accept-language": "nl"})
    dutch.force_login(anna)
    assert (
        "Het betaalt als eerste de volgende facturen."
        in dutch.get(f"/s/{studio.public_id}/billing/").content.decode()
    )


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"reason": ""}, 422),
        ({"what": "amount", "amount": ""}, 422),
        ({"what": "amount", "amount": "-1"}, 422),
        ({"what": "amount", "amount": "1.234,56"}, 422),
        ({"what": "amount", "amount": "9999"}, 409),
        ({"what": "lines", "line_0": ""}, 422),
        ({"what": "lines", "line_0": "202.36"}, 409),
        ({"what": "else"}, 422),
        ({"left": "x"}, 422),
        ({"goes_to_field": "elsewhere"}, 422),
    ],
)
def test_what_cannot_be_credited_is_refused_and_changes_nothing(
    world: World, bought: Subscription, told: dict[str, str], status: int
) -> None:
    finance, invoice = house(world, "finance"), Invoice.objects.get()
    data = {"what": "whole", "goes_to_field": "balance", "left": "24484", "reason": "x"} | told
    path = f"/staff/invoices/{invoice.public_id}/credit/"
    assert finance.post(path, {**data, "confirm": "1"}).status_code == status
    assert finance.post(path, data).status_code == status
    assert (Invoice.objects.count(), standing.balance_of(bought.customer, "EUR")) == (1, 0)


def test_a_part_of_a_line_goes_back_to_the_payer(
    world: World, bought: Subscription, clock: HandClock
) -> None:
    finance, invoice = house(world, "finance"), Invoice.objects.get()
    path = f"/staff/invoices/{invoice.public_id}/credit/"
    before, _ = act(
        finance, path, what="lines", line_0="100", goes_to_field="refund", left="24484", reason="one team less"
    )  # fmt: skip
    assert "Goes back to the payer" in before
    assert "€121.00" in before
    tasks.do_due(clock.now)
    page = finance.get(f"/staff/invoices/{invoice.public_id}/").content.decode()
    assert page.count("€121.00") >= 2
    assert "Still due" in page


def test_the_bank_takes_a_payment_back_and_staff_write_the_invoice_off(
    world: World, bought: Subscription, anna: Person, studio: Space, clock: HandClock
) -> None:
    operator, invoice = house(world, "operator"), Invoice.objects.get()
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    tasks.do_due(clock.now)
    page = f"/staff/invoices/{invoice.public_id}/"
    assert "Take the payment back" in operator.get(page).content.decode()
    assert operator.post(f"{page}bank/", {"act": "take"}).status_code == 302
    assert operator.post(f"{page}bank/", {"act": "take"}).status_code == 409
    hear(clock)
    assert "Payments taken back after their period" in operator.get("/staff/parked/").content.decode()
    shown = operator.get(page).content.decode()
    assert "Taken back by the bank" in shown
    assert dues.due_of(invoice) == 24484
    _, after = act(operator, f"{page}write-off/", reason="bankrupt")
    assert "€244.84 of INV-2026-00001 was written off." in after
    assert "Payments taken back after their period" not in operator.get("/staff/parked/").content.decode()
    tab = client_of(anna).get(f"/s/{studio.public_id}/billing/").content.decode()
    assert "€244.84 of invoice INV-2026-00001 was written off." in tab
    assert "bankrupt" in tab


def hear(clock: HandClock) -> None:
    def post(url: str, body: bytes, headers: Any) -> int:
        inbound.receive("sandbox", headers, body, now=clock.now)
        return 200

    company.deliver_due(clock.now, post)
    inbound.drain(clock.now)


def test_an_operator_ends_a_plan_at_once_and_marks_the_balance_as_paid_out(
    world: World, bought: Subscription, anna: Person, studio: Space
) -> None:
    operator = house(world, "operator")
    page = f"/staff/customers/{bought.customer.public_id}/"
    assert "End it now" in operator.get(page).content.decode()
    assert "End it now" not in house(world, "finance").get(page).content.decode()
    _, after = act(
        operator, f"/staff/subscriptions/{bought.public_id}/cancel/", unused="balance", reason="asked for by phone"
    )  # fmt: skip
    assert "has ended." in after
    assert "€244.84" in after
    assert Mail.objects.filter(kind="subscription_ended_by_staff", to_person=anna).count() == 1
    before, after = act(operator, f"{page}pay-out/EUR/", reason="by bank on 12 May")
    assert "Mark €244.84 as paid out?" in before
    assert "€244.84 was marked as paid out." in after
    assert standing.balance_of(bought.customer, "EUR") == 0
    assert operator.post(f"{page}pay-out/EUR/", {"reason": "x", "confirm": "1"}).status_code == 409
    assert operator.get(f"{page}pay-out/XXX/").status_code == 404
    assert [event.reason for event in Event.objects.filter(kind="balance.changed")] == ["by bank on 12 May"]
    assert (
        operator.post(
            f"/staff/subscriptions/{bought.public_id}/cancel/", {"unused": "kept", "reason": "x"}
        ).status_code
        == 409
    )
