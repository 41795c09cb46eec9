"""The back office: closed to everybody but staff, each role its own pages, the clock in an operator's hands."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import HandClock
from tests.world import World, buy, subscribe
from zetel import clock as installation
from zetel.actions import parked
from zetel.jobs import billing_run, outbox
from zetel.models import ClockSetting, Customer, Event, Invoice, Mail, Person, SalesRequest, SupportRequest
from zetel.models.ids import new_id

pytestmark = pytest.mark.django_db

PAGES = (
    "staff",
    "staff_sales",
    "staff_support",
    "staff_parked",
    "staff_mails",
    "staff_customers",
    "staff_clock",
)
# What each role may open; the rest is refused to staff as forbidden.
OPEN = {
    "sales": {"staff", "staff_sales", "staff_support", "staff_parked", "staff_customers"},
    "support": {"staff", "staff_support", "staff_parked", "staff_mails", "staff_customers"},
    "finance": {"staff", "staff_support", "staff_parked", "staff_customers"},
    "operator": set(PAGES),
}


def staff(world: World, role: str) -> Client:
    person = world.person(role.title(), f"{role}@zetel.example")
    Person.objects.filter(pk=person.pk).update(staff_role=role)
    client = Client()
    client.force_login(Person.objects.get(pk=person.pk))
    return client


def as_(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_the_back_office_does_not_exist_for_customers(anna: Person, name: str) -> None:
    assert as_(anna).get(reverse(name)).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_who_is_not_logged_in_is_asked_to(world: World, name: str) -> None:
    response = Client().get(reverse(name))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=%2Fstaff%2F")


@pytest.mark.parametrize("role", sorted(OPEN))
def test_each_role_opens_its_own_pages(world: World, role: str) -> None:
    client = staff(world, role)
    seen = {name: client.get(reverse(name)).status_code for name in PAGES}
    assert seen == {name: 200 if name in OPEN[role] else 403 for name in PAGES}
    listed = page(client, reverse("staff"))
    assert {name for name in PAGES if f'href="{reverse(name)}"' in listed} == OPEN[role]


def test_staff_who_was_deactivated_is_out_at_once(world: World) -> None:
    client = staff(world, "operator")
    Person.objects.filter(email="operator@zetel.example").update(is_active=False)
    assert client.get(reverse("staff")).status_code == 302


def ask(anna: Person, clock: HandClock, **changed: Any) -> SalesRequest:
    wish = {"plan": "business", "cycle": "year", "seats": 40}
    given: dict[str, Any] = {
        "topic": "pay_by_invoice",
        "wish": wish,
        "message": "Kan dat <b>?</b>",
        **changed,
    }
    return SalesRequest.objects.create(
        person=anna, name="Anna", email=anna.email, company="Acme", created_at=clock.now, **given
    )


def test_sales_reads_what_was_asked(world: World, anna: Person, clock: HandClock) -> None:
    row = ask(anna, clock)
    client = staff(world, "sales")
    assert "1 open request" in page(client, reverse("staff"))
    assert "Acme" in page(client, reverse("staff_sales"))
    shown = page(client, reverse("staff_sales_request", args=[row.pk]))
    for words in ("paying by invoice", "Business", "Annual", "40", "Kan dat &lt;b&gt;?&lt;/b&gt;"):
        assert words in shown
    assert client.get(reverse("staff_sales_request", args=[new_id()])).status_code == 404


def test_a_request_that_was_answered_is_among_all_of_them_only(
    world: World, anna: Person, clock: HandClock
) -> None:
    ask(anna, clock, status="declined")
    client = staff(world, "sales")
    assert "Nothing is open" in page(client, reverse("staff_sales"))
    assert "Acme" in page(client, reverse("staff_sales") + "?all")


def test_support_reads_the_question(world: World, anna: Person, clock: HandClock) -> None:
    row = SupportRequest.objects.create(
        person=anna, subject="Mijn <i>factuur</i>", message="Waar?", created_at=clock.now
    )
    shown = page(staff(world, "support"), reverse("staff_support_request", args=[row.pk]))
    assert "Mijn &lt;i&gt;factuur&lt;/i&gt;" in shown
    assert "anna@acme.example" in shown


def test_a_customer_is_found_by_name_mail_space_and_invoice(
    world: World, anna: Person, clock: HandClock
) -> None:
    buy(world.workspace(anna, "Studio Noord"), anna, clock.now, seats=5)
    invoice, customer = Invoice.objects.get(), Customer.objects.get()
    client = staff(world, "finance")
    link = reverse("staff_customer", args=[customer.pk])
    for wanted in ("ann", "ANNA@acme", "studio", invoice.number.lower(), customer.public_id):
        assert link in page(client, reverse("staff_customers") + f"?q={wanted}"), wanted
    assert link not in page(client, reverse("staff_customers") + "?q=nobody")


def test_a_customers_page_shows_money_to_those_who_may_read_it(
    world: World, anna: Person, clock: HandClock
) -> None:
    buy(world.workspace(anna), anna, clock.now, seats=5)
    invoice, address = Invoice.objects.get(), reverse("staff_customer", args=[Customer.objects.get().pk])
    shown = page(staff(world, "finance"), address)
    assert invoice.number in shown
    assert "€67.45" in shown
    assert "Premium with 5 seats was bought (monthly), until 12 June 2026." in shown
    without = page(staff(world, "sales"), address)
    assert invoice.number not in without
    assert "Studio Noord" in without


def test_an_invoice_is_for_those_who_may_read_money(world: World, anna: Person, clock: HandClock) -> None:
    buy(world.workspace(anna), anna, clock.now, seats=5)
    address = reverse("staff_invoice_pdf", args=[Invoice.objects.get().pk])
    assert staff(world, "finance").get(address).content.startswith(b"%PDF-")
    assert staff(world, "support").get(address).status_code == 403
    assert as_(anna).get(address).status_code == 404


def test_lists_take_as_many_queries_for_many_rows_as_for_one(
    world: World, anna: Person, clock: HandClock
) -> None:
    ask(anna, clock)
    client = staff(world, "operator")
    page(client, reverse("staff_sales"))
    with CaptureQueriesContext(
        connection,
    ) as few:
        page(client, reverse("staff_sales"))
    for _ in range(20):
        ask(anna, clock)
    with CaptureQueriesContext(connection) as many:
        page(client, reverse("staff_sales"))
    assert len(many) == len(few) <= 15


def test_a_parked_mail_is_sent_again_by_support(world: World, anna: Person, clock: HandClock) -> None:
    row = Mail.objects.create(
        kind="admin_told", once_key="x", to_email=anna.email, language="en", created_at=clock.now,
        due_at=clock.now, status="parked", tries=100, params={"owner": "Bram", "space": "Noord"},
    )  # fmt: skip
    address = reverse("staff_mail_retry", args=[row.pk])
    assert staff(world, "sales").post(address).status_code == 403
    client = staff(world, "support")
    assert "1 thing" in page(client, reverse("staff"))
    assert client.get(address).status_code == 405
    client.post(address)
    assert outbox.drain(clock.now) == 1
    row.refresh_from_db()
    assert (row.status, row.tries) == ("sent", 1)


def test_a_parked_subscription_is_tried_again_by_finance(
    world: World, anna: Person, clock: HandClock
) -> None:
    row = subscribe(world.workspace(anna), anna, clock.now, seats=2)
    parked.park(row.pk, "ZoneInfoNotFoundError: Nowhere")
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 0
    address = reverse("staff_parked_retry", args=[row.pk])
    assert "Try again" not in page(staff(world, "support"), reverse("staff_parked"))
    client = staff(world, "finance")
    assert "Try again" in page(client, reverse("staff_parked"))
    client.post(address)
    assert billing_run.run_due(clock.now) == 1
    assert Event.objects.get(kind="subscription.retried").before == {
        "reason": "ZoneInfoNotFoundError: Nowhere"
    }
    client.post(address)
    assert Event.objects.filter(kind="subscription.retried").count() == 1


# ----------------------------------------------------------------------------------------------------------- the clock


def stands_at() -> str:
    row = ClockSetting.objects.filter(pk=1).first()
    return row.frozen_at.isoformat() if row and row.frozen_at else ""


def test_the_operator_sets_the_clock_in_the_sellers_time(world: World, clock: HandClock) -> None:
    client = staff(world, "operator")
    response = client.post(reverse("staff_clock"), {"day": "2026-06-12", "time": "09:30"})
    assert response.status_code == 302
    assert stands_at() == "2026-06-12T07:30:00+00:00"
    assert Event.objects.get(kind="clock.moved").actor == Person.objects.get(email="operator@zetel.example")


@pytest.mark.parametrize(
    ("step", "there"),
    [
        ("days:1", "2026-05-13T10:00:00+00:00"),
        ("days:7", "2026-05-19T10:00:00+00:00"),
        ("months:1", "2026-06-12T10:00:00+00:00"),
        ("years:1", "2027-05-12T10:00:00+00:00"),
    ],
)
def test_the_buttons_move_it(world: World, step: str, there: str) -> None:
    client = staff(world, "operator")
    assert f'value="{step}"' in page(client, reverse("staff_clock"))
    client.post(reverse("staff_clock"), {"step": step})
    assert stands_at() == there


def test_backward_needs_the_tick(world: World) -> None:
    client = staff(world, "operator")
    wish = {"day": "2026-05-01", "time": "09:30"}
    response = client.post(reverse("staff_clock"), wish)
    assert response.status_code == 409
    assert "That would turn the clock back." in response.content.decode()
    assert stands_at() == ""
    client.post(reverse("staff_clock"), {**wish, "back": "on"})
    assert stands_at() == "2026-05-01T07:30:00+00:00"


@pytest.mark.parametrize(
    "wish",
    [
        {"day": "", "time": ""}, {"day": "2026-13-45", "time": "25:00"}, {"day": "9999-12-31", "time": "23:59"},
        {"day": "0001-01-01", "time": "00:00", "back": "on"}, {"step": "days:99"}, {"step": "x"}, {"step": ""},
    ],
)  # fmt: skip
def test_a_senseless_time_is_refused_and_the_clock_stays(world: World, wish: dict[str, str]) -> None:
    response = staff(world, "operator").post(reverse("staff_clock"), wish)
    assert response.status_code == 422
    assert stands_at() == ""


def test_only_an_operator_moves_it(world: World, anna: Person) -> None:
    for client, status in ((staff(world, "finance"), 403), (as_(anna), 404), (Client(), 302)):
        assert client.post(reverse("staff_clock"), {"step": "days:1"}).status_code == status
    assert stands_at() == ""


def test_every_page_shows_a_clock_that_was_set_also_to_those_who_are_not_logged_in(
    world: World, anna: Person, clock: HandClock
) -> None:
    for client, address in ((Client(), "/accounts/login/"), (as_(anna), "/"), (Client(), "/no/such/page/")):
        response = client.get(address, follow=True)
        assert 'datetime="2026-05-12T12:00:00+02:00">12 May 2026 12:00<' in response.content.decode()
        assert "Sandbox: the clock is set to" in response.content.decode()


def test_no_page_shows_a_clock_that_runs(world: World, anna: Person) -> None:
    installation.release()
    assert "the clock is set to" not in as_(anna).get("/accounts/email/", follow=True).content.decode()
