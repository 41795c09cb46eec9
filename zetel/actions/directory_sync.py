"""A directory that the host product feeds in bulk, by the ids it has for its own people and spaces (rules S4, R6).

What it reports is accepted as it is: people are made or changed, come in or are gone, and nobody is asked. Sending the
same again changes nothing, so a host may send everything it knows each night.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from zetel.actions import directory_account, directory_host, directory_people
from zetel.actions._change import lock_space
from zetel.models import Membership, Person, Space
from zetel.rules import names
from zetel.rules.errors import ZetelError

REPORTED_MAX = 500  # people in one report


@dataclass(frozen=True)
class Reported:
    """One person as the host knows them. `is_active` is false for one who is paused there."""

    external_id: str
    email: str
    name: str
    language: str = "en"
    time_zone: str = "Europe/Amsterdam"
    is_active: bool = True
    is_admin: bool = False


@dataclass
class Report:
    """What came of it, by the host's ids; `refused` says why somebody could not come in."""

    created: list[str]
    changed: list[str]
    joined: list[str]
    removed: list[str]
    refused: dict[str, str]


def create_person(
    *, email: str, name: str, language: str, time_zone: str, external_id: str | None, now: datetime
) -> Person:
    """A person whose address counts as verified. Raises email_taken, external_id_taken, and those of a profile."""
    address = names.email(email)
    _check_free(address, external_id)
    try:
        with transaction.atomic():
            person = directory_account.create_person(
                email=address, name=name, language=language, time_zone=time_zone, now=now
            )
            if external_id is not None:
                Person.objects.filter(pk=person.pk).update(external_id=external_id)
                person.external_id = external_id
    except IntegrityError:  # another request made the person between our look and our write
        _check_free(address, external_id)
        raise
    return person


def _check_free(address: str, external_id: str | None) -> None:
    if EmailAddress.objects.filter(email=address, verified=True).exists() or _has(email=address):
        raise ZetelError("email_taken", field="email")
    if external_id is not None and _has(external_id=external_id):
        raise ZetelError("external_id_taken", field="external_id")


def name_space(space: Space, external_id: str | None) -> Space:
    """Keep what the host calls a space; external_id_taken when another is called so."""
    with transaction.atomic():
        space = lock_space(space)
        try:
            with transaction.atomic():
                Space.objects.filter(pk=space.pk).update(external_id=external_id)
        except IntegrityError as error:
            raise ZetelError("external_id_taken", field="external_id") from error
        space.external_id = external_id
    return space


def sync(*, space: Space, people: Sequence[Reported], is_whole: bool, now: datetime) -> Report:
    """Bring the people of a space in line with a report. With `is_whole`, whom the host knows and did not name is gone.

    People whom the host never named by an id of its own are left alone.
    """
    if len(people) > REPORTED_MAX:
        raise ZetelError("value_too_long", field="people", limit=REPORTED_MAX)
    named = [one.external_id for one in people]
    if len(set(named)) != len(named):
        raise ZetelError("value_invalid", field="people")
    report = Report([], [], [], [], {})
    with transaction.atomic():
        space = lock_space(space)
        for one in people:
            _bring_in_line(space, _person(one, report, now), one, report, now)
        if is_whole:
            stays = Membership.objects.filter(space=space, left_at=None, person__external_id__isnull=False)
            for stay in stays.exclude(person__external_id__in=named).select_related("person"):
                directory_host.removed(space=space, person=stay.person, now=now)
                report.removed.append(str(stay.person.external_id))
    return report


def _person(one: Reported, report: Report, now: datetime) -> Person:
    """Known by the host's id, else by address, else new."""
    row = Person.objects.filter(external_id=one.external_id).first()
    if row is None:
        row = Person.objects.filter(email=names.email(one.email), external_id=None, staff_role="").first()
        if row is None:
            report.created.append(one.external_id)
            return create_person(
                email=one.email, name=one.name, language=one.language, time_zone=one.time_zone,
                external_id=one.external_id, now=now,
            )  # fmt: skip
        Person.objects.filter(pk=row.pk).update(external_id=one.external_id)
        row.external_id = one.external_id
    before = (row.name, row.language, row.time_zone)
    directory_account.edit_profile(
        person=row, name=one.name, language=one.language, time_zone=one.time_zone, now=now
    )
    if (row.name, row.language, row.time_zone) != before:
        report.changed.append(one.external_id)
    return row


def _bring_in_line(space: Space, person: Person, one: Reported, report: Report, now: datetime) -> None:
    stay = Membership.objects.filter(space=space, person=person, left_at=None).first()
    try:
        with transaction.atomic():
            if stay is None and one.is_active:
                stay = directory_people.add_person(space=space, person=person, actor=None, now=now)
                report.joined.append(one.external_id)
            elif stay is not None and stay.is_active and not one.is_active:
                directory_host.deactivated(space=space, person=person, now=now)
                report.changed.append(one.external_id)
                return
            elif stay is not None and not stay.is_active and one.is_active:
                directory_people.reactivate(space=space, person=person, actor=None, now=now)
                report.changed.append(one.external_id)
            if stay is not None and one.is_active and stay.is_admin != one.is_admin:
                directory_people.set_admin(
                    space=space, person=person, is_admin=one.is_admin, actor=None, now=now
                )
    except ZetelError as error:
        report.refused[one.external_id] = error.code


def _has(**which: str) -> bool:
    return Person.objects.filter(**which).exists()
