"""Whose return a tax belongs in (rules T1, T3, M8)."""

import pytest

from zetel.rules.tax import TaxRow
from zetel.rules.vat_returns import Declared, LineOf, Return, declared, return_of

NL, BE = Return("domestic", "NL"), Return("oss", "BE")


def own(category: str) -> Return:
    return return_of("BE", category, "NL", oss=True)


def test_a_row_of_one_return_is_its_own() -> None:
    lines = [LineOf(NL, "S", 2100, -8486), LineOf(NL, "S", 2100, 19179)]
    found = declared(lines, [TaxRow("S", 2100, 10693, 2246)], own, 2246)
    assert found == [Declared(NL, "S", 2100, 10693, 2246, 2246)]


def test_a_customer_that_moved_is_declared_in_both_countries_to_the_cent() -> None:
    """Belgium and the Netherlands have one rate: 191.79 in Belgium, 84.86 back in the Netherlands, tax 22.46."""
    lines = [LineOf(NL, "S", 2100, -8486), LineOf(BE, "S", 2100, 19179)]
    found = declared(lines, [TaxRow("S", 2100, 10693, 2246)], own, 2246)
    assert found == [
        Declared(BE, "S", 2100, 19179, 4028, 4028), Declared(NL, "S", 2100, -8486, -1782, -1782),
    ]  # fmt: skip


def test_one_country_and_rate_before_and_after_registering_is_of_two_returns() -> None:
    """Billed at the Dutch rate and declared at home; registered since, the same 21 % is of the one-stop shop."""
    before = return_of("BE", "S", "NL", oss=False)
    lines = [LineOf(before, "S", 2100, -10000), LineOf(BE, "S", 2100, 20000)]
    found = declared(lines, [TaxRow("S", 2100, 10000, 2100)], own, 2100)
    assert [(part.of.scheme, part.tax) for part in found] == [("domestic", -2100), ("oss", 4200)]


def test_the_tax_in_the_sellers_currency_is_shared_out_whole() -> None:
    """Three taxes of 0.10 that are 0.10 in all: a third each is 0.03, and the cent that is left is the first one's."""
    lines = [LineOf(Return("oss", country), "S", 1000, 100) for country in ("AT", "BE", "DE")]
    found = declared(lines, [TaxRow("S", 1000, 300, 30)], own, 10)
    assert [(part.tax, part.home) for part in found] == [(10, 4), (10, 3), (10, 3)]


def test_what_is_not_known_in_the_sellers_currency_is_told_as_unknown() -> None:
    found = declared(
        [LineOf(BE, "S", 2100, 100), LineOf(BE, "AE", 0, 50)],
        [TaxRow("AE", 0, 50, 0), TaxRow("S", 2100, 100, 21)], own, None,
    )  # fmt: skip
    assert [part.home for part in found] == [0, None]


def test_a_row_without_lines_is_of_the_document() -> None:
    found = declared([], [TaxRow("O", 0, 100, 0)], own, 0)
    assert found == [Declared(Return("outside", "BE"), "O", 0, 100, 0, 0)]


@pytest.mark.parametrize(
    ("country", "category", "oss", "of"),
    [
        ("NL", "S", True, "domestic"),
        ("DE", "S", True, "oss"),
        ("DE", "S", False, "domestic"),  # not registered: declared at home
        ("DE", "AE", True, "reverse_charge"),
        ("US", "O", True, "outside"),
    ],
)
def test_the_return_follows_country_and_category(country: str, category: str, oss: bool, of: str) -> None:
    assert return_of(country, category, "NL", oss=oss) == Return(of, country)
