"""The steps of dunning: days 0, 1, 3, 5, 7; a late one is done once and the rest keep their distances (rule G4)."""

from datetime import date, timedelta

import pytest

from zetel.rules.dunning import STEP_DAYS, STEPS, Act, Word, act, end_on, next_on, word

DUE = date(2026, 6, 12)


def days(late: dict[int, int] | None = None) -> list[int]:
    """The days of June on which the steps are done, when some come so many days late."""
    done = [DUE]
    for number in range(1, STEPS):
        done.append(next_on(number, done[-1]) + timedelta(days=(late or {}).get(number, 0)))
    return [day.day for day in done]


def test_steps_come_on_days_0_1_3_5_and_7() -> None:
    assert STEP_DAYS == (0, 1, 3, 5, 7)
    assert days() == [12, 13, 15, 17, 19]


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        ({1: 3}, [12, 16, 18, 20, 22]),
        ({2: 1}, [12, 13, 16, 18, 20]),
        ({4: 2}, [12, 13, 15, 17, 21]),
        ({1: 1, 3: 2}, [12, 14, 16, 20, 22]),
    ],
)
def test_a_late_step_is_done_once_and_the_rest_keep_their_distances(
    late: dict[int, int], expected: list[int]
) -> None:
    assert days(late) == expected


def test_across_the_end_of_a_month_and_a_leap_day() -> None:
    assert next_on(3, date(2028, 2, 28)) == date(2028, 3, 1)
    assert next_on(1, date(2026, 12, 31)) == date(2027, 1, 1)


def test_after_the_last_step_the_next_day_looks_again() -> None:
    assert next_on(STEPS, date(2026, 6, 19)) == date(2026, 6, 20)


def test_with_a_method_each_step_is_a_try_and_after_the_last_comes_the_end() -> None:
    assert [act(done, can_try=True) for done in range(1, STEPS + 1)] == [
        Act.TRY, Act.TRY, Act.TRY, Act.TRY, Act.END,
    ]  # fmt: skip


def test_without_one_the_owner_is_told_and_the_end_stays_where_it_was() -> None:
    assert [act(done, can_try=False) for done in range(1, STEPS + 1)] == [
        Act.TELL, Act.TELL, Act.TELL, Act.END, Act.END,
    ]  # fmt: skip


def test_the_end_is_foreseen_from_every_step() -> None:
    steps = [date(2026, 6, day) for day in (12, 13, 15, 17)]
    foreseen = [end_on(done, next_on(done, day)) for done, day in enumerate(steps, start=1)]
    assert foreseen == [date(2026, 6, 19)] * 4
    assert end_on(STEPS, date(2026, 6, 20)) == date(2026, 6, 20)


def test_the_last_warning_comes_before_the_last_step() -> None:
    assert [word(done) for done in range(1, STEPS)] == [Word.FAILED] * 3 + [Word.LAST_WARNING]
