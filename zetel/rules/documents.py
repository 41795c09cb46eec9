"""Lines with their taxes and totals: an invoice or a credit note before it has a number (rules M8, T3, T4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from zetel.rules.billing import Line
from zetel.rules.tax import TaxRow, TaxTreatment, totals


@dataclass(frozen=True, slots=True)
class Document:
    """Amounts are signed and in minor units."""

    lines: tuple[Line, ...]
    taxes: tuple[TaxRow, ...]
    net: int
    tax: int
    total: int


def document(lines: Sequence[Line], treatment: TaxTreatment | None) -> Document:
    """Tax the lines: charges by the treatment of the day, credits by what they take back (T3, T4)."""
    taxed = tuple(_taxed(line, treatment) for line in lines)
    sums = totals(taxed)
    return Document(taxed, sums.taxes, sums.net, sums.tax, sums.total)


def with_taxes(lines: Sequence[Line], taxes: Sequence[TaxRow]) -> Document:
    """The same lines under tax rows that were decided otherwise, as a credit that uses an invoice up (M13)."""
    net, tax = sum(row.net for row in taxes), sum(row.tax for row in taxes)
    assert net == sum(line.net for line in lines), "the rows are those of the lines"
    return Document(tuple(lines), tuple(taxes), net, tax, net + tax)


def _taxed(line: Line, treatment: TaxTreatment | None) -> Line:
    if line.tax_category is not None:
        return line
    assert treatment is not None, "a charge has a tax treatment"
    return replace(line, tax_category=treatment.category, rate_bp=treatment.rate_bp)
