"""Buying: a confirmed quote becomes a waiting change, and with its payment a subscription (rules C5, C6, G7, P9).

Everything is decided again under the lock of the organization or workspace: two buyers, two tabs and late money end
with one subscription. Money that came for nothing is given back at once.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from zetel.actions import invoices, mail, payments, quotes, standing, subscriptions
from zetel.actions._change import lock_customer, lock_space, record, transition
from zetel.models import (
    Attempt,
    CatalogVersion,
    Change,
    Customer,
    Invoice,
    Person,
    Quote,
    Space,
    Subscription,
)
from zetel.models.subscriptions import WAITING
from zetel.rules import transitions
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.payments import approval_until
from zetel.rules.periods import first_instant
from zetel.rules.quotes import PricedPurchase, end_covered, from_json


def confirm(*, quote_id: uuid.UUID, person: Person, now: datetime, return_path: str, language: str) -> Change:
    """Confirm a binding quote. The same quote again gives the same change: a double click buys once.

    `return_path` may hold `{change}`, where the browser comes back after the bank's approval. Raises quote_expired,
    quote_stale, change_pending, already_subscribed, already_covered, method_required, not_member, seats_in_use.
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
        _check_still_true(quote, space, customer, now)
        period_end = first_instant(from_json(quote.body).period_end, standing.zone_of(space, customer))
        change = Change.objects.create(
            space=space, quote=quote, person=person, created_at=now, expires_at=approval_until(now, period_end)
        )
        record(EventType.CHANGE_STARTED, now=now, actor=person, space=space, after=_facts(quote))
        if quote.due_amount == 0:
            complete(change, now=now, paid_by=None)
        else:
            payments.want(
                customer, amount=quote.due_amount, currency=quote.currency, change=change,
                method=payments.active_method(customer), now=now, language=language,
                return_path=return_path.format(change=change.public_id),
            )  # fmt: skip
        return change


def _check_still_true(quote: Quote, space: Space, customer: Customer, now: datetime) -> None:
    """Everything the quote was made from must hold at the commit (rules C6, R1, R2, P5, P8, P9)."""
    around = standing.around(space)
    places = Q(space=space) | Q(space__organization=space) | Q(space__division=space)
    places |= Q(space__in=[pk for pk in (space.organization_id, space.division_id) if pk])
    if Change.objects.filter(places, status__in=WAITING).exists():
        raise ZetelError("change_pending")
    priced = from_json(quote.body)
    quotes.check_place(around, CatalogVersion.objects.current(), priced.terms.starts_on)
    quotes.check_member(space, quote.person)
    quotes.check_billing_owner(space, _owner(quote), customer)
    quotes.check_seats(space, priced.terms.seats)
    if quote.basis != standing.basis(around, customer, standing.balance_of(customer, quote.currency)):
        raise ZetelError("quote_stale")


def complete(change: Change, *, now: datetime, paid_by: Attempt | None) -> Subscription | None:
    """Make a paid change real: terms, invoice from the quote's own lines, payment, one event. Locks are held.

    None when that is no longer possible: the money is refunded at once and the change says so (C5, G7).
    """
    quote = change.quote
    space, customer = change.space, lock_customer(quote.customer_id)
    priced = from_json(quote.body)
    owner = _owner_now(quote, space, customer)
    around = standing.around(space)
    obstacle = _obstacle(change, around, priced, customer, owner)
    if obstacle or owner is None:
        _give_back(change, paid_by, reason=obstacle or "not_member", now=now)
        return None
    customer.billing_owner = owner
    Customer.objects.filter(pk=customer.pk).update(billing_owner=owner)
    ended = {str(row.pk): row for row in around.inside}
    for ending in priced.endings:
        subscriptions.end_covered(ended[ending.subscription_id], ending, now=now, actor=change.person, by=space)
    subscription = subscriptions.start(
        space, customer, priced.terms, now=now, status="active", period_end=priced.period_end,
        on_exceed=quote.wish["on_exceed"],
    )  # fmt: skip
    invoice = invoices.issue(
        priced.document, now=now, customer=customer, subscription=subscription, space=space, quote=quote,
        balance_used=priced.balance_used,
    )  # fmt: skip
    subscriptions.use_balance(customer, priced.balance_used, invoice=invoice, now=now)
    if paid_by:
        transition(paid_by.payment, transitions.PAYMENT, "paid", paid_at=now, invoice=invoice)
        invoices.mark_paid(invoice)
    elif priced.due == 0:
        invoices.mark_paid(invoice)
    transition(change, transitions.CHANGE, "done", subscription=subscription)
    record(
        EventType.SUBSCRIPTION_BOUGHT, now=now, actor=change.person, space=space, customer=customer,
        subscription=subscription, invoice=invoice, after=_facts(quote) | {"invoice": invoice.number},
    )  # fmt: skip
    _tell(change, owner, subscription, invoice, now=now)
    return subscription


def _obstacle(
    change: Change, around: standing.Around, priced: PricedPurchase, customer: Customer, owner: Person | None
) -> str:
    """Why a paid change cannot become real any more; empty when it can."""
    if change.status not in WAITING:
        return change.status
    if owner is None:
        return "not_member"
    try:
        quotes.check_place(around, CatalogVersion.objects.current(), priced.terms.starts_on)
    except ZetelError as error:
        return error.code
    now_ending = tuple(
        end_covered(stands, on=priced.terms.starts_on) for stands in standing.inside_standings(around, customer)
    )
    return "" if now_ending == priced.endings else "quote_stale"


def _give_back(change: Change, paid_by: Attempt | None, *, reason: str, now: datetime) -> None:
    transition(change, transitions.CHANGE, "refunded" if paid_by else "expired", reason=reason)
    if paid_by is None:
        return
    payment = paid_by.payment
    transition(payment, transitions.PAYMENT, "paid", paid_at=now)
    payments.want_refund(paid_by, amount=payment.amount, reason=reason, now=now)
    record(
        EventType.CHANGE_REFUNDED, now=now, actor=change.person, space=change.space, customer=payment.customer,
        after=_facts(change.quote) | {"reason": reason, "amount": payment.amount},
    )  # fmt: skip
    mail.queue(
        "purchase_refunded", once_key=f"purchase_refunded:{change.pk}", now=now, to_person=change.person,
        space=change.space, params=_facts(change.quote) | {"amount": payment.amount, "reason": reason},
    )  # fmt: skip


def _tell(change: Change, owner: Person, subscription: Subscription, invoice: Invoice, *, now: datetime) -> None:
    """The owner gets the invoice; an organization's owner becomes admin and the admins hear of it (R4)."""
    invoices.mail_invoice(invoice, now=now)
    facts = _facts(change.quote) | {"buyer": change.person.label, "owner": owner.label}
    if owner.pk != change.person_id:
        mail.queue(
            "billing_owner_named", once_key=f"billing_owner_named:{subscription.pk}", now=now, to_person=owner,
            space=change.space, params=facts,
        )  # fmt: skip
    if change.space.kind == "organization":
        key = str(subscription.pk)
        subscriptions.make_admin(change.space, owner, key=key, now=now, actor=change.person, facts=facts)


def _owner(quote: Quote) -> Person:
    return Person.objects.get(pk=uuid.UUID(quote.wish["billing_owner"]))


def _owner_now(quote: Quote, space: Space, customer: Customer) -> Person | None:
    """The named owner, or the buyer when the named one left meanwhile; None when neither may hold billing."""
    for person in (_owner(quote), quote.person):
        try:
            quotes.check_billing_owner(space, person, customer)
        except ZetelError:
            continue
        return person
    return None


def _facts(quote: Quote) -> dict[str, Any]:
    """What events and mails say about a purchase."""
    return {
        "plan": quote.wish["plan"], "cycle": quote.body["terms"]["cycle"], "seats": quote.wish["seats"],
        "space": quote.space.name, "due_amount": quote.due_amount, "currency": quote.currency,
        "period_end": quote.body["period_end"], "renewal_amount": quote.body["renewal_total"],
    }  # fmt: skip
