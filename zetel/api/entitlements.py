"""What people may use, where, now (rules E1, E2): one person in one place, or everybody in an organization at once.

The whole answer carries an ETag: who has it asks with If-None-Match and is told 304 while it is the same.
"""

import hashlib
from datetime import date
from typing import Annotated, Literal

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field, StringConstraints

from zetel import clock
from zetel.access import load_space
from zetel.actions import entitlements, seat_use
from zetel.api.callers import ApiRequest
from zetel.api.loading import Place, load_place
from zetel.api.operations import operation
from zetel.api.reading import JSON
from zetel.api.values import PersonId, Sent, Shown, SpaceId, SubscriptionId, parse_id
from zetel.models import Person, Subscription
from zetel.models.ids import public_id
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability

router = Router()
Feature = Annotated[str, StringConstraints(min_length=1, max_length=64), Field(examples=["timeline"])]


class EntitlementShown(Shown):
    person: PersonId
    space: SpaceId
    plan: str = Field(examples=["premium"])
    features: list[str]
    limits: dict[str, int]
    source: Literal["free", "paid", "trial", "grace", "nobody"] = Field(
        description="Why; `nobody` is not there."
    )
    subscription: SubscriptionId | None
    holds_until: date | None = Field(description="The first day on which it may differ by itself.")
    feature: bool | None = Field(description="Whether the feature that was asked about may be used.")
    seats: int | None = Field(description="Of the own plan of the place, for who may see its seats.")
    seats_used: int | None


class HeldShown(Shown):
    person: PersonId
    space: SpaceId
    plan: str = Field(examples=["premium"])
    source: Literal["free", "paid", "trial", "grace", "nobody"]
    holds_until: date | None


class PlanHeld(Shown):
    features: list[str]
    limits: dict[str, int]


class AllEntitlements(Shown):
    space: SpaceId = Field(description="The organization or workspace.")
    plans: dict[str, PlanHeld]
    data: list[HeldShown]


class EntitlementQuery(Sent):
    space: SpaceId
    person: PersonId | None = Field(default=None, description="The caller unless given.")
    feature: Feature | None = None


@operation(router, "GET", "/entitlements", answer=EntitlementShown, codes=("person_required",))
def get_entitlement(request: ApiRequest, query: Query[EntitlementQuery]) -> EntitlementShown:
    """What one person may use in one place. People ask for themselves, the host product for anybody."""
    place = load_place(request, query.space, Capability.ENTITLEMENT_SEE)
    person = place.actor
    if query.person is not None:
        asked = parse_id("per", query.person)
        if person is not None and person.pk != asked:
            raise ZetelError("forbidden")
        person = Person.objects.filter(pk=asked).first()
    if person is None:
        raise ZetelError("person_required" if query.person is None else "not_found", field="person")
    held = entitlements.of_person(person, place.space, now=clock.now())
    seats, used = _seats(place)
    return EntitlementShown(
        person=person.public_id, space=place.space.public_id, plan=held.plan, features=sorted(held.features),
        limits=dict(held.limits), source=str(held.source), subscription=held.subscription_id,
        holds_until=held.holds_until, feature=held.has(query.feature) if query.feature else None, seats=seats,
        seats_used=used,
    )  # fmt: skip


def _seats(place: Place) -> tuple[int | None, int | None]:
    """Seats of the place's own plan, for the host and the billing owner (E2)."""
    if not place.may(Capability.SEATUSE_SEE):
        return None, None
    row = Subscription.objects.live().filter(space=place.space).first()
    use = seat_use.of(row.pk, clock.now()) if row else None
    return (use.seats, use.counted) if use else (None, None)


@operation(
    router, "GET", "/spaces/{space_id}/entitlements", answer=AllEntitlements, also={304: None}
)  # fmt: skip
def list_entitlements(request: ApiRequest, space_id: SpaceId) -> HttpResponse:
    """For the installation: everybody in an organization or workspace, with an ETag. 304 while `If-None-Match` is
    still right."""
    if request.caller.person is not None:
        load_space(request, parse_id("spc", space_id), Capability.SPACE_SEE)
        raise ZetelError("forbidden")
    place = load_place(request, space_id, Capability.ENTITLEMENT_SEE)
    held = entitlements.in_tree(place.space, now=clock.now())
    plans = {
        one.plan: PlanHeld(features=sorted(one.features), limits=dict(one.limits)) for one in held.values()
    }
    told = AllEntitlements(
        space=public_id("spc", place.space.root_id), plans=dict(sorted(plans.items())),
        data=[
            HeldShown(
                person=public_id("per", person), space=public_id("spc", where), plan=one.plan,
                source=str(one.source), holds_until=one.holds_until,
            )
            for (person, where), one in sorted(held.items())
        ],
    )  # fmt: skip
    body = told.model_dump_json()
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    fresh = tag in [
        one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")
    ]
    answer = HttpResponse(status=304) if fresh else HttpResponse(body, content_type=JSON)
    answer["ETag"], answer["Cache-Control"] = tag, "private, no-cache"
    return answer
