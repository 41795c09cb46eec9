"""Which VAT applies, totals in the EN 16931 order, and gross amounts given back (T1, M8, M13)."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zetel.rules.errors import ZetelError
from zetel.rules.tax import VAT_PREFIX, Buyer, Seller, TaxRow, gross_credit, rate_on, tax_treatment, totals
from zetel.rules.tax_rates import EU_COUNTRIES, STANDARD_RATES, Rate, read_rates

TODAY = date(2026, 5, 12)
DUTCH, DUTCH_OSS = Seller("NL"), Seller("NL", oss=True)


@dataclass
class Line:
    net: int
    rate_bp: int
    tax_category: str = "S"


@pytest.mark.parametrize(
    ("seller", "buyer", "expected"),
    [
        (DUTCH, Buyer("NL"), ("S", 2100, "domestic")),
        (DUTCH, Buyer("NL", vat_verified=True), ("S", 2100, "domestic")),
        (DUTCH, Buyer("DE", vat_verified=True), ("AE", 0, "reverse_charge")),
        (DUTCH_OSS, Buyer("DE", vat_verified=True), ("AE", 0, "reverse_charge")),
        (DUTCH_OSS, Buyer("DE"), ("S", 1900, "oss")),
        (DUTCH, Buyer("DE"), ("S", 2100, "seller_rate")),
        (DUTCH, Buyer("US"), ("O", 0, "outside_eu")),
        (DUTCH, Buyer("GB", vat_verified=True), ("O", 0, "outside_eu")),
        (DUTCH_OSS, Buyer("CH"), ("O", 0, "outside_eu")),
        (Seller("GB"), Buyer("GB"), ("S", 2000, "domestic")),
        (Seller("GB"), Buyer("NL"), ("O", 0, "outside_eu")),
        (Seller("GB", oss=True), Buyer("NL"), ("S", 2100, "oss")),
    ],
)
def test_the_treatment_of_a_sale(seller: Seller, buyer: Buyer, expected: tuple[str, int, str]) -> None:
    treatment = tax_treatment(seller, buyer, TODAY)
    assert (treatment.category, treatment.rate_bp, treatment.reason) == expected


@pytest.mark.parametrize(
    ("country", "on", "rate_bp"),
    [
        ("EE", date(2025, 6, 30), 2200),
        ("EE", date(2025, 7, 1), 2400),
        ("RO", date(2025, 7, 31), 1900),
        ("RO", date(2025, 8, 1), 2100),
        ("SK", date(2024, 12, 31), 2000),
        ("SK", date(2025, 1, 1), 2300),
        ("FI", date(2024, 8, 31), 2400),
        ("FI", date(2024, 9, 1), 2550),
        ("LU", date(2024, 1, 1), 1700),
        ("HU", TODAY, 2700),
    ],
)
def test_rates_change_on_their_day(country: str, on: date, rate_bp: int) -> None:
    assert rate_on(country, on) == rate_bp


def test_every_country_of_the_union_has_a_rate_since_the_data_begins() -> None:
    assert len(EU_COUNTRIES) == 27
    for country in EU_COUNTRIES:
        assert 1500 <= rate_on(country, date(2020, 1, 1)) <= 2700
    days = [(rate.country, rate.valid_from) for rate in STANDARD_RATES]
    assert len(days) == len(set(days))


def test_a_country_or_day_without_a_rate_is_refused_not_guessed() -> None:
    for country, on in (("ZZ", TODAY), ("NL", date(2019, 12, 31))):
        with pytest.raises(ZetelError, match="rate_unknown"):
            rate_on(country, on)


def test_rates_that_staff_added_are_used() -> None:
    rates = [*STANDARD_RATES, Rate("NL", 2200, date(2027, 1, 1)), Rate("NL", 0, date(2028, 1, 1))]
    assert tax_treatment(DUTCH, Buyer("NL"), date(2027, 1, 1), rates).rate_bp == 2200
    assert tax_treatment(DUTCH, Buyer("NL"), date(2026, 12, 31), rates).rate_bp == 2100
    assert tax_treatment(DUTCH, Buyer("NL"), date(2028, 1, 1), rates).category == "Z"


def test_greek_vat_numbers_begin_with_el() -> None:
    assert (VAT_PREFIX["GR"], VAT_PREFIX["NL"]) == ("EL", "NL")


def test_tax_is_rounded_once_per_category_and_rate() -> None:
    # Three times 0.07 at 21 % is 0.0441; line by line it would round to 0.01 + 0.01 + 0.01 = 0.03.
    sums = totals([Line(7, 2100), Line(7, 2100), Line(7, 2100)])
    assert (sums.net, sums.tax, sums.total) == (21, 4, 25)


def test_categories_of_the_same_rate_stay_apart() -> None:
    sums = totals([Line(100, 0, "AE"), Line(50, 0, "O"), Line(10, 2100), Line(-4, 2100)])
    assert sums.taxes == (TaxRow("AE", 0, 100, 0), TaxRow("O", 0, 50, 0), TaxRow("S", 2100, 6, 1))
    assert (sums.net, sums.total) == (156, 157)


def test_a_line_without_its_tax_cannot_be_totalled() -> None:
    with pytest.raises(AssertionError):
        totals([Line(100, 2100, "X")])


@given(
    st.lists(
        st.builds(Line, st.integers(-(10**12), 10**12), st.sampled_from([0, 900, 2100, 2550])), max_size=8
    )
)
def test_sums_add_up_and_turn_with_the_sign(lines: list[Line]) -> None:
    sums = totals(lines)
    assert sums.net == sum(line.net for line in lines)
    assert sums.total == sums.net + sums.tax == sum(row.net + row.tax for row in sums.taxes)
    opposite = totals([Line(-line.net, line.rate_bp) for line in lines])
    assert (opposite.net, opposite.tax, opposite.total) == (-sums.net, -sums.tax, -sums.total)


ROWS = st.lists(
    st.builds(
        lambda rate_bp, net: TaxRow("S", rate_bp, net, net * rate_bp // 10_000),
        st.sampled_from([900, 2100]),
        st.integers(1, 10**9),
    ),
    min_size=1,
    max_size=3,
)


@given(ROWS, st.data())
def test_a_gross_credit_is_exact_and_the_last_one_takes_what_is_left(
    rows: list[TaxRow], data: st.DataObject
) -> None:
    whole = sum(row.net + row.tax for row in rows)
    gross = data.draw(st.integers(1, whole))
    credit = gross_credit(gross, rows)
    assert credit.total == gross == credit.net + credit.tax
    if gross == whole:
        assert credit.taxes == tuple(rows)


def test_a_gross_credit_of_one_rate_splits_by_that_rate() -> None:
    credit = gross_credit(12_100, [TaxRow("S", 2100, 40_470, 8499)])
    assert credit.taxes == (TaxRow("S", 2100, 10_000, 2_100),)
    for gross in (0, -1, 48_970):
        with pytest.raises(ZetelError, match="credit_too_large"):
            gross_credit(gross, [TaxRow("S", 2100, 40_470, 8499)])


def test_rates_of_a_file_win_over_those_that_come_along_from_their_day() -> None:
    own = read_rates(["country,percent,from", "NL,22.5,2027-01-01", "EE,25,2025-07-01", ""])
    assert own[0] == Rate("NL", 2250, date(2027, 1, 1))
    rates = (*own, *STANDARD_RATES)
    assert [rate_on("NL", date(year, 1, 1), rates) for year in (2026, 2027)] == [2100, 2250]
    assert rate_on("EE", date(2026, 1, 1), rates) == 2500
    assert tax_treatment(DUTCH, Buyer("NL"), date(2027, 1, 1), rates).rate_bp == 2250


@pytest.mark.parametrize(
    "row",
    [
        "NL,22.5",
        "NL,22.555,2027-01-01",
        "nl,22,2027-01-01",
        "NL,-1,2027-01-01",
        "NL,99,2027-01-01",
        "NL,22,1-1",
    ],
)
def test_a_row_that_is_no_rate_is_refused_with_its_line(row: str) -> None:
    with pytest.raises(ValueError, match="in line 3"):
        read_rates(["country,percent,from", "NL,22,2027-01-01", row])
    with pytest.raises(ValueError, match="has no first line"):
        read_rates([row])
