"""What happens after a payment for an invoice failed, step by step (rule G4): the schedule as data, and what a step is.

A step is a try with the active method, or only a word to the billing owner where no method may be tried. The distance
to the next step is counted from the day on which this one was done, so a late step is done once and the rest keep
their distances. The end comes with the last step, whether it is a try or not.
"""

from datetime import date, timedelta
from enum import StrEnum

STEP_DAYS = (0, 1, 3, 5, 7)  # days after the due date
STEPS = len(STEP_DAYS)


class Act(StrEnum):
    """What a step does."""

    TRY = "try"
    TELL = "tell"  # no method, or its bank said never again: another one is asked for
    END = "end"


class Word(StrEnum):
    """What the billing owner is told when a step came to nothing."""

    FAILED = "failed"
    LAST_WARNING = "last_warning"  # the next step is the last


def act(done: int, *, can_try: bool) -> Act:
    """What comes after `done` steps; `can_try` when there is a method that did not refuse for good."""
    if done >= STEPS:
        return Act.END
    if can_try:
        return Act.TRY
    return Act.END if done == STEPS - 1 else Act.TELL


def next_on(done: int, last_on: date) -> date:
    """The day of the next step after `done` steps, of which the last was done on `last_on`.

    After the last step it is the day after: by then its outcome is known, and the end comes if it did not come before.
    """
    assert done >= 1, "the first step is the first try itself"
    return last_on + timedelta(days=STEP_DAYS[done] - STEP_DAYS[done - 1] if done < STEPS else 1)


def end_on(done: int, next_step_on: date) -> date:
    """The day of the last step, when the next one comes on `next_step_on` and the rest keep their distances."""
    return next_step_on + timedelta(days=STEP_DAYS[-1] - STEP_DAYS[min(done, STEPS - 1)])


def word(done: int) -> Word:
    """What is told after `done` steps."""
    return Word.LAST_WARNING if done >= STEPS - 1 else Word.FAILED
