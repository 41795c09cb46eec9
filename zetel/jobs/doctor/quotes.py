"""X7: a confirmed quote and the invoice that was issued from it say the same, to the cent and to the line.

The quote's JSON is read as it was kept, not through the code that priced it, so both stand on their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from zetel.jobs.doctor.finding import Finding, batches
from zetel.jobs.doctor.looks import Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import Change, Invoice, InvoiceLine, Quote

SAME = (
    "kind", "plan", "cycle", "seats", "unit_amount", "start", "end", "period_start", "period_end", "amount",
    "discount_bp", "discount_amount", "tax_category", "rate_bp", "rule", "takes_back",
)  # fmt: skip


def check(reading: Reading) -> Iterator[Finding]:
    """X7, for every invoice of a quote, then for every change that is done."""
    quoted = (invoice for invoice in reading.documents() if invoice.quote_id)
    for invoices in batches(quoted):
        quotes = Quote.objects.in_bulk([invoice.quote_id for invoice in invoices])
        notes = _notes_beside(invoices)
        for invoice in invoices:
            assert invoice.quote_id is not None, "they were chosen by their quote"
            yield from _compare(invoice, quotes[invoice.quote_id], notes)
    yield from _LOOKS.found()


_LOOKS = Looks("X7", Look("change_without_invoice", Change, """
    SELECT change.id AS subject, quote.id AS quote FROM zetel_change change
    JOIN zetel_quote quote ON quote.id = change.quote_id AND quote.due_amount > 0
    WHERE change.status = 'done' AND NOT EXISTS (
      SELECT FROM zetel_invoice WHERE quote_id = quote.id)""", ids={"quote": Quote}))  # fmt: skip


def _compare(
    invoice: Invoice, quote: Quote, notes: Mapping[tuple[UUID | None, datetime], int]
) -> Iterator[Finding]:
    document = quote.body.get("document")
    if not document:
        yield Finding("X7", "quote_unreadable", invoice.number, {"quote": quote.public_id})
        return
    for name, issued, quoted in (
        ("net", invoice.net_amount, document["net"]),
        ("tax", invoice.tax_amount, document["tax"]),
        ("total", invoice.total_amount, document["total"]),
        ("balance_used", invoice.balance_used_amount, quote.body["balance_used"]),
        ("due", max(0, invoice.total_amount) - invoice.balance_used_amount, quote.due_amount),
        ("currency", invoice.currency, quote.currency),
    ):
        if issued != quoted:
            yield Finding(
                "X7", "quote_differs", invoice.number, {"of": name, "issued": issued, "quoted": quoted}
            )
    lines = [_as_quoted(line) for line in sorted(invoice.lines.all(), key=lambda line: line.position)]
    quoted_lines = [{name: line[name] for name in SAME} for line in document["lines"]]
    for position, facts in _differing(lines, quoted_lines):
        yield Finding("X7", "quoted_line_differs", invoice.number, {"position": position, **facts})
    for ending in quote.body.get("endings", ()):
        issued_total = notes.get((UUID(ending["subscription_id"]), invoice.issued_at), 0)
        if issued_total != ending["credit"]["total"]:
            facts = {"issued": issued_total, "quoted": ending["credit"]["total"]}
            yield Finding("X7", "quoted_credit_differs", invoice.number, facts)


def _as_quoted(line: InvoiceLine) -> dict[str, Any]:
    plain = {name: getattr(line, name) for name in SAME}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in plain.items()}


def _differing(
    issued: Sequence[dict[str, Any]], quoted: Sequence[dict[str, Any]]
) -> Iterator[tuple[int, dict[str, object]]]:
    for index in range(max(len(issued), len(quoted))):
        ours = issued[index] if index < len(issued) else {}
        theirs = quoted[index] if index < len(quoted) else {}
        names = [name for name in SAME if ours.get(name) != theirs.get(name)]
        if names:
            yield (
                index + 1,
                {
                    "issued": {name: ours.get(name) for name in names},
                    "quoted": {name: theirs.get(name) for name in names},
                },
            )


def _notes_beside(invoices: Sequence[Invoice]) -> dict[tuple[UUID | None, datetime], int]:
    """Totals of the credit notes that were issued at the instants of these invoices, by whose subscription ended."""
    rows = Invoice.objects.filter(kind="credit_note", issued_at__in=[row.issued_at for row in invoices])
    return {
        (sub, at): total
        for sub, at, total in rows.values_list("subscription_id", "issued_at", "total_amount")
    }
