"""What happened to invoices and what is still due of them: the one place that reads rule I7, for one or for many.

Everything here reads, with a number of queries that does not grow with the invoices. Also what crediting looks at: the
lines of subscriptions in order of issue, and what credited invoices still hold.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import fields, replace
from functools import cache
from typing import Any

from django.db.models import BigIntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from zetel.models import (
    BalanceEntry,
    Credit,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Payment,
    PaymentShare,
    Refund,
    TakenBack,
)
from zetel.rules.billing import Billed
from zetel.rules.credits import Books, Creditable, Kept, creditable
from zetel.rules.invoices import Account
from zetel.rules.periods import Cycle
from zetel.rules.tax import TaxRow

USED = ("used", "used_later")  # the kinds of the entries by which balance pays an invoice
CAME = ("paid", "refunded", "taken_back")  # statuses of a payment whose money came
GOES_BACK = ("wanted", "sent", "unknown", "parked", "done")  # statuses of a refund that was promised
_FIGURES = tuple(figure.name for figure in fields(Account) if figure.name != "total")


def with_account(rows: "QuerySet[Invoice]") -> "QuerySet[Invoice]":
    """The same invoices, each with what happened to it, so that `account_of` needs no query more."""
    return rows.annotate(**{f"told_{figure}": told for figure, told in _happened().items()})


def account_of(invoice: Invoice) -> Account:
    """What happened to an invoice of `with_account`; a credit note has no account of its own."""
    told = {figure: int(getattr(invoice, f"told_{figure}")) for figure in _FIGURES}
    return Account(total=invoice.total_amount, **told)


def accounts_of(invoices: Iterable[Invoice]) -> dict[uuid.UUID, Account]:
    """What happened to each of these invoices, in one query."""
    rows = Invoice.objects.filter(pk__in=[row.pk for row in invoices]).only("pk", "total_amount")
    return {row.pk: account_of(row) for row in with_account(rows)}


@cache
def _happened() -> dict[str, Any]:
    """Each figure of rule I7 as it is read from where it is kept; put together once, each query resolves its copy."""
    paid = Payment.objects.filter(invoice=OuterRef("pk"), status__in=CAME)
    shares = PaymentShare.objects.filter(payment__status__in=CAME)
    credits = Credit.objects.filter(invoice=OuterRef("pk"))
    entries = BalanceEntry.objects.filter(invoice=OuterRef("pk"), currency=OuterRef("currency"))
    others = entries.exclude(kind__in=USED)
    refunds = Refund.objects.filter(invoice=OuterRef("pk"), status__in=GOES_BACK)
    taken = TakenBack.objects.filter(invoice=OuterRef("pk"), returned_at=None)
    figures = {
        "credited": _sum(credits, "invoice"),
        "balance_used": -_sum(entries.filter(kind__in=USED), "invoice"),
        "payments": _sum(paid, "invoice") + _sum(shares.filter(invoice=OuterRef("pk")), "invoice")
        - _sum(shares.filter(payment__invoice=OuterRef("pk")), "payment__invoice"),
        "refunds": _sum(refunds, "invoice"),
        "taken_back": _sum(taken, "invoice"),
        # Entries that name a credit note are told by its credits, invoice by invoice.
        "became_balance": _sum(credits, "invoice", "balance_amount")
        + _sum(others.filter(invoice__kind="invoice"), "invoice"),
    }  # fmt: skip
    assert set(figures) == set(_FIGURES), "every figure of rule I7 is read somewhere"
    return figures


def _sum(rows: Any, of: str, amount: str = "amount") -> Any:
    """One sum as a subquery; nothing where there is nothing."""
    sums = rows.order_by().values(of).annotate(sum=Sum(amount)).values("sum")
    return Coalesce(Subquery(sums, output_field=BigIntegerField()), 0, output_field=BigIntegerField())


def raw_due(account: Account) -> int:
    """Rule I7 before anything was done about it: below nothing when more came than was asked."""
    return (
        account.total - account.credited - account.balance_used - account.payments + account.refunds
        + account.taken_back + account.became_balance
    )  # fmt: skip


def dues_of(invoices: Iterable[Invoice]) -> dict[uuid.UUID, int]:
    """What is still to be paid of each, in minor units; nothing of what is no open invoice (rule I7)."""
    open_ones = Invoice.objects.filter(pk__in=[row.pk for row in invoices], kind="invoice", state="open")
    rows = with_account(open_ones.only("pk", "total_amount"))
    return {row.pk: max(0, raw_due(account_of(row))) for row in rows}


def due_of(invoice: Invoice) -> int:
    """What is still to be paid of one invoice, in minor units."""
    return dues_of([invoice]).get(invoice.pk, 0)


def books_of(subscription_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Books]:
    """What crediting looks at, for each subscription that has lines; a few queries for any number of them."""
    kept: dict[uuid.UUID, list[Kept]] = defaultdict(list)
    for row in _lines(Q(subscription_id__in=subscription_ids)):
        kept[row.subscription_id].append(kept_of(row))  # type: ignore[index]
    open_ones = Invoice.objects.filter(
        subscription_id__in=subscription_ids, kind="invoice", state="open"
    ).only("pk", "kind", "state", "total_amount", "subscription_id")
    owner = {row.pk: row.subscription_id for row in open_ones}
    dues: dict[uuid.UUID | None, dict[str, int]] = defaultdict(dict)
    for invoice_id, amount in dues_of(open_ones).items():
        dues[owner[invoice_id]][str(invoice_id)] = amount
    left: dict[uuid.UUID | None, dict[str, tuple[TaxRow, ...]]] = defaultdict(dict)
    credited = Credit.objects.filter(invoice__subscription__in=subscription_ids)
    of = dict(credited.values_list("invoice_id", "invoice__subscription_id"))
    for invoice_id, rows in rows_left(of).items():
        left[of[invoice_id]][str(invoice_id)] = rows
    return {pk: Books(tuple(rows), left[pk], dues[pk]) for pk, rows in kept.items()}


def rows_left(invoice_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[TaxRow, ...]]:
    """The tax rows of invoices, less what credit notes took of them."""
    if not invoice_ids:
        return {}
    found: dict[uuid.UUID, dict[tuple[str, int], TaxRow]] = defaultdict(dict)
    for tax in InvoiceTax.objects.filter(invoice_id__in=invoice_ids).order_by("category", "rate_bp"):
        key = tax.category, tax.rate_bp
        found[tax.invoice_id][key] = TaxRow(tax.category, tax.rate_bp, tax.base_amount, tax.tax_amount)
    for credit in Credit.objects.filter(invoice_id__in=invoice_ids):
        rows = found[credit.invoice_id]
        for category, rate_bp, net, taxed in credit.taxes:
            held = rows.get((category, rate_bp), TaxRow(category, rate_bp, 0, 0))
            rows[category, rate_bp] = replace(held, net=held.net - net, tax=held.tax - taxed)
    return {invoice_id: tuple(rows.values()) for invoice_id, rows in found.items()}


def creditable_of(invoice: Invoice) -> Creditable:
    """What an invoice can still give back, counting credit notes and coverage that later invoices took back (I1)."""
    own = list(InvoiceLine.objects.filter(invoice=invoice))
    kept: list[Kept] = []
    if own:
        start, end = min(row.period_start for row in own), max(row.period_end for row in own)
        beside = Q(period_start__lt=end, period_end__gt=start)
        of = Q(subscription=invoice.subscription_id) if invoice.subscription_id else Q(invoice=invoice)
        kept = [kept_of(row) for row in _lines(of & beside)]
    noted = Credit.objects.filter(invoice=invoice).values_list("note_id", flat=True)
    rows = rows_left([invoice.pk]).get(invoice.pk, ())
    return creditable(str(invoice.pk), rows, kept, {str(pk) for pk in noted})


def _lines(which: Q) -> "QuerySet[InvoiceLine]":
    return InvoiceLine.objects.filter(which).order_by("invoice__issued_at", "invoice_id", "position")


def kept_of(row: InvoiceLine) -> Kept:
    """A stored line as crediting sees it."""
    line = Billed(
        line_id=str(row.pk), plan=row.plan, cycle=Cycle(row.cycle), unit_amount=row.unit_amount,
        seats=row.seats if row.kind == "charge" else -row.seats, start=row.start, end=row.end,
        period_start=row.period_start, period_end=row.period_end, rate_bp=row.rate_bp,
        tax_category=row.tax_category, discount_bp=row.discount_bp, takes_back=tuple(row.takes_back),
    )  # fmt: skip
    return Kept(str(row.invoice_id), line, row.amount - row.discount_amount, row.is_coverage)


def kept_before(note: Invoice, subscription_ids: Collection[uuid.UUID]) -> tuple[list[Kept], list[Kept]]:
    """The lines of a note, and all lines of the subscriptions that were issued before it."""
    own: list[Kept] = []
    before: list[Kept] = []
    for row in _lines(Q(subscription_id__in=subscription_ids) | Q(invoice=note)):
        (own if row.invoice_id == note.pk else before).append(kept_of(row))
    return own, before
