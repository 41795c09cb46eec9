"""A line says how it came about, in words that can be checked with a pencil (rule I3)."""

from dataclasses import replace

from tests.documents.examples import CHARGE, CREDIT
from zetel.documents.explain import explain, explain_line

NBSP = "\N{NO-BREAK SPACE}"


def _explained(language: str, **numbers: int) -> str:
    """5 seats of 13.49 for 21 of 31 days, unless said otherwise."""
    line = {"seats": 5, "unit_price": 1349, "days": 21, "of_days": 31, "amount": 4569} | numbers
    return explain(
        seats=line["seats"],
        unit_price=line["unit_price"],
        days=line["days"],
        of_days=line["of_days"],
        amount=line["amount"],
        currency="EUR",
        language=language,
        discount_bp=line.get("discount_bp", 0),
        discount_amount=line.get("discount_amount", 0),
    )


def test_part_of_a_period_names_its_days() -> None:
    assert _explained("nl") == f"5 seats × €{NBSP}13,49 × 21 van 31 dagen = €{NBSP}45,69"
    assert _explained("en") == "5 seats × €13.49 × 21 of 31 days = €45.69"


def test_whole_period_leaves_the_days_out() -> None:
    assert _explained("en", days=31, amount=6745) == "5 seats × €13.49 = €67.45"


def test_one_seat_is_singular() -> None:
    assert _explained("en", seats=1, days=31, amount=1349) == "1 seat × €13.49 = €13.49"


def test_money_given_back_says_so() -> None:
    assert explain_line(CREDIT, "EUR", "en") == "Given back: 15 seats × €13.49 × 13 of 31 days = €84.86"
    assert (
        explain_line(CREDIT, "EUR", "nl")
        == f"Teruggegeven: 15 seats × €{NBSP}13,49 × 13 van 31 dagen = €{NBSP}84,86"
    )


def test_discount_is_part_of_the_equation() -> None:
    line = replace(CHARGE, discount_bp=1000, discount_amount=1918)
    assert (
        explain_line(line, "EUR", "en")
        == "15 seats × €30.49 × 13 of 31 days = €191.79, less 10% discount = €172.61"
    )
