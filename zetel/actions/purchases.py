"""Buying: what has to hold for a confirmed purchase, and what it makes once it is paid (rules C5, C6, G7, P9, R4).

Two buyers, two tabs and late money end with one subscription: everything is decided again under the lock that
`changes` holds, and a purchase that cannot become real any more is refused with the reason.
"""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from zetel.actions import (
    invoices,
    mail,
    offers_used,
    overages,
    quotes,
    sales,
    standing,
    subscriptions,
    trials,
)
from zetel.actions._change import record, transition
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
from zetel.rules import offers, transitions
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.quotes import PricedPurchase, end_covered, from_json


def check(quote: Quote, space: Space, customer: Customer, now: datetime) -> datetime:
    """Everything the quote was made from holds (C6, R1, R2, P5, P8, P9); the end of the period it was priced in."""
    around, priced = standing.around(space), from_json(quote.body)
    if quote.offer is not None:
        agreed = quote.offer.is_manual and quote.offer.agreed_on is not None
        offers.check_approvable(quote.offer.status, quote.offer.valid_until, agreed, now)
    if sales.took(quote):
        sales.check(quote.person)
    quotes.check_place(around, CatalogVersion.objects.current(), priced.terms.starts_on)
    quotes.check_member(space, _owner(quote) if sales.took(quote) else quote.person)
    quotes.check_billing_owner(space, _owner(quote), customer)
    quotes.check_seats(space, priced.terms.seats)
    if quote.basis != standing.basis(around, customer, standing.balance_of(customer, quote.currency)):
        raise ZetelError("quote_stale")
    return quotes.priced_until(space, customer, priced)


def make(change: Change, *, now: datetime, paid_by: Attempt | None) -> Subscription:
    """Terms, invoice from the quote's own lines, payment, one event; raises why it cannot be any more (C5, G7)."""
    quote, space = change.quote, change.space
    customer = Customer.objects.get(pk=quote.customer_id)
    priced = from_json(quote.body)
    owner = _owner_now(quote, space, customer)
    around = standing.around(space)
    _check_possible(around, priced, customer, now)
    offers_used.accept(change, now=now)
    customer.billing_owner = owner
    Customer.objects.filter(pk=customer.pk).update(billing_owner=owner)
    ended = {str(row.pk): row for row in around.inside}
    for ending in priced.endings:
        subscriptions.end_covered(
            ended[ending.subscription_id], ending, now=now, actor=change.person, by=space
        )
    for trial in around.own:  # whatever else were there, `_check_possible` would have refused
        trials.replace_by_purchase(trial, buyer=change.person, on=priced.terms.starts_on, now=now)
    subscription = subscriptions.start(
        space, customer, priced.terms, now=now, status="active", period_end=priced.period_end,
        on_exceed=quote.wish["on_exceed"], **_on_invoice(quote),
    )  # fmt: skip
    invoice = invoices.issue(
        priced.document, now=now, customer=customer, subscription=subscription, space=space, quote=quote,
        balance_used=priced.balance_used,
    )  # fmt: skip
    subscriptions.use_balance(customer, priced.balance_used, invoice=invoice, now=now)
    invoices.book(invoice, paid_by.payment if paid_by else None, due=priced.due, now=now)
    transition(change, transitions.CHANGE, "done", subscription=subscription)
    record(
        EventType.SUBSCRIPTION_BOUGHT, now=now, space=space, customer=customer, subscription=subscription,
        invoice=invoice, after=facts(quote) | {"invoice": invoice.number} | _approved(quote),
        **sales.who(change, owner),
    )  # fmt: skip
    _tell(change, owner, subscription, invoice, now=now)
    overages.recount(space, now=now)
    return subscription


def _on_invoice(quote: Quote) -> dict[str, Any]:
    """How it is paid: approved by sales, by bank within a term (G5)."""
    if not sales.took(quote):
        return {}
    assert quote.offer is not None, "sales approve what they offered"
    return {
        "payment_term_days": quote.offer.payment_term_days, "purchase_order": quote.wish["purchase_order"],
    }  # fmt: skip


def _approved(quote: Quote) -> dict[str, Any]:
    """What the event of an approval says beside: who agreed to it and when."""
    if not sales.took(quote):
        return {}
    return _on_invoice(quote) | {
        "agreed_by": quote.wish["agreed_by"], "agreed_on": quote.wish["agreed_on"], "reason": "approved",
    }  # fmt: skip


def _check_possible(
    around: standing.Around, priced: PricedPurchase, customer: Customer, now: datetime
) -> None:
    """Whether the place is still free, what ends still ends as quoted, and the balance is still there."""
    quotes.check_place(around, CatalogVersion.objects.current(), priced.terms.starts_on)
    days = {ending.subscription_id: ending.on for ending in priced.endings}
    now_ending = tuple(
        end_covered(replace(stands, day=days.get(stands.subscription_id)), on=priced.terms.starts_on)
        for stands in standing.inside_standings(around, customer, now)
    )
    coming = sum(ending.spendable for ending in priced.endings if ending.same_customer)
    balance = standing.balance_of(customer, priced.terms.currency) + coming
    if now_ending != priced.endings or balance < priced.balance_used:
        raise ZetelError("quote_stale")


def _tell(
    change: Change, owner: Person, subscription: Subscription, invoice: Invoice, *, now: datetime
) -> None:
    """The owner gets the invoice; an organization's owner becomes admin and the admins hear of it (R4)."""
    invoices.mail_invoice(invoice, now=now)
    told = facts(change.quote) | {"buyer": change.person.label, "owner": owner.label}
    if owner.pk != change.person_id and not sales.took(change.quote):
        mail.queue(
            "billing_owner_named", once_key=f"billing_owner_named:{subscription.pk}", now=now, to_person=owner,
            space=change.space, owner_of=subscription, params=told,
        )  # fmt: skip
        mail.queue(
            "purchase_done_colleague", once_key=f"purchase_done_colleague:{subscription.pk}", now=now,
            to_person=change.person, space=change.space, params=told,
        )  # fmt: skip
    if change.space.kind == "organization":
        key = str(subscription.pk)
        subscriptions.make_admin(change.space, owner, key=key, now=now, actor=change.person, facts=told)


def _owner(quote: Quote) -> Person:
    return Person.objects.get(pk=uuid.UUID(quote.wish["billing_owner"]))


def _owner_now(quote: Quote, space: Space, customer: Customer) -> Person:
    """The named owner, or the buyer when the named one left meanwhile; `not_member` when neither may hold billing."""
    for person in (_owner(quote), quote.person):
        try:
            quotes.check_billing_owner(space, person, customer)
        except ZetelError:
            continue
        return person
    raise ZetelError("not_member")


def facts(quote: Quote) -> dict[str, Any]:
    """What events and mails say about a purchase."""
    return {
        "plan": quote.wish["plan"], "cycle": quote.body["terms"]["cycle"], "seats": quote.wish["seats"],
        "space": quote.space.name, "due_amount": quote.due_amount, "currency": quote.currency,
        "period_end": quote.body["period_end"], "renewal_amount": quote.body["renewal_total"],
    }  # fmt: skip
