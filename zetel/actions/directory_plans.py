"""What spaces may use now: whether a place has room, and the plan that each page names (rules S5, P9, E1).

One reading answers for any number of spaces of one organization with the same few queries.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from zetel.models import CatalogVersion, Space, Subscription, SubscriptionTerms
from zetel.rules.catalog import Catalog
from zetel.rules.coverage import Holding
from zetel.rules.entitlements import Entitlement, entitlement
from zetel.rules.periods import local_date
from zetel.rules.seats import SpaceKind
from zetel.rules.transitions import SubscriptionStatus


def entitlements(spaces: Sequence[Space], now: datetime, catalog: Catalog) -> Mapping[uuid.UUID, Entitlement]:
    """What each space's people may use there, by the space's own, its division's and its organization's plan."""
    places = {pk for space in spaces for pk in (space.pk, space.division_id, space.organization_id) if pk}
    live = Subscription.objects.live().filter(space__in=places).select_related("space", "customer")
    days = {row.pk: local_date(now, ZoneInfo(row.customer.time_zone)) for row in live}
    plans = _plans(days)
    holdings = {row.space_id: _holding(row, plans[row.pk], catalog) for row in live if row.pk in plans}
    today = {row.space_id: days[row.pk] for row in live}
    return {
        space.pk: _entitlement(
            catalog, (space.pk, space.division_id, space.organization_id), holdings, today, space, now
        )
        for space in spaces
    }


def entitled(space: Space, now: datetime) -> Entitlement:
    """The same for one space."""
    return entitlements([space], now, CatalogVersion.objects.current())[space.pk]


def _entitlement(
    catalog: Catalog,
    places: Iterable[uuid.UUID | None],
    holdings: Mapping[uuid.UUID, Holding],
    today: Mapping[uuid.UUID, date],
    space: Space,
    now: datetime,
) -> Entitlement:
    around = [pk for pk in places if pk in holdings]
    # Until there is a customer the space's own zone counts (M3).
    on = max((today[pk] for pk in around if pk), default=local_date(now, ZoneInfo(space.time_zone)))
    return entitlement(catalog, [holdings[pk] for pk in around if pk], on)


def _plans(days: Mapping[uuid.UUID, date]) -> dict[uuid.UUID, str]:
    """The plan of each subscription by the terms of its day; of two on one day the later row counts."""
    rows = SubscriptionTerms.objects.filter(subscription_id__in=days).order_by("starts_on", "id")
    plans: dict[uuid.UUID, str] = {}
    for subscription_id, plan, starts_on in rows.values_list("subscription_id", "plan", "starts_on"):
        if starts_on <= days[subscription_id] or subscription_id not in plans:
            plans[subscription_id] = plan
    return plans


def _holding(row: Subscription, plan: str, catalog: Catalog) -> Holding:
    return Holding(
        subscription_id=row.public_id, space_id=row.space.public_id, space_kind=SpaceKind(row.space.kind), plan=plan,
        rank=catalog.plan(plan).rank, status=SubscriptionStatus(row.status), starts_on=row.started_on,
        ends_on=row.ends_on,
    )  # fmt: skip
