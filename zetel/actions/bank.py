"""Money that came by bank: statements are read in, lines are booked on invoices, skipped, or corrected (rules G5, M9).

A line is booked once: two who do it at once meet under the customer's lock, and whoever comes second is told. Nothing
that was booked is edited; what was booked wrongly is taken back by another booking, and the line waits again.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum

from zetel.actions import credits, dues, dunning, manual_invoices, payments, standing
from zetel.actions._change import hold_invoice, record, transition
from zetel.actions.reasons import written
from zetel.models import (
    BalanceEntry,
    BankBooking,
    BankLine,
    BankStatement,
    Customer,
    Invoice,
    Payment,
    Person,
    TakenBack,
)
from zetel.rules import transitions
from zetel.rules.bank import Statement, StatementLine, keys
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.money import Money

FILE_NAME_MAX = 255
CORRECTED = "booked_wrongly"


@dataclass(frozen=True)
class ReadIn:
    """What became of a file: the statements that were kept, and how many lines were there already."""

    statements: tuple[BankStatement, ...]
    known: int


def read_in(statements: tuple[Statement, ...], *, file_name: str, staff: Person, now: datetime) -> ReadIn:
    """Keep what is new of a file; nothing is booked by it. Lines that are there already stay as they are.

    Raises bank_account_other for another account than the seller's, bank_line_taken when nothing of it is new.
    """
    own = settings.CONFIG.seller.iban
    if any(statement.account != own for statement in statements if own):
        raise ZetelError("bank_account_other", iban=own)
    with transaction.atomic():
        kept = [_keep(statement, file_name, staff, now) for statement in statements]
        told, new = sum(len(row.lines) for row in statements), sum(count for _, count in kept)
        if told and not new:
            raise ZetelError("bank_line_taken")
    return ReadIn(tuple(row for row, _ in kept), told - new)


def _keep(statement: Statement, file_name: str, staff: Person, now: datetime) -> tuple[BankStatement, int]:
    row = BankStatement.objects.create(
        file_name=file_name.replace("\0", "")[-FILE_NAME_MAX:], account=statement.account,
        reference=statement.reference, kind=statement.kind, line_count=len(statement.lines),
        left_out_count=statement.left_out, read_by=staff, created_at=now,
    )  # fmt: skip
    lines = [
        BankLine(**_line(line, key, now), statement=row, account=statement.account)
        for line, key in zip(statement.lines, keys(statement.lines), strict=True)
    ]
    BankLine.objects.bulk_create(lines, ignore_conflicts=True)  # once in the database, whoever reads it twice
    return row, BankLine.objects.filter(statement=row).count()


def _line(line: StatementLine, key: str, now: datetime) -> dict[str, Any]:
    return {
        "key": key, "booked_on": line.booked_on, "amount": line.amount.amount, "currency": line.amount.currency,
        "payer": line.payer, "payer_account": line.payer_account, "remittance": line.remittance,
        "reference": line.reference, "created_at": now,
    }  # fmt: skip


def book_by_hand(
    invoice: Invoice,
    amount: Money,
    *,
    booked_on: date,
    reference: str,
    once: str,
    staff: Person,
    now: datetime,
) -> Payment:
    """Book a payment that finance saw on the account; `once` is the form's own word, so that a second click is refused.

    Raises amount_invalid, value_invalid for a day to come, currency_mismatch, bank_line_taken, and what `book` raises.
    """
    if amount.amount <= 0:
        raise ZetelError("amount_invalid")
    if booked_on > manual_invoices.today(now):
        raise ZetelError("value_invalid", field="booked_on")
    typed = StatementLine(booked_on, amount, reference=" ".join(reference.replace("\0", "").split())[:140])
    with transaction.atomic():
        try:
            with transaction.atomic():
                line = BankLine.objects.create(**_line(typed, f"hand:{once}"[:64], now))
        except IntegrityError as twice:
            raise ZetelError("bank_line_taken") from twice
        return book(line, invoice, staff=staff, now=now)


def book(line: BankLine, invoice: Invoice, *, staff: Person, now: datetime) -> Payment:
    """A line is the payment of an invoice: too little stays open, too much becomes balance (I7, G5).

    Raises not_found for what is no invoice, currency_mismatch, bank_line_taken.
    """
    with transaction.atomic():
        invoice, customer = hold_invoice(invoice)
        if invoice.kind != "invoice":
            raise ZetelError("not_found")
        line = BankLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
        if line.currency != invoice.currency:
            raise ZetelError("currency_mismatch")
        if not transition(line, transitions.BANK_LINE, "booked"):
            raise ZetelError("bank_line_taken")
        payment = Payment.objects.create(
            **payments.payment_row(
                customer, amount=line.amount, currency=line.currency, now=now, invoice=invoice
            )
        )
        transition(payment, transitions.PAYMENT, "paid", paid_at=now)
        BankBooking.objects.create(line=line, payment=payment, booked_by=staff, created_at=now)
        surplus = credits.give_surplus(invoice, now=now)
        invoice.refresh_from_db(fields=["state"])
        left = dues.due_of(invoice)
        record(
            EventType.PAYMENT_PAID, now=now, actor=staff, space=invoice.space, customer=customer,
            subscription=invoice.subscription, invoice=invoice,
            after={
                "number": invoice.number, "amount": line.amount, "currency": line.currency, "spendable": surplus,
                "still_due": left, "line": line.public_id,
                "reason": "bank_more" if surplus else "bank_part" if left else "bank",
            },
        )  # fmt: skip
        dunning.paid(invoice, now=now)
        return payment


def correct(booking: BankBooking, *, staff: Person, reason: str, now: datetime) -> Invoice:
    """Take back a booking on the wrong invoice, with the balance that it gave; its line waits to be booked again.

    Raises reason_required, value_too_long, no_change when it was corrected before, balance_too_small when what had
    become balance was spent.
    """
    words = written(reason)
    with transaction.atomic():
        found = booking.payment.invoice
        assert found is not None, "a bank payment is of an invoice"
        invoice, customer = hold_invoice(found)
        row = (
            BankBooking.objects.select_for_update(of=("self",))
            .select_related("payment", "line")
            .get(pk=booking.pk)
        )
        if row.corrected_at is not None:
            raise ZetelError("no_change")
        payment = row.payment
        surplus = _take_surplus(invoice, customer, payment.amount, now)
        transition(payment, transitions.PAYMENT, "taken_back")
        TakenBack.objects.create(
            payment=payment,
            invoice=invoice,
            amount=payment.amount,
            reason=CORRECTED,
            taken_at=now,
            said_at=now,
        )
        BankBooking.objects.filter(pk=row.pk).update(corrected_at=now)
        transition(row.line, transitions.BANK_LINE, "open")
        if invoice.state != "written_off":
            credits.settle(invoice)
        record(
            EventType.PAYMENT_CORRECTED, now=now, actor=staff, reason=words, space=invoice.space, customer=customer,
            subscription=invoice.subscription, invoice=invoice,
            after={
                "number": invoice.number, "amount": payment.amount, "currency": payment.currency, "spendable": surplus,
                "line": row.line.public_id,
            },
        )  # fmt: skip
        manual_invoices.reopened(invoice, now=now)
        return invoice


def _take_surplus(invoice: Invoice, customer: Customer, amount: int, now: datetime) -> int:
    """What too much had come on the invoice goes out of the balance again, as far as this payment brought it."""
    entries = BalanceEntry.objects.filter(invoice=invoice, kind__in=("overpaid", CORRECTED))
    became = entries.aggregate(sum=Sum("amount"))["sum"] or 0
    surplus = min(int(became), amount)
    if surplus and standing.balance_of(customer, invoice.currency) < surplus:
        raise ZetelError("balance_too_small")
    credits.add_balance(customer, -surplus, kind=CORRECTED, invoice=invoice, now=now)
    return surplus


def skip(line: BankLine) -> None:
    """A line that is none of ours. Raises bank_line_taken."""
    if not transition(line, transitions.BANK_LINE, "skipped"):
        raise ZetelError("bank_line_taken")


def put_back(line: BankLine) -> None:
    """A line that was skipped waits again. Raises no_change."""
    if line.status != "skipped" or not transition(line, transitions.BANK_LINE, "open"):
        raise ZetelError("no_change")
