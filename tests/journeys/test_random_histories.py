"""Random lives of subscriptions: after each step the doctor is content and the naive reckoning agrees to half a cent.

A usual run lives a few of them, the same ones each time; `--long` lives hundreds of new ones.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import HandClock
from tests.journeys import bank
from tests.journeys.colleagues import give
from tests.journeys.lives import Books, Life
from zetel.models import Space

EXAMPLES, EXAMPLES_LONG = 3, 300
ZONES = (
    "Europe/Amsterdam", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana", "Africa/Cairo",
    "America/Santiago", "Australia/Lord_Howe", "UTC",
)  # fmt: skip
# Around leap days, ends of months and of years, and the days on which clocks change.
FIRST_DAYS = ("2027-01-30", "2027-01-31", "2027-03-13", "2027-03-27", "2027-08-31", "2027-10-30", "2027-12-31",
              "2028-01-29", "2028-02-28", "2028-02-29", "2028-04-27", "2031-02-28")  # fmt: skip
pytestmark = pytest.mark.django_db

zones, sizes = st.sampled_from(ZONES), st.sampled_from([2, 3, 4, 5, 10, 15])
plans, cycles = st.sampled_from(["premium", "business", "enterprise"]), st.sampled_from(["month", "year"])
starts = st.builds(
    lambda day, hour: datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC),
    st.sampled_from(FIRST_DAYS), st.integers(0, 23),
)  # fmt: skip
wishes = st.builds(
    lambda plan, cycle, seats: {k: v for k, v in {"plan": plan, "cycle": cycle, "seats": seats}.items() if v},
    st.none() | plans, st.none() | cycles, st.none() | sizes,
).filter(bool)  # fmt: skip
places, buys = st.integers(0, 1), st.tuples(st.just("buy"), plans, cycles, sizes, st.booleans())
steps = st.one_of(
    st.tuples(st.just("wish"), wishes, st.sampled_from([0, 0, 0, 20])),
    st.tuples(st.just("wish"), wishes, st.just(0)),
    st.tuples(st.just("live"), st.sampled_from([1, 2, 8, 15, 27, 31, 62, 200]), st.integers(0, 23)),
    st.tuples(st.just("live"), st.sampled_from([1, 2, 8, 15, 27, 31, 62]), st.integers(0, 23)),
    st.tuples(st.just("boundary"), st.sampled_from([-86401, -1, 0, 3600, 86400])),
    st.tuples(st.just("sleep"), st.sampled_from([1, 20, 45, 70])),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("give")),
    st.tuples(
        st.just("withdraw"), st.lists(st.sampled_from(["plan", "cycle", "seats"]), min_size=1, max_size=2)
    ),
    st.tuples(st.just("join"), st.integers(1, 3)),
    st.tuples(st.just("leave")),
    st.tuples(st.just("move"), zones),
    st.tuples(st.just("broke"), st.sampled_from(["declined_soft", "declined_hard", "account_closed"])),
    st.tuples(st.just("card")),
    st.tuples(st.just("bank"), st.sampled_from([*bank.SILENCES, *bank.QUESTIONS])),
    st.tuples(st.just("prices")),
    buys,
)
stories = st.builds(
    lambda first, rest: [(0, *first), *((at, *step) for at, step in rest)],
    buys, st.lists(st.tuples(places, steps), min_size=6, max_size=18),
)  # fmt: skip


def lived(clock: HandClock, start: datetime, zone: str, currency: str, kind: str, story: list[Any]) -> None:
    """The steps of one story in a workspace, or in an organization with a team, and a look after each."""
    clock.set(start)
    books = Books(clock, currency=currency, zone=zone)
    books.open_workspace() if kind == "workspace" else books.open_organization()
    for step in story:
        take(books, *step)
        books.check()


def take(books: Books, at: int, what: str, *told: Any) -> None:
    """One step, in the place it is for."""
    place = books.places[at % len(books.places)]
    if what in ANYWHERE:
        ANYWHERE[what](books, place, *told)
    elif life := books.live(place):
        IN_A_LIFE[what](books, life, *told)


def live(books: Books, place: Space, days: int, hours: int) -> None:
    books.live_until(books.now + timedelta(days=days, hours=hours))


def sleep(books: Books, place: Space, days: int) -> None:
    """Nothing works for some days, but never for so long that staff would have to look at it (C9)."""
    if books.now + timedelta(days=days) - books.worked_at < timedelta(days=300):
        books.clock.move(days=days)


def join(books: Books, place: Space, count: int) -> None:
    for _ in range(count):
        books.join(place)


def boundary(books: Books, life: Life, seconds: int) -> None:
    at = life.row.next_bill_at
    if at and at + timedelta(seconds=seconds) > books.now:
        books.live_until(at + timedelta(seconds=seconds))


def card(books: Books, life: Life) -> None:
    books.broke = ""
    books.save_card(life.customer)
    books.work()


ANYWHERE: dict[str, Callable[..., None]] = {
    "buy": lambda books, place, plan, cycle, seats, again: books.buy(
        place, plan=plan, cycle=cycle, seats=seats, again=again
    ),
    "live": live,
    "sleep": sleep,
    "join": join,
    "leave": lambda books, place: books.leave(place),
    "broke": lambda books, place, answer: setattr(books, "broke", answer),
    "prices": lambda books, place: books.prices_rise(),
    "bank": lambda books, place, mood: setattr(books, "mood", mood),
}
IN_A_LIFE: dict[str, Callable[..., None]] = {
    "wish": lambda books, life, fields, minutes: books.wish(life, minutes=minutes, **fields),
    "boundary": boundary,
    "cancel": lambda books, life: books.cancel(life),
    "resume": lambda books, life: books.resume(life),
    "withdraw": lambda books, life, names: books.withdraw(life, *names),
    "move": lambda books, life, zone: books.move(life, zone),
    "card": card,
    "give": give,
}


@contextmanager
def undone() -> Iterator[None]:
    """What was written is rolled back, so that each life begins in an empty house; as Django's own tests do it."""
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]
    with whole:
        yield
        transaction.set_rollback(True)


def test_random_lives(clock: HandClock, request: pytest.FixtureRequest) -> None:
    whole = request.config.getoption("--long")

    @settings(
        max_examples=EXAMPLES_LONG if whole else EXAMPLES, deadline=None, derandomize=not whole,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip
    @given(
        starts,
        zones,
        st.sampled_from(["EUR", "JPY"]),
        st.sampled_from(["workspace", "organization"]),
        stories,
    )
    def one(start: datetime, zone: str, currency: str, kind: str, story: list[Any]) -> None:
        with undone():
            lived(clock, start, zone, currency, kind, story)

    one()
