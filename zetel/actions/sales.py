"""What sales do in a customer's place: with their role, for whom, and why (rules G5, C10, R9).

A quote that a member of staff took says so in its wish; whoever writes an event of it reads here who did it, on whose
behalf and with which words.
"""

from typing import Any

from zetel.models import Change, Person, Quote
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability, Role, may


def check(person: Person) -> None:
    """Sales, and who may do all that they may. Raises `forbidden` for anybody else, also when the role was taken."""
    staff = Person.objects.filter(pk=person.pk, is_active=True).first()
    role = staff.staff_role if staff else ""
    if not role or not may([Role(role)], Capability.STAFF_MANUAL_CHANGE):
        raise ZetelError("forbidden")


def wish(words: str) -> dict[str, Any]:
    """What marks the wish of a quote that staff took."""
    return {"by_sales": True, "reason": words}


def took(quote: Quote) -> bool:
    """Whether staff took this quote, so that what it sells is paid by manual invoice."""
    return bool(quote.wish.get("by_sales"))


def who(change: Change, owner: Person | None) -> dict[str, Any]:
    """Who did it, for `record`: the buyer, or the member of staff on behalf of the owner with the reason."""
    if not took(change.quote):
        return {"actor": change.person}
    return {
        "actor": change.person, "on_behalf_of": owner, "reason": str(change.quote.wish.get("reason", "")),
    }  # fmt: skip
