"""Booking what a gateway said, once per reference, whichever brings it first: the answer, a webhook or asking (G3).

Locks come in the order of the house: the space's root, the customer, then the try. A late or doubled outcome finds no
legal transition and changes nothing.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from zetel.actions import invoices, mail, payments, purchases
from zetel.actions._change import lock_customer, lock_space, record, transition
from zetel.models import Attempt, Change
from zetel.rules import transitions
from zetel.rules.event_types import EventType
from zetel.rules.money import Money
from zetel.rules.outcomes import Outcome


def record_outcome(reference: str, outcome: Outcome, *, now: datetime) -> Attempt | None:
    """Book an outcome by our reference; None for a reference that is not ours. Repeating it changes nothing."""
    with transaction.atomic():
        attempt = (
            Attempt.objects.select_related("payment__customer", "payment__change__space", "payment__invoice__space")
            .filter(reference=reference)
            .first()
        )
        if attempt is None:
            return None
        place = attempt.payment.change or attempt.payment.invoice
        assert place is not None, "a payment is for a change or for an invoice"
        if place.space:
            lock_space(place.space)
        lock_customer(attempt.payment.customer_id)
        attempt = Attempt.objects.select_for_update(of=("self",)).select_related("payment").get(pk=attempt.pk)
        _book(attempt, outcome, now)
        return attempt


def _book(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    wanted = Money(attempt.payment.amount, attempt.payment.currency)
    if outcome.kind == "paid" and outcome.amount != wanted:
        _park(attempt, outcome, now)
    elif outcome.kind == "paid":
        _paid(attempt, outcome, now)
    elif outcome.kind == "declined":
        _declined(attempt, outcome, now)
    elif outcome.kind == "action":
        _needs_action(attempt, outcome, now)
    elif outcome.kind == "processing":
        transition(attempt, transitions.ATTEMPT, "processing", charge_id=outcome.charge_id)
    else:
        transition(attempt, transitions.ATTEMPT, "unknown", ask_at=now + payments.ASK_STEPS[0])


def _paid(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    if attempt.status in ("declined", "cancelled"):
        _tell_staff(attempt, "paid_after_refusal", now)
        return
    if not transition(
        attempt, transitions.ATTEMPT, "paid", charge_id=outcome.charge_id, settled_at=now, ask_at=None
    ):
        return
    payment = attempt.payment
    if payment.change_id:
        change = Change.objects.select_related("space", "quote__space", "quote__person", "person").get(
            pk=payment.change_id
        )
        purchases.complete(change, now=now, paid_by=attempt)
    elif payment.invoice:
        transition(payment, transitions.PAYMENT, "paid", paid_at=now)
        invoices.mark_paid(payment.invoice)
        record(
            EventType.INVOICE_PAID, now=now, actor=None, space=payment.invoice.space, customer=payment.customer,
            subscription=payment.invoice.subscription, invoice=payment.invoice,
            after={"number": payment.invoice.number, "amount": payment.amount, "currency": payment.currency},
        )  # fmt: skip


def _declined(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    """Final for this try: nothing else changed, no number was used (rule C5)."""
    status = "cancelled" if outcome.reason == "cancelled" else "declined"
    if not transition(
        attempt, transitions.ATTEMPT, status, reason=outcome.reason[:64], is_hard=outcome.hard, settled_at=now,
        charge_id=outcome.charge_id, ask_at=None,
    ):  # fmt: skip
        return
    payment = attempt.payment
    transition(payment, transitions.PAYMENT, "cancelled" if status == "cancelled" else "refused")
    change = payment.change
    if change and transition(change, transitions.CHANGE, "declined", reason=outcome.reason[:64]):
        record(
            EventType.CHANGE_DECLINED, now=now, actor=change.person, space=change.space, customer=payment.customer,
            after={"reason": outcome.reason, "amount": payment.amount, "currency": payment.currency},
        )  # fmt: skip
    elif payment.invoice:
        record(
            EventType.PAYMENT_DECLINED, now=now, actor=None, space=payment.invoice.space, customer=payment.customer,
            subscription=payment.invoice.subscription, invoice=payment.invoice, after={"reason": outcome.reason},
        )  # fmt: skip


def _needs_action(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    moved = transition(
        attempt, transitions.ATTEMPT, "action", charge_id=outcome.charge_id, action_url=outcome.action_url
    )
    change = attempt.payment.change
    if moved and change and transition(change, transitions.CHANGE, "action"):
        record(
            EventType.CHANGE_ACTION_NEEDED, now=now, actor=change.person, space=change.space,
            customer=attempt.payment.customer, after={"expires_at": change.expires_at.isoformat()},
        )  # fmt: skip


def _park(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    """Another amount or currency is not a payment: nothing is sold for it, and staff are told (rule G3)."""
    if not transition(
        attempt, transitions.ATTEMPT, "parked", charge_id=outcome.charge_id, reason="amount_mismatch", ask_at=None
    ):
        return
    payment = attempt.payment
    transition(payment, transitions.PAYMENT, "parked")
    change = payment.change
    if change:
        transition(change, transitions.CHANGE, "declined", reason="amount_mismatch")
    _tell_staff(attempt, "amount_mismatch", now, said=outcome.amount)


def _tell_staff(attempt: Attempt, what: str, now: datetime, said: Money | None = None) -> None:
    payment = attempt.payment
    facts = {
        "what": what, "reference": attempt.reference, "amount": payment.amount, "currency": payment.currency,
        "said_amount": said.amount if said else None, "said_currency": said.currency if said else None,
    }  # fmt: skip
    space = payment.change.space if payment.change else None
    record(
        EventType.PAYMENT_PARKED, now=now, actor=None, space=space, customer=payment.customer,
        invoice=payment.invoice, after=facts,
    )  # fmt: skip
    mail.queue(
        "staff_alert", once_key=f"staff_alert:{what}:{attempt.pk}", now=now,
        to_email=settings.CONFIG.seller.support_email, language="en", params=facts,
    )  # fmt: skip


def expire(change: Change, *, now: datetime) -> bool:
    """A change whose time is over, after the gateway was asked: gone without a trace on the subscription (C5)."""
    with transaction.atomic():
        lock_space(change.space)
        change.refresh_from_db()
        if change.expires_at > now or not transition(change, transitions.CHANGE, "expired", reason="expired"):
            return False
        record(EventType.CHANGE_EXPIRED, now=now, actor=None, space=change.space)
    return True
