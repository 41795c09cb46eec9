"""X6: documents are the sum of their lines and taxes, each line is its own figures, and due is what rule I7 says.

Payments, credits, refunds and what banks took back are held against the invoices that they belong to, one by one: a
credit note that takes back lines of several invoices says how much of it falls to each.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from zetel.actions import dues
from zetel.jobs.doctor.finding import Finding, batches, rows_of
from zetel.jobs.doctor.looks import Look, Looks, streamed
from zetel.jobs.doctor.reading import Reading
from zetel.models import (
    BalanceEntry,
    Credit,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Payment,
    Subscription,
)
from zetel.rules import tax
from zetel.rules.credits import nets_left
from zetel.rules.invoices import Account
from zetel.rules.money import discount, prorate

_TaxRow = tuple[str, int, int, int]  # category, rate, net, tax


@dataclass(frozen=True, slots=True)
class _Net:
    """A stored line as `rules.tax` takes it."""

    net: int
    rate_bp: int | None
    tax_category: str | None


def check(reading: Reading) -> Iterator[Finding]:
    """X6, document by document, then account by account."""
    for invoice in reading.documents():
        lines = sorted(invoice.lines.all(), key=lambda line: line.position)
        yield from _lines(invoice, lines)
        yield from _totals(invoice, lines, list(invoice.taxes.all()))
        yield from _home_tax(invoice)
    yield from _accounts()
    yield from _TAKEN_BACK.found()


def _home_tax(invoice: Invoice) -> Iterator[Finding]:
    """Tax in another currency is stated in the seller's too, by a rate; without one staff have to say it (I5)."""
    if invoice.tax_amount and invoice.currency != settings.CONFIG.seller.currency and not invoice.home_tax:
        facts = {"currency": invoice.currency, "issued_on": invoice.issued_on.isoformat()}
        yield Finding("X6", "home_tax_missing", invoice.number, facts, is_notice=True)


# A payment is taken back exactly as long as a bank holds something of it (G8).
_TAKEN_BACK = Looks("X6", Look("taken_back_differs", Payment, """
    SELECT pay.id AS subject, pay.status FROM zetel_payment pay
    WHERE (pay.status = 'taken_back') <> EXISTS (
      SELECT FROM zetel_takenback WHERE payment_id = pay.id AND returned_at IS NULL)"""))  # fmt: skip


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
        if not _same(kept, wanted, 1 if invoice.kind == "credit_note" else 0):
            yield Finding("X6", "tax_rows_wrong", invoice.number, {"rows": kept, "expected": wanted})


def _same(kept: Sequence[_TaxRow], wanted: Sequence[_TaxRow], rounding: int) -> bool:
    """Whether tax rows are those of the lines; the last note on an invoice takes what tax is left (M13)."""
    told = [row[:3] for row in kept] == [row[:3] for row in wanted]
    return told and all(abs(one[3] - other[3]) <= rounding for one, other in zip(kept, wanted, strict=True))


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
    lines = list(
        InvoiceLine.objects.filter(invoice_id__in=ids)
        .select_related("invoice")
        .order_by("invoice__issued_at", "invoice_id", "position")
    )
    yield from _too_much_taken_back(lines)
    yield from _notes([invoice for invoice in invoices if invoice.kind == "credit_note"])
    asking = [invoice for invoice in invoices if invoice.kind == "invoice"]
    accounts, wanted = dues.accounts_of(asking), _wanted(ids)
    for invoice in sorted(asking, key=lambda invoice: invoice.pk):
        account = accounts[invoice.pk]
        due = dues.raw_due(account)
        yield from _due(invoice, account, due)
        asked = wanted[invoice.pk]
        if asked > max(due, 0):
            yield Finding("X6", "asks_more_than_due", invoice.number, {"asked": asked, "due": due})


def _wanted(ids: Sequence[UUID]) -> Counter[UUID]:
    """What payments that are wanted ask for each invoice, those that carry another one along told apart (G9)."""
    asked = """
        SELECT invoice_id, sum(amount) FROM (
          SELECT pay.invoice_id, pay.amount FROM zetel_payment pay WHERE pay.status = 'wanted'
          UNION ALL
          SELECT share.invoice_id, share.amount FROM zetel_paymentshare share
          JOIN zetel_payment pay ON pay.id = share.payment_id WHERE pay.status = 'wanted'
          UNION ALL
          SELECT pay.invoice_id, -share.amount FROM zetel_paymentshare share
          JOIN zetel_payment pay ON pay.id = share.payment_id WHERE pay.status = 'wanted'
        ) AS asked WHERE invoice_id = ANY (%(ids)s) GROUP BY invoice_id"""
    return Counter({invoice_id: int(amount) for invoice_id, amount in streamed(asked, {"ids": list(ids)})})


def _due(invoice: Invoice, account: Account, due: int) -> Iterator[Finding]:
    facts = {"due": due, "state": invoice.state, **asdict(account)}
    if account.credited > account.total:
        yield Finding("X6", "credited_too_much", invoice.number, facts)
    if due < 0:
        yield Finding("X6", "due_negative", invoice.number, facts)
    elif invoice.state != "written_off" and (invoice.state == "open") != (due > 0):
        yield Finding("X6", "state_wrong", invoice.number, facts)


def _notes(notes: Sequence[Invoice]) -> Iterator[Finding]:
    """Each note is booked on its invoices to the cent, and what of it became balance is in the entries (I7)."""
    if not notes:
        return
    sums = Credit.objects.filter(note__in=notes).order_by().values_list("note")
    booked = {row[0]: row[1:] for row in sums.annotate(Sum("amount"), Sum("balance_amount"))}
    entries = BalanceEntry.objects.filter(invoice__in=notes).order_by().values_list("invoice")
    became = dict(entries.annotate(Sum("amount")))
    for note in notes:
        amount, balance = booked.get(note.pk, (0, 0))
        if amount != -note.total_amount or balance != became.get(note.pk, 0):
            facts = {
                "total": note.total_amount, "booked": amount, "balance": balance, "entries": became.get(note.pk, 0),
            }  # fmt: skip
            yield Finding("X6", "note_not_booked", note.number, facts)


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
    yield from _too_much_money(lines, known)


def _too_much_money(lines: Sequence[InvoiceLine], known: Mapping[str, InvoiceLine]) -> Iterator[Finding]:
    """Money that was given back, with coverage that was, is never more than the line (I1, M11)."""
    given = {line_id for line in lines if not line.is_coverage for line_id in line.takes_back}
    if not given:
        return
    left = nets_left([dues.kept_of(line) for line in lines])
    for line_id in sorted(given):
        if left.get(line_id, 0) < 0:
            facts: dict[str, object] = {"line": known[line_id].public_id, "beyond": -left[line_id]}
            yield Finding("X6", "line_credited_too_much", known[line_id].invoice.number, facts)


def _days(line: InvoiceLine) -> int:
    return (line.end - line.start).days
