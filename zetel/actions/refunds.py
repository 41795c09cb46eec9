"""What a gateway said of a refund, booked once: the money went back, or it is the customer's balance again (rule G6).

A refund that goes with a credit note and is refused becomes balance in the same transaction, so that it is never lost;
staff are told of every refusal. One of money that was never invoiced stays where staff see it.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from zetel.actions import mail
from zetel.actions._change import lock_customer, record, transition
from zetel.actions.credits import add_balance
from zetel.actions.payments import ASK_STEPS
from zetel.models import Refund, Space
from zetel.rules import transitions
from zetel.rules.event_types import EventType


def settle(refund: Refund, *, kind: str, refund_id: str, reason: str, now: datetime) -> None:
    """Book what the gateway said of a refund: done, refused (staff see it), or unknown (asked again)."""
    with transaction.atomic():
        customer = lock_customer(refund.attempt.payment.customer_id)
        if kind == "unknown":
            step = ASK_STEPS[min(refund.tries, len(ASK_STEPS) - 1)]
            transition(refund, transitions.REFUND, "unknown", ask_at=now + step)
            return
        if not transition(refund, transitions.REFUND, kind, refund_id=refund_id, ask_at=None):
            return
        payment, done = refund.attempt.payment, kind == "done"
        facts = {"amount": refund.amount, "currency": refund.currency, "why": refund.reason, "said": reason}
        if done and _given_back(refund) >= payment.amount:
            transition(payment, transitions.PAYMENT, "refunded")
        if not done:
            if refund.invoice and refund.credit_note_id:
                add_balance(customer, refund.amount, kind="refund_refused", invoice=refund.invoice, now=now)
                facts["became"] = "balance"
            _tell_staff(refund, reason, now)
        record(
            EventType.REFUND_DONE if done else EventType.REFUND_REFUSED, now=now, actor=None, customer=customer,
            space=_space_of(refund),
            subscription=refund.invoice.subscription if refund.invoice else None, after=facts,
        )  # fmt: skip


def _given_back(refund: Refund) -> int:
    done = Refund.objects.filter(attempt=refund.attempt_id, status="done")
    return int(done.aggregate(sum=Sum("amount"))["sum"] or 0)


def _space_of(refund: Refund) -> Space | None:
    change = refund.attempt.payment.change
    if refund.invoice:
        return refund.invoice.space
    return change.space if change else None


def _tell_staff(refund: Refund, reason: str, now: datetime) -> None:
    mail.queue(
        "staff_alert", once_key=f"staff_alert:refund_refused:{refund.pk}", now=now, language="en",
        to_email=settings.CONFIG.seller.support_email,
        params={
            "what": "refund_refused", "reference": refund.reference, "amount": refund.amount,
            "currency": refund.currency, "said_amount": None, "said_currency": None, "reason": reason,
        },
    )  # fmt: skip
