"""From card to PayPal and back in a real browser, renewing in between: each method pays while it is the active one."""

from datetime import UTC, datetime

import pytest

from tests.browser.conftest import Visit, Window
from tests.conftest import HandClock
from tests.directory_world import World
from tests.gateways import pages
from tests.world import subscribe
from zetel.jobs import tasks
from zetel.models import Attempt, Invoice, Space, Subscription
from zetel.sandbox.behaviours import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def choose(window: Window, space: Space, kind: str) -> None:
    """From the Billing tab to the company's page and back to Done."""
    page = window.go(f"/s/{space.public_id}/billing/method")
    page.check(f"input[value={kind}]", force=True)
    window.press("Verder")
    page.wait_for_url("**/sandbox/**")
    if kind == "paypal":
        page.fill("[name=email]", pages.email_of("paid"))
        page.fill("[name=password]", PASSWORD)
        page.click("button[value=login]")
        page.click("button[value=approve]")
    else:
        page.fill("[name=number]", pages.number_of("paid"))
        page.fill("[name=expiry]", "12/34")
        page.fill("[name=cvc]", "123")
        page.click("button[value=save]")
    page.wait_for_url("**/billing/method/return/**")
    assert window.heading() == "Klaar"


def renewed(clock: HandClock, month: int) -> None:
    clock.set(datetime(2026, month, 12, 6, 0, tzinfo=UTC))
    tasks.do_due(clock.now)


def test_an_organization_changes_from_card_to_paypal_and_back_and_renews_in_between(
    visit: Visit, world: World, clock: HandClock
) -> None:
    anna = world.person("Anna")
    acme = world.organization(anna)
    subscribe(acme, anna, clock.now)
    window = visit("nl", javascript=False)
    window.log_in(anna)
    choose(window, acme, "paypal")
    assert Invoice.objects.count() == 1  # switching charges nothing (G2)
    renewed(clock, 6)
    window.log_in(anna)
    choose(window, acme, "card")
    renewed(clock, 7)
    paid = Attempt.objects.filter(status="paid").order_by("created_at")
    assert [attempt.method.kind for attempt in paid] == ["card", "paypal", "card"]
    assert list(Invoice.objects.order_by("id").values_list("state", flat=True)) == ["paid"] * 3
    assert Subscription.objects.get().status == "active"
