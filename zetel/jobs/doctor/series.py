"""X9 and X10: numbers without gap whose dates never run backwards, and documents that are as they were issued.

Whether a document was changed is told by what else speaks of it: the kept hash of its bytes, and the copies of its
number, total and date in the mail and the event that were written with it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Window
from django.db.models.functions import Lag

from zetel.jobs.doctor.finding import Finding, rows_of
from zetel.models import Event, Invoice, IssuedFile, Mail, Series
from zetel.rules.event_types import EventType

_ALTERED = (
    "SELECT id FROM zetel_issuedfile WHERE encode(sha256(content), 'hex') <> sha256 ORDER BY id LIMIT 1000"
)


def check_numbers(now: datetime) -> Iterator[Finding]:
    """X9, by windows over each series: the database walks them, one row after the other."""
    series = Series.objects.annotate(count=Count("invoices"), last=Max("invoices__sequence"))
    for row in series.order_by("id").iterator():
        if (row.last or 0) != row.last_number or row.count != row.last_number:
            facts = {
                "seller": row.seller, "year": row.year, "kind": row.kind, "last_number": row.last_number,
                "issued": row.count, "highest": row.last or 0,
            }  # fmt: skip
            yield Finding("X9", "series_differs", row.public_id, facts)
    rows = Invoice.objects.annotate(
        previous=Window(Lag("sequence", default=0), partition_by="series", order_by="sequence"),
        previous_on=Window(Lag("issued_on"), partition_by="series", order_by="sequence"),
    ).defer("seller", "buyer")
    for invoice in rows.exclude(sequence=F("previous") + 1).order_by("series", "sequence").iterator():
        yield Finding("X9", "number_missing", invoice.number, {"after": invoice.previous})
    for invoice in rows.filter(issued_on__lt=F("previous_on")).order_by("series", "sequence").iterator():
        facts = {"issued_on": invoice.issued_on.isoformat(), "previous_on": invoice.previous_on.isoformat()}
        yield Finding("X9", "date_runs_backwards", invoice.number, facts)
    yield from _numbers_written()


def _numbers_written() -> Iterator[Finding]:
    """The number on the document is that of its place in the series, and no later than the series says."""
    for invoices in rows_of(Invoice.objects.select_related("series").defer("seller", "buyer").order_by("id")):
        for invoice in invoices:
            if not invoice.number.endswith(f"{invoice.series.year}-{invoice.sequence:05d}"):
                yield Finding("X9", "number_wrong", invoice.number, {"sequence": invoice.sequence})
            if invoice.issued_on > invoice.series.last_date:
                facts = {"issued_on": str(invoice.issued_on), "last_date": str(invoice.series.last_date)}
                yield Finding("X9", "series_date_behind", invoice.number, facts)


def check_documents(now: datetime) -> Iterator[Finding]:
    """X10: kept bytes match their hash, what was mailed is kept, and no copy of a figure says otherwise."""
    with connection.cursor() as cursor:
        cursor.execute(_ALTERED)
        altered = [row_id for (row_id,) in cursor.fetchall()]
    for file in IssuedFile.objects.filter(pk__in=altered).select_related("invoice").defer("content"):
        yield Finding("X10", "file_altered", file.invoice.number, {"file": file.public_id, "kind": file.kind})
    kept = IssuedFile.objects.filter(invoice=OuterRef("invoice"), kind="pdf")
    sent = Mail.objects.filter(~Exists(kept), status="sent", invoice__isnull=False).select_related("invoice")
    for mail in sent.order_by("id").iterator():
        yield Finding(
            "X10", "file_missing", mail.invoice.number if mail.invoice else "", {"mail": mail.public_id}
        )
    mails = Mail.objects.filter(kind="invoice", invoice__isnull=False).select_related("invoice")
    for batch in rows_of(mails.defer("text", "html").order_by("id")):
        for mail in batch:
            yield from _differs(mail.invoice, mail.params, mail.public_id)
    renewed = Event.objects.filter(kind=EventType.SUBSCRIPTION_RENEWED, invoice__isnull=False)
    for events in rows_of(renewed.select_related("invoice").order_by("id")):
        for event in events:
            copies = {"total_amount": event.after.get("amount"), "currency": event.after.get("currency")}
            yield from _differs(event.invoice, copies, event.public_id)


def _differs(invoice: Invoice | None, copies: Mapping[str, object], where: str) -> Iterator[Finding]:
    """A document that says something else than a copy of its figures, made when it was issued."""
    assert invoice is not None, "the query asked for rows of an invoice"
    stored = {
        "number": invoice.number, "total_amount": invoice.total_amount, "currency": invoice.currency,
        "issued_on": invoice.issued_on.isoformat(), "kind": invoice.kind,
    }  # fmt: skip
    for name, value in stored.items():
        if copies.get(name, value) != value:
            facts = {"of": name, "now": value, "issued": copies[name], "told_in": where}
            yield Finding("X10", "document_changed", invoice.number, facts)
