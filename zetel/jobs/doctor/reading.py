"""What several checks read alike: subscriptions with their terms and what was billed, and documents with their lines.

All checks see one snapshot, so what fits into one batch is read once and kept for the others. In a large installation
each check streams for itself, and memory does not grow.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any, TypeVar

from zetel.jobs.doctor.agreements import Agreement, agreements
from zetel.jobs.doctor.finding import BATCH, rows_of
from zetel.models import Invoice

Value = TypeVar("Value")


class Reading:
    """One visit at an instant."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._kept: dict[str, list[Any]] = {}

    def agreements(self) -> Iterator[Agreement]:
        """Every subscription, by id."""
        return self._once("agreements", agreements)

    def documents(self) -> Iterator[Invoice]:
        """Every invoice and credit note by id, with lines, taxes and balance entries at hand."""
        return self._once("documents", documents)

    def _once(self, name: str, read: Callable[[], Iterator[Value]]) -> Iterator[Value]:
        if name not in self._kept:
            rows = read()
            first = list(islice(rows, BATCH + 1))
            if len(first) > BATCH:
                return chain(first, rows)
            self._kept[name] = first
        return iter(self._kept[name])


def documents() -> Iterator[Invoice]:
    """The same, read now."""
    rows = Invoice.objects.defer("seller", "buyer").prefetch_related("lines", "taxes", "balance_entries")
    for invoices in rows_of(rows.order_by("id")):
        yield from invoices
