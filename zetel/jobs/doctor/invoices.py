"""X6: documents are the sum of their lines and taxes, each line is its own figures, and due is what rule I7 says.

Payments and credits are held against the invoices that they belong to. A credit note may take back lines of several
invoices; those are looked at together, because the note does not say how much of it falls to each.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Sum

from zetel.jobs.doctor.finding import Finding, batches, rows_of
from zetel.models import BalanceEntry, Invoice, InvoiceLine, InvoiceTax, Payment, Refund, Subscription
from zetel.rules import tax
from zetel.rules.money import discount, prorate


@dataclass(frozen=True, slots=True)
class _Net:
    """A stored line as `rules.tax` takes it."""

    net: int
    rate_bp: int | None
    tax_category: str | None


def check(now: datetime) -> Iterator[Finding]:
    """X6, document by document, then account by account."""
    rows = Invoice.objects.defer("seller", "buyer").prefetch_related("lines", "taxes").order_by("id")
    for invoices in rows_of(rows):
        for invoice in invoices:
            lines = sorted(invoice.lines.all(), key=lambda line: line.position)
            yield from _lines(invoice, lines)
            yield from _totals(invoice, lines, list(invoice.taxes.all()))
    yield from _accounts()


def _lines(invoice: Invoice, lines: Sequence[InvoiceLine]) -> Iterator[Finding]:
    for line in lines:
        place: dict[str, object] = {"line": line.public_id, "position": line.position}
        if (
            line.kind == "credit"
            and not line.takes_back
            and not (invoice.credits_id and not line.is_coverage)
        ):
            yield Finding("X6", "credit_names_nothing", invoice.number, place)
        if not line.is_coverage:
            continue  # money given back, of a gross amount (M11, M13): no days to replay
        if not (line.period_start <= line.start < line.end <= line.period_end):
            dates = {"from": line.start.isoformat(), "to": line.end.isoformat()}
            yield Finding("X6", "line_dates_wrong", invoice.number, place | dates)
            continue
        sign, days = (-1 if line.kind == "credit" else 1), (line.end - line.start).days
        of_days = (line.period_end - line.period_start).days
        expected = sign * prorate(line.unit_amount, line.seats, days, of_days)
        if line.amount != expected:
            yield Finding(
                "X6", "line_wrong", invoice.number, place | {"amount": line.amount, "expected": expected}
            )
        expected = sign * discount(line.unit_amount, line.seats, days, of_days, min(line.discount_bp, 10_000))
        if line.discount_amount != expected:
            facts = {"amount": line.discount_amount, "expected": expected}
            yield Finding("X6", "discount_wrong", invoice.number, place | facts)


def _totals(invoice: Invoice, lines: Sequence[InvoiceLine], rows: Sequence[InvoiceTax]) -> Iterator[Finding]:
    """Nets summed, taxed per category and rate (M8); money credits round per rate, so only their sums are held."""
    net = sum(line.amount - line.discount_amount for line in lines)
    taxed = sum(row.tax_amount for row in rows)
    for what, stored, expected in (
        ("net_wrong", invoice.net_amount, net),
        ("tax_wrong", invoice.tax_amount, taxed),
        ("total_wrong", invoice.total_amount, invoice.net_amount + invoice.tax_amount),
    ):
        if stored != expected:
            yield Finding("X6", what, invoice.number, {"amount": stored, "expected": expected})
    if unknown := sorted({line.tax_category for line in lines} - set(tax.CATEGORIES)):
        yield Finding("X6", "tax_category_unknown", invoice.number, {"categories": unknown})
    elif all(line.is_coverage for line in lines):
        sums = tax.totals(
            _Net(line.amount - line.discount_amount, line.rate_bp, line.tax_category) for line in lines
        )
        kept = sorted((row.category, row.rate_bp, row.base_amount, row.tax_amount) for row in rows)
        wanted = sorted((row.category, row.rate_bp, row.net, row.tax) for row in sums.taxes)
        if kept != wanted:
            yield Finding("X6", "tax_rows_wrong", invoice.number, {"rows": kept, "expected": wanted})


def _accounts() -> Iterator[Finding]:
    """Rule I7, by subscription; documents that belong to none stand alone."""
    for ids in batches(Subscription.objects.order_by("id").values_list("pk", flat=True).iterator()):
        yield from _held(list(Invoice.objects.filter(subscription_id__in=ids).defer("seller", "buyer")))
    for invoices in rows_of(
        Invoice.objects.filter(subscription=None).defer("seller", "buyer").order_by("id")
    ):
        yield from _held(invoices)


def _held(invoices: Sequence[Invoice]) -> Iterator[Finding]:
    ids = [invoice.pk for invoice in invoices]
    lines = list(InvoiceLine.objects.filter(invoice_id__in=ids).select_related("invoice"))
    yield from _too_much_taken_back(lines)
    # A payment that was taken back counts for nothing: it came and went (G8).
    paid = Payment.objects.filter(invoice_id__in=ids, status__in=("paid", "refunded"))
    refunds = Refund.objects.filter(status="done", attempt__payment__in=paid)
    moved: Counter[object] = Counter()
    for rows in (
        paid.values_list("invoice_id").annotate(sum=-Sum("amount")),
        refunds.values_list("attempt__payment__invoice_id").annotate(sum=Sum("amount")),
        BalanceEntry.objects.filter(invoice_id__in=ids, currency=F("invoice__currency")).exclude(kind="used")
        .values_list("invoice_id").annotate(sum=Sum("amount")),
    ):  # fmt: skip
        moved.update(dict(rows))
    asking = Payment.objects.filter(invoice_id__in=ids, status="wanted").values_list("invoice_id")
    wanted: Counter[object] = Counter(dict(asking.annotate(sum=Sum("amount"))))
    for group in _groups(invoices, lines):
        due = sum(invoice.total_amount - invoice.balance_used_amount + moved[invoice.pk] for invoice in group)
        yield from _due(sorted(group, key=lambda invoice: invoice.pk), due)
        asked = sum(wanted[invoice.pk] for invoice in group)
        if asked > max(due, 0):
            numbers = ", ".join(sorted(invoice.number for invoice in group if wanted[invoice.pk]))
            yield Finding("X6", "asks_more_than_due", numbers, {"asked": asked, "due": due})


def _due(group: Sequence[Invoice], due: int) -> Iterator[Finding]:
    asked = [invoice for invoice in group if invoice.kind == "invoice"]
    numbers = ", ".join(invoice.number for invoice in asked) or group[0].number
    facts = {"due": due, "states": {invoice.number: invoice.state for invoice in group}}
    if due < 0:
        yield Finding("X6", "due_negative", numbers, facts)
    elif asked and not any(invoice.state == "written_off" for invoice in asked):
        is_open = any(invoice.state == "open" for invoice in asked)
        if is_open != (due > 0):
            yield Finding("X6", "state_wrong", numbers, facts)


def _groups(invoices: Sequence[Invoice], lines: Iterable[InvoiceLine]) -> list[list[Invoice]]:
    """Invoices with the credit notes on them; those that one note joins are one group."""
    owner = {str(line.pk): line.invoice_id for line in lines}
    group_of: dict[object, object] = {invoice.pk: invoice.pk for invoice in invoices}
    for line in lines:
        if line.invoice.kind != "credit_note":
            continue
        taken = {owner[line_id] for line_id in line.takes_back if line_id in owner}
        if not taken and line.invoice.credits_id:
            taken = {line.invoice.credits_id}
        joined = {group_of[pk] for pk in (line.invoice_id, *taken) if pk in group_of}
        first = group_of[line.invoice_id]
        group_of = {pk: first if group in joined else group for pk, group in group_of.items()}
    found: dict[object, list[Invoice]] = {}
    for invoice in invoices:
        found.setdefault(group_of[invoice.pk], []).append(invoice)
    return list(found.values())


def _too_much_taken_back(lines: Sequence[InvoiceLine]) -> Iterator[Finding]:
    """Rule I1: all credits on a line together never exceed its seats x days."""
    known = {str(line.pk): line for line in lines}
    taken: Counter[str] = Counter()
    for line in lines:
        for line_id in line.takes_back:
            if line_id not in known:
                yield Finding("X6", "credit_names_unknown_line", line.invoice.number, {"line": line_id})
        if len(line.takes_back) == 1 and line.is_coverage:
            taken[line.takes_back[0]] += line.seats * (line.end - line.start).days
    for line_id, seat_days in taken.items():
        if line_id in known and seat_days > (most := known[line_id].seats * _days(known[line_id])):
            facts = {"line": known[line_id].public_id, "taken_back": seat_days, "billed": most}
            yield Finding("X6", "line_credited_too_much", known[line_id].invoice.number, facts)


def _days(line: InvoiceLine) -> int:
    return (line.end - line.start).days
