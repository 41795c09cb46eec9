"""Trials: thirty days, two reminders, what the last day brings, and who may have one (rules P9, P10)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.life import default_catalog
from zetel.rules.billing import Terms, due_minus_billed, next_boundary
from zetel.rules.catalog import price_on
from zetel.rules.coverage import Holding
from zetel.rules.entitlements import Source, entitlement
from zetel.rules.errors import ZetelError
from zetel.rules.periods import Cycle, Period
from zetel.rules.seats import SpaceKind
from zetel.rules.subscriptions import Wish, first_terms, renewal_terms
from zetel.rules.transitions import SubscriptionStatus as Status
from zetel.rules.trials import (
    REMINDER_DAYS,
    End,
    agreed,
    changed,
    check_start,
    days_to_tell,
    ends_on,
    is_covered,
    next_step_on,
    outcome,
    terms_shown,
)

MAY_12, JUNE_11 = date(2026, 5, 12), date(2026, 6, 11)
TRIAL = Holding("sub-t", "space-t", SpaceKind.TEAM, "premium", 1, Status.TRIAL, MAY_12, None, JUNE_11)
ABOVE = Holding("sub-o", "space-o", SpaceKind.ORGANIZATION, "business", 2, Status.ACTIVE, MAY_12)


def price(plan: str, cycle: Cycle) -> int:
    return price_on(default_catalog().prices, plan, cycle, "EUR", MAY_12).unit_amount


def tried(plan: str = "premium", cycle: Cycle = Cycle.MONTH, seats: int = 15) -> Terms:
    return first_terms(plan, cycle, seats, price(plan, cycle), "EUR", JUNE_11)


def test_a_trial_begun_on_12_may_has_thirty_days_and_ends_on_11_june() -> None:
    assert ends_on(MAY_12) == JUNE_11
    assert Period(MAY_12, JUNE_11).days == 30
    assert ends_on(date(2028, 2, 1)) == date(2028, 3, 2)  # over a leap day


@pytest.mark.parametrize(
    ("after", "step"),
    [
        (MAY_12, date(2026, 6, 4)),
        (date(2026, 6, 3), date(2026, 6, 4)),
        (date(2026, 6, 4), date(2026, 6, 10)),
        (date(2026, 6, 9), date(2026, 6, 10)),
        (date(2026, 6, 10), JUNE_11),
        (date(2026, 7, 1), JUNE_11),
    ],
)
def test_the_next_step_is_a_reminder_seven_days_and_one_day_before_then_the_end(
    after: date, step: date
) -> None:
    assert next_step_on(JUNE_11, after) == step


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2026, 6, 3), None),
        (date(2026, 6, 4), 7),
        (date(2026, 6, 9), 7),  # late, and still told
        (date(2026, 6, 10), 1),
        (JUNE_11, None),
        (date(2026, 6, 30), None),
    ],
)
def test_a_late_reminder_is_told_as_the_nearest_and_none_after_the_end(on: date, days: int | None) -> None:
    assert days_to_tell(JUNE_11, on) == days


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-5, 40))
def test_steps_always_go_forward_to_the_end(start: date, days: int) -> None:
    end, on = ends_on(start), start + timedelta(days)
    step = next_step_on(end, on)
    assert step == end or on < step < end
    assert len({next_step_on(end, start + timedelta(n)) for n in range(30)}) == len(REMINDER_DAYS) + 1


@pytest.mark.parametrize(
    ("cancelled", "covered", "can_pay", "end"),
    [
        (False, False, True, End.CONVERTS),
        (False, False, False, End.NO_METHOD),
        (True, False, True, End.CANCELLED),
        (True, False, False, End.CANCELLED),
        (False, True, True, End.COVERED),
        (True, True, True, End.COVERED),
        (False, True, False, End.COVERED),
    ],
)
def test_the_plan_begins_only_with_a_method_uncancelled_and_uncovered(
    cancelled: bool, covered: bool, can_pay: bool, end: End
) -> None:
    assert outcome(cancelled=cancelled, covered=covered, can_pay=can_pay) is end


def test_nothing_is_due_for_the_days_of_a_trial_and_the_first_period_is_anchored_on_its_end() -> None:
    terms = (tried(seats=15), tried(seats=5))  # the later row of a day counts
    assert due_minus_billed(terms, (), through=date(2026, 6, 10)) == ()
    (line,) = due_minus_billed(terms, (), through=JUNE_11)
    assert (line.start, line.end, line.days, line.of_days) == (JUNE_11, date(2026, 7, 11), 30, 30)
    assert (line.seats, line.amount) == (5, 6745)  # 5 x 13.49
    assert next_boundary(terms, MAY_12) == JUNE_11
    assert due_minus_billed(terms, (), through=date(2026, 7, 31), ends_on=date(2026, 5, 30)) == ()


def test_a_trial_shows_the_terms_that_were_agreed_last() -> None:
    terms = (tried(seats=15), tried("business", seats=5))
    assert agreed(terms) == terms_shown(terms, MAY_12) == terms_shown(terms, JUNE_11) == terms[1]
    later = replace(terms[1], starts_on=date(2026, 7, 11), seats=2)
    assert terms_shown((*terms, later), date(2026, 7, 11)) == later
    assert agreed((*terms, later)) == terms[1]


def test_whoever_has_no_seat_at_the_end_gets_one() -> None:
    grown = renewal_terms((tried(seats=5),), on=JUNE_11, counted=7)
    assert grown == tried(seats=10)
    assert renewal_terms((tried(seats=5),), on=JUNE_11, counted=5) is None
    assert renewal_terms((tried(seats=500),), on=JUNE_11, counted=501) is None  # above the ladder


def test_a_change_takes_more_and_less_at_once_and_keeps_the_price_of_the_same_plan_and_cycle() -> None:
    present = replace(tried(), unit_amount=1200)  # the price of an older day
    assert changed(present, Wish(seats=5), price) == replace(present, seats=5)
    dearer = changed(present, Wish("business", Cycle.YEAR, 10), price)
    assert (dearer.unit_amount, dearer.seats, dearer.starts_on) == (30490, 10, JUNE_11)
    assert changed(present, Wish(cycle=Cycle.YEAR), price).anchor_on == JUNE_11
    for wish in (Wish(), Wish("premium", Cycle.MONTH, 15)):
        with pytest.raises(ZetelError, match="no_change"):
            changed(present, wish, price)


def test_a_space_is_tried_once_and_not_while_it_is_paid_or_covered() -> None:
    check_start([], [], MAY_12, tried=False)
    check_start([], [replace(ABOVE, status=Status.TRIAL)], MAY_12, tried=False)  # a trial blocks nobody
    for own, around, was_tried, code in (
        ([], [], True, "trial_used"),
        ([TRIAL], [], True, "trial_used"),
        ([replace(TRIAL, status=Status.ACTIVE)], [], False, "already_subscribed"),
        ([], [ABOVE], False, "already_covered"),
    ):
        with pytest.raises(ZetelError) as refusal:
            check_start(own, around, MAY_12, tried=was_tried)
        assert refusal.value.code == code


def test_only_a_plan_that_is_paid_covers_a_trial() -> None:
    assert is_covered([ABOVE], JUNE_11)
    assert not is_covered([], JUNE_11)
    assert not is_covered([replace(ABOVE, status=Status.TRIAL)], JUNE_11)
    assert not is_covered([replace(ABOVE, ends_on=JUNE_11)], JUNE_11)


def test_a_trial_gives_its_plan_and_says_until_when() -> None:
    answer = entitlement(default_catalog(), [TRIAL], MAY_12)
    assert (answer.plan, answer.source, answer.holds_until) == ("premium", Source.TRIAL, JUNE_11)
    begun = replace(TRIAL, status=Status.ACTIVE)
    assert entitlement(default_catalog(), [begun], JUNE_11).holds_until is None
