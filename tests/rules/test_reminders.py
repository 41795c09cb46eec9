"""When a renewal is announced: a year 30 days ahead, a month 7 days ahead for who asked."""

from datetime import date

import pytest

from zetel.rules.periods import Cycle
from zetel.rules.reminders import remind_on


@pytest.mark.parametrize(
    ("cycle", "wants_monthly", "renews_on", "mail_on"),
    [
        (Cycle.YEAR, False, date(2027, 5, 12), date(2027, 4, 12)),
        (Cycle.YEAR, True, date(2028, 3, 30), date(2028, 2, 29)),
        (Cycle.MONTH, True, date(2026, 6, 12), date(2026, 6, 5)),
        (Cycle.MONTH, True, date(2027, 3, 3), date(2027, 2, 24)),
        (Cycle.MONTH, False, date(2026, 6, 12), None),
    ],
)
def test_the_day_of_the_mail(
    cycle: Cycle, wants_monthly: bool, renews_on: date, mail_on: date | None
) -> None:
    assert remind_on(cycle, renews_on, wants_monthly=wants_monthly) == mail_on
