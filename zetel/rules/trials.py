"""A trial: thirty days of a plan, once per space, and what comes on its last day (rules P9, P10, G4).

The terms of a trial begin on the day on which it ends, and that day is their anchor: nothing is due for the days
before, so whatever bills by terms needs no word about trials. On that day the plan begins, or the space is on Basic.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

from zetel.rules.billing import Terms, settle_order, terms_at
from zetel.rules.coverage import Holding, check_purchase, covering
from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle
from zetel.rules.subscriptions import Wish

TRIAL_DAYS = 30
REMINDER_DAYS = (7, 1)  # before the end


class End(StrEnum):
    """What becomes of a trial; all but the first end it, and the word is why."""

    CONVERTS = "converts"
    CANCELLED = "trial_cancelled"
    COVERED = "trial_covered"  # by a plan that was bought around the space meanwhile
    NO_METHOD = "trial_over"


def ends_on(started_on: date) -> date:
    """The first day that is no trial any more."""
    return started_on + timedelta(days=TRIAL_DAYS)


def next_step_on(end: date, after: date) -> date:
    """The first day after `after` on which something is to be done: a reminder, else the end."""
    reminders = sorted(end - timedelta(days=days) for days in REMINDER_DAYS)
    return next((day for day in reminders if day > after), end)


def days_to_tell(end: date, on: date) -> int | None:
    """Of which reminder it is the day, in days before the end: the nearest that came, so a late one is told once.

    None before the first, and from the end on, when there is nothing to remind of any more.
    """
    left = (end - on).days
    return min((days for days in REMINDER_DAYS if 0 < left <= days), default=None)


def outcome(*, cancelled: bool, covered: bool, can_pay: bool) -> End:
    """What happens on the last day (P10). Covered comes first: nobody is paid for twice (P9)."""
    if covered:
        return End.COVERED
    if cancelled:
        return End.CANCELLED
    return End.CONVERTS if can_pay else End.NO_METHOD


def check_start(own: Iterable[Holding], around: Iterable[Holding], on: date, *, tried: bool) -> None:
    """Refuse a trial of a space that is subscribed, inside a paid one, or had its trial (P8, P9, P10)."""
    check_purchase(tuple(own), tuple(around), on)
    if tried:
        raise ZetelError("trial_used")


def is_covered(around: Iterable[Holding], on: date) -> bool:
    """Whether a paid plan covers the space on a day; another trial blocks nobody."""
    return covering([holding for holding in around if not holding.is_trial], on) is not None


def agreed(terms: Iterable[Terms]) -> Terms:
    """What begins when the trial ends, as it was agreed last."""
    rows = settle_order(terms)
    assert rows, "a trial has terms"
    return rows[0]


def terms_shown(terms: Iterable[Terms], on: date) -> Terms:
    """The terms of a day; before the first, as during a trial, those that come into force then."""
    rows = tuple(terms)
    return terms_at(rows, on) or agreed(rows)


def changed(present: Terms, wish: Wish, price: Callable[[str, Cycle], int]) -> Terms:
    """The terms with what is wished: more and less alike, since nothing was paid for. `no_change` where nothing is.

    The price is kept while plan and cycle stay (P2).
    """
    plan, cycle = wish.plan or present.plan, wish.cycle or present.cycle
    same = (plan, cycle) == (present.plan, present.cycle)
    row = replace(
        present,
        plan=plan,
        cycle=cycle,
        seats=present.seats if wish.seats is None else wish.seats,
        unit_amount=present.unit_amount if same else price(plan, cycle),
    )
    if row == present:
        raise ZetelError("no_change")
    return row
