"""The PDF of an issued document: from its frozen row, made once."""

from datetime import date

import pytest

from tests.conftest import HandClock
from tests.world import DUTCH, World, buy, customer_of
from zetel.jobs.files import document_of, ensure_pdf, file_name
from zetel.models import Invoice, IssuedFile, Payment, Person

pytestmark = pytest.mark.django_db


def invoice_of(world: World, anna: Person, clock: HandClock, **information: str) -> Invoice:
    customer = customer_of(anna, clock.now, **information)
    buy(world.workspace(anna), anna, clock.now, seats=5, customer=customer)
    return Invoice.objects.get()


def test_a_purchase_says_what_was_bought_for_whom_and_that_it_is_paid(
    world: World, anna: Person, clock: HandClock
) -> None:
    document = document_of(invoice_of(world, anna, clock, language="nl", **DUTCH))
    line = document.lines[0]
    assert line.description == "Premium, maandelijks, Studio Noord"
    assert (line.seats, line.unit_price, line.days, line.of_days, line.amount) == (5, 1349, 31, 31, 6745)
    assert (document.net, document.tax, document.total) == (6745, 1416, 8161)
    assert (document.paid_amount, document.due_amount) == (8161, 0)
    assert document.paid_on == date(2026, 5, 12)
    assert document.payment_note == "Betaald met Visa •••• 4242."
    assert document.customer.address == ("Herengracht 1", "1015 BA Amsterdam")


def test_the_countries_are_named_when_they_differ(world: World, anna: Person, clock: HandClock) -> None:
    document = document_of(invoice_of(world, anna, clock))
    assert document.customer.address[-1] == "United States"
    assert document.seller.address[-1] == "Netherlands"


def test_what_is_paid_later_does_not_change_the_paper(world: World, anna: Person, clock: HandClock) -> None:
    invoice = invoice_of(world, anna, clock)
    Payment.objects.update(paid_at=clock.move(hours=1))
    document = document_of(invoice)
    assert (document.paid_amount, document.due_amount, document.payment_note) == (0, 6745, "")


def test_it_is_made_once_and_kept(world: World, anna: Person, clock: HandClock) -> None:
    invoice = invoice_of(world, anna, clock)
    first = ensure_pdf(invoice, clock.now)
    Invoice.objects.update(language="nl")  # whatever happens to the row, the paper is what it was
    assert ensure_pdf(Invoice.objects.get(), clock.move(days=30)) == first
    assert IssuedFile.objects.filter(kind="pdf").count() == 1
    assert file_name(invoice) == f"{invoice.number}.pdf"
