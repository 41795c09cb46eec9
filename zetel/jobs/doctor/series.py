"""X9 and X10: numbers without gap whose dates never run backwards, and documents that are as they were issued.

Whether a document was changed is told by what else speaks of it: the kept hash of its bytes, and the copies of its
number, total and date in the mail and the event that were written with it.
"""

from collections.abc import Iterator

from zetel.jobs.doctor.finding import Finding
from zetel.jobs.doctor.looks import Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import Event, IssuedFile, Mail, Series


def check_numbers(reading: Reading) -> Iterator[Finding]:
    """X9, by windows over each series: the database walks them, one row after the other."""
    yield from _NUMBERS.found()


def check_documents(reading: Reading) -> Iterator[Finding]:
    """X10: kept bytes match their hash, what was mailed is kept, and no copy of a figure says otherwise."""
    yield from _DOCUMENTS.found()


_NUMBERS = Looks(
    "X9",
    Look("series_differs", Series, """
        SELECT series.id AS subject, series.seller, series.year, series.kind, series.last_number,
          count(inv.id) AS issued, coalesce(max(inv.sequence), 0) AS highest
        FROM zetel_series series LEFT JOIN zetel_invoice inv ON inv.series_id = series.id
        GROUP BY series.id
        HAVING coalesce(max(inv.sequence), 0) <> series.last_number OR count(inv.id) <> series.last_number"""),
    Look("number_missing", None, """
        SELECT number AS subject, previous AS after FROM (
          SELECT number, sequence, lag(sequence, 1, 0) OVER one AS previous FROM zetel_invoice
          WINDOW one AS (PARTITION BY series_id ORDER BY sequence)
        ) AS walked WHERE sequence <> previous + 1"""),
    Look("date_runs_backwards", None, """
        SELECT number AS subject, issued_on, previous_on FROM (
          SELECT number, issued_on, lag(issued_on) OVER one AS previous_on FROM zetel_invoice
          WINDOW one AS (PARTITION BY series_id ORDER BY sequence)
        ) AS walked WHERE issued_on < previous_on"""),
    # The number on the document is that of its place in the series, and no later than the series says.
    Look("number_wrong", None, """
        SELECT inv.number AS subject, inv.sequence FROM zetel_invoice inv
        JOIN zetel_series series ON series.id = inv.series_id
        CROSS JOIN LATERAL (SELECT series.year || '-'
          || lpad(inv.sequence::text, greatest(5, length(inv.sequence::text)), '0') AS ending) AS place
        WHERE right(inv.number, length(place.ending)) <> place.ending"""),
    Look("series_date_behind", None, """
        SELECT inv.number AS subject, inv.issued_on, series.last_date FROM zetel_invoice inv
        JOIN zetel_series series ON series.id = inv.series_id WHERE inv.issued_on > series.last_date"""),
)  # fmt: skip

_DOCUMENTS = Looks(
    "X10",
    Look("file_altered", None, """
        SELECT inv.number AS subject, file.id AS file, file.kind FROM zetel_issuedfile file
        JOIN zetel_invoice inv ON inv.id = file.invoice_id
        WHERE encode(sha256(file.content), 'hex') <> file.sha256""", ids={"file": IssuedFile}),
    Look("file_missing", None, """
        SELECT inv.number AS subject, mail.id AS mail FROM zetel_mail mail
        JOIN zetel_invoice inv ON inv.id = mail.invoice_id
        WHERE mail.status = 'sent' AND NOT EXISTS (
          SELECT FROM zetel_issuedfile WHERE invoice_id = inv.id AND kind = 'pdf')""", ids={"mail": Mail}),
    # A document that says something else than a copy of its figures, made when it was issued.
    Look("document_changed", None, """
        SELECT inv.number AS subject, says.of, says.now, mail.params -> says.of AS issued, mail.id AS told_in
        FROM zetel_mail mail JOIN zetel_invoice inv ON inv.id = mail.invoice_id
        CROSS JOIN LATERAL (VALUES
          ('number', to_jsonb(inv.number)), ('total_amount', to_jsonb(inv.total_amount)),
          ('currency', to_jsonb(inv.currency)), ('issued_on', to_jsonb(inv.issued_on)), ('kind', to_jsonb(inv.kind))
        ) AS says(of, now)
        WHERE mail.kind = 'invoice' AND mail.params -> says.of <> says.now""", ids={"told_in": Mail}),
    Look("document_changed", None, """
        SELECT inv.number AS subject, says.of, says.now, says.issued, told.id AS told_in
        FROM zetel_event told JOIN zetel_invoice inv ON inv.id = told.invoice_id
        CROSS JOIN LATERAL (VALUES
          ('total_amount', to_jsonb(inv.total_amount), told.after -> 'amount'),
          ('currency', to_jsonb(inv.currency), told.after -> 'currency')
        ) AS says(of, now, issued)
        WHERE told.kind = 'subscription.renewed' AND says.issued IS DISTINCT FROM says.now""",
        ids={"told_in": Event}),
)  # fmt: skip
