"""How the seats of live subscriptions are used now, and what it would cost if a subscription grew (rules C8, S3).

Everything here reads. For any number of subscriptions of one organization it is the same few queries.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from zetel.actions import dues, standing
from zetel.models import CatalogVersion, Customer, Membership, Overage, Person, Space, Subscription
from zetel.models.spaces import DIVISION
from zetel.rules.billing import Terms
from zetel.rules.catalog import SeatPolicy
from zetel.rules.errors import ZetelError
from zetel.rules.overages import Obstacle, obstacle
from zetel.rules.periods import local_date
from zetel.rules.quotes import PricedChange, Standing, price_change
from zetel.rules.seats import Fullness, fullness, smallest_fit
from zetel.rules.subscriptions import grow
from zetel.rules.transitions import SubscriptionStatus
from zetel.rules.trials import terms_shown


@dataclass(frozen=True)
class SeatUse:
    """One live subscription: its seats on a day, who is counted, and the open overage if there is one."""

    subscription: Subscription
    terms: tuple[Terms, ...]
    on: date
    counted: int
    overage: Overage | None

    @property
    def space(self) -> Space:
        return self.subscription.space

    @property
    def customer(self) -> Customer:
        return self.subscription.customer

    @cached_property
    def present(self) -> Terms:
        """The terms that count on the day; of a trial those that begin with its end."""
        return terms_shown(self.terms, self.on)

    @property
    def seats(self) -> int:
        return self.present.seats

    @property
    def fullness(self) -> Fullness:
        return fullness(self.counted, self.seats)

    @cached_property
    def policy(self) -> SeatPolicy:
        plan = CatalogVersion.objects.current().plans.get(self.present.plan)
        return plan.policy if plan else SeatPolicy()

    @property
    def fits(self) -> int | None:
        """The smallest size that holds everybody; None above the ladder."""
        return smallest_fit(self.counted, self.policy.ladder)

    @property
    def obstacle(self) -> Obstacle | None:
        """Why it does not grow by itself."""
        return obstacle(
            status=SubscriptionStatus(self.subscription.status), ends_on=self.subscription.ends_on,
            chosen=self.subscription.on_exceed, policy=self.policy, counted=self.counted,
            manual=self.subscription.is_manual,
        )  # fmt: skip

    @property
    def declined(self) -> bool:
        """A growth was not paid: nobody new until it is."""
        return self.overage is not None and self.overage.declined_at is not None


def in_tree(space: Space, now: datetime) -> list[SeatUse]:
    """Every live subscription of the organization or workspace that a space belongs to, by id."""
    return _with_overages(_read(Q(space=space.root_id) | Q(space__organization=space.root_id), now))


def over(space: Space, now: datetime, *, owner: Person | None = None) -> list[SeatUse]:
    """Those of the space itself and of what it is in, whose seats somebody takes who joins it; `owner` sees theirs."""
    places = Q(space__in=[pk for pk in (space.pk, space.division_id, space.organization_id) if pk])
    return with_overages(_read(places & Q(customer__billing_owner=owner) if owner else places, now))


def of(subscription_id: uuid.UUID, now: datetime) -> SeatUse | None:
    """One of them, if it is live."""
    return next(iter(with_overages(_read(Q(pk=subscription_id), now))), None)


def with_overages(uses: Sequence[SeatUse]) -> list[SeatUse]:
    """With the open overage of each: who has a seat for everybody has none, so most readers need not ask."""
    exceeded = any(use.fullness is Fullness.EXCEEDED for use in uses)
    return _with_overages(uses) if exceeded else list(uses)


def _with_overages(uses: Sequence[SeatUse]) -> list[SeatUse]:
    rows = Overage.objects.filter(subscription__in=[use.subscription for use in uses], status="open")
    found = {row.subscription_id: row for row in rows} if uses else {}
    return [replace(use, overage=found.get(use.subscription.pk)) for use in uses]


def _read(places: Q, now: datetime) -> list[SeatUse]:
    rows = Subscription.objects.live().filter(places).order_by("id")
    live = list(rows.select_related("space", "customer__billing_owner"))
    if not live:
        return []
    terms, counted = standing.terms_of([row.pk for row in live]), counted_in([row.space for row in live])
    return [
        SeatUse(row, terms[row.pk], day_of(row, terms[row.pk], now), counted.get(row.space_id, 0), None)
        for row in live
        if row.pk in terms
    ]


def counted_in(spaces: Sequence[Space]) -> dict[uuid.UUID, int]:
    """People who take a seat, by space; those of a division are the people of its teams, each once (S3)."""
    people, distinct = Membership.objects.counted().order_by(), Count("person_id", distinct=True)
    places = [space.pk for space in spaces if space.kind != DIVISION]
    divisions = [space.pk for space in spaces if space.kind == DIVISION]
    found: dict[uuid.UUID, int] = {}
    if places:
        own = people.filter(space__any=places).values_list("space_id")
        found |= dict(own.annotate(count=distinct))
    if divisions:
        inner = people.filter(space__division__in=divisions).values_list("space__division_id")
        found |= dict(inner.annotate(count=distinct))
    return found


def day_of(subscription: Subscription, terms: Sequence[Terms], now: datetime) -> date:
    """The day in the running period; past its end, while it is not billed yet, still its last day."""
    today = standing.day_of(subscription, terms, now)
    if subscription.next_bill_at is None:
        return today
    zone = ZoneInfo(subscription.time_zone or subscription.customer.time_zone)
    return min(today, local_date(subscription.next_bill_at, zone) - timedelta(days=1))


def price_growth(use: SeatUse, seats: int, on: date) -> PricedChange | None:
    """What more seats would cost from a day of the running period; None past its end or where nothing was billed."""
    subscription = use.subscription
    billed = standing.billed_of([subscription.pk]).get(subscription.pk, ())
    if not billed or on >= standing.paid_until(billed):
        return None
    stands = Standing(
        str(subscription.pk), use.terms, billed, books=dues.books_of([subscription.pk])[subscription.pk],
        same_customer=True,
    )  # fmt: skip
    try:
        plan = grow(use.terms, seats=seats, on=on, ends_on=subscription.ends_on)
    except ZetelError:  # it ends before, or waits with more already
        return None
    return price_change(
        plan, stands, on=on, counted=use.counted,
        balance=standing.balance_of(use.customer, use.present.currency),
        treatment_on=lambda day: standing.treatment_of(use.space, use.customer, day),
    )  # fmt: skip


def told(use: SeatUse, overage: Overage, now: datetime) -> dict[str, Any]:
    """What the owner is told of an overage: people, seats, and when it grows to what size for how much, or why not."""
    facts: dict[str, Any] = {
        "counted": use.counted,
        "seats": use.seats,
        "first_on": overage.first_on.isoformat(),
    }
    if use.obstacle is not None or use.fits is None:
        return facts | {"obstacle": str(use.obstacle or Obstacle.ABOVE_LADDER)}
    on = max(local_date(overage.resizes_at, ZoneInfo(use.customer.time_zone)), use.on)
    facts |= {"fits": use.fits, "resizes_on": on.isoformat()}
    priced = price_growth(use, use.fits, on)
    if priced is None:  # the renewal comes first and buys what fits (C7)
        return facts | {"resizes_on": _boundary(use).isoformat(), "renews": True}
    return facts | {"amount": priced.document.total, "currency": use.present.currency}


def _boundary(use: SeatUse) -> date:
    return use.present.period_at(use.on).end
