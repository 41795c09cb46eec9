"""Exchange rates with dates: the tax of an invoice in another currency is stated in the seller's too (I5, T1).

The table is the European Central Bank's own file of reference rates (`eurofxref-hist.csv`): a date, and for each
currency how much of it one euro is. Article 230 of Directive 2006/112/EC asks for the tax in the seller's currency;
Article 91 allows these rates. Fractions of integers, rounded once, half away from zero.
"""

import csv
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from zetel.rules.money import DECIMALS, decimals, divide_half_away

OLDEST = timedelta(days=31)
"""A rate older than this says nothing about a day."""


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount in another currency; `rate` units of the first are one of `currency`, as published `on` a day."""

    currency: str
    amount: int
    rate: str
    on: date


@dataclass(frozen=True, slots=True)
class RateTable:
    """Rates per euro, as texts exactly as they were published, by day, oldest first."""

    days: tuple[date, ...] = ()
    rates: tuple[Mapping[str, str], ...] = ()

    def on(self, day: date) -> tuple[date, Mapping[str, str]] | None:
        """The last rates of a day or before it, as weekends have none."""
        at = bisect_right(self.days, day)
        if not at or day - self.days[at - 1] > OLDEST:
            return None
        return self.days[at - 1], self.rates[at - 1]


def read_table(lines: Sequence[str]) -> RateTable:
    """The table from the lines of the file. Raises ValueError, with a reason, for what is none."""
    rows = csv.reader(lines)
    header = [name.strip() for name in next(rows, [])]
    if not header or header[0] != "Date":
        raise ValueError("has no first line like Date,USD,JPY")
    found: dict[date, dict[str, str]] = {}
    for number, row in enumerate(rows, start=2):
        if row:
            found[_day(row[0], number)] = dict(_rates(header, row, number))
    days = tuple(sorted(found))
    return RateTable(days, tuple(found[day] for day in days))


def _day(text: str, number: int) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"has no date like 2026-05-12 in line {number}") from None


def _rates(header: Sequence[str], row: Sequence[str], number: int) -> list[tuple[str, str]]:
    found = [("EUR", "1")]
    for currency, text in zip(header[1:], (cell.strip() for cell in row[1:]), strict=False):
        if currency not in DECIMALS or text in ("", "N/A"):
            continue  # a currency that nothing is sold in, or that was not quoted that day
        if not text.replace(".", "", 1).isdigit() or not text.isascii() or not Fraction(text):
            raise ValueError(f"has no rate of {currency} in line {number}")
        found.append((currency, text))
    return found


def converted(table: RateTable, amount: int, currency: str, home: str, on: date) -> Converted | None:
    """An amount in minor units, in the currency `home`; None where the table has no rate for the day."""
    found = table.on(on)
    if found is None or currency not in found[1] or home not in found[1]:
        return None
    day, rates = found
    one, other = Fraction(rates[currency]), Fraction(rates[home])
    scale = Fraction(10) ** (decimals(home) - decimals(currency))
    exact = amount * other / one * scale
    rate = rates[currency] if home == "EUR" else _six_digits(one / other)
    return Converted(home, divide_half_away(exact.numerator, exact.denominator), rate, day)


def _six_digits(rate: Fraction) -> str:
    """A rate that goes by way of the euro, as the bank writes its own: six significant digits or four decimals."""
    places = 4 if rate >= 1 else 6
    whole = divide_half_away(rate.numerator * 10**places, rate.denominator)
    digits = str(whole).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"
