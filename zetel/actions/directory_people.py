"""People in spaces: joining, leaving, removal, deactivation, and admins (rules S2 to S5, R4, R6).

A membership row is one stay. Leaving ends it and coming back opens a new one; deactivation pauses it. Whoever joins a
team is in its organization too; whoever leaves or is deactivated there, is so in its teams.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from zetel.actions import overages, seat_admission
from zetel.actions._change import lock_space, record
from zetel.actions.directory_checks import (
    check_not_billing_owner,
    check_not_last_admin,
    check_room,
    people_count,
    people_limit,
    require_admin,
    standing_of,
    tree_of,
)
from zetel.models import Membership, Person, Space, Subscription
from zetel.models.spaces import DIVISION, GUEST, MEMBER, ORGANIZATION, TEAM
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType


def join(*, space: Space, person: Person, now: datetime) -> Membership:
    """A member of the organization joins one of its teams; who is on its domains joins the organization itself."""
    with transaction.atomic():
        space = lock_space(space)
        _check_may_join(space, person)
        return admit(space, person, actor=person, now=now)


def _check_may_join(space: Space, person: Person) -> None:
    if space.kind == ORGANIZATION:
        if standing_of(person, space) != MEMBER:
            raise ZetelError("not_found")
    elif space.kind == TEAM:
        stay = _stays(person).filter(space=space.organization_id).first()
        if stay is None:
            raise ZetelError("not_found")
        if stay.standing == GUEST:
            raise ZetelError("guest_not_allowed")
    else:
        raise ZetelError("not_found" if space.kind != DIVISION else "space_kind_invalid")


def add_person(*, space: Space, person: Person, actor: Person | None, now: datetime) -> Membership:
    """Put a person into a space without an invitation: an admin's act, or with None the installation's own."""
    with transaction.atomic():
        space = lock_space(space)
        require_admin(space, actor)
        return admit(space, person, actor=actor, now=now)


def admit(
    space: Space,
    person: Person,
    *,
    actor: Person | None,
    now: datetime,
    facts: Mapping[str, object] | None = None,
) -> Membership:
    """Let a person in, under the lock: the one way to a membership row but that of a space's maker."""
    if not person.is_active:
        raise ZetelError("person_inactive")
    if space.kind == DIVISION:
        raise ZetelError("space_kind_invalid", kind=space.kind)
    stay = _stays(person).filter(space=space).first()
    if stay is not None:
        raise ZetelError("already_member" if stay.is_active else "person_inactive")
    standing = standing_of(person, space)
    if not person.is_machine:
        check_room(space, now)
        seat_admission.check_seat(space, person, standing, now)
    if space.kind == TEAM:
        _ensure_in_organization(space, person, standing, actor, now)
    membership = Membership.objects.create(space=space, person=person, standing=standing, joined_at=now)
    after = {"person": person.public_id, "standing": standing, **(facts or {})}
    record(EventType.MEMBERSHIP_JOINED, now=now, actor=actor, space=space, after=after)
    overages.people_joined(space, now=now)
    return membership


def _ensure_in_organization(
    team: Space, person: Person, standing: str, actor: Person | None, now: datetime
) -> None:
    """Whoever comes into a team straight away has joined its organization too, and it says so there."""
    stay = _stays(person).filter(space=team.organization_id).first()
    if stay is None:
        organization = _organization_of(team)
        Membership.objects.create(space=organization, person=person, standing=standing, joined_at=now)
        after = {"person": person.public_id, "standing": standing}
        record(EventType.MEMBERSHIP_JOINED, now=now, actor=actor, space=organization, after=after)
    elif not stay.is_active:
        raise ZetelError("person_inactive")


def leave(*, space: Space, person: Person, now: datetime) -> None:
    """Leave a space, and with an organization all its teams. Not for who holds billing there (R6)."""
    with transaction.atomic():
        space = lock_space(space)
        end_stay(space, person, now=now)
        record(
            EventType.MEMBERSHIP_LEFT, now=now, actor=person, space=space, before={"person": person.public_id}
        )


def remove(*, space: Space, person: Person, actor: Person | None, now: datetime) -> None:
    """An admin takes a person out of a space, and with an organization out of all its teams."""
    with transaction.atomic():
        space = lock_space(space)
        require_admin(space, actor)
        end_stay(space, person, now=now)
        record(
            EventType.MEMBERSHIP_REMOVED,
            now=now,
            actor=actor,
            space=space,
            before={"person": person.public_id},
        )


def end_stay(space: Space, person: Person, *, now: datetime) -> None:
    """End a stay and those inside it, under the lock; the rows stay for the record."""
    membership = _stay(space, person)
    check_not_billing_owner(person, space)
    check_not_last_admin(membership, space)
    _stays(person).filter(tree_of(space)).update(left_at=now)
    overages.recount(space, now=now)


def deactivate(*, space: Space, person: Person, actor: Person | None, now: datetime) -> None:
    """Pause a person: no seat, no access, everything kept. In an organization also in all its teams."""
    with transaction.atomic():
        space = lock_space(space)
        require_admin(space, actor)
        membership = _stay(space, person)
        if not membership.is_active:
            raise ZetelError("no_change")
        check_not_billing_owner(person, space)
        check_not_last_admin(membership, space)
        _stays(person).filter(tree_of(space), deactivated_at=None).update(deactivated_at=now)
        record(
            EventType.PERSON_DEACTIVATED,
            now=now,
            actor=actor,
            space=space,
            after={"person": person.public_id},
        )
        overages.recount(space, now=now)


def reactivate(*, space: Space, person: Person, actor: Person | None, now: datetime) -> list[Space]:
    """Bring a deactivated person back, with the teams that were paused in the same act.

    Returns the teams that are full by now (S5, C8), where the person stays deactivated.
    """
    with transaction.atomic():
        space = lock_space(space)
        require_admin(space, actor)
        membership = _stay(space, person)
        if membership.is_active:
            raise ZetelError("no_change")
        if space.kind == TEAM and not _stay(_organization_of(space), person).is_active:
            raise ZetelError("person_inactive")
        check_room(space, now)
        seat_admission.check_seat(space, person, membership.standing, now)
        paused = _stays(person).filter(space__organization=space, deactivated_at=membership.deactivated_at)
        teams = [stay.space for stay in paused.select_related("space")]
        full = [team for team in teams if _is_full(team, person, membership.standing, now)]
        back = _stays(person).filter(space__in=[space, *(team for team in teams if team not in full)])
        back.update(deactivated_at=None)
        record(
            EventType.PERSON_REACTIVATED, now=now, actor=actor, space=space,
            after={"person": person.public_id, "full": [team.public_id for team in full]},
        )  # fmt: skip
        overages.people_joined(space, now=now)
    return full


def _is_full(team: Space, person: Person, standing: str, now: datetime) -> bool:
    limit = people_limit(team, now)
    if limit is not None and people_count(team) >= limit:
        return True
    try:
        seat_admission.check_seat(team, person, standing, now)
    except ZetelError:
        return True
    return False


def set_admin(*, space: Space, person: Person, is_admin: bool, actor: Person | None, now: datetime) -> None:
    """Name an admin, or withdraw the role; never from the billing owner of the organization (R4)."""
    with transaction.atomic():
        space = lock_space(space)
        require_admin(space, actor)
        membership = _stay(space, person)
        if not membership.is_active:
            raise ZetelError("person_inactive")
        if membership.is_admin == is_admin:
            raise ZetelError("no_change")
        if is_admin and membership.standing == GUEST:
            raise ZetelError("guest_not_allowed")
        if not is_admin:
            _check_may_withdraw(membership, space)
        Membership.objects.filter(pk=membership.pk).update(is_admin=is_admin)
        kind = EventType.ADMIN_NAMED if is_admin else EventType.ADMIN_WITHDRAWN
        record(kind, now=now, actor=actor, space=space, after={"person": person.public_id})


def _check_may_withdraw(membership: Membership, space: Space) -> None:
    owned = Subscription.objects.live().filter(space=space, customer__billing_owner=membership.person_id)
    if space.kind == ORGANIZATION and owned.exists():
        raise ZetelError("admin_is_billing_owner")
    check_not_last_admin(membership, space)


def _stays(person: Person) -> QuerySet[Membership]:
    return Membership.objects.filter(person=person, left_at=None)


def _stay(space: Space, person: Person) -> Membership:
    membership = _stays(person).filter(space=space).first()
    if membership is None:
        raise ZetelError("not_member")
    return membership


def _organization_of(team: Space) -> Space:
    assert team.organization is not None, "a team is in an organization"
    return team.organization
