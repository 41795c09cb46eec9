"""People: oneself, and for the host product all whom it knows (rule S4).

What the host reports of a person counts as true, their address as verified: it has its own log-in.
"""

from datetime import datetime

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.actions import directory_account, directory_sync
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.values import (
    Email,
    ExternalId,
    KeyId,
    Language,
    ListQuery,
    Many,
    PersonId,
    Sent,
    Shown,
    Text,
    Zone,
    page_of,
    the_one,
)
from zetel.models import Person
from zetel.rules.errors import ZetelError
from zetel.rules.keys import Scope

router = Router()
_REFUSALS = ("name_invalid", "email_invalid", "language_invalid", "time_zone_invalid", "email_taken",
             "external_id_taken")  # fmt: skip


class PersonShown(Shown):
    id: PersonId
    name: str = Field(examples=["Anna"])
    email: Email
    language: str = Field(examples=["nl"])
    time_zone: str = Field(examples=["Europe/Amsterdam"])
    external_id: str | None
    is_active: bool
    is_machine: bool
    created_at: datetime


class CallerShown(Shown):
    key: KeyId
    scopes: list[Scope]
    person: PersonShown | None = Field(description="Whose rights count; null for the installation itself.")


class PersonWanted(Sent):
    email: Email
    name: Text = Field(min_length=1, examples=["Anna"])
    language: Language = "en"
    time_zone: Zone = "Europe/Amsterdam"
    external_id: ExternalId | None = Field(default=None, description="As the host product calls them.")


class PersonEdit(Sent):
    """What is left out stays."""

    name: Text | None = Field(default=None, min_length=1)
    language: Language | None = None
    time_zone: Zone | None = None


class PeopleQuery(ListQuery):
    email: Email | None = None
    external_id: ExternalId | None = None


def shown(row: Person) -> PersonShown:
    return PersonShown(
        id=row.public_id, name=row.name, email=row.email, language=row.language, time_zone=row.time_zone,
        external_id=row.external_id, is_active=row.is_active, is_machine=row.is_machine, created_at=row.created_at,
    )  # fmt: skip


def _known(request: ApiRequest) -> QuerySet[Person]:
    """The installation knows everybody; a person here only themself. Colleagues are people of a space."""
    person = request.caller.person
    return Person.objects.all() if person is None else Person.objects.filter(pk=person.pk)


def _load(request: ApiRequest, person_id: str) -> Person:
    return the_one(_known(request), person_id)


@operation(router, "GET", "/me", answer=CallerShown)
def get_me(request: ApiRequest) -> CallerShown:
    """The key that asks, and the person whose rights count."""
    caller = request.caller
    return CallerShown(
        key=caller.key.public_id,
        scopes=caller.key.scopes,
        person=shown(caller.person) if caller.person else None,
    )


@operation(router, "GET", "/people", answer=Many[PersonShown])
def list_people(request: ApiRequest, query: Query[PeopleQuery]) -> Many[PersonShown]:
    """For the installation everybody, newest first; for a person themself."""
    rows = _known(request)
    if query.email:
        rows = rows.filter(email=query.email.lower())
    if query.external_id:
        rows = rows.filter(external_id=query.external_id)
    return page_of(rows, query, lambda found: [shown(row) for row in found])


@operation(router, "POST", "/people", answer=PersonShown, status=201, codes=_REFUSALS)
def create_person(request: ApiRequest, body: PersonWanted) -> PersonShown:
    """For the installation: a person whose address counts as verified."""
    if request.caller.person is not None:
        raise ZetelError("forbidden")
    made = directory_sync.create_person(
        email=body.email, name=body.name, language=body.language, time_zone=body.time_zone,
        external_id=body.external_id, now=clock.now(),
    )  # fmt: skip
    return shown(made)


@operation(router, "GET", "/people/{person_id}", answer=PersonShown)
def get_person(request: ApiRequest, person_id: PersonId) -> PersonShown:
    """One person."""
    return shown(_load(request, person_id))


@operation(router, "PATCH", "/people/{person_id}", answer=PersonShown, codes=_REFUSALS)
def edit_person(request: ApiRequest, person_id: PersonId, body: PersonEdit) -> PersonShown:
    """A new name, language or time zone."""
    row = _load(request, person_id)
    directory_account.edit_profile(
        person=row, name=body.name or row.name, language=body.language or row.language,
        time_zone=body.time_zone or row.time_zone, now=clock.now(),
    )  # fmt: skip
    return shown(row)
