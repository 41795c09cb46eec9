"""What a document still asks for, what a credit does to it, and how its number is written (rules I2, I6, I7, M12).

Amounts are minor units of one currency. Nothing unpaid ever becomes spendable: a credit lowers the open part first,
and only paid money beyond it goes back to the customer.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from zetel.rules.errors import ZetelError
from zetel.rules.transitions import InvoiceStatus


class DocumentKind(StrEnum):
    """What is issued."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    NONE = "none"  # nothing to say, so nothing is issued


@dataclass(frozen=True, slots=True)
class Account:
    """What happened to one invoice; every figure is positive or nil."""

    total: int
    credited: int = 0
    balance_used: int = 0
    payments: int = 0
    refunds: int = 0
    taken_back: int = 0
    became_balance: int = 0


@dataclass(frozen=True, slots=True)
class CreditEffect:
    """A credit's amount, split: it lowers what is open first, and what is beyond was paid and goes back."""

    lowers_open: int
    goes_back: int


def due(account: Account) -> int:
    """Rule I7; never negative, which our own bookings have to keep."""
    amount = (
        account.total
        - account.credited
        - account.balance_used
        - account.payments
        + account.refunds
        + account.taken_back
        + account.became_balance
    )
    assert amount >= 0, f"an invoice would owe its customer {-amount}: {account}"
    return amount


def status_of(account: Account) -> InvoiceStatus:
    """Open while something is due; credited when a credit took all of it back; else paid."""
    if due(account) > 0:
        return InvoiceStatus.OPEN
    taken_whole = account.total > 0 and account.credited >= account.total
    return InvoiceStatus.CREDITED if taken_whole else InvoiceStatus.PAID


def credit_effect(account: Account, gross: int) -> CreditEffect:
    """Rule I7 for a credit of a gross amount; all credits together never exceed the invoice (I1)."""
    left = account.total - account.credited
    if not 0 < gross <= left:
        raise ZetelError("credit_too_large", gross=gross, left=left)
    lowers = min(due(account), gross)
    return CreditEffect(lowers_open=lowers, goes_back=gross - lowers)


def balance_use(total: int, balance: int) -> int:
    """Rule I6: balance pays before the gateway is asked."""
    return max(0, min(total, balance))


def document_kind(total: int, line_count: int, discounted: bool) -> DocumentKind:
    """Rules I6 and M12: nothing for nothing, but an invoice that a discount brought to zero is issued."""
    if total < 0:
        return DocumentKind.CREDIT_NOTE
    if line_count and (total > 0 or discounted):
        return DocumentKind.INVOICE
    return DocumentKind.NONE


def issue_date(today: date, last_date: date | None) -> date:
    """Rule I2: the seller's today, or the date of the series' last document if that is later."""
    return today if last_date is None else max(today, last_date)


def number(prefix: str, year: int, sequence: int) -> str:
    """How a number is written: `2026-00042` after the series' prefix; longer when a year needs more digits."""
    assert sequence >= 1, "numbers begin with 1"
    return f"{prefix}{year}-{sequence:05d}"
