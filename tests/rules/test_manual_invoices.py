"""Which plans are paid on manual invoice, and what happens when nothing comes (rule G5)."""

from datetime import date, timedelta

import pytest

from zetel.rules import manual_invoices as rules
from zetel.rules.errors import ZetelError
from zetel.rules.manual_invoices import STEPS, Word

DUE = date(2026, 6, 11)


@pytest.mark.parametrize(
    ("cycle", "seats", "may"), [("year", 20, True), ("year", 19, False), ("month", 500, False)]
)
def test_yearly_and_twenty_seats_or_more(cycle: str, seats: int, may: bool) -> None:
    if may:
        rules.check_plan(cycle, seats)
        return
    with pytest.raises(ZetelError, match="manual_invoice_terms"):
        rules.check_plan(cycle, seats)


def test_the_term_is_one_of_four() -> None:
    accepted = []
    for days in range(0, 100):
        try:
            rules.check_term(days)
        except ZetelError:
            continue
        accepted.append(days)
    assert (accepted, rules.TERM_USUAL in accepted) == ([15, 30, 45, 60], True)


def test_steps_come_on_their_days_and_missed_ones_are_not_made_up_for() -> None:
    done = {
        day: rules.steps_done(DUE, DUE + timedelta(days=day)) for day in (-4, -3, 0, 1, 7, 8, 15, 29, 30, 400)
    }
    assert done == {-4: 0, -3: 1, 0: 1, 1: 2, 7: 2, 8: 3, 15: 4, 29: 4, 30: 5, 400: 5}
    days = [rules.next_on(DUE, count) for count in range(len(STEPS) + 1)]
    assert days == [
        date(2026, 6, 8),
        date(2026, 6, 12),
        date(2026, 6, 19),
        date(2026, 6, 26),
        date(2026, 7, 11),
        None,
    ]
    assert [rules.word(count) for count in (1, 2, 5)] == [Word.DUE, Word.OVERDUE, Word.FINANCE]


def test_the_due_date_itself_is_in_time() -> None:
    assert [rules.is_overdue(DUE, DUE + timedelta(days=day)) for day in (-1, 0, 1)] == [False, False, True]


def test_more_time_is_later_and_not_in_the_past() -> None:
    today = date(2026, 7, 1)
    for wanted in (today, today + timedelta(days=30)):
        rules.check_extension(DUE, today, wanted)
    early = date(2026, 6, 1)
    for on, wanted in (
        (today, today - timedelta(days=1)),
        (today, today + timedelta(days=366)),
        (early, DUE),
    ):
        with pytest.raises(ZetelError, match="value_invalid"):
            rules.check_extension(DUE, on, wanted)
