"""A confirmed quote: it waits for its money, and with the payment it becomes real, or the money goes back (C5, C6, G7).

The same way for a purchase and for a change of a subscription; what each of them checks and does is in `purchases`
and `subscription_changes`. Everything is decided again under the lock of the organization or workspace.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from zetel.actions import mail, payments, purchases, quotes, sales, small_amounts, subscription_changes
from zetel.actions._change import lock_customer, lock_space, record, transition
from zetel.models import Attempt, Change, Customer, Person, Quote, Space, Subscription
from zetel.models.subscriptions import WAITING
from zetel.rules import transitions
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.payments import approval_until


def confirm(*, quote_id: uuid.UUID, person: Person, now: datetime, return_path: str, language: str) -> Change:
    """Confirm a binding quote. The same quote again gives the same change: a double click buys once.

    What sales confirm is paid by manual invoice: it is done at once, and its invoice stays open (G5).
    `return_path` may hold `{change}`, where the browser comes back after the bank's approval. What has nothing due
    is done at once. Raises quote_expired, quote_stale, tick_required, change_pending, method_required, method_too_slow,
    seats_in_use; for a purchase already_subscribed, already_covered, not_member, offer_expired, offer_withdrawn,
    offer_used; for a change forbidden, past_due, no_subscription.
    """
    with transaction.atomic():
        quote = Quote.objects.select_related("space").filter(pk=quote_id, person=person).first()
        if quote is None:
            raise ZetelError("not_found")
        space = lock_space(quote.space)
        done_before = Change.objects.filter(quote=quote).first()
        if done_before:
            return done_before
        customer = lock_customer(quote.customer_id)
        if now >= quote.expires_at:
            raise ZetelError("quote_expired")
        if quotes.asks_for_tick(quote):
            raise ZetelError("tick_required")
        quotes.check_nothing_waits(space)
        change = Change.objects.create(
            space=space, quote=quote, person=person, subscription=quote.subscription, created_at=now,
            expires_at=approval_until(now, _check(quote, space, customer, now)),
        )  # fmt: skip
        record(
            EventType.CHANGE_STARTED, now=now, actor=person, space=space, subscription=quote.subscription,
            after=_facts(quote),
        )  # fmt: skip
        if (
            sales.took(quote)
            or quote.due_amount == 0
            or small_amounts.waits(customer, quote.due_amount, quote.currency)
        ):
            complete(change, now=now, paid_by=None)
            return change
        payments.want(
            customer, amount=quote.due_amount, currency=quote.currency, change=change,
            method=payments.quick_method(customer), now=now, language=language,
            return_path=return_path.format(change=change.public_id),
        )  # fmt: skip
        return change


def complete(change: Change, *, now: datetime, paid_by: Attempt | None) -> Subscription | None:
    """Make a paid change real, in one transaction with one event. Locks on space and customer are held.

    None when that is no longer possible: nothing of it stays, the money is refunded at once and the change says why.
    """
    lock_customer(change.quote.customer_id)
    if change.status not in WAITING:
        _give_back(change, paid_by, reason=change.status, now=now)
        return None
    try:
        with transaction.atomic():
            if change.quote.subscription_id:
                return subscription_changes.make(change, now=now, paid_by=paid_by)
            return purchases.make(change, now=now, paid_by=paid_by)
    except ZetelError as obstacle:
        _give_back(change, paid_by, reason=obstacle.code, now=now)
        return None


def _check(quote: Quote, space: Space, customer: Customer, now: datetime) -> datetime:
    """Everything the quote was made from must hold at the commit (C6); the end of the period it was priced in."""
    if quote.subscription_id:
        return subscription_changes.check(quote, quote.subscription_id, now=now)
    return purchases.check(quote, space, customer, now)


def _give_back(change: Change, paid_by: Attempt | None, *, reason: str, now: datetime) -> None:
    transition(change, transitions.CHANGE, "refunded" if paid_by else "expired", reason=reason)
    if paid_by is None:
        return
    payment, facts = paid_by.payment, dict(_facts(change.quote))
    transition(payment, transitions.PAYMENT, "paid", paid_at=now)
    payments.want_refund(paid_by, amount=payment.amount, reason=reason, now=now)
    record(
        EventType.CHANGE_REFUNDED, now=now, actor=change.person, space=change.space, customer=payment.customer,
        subscription=change.quote.subscription, after=facts | {"reason": reason, "amount": payment.amount},
    )  # fmt: skip
    mail.queue(
        "purchase_refunded", once_key=f"purchase_refunded:{change.pk}", now=now, to_person=change.person,
        space=change.space, params=facts | {"amount": payment.amount, "reason": reason},
    )  # fmt: skip


def _facts(quote: Quote) -> Mapping[str, object]:
    return subscription_changes.facts(quote) if quote.subscription_id else purchases.facts(quote)
