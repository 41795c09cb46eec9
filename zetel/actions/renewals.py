"""A boundary is renewed or ended (rules C2, C7, C9, C12, G4, X4).

One period a call, oldest first, in one transaction: terms that grow with the people, lines that are due minus billed,
the invoice, and the money wanted for it; or the end that was asked for. Running it again at the same instant changes
nothing.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import dunning, invoices, mail, overages, payments, standing, subscriptions
from zetel.actions._change import lock_customer, lock_space, record
from zetel.models import Customer, Invoice, PaymentMethod, Space, Subscription
from zetel.rules.billing import Billed, Terms, due_minus_billed, next_boundary, terms_at
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.invoices import balance_use
from zetel.rules.periods import local_date
from zetel.rules.quotes import document
from zetel.rules.subscriptions import renewal_terms

MISSED_MAX = 12  # periods that are billed one by one after an outage (rule C9)


def due_subscriptions(now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Active subscriptions whose next period begins at or before `now`, longest due first."""
    due = Subscription.objects.filter(status="active", parked_reason="", next_bill_at__lte=now)
    return list(due.order_by("next_bill_at", "id").values_list("pk", flat=True)[:limit])


def settle(subscription_id: uuid.UUID, *, now: datetime) -> None:
    """Bill every boundary that went by, so that a change never reaches back before it (rule C12).

    Raises `period_unsettled` for one that staff have to look at first.
    """
    while due := Subscription.objects.filter(
        pk=subscription_id, status="active", next_bill_at__lte=now
    ).first():
        if due.parked_reason:
            raise ZetelError("period_unsettled")
        renew(subscription_id, now=now)


def renew(subscription_id: uuid.UUID, *, now: datetime) -> Invoice | None:
    """Bill one period of a subscription if it is due, or end it there; None when nothing was billed.

    Raises `period_unsettled` when more than twelve periods were missed: staff decide about those (C9).
    """
    with transaction.atomic():
        subscription = Subscription.objects.select_related("space").get(pk=subscription_id)
        space = lock_space(subscription.space)
        customer = lock_customer(subscription.customer_id)
        subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
        if (
            subscription.status != "active"
            or subscription.next_bill_at is None
            or subscription.next_bill_at > now
        ):
            return None
        due = _due(subscription)
        if subscription.ends_on is not None and subscription.ends_on <= due.on:
            subscriptions.end(subscription, customer, on=due.on, reason="cancelled", now=now, actor=None)
            return None
        _check_missed(due, subscription, customer, now)
        return _bill(due, subscription, customer, space, now)


@dataclass(frozen=True)
class _Due:
    """The boundary that is there, and what it is billed from."""

    on: date
    terms: tuple[Terms, ...]
    billed: tuple[Billed, ...]


def _due(subscription: Subscription) -> _Due:
    billed = standing.billed_of([subscription.pk])[subscription.pk]
    return _Due(standing.paid_until(billed), standing.terms_of([subscription.pk])[subscription.pk], billed)


def _check_missed(due: _Due, subscription: Subscription, customer: Customer, now: datetime) -> None:
    """Rule C9: an outage is caught up with; what looks like more than that is for staff."""
    today, missed, boundary = local_date(now, ZoneInfo(customer.time_zone)), 0, due.on
    while boundary <= today:
        missed += 1
        if missed > MISSED_MAX:
            raise ZetelError("period_unsettled", since=due.on.isoformat())
        following = next_boundary(due.terms, boundary, subscription.ends_on)
        if following is None:
            return
        boundary = following


def _bill(due: _Due, subscription: Subscription, customer: Customer, space: Space, now: datetime) -> Invoice:
    """Bill the period that begins, for the people then counted (C7)."""
    terms = due.terms
    grown = renewal_terms(terms, on=due.on, counted=standing.counted_people(space))
    if grown:
        subscriptions.append_terms(subscription, grown, now=now)
        terms = (*terms, grown)
    row = terms_at(terms, due.on)
    assert row is not None, "a boundary has terms"
    lines = due_minus_billed(terms, due.billed, through=due.on, ends_on=subscription.ends_on)
    asked = document(lines, standing.treatment_of(space, customer, due.on))
    used = balance_use(asked.total, standing.balance_of(customer, customer.currency))
    invoice = invoices.issue(
        asked, now=now, customer=customer, subscription=subscription, space=space, renews_on=due.on,
        balance_used=used,
    )  # fmt: skip
    subscriptions.use_balance(customer, used, invoice=invoice, now=now)
    period_end = row.period_at(due.on).end
    Subscription.objects.filter(pk=subscription.pk).update(
        version=subscription.version + 1, **subscriptions.bill_next(customer, period_end)
    )
    record(
        EventType.SUBSCRIPTION_RENEWED, now=now, actor=None, space=space, customer=customer,
        subscription=subscription, invoice=invoice,
        after={
            "invoice": invoice.number, "amount": invoice.total_amount, "currency": invoice.currency,
            "period_start": due.on.isoformat(), "period_end": period_end.isoformat(), "space": space.name,
            "plan": row.plan, "cycle": str(row.cycle), "seats": row.seats,
        },
    )  # fmt: skip
    if grown and customer.billing_owner:
        mail.queue(
            "seats_resized", once_key=f"seats_resized:{subscription.pk}:{due.on}", now=now, space=space,
            owner_of=subscription, to_person=customer.billing_owner, params={"space": space.name, "seats": grown.seats},
        )  # fmt: skip
    overages.recount(space, now=now)
    _collect(invoice, customer, invoice.total_amount - used, now)
    invoices.mail_invoice(invoice, now=now)
    return invoice


def _collect(invoice: Invoice, customer: Customer, amount: int, now: datetime) -> None:
    """Ask for the money with the active method; without one it is past due from the first day (G4)."""
    if amount == 0:
        invoices.mark_paid(invoice)
        return
    method = PaymentMethod.objects.filter(customer=customer, status="active").first()
    if method is None:
        dunning.lacks_method(invoice, now=now)
        return
    payments.want(
        customer, amount=amount, currency=invoice.currency, method=method, now=now, invoice=invoice,
        language=customer.language, return_path="/billing",
    )  # fmt: skip


def park(subscription_id: uuid.UUID, reason: str) -> None:
    """Set one aside that cannot be billed, with its reason; the others go on (rule X16)."""
    Subscription.objects.filter(pk=subscription_id).update(parked_reason=reason[:255] or "unknown")
