"""Spaces: listing, making, naming and moving them (rules S1, S7, S8).

A person lists the spaces they are in; the installation lists all, and finds one by what the host product calls it.
"""

from datetime import datetime
from typing import Annotated, Literal

from django.db.models import Q
from ninja import Query, Router
from pydantic import Field, StringConstraints

from zetel import clock
from zetel.actions import directory
from zetel.api.callers import ApiRequest
from zetel.api.loading import load_place
from zetel.api.operations import operation
from zetel.api.values import (
    Country,
    ExternalId,
    ListQuery,
    Many,
    PersonId,
    Sent,
    Shown,
    SpaceId,
    Text,
    Zone,
    page_of,
    parse_id,
)
from zetel.models import Space
from zetel.models.ids import public_id
from zetel.models.spaces import DIVISION, ORGANIZATION, TEAM, WORKSPACE
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability

router = Router()
Kind = Literal["workspace", "organization", "division", "team"]
Domain = Annotated[str, StringConstraints(min_length=1, max_length=253), Field(examples=["acme.example"])]


class SpaceShown(Shown):
    id: SpaceId
    kind: Kind
    name: str = Field(examples=["Ontwerp"])
    organization: SpaceId | None
    division: SpaceId | None
    country: Country
    time_zone: Zone
    external_id: str | None
    created_by: PersonId | None
    created_at: datetime


class SpaceWanted(Sent):
    """A workspace or organization stands by itself; a team or division names its organization."""

    kind: Kind
    name: Text = Field(min_length=1, examples=["Ontwerp"])
    organization: SpaceId | None = None
    domain: Domain | None = Field(
        default=None, description="Of an organization: proved by the caller's address."
    )
    country: Country = Field(default="NL", description="Of a workspace or organization.")
    time_zone: Zone = Field(default="Europe/Amsterdam", description="Of a workspace or organization.")


class SpaceEdit(Sent):
    """What is left out stays. Documents keep the name of their day."""

    name: Text | None = Field(default=None, min_length=1)
    country: Country | None = None
    time_zone: Zone | None = None


class SpaceMove(Sent):
    division: SpaceId | None = Field(description="The division to put the team into; null takes it out.")


class SpacesQuery(ListQuery):
    kind: Kind | None = None
    organization: SpaceId | None = Field(default=None, description="Only what is inside this organization.")
    external_id: ExternalId | None = Field(default=None, description="As the host product calls it.")


def shown(space: Space) -> SpaceShown:
    """A space as anybody in it may see it."""
    return SpaceShown(
        id=space.public_id, kind=space.kind, name=space.name,
        organization=public_id("spc", space.organization_id) if space.organization_id else None,
        division=public_id("spc", space.division_id) if space.division_id else None, country=space.country,
        time_zone=space.time_zone, external_id=space.external_id,
        created_by=public_id("per", space.created_by_id) if space.created_by_id else None,
        created_at=space.created_at,
    )  # fmt: skip


@operation(router, "GET", "/spaces", answer=Many[SpaceShown])
def list_spaces(request: ApiRequest, query: Query[SpacesQuery]) -> Many[SpaceShown]:
    """The spaces the person is in, and what is inside those; for the installation all of them."""
    rows = Space.objects.all()
    if request.caller.person is not None:
        joined = Space.objects.joined_by(request.caller.person.pk).values("pk")
        rows = rows.filter(Q(pk__in=joined) | Q(division_teams__in=joined)).distinct()
    if query.kind:
        rows = rows.filter(kind=query.kind)
    if query.organization:
        rows = rows.filter(organization=parse_id("spc", query.organization))
    if query.external_id:
        rows = rows.filter(external_id=query.external_id)
    return page_of(rows, query, lambda found: [shown(row) for row in found])


@operation(
    router, "POST", "/spaces", answer=SpaceShown, status=201,
    codes=("name_invalid", "country_invalid", "time_zone_invalid", "domain_invalid", "domain_public", "domain_taken",
           "domain_not_proved", "space_kind_invalid"),
)  # fmt: skip
def create_space(request: ApiRequest, body: SpaceWanted) -> SpaceShown:
    """A new space with the caller as its first member and admin."""
    person, now = request.caller.somebody, clock.now()
    if body.kind == WORKSPACE:
        return shown(
            directory.create_workspace(
                name=body.name, country=body.country, time_zone=body.time_zone, person=person, now=now
            )
        )
    if body.kind == ORGANIZATION:
        if body.domain is None:
            raise ZetelError("value_required", field="domain")
        return shown(
            directory.create_organization(
                name=body.name, domain=body.domain, country=body.country, time_zone=body.time_zone, person=person,
                now=now,
            )
        )  # fmt: skip
    if body.organization is None:
        raise ZetelError("value_required", field="organization")
    wanted = Capability.TEAM_CREATE if body.kind == TEAM else Capability.SPACE_SETTINGS_EDIT
    around = load_place(request, body.organization, wanted).space
    if body.kind == TEAM:
        return shown(directory.create_team(organization=around, name=body.name, person=person, now=now))
    return shown(directory.create_division(organization=around, name=body.name, actor=person, now=now))


@operation(router, "GET", "/spaces/{space_id}", answer=SpaceShown)
def get_space(request: ApiRequest, space_id: SpaceId) -> SpaceShown:
    """One space."""
    return shown(load_place(request, space_id, Capability.SPACE_SEE).space)


@operation(
    router, "PATCH", "/spaces/{space_id}", answer=SpaceShown,
    codes=("name_invalid", "country_invalid", "time_zone_invalid"),
)  # fmt: skip
def edit_space(request: ApiRequest, space_id: SpaceId, body: SpaceEdit) -> SpaceShown:
    """A new name; of a workspace or organization also country and time zone."""
    place = load_place(request, space_id, Capability.SPACE_SETTINGS_EDIT)
    inside = place.space.kind in (TEAM, DIVISION)
    if inside and (body.country or body.time_zone):
        raise ZetelError("value_invalid", field="country" if body.country else "time_zone")
    edited = directory.edit_space(
        space=place.space, actor=place.actor, now=clock.now(), name=body.name or place.space.name,
        country=body.country or "", time_zone=body.time_zone or "",
    )  # fmt: skip
    return shown(edited)


@operation(
    router, "POST", "/spaces/{space_id}/move", answer=SpaceShown,
    codes=("no_change", "space_has_subscription", "space_kind_invalid", "billing_owner_required"),
)  # fmt: skip
def move_space(request: ApiRequest, space_id: SpaceId, body: SpaceMove) -> SpaceShown:
    """Put a team into a division of its organization, or take it out."""
    place = load_place(request, space_id, Capability.SPACE_SETTINGS_EDIT)
    division = (
        load_place(request, body.division, Capability.SPACE_SETTINGS_EDIT).space if body.division else None
    )
    return shown(
        directory.put_team_into_division(
            team=place.space, division=division, actor=place.actor, now=clock.now()
        )
    )
