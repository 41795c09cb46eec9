"""What is below the smallest amount that a gateway charges: it stays open and goes along with the next charge (G9).

A change that costs so little takes effect without a payment, and nobody is dunned for it. Before a try for another
invoice of the same customer is made, what waits is put on its payment; what is too small even then is put aside.
"""

import uuid

from django.db.models import Exists, OuterRef, Q

from zetel.actions import dues
from zetel.actions._change import transition
from zetel.models import Attempt, Customer, Invoice, Payment, PaymentMethod, PaymentShare
from zetel.rules import transitions
from zetel.rules.payments import collects_now

LISTED_MAX = 100


def minimum_of(method: PaymentMethod | None, currency: str) -> int:
    """The smallest charge with a method, in minor units; nothing where no method says so."""
    return int(method.minimum_amounts.get(currency, 0)) if method else 0


def waits(customer: Customer, amount: int, currency: str) -> bool:
    """Whether an amount is too small to be charged alone with the customer's active method."""
    method = PaymentMethod.objects.filter(customer=customer, status="active").first()
    return amount > 0 and not collects_now(amount, minimum_of(method, currency))


def collectable(invoices: list[Invoice], customer: Customer) -> list[Invoice]:
    """Of open invoices those to be asked for alone: neither the small ones nor what staff decide about (G8)."""
    if not invoices:
        return []
    rows = dues.with_account(Invoice.objects.filter(pk__in=[row.pk for row in invoices]))
    for_staff = Invoice.objects.filter(
        pk=OuterRef("pk"), taken_back__is_for_staff=True, taken_back__returned_at=None
    )
    method = PaymentMethod.objects.filter(customer=customer, status="active").first()
    may = {
        row.pk
        for row in rows.filter(~Exists(for_staff))
        if collects_now(dues.raw_due(dues.account_of(row)), minimum_of(method, row.currency))
    }
    return [row for row in invoices if row.pk in may]


def carry(attempt: Attempt) -> bool:
    """Put what waits on the payment of a new try; False when all of it is too small still and the try is given up.

    The attempt's row is locked.
    """
    payment = attempt.payment
    minimum = minimum_of(attempt.method, payment.currency)
    if payment.invoice_id is None or payment.change_id is not None or not minimum:
        return True
    waiting = _waiting(payment, minimum)
    along = sum(amount for _, amount in waiting)
    if payment.amount + along < minimum:
        transition(attempt, transitions.ATTEMPT, "cancelled", ask_at=None, reason="amount_below_minimum")
        transition(payment, transitions.PAYMENT, "cancelled")
        return False
    if waiting:
        PaymentShare.objects.bulk_create(
            PaymentShare(payment=payment, invoice_id=invoice_id, amount=amount)
            for invoice_id, amount in waiting
        )
        Payment.objects.filter(pk=payment.pk).update(amount=payment.amount + along)
        payment.amount += along
    return True


def _waiting(payment: Payment, minimum: int) -> list[tuple[uuid.UUID, int]]:
    """The customer's other open invoices that are too small alone and that no payment is under way for."""
    asked = Payment.objects.filter(invoice=OuterRef("pk"), status="wanted")
    carried = PaymentShare.objects.filter(invoice=OuterRef("pk"), payment__status="wanted")
    rows = Invoice.objects.filter(
        ~Exists(asked), ~Exists(carried), customer=payment.customer_id, kind="invoice", state="open",
        currency=payment.currency, total_amount__gt=0, manual=None,
    ).filter(~Q(pk=payment.invoice_id or payment.pk))  # fmt: skip
    found = list(rows.select_for_update(of=("self",)).order_by("id")[:LISTED_MAX])
    owed = dues.dues_of(found) if found else {}
    return [(pk, amount) for pk, amount in owed.items() if 0 < amount < minimum]
