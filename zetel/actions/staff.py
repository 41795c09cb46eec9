"""Naming the seller's people: sales, support, finance, operator (rule R9)."""

from datetime import datetime

from django.db import transaction

from zetel.actions._change import record
from zetel.models import Person
from zetel.models.spaces import STAFF_ROLES
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType


def name_staff(*, person: Person, role: str, now: datetime, actor: Person | None = None) -> None:
    """Give a person a staff role, or take it away with an empty one; the operator of the machine has no actor."""
    if role not in STAFF_ROLES:
        raise ZetelError("value_invalid", field="role")
    with transaction.atomic():
        locked = Person.objects.select_for_update().get(pk=person.pk)
        if locked.staff_role == role:
            raise ZetelError("no_change")
        Person.objects.filter(pk=locked.pk).update(staff_role=role)
        record(
            EventType.STAFF_ROLE_CHANGED, now=now, actor=actor, before={"role": locked.staff_role},
            after={"role": role, "person": locked.public_id},
        )  # fmt: skip
    person.staff_role = role
