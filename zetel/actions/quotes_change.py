"""Quotes for a change of a live subscription: as an estimate while its owner chooses, and binding at the review (C6).

Seats, plan and cycle come as one wish; the rules say what of it happens now and what at the end of the paid period.
Cancelling, resuming and undoing cost nothing, but their pages show the same figures: what happens when, and what the
next invoice will be.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from zetel.actions import quotes, sales, settled
from zetel.actions.reasons import written
from zetel.actions.settled import Settled
from zetel.models import Offer, Person, Quote, Subscription
from zetel.rules import manual_invoices, offers
from zetel.rules.catalog import check_offer
from zetel.rules.errors import ZetelError
from zetel.rules.payments import quote_until
from zetel.rules.periods import Cycle
from zetel.rules.quotes import PricedChange, to_json
from zetel.rules.seats import SpaceKind
from zetel.rules.subscriptions import ChangePlan, Field, Wish, cancel, plan_change, resume, withdraw


@dataclass(frozen=True)
class ChangeEstimate:
    """A priced change and the subscription it was priced for."""

    priced: PricedChange
    held: Settled


def estimate_change(
    subscription: Subscription, wish: Wish, *, person: Person, now: datetime
) -> ChangeEstimate:
    """Price a wish without keeping anything; boundaries that went by are billed first (C12).

    Raises forbidden, past_due, no_subscription, no_change, resume_first, seats_in_use, seat_size_unknown, sales_only,
    not_offered, plan_unknown, price_unknown, period_unsettled.
    """
    return _estimate(subscription, person, now, lambda held: decide(held, wish))


def estimate_cancel(subscription: Subscription, *, person: Person, now: datetime) -> ChangeEstimate:
    """When it would end, and what that replaces; `no_change` when it ends already."""
    return _estimate(
        subscription, person, now, lambda held: cancel(held.terms, on=held.on, ends_on=held.ends_on)
    )


def estimate_resume(subscription: Subscription, *, person: Person, now: datetime) -> ChangeEstimate:
    """When it would renew, and for how much; `no_change` when it does not end."""
    return _estimate(
        subscription, person, now, lambda held: resume(held.terms, on=held.on, ends_on=held.ends_on)
    )


def estimate_withdraw(
    subscription: Subscription, fields: Iterable[Field], *, person: Person, now: datetime
) -> ChangeEstimate:
    """What would be left of the scheduled changes; `no_change` when none of these fields waits."""
    fields = tuple(fields)
    return _estimate(
        subscription,
        person,
        now,
        lambda held: withdraw(held.terms, fields=fields, on=held.on, price=held.price),
    )


def _estimate(
    subscription: Subscription, person: Person, now: datetime, decide: Callable[[Settled], ChangePlan]
) -> ChangeEstimate:
    with transaction.atomic():
        held = settled.hold(subscription.pk, person=person, now=now)
        settled.check_active(held)
        return ChangeEstimate(held.priced(decide(held)), held)


def estimate_offer(
    subscription: Subscription, offer: Offer, *, person: Person, now: datetime
) -> ChangeEstimate:
    """Price what sales offered for a plan that runs, at the offer's price. Raises what `estimate_change` raises."""
    return _estimate(subscription, person, now, lambda held: _decide_offer(held, offer)[1])


def bind_offer(subscription: Subscription, offer: Offer, *, person: Person, now: datetime) -> Quote:
    """The same as a binding quote, not beyond the offer's last moment (P6)."""
    return _bind(subscription, lambda held: _decide_offer(held, offer), person, now, offer)


def bind_change(subscription: Subscription, wish: Wish, *, person: Person, now: datetime) -> Quote:
    """Keep a binding quote for a change: valid for 30 minutes, never beyond the running period (C6).

    Raises what `estimate_change` raises, and `change_pending` while another change waits for its money.
    """
    return _bind(subscription, lambda held: (wish, decide(held, wish)), person, now)


def bind_for_sales(
    subscription: Subscription, wish: Wish, *, staff: Person, reason: str, now: datetime
) -> Quote:
    """The same for sales, of a plan on manual invoice: it stays yearly and large enough (G5, C10).

    Raises what `bind_change` raises, forbidden, manual_invoice_terms, reason_required, value_too_long.
    """
    words = written(reason)

    def decide_for_sales(held: Settled) -> Decision:
        present = held.present
        manual_invoices.check_plan(str(wish.cycle or present.cycle), wish.seats or present.seats)
        return wish, decide(held, wish, by_sales=True)

    return _bind(subscription, decide_for_sales, staff, now, words=words)


Decision = tuple[Wish, ChangePlan]


def _bind(
    subscription: Subscription,
    decide: Callable[[Settled], Decision],
    person: Person,
    now: datetime,
    offer: Offer | None = None,
    words: str = "",
) -> Quote:
    """Keep what was decided; with the `words` of staff it is theirs."""
    with transaction.atomic():
        quotes.check_nothing_waits(subscription.space)
        held = settled.hold(subscription.pk, person=person, now=now, by_sales=bool(words))
        settled.check_active(held)
        wish, plan = decide(held)
        priced = held.priced(plan)
        until = quote_until(now, held.subscription.next_bill_at)
        return Quote.objects.create(
            person=person,
            space=held.space,
            customer=held.customer,
            subscription=held.subscription,
            wish={
                "plan": wish.plan, "cycle": str(wish.cycle) if wish.cycle else None, "seats": wish.seats,
                "version": held.subscription.version, **(sales.wish(words) if words else {}),
            },
            body=to_json(priced),
            currency=held.present.currency,
            due_amount=priced.due,
            priced_on=priced.on,
            priced_at=now,
            expires_at=min(until, offer.valid_until) if offer else until,
            offer=offer,
            basis=held.basis,
        )  # fmt: skip


def decide(held: Settled, wish: Wish, *, by_sales: bool = False) -> ChangePlan:
    """What a wish does and when; refusals as `estimate_change`, but for those of rights and of status."""
    check_wish(held, wish, by_sales=by_sales)
    return plan_change(
        held.terms, wish=wish, on=held.on, price=held.price, ranks=held.catalog.ranks, ends_on=held.ends_on
    )


def _decide_offer(held: Settled, offer: Offer) -> Decision:
    """Only what differs is asked for; sizes and plans are what sales offered, but everybody counted fits (P5)."""
    present, cycle = held.present, Cycle(offer.cycle)
    if offer.currency != present.currency:
        raise ZetelError("currency_mismatch")
    wish = Wish(
        plan=offer.plan if offer.plan != present.plan else None,
        cycle=cycle if cycle != present.cycle else None,
        seats=offer.seats if offer.seats != present.seats else None,
    )
    if (wish.plan, wish.cycle) == (None, None) and offer.unit_amount != present.unit_amount:
        raise ZetelError("price_immutable")  # P2: a price stays while plan and cycle do
    quotes.check_seats(held.space, offer.seats)

    def price(plan: str, of_cycle: Cycle) -> int:
        return offer.unit_amount if (plan, of_cycle) == (offer.plan, cycle) else held.price(plan, of_cycle)

    return wish, plan_change(
        held.terms, wish=wish, on=held.on, price=price, ranks=held.catalog.ranks, ends_on=held.ends_on
    )


def check_wish(held: Settled, wish: Wish, *, by_sales: bool = False) -> None:
    """Another plan is offered for that kind of space (P1); other seats are on its ladder and hold all (P4, P5).

    Sales sell more: sizes above the ladder, and plans that nobody buys alone.
    """
    plan = held.catalog.plan(wish.plan or held.present.plan)
    if wish.plan and plan.code != held.present.plan:
        if plan.free:
            raise ZetelError("not_offered", plan=plan.code, kind=held.space.kind)
        check_offer(plan, SpaceKind(held.space.kind), by_sales=by_sales)
    if wish.seats is not None and wish.seats != held.present.seats:
        if by_sales:
            offers.check_seats(wish.seats, held.counted, plan.policy.ladder)
        else:
            quotes.check_size(wish.seats, plan)
        quotes.check_seats(held.space, wish.seats)
