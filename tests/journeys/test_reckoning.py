"""The naive reckoning itself, by the worked examples of the rules, which one can check by head."""

from datetime import date
from fractions import Fraction

import pytest

from tests.journeys.reckoning import Happened, Refused, reckon

PRICES = {"premium": 1349, "business": 3049, "enterprise": 4999}
Line = tuple[str, int, str, str, int]


def price(plan: str, cycle: str, on: date) -> int:
    return PRICES[plan] * (10 if cycle == "year" else 1)


def bought(on: str, seats: int, plan: str = "premium", cycle: str = "month") -> Happened:
    return Happened("bought", date.fromisoformat(on), plan, cycle, seats)


def wished(on: str, plan: str | None = None, cycle: str | None = None, seats: int | None = None) -> Happened:
    return Happened("wished", date.fromisoformat(on), plan, cycle, seats)


def last_bill(*happened: Happened) -> list[Line]:
    """Plan, seats, first day, end and amount of every stretch, rounded half away from zero."""
    return [
        (it.sold.plan, it.seats, it.start.isoformat(), it.end.isoformat(), rounded(it.exact))
        for it in reckon(happened, price).bills[-1]
    ]


def rounded(exact: Fraction) -> int:
    return int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)


MAY_12 = bought("2026-05-12", 15)
RENEWED = Happened("renewed", counted=1)


@pytest.mark.parametrize(
    ("happened", "lines"),
    [
        ([MAY_12], [("premium", 15, "2026-05-12", "2026-06-12", 20235)]),
        (
            [MAY_12, wished("2026-05-30", plan="business")],
            [("business", 15, "2026-05-30", "2026-06-12", 19179), ("premium", -15, "2026-05-30", "2026-06-12", -8486)],
        ),
        (
            [MAY_12, wished("2026-05-30", cycle="year")],
            [("premium", -15, "2026-05-30", "2026-06-12", -8486), ("premium", 15, "2026-05-30", "2027-05-30", 202350)],
        ),
        (
            [bought("2026-02-01", 10, "business", "year"), wished("2026-07-15", seats=20)],
            [("business", 10, "2026-07-15", "2027-02-01", 167904)],
        ),
        (
            [bought("2026-01-31", 3), wished("2026-02-10", seats=5)],
            [("premium", 2, "2026-02-10", "2026-02-28", 1734)],
        ),
        (
            [bought("2026-01-31", 3), RENEWED, RENEWED],
            [("premium", 3, "2026-03-31", "2026-04-30", 4047)],
        ),
        (
            [bought("2026-05-12", 4), Happened("replaced", date(2026, 5, 30))],
            [("premium", -4, "2026-05-30", "2026-06-12", -2263)],
        ),
        (
            [bought("2026-05-12", 5), wished("2026-05-19", seats=10), wished("2026-05-30", plan="business")],
            [("business", 10, "2026-05-30", "2026-06-12", 12786), ("premium", -10, "2026-05-30", "2026-06-12", -5657)],
        ),
        (
            [
                bought("2026-05-12", 10, "business"),
                wished("2026-05-30", plan="premium", cycle="year", seats=5), RENEWED,
            ],
            [("premium", 5, "2026-06-12", "2027-06-12", 67450)],
        ),
    ],
    ids=["1", "2", "3", "4", "5 seats", "5 renewals", "6", "7", "8"],
)  # fmt: skip
def test_the_worked_examples(happened: list[Happened], lines: list[Line]) -> None:
    assert last_bill(*happened) == lines


def test_what_cannot_be_is_refused() -> None:
    cancelled = Happened("cancelled", date(2026, 5, 20))
    with pytest.raises(Refused, match="no_change"):
        reckon([MAY_12, wished("2026-05-30", seats=15)], price)
    with pytest.raises(Refused, match="resume_first"):
        reckon([MAY_12, cancelled, wished("2026-05-30", cycle="year")], price)


def test_a_renewal_holds_everybody() -> None:
    happened = [bought("2026-05-12", 10), wished("2026-05-30", seats=2), Happened("renewed", counted=6)]
    assert last_bill(*happened) == [("premium", 10, "2026-06-12", "2026-07-12", 13490)]
