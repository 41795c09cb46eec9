"""What the host product's own directory reports: it is accepted as it is, whoever it is about (rules S4, S5, R6).

Here a person may refuse to go, because they hold billing or are the last admin. There they are gone already: the rows
follow, and billing goes on without them.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from zetel.actions import hand_over, overages
from zetel.actions._change import lock_space, record
from zetel.actions.directory_checks import tree_of
from zetel.models import Membership, Person, Space
from zetel.models.spaces import TEAM, MembershipQuerySet
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType


def removed(*, space: Space, person: Person, now: datetime) -> None:
    """The host took a person out of a space, and with an organization out of all its teams. Raises not_member."""
    with transaction.atomic():
        space = lock_space(space)
        stays = _stays(space, person)
        stays.update(left_at=now)
        before = {"person": person.public_id}
        record(EventType.MEMBERSHIP_REMOVED, now=now, actor=None, space=space, before=before)
        _go_on(space, person, now)


def deactivated(*, space: Space, person: Person, now: datetime) -> None:
    """The host paused a person there. Raises not_member, and no_change for one who is paused already."""
    with transaction.atomic():
        space = lock_space(space)
        if not _stays(space, person).filter(deactivated_at=None).update(deactivated_at=now):
            raise ZetelError("no_change")
        after = {"person": person.public_id}
        record(EventType.PERSON_DEACTIVATED, now=now, actor=None, space=space, after=after)
        _go_on(space, person, now)


def _stays(space: Space, person: Person) -> MembershipQuerySet:
    rows = Membership.objects.filter(tree_of(space), person=person, left_at=None)
    if not rows.filter(space=space).exists():
        raise ZetelError("not_member", person=person.label, space=space.name)
    return rows


def _go_on(space: Space, person: Person, now: datetime) -> None:
    touched = tree_of(space)
    if space.kind == TEAM and space.division_id:
        touched |= Q(space=space.division_id)
    hand_over.pass_on(person, touched, now=now)
    overages.recount(space, now=now)
