"""Quotes of sales for a plan on manual invoice: made with terms, agreed to by the customer, approved by sales (G5).

An offer with a payment term names who pays. Whoever it is for may agree to it on its page, or sales write down who did
and when. Approving is confirming a binding quote of that day: it stands for the payment, so the plan starts then.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import customers, mail, offers, quotes, sales, standing
from zetel.actions._change import lock_customer, lock_space, record
from zetel.actions.manual_invoices import today
from zetel.models import Customer, Offer, Person, Quote, SalesRequest, Space
from zetel.rules import manual_invoices as rules
from zetel.rules import offers as offer_rules
from zetel.rules.billing import Terms
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.periods import Cycle, local_date
from zetel.rules.quotes import PricedPurchase, price_purchase

NAME_MAX = 255
ORDER_MAX = 64


@dataclass(frozen=True)
class Agreement:
    """The payment term in days, the customer's order number, and who pays: one that is known, or as it is typed."""

    term_days: int
    purchase_order: str = ""
    customer: Customer | None = None
    information: customers.BillingInformation | None = None


def make(
    space: Space,
    *,
    to: Person,
    terms: offers.Terms,
    agreement: Agreement,
    staff: Person,
    now: datetime,
    message: str = "",
    request: SalesRequest | None = None,
) -> Offer:
    """Offer a plan on manual invoice; its person gets a mail that leads to the quote, also as PDF.

    Raises what `offers.make` and entering billing information raise, and manual_invoice_terms, customer_owner_differs,
    already_subscribed where a plan runs.
    """
    rules.check_plan(terms.cycle, terms.seats)
    rules.check_term(agreement.term_days)
    order = order_number(agreement.purchase_order)
    with transaction.atomic():
        locked = lock_space(space)
        if offers.running_plan(locked) is not None:
            raise ZetelError("already_subscribed")
        payer = _payer(agreement, to, terms.currency, now)
        quotes.check_billing_owner(locked, to, payer)
        return offers.make(
            locked, to=to, terms=terms, staff=staff, now=now, message=message, request=request,
            on_invoice=offers.OnInvoice(agreement.term_days, order, payer),
        )  # fmt: skip


def _payer(agreement: Agreement, to: Person, currency: str, now: datetime) -> Customer:
    """Who pays, in the currency of the offer (M9); what is typed anew makes a customer that is nobody's yet."""
    known = agreement.customer
    if agreement.information is None:
        assert known is not None, "an offer on invoice names who pays"
        if known.currency != currency:
            raise ZetelError("currency_mismatch")
        return known
    tidy = customers.checked(agreement.information)
    own = None
    if known is not None and known.billing_owner_id is None and known.entered_by_id == to.pk:
        own = lock_customer(known.pk)
    return customers.enter(tidy, person=to, currency=currency, now=now, customer=own)


def order_number(text: str) -> str:
    """A purchase order number as it is printed. Raises value_too_long."""
    order = " ".join(text.replace("\0", "").split())
    if len(order) > ORDER_MAX:
        raise ZetelError("value_too_long", field="purchase_order", longest=ORDER_MAX)
    return order


def priced(offer: Offer) -> PricedPurchase:
    """The first year as it would be invoiced if it began on the day of the quote: what its paper shows."""
    on = local_date(offer.created_at, ZoneInfo(offer.space.time_zone))
    terms = Terms(on, offer.plan, Cycle(offer.cycle), offer.seats, offer.unit_amount, offer.currency, on)
    return price_purchase(terms, treatment=standing.treatment_of(offer.space, offer.customer, on))


def agree(offer: Offer, *, person: Person, now: datetime) -> Offer:
    """The person for whom it is agrees to it; sales approve it then.

    Raises not_found, offer_expired, offer_withdrawn, offer_used.
    """
    with transaction.atomic():
        space = lock_space(offer.space)
        row = _locked(offer)
        if row.person_id != person.pk or not row.is_manual:
            raise ZetelError("not_found")
        offer_rules.check_open(row.status, row.valid_until, now)
        quotes.check_member(space, person)
        if row.agreed_on is not None:
            return row
        row.agreed_by, row.agreed_on = person.label, today(now)
        Offer.objects.filter(pk=row.pk).update(agreed_by=row.agreed_by, agreed_on=row.agreed_on)
        record(
            EventType.OFFER_AGREED, now=now, actor=person, space=space,
            after={"offer": row.public_id, "to": person.label, "reference": row.reference},
        )  # fmt: skip
        mail.queue_house(
            "manual_offer_agreed", row.public_id, now=now, space=space, params=offers.facts(row, None)
        )
    return row


def _locked(offer: Offer) -> Offer:
    rows = Offer.objects.select_for_update(of=("self",)).select_related("person", "space", "customer")
    return rows.get(pk=offer.pk)


def bind(
    offer: Offer, *, staff: Person, agreed_by: str, agreed_on: date, purchase_order: str, now: datetime
) -> Quote:
    """What approving means today, as a quote that binds: confirming it starts the plan. Nothing else is kept.

    `agreed_by` is who accepted it and `agreed_on` when; what the customer said on the offer's own page stands. Raises
    forbidden, value_required, value_too_long, value_invalid, offer_expired, offer_withdrawn, offer_used and what
    buying refuses.
    """
    if not offer.is_manual:
        raise ZetelError("not_found")
    by = offer.agreed_by or " ".join(agreed_by.replace("\0", "").split())
    on = offer.agreed_on or agreed_on
    if not by:
        raise ZetelError("value_required", field="agreed_by")
    if len(by) > NAME_MAX:
        raise ZetelError("value_too_long", field="agreed_by", longest=NAME_MAX)
    if on > today(now):
        raise ZetelError("value_invalid", field="agreed_on")
    told = sales.wish(offer.reference) | {
        "agreed_by": by, "agreed_on": on.isoformat(), "purchase_order": order_number(purchase_order),
    }  # fmt: skip
    return quotes.bind_approval(offer, staff=staff, told=told, now=now)
