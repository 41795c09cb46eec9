"""What begins when a trial ends, reckoned ahead: its terms, its first invoice, and what of that will be charged.

The page that begins a trial, the Billing tab, the reminders and the last day itself show and use the same figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from zetel.actions import standing
from zetel.models import Customer, Space
from zetel.rules import trials as rules
from zetel.rules.billing import Terms, due_minus_billed
from zetel.rules.invoices import balance_use
from zetel.rules.quotes import Document, document
from zetel.rules.subscriptions import renewal_terms


@dataclass(frozen=True)
class First:
    """The first period as it looks now: its terms with everybody seated, those to append for it, and its invoice."""

    terms: Terms
    grown: Terms | None
    document: Document
    balance_used: int

    @property
    def due(self) -> int:
        return self.document.total - self.balance_used


def first_of(space: Space, customer: Customer | None, terms: Sequence[Terms], *, counted: int) -> First:
    """Everybody counted gets a seat: the chosen size or the smallest that fits (P10). Balance pays first (I6)."""
    agreed = rules.agreed(terms)
    end = agreed.starts_on
    grown = renewal_terms((agreed,), on=end, counted=counted)
    row = grown or agreed
    lines = due_minus_billed((row,), (), through=end)
    asked = document(lines, standing.treatment_of(space, customer, end))
    balance = standing.balance_of(customer, row.currency) if customer else 0
    return First(row, grown, asked, balance_use(asked.total, balance))
