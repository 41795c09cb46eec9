"""Paying by manual invoice: for which plans, in how many days, and what is done when nothing comes (rule G5).

The steps are data: days from the due date, and what is done then. A step that comes late is done once, with those
before it taken as done, so nobody gets three mails after an outage. Another due date begins them anew.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle

SEATS_MIN = 20
TERMS_DAYS = (15, 30, 45, 60)
TERM_USUAL = 30
EXTENDS_DAYS_MAX = 365


class Word(StrEnum):
    """What a step says, and to whom."""

    DUE = "due"  # to the billing owner: a few days are left
    OVERDUE = "overdue"  # to the billing owner
    FINANCE = "finance"  # to finance, who extend or end it


STEPS: Sequence[tuple[int, Word]] = (
    (-3, Word.DUE),
    (1, Word.OVERDUE),
    (8, Word.OVERDUE),
    (15, Word.OVERDUE),
    (30, Word.FINANCE),
)


def check_plan(cycle: str, seats: int) -> None:
    """Raise `manual_invoice_terms` unless it is yearly and large enough."""
    if cycle != Cycle.YEAR or seats < SEATS_MIN:
        raise ZetelError("manual_invoice_terms", seats_min=SEATS_MIN)


def check_term(days: int) -> None:
    """Raise `value_invalid` unless it is one of the payment terms."""
    if days not in TERMS_DAYS:
        raise ZetelError("value_invalid", field="payment_term_days")


def is_overdue(due_on: date, today: date) -> bool:
    """The due date itself is still in time."""
    return today > due_on


def steps_done(due_on: date, today: date) -> int:
    """How many steps have come by a day."""
    return sum(1 for days, _ in STEPS if due_on + timedelta(days=days) <= today)


def next_on(due_on: date, done: int) -> date | None:
    """The day of the step after so many; None after the last."""
    return due_on + timedelta(days=STEPS[done][0]) if done < len(STEPS) else None


def word(done: int) -> Word:
    """What the last of so many steps does."""
    assert done > 0, "the first step is the first"
    return STEPS[done - 1][1]


def check_extension(due_on: date, today: date, wanted: date) -> None:
    """Finance give more time: later than it was and not before today. Raises `value_invalid`."""
    if not max(due_on, today) <= wanted <= today + timedelta(days=EXTENDS_DAYS_MAX) or wanted == due_on:
        raise ZetelError("value_invalid", field="due_on")
