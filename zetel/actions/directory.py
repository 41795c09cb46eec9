"""Spaces: making them, naming them, and putting teams into divisions (rules S1, S2, S7, S8).

Whoever makes a workspace or an organization is in it as its first member and admin; whoever makes a team is in that
team as its admin. The people of a space are in `directory_people`, domains in `directory_domains`.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from django.db import transaction

from zetel.actions import overages
from zetel.actions._change import lock_space, record
from zetel.actions.directory_checks import check_division_owner_stays, require_admin, require_member
from zetel.actions.directory_domains import prove
from zetel.models import Membership, Person, Space, Subscription
from zetel.models.spaces import DIVISION, MEMBER, ORGANIZATION, TEAM, WORKSPACE
from zetel.rules import names
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
COUNTRIES = (
    frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())
    - _NO_COUNTRIES
)


@dataclass(frozen=True)
class Place:
    """What a space says of itself, checked: its name, country and time zone."""

    name: str
    country: str
    time_zone: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", names.name(self.name))
        if self.country not in COUNTRIES:
            raise ZetelError("country_invalid", country=self.country[:8])
        check_time_zone(self.time_zone)


def check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ZetelError("time_zone_invalid", time_zone=name[:64]) from error


def create_workspace(*, name: str, country: str, time_zone: str, person: Person, now: datetime) -> Space:
    """A space on its own; the person is its first member and admin."""
    place = Place(name, country, time_zone)
    with transaction.atomic():
        return _create(WORKSPACE, place, person=person, now=now)


def create_organization(
    *, name: str, domain: str, country: str, time_zone: str, person: Person, now: datetime
) -> Space:
    """A space tied to a domain, which the person's own verified address proves (S7)."""
    place = Place(name, country, time_zone)
    with transaction.atomic():
        return _create(ORGANIZATION, place, person=person, now=now, domain=domain)


def _create(kind: str, place: Place, *, person: Person, now: datetime, domain: str = "") -> Space:
    space = Space.objects.create(
        kind=kind,
        name=place.name,
        country=place.country,
        time_zone=place.time_zone,
        created_by=person,
        created_at=now,
    )
    facts: dict[str, object] = {"kind": kind, "name": place.name}
    if domain:
        facts["domain"] = prove(space, domain, by=[person], now=now).name
    Membership.objects.create(space=space, person=person, standing=MEMBER, is_admin=True, joined_at=now)
    record(EventType.SPACE_CREATED, now=now, actor=person, space=space, after=facts)
    return space


def create_team(*, organization: Space, name: str, person: Person, now: datetime) -> Space:
    """A team, made by any member of the organization, who becomes its first member and admin."""
    if organization.kind != ORGANIZATION:
        raise ZetelError("space_kind_invalid", kind=organization.kind)
    clean = names.name(name)
    with transaction.atomic():
        organization = lock_space(organization)
        require_member(organization, person)
        team = make_inside(organization, TEAM, clean, person, now)
        Membership.objects.create(space=team, person=person, standing=MEMBER, is_admin=True, joined_at=now)
        record(
            EventType.SPACE_CREATED, now=now, actor=person, space=team, after={"kind": TEAM, "name": clean}
        )
    return team


def create_division(*, organization: Space, name: str, actor: Person, now: datetime) -> Space:
    """A division without teams yet, made by an admin of the organization."""
    if organization.kind != ORGANIZATION:
        raise ZetelError("space_kind_invalid", kind=organization.kind)
    clean = names.name(name)
    with transaction.atomic():
        organization = lock_space(organization)
        require_admin(organization, actor)
        division = make_inside(organization, DIVISION, clean, actor, now)
        record(
            EventType.SPACE_CREATED,
            now=now,
            actor=actor,
            space=division,
            after={"kind": DIVISION, "name": clean},
        )
    return division


def make_inside(organization: Space, kind: str, name: str, person: Person, now: datetime) -> Space:
    """A team or division, under the lock of its organization; rights and the event are for the caller."""
    return Space.objects.create(
        kind=kind, name=name, organization=organization, country=organization.country,
        time_zone=organization.time_zone, created_by=person, created_at=now,
    )  # fmt: skip


def put_team_into_division(
    *, team: Space, division: Space | None, actor: Person | None, now: datetime
) -> Space:
    """Put a team into a division, or with None take it out. A team that has a live subscription stays (S8)."""
    if team.kind != TEAM or (division and division.kind != DIVISION):
        raise ZetelError("space_kind_invalid", kind=team.kind)
    if division and division.organization_id != team.organization_id:
        raise ZetelError("not_found")
    with transaction.atomic():
        team = lock_space(team)
        assert team.organization is not None, "a team is in an organization"
        require_admin(team.organization, actor)
        if team.division_id == (division and division.pk):
            raise ZetelError("no_change")
        if Subscription.objects.live().filter(space=team).exists():
            raise ZetelError("space_has_subscription", space=team.name)
        check_division_owner_stays(team)
        before = team.division.public_id if team.division else None
        team.division = division
        team.save(update_fields=["division"])
        record(
            EventType.SPACE_MOVED, now=now, actor=actor, space=team,
            before={"division": before}, after={"division": division and division.public_id},
        )  # fmt: skip
        overages.people_joined(team, now=now)
    return team


def edit_space(
    *, space: Space, actor: Person | None, now: datetime, name: str, country: str = "", time_zone: str = ""
) -> Space:
    """A new name, and for a workspace or organization a new country and time zone. Documents keep the old ones."""
    place = Place(name, country or space.country, time_zone or space.time_zone)
    with transaction.atomic():
        space = lock_space(space)
        require_admin(space, actor)
        before = {"name": space.name, "country": space.country, "time_zone": space.time_zone}
        after = {"name": place.name, "country": place.country, "time_zone": place.time_zone}
        if before == after:
            return space
        Space.objects.filter(pk=space.pk).update(**after)
        changed = [key for key in after if before[key] != after[key]]
        kind = EventType.SPACE_RENAMED if changed == ["name"] else EventType.SPACE_SETTINGS_CHANGED
        record(
            kind, now=now, actor=actor, space=space,
            before={key: before[key] for key in changed}, after={key: after[key] for key in changed},
        )  # fmt: skip
        space.name, space.country, space.time_zone = place.name, place.country, place.time_zone
    return space
