"""What of a document's tax belongs in which country's return (rules T1, T3, M8).

A line belongs to the customer's country of its own document, a credit to that of the document it takes back from. A
tax row is one sum per category and rate; where its lines are of several countries it falls to them by their nets, and
the rest of the rounding to the largest, so that all together are exactly the row.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zetel.rules.money import share
from zetel.rules.tax import TaxRow


@dataclass(frozen=True, slots=True)
class LineOf:
    """A line's net with the country that its tax is of."""

    country: str
    category: str
    rate_bp: int
    net: int


@dataclass(frozen=True, slots=True)
class Declared:
    """One country's part of a tax row."""

    country: str
    category: str
    rate_bp: int
    net: int
    tax: int


def declared(lines: Iterable[LineOf], rows: Iterable[TaxRow], country: str) -> list[Declared]:
    """A document's tax rows by country; a row without lines is of the document's own `country`."""
    nets: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        nets[line.category, line.rate_bp][line.country] += line.net
    found: list[Declared] = []
    for row in rows:
        by = nets.get((row.category, row.rate_bp)) or {country: row.net}
        taxes = _taxes(row, by)
        found += [
            Declared(key, row.category, row.rate_bp, net, taxes[key]) for key, net in sorted(by.items())
        ]
    return found


def _taxes(row: TaxRow, nets: Mapping[str, int]) -> dict[str, int]:
    largest = max(nets, key=lambda key: (abs(nets[key]), key))
    taxes = {key: share(net, row.rate_bp) for key, net in nets.items() if key != largest}
    return taxes | {largest: row.tax - sum(taxes.values())}


def scheme(country: str, category: str, seller_country: str, *, oss: bool) -> str:
    """Which return it goes into: domestic, oss, reverse_charge (and the recapitulative statement), outside."""
    if category == "AE":
        return "reverse_charge"
    if category == "O":
        return "outside"
    return "oss" if oss and country != seller_country else "domestic"
