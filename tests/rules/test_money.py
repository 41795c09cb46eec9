"""Whole minor units, one rounding, and no mixing of currencies (M1, M2, M9, M12, M13)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zetel.rules.errors import ZetelError
from zetel.rules.money import (
    DECIMALS,
    Money,
    discount,
    divide_half_away,
    gross_to_net,
    parse_plain,
    plain,
    prorate,
    spread,
)

AMOUNTS = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("numerator", "denominator", "result"),
    [
        (1, 2, 1),
        (-1, 2, -1),
        (3, 2, 2),
        (-3, 2, -2),
        (5, -2, -3),
        (1, 3, 0),
        (-2, 3, -1),
        (0, 7, 0),
        (49, 100, 0),
    ],
)
def test_a_half_goes_away_from_zero(numerator: int, denominator: int, result: int) -> None:
    assert divide_half_away(numerator, denominator) == result


@given(AMOUNTS, st.integers(1, 10**9))
def test_rounding_is_never_more_than_a_half_off_and_never_towards_zero_at_a_half(n: int, d: int) -> None:
    error = abs(Fraction(divide_half_away(n, d)) - Fraction(n, d))
    assert error <= Fraction(1, 2)
    if error == Fraction(1, 2):
        assert abs(divide_half_away(n, d)) > abs(Fraction(n, d))
    assert divide_half_away(-n, d) == -divide_half_away(n, d)


def test_amounts_beyond_32_bits_are_exact() -> None:
    assert prorate(28_546_857_00, 500, 31, 31) == 1_427_342_850_000
    assert prorate(999_999_999_999, 500, 364, 365) == 498_630_136_985_803
    assert Money(2**40, "IDR") + Money(1, "IDR") == Money(1_099_511_627_777, "IDR")


def test_currencies_have_none_two_or_three_decimals() -> None:
    assert (DECIMALS["JPY"], DECIMALS["EUR"], DECIMALS["KWD"]) == (0, 2, 3)
    assert [plain(1349, c) for c in ("JPY", "EUR", "KWD")] == ["1349", "13.49", "1.349"]
    assert [plain(-5, c) for c in ("JPY", "EUR", "KWD")] == ["-5", "-0.05", "-0.005"]


@given(AMOUNTS.filter(lambda a: abs(a) < 10**14), st.sampled_from(["JPY", "EUR", "KWD"]))
def test_a_plain_amount_is_read_back_as_it_was_written(amount: int, currency: str) -> None:
    assert parse_plain(plain(amount, currency), currency) == amount


@pytest.mark.parametrize(
    "text", ["", "1,5", "1.", "1.234", "1e3", "--1", " 1", "١", "0x1", "9" * 16, ".5", "NaN"]
)
def test_what_is_not_a_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(ZetelError, match="amount_invalid"):
        parse_plain(text, "EUR")


def test_money_of_two_currencies_is_never_added_or_compared() -> None:
    euro, dollar = Money(1, "EUR"), Money(1, "USD")
    for act in (
        lambda: euro + dollar,
        lambda: euro - dollar,
        lambda: euro < dollar,
        lambda: euro <= dollar,
        lambda: euro > dollar,
        lambda: euro >= dollar,
    ):
        with pytest.raises(ZetelError, match="currency_mismatch"):
            act()
    assert euro != dollar


def test_money_adds_multiplies_and_compares_within_a_currency() -> None:
    assert Money(3, "EUR") * 4 - Money(2, "EUR") == Money(10, "EUR")
    assert 2 * -Money(3, "EUR") == Money(-6, "EUR")
    assert abs(Money(-3, "EUR")) == max(Money(3, "EUR"), Money.zero("EUR"))
    assert not Money.zero("EUR")
    assert str(Money(-1349, "EUR")) == "-13.49 EUR"


def test_an_unknown_currency_and_a_fraction_are_no_money() -> None:
    with pytest.raises(ZetelError, match="currency_unknown"):
        Money(1, "XXX")
    with pytest.raises(AssertionError):
        Money(1.5, "EUR")  # type: ignore[arg-type]


def test_a_discount_is_taken_of_the_exact_line_not_of_the_rounded_one() -> None:
    # 1 seat of 0.25 for 1 of 2 days is exactly 0.125: half of it is 0.0625, half of the rounded 0.13 would be 0.065.
    assert prorate(25, 1, 1, 2) == 13
    assert discount(25, 1, 1, 2, 5000) == 6


@given(st.integers(0, 10**12), st.integers(0, 3000))
def test_net_and_tax_of_a_gross_amount_are_exactly_the_gross(gross: int, rate_bp: int) -> None:
    net = gross_to_net(gross, rate_bp)
    assert 0 <= net <= gross
    assert abs(divide_half_away(net * rate_bp, 10_000) - (gross - net)) <= 1


@given(AMOUNTS, st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_a_spread_amount_sums_exactly_and_is_fair(amount: int, weights: list[int]) -> None:
    parts = spread(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) < 1


def test_a_remainder_goes_to_the_largest_fraction_and_on_a_tie_to_the_first() -> None:
    assert spread(100, [1, 1, 1]) == [34, 33, 33]
    assert spread(-100, [1, 1, 1]) == [-34, -33, -33]
    assert spread(10, [1, 2]) == [3, 7]
