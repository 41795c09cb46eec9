"""The companies' ledgers against our payments: what is provable is booked, the rest is parked and told once (X2).

Premium monthly for 15 seats is EUR 202.35.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.world import buy, customer_of, save_method
from zetel.cli.reconcile import run_by_hand
from zetel.jobs import reconcile
from zetel.models import Attempt, Change, Difference, Mail, Refund, Subscription
from zetel.sandbox import company
from zetel.sandbox.models import Charge

pytestmark = pytest.mark.django_db


def bought(clock: HandClock, behaviour: str = "paid") -> Change:
    anna = begin(clock.now).person("Anna")
    return buy(begin(clock.now).workspace(anna), anna, clock.now, behaviour=behaviour).change


def forgotten_by_the_company() -> None:
    Charge.objects.all().update(captured_at=datetime(2020, 1, 1, tzinfo=UTC))


def compared(clock: HandClock) -> reconcile.Compared:
    (done,) = reconcile.run(clock.now)
    return done


def open_differences() -> list[tuple[str, str]]:
    rows = Difference.objects.filter(closed_at=None).order_by("id")
    return [(row.what, row.reference or row.charge_id) for row in rows]


def test_without_payments_there_is_nothing_to_compare(clock: HandClock) -> None:
    assert reconcile.run(clock.now) == []


def test_what_agrees_is_counted_and_changes_nothing(clock: HandClock) -> None:
    bought(clock)
    done = compared(clock)
    assert (done.captures, done.booked, done.parked, done.told) == (1, [], [], 0)


def test_money_for_a_try_that_is_unknown_is_booked_from_the_ledger_once(clock: HandClock) -> None:
    anna = begin(clock.now).person("Anna")
    customer = customer_of(anna, clock.now)
    save_method(customer, anna, clock.now, behaviour="timeout_after")
    company.plan("timeout_after", operation="fetch")
    change = buy(begin(clock.now).workspace(anna), anna, clock.now, customer=customer).change
    assert (change.status, Attempt.objects.get().status) == ("pending", "unknown")
    done = compared(clock)
    change.refresh_from_db()
    assert (done.booked, done.parked) == ([Attempt.objects.get().reference], [])
    assert (change.status, Subscription.objects.count()) == ("done", 1)
    assert compared(clock).booked == []


def test_a_second_capture_is_parked_told_once_and_closed_when_it_was_given_back(clock: HandClock) -> None:
    bought(clock)
    second = Charge.objects.get()
    second.id, second.page_key = "ch_second", "another"
    second.save(force_insert=True)
    for _ in range(2):
        done = compared(clock)
        clock.move(hours=24)
    assert [found.what for found in done.parked] == ["captured_twice"]
    assert open_differences() == [("captured_twice", Attempt.objects.get().reference)]
    assert Mail.objects.filter(kind="staff_alert", params__what="ledger_difference").count() == 1
    company.refund(charge="ch_second", amount=20235, currency="EUR", reference="by-hand", idempotency_key="k")
    assert compared(clock).parked == []
    assert open_differences() == []


def test_what_the_company_does_not_know_or_gave_back_by_itself_is_parked(clock: HandClock) -> None:
    bought(clock)
    charge_id = Attempt.objects.get().charge_id
    company.refund(charge=charge_id, amount=1000, currency="EUR", reference="by-hand", idempotency_key="k")
    assert [found.what for found in compared(clock).parked] == ["refunds_differ"]
    forgotten_by_the_company()
    clock.move(hours=1)
    assert [found.what for found in compared(clock).parked] == ["not_in_ledger"]
    assert [what for what, _ in open_differences()] == ["not_in_ledger"]


def test_money_of_nobody_and_money_after_a_refusal_are_parked(clock: HandClock) -> None:
    bought(clock, "declined_soft")
    Charge.objects.all().update(
        status="paid", captured_amount=20235, captured_currency="EUR", captured_at=clock.now
    )
    reference = Attempt.objects.get().reference
    assert [(found.what, found.reference) for found in compared(clock).parked] == [
        ("paid_after_refusal", reference)
    ]
    Charge.objects.all().update(reference="pay_nobody-1")
    clock.move(minutes=1)
    assert [(found.what, found.reference) for found in compared(clock).parked] == [
        ("unknown_payment", "pay_nobody-1")
    ]
    assert Subscription.objects.count() == 0


def test_a_refund_under_way_is_asked_about_before_it_counts_as_a_difference(clock: HandClock) -> None:
    bought(clock)
    attempt = Attempt.objects.get()
    refund = Refund.objects.create(
        attempt=attempt, amount=1000, currency="EUR", reference=f"{attempt.reference}-r1", created_at=clock.now,
        reason="x", status="unknown", tries=1,
    )  # fmt: skip
    company.refund(
        charge=attempt.charge_id, amount=1000, currency="EUR", reference=refund.reference,
        idempotency_key=refund.reference,
    )  # fmt: skip
    assert compared(clock).parked == []
    refund.refresh_from_db()
    assert refund.status == "done"


def test_a_company_that_is_away_is_said_and_nothing_is_closed(
    clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    bought(clock)
    forgotten_by_the_company()
    compared(clock)
    company.go_down(clock.now + timedelta(hours=1))
    with pytest.raises(SystemExit) as ended:
        run_by_hand(35, as_json=True)
    assert ended.value.code == 3
    assert json.loads(capsys.readouterr().out)[0]["away"] is True
    assert [what for what, _ in open_differences()] == ["not_in_ledger"]


def test_the_command_says_what_differs_and_ends_with_one(
    clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    bought(clock)
    with pytest.raises(SystemExit) as ended:
        run_by_hand(35, as_json=False)
    assert (ended.value.code, capsys.readouterr().out) == (
        0,
        "sandbox: 1 payments compared, 0 booked, 0 differ\n",
    )
    forgotten_by_the_company()
    with pytest.raises(SystemExit) as ended:
        run_by_hand(35, as_json=False)
    assert ended.value.code == 1
    assert "not_in_ledger" in capsys.readouterr().out
