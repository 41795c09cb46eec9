"""An offer by sales: open until its moment, used once, of a size that exists (P4, P5, P6)."""

from datetime import UTC, datetime, timedelta

import pytest

from zetel.rules.errors import ZetelError
from zetel.rules.offers import SEATS_MAX, check_open, check_seats, check_unit_amount, state

UNTIL = datetime(2026, 6, 11, 22, tzinfo=UTC)
BEFORE = UNTIL - timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("status", "now", "expected", "code"),
    [
        ("open", BEFORE, "open", ""),
        ("open", UNTIL, "expired", "offer_expired"),
        ("withdrawn", BEFORE, "withdrawn", "offer_withdrawn"),
        ("withdrawn", UNTIL, "withdrawn", "offer_withdrawn"),
        ("accepted", BEFORE, "accepted", "offer_used"),
        ("accepted", UNTIL, "accepted", "offer_used"),
    ],
)
def test_an_offer_says_why_it_cannot_be_accepted(
    status: str, now: datetime, expected: str, code: str
) -> None:
    assert state(status, UNTIL, now) == expected
    if not code:
        check_open(status, UNTIL, now)
        return
    with pytest.raises(ZetelError) as refused:
        check_open(status, UNTIL, now)
    assert refused.value.code == code


@pytest.mark.parametrize("seats", [2, 500, 501, 750, SEATS_MAX])
def test_sizes_of_the_ladder_and_all_above_it_can_be_offered(seats: int) -> None:
    check_seats(seats, 2)


@pytest.mark.parametrize(
    ("seats", "counted", "code"),
    [
        (1, 1, "seat_size_unknown"),
        (6, 2, "seat_size_unknown"),
        (499, 2, "seat_size_unknown"),
        (SEATS_MAX + 1, 2, "seat_size_unknown"),
        (5, 6, "seats_in_use"),
        (600, 601, "seats_in_use"),
    ],
)
def test_no_other_size_is_offered_nor_one_that_is_too_small(seats: int, counted: int, code: str) -> None:
    with pytest.raises(ZetelError) as refused:
        check_seats(seats, counted)
    assert refused.value.code == code


@pytest.mark.parametrize("amount", [-1, 0, 10**9 + 1])
def test_a_price_is_more_than_nothing(amount: int) -> None:
    check_unit_amount(1)
    with pytest.raises(ZetelError, match="amount_invalid"):
        check_unit_amount(amount)
