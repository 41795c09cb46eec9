"""X3: what may exist only once does, and the database still guards it.

A restored dump or a hand-made repair can lose an index; then nothing is wrong yet and everything may go wrong. So the
guards are looked for as well as their breaches.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Q

from zetel.jobs.doctor.finding import Finding
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
from zetel.models.payments import UNSETTLED
from zetel.models.row import Row
from zetel.models.subscriptions import LIVE, WAITING


class Once(NamedTuple):
    """At most one row of a table per value of its columns, among those that the condition names."""

    what: str
    table: type[Row]
    columns: tuple[str, ...]
    among: Q = Q()


ONCES = (
    Once("live_twice", Subscription, ("space_id",), Q(status__in=LIVE)),
    Once("tried_twice", Subscription, ("space_id",), Q(trial_ends_on__isnull=False)),
    Once("renewed_twice", Invoice, ("subscription_id", "renews_on"), Q(renews_on__isnull=False)),
    Once("quote_invoiced_twice", Invoice, ("quote_id",), Q(quote__isnull=False)),
    Once("quote_confirmed_twice", Change, ("quote_id",)),
    Once("changes_wait_twice", Change, ("space_id",), Q(status__in=WAITING)),
    Once("attempts_open_twice", Attempt, ("payment_id",), Q(status__in=(*UNSETTLED, "paid"))),
    Once("reference_used_twice", Attempt, ("reference",)),
    Once("refund_reference_used_twice", Refund, ("reference",)),
    Once("method_active_twice", PaymentMethod, ("customer_id",), Q(status="active")),
    Once("number_used_twice", Invoice, ("series_id", "sequence")),
    Once("series_twice", Series, ("seller", "year", "kind")),
    Once("mail_queued_twice", Mail, ("once_key",)),
    Once("asked_twice_by_bank", ManualInvoice, ("invoice_id",)),
    Once("bank_line_twice", BankLine, ("account", "key")),
    Once("bank_line_booked_twice", BankBooking, ("line_id",), Q(corrected_at=None)),
    Once("event_stored_twice", InboundEvent, ("gateway", "event_id")),
    Once("member_twice", Membership, ("space_id", "person_id"), Q(left_at=None)),
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


def check(now: datetime) -> Iterator[Finding]:
    """X3: a missing guard, and whatever stands there twice."""
    with connection.cursor() as cursor:
        cursor.execute(_UNIQUE)
        guards = cursor.fetchall()
    for once in ONCES:
        table, columns = once.table._meta.db_table, tuple(sorted(once.columns))
        if not any(_guards(once, *guard) for guard in guards):
            yield Finding("X3", "guard_missing", table, {"columns": list(columns), "guards": once.what})
        yield from _twice(once)


def _guards(once: Once, table: str, columns: list[str], condition: str) -> bool:
    """Whether a unique index is the one: of two on the same columns its condition names what is told apart by."""
    named = [str(child[0]).partition("__")[0] for child in once.among.children if isinstance(child, tuple)]
    same = table == once.table._meta.db_table and tuple(columns) == tuple(sorted(once.columns))
    return same and (not condition or all(name in condition for name in named))


def _twice(once: Once) -> Iterator[Finding]:
    groups = once.table._default_manager.filter(once.among).values(*once.columns)
    for row in groups.annotate(count=Count("pk")).filter(count__gt=1).order_by(*once.columns).iterator():
        facts = {name: str(row[name]) for name in once.columns}
        yield Finding("X3", once.what, once.table._meta.db_table, {**facts, "count": row["count"]})
