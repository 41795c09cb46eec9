"""The ladder, who is counted and why, and the refusals of a size (P4, P5, S3)."""

import pytest

from zetel.rules.errors import ZetelError
from zetel.rules.seats import LADDER, check_size, count_reason, is_counted, one_more, sizes_for, smallest_fit


def test_the_ladder_has_these_sizes_and_no_size_of_one() -> None:
    assert LADDER[:10] == (2, 3, 4, 5, 10, 15, 20, 25, 30, 40)
    assert LADDER[10:18] == (50, 60, 70, 80, 90, 100, 125, 150)
    assert (LADDER[-1], len(LADDER)) == (500, 32)


@pytest.mark.parametrize(
    ("counted", "size"),
    [(0, 2), (1, 2), (2, 2), (5, 5), (6, 10), (31, 40), (101, 125), (500, 500), (501, None)],
)
def test_the_smallest_size_that_fits(counted: int, size: int | None) -> None:
    assert smallest_fit(counted) == size


def test_only_sizes_that_fit_are_offered() -> None:
    assert sizes_for(476) == (500,)
    assert sizes_for(451) == (475, 500)
    assert sizes_for(501) == ()
    assert sizes_for(4, (2, 4, 8)) == (4, 8)


def test_one_more_person_needs_the_next_size_only_when_full() -> None:
    assert (one_more(4, 5), one_more(5, 5), one_more(500, 500)) == (5, 10, None)


@pytest.mark.parametrize(
    ("kind", "standing", "active", "machine", "reason"),
    [
        ("workspace", "member", True, False, "counted_workspace"),
        ("workspace", "guest", True, False, "counted_workspace"),
        ("organization", "member", True, False, "counted_member"),
        ("organization", "guest", True, False, "free_guest"),
        ("division", "member", True, False, "counted_member"),
        ("division", "guest", True, False, "free_guest"),
        ("team", "member", True, False, "counted_member"),
        ("team", "guest", True, False, "free_guest"),
        ("team", "member", False, False, "free_inactive"),
        ("workspace", "member", False, False, "free_inactive"),
        ("workspace", "member", True, True, "free_machine"),
        ("organization", "member", False, True, "free_machine"),
    ],
)
def test_who_is_counted_and_why(kind: str, standing: str, active: bool, machine: bool, reason: str) -> None:
    assert count_reason(kind, standing, active, machine) == reason
    assert is_counted(kind, standing, active, machine) is reason.startswith("counted")


def test_a_size_below_the_people_counted_names_the_members() -> None:
    with pytest.raises(ZetelError) as refusal:
        check_size(2, ["anna", "bram", "chris"])
    assert refusal.value.code == "seats_in_use"
    assert refusal.value.params == {"seats": 2, "counted": 3, "members": ["anna", "bram", "chris"]}
    check_size(3, ["anna", "bram", "chris"])


def test_sizes_off_the_ladder_and_above_it_are_refused() -> None:
    for seats in (0, 1, 6, -5):
        with pytest.raises(ZetelError, match="seat_size_unknown"):
            check_size(seats, [])
    with pytest.raises(ZetelError, match="sales_only"):
        check_size(525, [])
