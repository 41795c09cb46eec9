"""X3: what may exist only once does, and the database still guards it.

A restored dump or a hand-made repair can lose an index; then nothing is wrong yet and everything may go wrong. So the
guards are looked for as well as their breaches.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

from zetel.jobs.doctor.finding import Finding
from zetel.jobs.doctor.looks import Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import (
    Attempt,
    BankBooking,
    BankLine,
    Change,
    InboundEvent,
    Invoice,
    Mail,
    ManualInvoice,
    Membership,
    PaymentMethod,
    Refund,
    Series,
    Subscription,
)
from zetel.models.row import Row


class Once(NamedTuple):
    """At most one row of a table per value of its columns; `among` are the column and the condition that narrow it."""

    what: str
    table: type[Row]
    columns: tuple[str, ...]
    among: tuple[str, str] | None = None


ONCES = (
    Once("live_twice", Subscription, ("space_id",), ("status", "= ANY (%(live)s)")),
    Once("tried_twice", Subscription, ("space_id",), ("trial_ends_on", "IS NOT NULL")),
    Once("renewed_twice", Invoice, ("subscription_id", "renews_on"), ("renews_on", "IS NOT NULL")),
    Once("quote_invoiced_twice", Invoice, ("quote_id",), ("quote_id", "IS NOT NULL")),
    Once("quote_confirmed_twice", Change, ("quote_id",)),
    Once("changes_wait_twice", Change, ("space_id",), ("status", "= ANY (%(waiting)s)")),
    Once("attempts_open_twice", Attempt, ("payment_id",), ("status", "= ANY (%(unsettled_or_paid)s)")),
    Once("reference_used_twice", Attempt, ("reference",)),
    Once("refund_reference_used_twice", Refund, ("reference",)),
    Once("method_active_twice", PaymentMethod, ("customer_id",), ("status", "= 'active'")),
    Once("number_used_twice", Invoice, ("series_id", "sequence")),
    Once("series_twice", Series, ("seller", "year", "kind")),
    Once("mail_queued_twice", Mail, ("once_key",)),
    Once("asked_twice_by_bank", ManualInvoice, ("invoice_id",)),
    Once("bank_line_twice", BankLine, ("account", "key")),
    Once("bank_line_booked_twice", BankBooking, ("line_id",), ("corrected_at", "IS NULL")),
    Once("event_stored_twice", InboundEvent, ("gateway", "event_id")),
    Once("member_twice", Membership, ("space_id", "person_id"), ("left_at", "IS NULL")),
)

_UNIQUE = """
    SELECT t.relname, array_agg(a.attname ORDER BY a.attname), coalesce(pg_get_expr(i.indpred, i.indrelid), '')
    FROM pg_index i
    JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema()
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
    WHERE i.indisunique AND i.indisvalid AND i.indisready
    GROUP BY t.relname, i.indexrelid, i.indpred, i.indrelid
"""


def check(reading: Reading) -> Iterator[Finding]:
    """X3: a missing guard, and whatever stands there twice."""
    with connection.cursor() as cursor:
        cursor.execute(_UNIQUE)
        guards = cursor.fetchall()
    for once in ONCES:
        if not any(_guards(once, *guard) for guard in guards):
            facts = {"columns": sorted(once.columns), "guards": once.what}
            yield Finding("X3", "guard_missing", once.table._meta.db_table, facts)
    yield from _LOOKS.found()


def _guards(once: Once, table: str, columns: list[str], condition: str) -> bool:
    """Whether a unique index is the one: of two on the same columns its condition names what is told apart by."""
    same = table == once.table._meta.db_table and tuple(columns) == tuple(sorted(once.columns))
    return same and (not condition or once.among is None or once.among[0] in condition)


def _twice(once: Once) -> Look:
    table, columns = once.table._meta.db_table, ", ".join(once.columns)
    among = f"WHERE {' '.join(once.among)} " if once.among else ""
    as_text = ", ".join(f"{column}::text" for column in once.columns)
    return Look(
        once.what,
        None,
        f"SELECT '{table}' AS subject, {as_text}, count(*) FROM {table} {among}"  # noqa: S608
        f"GROUP BY {columns} HAVING count(*) > 1",
    )


_LOOKS = Looks("X3", *(_twice(once) for once in ONCES))
