"""A manual customer's year in a real browser: asked, quoted, approved, late, paid, seats, renewed (G5).

Time passes by the clock of the test between the pages; what the amounts are is told by the stories.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.browser.conftest import Visit, Window
from tests.conftest import HandClock
from tests.directory_world import begin
from tests.doctor import assert_healthy
from tests.manual import camt, staff_of
from tests.web.upgrade_steps import DUTCH, Buyer
from zetel.actions import bank
from zetel.jobs import tasks
from zetel.models import Invoice, Offer, SalesRequest, Subscription
from zetel.rules.money import Money

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _quote(window: Window) -> None:
    """Sales answer the request with a quote."""
    page = window.go(f"/staff/sales/{SalesRequest.objects.get().public_id}/")
    window.shot("manual-request")
    window.press("Offerte op factuur")
    page.fill("[name=purchase_order]", "PO-77")
    window.shot("manual-quote-form")
    window.press("Offerte versturen")
    page.wait_for_url("**/staff/offers/**")
    window.shot("manual-quote")


def _read_statement(window: Window, folder: Path, name: str, text: str, amount: str, day: str) -> None:
    """Finance read in a statement and confirm what is proposed."""
    file = folder / f"{name}.xml"
    file.write_bytes(camt([(amount, "Acme B.V.", text, name)], day=day))
    page = window.go("/staff/bank/")
    page.set_input_files("[name=file]", file)
    window.press("Inlezen")
    window.shot(f"manual-bank-{name}")
    window.press("Boeken")
    assert page.get_by_text("Geboekt op").first.is_visible()


def test_a_manual_customers_year(visit: Visit, clock: HandClock, tmp_path: Path) -> None:
    world = begin(clock.now)
    anna, sales, finance = world.person("Anna"), staff_of("sales", clock.now), staff_of("finance", clock.now)
    space = world.workspace(anna)
    buyer = Buyer(anna, "nl")
    buyer.choose(space, cycle="year", seats=20)
    away = buyer.post("billing", **{**DUTCH, "payer": "new", "method": "invoice"}).headers["Location"]
    window = visit("nl")
    window.log_in(anna)
    page = window.go(away)
    window.shot("manual-ask")
    window.press("Versturen")
    page.wait_for_url("**/sales/sal_**")

    window.log_in(sales)
    _quote(window)
    offer = Offer.objects.get()
    window.log_in(anna)
    window.go(f"/offers/{offer.public_id}/")
    window.shot("manual-offer")
    window.press("Akkoord met deze offerte")
    window.log_in(sales)
    page = window.go(f"/staff/offers/{offer.public_id}/")
    window.press("Goedkeuren")
    page.wait_for_url("**/approve/")
    window.press("Controleren")
    assert page.get_by_text("€ 3.264,58").first.is_visible()
    window.shot("manual-approve")
    window.press("Goedkeuren")
    page.wait_for_url("**/staff/offers/*/")

    tasks.do_due(clock.set(datetime(2026, 6, 12, 10, tzinfo=UTC)))
    window.log_in(anna)
    page = window.go(f"/s/{space.public_id}/billing/")
    assert page.get_by_text("Op factuur, te laat").first.is_visible()
    window.log_in(finance)
    window.go("/staff/manual/?which=overdue")
    window.shot("manual-list")
    _read_statement(window, tmp_path, "A", "INV-2026-00001", "3264.58", "2026-06-12")

    window.log_in(sales)
    page = window.go(f"/staff/subscriptions/{Subscription.objects.get().public_id}/change/")
    page.fill("[name=seats]", "30")
    page.fill("[name=reason]", "Per telefoon gevraagd")
    window.press("Controleren")
    window.shot("manual-change")
    window.press("Wijzigen")
    page.wait_for_url("**/staff/customers/**")
    added = Invoice.objects.latest("id")
    bank.book_by_hand(
        added, Money(added.total_amount, "EUR"), booked_on=clock.move(days=3).date(), reference="afschrift 2",
        once="b", staff=finance, now=clock.now,
    )  # fmt: skip
    tasks.do_due(clock.set(datetime(2027, 5, 12, 10, tzinfo=UTC)))
    window.log_in(anna)
    page = window.go(f"/s/{space.public_id}/billing/")
    assert page.get_by_text("INV-2027-00001").first.is_visible()
    assert page.get_by_text("Op factuur").first.is_visible()
    window.shot("manual-renewed")
    assert_healthy(clock.now)
