"""Paying an open invoice by hand: one more try with the method that is active now (rules G3, G4).

Two clicks, two tabs and the tries that go by themselves meet under the lock of the customer: as long as the outcome of
one try is open there is no second one, so an invoice is never paid twice.
"""

from datetime import datetime

from django.db import transaction

from zetel.actions import dues, dunning, small_amounts
from zetel.actions._change import lock_customer, lock_space, record
from zetel.models import Attempt, Invoice, ManualInvoice, Person
from zetel.models.payments import UNSETTLED
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType


def open_attempt(invoice: Invoice) -> Attempt | None:
    """The try whose outcome is not known yet; there is one at most."""
    return Attempt.objects.filter(payment__invoice=invoice, status__in=UNSETTLED).first()


def pay(invoice: Invoice, *, actor: Person, now: datetime, language: str, return_path: str) -> Attempt:
    """Try to collect an open invoice now; the try that is under way when there is one already.

    `return_path` is where the payer comes back to from the bank. Raises forbidden for anybody but the billing owner
    of who pays it, nothing_due, method_required, manual_invoice_only.
    """
    with transaction.atomic():
        if invoice.space:
            lock_space(invoice.space)
        customer = lock_customer(invoice.customer_id)
        if customer.billing_owner_id != actor.pk:
            raise ZetelError("forbidden")
        invoice = Invoice.objects.select_for_update(of=("self",)).select_related("space").get(pk=invoice.pk)
        if dues.due_of(invoice) <= 0:
            raise ZetelError("nothing_due")
        if ManualInvoice.objects.filter(invoice=invoice).exists():
            raise ZetelError("manual_invoice_only")
        if small_amounts.waits(customer, dues.due_of(invoice), invoice.currency):
            raise ZetelError("amount_below_minimum")
        if under_way := open_attempt(invoice):
            return under_way
        attempt = dunning.pay_now(invoice, now=now, language=language, return_path=return_path)
        record(
            EventType.PAYMENT_WANTED, now=now, actor=actor, space=invoice.space, customer=customer,
            subscription=invoice.subscription, invoice=invoice,
            after={
                "number": invoice.number, "amount": attempt.payment.amount, "currency": invoice.currency,
                "label": attempt.method.label,
            },
        )  # fmt: skip
        return attempt
