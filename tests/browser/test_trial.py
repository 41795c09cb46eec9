"""A trial in a real browser: begun from the details, then the Billing tab without a method and with one (P10)."""

import pytest

from tests.browser.conftest import PHONE_DARK, WIDE_LIGHT, Look, Visit
from tests.directory_world import World
from tests.gateways import pages
from zetel.models import Subscription

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "en": {
        "choose": "Choose Premium", "try": "Try free for 30 days", "start": "Start the trial", "state": "Trial until",
        "add": "Add a payment method", "save": "Save", "go": "Go on", "charged": "is charged to Visa",
        "cancel": "Cancel trial", "resume": "Resume",
    },
    "nl": {
        "choose": "Kies Premium", "try": "30 dagen gratis proberen", "start": "Proefperiode beginnen",
        "state": "Proefperiode tot", "add": "Betaalmethode toevoegen", "save": "Opslaan", "go": "Verder",
        "charged": "afgeschreven", "cancel": "Proefversie annuleren", "resume": "Hervatten",
    },
}  # fmt: skip


@pytest.mark.parametrize(("language", "look"), [("nl", WIDE_LIGHT), ("en", PHONE_DARK)], ids=["nl", "en"])
def test_from_the_details_to_a_trial_without_and_with_a_method(
    visit: Visit, world: World, language: str, look: Look
) -> None:
    anna = world.person("Anna")
    studio = world.workspace(anna)
    window, words = visit(language, look=look), WORDS[language]
    window.log_in(anna)
    page = window.go(f"/upgrade/?space={studio.public_id}")
    window.press(words["choose"])
    page.wait_for_url("**/space")
    page.locator("main form[method=post] button.button").first.click()
    page.wait_for_url("**/details**")
    window.shot("trial-details")
    window.press(words["try"])
    page.wait_for_url("**/trial")
    window.shot("trial-start")
    window.press(words["start"])
    page.wait_for_url("**/billing/")
    assert page.get_by_text(words["state"]).first.is_visible()
    window.shot("trial-without-method")
    window.press(words["add"])
    page.wait_for_url("**/information**")
    page.fill("#id_address_line1", "Herengracht 1")
    page.fill("#id_postal_code", "1015 BA")
    page.fill("#id_city", "Amsterdam")
    window.press(words["save"])
    page.wait_for_url("**/method")
    window.press(words["go"])
    page.wait_for_url("**/sandbox/**")
    page.fill("[name=number]", pages.number_of("paid"))
    page.fill("[name=expiry]", "12/34")
    page.fill("[name=cvc]", "123")
    page.click("button[value=save]")
    page.wait_for_url("**/method/return/**")
    window.go(f"/s/{studio.public_id}/billing/")
    assert page.get_by_text(words["charged"]).first.is_visible()
    window.shot("trial-with-method")
    window.go(f"/s/{studio.public_id}/billing/trial/plan")
    window.shot("trial-plan")
    window.go(f"/s/{studio.public_id}/billing/")
    window.press(words["cancel"])
    window.shot("trial-cancel")
    window.press(words["cancel"])
    page.wait_for_url("**/billing/")
    window.shot("trial-cancelled")
    window.press(words["resume"])
    window.press(words["resume"])
    page.wait_for_url("**/billing/")
    assert Subscription.objects.get().ends_on is None
