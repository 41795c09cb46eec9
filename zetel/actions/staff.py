"""Naming the seller's people: sales, support, finance, operator (rule R9)."""

from datetime import datetime

from django.db import transaction

from zetel.actions._change import record
from zetel.models import Person
from zetel.models.spaces import STAFF_ROLES
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType


def name_staff(*, person: Person, role: str, now: datetime, actor: Person | None = None) -> None:
    """Give a person a staff role, or take it away with an empty one; the operator of the machine has no actor.

    Raises value_invalid, no_change; for an actor forbidden, last_operator.
    """
    if role not in STAFF_ROLES:
        raise ZetelError("value_invalid", field="role")
    with transaction.atomic():
        if actor is not None:
            _check_operator(actor)
        locked = Person.objects.select_for_update().get(pk=person.pk)
        if locked.staff_role == role:
            raise ZetelError("no_change")
        if actor is not None and locked.staff_role == "operator":
            _check_not_last_operator(locked)
        Person.objects.filter(pk=locked.pk).update(staff_role=role)
        record(
            EventType.STAFF_ROLE_CHANGED, now=now, actor=actor, before={"role": locked.staff_role},
            after={"role": role, "person": locked.public_id},
        )  # fmt: skip
    person.staff_role = role


def _check_operator(actor: Person) -> None:
    """Rights count at the commit: the actor is an operator still. Operators change one after another."""
    operators = (
        Person.objects.select_for_update().filter(staff_role="operator", is_active=True).order_by("pk")
    )
    if actor.pk not in set(operators.values_list("pk", flat=True)):
        raise ZetelError("forbidden")


def _check_not_last_operator(person: Person) -> None:
    """Somebody has to be able to name staff in the back office; the command line can always (R9)."""
    others = Person.objects.filter(staff_role="operator", is_active=True).exclude(pk=person.pk)
    if not others.exists():
        raise ZetelError("last_operator")
