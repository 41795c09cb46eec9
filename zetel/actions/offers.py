"""Offers by sales: made for one person and one space, withdrawn with a reason, accepted by buying (rule P6).

An offer binds plan, cycle, size and price until its moment. For a plan that runs, the
same as a change of it. Accepting is the purchase that everybody makes, with what
was offered filled in; `purchases` marks the offer used in the transaction in which the plan starts.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from zetel.actions import mail, quotes, quotes_change, standing
from zetel.actions._change import lock_space, record, transition
from zetel.actions.drafts import DRAFT_LIFE
from zetel.actions.reasons import written
from zetel.models import (
    CatalogVersion,
    Change,
    Customer,
    Offer,
    Person,
    PurchaseDraft,
    Quote,
    SalesRequest,
    Space,
    Subscription,
)
from zetel.models.subscriptions import WAITING
from zetel.rules import offers as rules
from zetel.rules import transitions
from zetel.rules.billing import terms_at
from zetel.rules.catalog import check_offer, price_on
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.periods import Cycle, first_instant, local_date
from zetel.rules.seats import SpaceKind

MESSAGE_MAX = 5000
DAYS_MAX = 365


@dataclass(frozen=True)
class Terms:
    """What is offered; without a price of its own the catalogue's of today counts. `last_on` is its last day."""

    plan: str
    cycle: str
    seats: int
    currency: str
    last_on: date
    unit_amount: int | None = None


@dataclass(frozen=True)
class OnInvoice:
    """How an offer is paid by manual invoice: the term, the customer's order number, and who pays (G5)."""

    term_days: int
    purchase_order: str
    customer: Customer


def make(
    space: Space,
    *,
    to: Person,
    terms: Terms,
    staff: Person,
    now: datetime,
    message: str = "",
    request: SalesRequest | None = None,
    on_invoice: OnInvoice | None = None,
) -> Offer:
    """Offer a plan for a space to one of its members, and mail it; an open one for that space is withdrawn.

    `on_invoice` is for one that sales approve and that is paid by bank; `manual_offers` makes those.

    Raises not_member, already_subscribed, already_covered, not_offered, plan_unknown, cycle_unknown, currency_unknown,
    price_unknown, seat_size_unknown, seats_in_use, amount_invalid, value_invalid, value_too_long, change_pending.
    """
    if len(message) > MESSAGE_MAX:
        raise ZetelError("value_too_long", field="message", longest=MESSAGE_MAX)
    with transaction.atomic():
        space = lock_space(space)
        quotes.check_member(space, to)
        _check_owner(space, to)
        unit_amount, valid_until = _checked(space, terms, now)
        _withdraw_open(space)
        offer = Offer.objects.create(
            request=request, space=space, person=to, offered_by=staff, plan=terms.plan, cycle=terms.cycle,
            seats=terms.seats, unit_amount=unit_amount, currency=terms.currency, message=message.strip(),
            valid_until=valid_until, created_at=now, **_on_invoice(on_invoice),
        )  # fmt: skip
        if request is not None:
            transition(request, transitions.SALES_REQUEST, "offered")
        told = facts(offer, terms.last_on)
        record(EventType.OFFER_MADE, now=now, actor=staff, space=space, after=told)
        mail.queue(
            "manual_offer_made" if on_invoice else "offer_made", once_key=f"offer_made:{offer.pk}", now=now,
            to_person=to, space=space,
            params=told | {"message": offer.message, "from": staff.label},
        )  # fmt: skip
    return offer


def _on_invoice(terms: OnInvoice | None) -> dict[str, object]:
    if terms is None:
        return {}
    return {
        "payment_term_days": terms.term_days, "purchase_order": terms.purchase_order, "customer": terms.customer,
    }  # fmt: skip


def _checked(space: Space, terms: Terms, now: datetime) -> tuple[int, datetime]:
    """The price of a seat and the end of validity, once everything that is offered can be bought."""
    catalog, today = CatalogVersion.objects.current(), local_date(now, ZoneInfo(space.time_zone))
    running = running_plan(space)
    if running is None:
        quotes.check_place(standing.around(space), catalog, today)
    plan = catalog.plan(terms.plan)
    if plan.free:
        raise ZetelError("not_offered", plan=plan.code, kind=space.kind)
    check_offer(plan, SpaceKind(space.kind), by_sales=True)
    if terms.cycle not in set(Cycle):
        raise ZetelError("cycle_unknown", cycle=terms.cycle[:16])
    if terms.currency not in catalog.currencies:
        raise ZetelError("currency_unknown", currency=terms.currency[:3])
    rules.check_seats(terms.seats, standing.counted_people(space), plan.policy.ladder)
    unit_amount = terms.unit_amount
    if running is not None:
        unit_amount = _of_running(running, terms, now)
    if unit_amount is None:
        unit_amount = price_on(
            catalog.prices, plan.code, Cycle(terms.cycle), terms.currency, today
        ).unit_amount
    rules.check_unit_amount(unit_amount)
    if not today <= terms.last_on <= today + timedelta(days=DAYS_MAX):
        raise ZetelError("value_invalid", field="last_on")
    return unit_amount, first_instant(terms.last_on + timedelta(days=1), ZoneInfo(space.time_zone))


def running_plan(space: Space) -> Subscription | None:
    """The plan that runs there and would be changed by an offer; a trial is replaced by buying (P9)."""
    rows = (
        Subscription.objects.live().exclude(status="trial").select_related("customer__billing_owner", "space")
    )
    return rows.filter(space=space).first()


def _check_owner(space: Space, to: Person) -> None:
    running = running_plan(space)
    if running is not None and running.customer.billing_owner_id != to.pk:
        raise ZetelError("offer_for_owner")


def _of_running(running: Subscription, terms: Terms, now: datetime) -> int | None:
    """The price of a seat: while plan and cycle stay it stays too, and more than nothing is offered (P2)."""
    owner = running.customer.billing_owner
    assert owner is not None, "an offer was made to its owner"
    given = standing.terms_of([running.pk])[running.pk]
    present = terms_at(given, standing.today_of(running.space, running.customer, now)) or given[0]
    if terms.currency != present.currency:
        raise ZetelError("currency_mismatch")
    if (terms.plan, terms.cycle) != (present.plan, str(present.cycle)):
        return terms.unit_amount
    if terms.seats == present.seats:
        raise ZetelError("no_change")
    if terms.unit_amount not in (None, present.unit_amount):
        raise ZetelError("price_immutable")
    return present.unit_amount


def _withdraw_open(space: Space) -> None:
    open_one = Offer.objects.filter(space=space, status="open").first()
    if open_one is not None:
        _check_not_being_bought(open_one)
        transition(open_one, transitions.OFFER, "withdrawn")


def _check_not_being_bought(offer: Offer) -> None:
    """Who has confirmed a quote for it may finish paying (C5)."""
    if Change.objects.filter(quote__offer=offer, status__in=WAITING).exists():
        raise ZetelError("change_pending")


def withdraw(offer: Offer, *, staff: Person, reason: str, now: datetime) -> Offer:
    """Take an offer back before it was accepted; the person is told why. Raises reason_required, offer_used, …"""
    words = written(reason)
    with transaction.atomic():
        space = lock_space(offer.space)
        offer = (
            Offer.objects.select_for_update(of=("self",)).select_related("person", "space").get(pk=offer.pk)
        )
        _check_not_being_bought(offer)
        if not transition(offer, transitions.OFFER, "withdrawn"):
            raise ZetelError("offer_used" if offer.status == "accepted" else "offer_withdrawn")
        told = facts(offer, None)
        record(EventType.OFFER_WITHDRAWN, now=now, actor=staff, space=space, reason=words, before=told)
        mail.queue(
            "offer_withdrawn", once_key=f"offer_withdrawn:{offer.pk}", now=now, to_person=offer.person, space=space,
            params=told | {"message": words},
        )  # fmt: skip
    return offer


def begin(offer: Offer, *, person: Person, now: datetime) -> PurchaseDraft:
    """The purchase of what was offered, filled in up to who pays; coming back finds the same one.

    Raises not_found for anybody else, offer_expired, offer_withdrawn, offer_used, not_member.
    """
    _check_may_accept(offer, person, now)
    begun = PurchaseDraft.objects.filter(offer=offer, person=person, updated_at__gt=now - DRAFT_LIFE)
    if draft := begun.order_by("-id").first():
        return draft
    return PurchaseDraft.objects.create(
        person=person, space=offer.space, offer=offer, plan=offer.plan, cycle=offer.cycle, seats=offer.seats,
        currency=offer.currency, created_at=now, updated_at=now,
    )  # fmt: skip


def bind(offer: Offer, running: Subscription, *, person: Person, now: datetime) -> Quote:
    """A binding quote for what was offered for a plan that runs; the refusals of `begin` and of changing it."""
    _check_may_accept(offer, person, now)
    return quotes_change.bind_offer(running, offer, person=person, now=now)


def _check_may_accept(offer: Offer, person: Person, now: datetime) -> None:
    if offer.person_id != person.pk:
        raise ZetelError("not_found")
    if offer.is_manual:
        raise ZetelError("manual_invoice_only")
    rules.check_open(offer.status, offer.valid_until, now)
    quotes.check_member(offer.space, person)


def price(offer: Offer, *, now: datetime) -> quotes.Estimate:
    """What accepting would cost today, before it is known who pays; the refusals of buying."""
    wish = quotes.Wish(offer.plan, Cycle(offer.cycle), offer.seats, offer.currency, offer.unit_amount)
    return quotes.estimate(offer.space, wish, customer=None, now=now)


def facts(offer: Offer, last_on: date | None) -> dict[str, object]:
    """What events and mails say about an offer."""
    return {
        "offer": offer.public_id, "reference": offer.reference, "term_days": offer.payment_term_days,
        "space": offer.space.name, "to": offer.person.label, "plan": offer.plan, "cycle": offer.cycle,
        "seats": offer.seats, "unit_amount": offer.unit_amount, "currency": offer.currency,
        "last_on": last_on.isoformat() if last_on else "",
    }  # fmt: skip
