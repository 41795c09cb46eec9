"""When a billing owner is reminded of a renewal (screens, mail): a year is long, a month only on request."""

from datetime import date, timedelta

from zetel.rules.periods import Cycle

YEARLY_DAYS = 30
MONTHLY_DAYS = 7


def remind_on(cycle: Cycle, renews_on: date, *, wants_monthly: bool) -> date | None:
    """The day of the mail; `cycle` is the one of the period that ends. None where no reminder goes."""
    if cycle is Cycle.YEAR:
        return renews_on - timedelta(days=YEARLY_DAYS)
    return renews_on - timedelta(days=MONTHLY_DAYS) if wants_monthly else None
