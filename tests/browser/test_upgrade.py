"""Upgrading in a real browser: by card and by PayPal, in both languages, with JavaScript and without."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, Window
from tests.conftest import HandClock
from tests.directory_world import World
from tests.gateways import pages
from tests.world import DUTCH, buy, customer_of
from zetel.models import Attempt, Person, PurchaseDraft, Space, Subscription
from zetel.sandbox.behaviours import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": {
        "choose": "Choose Premium", "annual": "Annual", "continue": "Continue", "update": "Update subscription",
        "save_card": "Save card", "button": "Upgrade for", "done": "Premium is on", "selected": "selected",
        "recalculate": "Recalculate",
    },
    "nl": {
        "choose": "Kies Premium", "annual": "Jaarlijks", "continue": "Ga verder", "update": "Abonnement updaten",
        "save_card": "Kaart opslaan", "button": "Upgrade voor", "done": "Premium staat aan",
        "selected": "geselecteerd", "recalculate": "Opnieuw berekenen",
    },
}  # fmt: skip


def team_of_five(world: World) -> tuple[Person, Space]:
    anna = world.person("Anna")
    acme = world.organization(anna)
    team = world.team(acme, anna)
    for number in range(4):
        colleague = world.person(f"Mens{number}")
        world.join(acme, colleague)
        world.join(team, colleague)
    return anna, team


def choose(window: Window, team: Space, words: dict[str, str], name: str = "") -> None:
    """Steps 1 to 3 for a team of five, yearly."""
    page = window.go(f"/upgrade/?space={team.public_id}")
    window.shot(f"{name}1-plan")
    window.press(words["choose"])
    page.wait_for_url("**/space")
    assert page.get_by_text(words["selected"], exact=True).locator("visible=true").count() == 1
    window.shot(f"{name}2-space")
    window.press(words["continue"])
    page.wait_for_url("**/details")
    window.shot(f"{name}3-details")
    window.press(words["update"])
    page.wait_for_url("**/billing")


def fill_billing(window: Window, words: dict[str, str], method: str, name: str = "") -> None:
    page = window.page
    for field, text in {
        "name": "Anna de Vries", "address_line1": "Herengracht 1", "postal_code": "1015 BA", "city": "Amsterdam",
    }.items():  # fmt: skip
        page.fill(f"#id_{field}", text)
    page.check(f"#method-{method}", force=True)
    window.shot(f"{name}4-billing")
    window.press(words["continue"])
    page.wait_for_url("**/sandbox/**")


def save_card(window: Window, words: dict[str, str], behaviour: str = "paid") -> None:
    page = window.page
    page.fill("[name=number]", pages.number_of(behaviour))
    page.fill("[name=expiry]", "12/34")
    page.fill("[name=cvc]", "123")
    page.click("button[value=save]")
    page.wait_for_url("**/review")


def agree_at_paypal(window: Window) -> None:
    page = window.page
    page.fill("[name=email]", pages.email_of("paid"))
    page.fill("[name=password]", PASSWORD)
    page.click("button[value=login]")
    page.click("button[value=approve]")
    page.wait_for_url("**/review")


@pytest.mark.parametrize(
    ("language", "method", "javascript"),
    [("nl", "card", True), ("en", "paypal", True), ("nl", "paypal", False), ("en", "card", False)],
)
def test_a_team_of_five_is_upgraded_for_a_year(
    visit: Visit, world: World, language: str, method: str, javascript: bool
) -> None:
    anna, team = team_of_five(world)
    window, words = visit(language, javascript=javascript), WORDS[language]
    window.log_in(anna)
    choose(window, team, words)
    fill_billing(window, words, method)
    if method == "card":
        save_card(window, words)
    else:
        agree_at_paypal(window)
    shown = window.page.get_by_role("button", name=words["button"]).inner_text().replace("\u00a0", " ")
    assert shown == {"nl": "Upgrade voor € 816,15", "en": "Upgrade for €816.15"}[language]
    window.shot("5-review")
    window.press(words["button"])
    window.page.wait_for_url("**/upgrade/changes/**")
    assert window.page.get_by_role("heading", level=1).inner_text() == words["done"]
    window.shot("6-done")
    assert Subscription.objects.live().get(space=team).terms.get().seats == 5


def test_the_estimate_follows_the_form_and_the_focus_stays(visit: Visit, world: World) -> None:
    anna, team = team_of_five(world)
    window = visit("en")
    window.log_in(anna)
    page = window.go(f"/upgrade/?space={team.public_id}")
    window.press("Choose Premium")
    window.press("Continue")
    page.wait_for_url("**/details")
    estimate = page.locator("#estimate")
    expect(estimate).to_contain_text("€816.15")
    page.focus("#id_seats")
    page.select_option("#id_seats", "10")
    expect(estimate).to_contain_text("€1,632.29")  # 10 × 134.90, and 21 % of it
    expect(page.locator("#id_seats")).to_be_focused()
    page.get_by_label("Business").check(force=True)
    expect(estimate).to_contain_text("€3,049.00")
    page.get_by_label("Monthly").check(force=True)
    expect(estimate).to_contain_text("Paying yearly would save you €609.80 a year")
    expect(page.locator("#id_seats")).to_have_value("10")
    expect(page.locator("#id_seats option:checked")).to_have_text("10 seats · €304.90 a month")
    arrive = window.hold_next("**/details?*")
    with page.expect_request("**/details?*"):
        page.get_by_label("Enterprise").check(force=True)
    page.select_option("#id_seats", "15")  # while the estimate for Enterprise is still on its way
    arrive()
    expect(estimate).to_contain_text("€749.85")  # 15 × 49.99
    expect(page.locator("#id_seats")).to_have_value("15")
    page.select_option("#id_seats", "10")
    page.get_by_label("Business").check(force=True)
    expect(estimate).to_contain_text("€304.90")
    assert PurchaseDraft.objects.get().seats is None  # nothing is kept before the button
    window.press("Update subscription")
    page.wait_for_url("**/billing")
    draft = PurchaseDraft.objects.get()
    assert (draft.plan, draft.cycle, draft.seats) == ("business", "month", 10)


def test_a_lower_plan_asks_for_a_tick_and_billing_used_before_is_offered_first(
    visit: Visit, world: World, clock: HandClock
) -> None:
    anna, team = team_of_five(world)
    assert team.organization is not None
    payer = customer_of(anna, clock.now, **DUTCH)
    buy(team, anna, clock.now, seats=5, plan="business", customer=payer)
    window, words = visit("en"), WORDS["en"]
    window.log_in(anna)
    page = window.go(f"/upgrade/?plan=premium&cycle=month&space={team.organization.public_id}")
    window.press(words["continue"])
    page.wait_for_url("**/details")
    page.get_by_label("Annual").check(force=True)
    expect(page.locator("#estimate")).to_contain_text("€816.15")
    window.press(words["update"])
    page.wait_for_url("**/billing")
    expect(page.locator("#id_address_line1")).to_be_hidden()
    window.press(words["continue"])
    page.wait_for_url("**/review")
    page.check("#id_lower")
    # 816.15 less the 152.45 of Business (5 × 30.49) and its 21 %, ended on its first day
    expect(page.get_by_role("button", name=words["button"])).to_have_text("Upgrade for €631.69")


def test_another_country_draws_its_fields_at_once_and_choosing_a_colleague_loses_nothing(
    visit: Visit, world: World
) -> None:
    anna, team = team_of_five(world)
    window, words = visit("en"), WORDS["en"]
    window.log_in(anna)
    choose(window, team, words)
    page = window.page
    page.fill("#id_name", "Anna de Vries")
    page.select_option("#id_country", "US")
    expect(page.get_by_label("ZIP code")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("Anna de Vries")
    page.fill("#id_address_line1", "1 Main Street")
    window.press("Choose a colleague")
    page.wait_for_url("**/owner")
    page.fill("#q", "mens3")
    window.press("Search")
    page.wait_for_url("**/owner?q=mens3")
    window.press("Choose Mens3")
    page.wait_for_url("**/billing")
    expect(page.get_by_text("Mens3")).to_be_visible()
    expect(page.locator("#id_address_line1")).to_have_value("1 Main Street")
    expect(page.get_by_label("ZIP code")).to_be_visible()


def test_declined_then_the_bank_asks_then_back_and_forward_buy_once(visit: Visit, world: World) -> None:
    anna, team = team_of_five(world)
    window, words = visit("en", javascript=False), WORDS["en"]
    window.log_in(anna)
    choose(window, team, words)
    fill_billing(window, words, "card")
    save_card(window, words, "declined_soft")
    page = window.page
    window.press(words["button"])
    expect(page.get_by_role("heading", level=1)).to_have_text("The payment did not go through")
    page.go_back()
    window.press(words["button"])  # the old page's button: the same quote, so the same answer
    expect(page.get_by_role("heading", level=1)).to_have_text("The payment did not go through")
    window.press("Choose another payment method")
    page.check("#method-card", force=True)
    window.press("Continue")
    save_card(window, words, "approval")
    window.press(words["button"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Your bank wants your approval")
    window.press("Go to your bank")
    page.click("button[value=approve]")
    expect(page.get_by_role("heading", level=1)).to_have_text(words["done"])
    page.go_back()
    page.go_forward()
    window.go(page.url.removeprefix(window.address))
    expect(page.get_by_role("heading", level=1)).to_have_text(words["done"])
    assert Subscription.objects.filter(space=team).count() == 1
    assert Attempt.objects.filter(status="paid").count() == 1


def test_axe_finds_nothing_serious_and_nothing_runs_over(visit: Visit, world: World) -> None:
    anna, team = team_of_five(world)
    window, words = visit("nl"), WORDS["nl"]
    page = window.page
    window.go("/pricing")
    inspect(window, "0-pricing")
    window.log_in(anna)
    window.go(f"/upgrade/?space={team.public_id}")
    base = page.url.removeprefix(window.address).rpartition("/")[0]
    inspect(window, "1-plan")
    window.press(words["choose"])
    inspect(window, "2-space")
    window.press(words["continue"])
    inspect(window, "3-details")
    window.press(words["update"])
    inspect(window, "4-billing")
    window.press(words["continue"])
    inspect(window, "4-billing-refused")
    window.go(base + "/owner")
    inspect(window, "4-owner")
    window.go(base + "/billing")
    fill_billing(window, words, "card")
    save_card(window, words, "declined_soft")
    inspect(window, "5-review")
    window.press(words["button"])
    inspect(window, "6-declined")
    window.go(base + "/method")
    inspect(window, "4-method")
    page.check("#method-card", force=True)
    window.press(words["continue"])
    save_card(window, words, "approval")
    window.press(words["button"])
    inspect(window, "6-waiting")
    page.goto(page.locator("#outcome a.button").first.get_attribute("href") or "")
    page.click("button[value=approve]")
    inspect(window, "6-done")
    window.go("/upgrade/?plan=business")
    inspect(window, "2-space-closed")
    window.go("/sales/?topic=several_teams&plan=business&cycle=year&seats=40")
    inspect(window, "7-sales")
    page.click("main button[type=submit]")
    inspect(window, "7-sales-sent")
    window.go("/support/")
    inspect(window, "8-support")


def inspect(window: Window, name: str) -> None:
    """A pressed button may still be on its way."""
    window.page.wait_for_load_state()
    window.inspect(f"inspected-{name}")
