"""Money is an integer of minor units and a currency (rule M1); the only division of Zetel is in this file.

Rounding happens once, at the line, half away from zero, of an exact fraction of integers (M2). No float and
no binary fraction ever comes near an amount, so every figure can be checked with a pencil.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from zetel.rules.errors import ZetelError

# Minor-unit decimals per ISO 4217, list one of 2026. A currency that is missing is refused rather than
# guessed.
_NONE = "CLP ISK JPY KRW PYG UGX VND XAF XOF XPF"
_TWO = (
    "AED ARS AUD BAM BRL CAD CHF COP CRC CZK DKK DOP EGP EUR GBP GEL GHS GTQ HKD HUF IDR ILS INR KES KZT MAD "
    "MDL MKD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD SAR SEK SGD THB TRY TWD UAH USD UYU ZAR"
)
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS = {code: places for places, codes in ((0, _NONE), (2, _TWO), (3, _THREE)) for code in codes.split()}
DECIMALS: Mapping[str, int] = MappingProxyType(_DECIMALS)

BASIS = 10_000  # basis points in one whole


def decimals(currency: str) -> int:
    """How many decimals the currency has; `currency_unknown` for one that is not in the list."""
    if currency not in DECIMALS:
        raise ZetelError("currency_unknown", currency=currency)
    return DECIMALS[currency]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency. Arithmetic and order only within that currency (M9)."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        assert type(self.amount) is int, f"an amount is a whole number of minor units, not {self.amount!r}"
        decimals(self.currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    def _amount_of(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ZetelError("currency_mismatch", wanted=self.currency, given=other.currency)
        return other.amount

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._amount_of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._amount_of(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.amount), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.amount * count, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._amount_of(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._amount_of(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount > self._amount_of(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount >= self._amount_of(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{plain(self.amount, self.currency)} {self.currency}"


def plain(amount: int, currency: str) -> str:
    """The amount as a plain decimal with a point, for files and logs: 1349 EUR is `13.49`."""
    places = decimals(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def parse_plain(text: str, currency: str) -> int:
    """Minor units of a plain decimal such as `13.49`; `amount_invalid` for anything else or too many
    decimals.
    """
    places = decimals(currency)
    sign, unsigned = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, point, part = unsigned.partition(".")
    wrong = not (whole.isascii() and whole.isdigit()) or len(part) > places or len(whole) > 15
    if wrong or (point and not (part.isascii() and part.isdigit())):
        raise ZetelError("amount_invalid", text=text[:40], currency=currency)
    return sign * int(whole + part.ljust(places, "0"))


def divide_half_away(numerator: int, denominator: int) -> int:
    """The whole number nearest to the exact fraction; a half goes away from zero (M2)."""
    assert denominator != 0, "a fraction needs a denominator"
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def prorate(unit_amount: int, seats: int, days: int, of_days: int) -> int:
    """Rule M2: `round(unit price x seats x days / period days)`, rounded once."""
    assert 0 <= days <= of_days, f"{days} of {of_days} days"
    return divide_half_away(unit_amount * seats * days, of_days)


def discount(unit_amount: int, seats: int, days: int, of_days: int, discount_bp: int) -> int:
    """Rule M12: a percentage of the exact line, rounded once; not of the rounded line."""
    assert 0 <= discount_bp <= BASIS, f"a discount of {discount_bp} basis points"
    return divide_half_away(unit_amount * seats * days * discount_bp, of_days * BASIS)


def share(amount: int, rate_bp: int) -> int:
    """`rate_bp` basis points of an amount, half away from zero; tax is reckoned with it (M8)."""
    return divide_half_away(amount * rate_bp, BASIS)


def gross_to_net(gross: int, rate_bp: int) -> int:
    """Rule M13: the net of a gross amount; the tax is the rest, so both together are exactly the gross."""
    return divide_half_away(gross * BASIS, BASIS + rate_bp)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount in proportion to weights (largest remainder, first one on a tie); the parts sum
    exactly.
    """
    total = sum(weights)
    assert total > 0, "weights are not all zero"
    assert min(weights) >= 0, "weights are not negative"
    sign, size = (-1, -amount) if amount < 0 else (1, amount)
    parts = [size * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(size * weights[i] % total))
    for i in by_remainder[: size - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
