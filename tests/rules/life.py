"""The life of one subscription, played through the rules alone: buy, change, let days pass, read the invoices."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

import zetel
from zetel.rules.billing import Billed, Line, Terms, as_billed, due_minus_billed, next_boundary
from zetel.rules.catalog import Catalog, price_on
from zetel.rules.catalog_file import parse
from zetel.rules.periods import Cycle
from zetel.rules.subscriptions import ChangePlan, Wish, cancel, first_terms, plan_change, resume


@cache
def catalog_text() -> str:
    return (Path(zetel.__file__).parent / "catalog.toml").read_text(encoding="utf-8")


@cache
def default_catalog() -> Catalog:
    return parse(catalog_text())


def price(plan: str, cycle: Cycle) -> int:
    """The default catalogue's price in EUR."""
    return price_on(default_catalog().prices, plan, cycle, "EUR", date(2026, 1, 1)).unit_amount


def issued(lines: Sequence[Line], numbered_from: int = 0, rate_bp: int = 0) -> list[Billed]:
    """The lines as the next run sees them; charges get the rate, credits keep what they inherited."""
    category = "S" if rate_bp else "Z"
    return [
        as_billed(
            line if line.tax_category else replace(line, rate_bp=rate_bp, tax_category=category),
            f"line-{numbered_from + index:05d}",
        )
        for index, line in enumerate(lines)
    ]


class Invoice(NamedTuple):
    on: date
    lines: tuple[Line, ...]

    @property
    def net(self) -> int:
        return sum(line.net for line in self.lines)


@dataclass
class Life:
    """Every act first bills the boundaries that went by (C12)."""

    terms: tuple[Terms, ...] = ()
    ends_on: date | None = None
    billed: list[Billed] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    settled: date = date.min

    def bill(self, on: date, rate_bp: int = 0) -> Invoice | None:
        lines = due_minus_billed(self.terms, self.billed, through=on, ends_on=self.ends_on)
        if not lines:
            return None
        self.billed += issued(lines, len(self.billed), rate_bp)
        self.invoices.append(Invoice(on, lines))
        return self.invoices[-1]

    def live_until(self, on: date) -> None:
        while self.terms and (boundary := next_boundary(self.terms, self.settled, self.ends_on)):
            if boundary > on:
                break
            self.bill(boundary)
            self.settled = boundary

    def buy(self, on: date, plan: str, cycle: Cycle, seats: int) -> Invoice | None:
        self.terms = (first_terms(plan, cycle, seats, price(plan, cycle), "EUR", on),)
        self.settled = on
        return self.bill(on)

    def change(self, on: date, wish: Wish) -> ChangePlan:
        self.live_until(on)
        ranks = default_catalog().ranks
        return self._follow(
            plan_change(self.terms, wish=wish, on=on, price=price, ranks=ranks, ends_on=self.ends_on), on
        )

    def cancel(self, on: date) -> ChangePlan:
        self.live_until(on)
        return self._follow(cancel(self.terms, on=on, ends_on=self.ends_on), on)

    def resume(self, on: date) -> ChangePlan:
        self.live_until(on)
        return self._follow(resume(self.terms, on=on, ends_on=self.ends_on), on)

    def _follow(self, plan: ChangePlan, on: date) -> ChangePlan:
        self.terms += plan.append
        self.ends_on = plan.ends_on
        self.bill(on)
        return plan
