"""Events: what was recorded, who did it, through which key, before and after (rule X13).

The host product reads all of them in order; a billing owner those of the own plans that the timeline shows.
"""

from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router
from pydantic import Field, StringConstraints

from zetel.access import held_by
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.values import (
    CustomerId,
    EventId,
    InvoiceId,
    KeyId,
    ListQuery,
    Many,
    PersonId,
    Shown,
    SpaceId,
    SubscriptionId,
    page_of,
    parse_id,
)
from zetel.models import Event
from zetel.models.ids import public_id
from zetel.rules.event_types import ON_TIMELINE, EventType

router = Router()


class EventShown(Shown):
    id: EventId
    type: str = Field(examples=["subscription.bought"])
    at: datetime
    actor: PersonId | None = Field(description="Who did it; null for the installation itself.")
    on_behalf_of: PersonId | None
    key: KeyId | None = Field(description="Through which key.")
    reason: str = Field(description="The written reason of staff.", examples=[""])
    space: SpaceId | None
    customer: CustomerId | None
    subscription: SubscriptionId | None
    invoice: InvoiceId | None
    before: dict[str, Any]
    after: dict[str, Any]


class EventsQuery(ListQuery):
    type: EventType | None = None
    space: SpaceId | None = None
    subscription: SubscriptionId | None = None
    since: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None, description="Only events after the one with this id."
    )


@operation(router, "GET", "/events", answer=Many[EventShown])
def list_events(request: ApiRequest, query: Query[EventsQuery]) -> Many[EventShown]:
    """Events, newest first."""
    rows, person = Event.objects.all(), request.caller.person
    if person is not None:
        rows = rows.filter(held_by(person, "subscription__"), kind__in=ON_TIMELINE)
    if query.type:
        rows = rows.filter(kind=query.type)
    if query.space:
        rows = rows.filter(space=parse_id("spc", query.space))
    if query.subscription:
        rows = rows.filter(subscription=parse_id("sub", query.subscription))
    if query.since:
        rows = rows.filter(pk__gt=parse_id("evt", query.since))
    return page_of(rows, query, lambda found: [_shown(row) for row in found])


def _shown(row: Event) -> EventShown:
    def named(prefix: str, value: Any) -> str | None:
        return public_id(prefix, value) if value else None

    return EventShown(
        id=row.public_id, type=row.kind, at=row.at, actor=named("per", row.actor_id),
        on_behalf_of=named("per", row.on_behalf_of_id), key=named("key", row.api_key_id), reason=row.reason,
        space=named("spc", row.space_id), customer=named("cus", row.customer_id),
        subscription=named("sub", row.subscription_id), invoice=named("inv", row.invoice_id), before=row.before,
        after=row.after,
    )  # fmt: skip
