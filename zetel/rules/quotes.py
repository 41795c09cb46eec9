"""What a change would cost, as one value: the quote that a buyer confirms and the invoice is issued from (rule C6).

`price_purchase` lays the wished terms over nothing billed yet, takes tax by M8, ends the subscriptions that the new
one covers (P9) and lets balance pay first (I6); `price_change` lays changed terms over what was billed. The value
goes to the database as JSON and comes back equal, so the invoice is made from the very lines that were shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from zetel.rules.billing import Billed, Line, Terms, due_minus_billed, next_boundary, terms_at
from zetel.rules.credits import Books, fitted, spendable
from zetel.rules.documents import Document as Document
from zetel.rules.documents import document as document
from zetel.rules.invoices import balance_use
from zetel.rules.money import prorate
from zetel.rules.periods import Cycle, period_at
from zetel.rules.subscriptions import ChangePlan, Field, Note, Scheduled, renewal_terms, scheduled
from zetel.rules.tax import TaxRow, TaxTreatment

_DATES = frozenset({"start", "end", "period_start", "period_end", "starts_on", "anchor_on"})
TreatmentOn = Callable[[date], TaxTreatment]


@dataclass(frozen=True, slots=True)
class Standing:
    """A live subscription as billing sees it: its terms, what was billed, and what of that can be given back.

    `day` is its own today, where that is not the day of what is priced; from `unpaid_from` on nothing was paid (G4).
    """

    subscription_id: str
    terms: tuple[Terms, ...]
    billed: tuple[Billed, ...]
    books: Books = field(default_factory=Books)
    same_customer: bool = False
    day: date | None = None
    unpaid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """A subscription that ends because the new one covers it: what is taken back, and what of it can be spent."""

    subscription_id: str
    on: date
    credit: Document
    spendable: int
    same_customer: bool


@dataclass(frozen=True, slots=True)
class PricedPurchase:
    """Everything a confirmed purchase does with money and terms."""

    terms: Terms
    document: Document
    endings: tuple[Ending, ...]
    balance_used: int
    due: int
    period_end: date
    renewal_total: int


@dataclass(frozen=True, slots=True)
class PricedChange:
    """Everything a confirmed change does with money and terms, now and later.

    `append` are the rows of terms that bring it about, `now` the one of today. `scheduled` is what waits afterwards,
    `dropped` what does no longer. `spendable` becomes balance when more is taken back than charged. `renews_on` is
    None when the subscription ends before.
    """

    on: date
    before: Terms
    now: Terms | None
    append: tuple[Terms, ...]
    ends_on: date | None
    scheduled: tuple[Scheduled, ...]
    dropped: tuple[Scheduled, ...]
    notes: tuple[Note, ...]
    document: Document
    balance_used: int
    due: int
    spendable: int
    renews_on: date | None
    renewal_total: int


def price_purchase(
    terms: Terms, *, treatment: TaxTreatment, covered: Sequence[Standing] = (), balance: int = 0
) -> PricedPurchase:
    """Price a new subscription that starts with `terms`; `balance` is what the same customer has to spend."""
    asked = document(due_minus_billed((terms,), (), through=terms.starts_on), treatment)
    endings = tuple(end_covered(standing, on=terms.starts_on) for standing in covered)
    to_spend = balance + sum(ending.spendable for ending in endings if ending.same_customer)
    used = min(asked.total, to_spend)
    period = period_at(terms.anchor_on, terms.cycle, terms.starts_on)
    renewal = document(
        due_minus_billed((replace(terms, starts_on=period.end),), (), through=period.end), treatment
    )
    return PricedPurchase(terms, asked, endings, used, asked.total - used, period.end, renewal.total)


def price_change(
    plan: ChangePlan,
    standing: Standing,
    *,
    on: date,
    treatment_on: TreatmentOn,
    balance: int = 0,
    counted: int = 0,
) -> PricedChange:
    """Price what was decided about a live subscription whose boundaries up to `on` are settled (C12).

    `treatment_on` gives the tax of a charge that begins on a day; `counted` people have a seat at the renewal (C7).
    """
    terms = (*standing.terms, *plan.append)
    before = terms_at(standing.terms, on)
    assert before is not None, "what is changed has terms"
    lines = due_minus_billed(terms, standing.billed, through=on, ends_on=plan.ends_on)
    asked = fitted(document(lines, treatment_on(on)), standing.books)
    used = balance_use(asked.total, balance)
    renews_on = next_boundary(terms, on, plan.ends_on)
    return PricedChange(
        on=on,
        before=before,
        now=plan.now,
        append=plan.append,
        ends_on=plan.ends_on,
        scheduled=scheduled(terms, on=on, ends_on=plan.ends_on),
        dropped=plan.dropped,
        notes=plan.notes,
        document=asked,
        balance_used=used,
        due=max(0, asked.total) - used,
        spendable=spendable(asked, standing.books),
        renews_on=renews_on,
        renewal_total=renewal_total(terms, renews_on, counted, treatment_on) if renews_on else 0,
    )


def renewing(terms: Sequence[Terms], on: date, counted: int) -> Terms:
    """The terms of the period that begins on a boundary: as scheduled, with a seat for everybody counted (C7)."""
    row = renewal_terms(terms, on=on, counted=counted) or terms_at(terms, on)
    assert row is not None, "a boundary has terms"
    return row


def renewal_total(terms: Sequence[Terms], on: date, counted: int, treatment_on: TreatmentOn) -> int:
    """What the period that begins on a boundary will cost with tax; nothing of it was billed yet."""
    row = renewing(terms, on, counted)
    return document(due_minus_billed((replace(row, starts_on=on),), (), through=on), treatment_on(on)).total


def end_covered(standing: Standing, *, on: date) -> Ending:
    """End a covered subscription on its day (P9): what is unused, less what was never paid, becomes balance (I7).

    A period that was not paid is taken back whole, as at every end of one that is past due. What was not billed yet is
    no part of this: whoever makes it binding bills that first (C12).
    """
    day, lines = standing.day or on, tuple[Line, ...]()
    if standing.billed:
        paid_until = max(line.period_end for line in standing.billed)
        unused_from = standing.unpaid_from or min(day, paid_until)
        lines = due_minus_billed(standing.terms, standing.billed, through=unused_from, ends_on=unused_from)
    credit = fitted(document(lines, None), standing.books)
    return Ending(
        standing.subscription_id, day, credit, spendable(credit, standing.books), standing.same_customer
    )


def yearly_saving(monthly_unit: int, yearly_unit: int, seats: int) -> int:
    """What a year costs less than twelve months, for all seats (rule P3)."""
    return prorate(monthly_unit * 12 - yearly_unit, seats, 1, 1)


def to_json(priced: PricedPurchase | PricedChange) -> dict[str, Any]:
    """Plain JSON with ISO dates; `from_json` and `change_from_json` give back an equal value."""
    plain: dict[str, Any] = _plain(asdict(priced))
    return plain


def from_json(data: dict[str, Any]) -> PricedPurchase:
    return PricedPurchase(
        terms=Terms(**_dated(data["terms"])),
        document=_document(data["document"]),
        endings=tuple(
            Ending(**{**item, "on": date.fromisoformat(item["on"]), "credit": _document(item["credit"])})
            for item in data["endings"]
        ),
        balance_used=data["balance_used"],
        due=data["due"],
        period_end=date.fromisoformat(data["period_end"]),
        renewal_total=data["renewal_total"],
    )


def change_from_json(data: dict[str, Any]) -> PricedChange:
    return PricedChange(
        on=date.fromisoformat(data["on"]),
        before=Terms(**_dated(data["before"])),
        now=Terms(**_dated(data["now"])) if data["now"] else None,
        append=tuple(Terms(**_dated(row)) for row in data["append"]),
        ends_on=_date(data["ends_on"]),
        scheduled=tuple(_scheduled(item) for item in data["scheduled"]),
        dropped=tuple(_scheduled(item) for item in data["dropped"]),
        notes=tuple(Note(note) for note in data["notes"]),
        document=_document(data["document"]),
        balance_used=data["balance_used"],
        due=data["due"],
        spendable=data["spendable"],
        renews_on=_date(data["renews_on"]),
        renewal_total=data["renewal_total"],
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _scheduled(data: dict[str, Any]) -> Scheduled:
    field = Field(data["field"])
    old, new = (Cycle(data[side]) if field is Field.CYCLE else data[side] for side in ("old", "new"))
    return Scheduled(field, date.fromisoformat(data["on"]), old, new)


def _document(data: dict[str, Any]) -> Document:
    lines = tuple(Line(**{**_dated(line), "takes_back": tuple(line["takes_back"])}) for line in data["lines"])
    return Document(
        lines, tuple(TaxRow(**row) for row in data["taxes"]), data["net"], data["tax"], data["total"]
    )


def _dated(data: dict[str, Any]) -> dict[str, Any]:
    dated = {name: date.fromisoformat(value) if name in _DATES else value for name, value in data.items()}
    return {**dated, "cycle": Cycle(data["cycle"])}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
