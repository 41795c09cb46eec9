"""X1: the journal, derived from the live tables, sums to zero per booking and currency; nobody owes a balance.

`bookings` is the accountant's journal itself: whoever exports it reads it from here. Its days are those of the seller's
books, and of money by bank the day on the account. Rows in a currency that is none are left out and found by name.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from django.conf import settings
from django.db.models import OuterRef, Subquery

from zetel.actions import dues
from zetel.actions.dues import CAME
from zetel.actions.dues import USED as USED_KINDS
from zetel.jobs.doctor.finding import Finding, also, rows_of
from zetel.jobs.doctor.looks import Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import BalanceEntry, BankLine, Customer, Event, Invoice, Payment, Refund, TakenBack
from zetel.rules.event_types import EventType
from zetel.rules.journal import (
    Booking,
    IssuedDocument,
    booking_of_loose_entry,
    booking_of_loss,
    booking_of_payment,
    booking_of_payout,
    booking_of_return,
    bookings_of_document,
)
from zetel.rules.money import DECIMALS, Money
from zetel.rules.periods import local_date

PAID_OUT = "paid_out"  # the kind of the entries by which balance left on request (M10)
USED, USED_LATER = USED_KINDS  # the kinds of the entries by which balance pays an invoice


def check(reading: Reading) -> Iterator[Finding]:
    """X1, for everything there is."""
    for booking in bookings(reading.documents()):
        if off := booking.off():
            yield Finding("X1", "booking_off", booking.reference, {"booking": booking.kind, "off": off})
    yield from _LOOKS.found()


def bookings(issued: Iterable[Invoice]) -> Iterator[Booking]:
    """The whole journal: documents with what balance paid and became, balance paid out, payments, refunds, losses."""
    for invoice in issued:
        if invoice.currency in DECIMALS:
            yield from bookings_of_document(_document(invoice))
    for entries in rows_of(BalanceEntry.objects.filter(currency__in=DECIMALS, invoice=None).order_by("id")):
        for entry in entries:
            money, booked_on = Money(entry.amount, entry.currency), day_of(entry.created_at)
            loose = (
                booking_of_payout if entry.kind == PAID_OUT and entry.amount < 0 else booking_of_loose_entry
            )
            yield loose(entry.public_id, booked_on, money)
    came = (
        Payment.objects.filter(currency__in=DECIMALS, status__in=CAME)
        .select_related("invoice", "bank_booking__line")
        .prefetch_related("shares")
        .order_by("id")
    )
    for payments in rows_of(came):
        for payment in payments:
            yield from _of_payment(payment)
    done = Refund.objects.filter(currency__in=DECIMALS, status="done").order_by("id")
    for refunds in rows_of(done.select_related("attempt__payment__invoice")):
        for refund in refunds:
            money, against = Money(refund.amount, refund.currency), _against(refund.attempt.payment)
            on = day_of(refund.created_at)
            yield booking_of_return("refund", refund.public_id, on, money, against)
    back = TakenBack.objects.select_related("payment__invoice", "payment__bank_booking__line", "invoice")
    for taken in rows_of(back.order_by("id")):
        for row in taken:
            yield from _of_taken_back(row)
    yield from _losses()


def _of_taken_back(row: TakenBack) -> Iterator[Booking]:
    """What a bank took back, and when it gave that back again (G8)."""
    money, against = Money(row.amount, row.payment.currency), row.invoice.currency
    yield booking_of_return("taken_back", row.public_id, went_on(row), money, against)
    if row.returned_at:
        yield booking_of_return("returned", row.public_id, day_of(row.returned_at), -money, against)


def _losses() -> Iterator[Booking]:
    """What is due of each invoice that was written off, against what was written off then."""
    lost = Invoice.objects.filter(currency__in=DECIMALS, state="written_off").order_by("id")
    told = Event.objects.filter(kind=EventType.INVOICE_WRITTEN_OFF, invoice=OuterRef("pk")).order_by("-id")
    lost = lost.annotate(
        lost_at=Subquery(told.values("at")[:1]), lost_amount=Subquery(told.values("after__amount")[:1])
    )
    for invoices in rows_of(lost.defer("seller", "buyer")):
        accounts = dues.accounts_of(invoices)
        for invoice in invoices:
            due = Money(dues.raw_due(accounts[invoice.pk]), invoice.currency)
            written_off = Money(int(also(invoice, "lost_amount") or 0), invoice.currency)
            on = also(invoice, "lost_at") or invoice.issued_at
            yield booking_of_loss(invoice.number, day_of(on), due, written_off)


def _document(invoice: Invoice) -> IssuedDocument:
    entries = [entry for entry in invoice.balance_entries.all() if entry.currency in DECIMALS]
    return IssuedDocument(
        reference=invoice.number,
        on=invoice.issued_on,
        total=Money(invoice.total_amount, invoice.currency),
        net_amounts=[line.amount - line.discount_amount for line in invoice.lines.all()],
        tax_amounts=[row.tax_amount for row in invoice.taxes.all()],
        balance_used=invoice.balance_used_amount,
        used=[Money(entry.amount, entry.currency) for entry in entries if entry.kind == USED],
        became=[_dated(entry) for entry in entries if entry.kind not in USED_KINDS],
        used_later=[_dated(entry) for entry in entries if entry.kind == USED_LATER],
    )


def _dated(entry: BalanceEntry) -> tuple[date, Money]:
    return day_of(entry.created_at), Money(entry.amount, entry.currency)


def day_of(at: datetime) -> date:
    """The day of the seller's books."""
    return local_date(at, settings.CONFIG.seller.time_zone)


def bank_line_of(payment: Payment) -> BankLine | None:
    """The line of a statement that became this payment."""
    booking = getattr(payment, "bank_booking", None)
    return booking.line if booking else None


def came_on(payment: Payment) -> date:
    """The day on which money came: by bank that of the account, however late the statement was read."""
    line = bank_line_of(payment)
    return line.booked_on if line else day_of(payment.paid_at or payment.created_at)


def went_on(row: TakenBack) -> date:
    """The day on which money was taken back; a booking that was corrected never moved any, so both are of one day."""
    line = bank_line_of(row.payment)
    return line.booked_on if line else day_of(row.taken_at)


def _of_payment(payment: Payment) -> Iterator[Booking]:
    money, against = Money(payment.amount, payment.currency), _against(payment)
    along = sum(share.amount for share in payment.shares.all())
    carried = Money(along, payment.currency) if along else None
    yield booking_of_payment(payment.public_id, came_on(payment), money, against, carried)


def _against(payment: Payment) -> str | None:
    """The currency of the invoice that a payment is for; None for money that came for nothing."""
    return payment.invoice.currency if payment.invoice else None


_LOOKS = Looks(
    "X1",
    *(
        Look("currency_unknown", kind, f"""
            SELECT id AS subject, currency FROM {kind._meta.db_table}
            WHERE currency <> ALL (%(currencies)s)""")  # noqa: S608
        for kind in (Invoice, BalanceEntry, Payment, Refund)
    ),
    # Nothing unpaid ever becomes spendable: a customer's balance is never below nothing (I7).
    Look("balance_negative", Customer, """
        SELECT customer_id AS subject, currency, sum(amount) AS amount FROM zetel_balanceentry
        GROUP BY customer_id, currency HAVING sum(amount) < 0"""),
    # Money that came for nothing is given back, or on its way back (C5, G7).
    Look("money_for_nothing", Payment, """
        SELECT pay.id AS subject, pay.amount, pay.currency FROM zetel_payment pay
        WHERE pay.status IN ('paid', 'refunded') AND pay.invoice_id IS NULL AND NOT EXISTS (
          SELECT FROM zetel_attempt try JOIN zetel_refund back ON back.attempt_id = try.id
          WHERE try.payment_id = pay.id
            AND back.status IN ('wanted', 'sent', 'unknown', 'done', 'refused', 'parked'))"""),
)  # fmt: skip
