"""Plans on manual invoice on their pages: asked for while buying, quoted, agreed to, approved, changed by sales (G5).

What the amounts are is told by the stories in `tests/journeys`; here is what people read, press and are refused.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conftest import HandClock
from tests.directory_world import World
from tests.documents.examples import text_of
from tests.manual import approve, camt, manual_offer, on_invoice, staff_of
from tests.web.test_billing import browser, path_of, words
from tests.web.upgrade_steps import DUTCH, Buyer
from tests.world import subscribe
from zetel.actions import bank
from zetel.jobs import tasks
from zetel.models import (
    BankBooking,
    BankLine,
    Invoice,
    Mail,
    Offer,
    Payment,
    Person,
    SalesRequest,
    Space,
    Subscription,
)
from zetel.rules.money import Money

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def house(role: str, clock: HandClock) -> Client:
    return browser(staff_of(role, clock.now))


def confirm(client: Client, path: str, **given: object) -> Any:
    """Both steps of an act: what will happen, then the button with all that the page sends along."""
    seen = client.post(path, given)
    assert seen.status_code == 200, words(seen.content)
    sent = {field.html_name: field.value() or "" for field in seen.context["form"]}
    done = client.post(path, sent | {"confirm": "1"})
    assert done.status_code == 302, words(done.content)
    return seen


def test_from_the_purchase_to_the_plan(world: World, clock: HandClock, anna: Person, acme: Space) -> None:
    """Who pays is asked once, while buying; sales find it in the request, and the PDF says what the page says."""
    buyer = Buyer(anna)
    buyer.choose(acme, cycle="year", seats=20)
    away = buyer.post("billing", **{**DUTCH, "payer": "new", "method": "invoice", "reference": "K-9"})
    form = buyer.client.get(away.headers["Location"]).context["form"]
    assert [form.initial[name] for name in ("topic", "plan", "cycle", "seats")] == [
        "pay_by_invoice", "premium", "year", "20",
    ]  # fmt: skip
    asked = {"topic": "pay_by_invoice", "plan": "premium", "cycle": "year", "seats": "20", "message": "Graag"}
    buyer.client.post(away.headers["Location"], asked | {"name": "Anna", "email": anna.email})
    request = SalesRequest.objects.get()
    assert request.customer is not None
    assert request.customer.company == "Acme B.V."

    sales = house("sales", clock)
    answered = sales.post(f"/staff/sales/{request.public_id}/", {"message": "Dat kan.\nGroet"})
    assert answered.status_code == 302
    assert Mail.objects.get(kind="sales_answered").params["message"] == "Dat kan.\nGroet"
    page = words(sales.get(f"/staff/sales/{request.public_id}/").content)
    assert "answered" in page
    assert "Dat kan." in page
    path = f"/staff/spaces/{acme.public_id}/quote/?request={request.public_id}"
    offered = sales.get(path).context["form"]
    assert offered.initial["payer"] == request.customer.public_id
    given = {name: offered.initial[name] for name in ("email", "plan", "seats", "currency", "payer", "term")}
    sent = sales.post(
        path, given | {"last_on": "2026-06-11", "purchase_order": "PO-77", "price": "", "message": "Hoi"}
    )
    offer = Offer.objects.get()
    assert sent.headers["Location"] == f"/staff/offers/{offer.public_id}/", words(sent.content)

    page = words(buyer.client.get(f"/offers/{offer.public_id}/").content)
    for told in ("€3,264.58", "30 days", "PO-77", "Acme B.V.", offer.reference, "Agree to this quote"):
        assert told in page, told
    paper = text_of(buyer.client.get(f"/offers/{offer.public_id}/pdf/").content)
    for told in ("Offerte", offer.reference, "€ 3.264,58", "30 dagen", "PO-77", "Acme B.V.", "Hoi"):
        assert told in paper, told
    assert text_of(sales.get(f"/staff/offers/{offer.public_id}/pdf/").content) == paper
    buyer.client.post(f"/offers/{offer.public_id}/")
    assert "Sales approve it now." in words(buyer.client.get(f"/offers/{offer.public_id}/").content)
    approved = f"/staff/offers/{offer.public_id}/approve/"
    form = sales.get(approved).context["form"]
    seen = confirm(sales, approved, **form.initial)
    assert "€3,264.58" in words(seen.content)
    row = Subscription.objects.get()
    assert (row.customer, row.customer.billing_owner, row.purchase_order) == (request.customer, anna, "PO-77")
    request.refresh_from_db()
    assert request.status == "approved"
    again = sales.post(approved, {**form.initial, "confirm": "1"})
    assert again.status_code in (409, 422)
    assert Subscription.objects.count() == 1


def test_it_is_explained_when_it_is_not_for_them(clock: HandClock, anna: Person, acme: Space) -> None:
    buyer = Buyer(anna)
    buyer.choose(acme, cycle="year", seats=10)
    page = buyer.get("billing").content.decode()
    assert "For annual plans of 20 seats or more." in words(page.encode())
    refused = buyer.post("billing", **{**DUTCH, "payer": "new", "method": "invoice"})
    assert refused.status_code == 422


def test_the_tab_on_invoice_leads_to_sales(world: World, clock: HandClock, anna: Person, acme: Space) -> None:
    row = on_invoice(acme, anna, clock.now, order="PO-77")
    client, invoice = browser(anna), Invoice.objects.get()
    raw = client.get(path_of(acme)).content
    page = words(raw)
    for told in ("On invoice", "30 days", "PO-77", "NL91 ABNA 0417 1643 00", invoice.number, "€2,698.00"):
        assert told in page, told
    wish = f"plan=premium&amp;cycle=year&amp;seats=20&amp;space={acme.public_id}"
    for topic in ("change", "cancel"):
        assert f"/?topic={topic}&amp;{wish}" in raw.decode()
    assert "Edit payment information" not in page
    for step in ("plan", "cancel"):
        assert "topic=" in client.get(path_of(acme, step)).headers["Location"]
    assert client.get(path_of(acme, f"invoices/{invoice.public_id}/pay")).status_code == 302
    shown = client.get(path_of(acme, f"invoices/{invoice.public_id}/")).content.decode()
    assert "data:image/svg+xml;base64," in shown
    bank.book_by_hand(
        invoice, Money(100_000, "EUR"), booked_on=clock.now.date(), reference="1", once="a",
        staff=staff_of("finance", clock.now), now=clock.now,
    )  # fmt: skip
    page = words(client.get(path_of(acme, f"invoices/{invoice.public_id}/")).content)
    assert "Total €2,698.00 Payments −€1,000.00 Still due €1,698.00" in " ".join(page.split())
    paper = text_of(client.get(path_of(acme, f"invoices/{invoice.public_id}/pdf")).content)
    for told in ("Account holder", "NL91 ABNA 0417 1643 00", "Payment reference", invoice.number, "PO-77"):
        assert told in paper, told
    tasks.do_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    page = words(client.get(path_of(acme)).content)
    assert "On invoice, overdue" in page
    assert f"Invoice {invoice.number} is overdue" in page
    row.refresh_from_db()
    assert row.status == "past_due"


def test_sales_change_and_cancel_with_a_reason(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    row = on_invoice(acme, anna, clock.now)
    sales, path = house("sales", clock), f"/staff/subscriptions/{row.public_id}"
    assert sales.post(f"{path}/change/", {"plan": "premium", "seats": "30", "reason": ""}).status_code == 422
    few = sales.post(f"{path}/change/", {"plan": "premium", "seats": "10", "reason": "x"})
    assert "20 seats or more" in words(few.content)
    assert "€1,349.00" in words(
        confirm(sales, f"{path}/change/", plan="premium", seats=30, reason="By phone").content
    )
    assert Invoice.objects.latest("id").total_amount == 134_900
    confirm(sales, f"{path}/end/", reason="By mail")
    assert Subscription.objects.get().ends_on is not None
    assert "Ends on" in words(browser(anna).get(path_of(acme)).content)
    confirm(sales, f"{path}/end/", reason="Stays after all")
    assert Subscription.objects.get().ends_on is None
    told = words(browser(anna).get(path_of(acme, "timeline")).content)
    for reason in ("By phone", "By mail", "Stays after all"):
        assert reason in told
    by_card = subscribe(world.workspace(anna), anna, clock.now, seats=5)
    assert sales.get(f"/staff/subscriptions/{by_card.public_id}/change/").status_code == 404


def upload(client: Client, content: bytes) -> Any:
    return client.post("/staff/bank/", {"file": SimpleUploadedFile("mei.xml", content, "text/xml")})


def test_a_statement_is_read_proposed_booked_skipped_and_corrected(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    on_invoice(acme, anna, clock.now)
    invoice, finance = Invoice.objects.get(), house("finance", clock)
    told = [("2698.00", "Acme", invoice.number, "R1"), ("12.00", "Somebody", "boeken", "R2")]
    assert upload(finance, camt(told)).status_code == 302
    page = words(finance.get("/staff/bank/").content)
    for word in (invoice.number, "number, amount, name", "nothing found"):
        assert word in page, word
    again = upload(finance, camt(told, version="08"))
    assert (again.status_code, BankLine.objects.count()) == (422, 2)
    for bad in (b"<a/>", b"", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'):
        assert upload(finance, bad).status_code == 422
    first, second = BankLine.objects.order_by("id")
    finance.post(f"/staff/bank/{first.public_id}/", {"invoice": invoice.number})
    finance.post(f"/staff/bank/{first.public_id}/", {"invoice": invoice.number})
    invoice.refresh_from_db()
    assert (invoice.state, Payment.objects.count()) == ("paid", 1)
    finance.post(f"/staff/bank/{second.public_id}/skip/")
    second.refresh_from_db()
    assert second.status == "skipped"
    assert "Nothing waits" in words(finance.get("/staff/bank/").content)
    clock.move(minutes=1)
    confirm(finance, f"/staff/bookings/{BankBooking.objects.get().public_id}/correct/", reason="Wrong one")
    invoice.refresh_from_db()
    assert invoice.state == "open"
    assert "taken back" in words(finance.get(f"/staff/bank/{first.public_id}/").content)
    clock.move(minutes=1)
    seen = confirm(
        finance, f"/staff/invoices/{invoice.public_id}/payment/", amount="2000,00", booked_on="2026-05-12",
        reference="afschrift 3", once="abc",
    )  # fmt: skip
    assert "€698.00" in words(seen.content)
    assert "by bank" in words(finance.get(f"/staff/invoices/{invoice.public_id}/").content)


def test_finance_see_what_is_late_and_give_time_or_end_it(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    row = on_invoice(acme, anna, clock.now)
    invoice, finance = Invoice.objects.get(), house("finance", clock)
    assert finance.get(f"/staff/subscriptions/{row.public_id}/stop/").status_code == 404, "not before 30 days"
    tasks.do_due(clock.set(datetime(2026, 7, 11, 10, tzinfo=UTC)))
    page = words(finance.get("/staff/manual/?which=finance").content)
    for word in (invoice.number, "30 days late", "With finance (1)", "End it now"):
        assert word in page, word
    confirm(
        finance,
        f"/staff/invoices/{invoice.public_id}/extend/",
        due_on="2026-07-20",
        reason="Their bank was away",
    )
    assert Mail.objects.get(kind="manual_invoice_extended").to_email == anna.email
    assert "With finance (0)" in words(finance.get("/staff/manual/").content)
    tasks.do_due(clock.set(datetime(2026, 8, 20, 10, tzinfo=UTC)))
    seen = confirm(finance, f"/staff/subscriptions/{row.public_id}/stop/", reason="Nothing came")
    assert "€1,958.82" in words(seen.content)  # 265 of 365 days
    row.refresh_from_db()
    assert (row.status, Invoice.objects.get(pk=invoice.pk).state) == ("ended", "open")


def test_the_lists_take_the_same_queries_for_one_as_for_many(
    world: World, clock: HandClock, anna: Person, acme: Space
) -> None:
    on_invoice(acme, anna, clock.now)
    finance = house("finance", clock)
    upload(finance, camt([("2698.00", "Acme", "INV-2026-00001", "R0")]))

    def counted(path: str) -> int:
        finance.get(path)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert finance.get(path).status_code == 200
        return len(seen)

    before = {path: counted(path) for path in ("/staff/manual/", "/staff/bank/")}
    for number in range(3):
        person = world.person(f"P{number}")
        approve(manual_offer(world.workspace(person), person, clock.now), clock.now)
    upload(
        finance,
        camt([(f"{number}.00", "Acme", f"INV-2026-0000{number}", f"R{number}") for number in (1, 2, 3)]),
    )
    assert {path: counted(path) for path in before} == before
