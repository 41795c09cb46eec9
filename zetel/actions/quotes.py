"""Quotes: what a wish would cost, as an estimate while people choose and as a binding row at the review (C6).

Both are the same pricing of the same reading; the binding one is kept, with the instant it was priced at and a hash
of what it was made from. Nothing else is changed here.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from zetel.actions import sales, settled, standing
from zetel.models import (
    CatalogVersion,
    Change,
    Customer,
    Membership,
    Offer,
    Person,
    PurchaseDraft,
    Quote,
    Space,
    Subscription,
)
from zetel.models.spaces import MEMBER
from zetel.models.subscriptions import WAITING
from zetel.rules import offers
from zetel.rules.billing import Terms
from zetel.rules.catalog import Catalog, Plan, check_offer, price_on
from zetel.rules.coverage import check_purchase, purchase_effect
from zetel.rules.errors import ZetelError
from zetel.rules.payments import quote_until
from zetel.rules.periods import Cycle, first_instant
from zetel.rules.quotes import PricedPurchase, price_purchase, to_json
from zetel.rules.seats import SpaceKind


@dataclass(frozen=True)
class Wish:
    """What a buyer wants: a plan code, a cycle, a size and a currency; `agreed_amount` is a price of sales' (P6)."""

    plan: str
    cycle: Cycle
    seats: int
    currency: str
    agreed_amount: int | None = None


@dataclass(frozen=True)
class Estimate:
    """A priced wish and what it was made from; `lower_plans` names covered places that would lose a higher plan."""

    priced: PricedPurchase
    basis: str
    lower_plans: tuple[str, ...] = ()


def estimate(space: Space, wish: Wish, *, customer: Customer | None, now: datetime) -> Estimate:
    """Price a purchase without keeping anything. Raises the refusals of P4 to P9."""
    catalog = CatalogVersion.objects.current()
    around = standing.around(space)
    today = standing.today_of(space, customer, now)
    check_place(around, catalog, today)
    _check_wish(space, wish, catalog)
    unit_amount = wish.agreed_amount
    if unit_amount is None:
        unit_amount = price_on(catalog.prices, wish.plan, wish.cycle, wish.currency, today).unit_amount
    terms = Terms(today, wish.plan, wish.cycle, wish.seats, unit_amount, wish.currency, today)
    balance = standing.balance_of(customer, wish.currency) if customer else 0
    priced = price_purchase(
        terms,
        treatment=standing.treatment_of(space, customer, today),
        covered=standing.inside_standings(around, customer, now),
        balance=balance,
    )
    inside = around.holdings(around.inside, catalog.ranks, today)
    lowered = {held.space_id for held in purchase_effect(catalog.plan(wish.plan).rank, inside, today).lowers}
    lower = tuple(row.space.name for row in around.inside if str(row.space_id) in lowered)
    return Estimate(priced, standing.basis(around, customer, balance) if customer else "", lower)


def bind(draft: PurchaseDraft, *, now: datetime) -> Quote:
    """Keep a binding quote for a finished draft; valid for 30 minutes, also across midnight (rule C6)."""
    if draft.space is None or draft.customer is None or draft.seats is None or not draft.plan:
        raise ZetelError("value_required", field="draft")
    owner = draft.billing_owner or draft.person
    check_billing_owner(draft.space, owner, draft.customer)
    wish, offer = wish_of(draft, draft.customer.currency), draft.offer
    if offer is not None:
        offers.check_open(offer.status, offer.valid_until, now)
        if offer.currency != wish.currency:
            raise ZetelError("currency_mismatch")
    told = {"billing_owner": str(owner.pk), "on_exceed": draft.on_exceed}
    return _keep(
        draft.space, draft.customer, wish, told, person=draft.person, offer=offer, draft=draft, now=now
    )


def bind_approval(offer: Offer, *, staff: Person, told: Mapping[str, Any], now: datetime) -> Quote:
    """A binding quote for what sales approve today on a manual invoice (G5); `told` is what its wish says beside.

    Raises what buying refuses, forbidden, offer_expired, offer_withdrawn, offer_used.
    """
    sales.check(staff)
    assert offer.customer is not None, "an offer on invoice names who pays"
    offers.check_approvable(offer.status, offer.valid_until, offer.agreed_on is not None, now)
    check_billing_owner(offer.space, offer.person, offer.customer)
    wish = Wish(offer.plan, Cycle(offer.cycle), offer.seats, offer.currency, offer.unit_amount)
    wishes = {"billing_owner": str(offer.person_id), "on_exceed": "ask", **told}
    return _keep(offer.space, offer.customer, wish, wishes, person=staff, offer=offer, now=now)


def _keep(
    space: Space,
    customer: Customer,
    wish: Wish,
    told: Mapping[str, Any],
    *,
    person: Person,
    now: datetime,
    offer: Offer | None,
    draft: PurchaseDraft | None = None,
) -> Quote:
    """Price a purchase and keep it as a quote that binds."""
    with transaction.atomic():
        settled.settle_around(space, now=now)
        made = estimate(space, wish, customer=customer, now=now)
        ends_with = None if offer is None or offer.agreed_on else offer.valid_until
        return Quote.objects.create(
            person=person,
            space=space,
            customer=customer,
            draft=draft,
            offer=offer,
            wish={
                "plan": wish.plan, "cycle": str(wish.cycle), "seats": wish.seats,
                "lower_plans": list(made.lower_plans), **told,
            },
            body=to_json(made.priced),
            currency=wish.currency,
            due_amount=made.priced.due,
            priced_on=made.priced.terms.starts_on,
            priced_at=now,
            expires_at=_until(space, customer, made.priced, now, ends_with),
            basis=made.basis,
        )  # fmt: skip


def priced_until(space: Space, customer: Customer, priced: PricedPurchase) -> datetime:
    """The first end of a period that a purchase was priced in: its own, or of a subscription that it ends (C5, C6)."""
    ends = [first_instant(priced.period_end, standing.zone_of(space, customer))]
    inside = Subscription.objects.filter(pk__in=[uuid.UUID(it.subscription_id) for it in priced.endings])
    ends += [at for at in inside.values_list("next_bill_at", flat=True) if at is not None]
    return min(ends)


def _until(
    space: Space, customer: Customer, priced: PricedPurchase, now: datetime, ends_with: datetime | None
) -> datetime:
    """Half an hour, not beyond its period, nor beyond the offer that it is made from."""
    until = quote_until(now, priced_until(space, customer, priced))
    return min(until, ends_with) if ends_with else until


def wish_of(draft: PurchaseDraft, currency: str) -> Wish:
    """What a draft asks for; of an offer its price, however the catalogue's has changed (P6)."""
    assert draft.seats is not None, "the details were chosen"
    agreed = draft.offer.unit_amount if draft.offer else None
    return Wish(draft.plan, Cycle(draft.cycle), draft.seats, currency, agreed)


def agree_to_lower(quote: Quote, *, now: datetime) -> None:
    """Its person ticks that the places it names may lose a higher plan (rule P9); confirming asks for that."""
    Quote.objects.filter(pk=quote.pk, lower_agreed_at=None).update(lower_agreed_at=now)


def agree_to_lower_by(quote_id: uuid.UUID, person: Person, *, now: datetime) -> None:
    """The same for a quote by its id; nothing for somebody else's."""
    Quote.objects.filter(pk=quote_id, person=person, lower_agreed_at=None).update(lower_agreed_at=now)


def asks_for_tick(quote: Quote) -> bool:
    """Whether people would lose a higher plan by this purchase, and nobody has said yet that they may."""
    return bool(quote.wish.get("lower_plans")) and quote.lower_agreed_at is None


def check_member(space: Space, person: Person) -> None:
    """An active member of that very space, no guest and no machine (rules R1, R2)."""
    inside = Membership.objects.active().of_space(space).filter(person=person, standing=MEMBER)
    if not person.is_active or person.is_machine or not inside.exists():
        raise ZetelError("not_member", person=person.label, space=space.name)


def check_billing_owner(space: Space, owner: Person, customer: Customer) -> None:
    """R1: a member of the space. P12: the customer is new, or this owner's already.

    One that nobody is left to own (R6) is not new: it has neither an owner nor somebody who is entering it.
    """
    check_member(space, owner)
    is_new = customer.billing_owner_id is None and customer.entered_by_id is not None
    if not is_new and customer.billing_owner_id != owner.pk:
        raise ZetelError("customer_owner_differs")


def check_place(around: standing.Around, catalog: Catalog, on: date) -> None:
    """P8 and P9: nothing live there yet, and no paid plan around it."""
    own, above = (around.holdings(rows, catalog.ranks, on) for rows in (around.own, around.above))
    check_purchase(own, above, on)


def check_nothing_waits(space: Space) -> None:
    """One change at a time waits for its money, in a space and those around it (C5)."""
    places = Q(space=space) | Q(space__organization=space) | Q(space__division=space)
    places |= Q(space__in=[pk for pk in (space.organization_id, space.division_id) if pk])
    if Change.objects.filter(places, status__in=WAITING).exists():
        raise ZetelError("change_pending")


def _check_wish(space: Space, wish: Wish, catalog: Catalog) -> None:
    plan, by_sales = catalog.plan(wish.plan), wish.agreed_amount is not None
    check_offer(plan, SpaceKind(space.kind), by_sales=by_sales)
    if not by_sales:
        check_size(
            wish.seats, plan
        )  # what sales offer was checked when they did, and may be above the ladder
    check_seats(space, wish.seats)


def check_size(seats: int, plan: Plan) -> None:
    """P4, P6: a size of the plan's ladder; above it sales take over."""
    ladder = plan.policy.ladder
    if seats > max(ladder):
        raise ZetelError("sales_only", seats=seats, largest=max(ladder))
    if seats not in ladder:
        raise ZetelError("seat_size_unknown", seats=seats, sizes=list(ladder))


def check_seats(space: Space, seats: int) -> None:
    """P5: not fewer seats than people counted; the refusal names them."""
    counted = standing.counted_people(space)
    if seats < counted:
        raise ZetelError("seats_in_use", seats=seats, counted=counted, members=standing.counted_names(space))
