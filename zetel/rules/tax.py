"""Which VAT an invoice carries, and its totals (rules T1, T3, M8, M13).

Categories are the codes of EN 16931: S standard rate, AE reverse charge, O outside the scope, Z zero, E exempt. Rates
are data with dates in `tax_rates`. Line nets are rounded first, summed per category and rate, and taxed once per sum.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from zetel.rules.errors import ZetelError
from zetel.rules.money import gross_to_net, share, spread
from zetel.rules.tax_rates import EU_COUNTRIES, STANDARD_RATES, Rate

CATEGORIES = ("S", "AE", "O", "Z", "E")

# Greece writes EL in VAT numbers; for goods Northern Ireland writes XI, which services such as ours do not use.
VAT_PREFIX: Mapping[str, str] = {country: country for country in EU_COUNTRIES} | {"GR": "EL"}


@dataclass(frozen=True, slots=True)
class Seller:
    """Where the seller is established, and whether it is registered for the one-stop shop."""

    country: str
    oss: bool = False


@dataclass(frozen=True, slots=True)
class Buyer:
    """Where the customer is, and whether its VAT number was verified; a number not verified counts as none (T2)."""

    country: str
    vat_verified: bool = False


@dataclass(frozen=True, slots=True)
class TaxTreatment:
    """Category, rate in basis points, and why: domestic, reverse_charge, oss, seller_rate, outside_eu."""

    category: str
    rate_bp: int
    reason: str


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One category and rate of a document: the sum of its nets, and the tax on it."""

    category: str
    rate_bp: int
    net: int
    tax: int


@dataclass(frozen=True, slots=True)
class Totals:
    """A document's sums in minor units; `total` is `net` plus `tax`."""

    net: int
    taxes: tuple[TaxRow, ...]
    tax: int
    total: int


class Taxed(Protocol):
    """Whatever has a net amount and a tax: a line of `billing`, a stored line."""

    @property
    def net(self) -> int: ...
    @property
    def rate_bp(self) -> int | None: ...
    @property
    def tax_category(self) -> str | None: ...


def rate_on(country: str, on: date, rates: Sequence[Rate] = STANDARD_RATES) -> int:
    """The standard rate of a country on a day, in basis points; `rate_unknown` where the data has none."""
    known = [rate for rate in rates if rate.country == country and rate.valid_from <= on]
    if not known:
        raise ZetelError("rate_unknown", country=country, on=on.isoformat())
    return max(known, key=lambda rate: rate.valid_from).rate_bp


def tax_treatment(
    seller: Seller, buyer: Buyer, on: date, rates: Sequence[Rate] = STANDARD_RATES
) -> TaxTreatment:
    """Rule T1, for a line whose first day is `on` (T4)."""
    if buyer.country == seller.country:
        return _standard(rate_on(seller.country, on, rates), "domestic")
    if buyer.country not in EU_COUNTRIES or (seller.country not in EU_COUNTRIES and not seller.oss):
        return TaxTreatment("O", 0, "outside_eu")
    if buyer.vat_verified:
        return TaxTreatment("AE", 0, "reverse_charge")
    if seller.oss:
        return _standard(rate_on(buyer.country, on, rates), "oss")
    return _standard(rate_on(seller.country, on, rates), "seller_rate")


def _standard(rate_bp: int, reason: str) -> TaxTreatment:
    """A country whose rate is nil charges category Z."""
    return TaxTreatment("S" if rate_bp else "Z", rate_bp, reason)


def totals(lines: Iterable[Taxed]) -> Totals:
    """Rule M8: nets summed per category and rate, tax rounded once per sum; rows by category, then rate."""
    sums: dict[tuple[str, int], int] = {}
    for line in lines:
        assert line.tax_category in CATEGORIES, f"tax category {line.tax_category!r}"
        assert line.rate_bp is not None, "a line is issued with its tax rate"
        key = (line.tax_category or "", line.rate_bp)
        sums[key] = sums.get(key, 0) + line.net
    taxes = tuple(TaxRow(category, bp, net, share(net, bp)) for (category, bp), net in sorted(sums.items()))
    net, tax = sum(row.net for row in taxes), sum(row.tax for row in taxes)
    return Totals(net, taxes, tax, net + tax)


def gross_credit(gross: int, left: Sequence[TaxRow]) -> Totals:
    """Rule M13: a gross amount given back as money, per rate in proportion to what is left of the document.

    `left` is the document's tax rows less what earlier credits took. The credit that uses it up takes exactly that.
    Amounts are positive here; the credit note shows them as taken back.
    """
    whole = sum(row.net + row.tax for row in left)
    if not 0 < gross <= whole:
        raise ZetelError("credit_too_large", gross=gross, left=whole)
    if gross == whole:
        rows = tuple(left)
    else:
        parts = spread(gross, [row.net + row.tax for row in left])
        rows = tuple(_gross_part(row, part) for row, part in zip(left, parts, strict=True) if part)
    net, tax = sum(row.net for row in rows), sum(row.tax for row in rows)
    return Totals(net, rows, tax, net + tax)


def _gross_part(row: TaxRow, part: int) -> TaxRow:
    """Never more of either than is left of it, or the last credit would have to give the other way."""
    most = (
        max(0, row.net - 1) if part < row.net + row.tax else row.net
    )  # the last credit has something to take
    net = min(most, max(part - row.tax, gross_to_net(part, row.rate_bp)))
    return TaxRow(row.category, row.rate_bp, net, part - net)
