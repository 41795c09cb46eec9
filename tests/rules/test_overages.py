"""When a subscription outgrows its seats: how full it is, when it grows, what stands in the way (rule C8)."""

from dataclasses import replace
from datetime import date

import pytest

from zetel.rules.catalog import OnExceed, SeatPolicy
from zetel.rules.overages import (
    Closed,
    Obstacle,
    days_to_next_try,
    keeps_first_day,
    may_take_seat,
    obstacle,
    resizes_on,
)
from zetel.rules.seats import Fullness, fullness
from zetel.rules.transitions import SubscriptionStatus

EXPAND = SeatPolicy()
BLOCK = replace(EXPAND, on_exceed=OnExceed.BLOCK)
WARN = replace(EXPAND, on_exceed=OnExceed.WARN)


@pytest.mark.parametrize(
    ("counted", "seats", "how_full"),
    [
        (3, 5, Fullness.ROOM), (4, 5, Fullness.NEARLY_FULL), (5, 5, Fullness.FULL), (6, 5, Fullness.EXCEEDED),
        (17, 20, Fullness.ROOM), (18, 20, Fullness.NEARLY_FULL), (89, 100, Fullness.ROOM),
        (90, 100, Fullness.NEARLY_FULL), (1, 2, Fullness.NEARLY_FULL),
    ],
)  # fmt: skip
def test_nearly_full_is_nine_tenths_or_one_seat_left(counted: int, seats: int, how_full: Fullness) -> None:
    assert fullness(counted, seats) is how_full


def test_it_grows_seven_days_after_its_first_day() -> None:
    assert resizes_on(date(2026, 5, 12)) == date(2026, 5, 19)


@pytest.mark.parametrize(
    ("because", "opens_on", "kept"),
    [
        (Closed.FREED, date(2026, 6, 11), True),
        (Closed.FREED, date(2026, 6, 12), False),
        (Closed.RESIZED, date(2026, 5, 13), False),
    ],
)
def test_people_who_come_back_within_thirty_days_find_the_overage_they_left(
    because: Closed, opens_on: date, kept: bool
) -> None:
    assert keeps_first_day(because, date(2026, 5, 12), opens_on) is kept


@pytest.mark.parametrize(
    ("case", "stands"),
    [
        ({}, None),
        ({"policy": BLOCK}, Obstacle.POLICY),
        ({"policy": WARN}, Obstacle.POLICY),
        ({"chosen": "ask"}, Obstacle.ASK),
        ({"status": SubscriptionStatus.TRIAL}, Obstacle.TRIAL),
        ({"status": SubscriptionStatus.PAST_DUE}, Obstacle.PAST_DUE),
        ({"ends_on": date(2026, 6, 12)}, Obstacle.ENDING),
        ({"manual": True}, Obstacle.MANUAL),
        ({"counted": 500}, None),
        ({"counted": 501}, Obstacle.ABOVE_LADDER),
    ],
)
def test_what_stands_in_the_way_of_growth(case: dict[str, object], stands: Obstacle | None) -> None:
    facts = {
        "status": SubscriptionStatus.ACTIVE,
        "ends_on": None,
        "chosen": "grow",
        "policy": EXPAND,
        "counted": 6,
    }
    assert obstacle(**{**facts, **case}) is stands  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "taken", "declined", "may"),
    [
        (EXPAND, 5, False, True), (WARN, 9, False, True), (BLOCK, 4, False, True), (BLOCK, 5, False, False),
        (EXPAND, 6, True, False), (WARN, 6, True, False),
    ],
)  # fmt: skip
def test_only_block_and_an_unpaid_growth_keep_people_out(
    policy: SeatPolicy, taken: int, declined: bool, may: bool
) -> None:
    assert may_take_seat(policy, taken=taken, seats=5, declined=declined) is may


def test_a_declined_growth_is_tried_again_at_the_distances_of_dunning() -> None:
    assert [days_to_next_try(tries) for tries in range(1, 6)] == [1, 2, 2, 2, None]
