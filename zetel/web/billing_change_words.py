"""A priced change in words: what happens now, what later, what is replaced, and what the next invoice will be.

Estimate, review and result show the same, so that what was promised can be found again (rules C3, C4, C6).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from zetel.rules.billing import Terms
from zetel.rules.catalog import Catalog
from zetel.rules.money import Money
from zetel.rules.quotes import PricedChange
from zetel.rules.subscriptions import Field, Note, Scheduled, Value
from zetel.templatetags.zetel import amount, longdate
from zetel.web.billing_view import seats_words
from zetel.web.upgrade_words import Row, money_rows
from zetel.web.words import cycle_word, plan_name


@dataclass(frozen=True)
class Later:
    """One change that waits for its day; `field` names it in the address that undoes it."""

    field: str
    words: str
    is_new: bool = False


def terms_words(catalog: Catalog, terms: Terms) -> str:
    """`Business, monthly, 15 seats`."""
    cycle = cycle_word(terms.cycle).lower()
    return f"{plan_name(catalog, terms.plan)}, {cycle}, {seats_words(terms.seats)}"


def value_words(catalog: Catalog, field: Field, value: Value) -> str:
    if field is Field.SEATS:
        return seats_words(int(value))
    return plan_name(catalog, str(value)) if field is Field.PLAN else cycle_word(str(value)).lower()


def later_words(catalog: Catalog, change: Scheduled) -> str:
    """`From 12 June 2026: 5 seats instead of 10 seats`."""
    return gettext("From %(date)s: %(new)s instead of %(old)s") % {
        "date": longdate(change.on), "new": value_words(catalog, change.field, change.new),
        "old": value_words(catalog, change.field, change.old),
    }  # fmt: skip


def waiting(catalog: Catalog, changes: Iterable[Scheduled], known: Iterable[Scheduled] = ()) -> list[Later]:
    """What waits, in the order of days; those that are not `known` yet are new."""
    before = {(change.field, change.on, change.new) for change in known}
    return [
        Later(
            str(change.field),
            later_words(catalog, change),
            (change.field, change.on, change.new) not in before,
        )
        for change in changes
    ]


def dropped_words(catalog: Catalog, change: Scheduled) -> str:
    """`12 June 2026: 5 seats`, of what will not happen any more."""
    return gettext("%(date)s: %(new)s") % {
        "date": longdate(change.on), "new": value_words(catalog, change.field, change.new),
    }  # fmt: skip


def note_words(priced: PricedChange) -> list[str]:
    """What the reader may not have expected. What is replaced has its own list."""
    on = longdate(priced.scheduled[0].on) if priced.scheduled else ""
    said = {
        Note.SPLIT: gettext("More happens now, less on %(date)s: you keep what you paid for until then.")
        % {"date": on},
        Note.WHOLE_AT_PERIOD_END: gettext(
            "Everything happens together on %(date)s, because a year begins with fewer seats or a lower plan."
        )
        % {"date": on},
        Note.STILL_ENDS: gettext("The plan still ends on %(date)s.") % {"date": longdate(priced.ends_on)},
        Note.STARTS_YEAR: gettext("A full year starts today. What is left of the month is given back."),
    }
    return [said[note] for note in priced.notes if note in said]


def change_summary(priced: PricedChange, catalog: Catalog, known: Iterable[Scheduled] = ()) -> dict[str, Any]:
    """What every page with a priced change shows of it."""
    currency = priced.before.currency
    return {
        "priced": priced,
        "before": terms_words(catalog, priced.before),
        "now_words": terms_words(catalog, priced.now) if priced.now else "",
        "rows": change_rows(priced, catalog),
        "later": waiting(catalog, priced.scheduled, known),
        "replaced": [dropped_words(catalog, change) for change in priced.dropped],
        "notes": note_words(priced),
        "due": Money(priced.due, currency),
        "to_balance": Money(priced.spendable, currency) if priced.spendable else None,
        "renewal_on": priced.renews_on,
        "renewal": Money(priced.renewal_total, currency),
        "ends_on": priced.ends_on,
    }


def change_rows(priced: PricedChange, catalog: Catalog) -> list[Row]:
    """Lines, tax and what is due; nothing when nothing is billed today."""
    if not priced.document.lines:
        return []
    currency = priced.before.currency
    rows = money_rows(priced, currency, catalog, gettext("Due today"))
    if priced.spendable:
        back = Money(priced.spendable, currency)
        rows.insert(-1, {"label": gettext("Goes to your balance"), "money": back, "kind": "sub"})
    return rows


def button_words(priced: PricedChange) -> str:
    """Act and amount of the button that confirms."""
    if priced.due:
        due = amount(Money(priced.due, priced.before.currency))
        return gettext("Change for %(amount)s") % {"amount": due}
    return gettext("Change now") if priced.now else gettext("Schedule")
