"""Whoever redoes the sentence of a line on paper finds the line's amount, in both languages and every currency (I3).

The reader here knows nothing of the line: only the printed sentence, how the language writes figures, and rule M2.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.life import issued
from zetel.documents.explain import explain
from zetel.rules.billing import Discount, Line, Terms, due_minus_billed
from zetel.rules.money import decimals
from zetel.rules.periods import Cycle

MARKS = {"nl": (".", ","), "en": (",", ".")}  # between thousands, before decimals


@dataclass(frozen=True)
class Read:
    """What the sentence says: the sum as it was to be reckoned, and the results that it prints."""

    exact: Fraction
    amount: int
    discount: Fraction | int
    net: int
    is_back: bool


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def figure(text: str, language: str) -> Fraction:
    thousands, point = MARKS[language]
    found = re.findall(rf"\d[\d{re.escape(thousands + point)}]*", text)
    assert len(found) == 1, text
    return Fraction(found[0].replace(thousands, "").replace(point, "."))


def read(sentence: str, currency: str, language: str) -> Read:
    is_back = sentence.startswith(("Given back", "Teruggegeven"))
    equation = sentence.rpartition(": ")[2] if is_back else sentence
    reckoning, rest = equation.split(" = ", 1)
    factors, scale = reckoning.split(" × "), 10 ** decimals(currency)
    exact = figure(factors[0], language) * figure(factors[1], language) * scale
    if len(factors) == 3:
        days, of_days = re.findall(r"\d+", factors[2])
        exact *= Fraction(int(days), int(of_days))
    printed, _, discounted = rest.partition(", min " if language == "nl" else ", less ")
    amount = net = int(figure(printed, language) * scale)
    discount: Fraction | int = 0
    if discounted:
        by, last = discounted.split(" = ")
        net = int(figure(last, language) * scale)
        share = figure(by, language)
        discount = half_up(exact * share / 100) if "%" in by else int(share * scale)
    return Read(exact, amount, discount, net, is_back)


def redo(line: Line, currency: str, language: str) -> None:
    taken = [("INV-2026-00042", number) for number, _ in enumerate(line.takes_back, start=1)]
    sentence = explain(
        seats=line.seats, unit_price=line.unit_amount, days=line.days, of_days=line.of_days, amount=line.amount,
        currency=currency, language=language, discount_bp=line.discount_bp, discount_amount=line.discount_amount,
        taken_from=taken,
    )  # fmt: skip
    told = read(sentence, currency, language)
    sign = -1 if told.is_back else 1
    assert half_up(told.exact) == told.amount, sentence
    assert (sign * told.amount, sign * told.net) == (line.amount, line.net), sentence
    assert told.net == told.amount - told.discount, sentence
    assert told.is_back == (line.kind == "credit"), sentence


DAY = date(2024, 1, 1)
sizes = st.integers(2, 500)
rows = st.builds(
    lambda days, plan, cycle, seats, unit: (days, plan, cycle, seats, unit),
    st.integers(0, 400), st.sampled_from(("premium", "business")), st.sampled_from(list(Cycle)), sizes,
    st.integers(1, 10_000_000),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    agreement=st.lists(rows, min_size=1, max_size=4),
    anchor=st.integers(0, 1500),
    currency=st.sampled_from(("EUR", "JPY", "KWD", "USD")),
    discount_bp=st.sampled_from((0, 0, 500, 1234, 10_000)),
    ends_after=st.one_of(st.none(), st.integers(1, 500)),
)
def test_every_line_of_a_life_can_be_redone_from_its_sentence(
    agreement: list[tuple[int, str, Cycle, int, int]], anchor: int, currency: str, discount_bp: int,
    ends_after: int | None,
) -> None:  # fmt: skip
    """Charges, credits, discounts, and what a second run corrects when the terms were others all along."""
    first = DAY + timedelta(days=anchor)
    terms = tuple(
        Terms(first + timedelta(days=days if place else 0), plan, cycle, seats, unit, currency, first)
        for place, (days, plan, cycle, seats, unit) in enumerate(agreement)
    )
    discounts = (Discount(discount_bp, first),) if discount_bp else ()
    billed, through = due_minus_billed(terms[:1], (), through=first, discounts=discounts), first
    lines = list(billed)
    for row in terms[1:]:
        through = max(through, row.starts_on)
        known = issued(lines)
        lines += due_minus_billed(terms, known, through=through, discounts=discounts)
    if ends_after is not None:
        ends_on = first + timedelta(days=ends_after)
        lines += due_minus_billed(terms, issued(lines), through=through, ends_on=ends_on, discounts=discounts)
    for line in lines:
        for language in ("nl", "en"):
            redo(line, currency, language)


def test_a_discount_of_an_amount_is_said_as_an_amount() -> None:
    said = explain(
        seats=5, unit_price=1349, days=31, of_days=31, amount=6745, currency="EUR", language="en",
        discount_amount=745,
    )  # fmt: skip
    assert said == "5 seats × €13.49 = €67.45, less €7.45 discount = €60.00"
    assert read(said, "EUR", "en") == Read(Fraction(6745), 6745, 745, 6000, is_back=False)


def test_a_credit_names_the_lines_that_it_takes_back() -> None:
    def said(language: str, *taken: tuple[str, int]) -> str:
        sentence = explain(
            seats=10, unit_price=1349, days=13, of_days=31, amount=-5657, currency="EUR", language=language,
            taken_from=taken,
        )  # fmt: skip
        return sentence.replace("\N{NO-BREAK SPACE}", " ")

    reckoned = "10 seats × €13.49 × 13 of 31 days = €56.57"
    assert said("en") == f"Given back: {reckoned}"
    assert said("en", ("INV-1", 2)) == f"Given back of INV-1, line 2: {reckoned}"
    both = (("INV-2", 1), ("INV-1", 3), ("INV-1", 1))
    assert said("en", *both) == f"Given back of INV-1, lines 1, 3; INV-2, line 1: {reckoned}"
    assert said("nl", *both) == (
        "Teruggegeven van INV-1, regels 1, 3; INV-2, regel 1: 10 seats × € 13,49 × 13 van 31 dagen = € 56,57"
    )
