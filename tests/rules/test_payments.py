"""What an answer of a payment company means (G3 to G6, G9, C5, C6)."""

from datetime import UTC, datetime

import pytest

from zetel.rules.errors import ZetelError
from zetel.rules.money import Money
from zetel.rules.outcomes import Outcome, OutcomeKind
from zetel.rules.payments import (
    Decision,
    Effect,
    approval_until,
    collects_now,
    decide,
    quote_until,
    refundable,
)
from zetel.rules.transitions import AttemptStatus as Status

WANTED = Money(8161, "EUR")
PAID = Outcome(kind="paid", amount=WANTED)


@pytest.mark.parametrize(
    ("kind", "status", "effect"),
    [
        ("processing", Status.PROCESSING, Effect.WAIT),
        ("action", Status.ACTION, Effect.ASK_PERSON),
        ("declined", Status.DECLINED, Effect.REFUSE),
        ("unknown", Status.UNKNOWN, Effect.ASK_AGAIN),
    ],
)
def test_each_answer_has_its_meaning(kind: OutcomeKind, status: Status, effect: Effect) -> None:
    assert decide(Status.SENT, Outcome(kind=kind), WANTED) == Decision(status, effect)


@pytest.mark.parametrize("status", [Status.SENT, Status.PROCESSING, Status.ACTION, Status.UNKNOWN])
def test_money_is_booked_from_every_status_that_waits(status: Status) -> None:
    assert decide(status, PAID, WANTED) == Decision(Status.PAID, Effect.BOOK)


@pytest.mark.parametrize("kind", ["paid", "processing", "action", "declined", "unknown"])
def test_after_it_was_booked_no_answer_does_anything(kind: OutcomeKind) -> None:
    amount = WANTED if kind == "paid" else None
    assert decide(Status.PAID, Outcome(kind=kind, amount=amount), WANTED) == Decision(
        Status.PAID, Effect.IGNORE
    )


@pytest.mark.parametrize("amount", [None, Money(8160, "EUR"), Money(8161, "USD")])
def test_another_amount_or_currency_is_no_payment(amount: Money | None) -> None:
    wrong = Outcome(kind="paid", amount=amount)
    assert decide(Status.SENT, wrong, WANTED) == Decision(Status.PARKED, Effect.PARK)
    assert decide(Status.PARKED, wrong, WANTED) == Decision(Status.PARKED, Effect.IGNORE)
    assert decide(Status.DECLINED, wrong, WANTED) == Decision(Status.DECLINED, Effect.PARK)


def test_money_for_something_that_is_over_goes_back() -> None:
    assert decide(Status.ACTION, PAID, WANTED, over=True) == Decision(Status.PAID, Effect.REFUND)
    assert decide(Status.DECLINED, PAID, WANTED, over=True) == Decision(Status.DECLINED, Effect.REFUND)
    assert decide(Status.CANCELLED, PAID, WANTED) == Decision(Status.CANCELLED, Effect.PARK)


def test_a_refusal_is_final_and_an_unknown_answer_is_not() -> None:
    assert decide(Status.DECLINED, Outcome(kind="processing"), WANTED).effect is Effect.IGNORE
    assert decide(Status.UNKNOWN, Outcome(kind="declined"), WANTED).effect is Effect.REFUSE


def test_the_bank_has_23_hours_and_a_quote_30_minutes_but_never_beyond_the_period() -> None:
    at = datetime(2026, 6, 11, 21, 50, tzinfo=UTC)
    midnight = datetime(2026, 6, 11, 22, 0, tzinfo=UTC)
    assert approval_until(at) == datetime(2026, 6, 12, 20, 50, tzinfo=UTC)
    assert approval_until(at, midnight) == midnight
    assert quote_until(at) == datetime(2026, 6, 11, 22, 20, tzinfo=UTC)
    assert quote_until(at, midnight) == midnight


def test_refunds_never_exceed_the_payment() -> None:
    assert refundable(1000, 400, 600) == 0
    assert refundable(1000, 0, 1) == 999
    for wanted in (601, 0, -1):
        with pytest.raises(ZetelError, match="refund_too_large"):
            refundable(1000, 400, wanted)


def test_below_the_minimum_nothing_is_collected_yet() -> None:
    assert [collects_now(due, 50) for due in (0, 49, 50)] == [False, False, True]
    assert not collects_now(0, 0)
