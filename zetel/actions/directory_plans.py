"""What spaces may use now: whether a place has room, and the plan that each page names (rules S5, P9, E1).

One reading answers for any number of spaces of one organization with the same few queries.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from zetel.actions import standing
from zetel.models import CatalogVersion, Space, Subscription
from zetel.rules.billing import Terms
from zetel.rules.catalog import Catalog
from zetel.rules.coverage import Holding
from zetel.rules.entitlements import Entitlement, entitlement
from zetel.rules.periods import local_date
from zetel.rules.seats import SpaceKind
from zetel.rules.transitions import SubscriptionStatus
from zetel.rules.trials import terms_shown


def entitlements(spaces: Sequence[Space], now: datetime, catalog: Catalog) -> Mapping[uuid.UUID, Entitlement]:
    """What each space's people may use there, by the space's own, its division's and its organization's plan."""
    places = {pk for space in spaces for pk in (space.pk, space.division_id, space.organization_id) if pk}
    live = Subscription.objects.live().filter(space__in=places).select_related("space", "customer")
    terms = standing.terms_of([row.pk for row in live]) if live else {}
    today = {row.space_id: standing.day_of(row, terms[row.pk], now) for row in live if row.pk in terms}
    holdings = {
        row.space_id: _holding(row, terms[row.pk], today[row.space_id], catalog)
        for row in live
        if row.pk in terms
    }
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


def _holding(row: Subscription, terms: Sequence[Terms], on: date, catalog: Catalog) -> Holding:
    plan = terms_shown(terms, on).plan
    return Holding(
        subscription_id=row.public_id, space_id=row.space.public_id, space_kind=SpaceKind(row.space.kind), plan=plan,
        rank=catalog.plan(plan).rank, status=SubscriptionStatus(row.status), starts_on=row.started_on,
        ends_on=row.ends_on, trial_ends_on=row.trial_ends_on,
    )  # fmt: skip
