"""One life under every mood of the bank, and handed over: what random lives meet by chance, each of it once."""

from datetime import UTC, datetime

import pytest

from tests.conftest import HandClock
from tests.journeys.colleagues import give
from tests.journeys.lives import Books

pytestmark = pytest.mark.django_db
MOODS = (
    ("timeout_before", 3, 3), ("timeout_after", 4, 4), ("error_before", 5, 5), ("error_after", 10, 10),
    ("refuse", 15, 10), ("leave", 15, 10), ("approve", 15, 15),
)  # fmt: skip


@pytest.mark.story("C5")
def test_silence_ends_in_the_payment_and_only_approval_in_more_seats(clock: HandClock) -> None:
    clock.set(datetime(2027, 1, 31, 10, 0, tzinfo=UTC))
    books = Books(clock)
    books.open_workspace()
    [studio] = books.places
    books.mood = "refuse"
    books.buy(studio, plan="premium", cycle="month", seats=2)
    assert books.lives == []
    books.mood = "approve"
    books.buy(studio, plan="premium", cycle="month", seats=2)
    [life] = books.lives
    for mood, asked, seats in MOODS:
        books.mood = mood
        books.wish(life, seats=asked)
        assert (life.reckoned.now.seats, life.row.status) == (seats, "active"), mood
    # 2 on 31 January; 1, 1, 1 and 5 more on that day; 23 hours went by for nothing: 5 more for 27 of 28 days.
    books.check()
    assert [[line.seats for line in bill] for bill in life.reckoned.bills] == [[2], [1], [1], [1], [5], [5]]
    give(books, life)
    books.wish(life, plan="business")
    books.live_until(datetime(2027, 3, 1, 10, 0, tzinfo=UTC))
    assert life.owner == books.bram
    books.check()
