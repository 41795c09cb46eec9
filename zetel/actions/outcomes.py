"""Booking what a gateway said, once per reference, whichever brings it first: the answer, a webhook or asking (G3).

Locks come in the order of the house: the space's root, the customer, then the try. A late or doubled outcome finds no
legal transition and changes nothing.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from zetel.actions import _behalf, changes, credits, dunning, growth, invoices, mail, payments
from zetel.actions._change import lock_customer, lock_space, record, transition
from zetel.models import Attempt, Change, Event, Invoice, Payment
from zetel.rules import transitions
from zetel.rules.event_types import EventType
from zetel.rules.money import Money
from zetel.rules.outcomes import Outcome
from zetel.rules.payments import Decision, Effect, decide
from zetel.rules.transitions import AttemptStatus


def record_outcome(reference: str, outcome: Outcome, *, now: datetime) -> Attempt | None:
    """Book an outcome by our reference; None for a reference that is not ours. Repeating it changes nothing."""
    with _behalf.carried_out(), transaction.atomic():
        attempt = (
            Attempt.objects.select_related(
                "payment__customer", "payment__change__space", "payment__invoice__space"
            )
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
    """Do what `rules.payments` decides; an outcome that was booked before changes nothing."""
    payment = attempt.payment
    wanted = Money(payment.amount, payment.currency)
    decision = decide(AttemptStatus(attempt.status), outcome, wanted)
    if decision.effect is Effect.IGNORE:
        return
    if decision.effect is Effect.PARK:
        _park(attempt, decision, outcome, now)
        return
    said = _facts(outcome, now)
    if decision.effect is Effect.REFUSE and outcome.reason == "cancelled":
        decision = Decision(AttemptStatus.CANCELLED, Effect.REFUSE)
    if not transition(attempt, transitions.ATTEMPT, decision.status, **said):
        return
    if decision.effect is Effect.BOOK:
        _paid(attempt, now)
    elif decision.effect is Effect.REFUSE:
        _refused(attempt, outcome, now)
    elif decision.effect is Effect.ASK_PERSON:
        _needs_action(attempt, now)


def _facts(outcome: Outcome, now: datetime) -> dict[str, Any]:
    """What an attempt keeps of an outcome; a settled one is asked about no more, an unknown one soon."""
    facts: dict[str, Any] = {"reason": outcome.reason[:64], "is_hard": outcome.hard}
    if outcome.charge_id:
        facts["charge_id"] = outcome.charge_id
    if outcome.kind == "action":
        facts["action_url"] = outcome.action_url
    if outcome.kind in ("paid", "declined"):
        facts |= {"settled_at": now, "ask_at": None}
    if outcome.kind == "unknown":
        facts["ask_at"] = now + payments.ASK_STEPS[0]
    return facts


def _paid(attempt: Attempt, now: datetime) -> None:
    payment = attempt.payment
    if payment.change_id:
        change = Change.objects.select_related("space", "quote__space", "quote__person", "person").get(
            pk=payment.change_id
        )
        changes.complete(change, now=now, paid_by=attempt)
    elif payment.invoice:
        _invoice_paid(attempt, payment.invoice, now)


def _invoice_paid(attempt: Attempt, invoice: Invoice, now: datetime) -> None:
    """The money for an open invoice; for one that was taken back meanwhile it goes back at once (C5, G4)."""
    payment = attempt.payment
    along = list(payment.shares.select_related("invoice__space", "invoice__subscription"))
    alone = payment.amount - sum(share.amount for share in along)
    facts = {"number": invoice.number, "amount": alone, "currency": payment.currency}
    if not invoices.mark_paid(invoice):
        transition(payment, transitions.PAYMENT, "paid", paid_at=now, invoice=None)
        payments.want_refund(attempt, amount=alone, reason="invoice_not_open", now=now)
        record(
            EventType.REFUND_WANTED, now=now, actor=None, space=invoice.space, customer=payment.customer,
            subscription=invoice.subscription, invoice=invoice, after=facts,
        )  # fmt: skip
    else:
        transition(payment, transitions.PAYMENT, "paid", paid_at=now)
        _settled(invoice, payment, alone, now)
    for share in along:
        _settled(share.invoice, payment, share.amount, now)


def _settled(invoice: Invoice, payment: Payment, amount: int, now: datetime) -> None:
    """An invoice got its part of a payment; what is too much becomes balance (I7)."""
    credits.give_surplus(invoice, now=now)
    record(
        EventType.INVOICE_PAID, now=now, actor=None, space=invoice.space, customer=payment.customer,
        subscription=invoice.subscription, invoice=invoice,
        after={"number": invoice.number, "amount": amount, "currency": payment.currency},
    )  # fmt: skip
    dunning.paid(invoice, now=now)


def _refused(attempt: Attempt, outcome: Outcome, now: datetime) -> None:
    """Final for this try: nothing else changed, no number was used (rule C5)."""
    payment = attempt.payment
    transition(payment, transitions.PAYMENT, "cancelled" if attempt.status == "cancelled" else "refused")
    change = payment.change
    facts = {"reason": outcome.reason, "amount": payment.amount, "currency": payment.currency}
    if change and transition(change, transitions.CHANGE, "declined", reason=outcome.reason[:64]):
        record(
            EventType.CHANGE_DECLINED, now=now, actor=change.person, space=change.space, customer=payment.customer,
            subscription=change.subscription, after=facts,
        )  # fmt: skip
        growth.declined(change, reason=outcome.reason, hard=outcome.hard, now=now)
    elif payment.invoice:
        if attempt.status != "cancelled":
            record(
                EventType.PAYMENT_DECLINED, now=now, actor=None, space=payment.invoice.space,
                customer=payment.customer, subscription=payment.invoice.subscription, invoice=payment.invoice,
                after=facts,
            )  # fmt: skip
        dunning.failed(attempt, why=outcome.reason, now=now)


def _needs_action(attempt: Attempt, now: datetime) -> None:
    change = attempt.payment.change
    if change and transition(change, transitions.CHANGE, "action"):
        record(
            EventType.CHANGE_ACTION_NEEDED, now=now, actor=change.person, space=change.space,
            customer=attempt.payment.customer, subscription=change.subscription,
            after={"expires_at": change.expires_at.isoformat()},
        )  # fmt: skip
        growth.needs_approval(change, now=now)
        _tell_absent(change, now)
    elif attempt.payment.invoice:
        dunning.failed(attempt, why="approval_needed", now=now)


def _tell_absent(change: Change, now: datetime) -> None:
    """Of what staff confirmed for an owner the bank asks the owner, who is not at the screen (R9, C5)."""
    begun = Event.objects.filter(
        kind=EventType.CHANGE_STARTED, space=change.space, at=change.created_at, on_behalf_of=change.person
    )
    if begun.exists():
        quote = change.quote
        mail.queue(
            "approval_needed", once_key=f"approval_needed:{change.pk}", now=now, to_person=change.person,
            space=change.space,
            params={
                "space": change.space.name, "amount": quote.due_amount, "currency": quote.currency,
                "path": f"/upgrade/changes/{change.public_id}/",
            },
        )  # fmt: skip


def _park(attempt: Attempt, decision: Decision, outcome: Outcome, now: datetime) -> None:
    """Money that is no payment of ours: another amount, or after a refusal. Nothing is sold for it; staff are told."""
    if decision.status is not AttemptStatus.PARKED:
        _tell_staff(attempt, "paid_after_refusal", now, said=outcome.amount)
        return
    transition(
        attempt, transitions.ATTEMPT, "parked", **{**_facts(outcome, now), "reason": "amount_mismatch"}
    )
    transition(attempt.payment, transitions.PAYMENT, "parked")
    change = attempt.payment.change
    if change:
        transition(change, transitions.CHANGE, "declined", reason="amount_mismatch")
        growth.declined(change, reason="amount_mismatch", hard=True, now=now)
    _tell_staff(attempt, "amount_mismatch", now, said=outcome.amount)
    dunning.failed(attempt, why="", now=now)


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
        record(
            EventType.CHANGE_EXPIRED,
            now=now,
            actor=None,
            space=change.space,
            subscription=change.subscription,
        )
        growth.declined(change, reason="expired", hard=False, now=now)
    return True
