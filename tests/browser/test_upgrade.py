"""Upgrading in a real browser: by card and by PayPal, in both languages, with JavaScript and without."""

import pytest

from tests.browser.conftest import Visit, Window
from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.gateways import pages
from zetel.models import Person, Space, Subscription
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


@pytest.fixture
def world(clock: HandClock) -> World:
    return begin(clock.now)


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


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "noscript"])
@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("method", ["card", "paypal"])
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
