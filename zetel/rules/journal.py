"""The accountant's journal, derived from documents, payments, refunds and balance entries (rules X1, I7).

Nothing is kept: each booking is made from what is stored, each figure from another place (the total from the document,
revenue from its lines, tax from its tax rows, balance used from the entries). So a booking that does not sum to zero
in each currency says that two of our rows contradict each other. Debits are positive, credits negative.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from zetel.rules.money import Money


class Account(StrEnum):
    """Where money stands."""

    RECEIVABLE = "receivable"  # what customers owe on issued documents
    REVENUE = "revenue"
    TAX = "tax"
    BALANCE = "balance"  # what the seller owes customers for later invoices
    CASH = "cash"  # at the payment companies and the bank
    LOSS = "loss"  # what was written off
    UNALLOCATED = "unallocated"  # money that came for nothing, until it is given back (C5, G7)


@dataclass(frozen=True, slots=True)
class Posting:
    """A signed amount on one account."""

    account: Account
    money: Money


@dataclass(frozen=True, slots=True)
class Booking:
    """Postings that belong together; `reference` is the public id or number of what they were made from."""

    kind: str
    reference: str
    on: date
    postings: tuple[Posting, ...]

    def off(self) -> dict[str, int]:
        """What is left per currency where it should be nothing; empty when the booking is right."""
        sums = _sums(posting.money for posting in self.postings)
        return {currency: amount for currency, amount in sums.items() if amount}


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """An invoice or credit note as it stands: its own sums, and those of its lines, tax rows and balance entries.

    `used` are the balance entries that paid it at issue and `used_later` those of afterwards (both negative), `became`
    those that came of it (positive); what may come afterwards has a day of its own, so a closed month stays as it was.
    """

    reference: str
    on: date
    total: Money
    net_amounts: Sequence[int]
    tax_amounts: Sequence[int]
    balance_used: int
    used: Sequence[Money] = ()
    became: Sequence[tuple[date, Money]] = ()
    used_later: Sequence[tuple[date, Money]] = ()


def bookings_of_document(document: IssuedDocument) -> Iterator[Booking]:
    """What was sold and taxed; what the balance paid of it; what of it became balance."""
    currency = document.total.currency
    yield Booking(
        "document", document.reference, document.on,
        (
            Posting(Account.RECEIVABLE, document.total),
            Posting(Account.REVENUE, Money(-sum(document.net_amounts), currency)),
            Posting(Account.TAX, Money(-sum(document.tax_amounts), currency)),
        ),
    )  # fmt: skip
    if document.balance_used or document.used:
        paid = Posting(Account.RECEIVABLE, Money(-document.balance_used, currency))
        taken = tuple(Posting(Account.BALANCE, -entry) for entry in document.used)
        yield Booking("balance_used", document.reference, document.on, (paid, *taken))
    for kind, entries in (("balance_used", document.used_later), ("became_balance", document.became)):
        for on, entry in entries:
            against = Posting(Account.RECEIVABLE, Money(entry.amount, currency))
            yield Booking(kind, document.reference, on, (against, Posting(Account.BALANCE, -entry)))


def booking_of_loose_entry(reference: str, on: date, entry: Money) -> Booking:
    """A balance entry that names no document: nothing stands against it, so it never sums to zero."""
    return Booking("balance", reference, on, (Posting(Account.BALANCE, -entry),))


def booking_of_payout(reference: str, on: date, entry: Money) -> Booking:
    """Balance that was paid out on request by bank (M10): `entry` is negative."""
    postings = Posting(Account.BALANCE, -entry), Posting(Account.CASH, entry)
    return Booking("paid_out", reference, on, postings)


def booking_of_loss(reference: str, on: date, due: Money, written_off: Money) -> Booking:
    """An open invoice that nobody will pay: what is due of it against what was written off then."""
    postings = Posting(Account.RECEIVABLE, -due), Posting(Account.LOSS, written_off)
    return Booking("written_off", reference, on, postings)


def booking_of_payment(
    reference: str, on: date, paid: Money, invoice_currency: str | None, along: Money | None = None
) -> Booking:
    """Money that came, for an invoice or for nothing (None); `along` is what of it is for other invoices (G9)."""
    if along is None:
        return Booking("payment", reference, on, _moved(paid, invoice_currency))
    cash, other = _moved(paid - along, invoice_currency)
    others = Posting(Account.CASH, along), Posting(Account.RECEIVABLE, -along)
    return Booking("payment", reference, on, (cash, other, *others))


def booking_of_return(
    kind: str, reference: str, on: date, back: Money, invoice_currency: str | None
) -> Booking:
    """Money that went back: a refund, or a payment that was taken back (G6, G8); negative when it came once more."""
    return Booking(kind, reference, on, _moved(-back, invoice_currency))


def trial_balance(bookings: Iterable[Booking]) -> dict[tuple[Account, str], int]:
    """What stands on each account in each currency; all of one currency together are nothing."""
    sums: dict[tuple[Account, str], int] = {}
    for booking in bookings:
        for posting in booking.postings:
            key = posting.account, posting.money.currency
            sums[key] = sums.get(key, 0) + posting.money.amount
    return sums


def _moved(money: Money, invoice_currency: str | None) -> tuple[Posting, Posting]:
    """Cash in its own currency against the invoice in its own: another one shows as a difference (M9)."""
    if invoice_currency is None:
        return Posting(Account.CASH, money), Posting(Account.UNALLOCATED, -money)
    return Posting(Account.CASH, money), Posting(Account.RECEIVABLE, Money(-money.amount, invoice_currency))


def _sums(amounts: Iterable[Money]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, 0) + money.amount
    return sums
