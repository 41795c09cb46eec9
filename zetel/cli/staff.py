"""`zetel staff EMAIL ROLE`: names somebody who has signed up as one of the seller's people."""

import sys
from typing import NoReturn

from zetel import clock
from zetel.actions.staff import name_staff
from zetel.models import Person
from zetel.models.spaces import STAFF_ROLES
from zetel.rules.errors import ZetelError


def name(email: str, role: str) -> None:
    """Give or take a role, and say so; a sentence and return code 1 when that cannot be."""
    roles = [known for known in STAFF_ROLES if known]
    if role not in (*roles, "none"):
        _stop(f"{role} is no role; choose one of {', '.join(roles)}, or none")
    person = Person.objects.filter(email=email.strip().lower()).first()
    if person is None:
        _stop(f"nobody has signed up as {email}; sign up first, then name the role")
    try:
        name_staff(person=person, role="" if role == "none" else role, now=clock.now())
    except ZetelError:
        _stop(f"{person.email} has that role already")
    print(f"{person.email} is now {'no staff' if role == 'none' else f'staff: {role}'}")


def _stop(sentence: str) -> NoReturn:
    print(f"zetel: {sentence}", file=sys.stderr)
    sys.exit(1)
