"""On whose behalf this request acts: set at the door for staff who act for a customer, read where events are written.

What an action asks about rights is asked of the billing owner, whose act it is. What is recorded is who did it: the
event names the member of staff, on behalf of the owner, with the reason; the stretch is checked again at the commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from zetel.models import Acting, Person
from zetel.rules.errors import ZetelError

_current: ContextVar["Behalf | None"] = ContextVar("behalf", default=None)
_agreed: ContextVar[bool] = ContextVar("agreed", default=False)


@dataclass(frozen=True)
class Behalf:
    """A stretch of acting, and the billing owner whose acts are done meanwhile."""

    acting: Acting
    owner: Person

    @property
    def staff(self) -> Person:
        return self.acting.staff


@contextmanager
def acting_for(behalf: Behalf) -> Iterator[None]:
    """Whatever the owner does inside this block is done by the member of staff."""
    token = _current.set(behalf)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def carried_out() -> Iterator[None]:
    """What was confirmed while it was allowed is booked in any case: money that came is never turned away by this."""
    token = _agreed.set(True)
    try:
        yield
    finally:
        _agreed.reset(token)


def of(actor: Person | None, now: datetime) -> Behalf | None:
    """Whether an act of this person is done by staff; `forbidden` when the stretch is over or the role was taken."""
    behalf = _current.get()
    if behalf is None or actor is None or actor.pk != behalf.owner.pk:
        return None
    if _agreed.get():
        return behalf
    holds = Acting.objects.filter(
        pk=behalf.acting.pk, ended_at=None, ends_at__gt=now, staff__is_active=True,
        staff__staff_role=behalf.acting.role,
    )  # fmt: skip
    if not holds.exists():
        raise ZetelError("forbidden")
    return behalf


def is_acting() -> bool:
    return _current.get() is not None
