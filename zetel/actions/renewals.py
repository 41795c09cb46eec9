"""Renewal: the next period of a subscription is billed when its boundary is there (rules C7, C9, C12, G4).

One period a call, oldest first, in one transaction: terms that grow with the people, lines that are due minus billed,
the invoice, and the money wanted for it. Running it again at the same instant changes nothing.
"""

import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import invoices, mail, payments, standing, subscriptions
from zetel.actions._change import lock_customer, lock_space, record
from zetel.models import Customer, Invoice, PaymentMethod, Subscription
from zetel.rules.billing import due_minus_billed
from zetel.rules.event_types import EventType
from zetel.rules.invoices import balance_use
from zetel.rules.periods import first_instant
from zetel.rules.quotes import document
from zetel.rules.subscriptions import renewal_terms


def due_subscriptions(now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Active subscriptions whose next period begins at or before `now`, longest due first."""
    due = Subscription.objects.filter(status="active", parked_reason="", next_bill_at__lte=now)
    return list(due.order_by("next_bill_at", "id").values_list("pk", flat=True)[:limit])


def renew(subscription_id: uuid.UUID, *, now: datetime) -> Invoice | None:
    """Bill one period of a subscription if it is due; None when it is not (any more)."""
    with transaction.atomic():
        subscription = Subscription.objects.select_related("space").get(pk=subscription_id)
        space = lock_space(subscription.space)
        customer = lock_customer(subscription.customer_id)
        subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
        if subscription.status != "active" or subscription.next_bill_at is None or subscription.next_bill_at > now:
            return None
        terms = standing.terms_of([subscription_id])[subscription_id]
        billed = standing.billed_of([subscription_id])[subscription_id]
        renews_on = max(line.period_end for line in billed)
        grown = renewal_terms(terms, on=renews_on, counted=standing.counted_people(space))
        if grown:
            subscriptions.append_terms(subscription, grown, now=now)
            terms = (*terms, grown)
        lines = due_minus_billed(terms, billed, through=renews_on)
        asked = document(lines, standing.treatment_of(space, customer, renews_on))
        used = balance_use(asked.total, standing.balance_of(customer, customer.currency))
        invoice = invoices.issue(
            asked, now=now, customer=customer, subscription=subscription, space=space, renews_on=renews_on,
            balance_used=used,
        )  # fmt: skip
        subscriptions.use_balance(customer, used, invoice=invoice, now=now)
        period_end = max(line.period_end for line in lines)
        Subscription.objects.filter(pk=subscription_id).update(
            next_bill_at=first_instant(period_end, ZoneInfo(customer.time_zone)), version=subscription.version + 1
        )
        record(
            EventType.SUBSCRIPTION_RENEWED, now=now, actor=None, space=space, customer=customer,
            subscription=subscription, invoice=invoice,
            after={
                "invoice": invoice.number, "amount": invoice.total_amount, "currency": invoice.currency,
                "period_start": renews_on.isoformat(), "period_end": period_end.isoformat(), "space": space.name,
                "seats": grown.seats if grown else terms[-1].seats,
            },
        )  # fmt: skip
        if grown and customer.billing_owner:
            mail.queue(
                "seats_resized", once_key=f"seats_resized:{subscription_id}:{renews_on}", now=now, space=space,
                to_person=customer.billing_owner, params={"space": space.name, "seats": grown.seats},
            )  # fmt: skip
        _collect(invoice, customer, invoice.total_amount - used, now)
        invoices.mail_invoice(invoice, now=now)
        return invoice


def _collect(invoice: Invoice, customer: Customer, amount: int, now: datetime) -> None:
    """Ask for the money with the active method; without one the invoice stays open."""
    if amount == 0:
        invoices.mark_paid(invoice)
        return
    method = PaymentMethod.objects.filter(customer=customer, status="active").first()
    if method:
        payments.want(
            customer, amount=amount, currency=invoice.currency, method=method, now=now, invoice=invoice,
            language=customer.language, return_path="/billing",
        )  # fmt: skip


def park(subscription_id: uuid.UUID, reason: str) -> None:
    """Set one aside that cannot be billed, with its reason; the others go on (rule X16)."""
    Subscription.objects.filter(pk=subscription_id).update(parked_reason=reason[:255] or "unknown")
