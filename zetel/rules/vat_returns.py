"""What of a document's tax belongs in which return (rules T1, T3, M8).

A line belongs to the return and the customer's country of its own document, a credit to those of the document it takes
back from. A tax row is one sum per category and rate; where its lines are of several returns it falls to them by their
nets, and the rest of the rounding to the largest, so that all together are exactly the row. The same holds for the tax
in the seller's currency, which is one sum per document.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from zetel.rules.money import divide_half_away, share
from zetel.rules.tax import TaxRow


@dataclass(frozen=True, slots=True)
class Return:
    """A return and the country in it: domestic, oss, reverse_charge (and the recapitulative statement), outside."""

    scheme: str
    country: str


@dataclass(frozen=True, slots=True)
class LineOf:
    """A line's net with the return that its tax belongs in."""

    of: Return
    category: str
    rate_bp: int
    net: int


@dataclass(frozen=True, slots=True)
class Declared:
    """One return's part of a tax row; `home` is the tax in the seller's currency, None where that is not known."""

    of: Return
    category: str
    rate_bp: int
    net: int
    tax: int
    home: int | None


def declared(
    lines: Iterable[LineOf], rows: Iterable[TaxRow], own: Callable[[str], Return], home: int | None
) -> list[Declared]:
    """A document's tax rows by return; a row without lines is of the document's `own`, by its category.

    `home` is the whole document's tax in the seller's currency: its parts are together exactly that.
    """
    nets: dict[tuple[str, int], dict[Return, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        nets[line.category, line.rate_bp][line.of] += line.net
    found: list[tuple[Return, TaxRow]] = []
    for row in rows:
        by = nets.get((row.category, row.rate_bp)) or {own(row.category): row.net}
        taxes = _taxes(row, by)
        found += [
            (of, TaxRow(row.category, row.rate_bp, by[of], taxes[of])) for of in sorted(by, key=_in_order)
        ]
    homes = _homes([part.tax for _, part in found], home)
    return [
        Declared(of, part.category, part.rate_bp, part.net, part.tax, in_home)
        for (of, part), in_home in zip(found, homes, strict=True)
    ]


def _in_order(of: Return) -> tuple[str, str]:
    return of.country, of.scheme


def _taxes(row: TaxRow, nets: Mapping[Return, int]) -> dict[Return, int]:
    largest = max(nets, key=lambda of: (abs(nets[of]), _in_order(of)))
    taxes = {of: share(net, row.rate_bp) for of, net in nets.items() if of != largest}
    return taxes | {largest: row.tax - sum(taxes.values())}


def _homes(taxes: Sequence[int], home: int | None) -> list[int | None]:
    """A tax in another currency in proportion to its parts, the rest of the rounding to the largest."""
    whole = sum(taxes)
    if home is None or not whole:
        return [None if tax else 0 for tax in taxes]
    parts = [divide_half_away(home * tax, whole) for tax in taxes]
    largest = max(range(len(taxes)), key=lambda at: abs(taxes[at]))
    parts[largest] += home - sum(parts)
    return list(parts)


def return_of(country: str, category: str, seller_country: str, *, oss: bool) -> Return:
    """Where it is declared; `oss` is whether the seller was registered for the one-stop shop when it was issued."""
    if category == "AE":
        return Return("reverse_charge", country)
    if category == "O":
        return Return("outside", country)
    return Return("oss" if oss and country != seller_country else "domestic", country)
