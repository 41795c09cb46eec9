"""The company's hosted pages in a real browser: usable without script, sound for everybody, in both languages."""

from typing import Any

import pytest

from tests.browser.conftest import PHONE_DARK, Visit
from tests.gateways import pages
from zetel.sandbox import company

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def begin(address: str, kind: str, language: str) -> Any:
    return company.begin_setup(
        customer_reference="customer-anna",
        kind=kind,
        reference="setup-1",
        return_url=f"{address}/accounts/login/",
        language=language,
    )


def type_card(page: Any, number: str) -> None:
    page.fill("#id_number", number)
    page.fill("#id_expiry", "12/34")
    page.fill("#id_cvc", "123")
    page.click("button[value=save]")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_page_is_sound_for_everybody(visit: Visit, language: str) -> None:
    window = visit(language)
    page = window.page
    card = begin(window.address, "card", language)
    page.goto(card["redirect_url"])
    page.click("summary")
    window.inspect("company-card")
    type_card(page, "4111111111111111")
    window.inspect("company-card-refused")
    type_card(page, pages.number_of("setup_approval"))
    window.inspect("company-card-bank")
    page.click("button[value=approve]")
    assert page.url == f"{window.address}/accounts/login/?setup={card['id']}"
    paypal = begin(window.address, "paypal", language)
    page.goto(paypal["redirect_url"])
    page.click("button[value=login]")
    window.inspect("company-paypal-refused")
    page.fill("#id_email", pages.email_of("paid"))
    page.fill("#id_password", "sandbox")
    page.click("button[value=login]")
    window.inspect("company-paypal-agree")
    page.click("button[value=approve]")
    assert page.url == f"{window.address}/accounts/login/?setup={paypal['id']}"
    page.goto(paypal["redirect_url"])
    window.inspect("company-paypal-done")


def test_a_payment_is_approved_without_script(visit: Visit) -> None:
    window = visit("en", javascript=False, look=PHONE_DARK)
    page = window.page
    setup = begin(window.address, "card", "en")
    page.goto(setup["redirect_url"])
    type_card(page, pages.number_of("approval"))
    token = company.fetch_setup(setup["id"])["method"]["token"]  # type: ignore[index]
    asked = company.charge(
        token=token,
        amount=8161,
        currency="EUR",
        reference="pay-1",
        idempotency_key="key-1",
        return_url=f"{window.address}/accounts/login/",
        description="Premium",
        language="en",
    )
    page.goto(asked["action_url"])
    assert page.locator(".amount").inner_text() == "€81.61"
    page.click("button[value=approve]")
    assert page.url == f"{window.address}/accounts/login/?charge={asked['id']}"
    answer = company.fetch_charge(reference="pay-1")
    assert answer is not None
    assert answer["status"] == "paid"


def test_the_field_in_a_frame_leaves_the_frame_when_done(visit: Visit) -> None:
    window = visit("nl", javascript=False, look=PHONE_DARK)
    page = window.page
    setup = begin(window.address, "card", "nl")
    # A page of this installation that holds the field, as Zetel's own will.
    page.route(
        f"{window.address}/holder/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<iframe width="360" height="700" src="{setup["element_url"]}"></iframe>',
        ),
    )
    page.goto(f"{window.address}/holder/")
    frame = page.frame_locator("iframe")
    frame.locator("#id_number").fill(pages.number_of("paid"))
    frame.locator("#id_expiry").fill("12/34")
    frame.locator("#id_cvc").fill("123")
    frame.locator("button[value=save]").click()
    frame.get_by_text("Verder naar de verkoper").click()
    page.wait_for_url(f"{window.address}/accounts/login/?setup={setup['id']}")
    page.unroute_all()
