"""How an invoice line came about, in one sentence (rule I3).

The sentence is an equation that anyone can redo on paper: seats × unit price × days of days = amount. It is made
here only, so that the invoice, its web page and the timeline never tell different stories. A line that gives back
names the lines it takes from.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from django.utils import translation
from django.utils.translation import gettext, ngettext

from zetel.documents.amounts import amount_text, percent_text

Source = tuple[str, int]  # a document's number, and the place of a line on it


class Explained(Protocol):
    """What a sentence needs of a line; amounts in minor units, `amount` before its discount."""

    @property
    def seats(self) -> int: ...
    @property
    def unit_price(self) -> int: ...
    @property
    def days(self) -> int: ...
    @property
    def of_days(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def discount_bp(self) -> int: ...
    @property
    def discount_amount(self) -> int: ...


def explain_line(line: Explained, currency: str, language: str) -> str:
    """Say how the line came about, e.g. `5 seats × € 13,49 × 21 van 31 dagen = € 45,69`."""
    return explain(
        seats=line.seats,
        unit_price=line.unit_price,
        days=line.days,
        of_days=line.of_days,
        amount=line.amount,
        discount_bp=line.discount_bp,
        discount_amount=line.discount_amount,
        currency=currency,
        language=language,
    )


class Issued(Protocol):
    """A line of an issued document; `takes_back` are the ids of the lines that a credit takes from."""

    seats: int
    unit_amount: int
    start: date
    end: date
    period_start: date
    period_end: date
    amount: int
    discount_bp: int
    discount_amount: int
    rule: str
    takes_back: list[str]


def explain_issued(line: Issued, currency: str, language: str, sources: Mapping[str, Source]) -> str:
    """`5 seats × € 13,49 × 21 van 31 dagen = € 45,69`; `sources` are the lines that credits take from, by id."""
    return explain(
        seats=line.seats, unit_price=line.unit_amount, days=(line.end - line.start).days,
        of_days=(line.period_end - line.period_start).days, amount=line.amount, discount_bp=line.discount_bp,
        discount_amount=line.discount_amount, currency=currency, language=language, rule=line.rule,
        taken_from=[sources[line_id] for line_id in line.takes_back if line_id in sources],
    )  # fmt: skip


def explain(
    *,
    seats: int,
    unit_price: int,
    days: int,
    of_days: int,
    amount: int,
    currency: str,
    language: str,
    discount_bp: int = 0,
    discount_amount: int = 0,
    taken_from: Sequence[Source] = (),
    rule: str = "",
) -> str:
    """The sentence from plain numbers. A whole period leaves the days out; a negative amount is money given back.

    Money that is no coverage (`rule` M11 or M13) is an amount without figures behind it.
    """
    with translation.override(language):
        if rule == "M13":
            return _given_back(amount_text(abs(amount), currency, language), taken_from)
        if rule == "M11":
            return gettext("Given back before, so not once more: %(sum)s") % {
                "sum": amount_text(abs(amount), currency, language)
            }
        factors = [
            ngettext("%(count)d seat", "%(count)d seats", abs(seats)) % {"count": abs(seats)},
            amount_text(abs(unit_price), currency, language),
        ]
        if days != of_days:
            factors.append(
                ngettext("%(days)d of %(of_days)d day", "%(days)d of %(of_days)d days", of_days)
                % {"days": days, "of_days": of_days}
            )
        reckoned = f"{' × '.join(factors)} = {amount_text(abs(amount), currency, language)}"
        if discount_amount:
            by = percent_text(discount_bp, language) if discount_bp else None
            reckoned = gettext("%(sum)s, less %(discount)s discount = %(net)s") % {
                "sum": reckoned,
                "discount": by or amount_text(abs(discount_amount), currency, language),
                "net": amount_text(abs(amount - discount_amount), currency, language),
            }
        if amount < 0 or taken_from:
            return _given_back(reckoned, taken_from)
        return reckoned


def _given_back(reckoned: str, taken_from: Sequence[Source]) -> str:
    """In whose place: the lines by document, in their order on it."""
    if not taken_from:
        return gettext("Given back: %(sum)s") % {"sum": reckoned}
    places: dict[str, list[int]] = {}
    for number, position in sorted(taken_from):
        places.setdefault(number, []).append(position)
    named = "; ".join(
        ngettext("%(number)s, line %(lines)s", "%(number)s, lines %(lines)s", len(lines))
        % {"number": number, "lines": ", ".join(str(line) for line in lines)}
        for number, lines in places.items()
    )
    return gettext("Given back of %(named)s: %(sum)s") % {"named": named, "sum": reckoned}
