"""Whose return a tax belongs in (rules T1, T3, M8)."""

import pytest

from zetel.rules.tax import TaxRow
from zetel.rules.vat_returns import Declared, LineOf, declared, scheme


def test_a_row_of_one_country_is_its_own() -> None:
    lines = [LineOf("NL", "S", 2100, -8486), LineOf("NL", "S", 2100, 19179)]
    assert declared(lines, [TaxRow("S", 2100, 10693, 2246)], "NL") == [Declared("NL", "S", 2100, 10693, 2246)]


def test_a_customer_that_moved_is_declared_in_both_countries_to_the_cent() -> None:
    """Belgium and the Netherlands have one rate: 191.79 in Belgium, 84.86 back in the Netherlands, tax 22.46."""
    lines = [LineOf("NL", "S", 2100, -8486), LineOf("BE", "S", 2100, 19179)]
    found = declared(lines, [TaxRow("S", 2100, 10693, 2246)], "BE")
    assert found == [Declared("BE", "S", 2100, 19179, 4028), Declared("NL", "S", 2100, -8486, -1782)]
    assert sum(part.tax for part in found) == 2246


def test_a_row_without_lines_is_of_the_document() -> None:
    assert declared([], [TaxRow("O", 0, 100, 0)], "US") == [Declared("US", "O", 0, 100, 0)]


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
    assert scheme(country, category, "NL", oss=oss) == of
