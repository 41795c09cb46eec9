"""A live plan changed, cancelled, resumed and paid for in a real browser: both languages, keyboard, without script."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE_DARK, WIDE_LIGHT, Visit, Window
from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import DUTCH, change, change_quote, customer_of, subscribe
from zetel.jobs import tasks
from zetel.models import Invoice, Person, Space, Subscription
from zetel.sandbox import company

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": {
        "edit": "Edit plan", "review": "Review the change", "button": "Change for €129.39", "again": "Recalculate",
        "done": "The plan was changed", "cancel": "Cancel plan", "ends": "Ends on 12 June 2026", "resume": "Resume",
        "active": "Active", "due": "€129.39", "back": "Back to Billing", "schedule": "Schedule",
        "undo": "Cancel this change", "pay": "Pay now", "now": "Pay €553.39 now", "paid": "Paid",
    },
    "nl": {
        "edit": "Abonnement bewerken", "review": "Wijziging controleren", "button": "Wijzigen voor € 129,39",
        "again": "Opnieuw berekenen", "done": "Het abonnement is gewijzigd", "cancel": "Abonnement annuleren",
        "ends": "Eindigt op 12 juni 2026", "resume": "Hervatten", "active": "Actief", "due": "€ 129,39",
        "back": "Terug naar Facturering", "schedule": "Inplannen", "undo": "Deze wijziging annuleren",
        "pay": "Nu betalen", "now": "Nu € 553,39 betalen", "paid": "Betaald",
    },
}  # fmt: skip


@pytest.fixture
def studio(world: World, anna: Person, clock: HandClock) -> Space:
    """Premium monthly, 15 seats from 12 May, with 21 % tax; it is 30 May."""
    space = world.workspace(anna)
    subscribe(space, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))
    clock.set(datetime(2026, 5, 30, 10, tzinfo=UTC))
    return space


@pytest.mark.parametrize(("language", "javascript"), [("nl", True), ("en", False)], ids=["nl", "en-nojs"])
def test_another_plan_is_estimated_reviewed_and_paid(
    visit: Visit, anna: Person, studio: Space, language: str, javascript: bool
) -> None:
    window, words = visit(language, javascript=javascript), WORDS[language]
    window.log_in(anna)
    page = window.go(f"/s/{studio.public_id}/billing/")
    window.press(words["edit"])
    page.wait_for_url("**/billing/plan")
    page.check("input[value=business]", force=True)
    if not javascript:
        window.press(words["again"])
    expect(page.locator("#estimate .amounts__row--total dd")).to_have_text(
        words["due"].replace(" ", "\N{NO-BREAK SPACE}")
    )
    window.press(words["review"])
    page.wait_for_url("**/plan/quo_*")
    page.get_by_role("button", name=words["button"].replace("€ ", "€\N{NO-BREAK SPACE}")).click()
    page.wait_for_url("**/upgrade/changes/**")
    assert window.heading() == words["done"]
    window.press(words["back"])
    assert Invoice.objects.get(number="INV-2026-00002").total_amount == 12939


def test_a_size_chosen_while_the_estimate_is_on_its_way_stays_chosen(
    visit: Visit, anna: Person, studio: Space
) -> None:
    window = visit("en")
    window.log_in(anna)
    page = window.go(f"/s/{studio.public_id}/billing/plan")
    arrive = window.hold_next("**/plan?*")
    with page.expect_request("**/plan?*"):
        page.check("input[value=business]", force=True)
    page.select_option("#id_seats", "20")
    arrive()
    expect(page.locator("#estimate")).to_contain_text("20 seats")
    expect(page.locator("#id_seats")).to_have_value("20")
    expect(page.locator("input[value=business]")).to_be_checked()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_cancelled_and_resumed(visit: Visit, anna: Person, studio: Space, language: str) -> None:
    window, words = visit(language, javascript=False), WORDS[language]
    window.log_in(anna)
    page = window.go(f"/s/{studio.public_id}/billing/")
    page.get_by_role("link", name=words["cancel"], exact=True).click()
    page.fill("textarea", "Te duur")
    page.get_by_role("button", name=words["cancel"]).click()
    assert page.get_by_text(words["ends"]).count() >= 1
    window.press(words["resume"])
    page.get_by_role("button", name=words["resume"]).click()
    assert page.get_by_text(words["active"], exact=True).count() == 1
    assert Subscription.objects.get().ends_on is None


def test_by_keyboard_alone(visit: Visit, anna: Person, studio: Space) -> None:
    """Space and arrows choose, the estimate follows, and the focus stays where it was."""
    window = visit("en")
    window.log_in(anna)
    page = window.go(f"/s/{studio.public_id}/billing/plan")
    page.focus("input[name=plan]:checked")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#estimate .amounts__row--total dd")).to_have_text("€129.39")
    assert page.evaluate("document.activeElement.value") == "business"
    page.focus("select[name=seats]")
    page.keyboard.type("20 seats")
    page.keyboard.press("Tab")
    expect(page.locator("#estimate")).to_contain_text("Business, monthly, 20 seats")
    page.focus("#plan-form button:not([name])")
    page.keyboard.press("Enter")
    page.wait_for_url("**/plan/quo_*")


def test_axe_finds_nothing_serious_and_nothing_runs_over(
    visit: Visit, anna: Person, studio: Space, clock: HandClock
) -> None:
    subscription = Subscription.objects.get()
    made = change(subscription, clock.now, plan="business")
    change(subscription, clock.now, plan="premium", seats=5)
    quote = change_quote(subscription, clock.now, seats=20)
    base = f"/s/{studio.public_id}/billing/"
    paths = {
        "tab-pending": base, "plan-none": base + "plan", "plan": base + "plan?plan=business&cycle=month&seats=20",
        "plan-mixed": base + "plan?plan=enterprise&cycle=year&seats=10", "plan-basic": base + "plan?plan=basic",
        "review": f"{base}plan/{quote.public_id}", "done": f"/upgrade/changes/{made.public_id}/",
        "withdraw": base + "scheduled/seats", "cancel": base + "cancel", "policy": "/cancellation-policy",
    }  # fmt: skip
    window = visit("nl")
    window.log_in(anna)
    inspect(window, paths)
    window.go(base + "cancel")
    window.page.locator("main form button").first.click()
    inspect(window, {"tab-ends": base, "resume": base + "resume", "plan-ends": base + "plan?seats=5"})


def inspect(window: Window, paths: dict[str, str]) -> None:
    for name, path in paths.items():
        window.go(path)
        window.inspect(f"change-{name}")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_an_open_invoice_is_paid_by_hand(
    visit: Visit, anna: Person, studio: Space, clock: HandClock, language: str
) -> None:
    change(Subscription.objects.get(), clock.now, plan="business")
    company.plan("declined_soft")
    clock.set(datetime(2026, 6, 11, 22, tzinfo=UTC))
    tasks.do_due(clock.now)
    tasks.do_due(clock.now)
    invoice = Invoice.objects.get(state="open")
    base = f"/s/{studio.public_id}/billing/"
    window, words = (
        visit(language, javascript=False, look=PHONE_DARK if language == "nl" else WIDE_LIGHT),
        WORDS[language],
    )
    window.log_in(anna)
    paths = {"tab-open": base, "invoice-open": f"{base}invoices/{invoice.public_id}/", "plan-past-due": base + "plan",
             "cancel-past-due": base + "cancel", "pay": f"{base}invoices/{invoice.public_id}/pay"}  # fmt: skip
    for name, path in paths.items():
        window.go(path)
        window.shot(f"change-{name}")
    page = window.page
    page.get_by_role("button", name=words["now"].replace("€ ", "€\N{NO-BREAK SPACE}")).click()
    page.wait_for_url("**/payment")
    window.shot("change-payment")
    assert window.heading() == words["paid"]
    assert Subscription.objects.get().status == "active"
