"""Tax given back once a VAT number is verified: each invoice's coverage is taken back and charged again (T2, M11).

The credit note takes what is left of the taxed lines back at their rate, and charges the same at reverse charge: its
total is the tax, and the returns of both countries are right. The coverage stays what it was, seat for seat and day
for day, so a run afterwards bills nothing, and whatever is credited later carries no tax that went back already (T3).
"""

import uuid
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime

from zetel.actions import credits, dues, dunning, invoices, standing
from zetel.actions._change import lock_customer, lock_space, record
from zetel.actions.collections import open_attempt
from zetel.models import Customer, Invoice, Space
from zetel.rules.billing import Billed, Line, due_minus_billed
from zetel.rules.credits import Books, fitted
from zetel.rules.documents import Document, document
from zetel.rules.event_types import EventType
from zetel.rules.tax import TaxTreatment
from zetel.rules.vat_checks import WAIT

_REVERSE_CHARGE = TaxTreatment("AE", 0, "reverse_charge")


def lock(customer_id: uuid.UUID) -> Customer:
    """The locks of the house for all that a verified number may touch: the places it is billed for, then it."""
    places = Space.objects.filter(invoices__customer=customer_id).order_by("id").distinct()
    for space in sorted(places, key=lambda space: space.root_id):
        lock_space(space)
    return lock_customer(customer_id)


def give_back(customer: Customer, *, now: datetime, verified_at: datetime | None = None) -> bool:
    """Give back the tax of the last 60 days that its number stands on; False while money is under way for some of it.

    The locks of `lock` are held. What was given back before is not given back again.
    """
    taxed = Invoice.objects.filter(
        customer=customer, kind="invoice", tax_amount__gt=0, issued_at__gt=(verified_at or now) - WAIT,
        buyer__stated_vat_number=customer.vat_number, buyer__country=customer.country,
    ).exclude(state="written_off")  # fmt: skip
    is_whole = True
    for invoice in taxed.select_related("space", "subscription").order_by("issued_at", "sequence"):
        if open_attempt(invoice):
            is_whole = False  # its outcome would be about another amount
            continue
        if (note := _priced(invoice)) and note.total < 0:
            _issue(note, invoice, customer, now)
    return is_whole


def _priced(invoice: Invoice) -> Document | None:
    """The note that gives an invoice's tax back; None when nothing of it is left."""
    if invoice.subscription_id is None:
        return None
    ids = [invoice.subscription_id]
    billed = standing.billed_of(ids).get(invoice.subscription_id, ())
    own = {
        str(line.pk)
        for line in invoice.lines.filter(kind="charge", is_coverage=True, rate_bp__gt=0)
    }  # fmt: skip
    taken = _left_of(own, billed)
    if not taken:
        return None
    lines = [line for back in taken for line in (back, _again(back))]
    return fitted(document(lines, _REVERSE_CHARGE), dues.books_of(ids).get(invoice.subscription_id, Books()))


def _left_of(line_ids: set[str], billed: Sequence[Billed]) -> list[Line]:
    """What is left of some lines, as an agreement that asks for nothing would take it back (M6)."""
    left = due_minus_billed((), billed, through=date.min)
    return [line for line in left if set(line.takes_back) <= line_ids]


def _again(back: Line) -> Line:
    """The same coverage as a charge, to be taxed anew."""
    return replace(
        back, kind="charge", amount=-back.amount, discount_amount=-back.discount_amount, takes_back=(),
        rate_bp=None, tax_category=None,
    )  # fmt: skip


def _issue(made: Document, invoice: Invoice, customer: Customer, now: datetime) -> None:
    payer = copy(customer)
    payer.currency = invoice.currency  # of the invoice, which the customer may have left since (M10)
    assert invoice.subscription is not None, "what is priced is of a subscription"
    note = invoices.issue(
        made, now=now, customer=payer, subscription=invoice.subscription, space=invoice.space, kind="credit_note",
        credits=invoice,
    )  # fmt: skip
    booked = credits.book(note, made, customer, now=now)
    record(
        EventType.CREDIT_NOTE_ISSUED, now=now, actor=None, space=invoice.space, customer=customer,
        subscription=invoice.subscription, invoice=note,
        after={
            "number": note.number, "amount": -note.total_amount, "currency": note.currency,
            "invoice": invoice.number, "lowered": booked.lowered, "spendable": booked.became_balance,
            "refunded": booked.refunded, "cause": "vat_verified",
        },
    )  # fmt: skip
    invoices.mail_invoice(note, now=now)
    dunning.asks_no_more(invoice, now=now)
