"""The public price page: what it costs, in which language and currency, and where its buttons lead."""

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import begin

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world(clock: HandClock) -> None:
    begin(clock.now)


def page(language: str = "en", **asked: str) -> str:
    answer = Client(headers={"accept-language": language}).get("/pricing", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_nobody_needs_to_be_logged_in_to_see_what_a_year_costs() -> None:
    shown = page()
    for amount in ("€134.90", "€304.90", "€499.90"):
        assert amount in shown
    assert "per seat a year, excluding VAT" in shown
    assert "2 months free" in shown


def test_monthly_prices_in_dutch() -> None:
    shown = page("nl", cycle="month")
    for amount in ("€\u00a013,49", "€\u00a030,49", "€\u00a049,99"):
        assert amount in shown
    assert "per seat per maand, exclusief btw" in shown
    assert "Eenmalige aanmelding (SAML)" in shown
    assert "Prijzen" in shown


def test_another_currency_may_be_chosen() -> None:
    assert "¥1,500" in page(cycle="month", currency="JPY")
    assert "£13.49" in page(cycle="month", currency="GBP")


def test_every_plan_has_an_anchor_and_a_button_that_carries_the_choice() -> None:
    shown = page(cycle="month", currency="EUR")
    for plan in ("basic", "premium", "business", "enterprise"):
        assert f'id="{plan}"' in shown
    for plan in ("premium", "business", "enterprise"):
        assert f"/upgrade/?plan={plan}&amp;cycle=month&amp;currency=EUR" in shown


@pytest.mark.parametrize("asked", [{"cycle": "week"}, {"currency": "XXX"}, {"cycle": "<b>", "currency": "'"}])
def test_what_means_nothing_in_the_address_is_passed_over(asked: dict[str, str]) -> None:
    assert "€134.90" in page(**asked)


def test_the_price_page_asks_the_database_little_and_is_not_kept(
    django_assert_max_num_queries: object,
) -> None:
    page()
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        answer = Client().get("/pricing")
    assert "no-store" in answer.headers["Cache-Control"]
