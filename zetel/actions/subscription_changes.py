"""Changing a live subscription: what has to hold for a confirmed change, and what it makes once paid (C1 to C6, C12).

Terms are appended, the invoice is issued from the quote's own lines, and the next billing instant moves only when a
new period begins today. A change that only schedules something bills nothing.
"""

import uuid
from datetime import datetime
from typing import Any

from zetel.actions import (
    credits,
    invoices,
    mail,
    offers_used,
    overages,
    quotes,
    sales,
    settled,
    standing,
    subscriptions,
)
from zetel.actions._change import record, transition
from zetel.models import Attempt, Change, Customer, Invoice, Quote, Subscription
from zetel.rules import offers, transitions
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.quotes import PricedChange, change_from_json
from zetel.rules.subscriptions import Scheduled


def check(quote: Quote, subscription_id: uuid.UUID, *, now: datetime) -> datetime:
    """Everything the quote was made from holds (C6, R3, P5); the end of the period it was priced in."""
    if quote.offer is not None:
        offers.check_open(quote.offer.status, quote.offer.valid_until, now)
    held = settled.hold(subscription_id, person=quote.person, now=now, by_sales=sales.took(quote))
    settled.check_active(held)
    seats = quote.wish["seats"]
    if seats is not None and seats != held.present.seats:
        quotes.check_seats(held.space, seats)
    if quote.basis != held.basis:
        raise ZetelError("quote_stale")
    assert held.subscription.next_bill_at is not None, "an active subscription is billed or ended next"
    return held.subscription.next_bill_at


def make(change: Change, *, now: datetime, paid_by: Attempt | None) -> Subscription:
    """Terms, invoice from the quote's own lines, payment, one event; `quote_stale` when it cannot be any more."""
    quote, priced = change.quote, change_from_json(change.quote.body)
    customer = Customer.objects.get(pk=quote.customer_id)
    assert quote.subscription_id, "a change is of a subscription"
    subscription = Subscription.objects.select_for_update().get(pk=quote.subscription_id)
    balance = standing.balance_of(customer, quote.currency)
    changed = subscription.status != "active" or subscription.version != quote.wish["version"]
    if changed or balance < priced.balance_used:
        raise ZetelError("quote_stale")
    offers_used.accept(change, now=now)
    for terms in priced.append:
        subscriptions.append_terms(subscription, terms, now=now)
    fields = (
        subscriptions.bill_next(customer, priced.renews_on)
        if _starts_period(priced) and priced.renews_on
        else {}
    )
    Subscription.objects.filter(pk=subscription.pk).update(version=subscription.version + 1, **fields)
    invoice = _bill(change, priced, subscription, customer, paid_by, now)
    transition(change, transitions.CHANGE, "done")
    told = facts(quote) | ({"invoice": invoice.number} if invoice else {})
    by_itself = "overage" in quote.wish
    record(
        EventType.SUBSCRIPTION_GREW if by_itself else _event(priced), now=now, space=change.space,
        customer=customer, subscription=subscription, invoice=invoice, after=told,
        **({"actor": None} if by_itself else sales.who(change, customer.billing_owner)),
        before={"plan": priced.before.plan, "cycle": str(priced.before.cycle), "seats": priced.before.seats},
    )  # fmt: skip
    mail.queue(
        "seats_resized" if by_itself else "plan_changed", once_key=f"plan_changed:{change.pk}", now=now,
        to_person=customer.billing_owner or change.person, space=change.space, owner_of=subscription,
        params=told | {"what": _event(priced).partition(".")[2]},
    )  # fmt: skip
    overages.recount(change.space, now=now)
    return subscription


def _bill(
    change: Change, priced: PricedChange, subscription: Subscription, customer: Customer, paid_by: Attempt | None,
    now: datetime,
) -> Invoice | None:  # fmt: skip
    """Issue what the quote showed: an invoice, or a credit note when more is taken back than charged (I6)."""
    if not priced.document.lines:
        return None
    is_note = priced.document.total < 0
    taken = [line_id for line in priced.document.lines for line_id in line.takes_back] if is_note else []
    invoice = invoices.issue(
        priced.document, now=now, customer=customer, subscription=subscription, space=change.space,
        quote=change.quote, balance_used=priced.balance_used, kind="credit_note" if is_note else "invoice",
        credits=Invoice.objects.filter(lines__pk__in=taken).order_by("id").last() if taken else None,
    )  # fmt: skip
    subscriptions.use_balance(customer, priced.balance_used, invoice=invoice, now=now)
    if is_note:
        credits.book(invoice, priced.document, customer, now=now)
    else:
        invoices.book(invoice, paid_by.payment if paid_by else None, due=priced.due, now=now)
    invoices.mail_invoice(invoice, now=now)
    return invoice


def _starts_period(priced: PricedChange) -> bool:
    """Whether a new period begins today: a move to yearly is anchored anew, be it on the anchor's own day (C1)."""
    return priced.now is not None and priced.now.period_at(priced.on) != priced.before.period_at(priced.on)


def _event(priced: PricedChange) -> EventType:
    if priced.now:
        return EventType.SUBSCRIPTION_CHANGED
    if priced.scheduled:
        return EventType.SUBSCRIPTION_CHANGE_SCHEDULED
    return EventType.SUBSCRIPTION_CHANGE_WITHDRAWN


def facts(quote: Quote) -> dict[str, Any]:
    """What events and mails say about a change: the terms it leads to, what waits, what was dropped, the money."""
    priced = change_from_json(quote.body)
    return facts_of(priced, quote.space.name) | {"due_amount": quote.due_amount}


def facts_of(priced: PricedChange, space: str) -> dict[str, Any]:
    target = priced.now or (priced.append[0] if priced.append else priced.before)
    return {
        "plan": target.plan, "cycle": str(target.cycle), "seats": target.seats, "space": space,
        "starts_on": max(target.starts_on, priced.on).isoformat(), "currency": target.currency,
        "scheduled": [_told(item) for item in priced.scheduled], "dropped": [_told(item) for item in priced.dropped],
        "notes": [str(note) for note in priced.notes], "renewal_amount": priced.renewal_total,
        "period_end": priced.renews_on.isoformat() if priced.renews_on else "",
        "ends_on": priced.ends_on.isoformat() if priced.ends_on else "",
    }  # fmt: skip


def _told(item: Scheduled) -> dict[str, Any]:
    return {"field": str(item.field), "on": item.on.isoformat(), "old": item.old, "new": item.new}
