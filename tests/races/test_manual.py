"""Sales and finance at the same moment: one approval, one line, one booking (rules G5, X3)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connections

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.doctor import assert_healthy
from tests.manual import camt, manual_offer, on_invoice, staff_of
from zetel.actions import bank, changes, manual_offers
from zetel.gateways import camt053
from zetel.models import BankLine, Change, Invoice, Payment, Subscription
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> Counter[str]:
    """What each came to, all let go at the same moment."""
    together = Barrier(len(acts))

    def one(act: Callable[[], object]) -> str:
        together.wait(10)
        try:
            act()
        except ZetelError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(one, acts))


def test_one_quote_is_approved_once(clock: HandClock) -> None:
    """Two quotes of two of sales: one plan, one invoice; the other hears that it is used."""
    world, sales = begin(clock.now), staff_of("sales", clock.now)
    anna = world.person("Anna")
    offer = manual_offer(world.workspace(anna), anna, clock.now)
    bound = [
        manual_offers.bind(
            offer, staff=sales, agreed_by="Anna", agreed_on=clock.now.date(), purchase_order="", now=clock.now
        ).pk
        for _ in range(2)
    ]

    def approve(quote_id: UUID) -> Callable[[], object]:
        return lambda: changes.confirm(
            quote_id=quote_id,
            person=sales,
            now=clock.now,
            return_path="/",
            language="en",
        )

    came_to = at_once(approve(bound[0]), approve(bound[1]))
    assert came_to == Counter(done=1, offer_used=1)
    assert (Subscription.objects.count(), Invoice.objects.count(), Change.objects.count()) == (1, 1, 1)
    assert_healthy(clock.now)


def test_one_line_is_read_and_booked_once(clock: HandClock) -> None:
    world, finance = begin(clock.now), staff_of("finance", clock.now)
    anna = world.person("Anna")
    on_invoice(world.workspace(anna), anna, clock.now)
    invoice = Invoice.objects.get()
    content = camt([("2698.00", "Acme", invoice.number, "R1"), ("1.00", "Else", "x", "")])

    def read() -> None:
        bank.read_in(camt053.read(content), file_name="a.xml", staff=finance, now=clock.now)

    assert at_once(read, read, read) == Counter(done=1, bank_line_taken=2)
    assert BankLine.objects.count() == 2
    line = BankLine.objects.get(reference="R1")

    def book() -> None:
        bank.book(line, invoice, staff=finance, now=clock.now + timedelta(seconds=1))

    assert at_once(book, book, book) == Counter(done=1, bank_line_taken=2)
    assert Payment.objects.count() == 1
    invoice.refresh_from_db()
    assert invoice.state == "paid"
    assert_healthy(clock.now + timedelta(seconds=1))
