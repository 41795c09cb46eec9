"""The company's hosted pages in a real browser: usable without script, sound for everybody, in both languages."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from tests.gateways import pages
from zetel.sandbox import company

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: ViewportSize = {"width": 375, "height": 760}
WIDE: ViewportSize = {"width": 1280, "height": 860}


def begin(server: LiveServer, kind: str, language: str) -> Any:
    return company.begin_setup(
        customer_reference="customer-anna",
        kind=kind,
        reference="setup-1",
        return_url=f"{server.url}/accounts/login/",
        language=language,
    )


def type_card(page: Any, number: str) -> None:
    page.fill("#id_number", number)
    page.fill("#id_expiry", "12/34")
    page.fill("#id_cvc", "123")
    page.click("button[value=save]")


def check(page: Page) -> None:
    """Nothing for axe to say, and nothing to scroll sideways for."""
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("language", "scheme", "size"), [("nl", "light", PHONE), ("en", "dark", WIDE), ("nl", "dark", PHONE)]
)
def test_every_page_is_sound_for_everybody(
    browser: Browser, live_server: LiveServer, clock: object, language: str, scheme: Any, size: Any
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    card = begin(live_server, "card", language)
    page.goto(card["redirect_url"])
    page.click("summary")
    check(page)
    type_card(page, "4111111111111111")
    check(page)
    type_card(page, pages.number_of("setup_approval"))
    check(page)
    page.click("button[value=approve]")
    assert page.url == f"{live_server.url}/accounts/login/?setup={card['id']}"
    paypal = begin(live_server, "paypal", language)
    page.goto(paypal["redirect_url"])
    page.click("button[value=login]")
    check(page)
    page.fill("#id_email", pages.email_of("paid"))
    page.fill("#id_password", "sandbox")
    page.click("button[value=login]")
    check(page)
    page.click("button[value=approve]")
    assert page.url == f"{live_server.url}/accounts/login/?setup={paypal['id']}"
    assert complaints == []
    page.goto(paypal["redirect_url"])
    check(page)
    context.close()


def without_script(browser: Browser) -> BrowserContext:
    return browser.new_context(java_script_enabled=False, viewport=PHONE)


def test_a_payment_is_approved_without_script(
    browser: Browser, live_server: LiveServer, clock: object
) -> None:
    page = without_script(browser).new_page()
    setup = begin(live_server, "card", "en")
    page.goto(setup["redirect_url"])
    type_card(page, pages.number_of("approval"))
    token = company.fetch_setup(setup["id"])["method"]["token"]  # type: ignore[index]
    asked = company.charge(
        token=token,
        amount=8161,
        currency="EUR",
        reference="pay-1",
        idempotency_key="key-1",
        return_url=f"{live_server.url}/accounts/login/",
        description="Premium",
        language="en",
    )
    page.goto(asked["action_url"])
    assert page.locator(".amount").inner_text() == "€81.61"
    page.click("button[value=approve]")
    assert page.url == f"{live_server.url}/accounts/login/?charge={asked['id']}"
    answer = company.fetch_charge(reference="pay-1")
    assert answer is not None
    assert answer["status"] == "paid"
    page.context.close()


def test_the_field_in_a_frame_leaves_the_frame_when_done(
    browser: Browser, live_server: LiveServer, clock: object
) -> None:
    page = without_script(browser).new_page()
    setup = begin(live_server, "card", "nl")
    # A page of this installation that holds the field, as Zetel's own will.
    page.route(
        f"{live_server.url}/holder/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<iframe width="360" height="700" src="{setup["element_url"]}"></iframe>',
        ),
    )
    page.goto(f"{live_server.url}/holder/")
    frame = page.frame_locator("iframe")
    frame.locator("#id_number").fill(pages.number_of("paid"))
    frame.locator("#id_expiry").fill("12/34")
    frame.locator("#id_cvc").fill("123")
    frame.locator("button[value=save]").click()
    frame.get_by_text("Verder naar de verkoper").click()
    page.wait_for_url(f"{live_server.url}/accounts/login/?setup={setup['id']}")
    page.context.close()
