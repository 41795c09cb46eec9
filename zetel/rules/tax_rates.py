"""Standard VAT rates of the EU's countries, in basis points, each with the day from which it holds.

Source: European Commission, Taxes in Europe Database (https://ec.europa.eu/taxation_customs/tedb), and the acts of
the countries named beside a change. As of 2026. A new rate is a new row; no row is ever edited, because lines of
earlier days are taxed by it. An operator adds rows in a file of the same shape, without waiting for a release.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from zetel.rules.errors import ZetelError
from zetel.rules.money import parse_plain


@dataclass(frozen=True, slots=True)
class Rate:
    """The standard rate of a country from a day on, until its next row."""

    country: str
    rate_bp: int
    valid_from: date


_SINCE = date(2020, 1, 1)  # the first day of the data; nothing is invoiced before it

STANDARD_RATES: tuple[Rate, ...] = (
    Rate("AT", 2000, _SINCE),
    Rate("BE", 2100, _SINCE),
    Rate("BG", 2000, _SINCE),
    Rate("CY", 1900, _SINCE),
    Rate("CZ", 2100, _SINCE),
    Rate("DE", 1900, _SINCE),
    Rate("DE", 1600, date(2020, 7, 1)),  # second corona tax aid act, half a year
    Rate("DE", 1900, date(2021, 1, 1)),
    Rate("DK", 2500, _SINCE),
    Rate("EE", 2000, _SINCE),
    Rate("EE", 2200, date(2024, 1, 1)),
    Rate("EE", 2400, date(2025, 7, 1)),
    Rate("ES", 2100, _SINCE),
    Rate("FI", 2400, _SINCE),
    Rate("FI", 2550, date(2024, 9, 1)),
    Rate("FR", 2000, _SINCE),
    Rate("GR", 2400, _SINCE),
    Rate("HR", 2500, _SINCE),
    Rate("HU", 2700, _SINCE),
    Rate("IE", 2300, _SINCE),
    Rate("IE", 2100, date(2020, 9, 1)),  # July stimulus, half a year
    Rate("IE", 2300, date(2021, 3, 1)),
    Rate("IT", 2200, _SINCE),
    Rate("LT", 2100, _SINCE),
    Rate("LU", 1700, _SINCE),
    Rate("LU", 1600, date(2023, 1, 1)),  # one year
    Rate("LU", 1700, date(2024, 1, 1)),
    Rate("LV", 2100, _SINCE),
    Rate("MT", 1800, _SINCE),
    Rate("NL", 2100, _SINCE),
    Rate("PL", 2300, _SINCE),
    Rate("PT", 2300, _SINCE),
    Rate("RO", 1900, _SINCE),
    Rate("RO", 2100, date(2025, 8, 1)),
    Rate("SE", 2500, _SINCE),
    Rate("SI", 2200, _SINCE),
    Rate("SK", 2000, _SINCE),
    Rate("SK", 2300, date(2025, 1, 1)),
    # A seller in one of these charges its own customers its own rate.
    Rate("GB", 2000, _SINCE),
    Rate("NO", 2500, _SINCE),
    Rate("CH", 770, _SINCE),
    Rate("CH", 810, date(2024, 1, 1)),
)

EU_COUNTRIES: frozenset[str] = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)


def read_rates(lines: Sequence[str]) -> tuple[Rate, ...]:
    """Rows of a file with the columns country, percent and from, such as `EE,24,2025-07-01`.

    Raises ValueError, with a reason, for what is none.
    """
    rows = csv.reader(lines)
    if [name.strip() for name in next(rows, [])] != ["country", "percent", "from"]:
        raise ValueError("has no first line country,percent,from")
    return tuple(_rate([cell.strip() for cell in row], number) for number, row in enumerate(rows, 2) if row)


def _rate(row: Sequence[str], number: int) -> Rate:
    try:
        country, percent, valid_from = row
        rate = Rate(country, parse_plain(percent, "EUR"), date.fromisoformat(valid_from))
    except (ValueError, ZetelError):
        raise ValueError(f"has no row like EE,24,2025-07-01 in line {number}") from None
    if not (len(country) == 2 and country.isascii() and country.isupper()) or not 0 <= rate.rate_bp <= 5000:
        raise ValueError(f"has no row like EE,24,2025-07-01 in line {number}")
    return rate
