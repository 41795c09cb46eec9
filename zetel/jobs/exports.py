"""What accountants take along for a period: journal, invoices, payments, and VAT per country and rate.

Each table is a header and a stream of rows, read in batches, so that a year of a large installation needs no more
memory than a week of a small one. Headings are names for programs and stay English. Dates are those of the seller's
books: documents by their date of issue, money by the day on which it moved, by bank the day on the account.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import IO, Any

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery

from zetel.documents.exports import Amount, Row, csv_bytes, xlsx_file
from zetel.jobs.doctor.finding import also, rows_of
from zetel.jobs.doctor.journal import bank_line_of, bookings, came_on, day_of, went_on
from zetel.jobs.doctor.reading import documents
from zetel.models import Attempt, Invoice, InvoiceLine, Payment, Refund, TakenBack
from zetel.rules.money import DECIMALS
from zetel.rules.periods import first_instant
from zetel.rules.tax import TaxRow
from zetel.rules.vat_returns import Declared, LineOf, Return, declared, return_of

CAME = ("paid", "refunded", "taken_back")
_EARLIEST, _LATEST = date(1900, 1, 1), date(9000, 1, 1)  # what an instant can be reckoned of in any zone


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are asked for, both included."""

    first: date
    last: date

    def has(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """Half-open, in the seller's zone; a day before or after every calendar of ours is taken as its edge."""
        zone = settings.CONFIG.seller.time_zone
        first, last = (min(max(day, _EARLIEST), _LATEST) for day in (self.first, self.last))
        return first_instant(first, zone), first_instant(last + timedelta(days=1), zone)


@dataclass(frozen=True, slots=True)
class Table:
    """A heading for each column, and the rows of a span."""

    header: tuple[str, ...]
    rows: Callable[[Span], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Parties:
    """Seller and customer as they stood on a document, which decide in whose return its tax belongs."""

    seller: Mapping[str, Any]
    buyer: Mapping[str, Any]

    def declare(self, category: str) -> Return:
        """A document that does not say whether the seller was registered for the OSS is older than that word."""
        now = settings.CONFIG.seller
        is_registered = self.seller.get("oss_registered", now.oss_registered)
        home = str(self.seller.get("country") or now.country)
        return return_of(str(self.buyer.get("country") or ""), category, home, oss=is_registered)


def csv_of(name: str, span: Span) -> Iterator[bytes]:
    """A table as CSV, in pieces."""
    table = TABLES[name]
    return csv_bytes(table.header, table.rows(span))


def xlsx_of(name: str, span: Span) -> IO[bytes]:
    """A table as a workbook, open to be read; closed, it is gone."""
    table = TABLES[name]
    return xlsx_file(table.header, table.rows(span))


def file_name(name: str, span: Span, suffix: str) -> str:
    """`zetel-journal-2026-01-01-2026-03-31.csv`."""
    return f"zetel-{name}-{span.first.isoformat()}-{span.last.isoformat()}.{suffix}"


def _journal(span: Span) -> Iterator[Row]:
    """Every posting of every booking: debits positive, credits negative; each booking sums to nothing (X1)."""
    for booking in bookings(documents()):
        if span.has(booking.on):
            for posting in booking.postings:
                money = posting.money
                amount = Amount(money.amount, money.currency)
                yield (
                    booking.on,
                    booking.kind,
                    booking.reference,
                    str(posting.account),
                    amount,
                    money.currency,
                )


def _invoices(span: Span) -> Iterator[Row]:
    rows = Invoice.objects.filter(issued_on__range=(span.first, span.last), currency__in=DECIMALS)
    for batch in rows_of(rows.select_related("credits", "customer").order_by("issued_on", "number")):
        for row in batch:
            buyer, home = row.buyer, row.home_tax
            yield (
                row.number, row.kind, row.issued_on, row.due_on, row.customer.public_id, buyer.get("name", ""),
                buyer.get("country", ""), buyer.get("vat_number", ""), buyer.get("reference", ""), row.currency,
                Amount(row.net_amount, row.currency), Amount(row.tax_amount, row.currency),
                Amount(row.total_amount, row.currency), Amount(row.balance_used_amount, row.currency),
                Amount(home["amount"], home["currency"]) if home else None, home.get("currency", ""),
                row.state, row.credits.number if row.credits else "",
            )  # fmt: skip


def _payments(span: Span) -> Iterator[Row]:
    """Money that came, went back, and was taken back by a bank; what went away is negative."""
    begin, end = span.instants
    paid = Attempt.objects.filter(payment=OuterRef("pk"), status="paid").order_by("-number")
    came = Payment.objects.filter(status__in=CAME, currency__in=DECIMALS).filter(
        Q(bank_booking=None, paid_at__gte=begin, paid_at__lt=end)
        | Q(bank_booking=None, paid_at=None, created_at__gte=begin, created_at__lt=end)
        | Q(bank_booking__line__booked_on__range=(span.first, span.last))
    ).annotate(
        through=Subquery(paid.values("gateway")[:1]), charge=Subquery(paid.values("charge_id")[:1])
    ).select_related("invoice", "customer", "bank_booking__line")  # fmt: skip
    for batch in rows_of(came.order_by("paid_at", "id")):
        for row in batch:
            through, charge = str(also(row, "through") or "bank"), str(also(row, "charge") or _at_bank(row))
            yield _moved("payment", row.public_id, came_on(row), through, charge, row, row.amount)
    done = Refund.objects.filter(status="done", created_at__gte=begin, created_at__lt=end)
    for refunds in rows_of(
        done.select_related("attempt__payment__invoice", "attempt__payment__customer").order_by("id")
    ):
        for refund in refunds:
            yield _moved(
                "refund", refund.public_id, day_of(refund.created_at), refund.attempt.gateway, refund.reference,
                refund.attempt.payment, -refund.amount,
            )  # fmt: skip
    yield from _taken_back(span)


def _taken_back(span: Span) -> Iterator[Row]:
    begin, end = span.instants
    taken = TakenBack.objects.filter(
        Q(payment__bank_booking=None, taken_at__gte=begin, taken_at__lt=end)
        | Q(returned_at__gte=begin, returned_at__lt=end)
        | Q(payment__bank_booking__line__booked_on__range=(span.first, span.last))
    ).select_related("payment__invoice", "payment__customer", "payment__bank_booking__line")
    for held in rows_of(taken.order_by("id")):
        for one in held:
            if span.has(went_on(one)):
                yield _moved(
                    "taken_back", one.public_id, went_on(one), "", one.reason, one.payment, -one.amount
                )
            if one.returned_at and span.has(day_of(one.returned_at)):
                yield _moved(
                    "returned",
                    one.public_id,
                    day_of(one.returned_at),
                    "",
                    one.reason,
                    one.payment,
                    one.amount,
                )


def _at_bank(payment: Payment) -> str:
    """What finds a payment on the account again: the bank's own reference, else our name of the line."""
    line = bank_line_of(payment)
    return (line.reference or line.public_id) if line else ""


def _moved(
    kind: str, reference: str, on: date, gateway: str, charge: str, payment: Payment, amount: int
) -> Row:
    return (
        on, kind, reference, gateway, charge, payment.invoice.number if payment.invoice else "",
        payment.customer.public_id, str(payment.customer), Amount(amount, payment.currency), payment.currency,
    )  # fmt: skip


def _vat(span: Span) -> Iterator[Row]:
    """One row per return, country, category, rate and currency: nets, taxes, and the tax in the seller's currency."""
    sums: dict[tuple[str, str, str, int, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    home_currency = settings.CONFIG.seller.currency
    rows = Invoice.objects.filter(issued_on__range=(span.first, span.last), currency__in=DECIMALS)
    for batch in rows_of(rows.prefetch_related("lines", "taxes").order_by("id")):
        sources = _sources([line for row in batch for line in row.lines.all()])
        for row in batch:
            for part in _declared(row, sources):
                held = sums[part.of.scheme, part.of.country, part.category, part.rate_bp, row.currency]
                held[0] += part.net
                held[1] += part.tax
                held[2] += part.home or 0
                held[3] += part.home is None
    for (of, country, category, rate_bp, currency), (net, tax, home, unknown) in sorted(sums.items()):
        yield (
            of, country, category, f"{rate_bp // 100}.{rate_bp % 100:02d}", currency, Amount(net, currency),
            Amount(tax, currency), None if unknown else Amount(home, home_currency), home_currency,
        )  # fmt: skip


def _declared(row: Invoice, sources: Mapping[str, Parties]) -> list[Declared]:
    own = Parties(row.seller, row.buyer)
    lines = [
        LineOf(
            next((sources[line_id] for line_id in line.takes_back if line_id in sources), own).declare(
                line.tax_category
            ),
            line.tax_category, line.rate_bp, line.amount - line.discount_amount,
        )
        for line in row.lines.all()
    ]  # fmt: skip
    taxes = [TaxRow(tax.category, tax.rate_bp, tax.base_amount, tax.tax_amount) for tax in row.taxes.all()]
    is_home = row.currency == settings.CONFIG.seller.currency
    home = row.tax_amount if is_home else row.home_tax.get("amount")
    return declared(lines, taxes, own.declare, home)


def _sources(lines: Sequence[InvoiceLine]) -> Mapping[str, Parties]:
    """The parties of the documents whose lines these take back, by the line taken back."""
    ids = {line_id for line in lines for line_id in line.takes_back}
    if not ids:
        return {}
    rows = InvoiceLine.objects.filter(pk__in=ids).values_list("pk", "invoice__seller", "invoice__buyer")
    return {str(pk): Parties(seller, buyer) for pk, seller, buyer in rows}


TABLES: Mapping[str, Table] = {
    "journal": Table(("date", "booking", "reference", "account", "amount", "currency"), _journal),
    "invoices": Table(
        ("number", "kind", "issued_on", "due_on", "customer", "name", "country", "vat_number", "reference", "currency",
         "net", "tax", "total", "balance_used", "tax_home", "home_currency", "state", "credits"),
        _invoices,
    ),
    "payments": Table(
        ("date", "kind", "id", "gateway", "gateway_reference", "invoice", "customer", "name", "amount", "currency"),
        _payments,
    ),
    "vat": Table(
        ("return", "country", "category", "rate", "currency", "net", "tax", "tax_home", "home_currency"), _vat
    ),
}  # fmt: skip
