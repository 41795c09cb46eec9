"""Lines and taxes of quotes and documents, each with how it came about (rule I3)."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from zetel.api.values import Cycle, Money, Shown, money
from zetel.documents.explain import Source, explain, explain_issued
from zetel.documents.languages import reader_language
from zetel.models import InvoiceLine
from zetel.rules.billing import Line


class LineShown(Shown):
    """`amount` is seats × unit price × days of days, rounded once; `net` is it less the discount."""

    kind: Literal["charge", "credit"]
    plan: str = Field(examples=["premium"])
    cycle: Cycle
    seats: int
    unit_price: Money
    start: date
    end: date = Field(description="The first day after it.")
    days: int
    of_days: int
    amount: Money
    discount: Money
    net: Money
    rule: str = Field(examples=["M6"])
    explanation: str = Field(description="The sum as a sentence.", examples=["15 seats × € 13.49 = € 202.35"])


class TaxShown(Shown):
    category: str = Field(examples=["S"])
    rate_bp: int = Field(description="The rate in hundredths of a per cent.", examples=[2100])
    base: Money
    tax: Money


def line_of_rules(line: Line, currency: str) -> LineShown:
    """A line that is not issued yet."""
    said = explain(
        seats=line.seats, unit_price=line.unit_amount, days=line.days, of_days=line.of_days, amount=line.amount,
        currency=currency, language=reader_language(), discount_bp=line.discount_bp,
        discount_amount=line.discount_amount, rule=line.rule,
    )  # fmt: skip
    return _line(line, line.days, line.of_days, currency, said)


def line_of_row(line: InvoiceLine, currency: str, sources: Mapping[str, Source]) -> LineShown:
    """A line of an issued document; `sources` are the lines that credits take from."""
    days, of_days = (line.end - line.start).days, (line.period_end - line.period_start).days
    said = explain_issued(line, currency, reader_language(), sources)
    return _line(line, days, of_days, currency, said)


def _line(line: Line | InvoiceLine, days: int, of_days: int, currency: str, said: str) -> LineShown:
    return LineShown(
        kind=line.kind, plan=line.plan, cycle=str(line.cycle), seats=line.seats,
        unit_price=money(line.unit_amount, currency), start=line.start, end=line.end, days=days, of_days=of_days,
        amount=money(line.amount, currency), discount=money(line.discount_amount, currency),
        net=money(line.amount - line.discount_amount, currency), rule=line.rule, explanation=said,
    )  # fmt: skip
