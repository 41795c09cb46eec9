"""What is too small to be charged alone, in words: on the review page, on the tab, and where it could be paid (G9)."""

from datetime import UTC, datetime

import pytest

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.web.tenants import client_of
from tests.world import change_quote, confirm, subscribe
from zetel.actions import credit_notes, staff
from zetel.actions.credit_notes import Wish
from zetel.models import Invoice

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def test_forty_cents_are_shown_as_going_with_the_next_invoice(clock: HandClock) -> None:
    world = begin(clock.now)
    anna, finn = world.person("Anna"), world.person("Finn")
    staff.name_staff(person=finn, role="finance", now=clock.now)
    studio = world.workspace(anna)
    bought = subscribe(studio, anna, clock.now)
    clock.set(datetime(2026, 5, 30, 10, tzinfo=UTC))
    credit_notes.credit(
        Invoice.objects.get(), Wish(amount=2789), goes_to="balance", actor=finn, reason="gift", now=clock.now
    )
    quote = change_quote(bought, clock.now, seats=20)  # 28.29, of which the balance pays all but 0.40
    browser, billing = client_of(anna), f"/s/{studio.public_id}/billing/"
    words = "€0.40 is too little to be charged by itself."
    assert words in browser.get(f"{billing}plan/{quote.public_id}").content.decode()
    assert confirm(quote, clock.now).status == "done"
    small = Invoice.objects.get(quote=quote)
    tab = browser.get(billing).content.decode()
    assert f"€0.40 of invoice {small.number} goes with the next payment" in tab
    assert "is open" not in tab
    told = browser.post(f"{billing}invoices/{small.public_id}/pay", follow=True)
    assert told.redirect_chain[-1][0].endswith(f"{billing}invoices/{small.public_id}/")
