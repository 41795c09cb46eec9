"""The catalogue: the default one, yearly prices, validities, and complaints that name the line (P1 to P3, P11)."""

import itertools
from datetime import date

import pytest

from tests.rules.life import catalog_text, default_catalog
from zetel.rules.catalog import (
    BASIC,
    Offered,
    OnExceed,
    PriceRow,
    check_offer,
    close_validities,
    price_on,
    with_yearly,
)
from zetel.rules.catalog_file import CatalogError, parse
from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle
from zetel.rules.seats import BASIC_LIMIT, LADDER, SpaceKind

MONTH, YEAR = Cycle.MONTH, Cycle.YEAR
TODAY = date(2026, 5, 12)


def monthly(amount: int, since: date, until: date | None = None) -> PriceRow:
    return PriceRow("premium", MONTH, "EUR", amount, since, until)


def test_the_default_catalogue_has_four_plans_of_which_basic_is_free() -> None:
    catalog = default_catalog()
    assert list(catalog.plans) == ["basic", "premium", "business", "enterprise"]
    assert (catalog.free.code, catalog.free.limits["people"]) == (BASIC, BASIC_LIMIT)
    assert catalog.currencies == ("EUR", "USD", "GBP", "JPY")
    assert [plan.code for plan in catalog.higher_than("premium")] == ["business", "enterprise"]
    assert catalog.plan("premium").policy.ladder == LADDER
    assert catalog.plan("premium").policy.on_exceed is OnExceed.EXPAND
    assert catalog.plan("basic").policy.on_exceed is OnExceed.BLOCK
    for plan in catalog.plans.values():
        assert set(plan.features) <= set(catalog.feature_words)
    for words in (*catalog.feature_words.values(), *catalog.limit_words.values()):
        assert set(words) == {"en", "nl"}


@pytest.mark.parametrize("currency", ["EUR", "USD", "GBP"])
def test_default_prices_per_seat(currency: str) -> None:
    expected = {"premium": 1349, "business": 3049, "enterprise": 4999}
    for plan, amount in expected.items():
        prices = default_catalog().prices
        assert price_on(prices, plan, MONTH, currency, TODAY).unit_amount == amount
        assert price_on(prices, plan, YEAR, currency, TODAY).unit_amount == amount * 10


def test_default_prices_in_yen_have_no_decimals() -> None:
    got = [
        price_on(default_catalog().prices, plan, cycle, "JPY", TODAY).unit_amount
        for plan in ("premium", "business", "enterprise")
        for cycle in Cycle
    ]
    assert got == [1500, 15000, 3400, 34000, 5500, 55000]


def test_every_higher_plan_contains_what_a_lower_one_has() -> None:
    plans = list(default_catalog().plans.values())
    for lower, higher in itertools.pairwise(plans):
        assert set(lower.features) <= set(higher.features)
        for limit, most in higher.limits.items():
            assert lower.limits[limit] <= most


def test_basic_is_not_bought_and_a_division_goes_through_sales() -> None:
    catalog = default_catalog()
    check_offer(catalog.plan("premium"), SpaceKind.TEAM)
    assert catalog.plan("premium").offered[SpaceKind.DIVISION] is Offered.SALES
    with pytest.raises(ZetelError, match="sales_only"):
        check_offer(catalog.plan("premium"), SpaceKind.DIVISION)
    check_offer(catalog.plan("premium"), SpaceKind.DIVISION, by_sales=True)
    with pytest.raises(ZetelError, match="not_offered"):
        check_offer(catalog.plan("basic"), SpaceKind.TEAM, by_sales=True)
    with pytest.raises(ZetelError, match="plan_unknown"):
        catalog.plan("gold")


def test_a_new_price_ends_the_one_before_on_its_first_day() -> None:
    rows = close_validities([monthly(1449, date(2027, 1, 1)), monthly(1349, date(2026, 1, 1))])
    assert [(row.unit_amount, row.valid_until) for row in rows] == [(1349, date(2027, 1, 1)), (1449, None)]
    assert price_on(rows, "premium", MONTH, "EUR", date(2026, 12, 31)).unit_amount == 1349
    assert price_on(rows, "premium", MONTH, "EUR", date(2027, 1, 1)).unit_amount == 1449


def test_outside_its_validity_there_is_no_price() -> None:
    rows = [monthly(1349, date(2026, 1, 1), date(2026, 7, 1))]
    for on in (date(2025, 12, 31), date(2026, 7, 1)):
        with pytest.raises(ZetelError, match="price_unknown"):
            price_on(rows, "premium", MONTH, "EUR", on)
    with pytest.raises(ZetelError, match="price_unknown"):
        price_on(rows, "premium", MONTH, "USD", date(2026, 2, 1))


def test_a_stated_yearly_price_is_used_on_its_days_and_ten_months_on_the_others() -> None:
    stated = PriceRow("premium", YEAR, "EUR", 12_000, date(2026, 7, 1), date(2026, 10, 1))
    rows = with_yearly([monthly(1349, date(2026, 1, 1)), stated, monthly(1449, date(2027, 1, 1))])
    got = [
        price_on(rows, "premium", YEAR, "EUR", on).unit_amount
        for on in (
            date(2026, 6, 30),
            date(2026, 7, 1),
            date(2026, 9, 30),
            date(2026, 10, 1),
            date(2027, 1, 1),
        )
    ]
    assert got == [13490, 12000, 12000, 13490, 14490]


def test_a_stated_yearly_price_for_good_leaves_nothing_to_derive() -> None:
    stated = PriceRow("premium", YEAR, "EUR", 12_000, date(2026, 1, 1))
    rows = with_yearly([monthly(1349, date(2026, 1, 1)), stated])
    assert [row.unit_amount for row in rows if row.cycle is YEAR] == [12_000]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("found", "put", "complaint"),
    [
        ("rank = 20", "rank = 10  # too", "plans premium and business have the same rank 10"),
        ("rank = 20", "rank = -1", "plans.business.rank must be a whole number, not negative"),
        (
            'on_exceed = "expand"',
            'on_exceed = "explode"',
            "'explode' is not known here; known: expand, warn, block",
        ),
        ('on_decrease = "next_period"', 'on_decrease = "now"', "'now' is not known here; known: next_period"),
        ('amount = "13.49"', "amount = 13.49", "prices.1.amount must be a text"),
        ('amount = "13.49"', 'amount = "13.495"', "'13.495' is not an amount in EUR"),
        ('amount = "13.49"', 'amount = "-1"', "a price is not negative"),
        ("valid_from = 2020-01-01", 'valid_from = "2020"', "prices.1.valid_from must be a date"),
        ('team = "self_serve"', 'tean = "self_serve"', "unknown key 'tean' in plans.premium.offered"),
        ('cycle = "month"', 'cycle = "week"', "'week' is not known here; known: month, year"),
        ("storage_gb = 100\n", "storage = 100\n", "unknown key 'storage' in plans.premium.limits"),
        ('name = "Business"', "name = 7", "plans.business.name must be a text"),
        ("free = true", "free = 1", "plans.basic.free must be true or false"),
        ("  2, 3, 4, 5, 10, 15", "  1, 2, 3, 4, 5, 10, 15", "ladders.standard must not have a size below 2"),
        ('"JPY"]', '"JPY", "XXX"]', "currency 'XXX' is not known"),
        ("version = 1", "version = 2", "version must be 1"),
    ],
)
def test_a_fault_is_told_with_its_line(found: str, put: str, complaint: str) -> None:
    text = catalog_text().replace(found, put, 1)
    with pytest.raises(CatalogError) as refusal:
        parse(text)
    line = line_of(text, put.strip().split("\n")[0])
    if "ladders" in complaint:
        line = line_of(text, "standard = [")
    assert any(
        problem.startswith(f"line {line}: ") and complaint in problem for problem in refusal.value.problems
    ), (
        line,
        refusal.value.problems,
    )
    assert refusal.value.code == "catalog_invalid"


def test_a_feature_without_words_and_a_plan_without_price_are_told_where_they_stand() -> None:
    text = catalog_text().replace("[features.timeline]", "[features.calendar]")
    with pytest.raises(CatalogError) as refusal:
        parse(text)
    line = line_of(text, 'features = ["core", "guests", "private')
    assert f"line {line}: feature 'timeline' is not described" in str(refusal.value)
    first = catalog_text().index("[[prices]]")
    text = catalog_text()[:first] + catalog_text()[catalog_text().index("[[prices]]", first + 1) :]
    with pytest.raises(CatalogError) as refusal:
        parse(text)
    line = line_of(text, "[plans.premium]")
    assert refusal.value.problems == [
        f"line {line}: plan premium has no price in EUR per month, EUR per year"
    ]


def test_all_faults_are_told_at_once_in_order_of_line() -> None:
    text = catalog_text().replace("rank = 20", "rank = 10").replace("version = 1", "version = 3")
    with pytest.raises(CatalogError) as refusal:
        parse(text)
    lines = [line_of(text, "version = 3"), line_of(text, "rank = 10\nfeatures = [\n")]
    assert [problem.split(":")[0] for problem in refusal.value.problems] == [f"line {line}" for line in lines]


def test_text_that_is_no_toml_is_told_with_its_line() -> None:
    with pytest.raises(CatalogError) as refusal:
        parse('version = 1\ncurrencies = [\n  "EUR"\n  "USD"\n]\n')
    assert refusal.value.problems[0].startswith("line 4: ")


@pytest.mark.parametrize("text", ["", "version = 1", "plans = 3\nprices = 4\nladders = []\nfeatures = 1"])
def test_an_empty_or_shapeless_file_is_refused_calmly(text: str) -> None:
    with pytest.raises(CatalogError):
        parse(text)


def test_two_prices_from_one_day_are_refused() -> None:
    first = catalog_text().index("[[prices]]")
    second = catalog_text().index("[[prices]]", first + 1)
    text = catalog_text() + "\n" + catalog_text()[first:second]
    with pytest.raises(CatalogError, match="premium per month in EUR has two prices from one day"):
        parse(text)
