"""Starting and ending subscriptions, their terms, and the balance entries that go with it (P7 to P9, R4, I6)."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from zetel.actions import credits, invoices, mail, overages, payments, trials_mail
from zetel.actions._change import Row, record, transition
from zetel.models import (
    Customer,
    Invoice,
    Membership,
    Person,
    Space,
    Subscription,
    SubscriptionTerms,
)
from zetel.models.ids import new_id
from zetel.models.spaces import ORGANIZATION
from zetel.rules import transitions
from zetel.rules.billing import Terms
from zetel.rules.event_types import EventType
from zetel.rules.periods import first_instant
from zetel.rules.quotes import Ending


def start(
    space: Space,
    customer: Customer,
    terms: Terms,
    *,
    now: datetime,
    status: str,
    period_end: date,
    on_exceed: str,
    payment_term_days: int | None = None,
    purchase_order: str = "",
) -> Subscription:
    """A new subscription with its first terms; billed next when its period ends in the customer's zone (M3).

    With a payment term it is paid by manual invoice (G5).
    """
    subscription = Subscription.objects.create(
        space=space, customer=customer, status=status, started_on=terms.starts_on, on_exceed=on_exceed,
        created_at=now, payment_term_days=payment_term_days, purchase_order=purchase_order,
        **bill_next(customer, period_end),
    )  # fmt: skip
    append_terms(subscription, terms, now=now)
    return subscription


def bill_next(customer: Customer, period_end: date) -> dict[str, Any]:
    """The fields of a period that begins now: it is counted in the zone the customer has now, to its end (M3)."""
    zone = ZoneInfo(customer.time_zone)
    return {"next_bill_at": first_instant(period_end, zone), "time_zone": customer.time_zone}


def append_terms(subscription: Subscription, terms: Terms, *, now: datetime) -> SubscriptionTerms:
    """Terms are only ever added; the row made last counts from its day on."""
    return SubscriptionTerms.objects.create(**terms_row(subscription.pk, terms, now=now))


def terms_row(subscription_id: uuid.UUID, terms: Terms, *, now: datetime) -> Row:
    """The columns of terms, to be written alone or with a batch."""
    return {
        "id": new_id(), "subscription_id": subscription_id, "starts_on": terms.starts_on, "plan": terms.plan,
        "cycle": terms.cycle, "seats": terms.seats, "unit_amount": terms.unit_amount, "currency": terms.currency,
        "anchor_on": terms.anchor_on, "created_at": now,
    }  # fmt: skip


def end(
    subscription: Subscription,
    customer: Customer,
    *,
    on: date,
    reason: str,
    now: datetime,
    actor: Person | None,
    words: str = "",
) -> None:
    """End a subscription on a day, with nothing billed or taken back; its last owner keeps the invoices (R7).

    `reason` is a code, `words` is what the person typed.
    """
    ended = transition(
        subscription, transitions.SUBSCRIPTION, "ended", ended_on=on, end_reason=reason, next_bill_at=None,
        trial_due_at=None, last_owner=_last_owner(subscription, customer), version=subscription.version + 1,
    )  # fmt: skip
    if ended:
        record(
            EventType.SUBSCRIPTION_ENDED, now=now, actor=actor, space=subscription.space, customer=customer,
            subscription=subscription, reason=words,
            after={"ended_on": on.isoformat(), "reason": reason, "space": subscription.space.name},
        )  # fmt: skip
        overages.close_ended(subscription, now=now)


def _last_owner(subscription: Subscription, customer: Customer) -> Person | None:
    """Who keeps its invoices (R7): its owner, or where nobody was left to own it whoever did last (R6)."""
    return customer.billing_owner or subscription.last_owner


def end_covered(
    subscription: Subscription, ending: Ending, *, now: datetime, actor: Person | None, by: Space
) -> None:
    """End a subscription that a larger one covers: credit note, and what of it can be spent as balance (P9)."""
    customer, was_trial = subscription.customer, subscription.status == "trial"
    note: Invoice | None = None
    payments.drop_unmade(subscription.invoices.filter(kind="invoice", state="open"))
    if ending.credit.lines:
        first_line = ending.credit.lines[0].takes_back[0]
        credited = Invoice.objects.filter(lines__pk=first_line).first()
        note = invoices.issue(
            ending.credit, now=now, customer=customer, subscription=subscription, space=subscription.space,
            kind="credit_note", credits=credited,
        )  # fmt: skip
        booked = credits.book(note, ending.credit, customer, now=now)
        assert booked.became_balance == ending.spendable, "what was quoted is what becomes balance"
        invoices.mail_invoice(note, now=now)
    transition(
        subscription, transitions.SUBSCRIPTION, "ended", ended_on=ending.on, end_reason="covered",
        next_bill_at=None, trial_due_at=None, last_owner=_last_owner(subscription, customer),
        version=subscription.version + 1,
    )  # fmt: skip
    record(
        EventType.SUBSCRIPTION_REPLACED, now=now, actor=actor, space=subscription.space, customer=customer,
        subscription=subscription, invoice=note,
        after={
            "by": by.name, "credit_note": note.number if note else "", "spendable": ending.spendable,
            "reason": "trial" if was_trial else "",
        },
    )  # fmt: skip
    if was_trial:
        trials_mail.ended(
            subscription.space,
            customer,
            subscription,
            on=ending.on,
            reason="trial_covered",
            now=now,
            by=by.name,
        )
    else:
        _tell_covered(subscription, customer, note, ending, now=now, actor=actor, by=by)
    overages.close_ended(subscription, now=now)


def _tell_covered(
    subscription: Subscription,
    customer: Customer,
    note: Invoice | None,
    ending: Ending,
    *,
    now: datetime,
    actor: Person | None,
    by: Space,
) -> None:
    """Its owner hears why it ended and what becomes of the money; who bought what covers it has just read it."""
    owner = customer.billing_owner
    if owner is None or (actor is not None and owner.pk == actor.pk):
        return
    mail.queue(
        "plan_covered", once_key=f"plan_covered:{subscription.pk}", now=now, to_person=owner, space=subscription.space,
        params={
            "space": subscription.space.name, "by": by.name, "ended_on": ending.on.isoformat(),
            "number": note.number if note else "", "amount": -note.total_amount if note else None,
            "spendable": ending.spendable, "currency": note.currency if note else "",
        },
    )  # fmt: skip


def balance_row(
    customer: Customer, amount: int, *, kind: str, invoice_id: uuid.UUID, now: datetime, currency: str = ""
) -> Row:
    """The columns of one entry, in the customer's currency unless told, to be written alone or with a batch."""
    return {
        "id": new_id(), "customer_id": customer.id, "currency": currency or customer.currency, "amount": amount,
        "kind": kind, "invoice_id": invoice_id, "created_at": now,
    }  # fmt: skip


def use_balance(customer: Customer, amount: int, *, invoice: Invoice, now: datetime) -> None:
    """Take from the balance what pays (part of) an invoice, before any gateway is asked (rule I6)."""
    credits.add_balance(customer, -amount, kind="used", invoice=invoice, now=now)


def make_admin(
    space: Space, owner: Person, *, key: str, now: datetime, actor: Person | None, facts: Mapping[str, object]
) -> None:
    """With an organization's billing come its admin rights; existing admins are told (rule R4)."""
    admins = Membership.objects.active().filter(space=space, is_admin=True).exclude(person=owner)
    for membership in admins.select_related("person")[:100]:
        mail.queue(
            "admin_told", once_key=f"admin_told:{key}:{membership.person_id}", now=now,
            to_person=membership.person, space=space, params=facts,
        )  # fmt: skip
    if Membership.objects.active().filter(space=space, person=owner, is_admin=False).update(is_admin=True):
        record(EventType.ADMIN_NAMED, now=now, actor=actor, space=space, after={"person": owner.label})


def gives_admin(subscription: Subscription, space: Space) -> bool:
    """Whether billing makes admin here: of an organization, and after a trial not before something was paid (R4)."""
    if space.kind != ORGANIZATION:
        return False
    paid = Invoice.objects.filter(subscription=subscription, kind="invoice", state="paid")
    return subscription.trial_ends_on is None or paid.exists()


def admin_after_trial(subscription: Subscription, space: Space, customer: Customer, *, now: datetime) -> None:
    """With the first confirmed payment after a trial the billing owner of an organization becomes its admin (R4)."""
    owner = customer.billing_owner
    if subscription.trial_ends_on is not None and owner is not None and gives_admin(subscription, space):
        facts = {"owner": owner.label, "space": space.name}
        make_admin(space, owner, key=str(subscription.pk), now=now, actor=None, facts=facts)
