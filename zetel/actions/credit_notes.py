"""Staff correct money: credit an invoice, write one off, mark balance as paid out (rules C10, G6, I1, I7, M10, M11).

Each act carries a written reason, which stays in the audit trail and which the customer reads on the timeline. What is
credited here is money: coverage stays as it was billed, so that a run afterwards bills nothing.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.db import transaction

from zetel.actions import credits, dues, dunning, invoices, standing
from zetel.actions._change import hold_invoice, lock_customer, record, transition
from zetel.actions.collections import open_attempt
from zetel.actions.reasons import written
from zetel.models import BalanceEntry, Customer, Invoice, Person
from zetel.rules import transitions
from zetel.rules.credits import Creditable, credit_gross, credit_lines, credit_whole
from zetel.rules.documents import Document
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

GoesTo = Literal["balance", "refund"]
"""Where paid money goes: it stays the customer's balance, or goes back to what it was paid with."""


@dataclass(frozen=True)
class Wish:
    """What to credit: a gross amount, a net amount of some lines by their id, or neither: everything that is left."""

    amount: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)

    def priced(self, left: Creditable) -> Document:
        """The note that it makes. Raises credit_too_large, value_required."""
        if self.lines:
            return credit_lines(left, self.lines)
        return credit_gross(left, self.amount) if self.amount else credit_whole(left)


@dataclass(frozen=True)
class Foreseen:
    """What a credit would do, in minor units: shown before it is confirmed."""

    document: Document
    lowers_open: int
    becomes_balance: int
    refunded: int


def foresee(invoice: Invoice, wish: Wish, *, goes_to: GoesTo) -> Foreseen:
    """Reckon a credit without keeping anything. Raises what `credit` raises, but for the reason."""
    _check(invoice)
    document = wish.priced(dues.creditable_of(invoice))
    lowers = min(dues.due_of(invoice), -document.total)
    beyond = -document.total - lowers
    refunded = min(beyond, credits.refundable(invoice)) if goes_to == "refund" else 0
    return Foreseen(document, lowers, beyond - refunded, refunded)


def credit(
    invoice: Invoice,
    wish: Wish,
    *,
    goes_to: GoesTo,
    actor: Person,
    reason: str,
    now: datetime,
    left: int | None = None,
) -> Invoice:
    """Issue a credit note on an invoice: the open part is lowered first, what was paid goes where it is told.

    `left` is what could be credited when the person decided: another figure now means that somebody was first. Raises
    reason_required, value_too_long, not_found, version_conflict, payment_pending, invoice_written_off,
    credit_too_large, value_required.
    """
    reason = written(reason)
    with transaction.atomic():
        invoice, customer = hold_invoice(invoice)
        _check(invoice)
        held = dues.creditable_of(invoice)
        if left is not None and left != held.gross:
            raise ZetelError("version_conflict")
        document = wish.priced(held)
        payer = copy(customer)
        payer.currency = invoice.currency  # of the invoice, which the customer may have left since (M10)
        assert invoice.subscription is not None, "what is invoiced is of a subscription"
        note = invoices.issue(
            document, now=now, customer=payer, subscription=invoice.subscription, space=invoice.space,
            kind="credit_note", credits=invoice,
        )  # fmt: skip
        booked = credits.book(
            note, document, customer, now=now, refund_reason="credit_note" if goes_to == "refund" else ""
        )
        record(
            EventType.CREDIT_NOTE_ISSUED, now=now, actor=actor, reason=reason, space=invoice.space,
            customer=customer, subscription=invoice.subscription, invoice=note,
            after={
                "number": note.number, "amount": -note.total_amount, "currency": note.currency,
                "invoice": invoice.number, "lowered": booked.lowered, "spendable": booked.became_balance,
                "refunded": booked.refunded,
            },
        )  # fmt: skip
        invoices.mail_invoice(note, now=now)
        dunning.asks_no_more(invoice, now=now)
        return note


def write_off(invoice: Invoice, *, actor: Person, reason: str, now: datetime) -> Invoice:
    """Nobody will pay what is open of an invoice: it asks for nothing any more, and stays as it was issued.

    Raises reason_required, value_too_long, not_found, nothing_due, payment_pending.
    """
    reason = written(reason)
    with transaction.atomic():
        invoice, customer = hold_invoice(invoice)
        due = dues.due_of(invoice)
        if due <= 0:
            raise ZetelError("nothing_due")
        _check(invoice)
        transition(invoice, transitions.INVOICE, "written_off", field="state")
        record(
            EventType.INVOICE_WRITTEN_OFF, now=now, actor=actor, reason=reason, space=invoice.space,
            customer=customer, subscription=invoice.subscription, invoice=invoice,
            after={"number": invoice.number, "amount": due, "currency": invoice.currency},
        )  # fmt: skip
        dunning.asks_no_more(invoice, now=now)
        return invoice


def pay_out(customer: Customer, currency: str, *, actor: Person, reason: str, now: datetime) -> int:
    """Balance was paid out on request, by bank: it is the customer's to spend no more (M10). How much, in minor units.

    Raises reason_required, value_too_long, balance_too_small.
    """
    reason = written(reason)
    with transaction.atomic():
        customer = lock_customer(customer.pk)
        amount = standing.balance_of(customer, currency)
        if amount <= 0:
            raise ZetelError("balance_too_small")
        BalanceEntry.objects.create(
            customer=customer, currency=currency, amount=-amount, kind="paid_out", created_at=now
        )
        record(
            EventType.BALANCE_CHANGED, now=now, actor=actor, reason=reason, customer=customer,
            before={"amount": amount, "currency": currency},
            after={"amount": amount, "currency": currency, "reason": "paid_out"},
        )  # fmt: skip
        return amount


def _check(invoice: Invoice) -> None:
    """Money can be corrected on an invoice that no try is under way for: its outcome would be about another amount."""
    if invoice.kind != "invoice":
        raise ZetelError("not_found")
    if invoice.state == "written_off":
        raise ZetelError("invoice_written_off")
    if open_attempt(invoice):
        raise ZetelError("payment_pending")
