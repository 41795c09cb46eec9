"""What happens at a boundary: the period that begins is billed, or the subscription ends there (C2, C7, C9, I6, X4).

One boundary at a time, the oldest first. Everything is decided from values that were read before, so that a batch of a
thousand and a list of one are decided by the same lines, and a dry run decides without doing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from zetel.rules.billing import Terms, due_minus_billed, next_boundary, terms_at
from zetel.rules.errors import ZetelError
from zetel.rules.invoices import balance_use
from zetel.rules.quotes import Document, document
from zetel.rules.subscriptions import renewal_terms
from zetel.rules.tax import TaxTreatment

MISSED_MAX = 12  # periods that are billed one by one after an outage (rule C9)
# Within this time no subscription has two boundaries, whatever its cycle and however far its customer moved (M3, M4).
# A month is 28 days at least, and zones lie at most 26 hours apart.
BETWEEN_BOUNDARIES = timedelta(days=26)


@dataclass(frozen=True, slots=True)
class Boundary:
    """The boundary that was reached. What was billed ends on `on`; `today` and `on` are the customer's dates."""

    on: date
    today: date
    terms: tuple[Terms, ...]
    ends_on: date | None
    counted: int


@dataclass(frozen=True, slots=True)
class Renewal:
    """The period that begins: `row` are its terms, `grown` the same where they had to grow with the people (C7)."""

    row: Terms
    grown: Terms | None
    document: Document
    balance_used: int
    period_end: date

    @property
    def due(self) -> int:
        """What is left to collect, in minor units."""
        return self.document.total - self.balance_used


def renewal(
    boundary: Boundary, *, balance: int, treatment_on: Callable[[date], TaxTreatment]
) -> Renewal | None:
    """How the period that begins is billed; None where the subscription ends instead.

    Nothing of that period was billed yet; `balance` is what the customer has to spend, in minor units. Raises
    `period_unsettled` when more periods were missed than are caught up with: staff decide about those (C9).
    """
    on, terms = boundary.on, boundary.terms
    if boundary.ends_on is not None and boundary.ends_on <= on:
        return None
    _check_missed(boundary)
    grown = renewal_terms(terms, on=on, counted=boundary.counted)
    if grown:
        terms = (*terms, grown)
    row = terms_at(terms, on)
    assert row is not None, "a boundary has terms"
    asked = _asked(terms, on, boundary.ends_on, treatment_on(on))
    used = balance_use(asked.total, balance)
    return Renewal(row, grown, asked, used, row.period_at(on).end)


@lru_cache(maxsize=8192)
def _asked(terms: tuple[Terms, ...], on: date, ends_on: date | None, treatment: TaxTreatment) -> Document:
    """What the period that begins costs. Of the many that begin on one day most are alike, so it is kept."""
    return document(due_minus_billed(terms, (), through=on, ends_on=ends_on, since=on), treatment)


def _check_missed(boundary: Boundary) -> None:
    """Rule C9: an outage is caught up with; what looks like more than that is for staff."""
    if boundary.today - boundary.on < BETWEEN_BOUNDARIES:
        return
    missed, reached = 0, boundary.on
    while reached <= boundary.today:
        missed += 1
        if missed > MISSED_MAX:
            raise ZetelError("period_unsettled", since=boundary.on.isoformat())
        following = next_boundary(boundary.terms, reached, boundary.ends_on)
        if following is None:
            return
        reached = following
