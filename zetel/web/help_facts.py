"""The seller's own figures in the help: prices, sizes, limits and days, from the catalogue and the rules themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from django.utils.translation import gettext

from zetel.rules import dunning, overages, reminders
from zetel.rules.catalog import Catalog, OnExceed, Plan, price_on
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.periods import Cycle
from zetel.rules.seats import LADDER
from zetel.templatetags.zetel import amount, number

SHORT = 3  # steps


@dataclass(frozen=True)
class Facts:
    """What the answers fill in. Days and counts are plain numbers."""

    catalog: Catalog
    today: date

    @property
    def paid(self) -> tuple[Plan, ...]:
        return self.catalog.paid_plans()

    @property
    def people_on_free(self) -> int | None:
        return self.catalog.free.limits.get("people")

    @property
    def ladder(self) -> tuple[int, ...]:
        """The sizes of the first plan that is paid; the standard ones where nothing is."""
        return self.paid[0].policy.ladder if self.paid else LADDER

    @property
    def grows_after_days(self) -> int:
        return overages.GROWS_AFTER_DAYS

    @property
    def yearly_days(self) -> int:
        return reminders.YEARLY_DAYS

    @property
    def monthly_days(self) -> int:
        return reminders.MONTHLY_DAYS

    @property
    def end_day(self) -> int:
        return dunning.STEP_DAYS[-1]

    def plans_that(self, on_exceed: OnExceed) -> str:
        """The names of the paid plans with this policy."""
        return listed([plan.name for plan in self.paid if plan.policy.on_exceed is on_exceed])

    def price(self, plan: Plan, cycle: Cycle, currency: str) -> str:
        try:
            row = price_on(self.catalog.prices, plan.code, cycle, currency, self.today)
        except ZetelError:
            return "–"
        return amount(Money(row.unit_amount, currency))

    def months_in_a_year(self) -> int | None:
        """How many monthly prices a year costs, where that is the same whole number for everything sold."""
        found = set()
        for plan in self.paid:
            for currency in self.catalog.currencies:
                try:
                    month, year = (
                        price_on(self.catalog.prices, plan.code, cycle, currency, self.today).unit_amount
                        for cycle in (Cycle.MONTH, Cycle.YEAR)
                    )
                except ZetelError:
                    continue
                found.add(divmod(year, month) if month else (0, 1))
        months = next(iter(found)) if len(found) == 1 else (0, 1)
        return months[0] if months[1] == 0 else None

    def price_table(self) -> "Table":
        """A row for each currency, with a year and a month of each plan."""
        heads = [gettext("Currency"), *(plan.name for plan in self.paid)]
        rows = []
        for currency in self.catalog.currencies:
            cells = [
                (
                    gettext("%(price)s a month") % {"price": self.price(plan, Cycle.MONTH, currency)},
                    gettext("%(price)s a year") % {"price": self.price(plan, Cycle.YEAR, currency)},
                )
                for plan in self.paid
            ]
            rows.append((currency, cells))
        return Table(heads, rows)


@dataclass(frozen=True)
class Table:
    """A small table: heads, and rows of a head and its cells, each of one or more lines."""

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Sequence[str]]]]


def listed(words: Sequence[str]) -> str:
    """`Premium, Business and Enterprise`."""
    if len(words) < 2:
        return "".join(words)
    return gettext("%(some)s and %(last)s") % {"some": ", ".join(words[:-1]), "last": words[-1]}


def tried_on() -> str:
    """The days after the first try on which a payment is tried again: `1, 3, 5 and 7`."""
    return listed([str(day) for day in dunning.STEP_DAYS[1:]])


def sizes(ladder: Sequence[int]) -> str:
    """`2, 3, 4, 5, then by 5 to 30`: a long row of equal steps is said in one go, what is short is named."""
    words, runs = [number(size) for size in ladder[:1]], list[tuple[int, int, int]]()  # step, from, to
    for size, after in pairwise(ladder):
        if runs and runs[-1][0] == after - size:
            runs[-1] = (after - size, runs[-1][1], after)
        else:
            runs.append((after - size, size, after))
    for step, first, last in runs:
        if (last - first) // step <= SHORT:
            words += [number(size) for size in range(first + step, last + 1, step)]
        else:
            words.append(gettext("by %(step)s to %(last)s") % {"step": number(step), "last": number(last)})
    return ", ".join(words)
