"""Subscriptions: their terms, what is scheduled, and what costs nothing: cancel, resume, undo, hand over.

A billing owner sees the own ones, and those that ended as theirs; the host product sees which there are.
"""

from datetime import date, datetime
from typing import Any, Literal

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.access import held_by, load_space
from zetel.actions import cancellations, hand_over, seat_use, standing, trials
from zetel.api.callers import ApiRequest
from zetel.api.loading import colleague
from zetel.api.operations import operation
from zetel.api.values import (
    CustomerId,
    Cycle,
    ListQuery,
    Many,
    Money,
    Nothing,
    PersonId,
    Sent,
    Shown,
    SpaceId,
    SubscriptionId,
    Text,
    money,
    page_of,
    parse_id,
    the_one,
)
from zetel.models import Person, Subscription
from zetel.models.ids import public_id
from zetel.models.subscriptions import LIVE
from zetel.rules import subscriptions as rules
from zetel.rules.billing import Terms
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability

router = Router()
Status = Literal["trial", "active", "past_due", "ended"]


class TermsShown(Shown):
    """What counts from a day on; of two rows of one day the later counts."""

    starts_on: date
    plan: str = Field(examples=["premium"])
    cycle: Cycle
    seats: int
    unit_price: Money
    anchor_on: date


class ScheduledShown(Shown):
    field: Literal["plan", "cycle", "seats"]
    on: date
    old: str = Field(examples=["10"])
    new: str = Field(examples=["5"])


class SubscriptionShown(Shown):
    id: SubscriptionId
    space: SpaceId
    customer: CustomerId
    billing_owner: PersonId | None
    status: Status
    started_on: date
    ends_on: date | None = Field(description="When it will end, if it was cancelled.")
    ended_on: date | None
    end_reason: str
    trial_ends_on: date | None
    next_bill_at: datetime | None
    on_exceed: Literal["grow", "ask"]
    terms: list[TermsShown]
    scheduled: list[ScheduledShown]
    created_at: datetime


class SubscriptionsQuery(ListQuery):
    space: SpaceId | None = None
    status: Status | None = None


class CancelWanted(Sent):
    reason: Text = Field(default="", description="In the customer's own words.")


class WithdrawWanted(Sent):
    fields: list[Literal["plan", "cycle", "seats"]] = Field(min_length=1, max_length=3)


class HandOverWanted(Sent):
    to: PersonId


class SeatUseShown(Shown):
    subscription: SubscriptionId
    seats: int
    counted: int
    fullness: Literal["room", "nearly_full", "full", "exceeded"]
    overage_since: date | None
    grows_at: datetime | None


def happens(one: rules.Scheduled) -> ScheduledShown:
    return ScheduledShown(field=one.field.value, on=one.on, old=str(one.old), new=str(one.new))


def shown_all(rows: list[Subscription]) -> list[SubscriptionShown]:
    """A page of them with two queries for all terms."""
    terms = standing.terms_of([row.pk for row in rows]) if rows else {}
    return [_shown(row, terms.get(row.pk, ())) for row in rows]


def shown(row: Subscription) -> SubscriptionShown:
    return shown_all([load_row(row.pk)])[0]


def _shown(row: Subscription, terms: tuple[Terms, ...]) -> SubscriptionShown:
    waiting: tuple[rules.Scheduled, ...] = ()
    if row.status in ("active", "past_due") and terms:
        on = standing.day_of(row, terms, clock.now())
        waiting = rules.scheduled(terms, on=on, ends_on=row.ends_on)
    owner = row.customer.billing_owner_id if row.status in LIVE else row.last_owner_id
    return SubscriptionShown(
        id=row.public_id, space=public_id("spc", row.space_id), customer=public_id("cus", row.customer_id),
        billing_owner=public_id("per", owner) if owner else None, status=row.status, started_on=row.started_on,
        ends_on=row.ends_on, ended_on=row.ended_on, end_reason=row.end_reason, trial_ends_on=row.trial_ends_on,
        next_bill_at=row.next_bill_at, on_exceed=row.on_exceed, created_at=row.created_at,
        terms=[
            TermsShown(
                starts_on=one.starts_on, plan=one.plan, cycle=str(one.cycle), seats=one.seats,
                unit_price=money(one.unit_amount, one.currency), anchor_on=one.anchor_on,
            )
            for one in terms
        ],
        scheduled=[happens(one) for one in waiting],
    )  # fmt: skip


def load_row(pk: Any) -> Subscription:
    rows = Subscription.objects.select_related(
        "space__organization", "space__division", "customer__billing_owner"
    )
    return rows.get(pk=pk)


def visible(request: ApiRequest) -> QuerySet[Subscription]:
    """Those a billing owner holds, or held last; those of the customer staff act for; for the installation all."""
    rows = Subscription.objects.select_related("space", "customer")
    person, behalf = request.caller.person, request.caller.behalf
    if behalf is not None:
        return rows.filter(status__in=LIVE, customer=behalf.acting.customer)
    if person is None:
        return rows
    return rows.filter(held_by(person))


def load(request: ApiRequest, subscription_id: str, capability: Capability) -> tuple[Subscription, Person]:
    """A live one for an act, and whose act it is: the billing owner's, also where staff act for them.

    Who is in its space without the right is told so, others that there is none (R8).
    """
    request.caller.check_names_somebody()
    row = the_one(Subscription.objects.all(), subscription_id)
    owner = load_space(request, row.space_id, capability).person
    if row.status not in LIVE:
        raise ZetelError("no_subscription")
    return load_row(row.pk), owner


@operation(router, "GET", "/subscriptions", answer=Many[SubscriptionShown])
def list_subscriptions(request: ApiRequest, query: Query[SubscriptionsQuery]) -> Many[SubscriptionShown]:
    """Subscriptions, newest first."""
    rows = visible(request)
    if query.space:
        rows = rows.filter(space=parse_id("spc", query.space))
    if query.status:
        rows = rows.filter(status=query.status)
    return page_of(rows, query, shown_all)


@operation(router, "GET", "/subscriptions/{subscription_id}", answer=SubscriptionShown)
def get_subscription(request: ApiRequest, subscription_id: SubscriptionId) -> SubscriptionShown:
    """One subscription with its terms."""
    row = the_one(Subscription.objects.all(), subscription_id)
    if not visible(request).filter(pk=row.pk).exists():
        load_space(
            request, row.space_id, Capability.BILLING_SEE
        )  # who is inside without the right is told so (R8)
        raise ZetelError("not_found")
    return shown(row)


@operation(
    router, "POST", "/subscriptions/{subscription_id}/cancel", answer=SubscriptionShown,
    codes=("no_subscription", "no_change", "manual_invoice_only", "period_unsettled"),
)  # fmt: skip
def cancel_subscription(
    request: ApiRequest, subscription_id: SubscriptionId, body: CancelWanted
) -> SubscriptionShown:
    """End it with the paid period; what is past due ends at once, a trial on its last day."""
    row, owner = load(request, subscription_id, Capability.BILLING_MANAGE)
    act = trials.cancel if row.status == "trial" else cancellations.cancel
    return shown(act(row, actor=owner, now=clock.now(), reason=body.reason))


@operation(
    router, "POST", "/subscriptions/{subscription_id}/resume", answer=SubscriptionShown,
    codes=("no_subscription", "no_change", "change_pending", "past_due", "manual_invoice_only", "not_resumable",
           "period_unsettled"),
)  # fmt: skip
def resume_subscription(
    request: ApiRequest, subscription_id: SubscriptionId, body: Nothing
) -> SubscriptionShown:
    """Take a cancellation back, until the end."""
    row, owner = load(request, subscription_id, Capability.BILLING_MANAGE)
    act = trials.resume if row.status == "trial" else cancellations.resume
    return shown(act(row, actor=owner, now=clock.now()))


@operation(
    router, "POST", "/subscriptions/{subscription_id}/withdraw", answer=SubscriptionShown,
    codes=("no_subscription", "no_change", "change_pending", "past_due", "manual_invoice_only", "price_unknown",
           "period_unsettled"),
)  # fmt: skip
def withdraw_scheduled(
    request: ApiRequest, subscription_id: SubscriptionId, body: WithdrawWanted
) -> SubscriptionShown:
    """Undo what is scheduled for these fields."""
    row, owner = load(request, subscription_id, Capability.BILLING_MANAGE)
    wanted = [rules.Field(name) for name in body.fields]
    return shown(cancellations.withdraw(row, wanted, actor=owner, now=clock.now()))


@operation(
    router, "POST", "/subscriptions/{subscription_id}/hand-over", answer=SubscriptionShown,
    codes=("no_subscription", "no_change", "not_member", "past_due"),
)  # fmt: skip
def hand_over_billing(
    request: ApiRequest, subscription_id: SubscriptionId, body: HandOverWanted
) -> SubscriptionShown:
    """Give billing to another member of the space, at once."""
    row, owner = load(request, subscription_id, Capability.HAND_OVER)
    hand_over.give(row, to=colleague(row.space, body.to), actor=owner, now=clock.now())
    return shown(row)


@operation(
    router, "GET", "/subscriptions/{subscription_id}/seat-use", answer=SeatUseShown, codes=("no_subscription",)
)  # fmt: skip
def get_seat_use(request: ApiRequest, subscription_id: SubscriptionId) -> SeatUseShown:
    """Seats bought and people counted."""
    row = the_one(Subscription.objects.all(), subscription_id)
    if request.caller.person is not None:
        load_space(request, row.space_id, Capability.SEATUSE_SEE)
    use = seat_use.of(row.pk, clock.now())
    if use is None:
        raise ZetelError("no_subscription")
    return SeatUseShown(
        subscription=row.public_id, seats=use.seats, counted=use.counted, fullness=str(use.fullness),
        overage_since=use.overage.first_on if use.overage else None,
        grows_at=use.overage.grow_at if use.overage else None,
    )  # fmt: skip
