"""Booking a credit note that was issued: what it takes off each invoice, and where paid money goes (rules I1, I7, G6).

It lowers the open part of an invoice first. Only what was paid beyond becomes balance, or goes back through the gateway
of the payment that paid it, never more than that payment. Whoever issues a note books it here, in its transaction.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from zetel.actions import dues, invoices, payments
from zetel.actions._change import transition
from zetel.models import (
    Attempt,
    BalanceEntry,
    Credit,
    Customer,
    Invoice,
    Payment,
    PaymentShare,
    Refund,
    TakenBack,
)
from zetel.rules import transitions
from zetel.rules.credits import gross, parts_by_invoice
from zetel.rules.documents import Document
from zetel.rules.invoices import Account, credit_effect, status_of
from zetel.rules.tax import TaxRow
from zetel.rules.transitions import InvoiceStatus


@dataclass(frozen=True)
class Booked:
    """What a note did, in minor units: what it took off what was open, what became balance, what is refunded."""

    lowered: int = 0
    became_balance: int = 0
    refunded: int = 0

    def __add__(self, other: "Booked") -> "Booked":
        return Booked(
            self.lowered + other.lowered,
            self.became_balance + other.became_balance,
            self.refunded + other.refunded,
        )


def book(
    note: Invoice, document: Document, customer: Customer, *, now: datetime, refund_reason: str = ""
) -> Booked:
    """Book a note of this document; with a `refund_reason` what was paid goes back, as far as payments paid it.

    The customer's lock is held. Raises credit_too_large when an invoice would give back more than it is.
    """
    own, before = dues.kept_before(note, [note.subscription_id] if note.subscription_id else [])
    names = {row.document_id for row in before}
    found = {row.pk: row for row in Invoice.objects.filter(pk__in=names, kind="invoice").order_by("id")}
    accounts = dues.accounts_of(found.values())
    room = {str(key): account.total - account.credited for key, account in accounts.items()}
    by_invoice = parts_by_invoice(document, own, before, room)
    parts = {uuid.UUID(key): rows for key, rows in by_invoice.items()}
    amounts = _within(parts, {key: accounts[key] for key in parts})
    done = Booked()
    for invoice_id, invoice in found.items():
        if amounts.get(invoice_id, 0) <= 0:
            continue
        done += _book_on(
            invoice, note, amounts[invoice_id], parts[invoice_id], accounts[invoice_id], now, refund_reason
        )
    assert done.lowered + done.became_balance + done.refunded == -note.total_amount, "a note is booked whole"
    add_balance(customer, done.became_balance, kind="credit_note", invoice=note, now=now)
    invoices.mark_paid(note)
    return done


def _within(
    parts: Mapping[uuid.UUID, tuple[TaxRow, ...]], accounts: Mapping[uuid.UUID, Account]
) -> dict[uuid.UUID, int]:
    """What falls to each invoice; of several, a minor unit of rounding beyond one goes to the next with room."""
    amounts = {invoice_id: gross(rows) for invoice_id, rows in parts.items()}
    room = {invoice_id: account.total - account.credited for invoice_id, account in accounts.items()}
    beyond = sum(max(0, amount - room[invoice_id]) for invoice_id, amount in amounts.items())
    within = {invoice_id: min(amount, room[invoice_id]) for invoice_id, amount in amounts.items()}
    if beyond and len(amounts) > 1 and beyond <= len(amounts):
        for invoice_id in within:
            more = min(beyond, room[invoice_id] - within[invoice_id])
            within[invoice_id], beyond = within[invoice_id] + more, beyond - more
    return within if not beyond else amounts


def _book_on(
    invoice: Invoice, note: Invoice, amount: int, rows: tuple[TaxRow, ...], account: Account, now: datetime,
    refund_reason: str,
) -> Booked:  # fmt: skip
    effect = credit_effect(account, amount)
    refunded = _refund(invoice, note, effect.goes_back, refund_reason, now) if refund_reason else 0
    became = effect.goes_back - refunded
    Credit.objects.create(
        note=note, invoice=invoice, amount=amount, balance_amount=became,
        taxes=[[row.category, row.rate_bp, row.net, row.tax] for row in rows],
    )  # fmt: skip
    settle(invoice)
    return Booked(effect.lowers_open, became, refunded)


def settle(invoice: Invoice) -> InvoiceStatus:
    """Bring an invoice's state to what rule I7 says of it; too much that came is for the caller to see to first."""
    state = status_of(dues.accounts_of([invoice])[invoice.pk])
    transition(invoice, transitions.INVOICE, state, field="state")
    return state


def give_surplus(invoice: Invoice, *, now: datetime) -> int:
    """Money that is more than is due of an invoice becomes balance of who pays it, and its state follows (I7)."""
    surplus = max(0, -dues.raw_due(dues.accounts_of([invoice])[invoice.pk]))
    if surplus:
        add_balance(invoice.customer, surplus, kind="overpaid", invoice=invoice, now=now)
    settle(invoice)
    return surplus


def _refund(invoice: Invoice, note: Invoice, amount: int, reason: str, now: datetime) -> int:
    """Ask for refunds of the payments that paid an invoice, the latest first; how much of the amount they can bear."""
    left = amount
    for attempt, part in paid_by(invoice):
        wanted = min(left, part)
        if wanted <= 0:
            continue
        payments.want_refund(
            attempt, amount=wanted, reason=reason[:64], now=now, invoice=invoice, credit_note=note
        )
        left -= wanted
    return amount - left


def paid_by(invoice: Invoice) -> list[tuple[Attempt, int]]:
    """The tries that paid an invoice, the latest first, and what of each can still go back for it (rule G6)."""
    shares = dict(
        PaymentShare.objects.filter(payment__status__in=dues.CAME, invoice=invoice)
        .values_list("payment")
        .annotate(Sum("amount"))
    )
    own = {
        row.pk: row.amount - sum(share.amount for share in row.shares.all())
        for row in Payment.objects.filter(invoice=invoice, status__in=dues.CAME).prefetch_related("shares")
    }
    parts = {**shares, **own}
    for rows in (
        Refund.objects.filter(invoice=invoice, status__in=dues.GOES_BACK).values_list("attempt__payment"),
        TakenBack.objects.filter(invoice=invoice, returned_at=None).values_list("payment"),
    ):
        for payment_id, gone in rows.annotate(sum=Sum("amount")):
            parts[payment_id] = parts.get(payment_id, 0) - gone
    attempts = Attempt.objects.filter(payment__in=list(parts), status="paid").select_related("payment")
    return [(row, parts[row.payment_id]) for row in attempts.order_by("-settled_at", "-id")]


def refundable(invoice: Invoice) -> int:
    """How much of what was paid for an invoice can go back through a gateway."""
    return sum(max(0, part) for _, part in paid_by(invoice))


def add_balance(customer: Customer, amount: int, *, kind: str, invoice: Invoice, now: datetime) -> None:
    """One signed entry in minor units of the invoice's currency; nothing for 0 (rule M9)."""
    if amount:
        BalanceEntry.objects.create(
            customer=customer, currency=invoice.currency, amount=amount, kind=kind, invoice=invoice, created_at=now
        )  # fmt: skip
