"""Changing a live subscription: what it costs, and what happens now, later, or no more (C1 to C4, C11, M5 to M7)."""

from datetime import UTC, date, datetime

import pytest

from tests.actions.changing import MAY_30, again, lines, priced
from tests.conftest import HandClock
from tests.world import DUTCH, change, change_quote, customer_of, subscribe
from zetel.actions import cancellations, quotes_change
from zetel.jobs import billing_run
from zetel.models import (
    Event,
    Invoice,
    Mail,
    Payment,
    Person,
    Space,
)
from zetel.rules.errors import ZetelError
from zetel.rules.subscriptions import Field

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


@pytest.mark.story("C1")
def test_example_2_a_higher_plan_credits_what_is_unused_and_charges_the_rest(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    clock.set(MAY_30)
    made = change(subscription, clock.now, plan="business")
    assert lines(subscription) == [
        ("credit", "premium", 15, 1349, "2026-05-30", "2026-06-12", -8486),
        ("charge", "business", 15, 3049, "2026-05-30", "2026-06-12", 19179),
    ]
    quote = priced(made.quote)
    assert (made.status, quote.due, quote.renews_on, quote.renewal_total) == (
        "done",
        10693,
        date(2026, 6, 12),
        45735,
    )
    assert Payment.objects.get(change=made).amount == 10693
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 1
    assert lines(subscription, after=3) == [
        ("charge", "business", 15, 3049, "2026-06-12", "2026-07-12", 45735)
    ]


def test_example_2_with_tax_of_21_percent(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))
    clock.set(MAY_30)
    invoice = Invoice.objects.get(quote=change(subscription, clock.now, plan="business").quote)
    assert (invoice.net_amount, invoice.tax_amount, invoice.total_amount, invoice.state) == (
        10693,
        2246,
        12939,
        "paid",
    )


@pytest.mark.story("C1")
def test_example_3_to_yearly_credits_the_month_and_starts_a_year_that_day(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    clock.set(MAY_30)
    made = change(subscription, clock.now, cycle="year")
    assert lines(subscription) == [
        ("credit", "premium", 15, 1349, "2026-05-30", "2026-06-12", -8486),
        ("charge", "premium", 15, 13490, "2026-05-30", "2027-05-30", 202350),
    ]
    assert (made.quote.due_amount, priced(made.quote).notes) == (193864, ("starts_year",))
    assert again(subscription).next_bill_at == datetime(2027, 5, 29, 22, tzinfo=UTC)
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 0


@pytest.mark.story("C1")
def test_example_4_more_seats_of_a_year_are_one_line(studio: Space, anna: Person, clock: HandClock) -> None:
    clock.set(datetime(2026, 2, 1, 10, tzinfo=UTC))
    subscription = subscribe(studio, anna, clock.now, plan="business", cycle="year", seats=10)
    clock.set(datetime(2026, 7, 15, 10, tzinfo=UTC))
    change(subscription, clock.now, seats=20)
    assert lines(subscription) == [("charge", "business", 10, 30490, "2026-07-15", "2027-02-01", 167904)]


def test_example_5_from_the_31st_with_more_seats_in_february(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    clock.set(datetime(2026, 1, 31, 10, tzinfo=UTC))
    subscription = subscribe(studio, anna, clock.now, seats=3)
    clock.set(datetime(2026, 2, 10, 10, tzinfo=UTC))
    change(subscription, clock.now, seats=5)
    clock.set(datetime(2026, 4, 30, 10, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert lines(subscription) == [
        ("charge", "premium", 2, 1349, "2026-02-10", "2026-02-28", 1734),
        ("charge", "premium", 5, 1349, "2026-02-28", "2026-03-31", 6745),
        ("charge", "premium", 5, 1349, "2026-03-31", "2026-04-30", 6745),
        ("charge", "premium", 5, 1349, "2026-04-30", "2026-05-31", 6745),
    ]


def test_example_7_seats_bought_twice_are_taken_back_in_one_line(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    clock.set(datetime(2026, 5, 19, 10, tzinfo=UTC))
    change(subscription, clock.now, seats=10)
    clock.set(MAY_30)
    change(subscription, clock.now, plan="business")
    assert lines(subscription) == [
        ("charge", "premium", 5, 1349, "2026-05-19", "2026-06-12", 5222),
        ("credit", "premium", 10, 1349, "2026-05-30", "2026-06-12", -5657),
        ("charge", "business", 10, 3049, "2026-05-30", "2026-06-12", 12786),
    ]


@pytest.mark.story("C3")
def test_example_8_yearly_with_less_of_everything_happens_whole_at_the_end(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, plan="business", seats=10)
    clock.set(MAY_30)
    made = change(subscription, clock.now, plan="premium", cycle="year", seats=5)
    quote = priced(made.quote)
    assert (made.status, quote.due, quote.document.lines, quote.notes) == (
        "done",
        0,
        (),
        ("whole_at_period_end",),
    )
    assert [(s.field, s.on.isoformat(), s.old, s.new) for s in quote.scheduled] == [
        ("plan", "2026-06-12", "business", "premium"),
        ("cycle", "2026-06-12", "month", "year"),
        ("seats", "2026-06-12", 10, 5),
    ]
    assert (quote.renews_on, quote.renewal_total) == (date(2026, 6, 12), 67450)
    assert lines(subscription) == []
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert lines(subscription) == [("charge", "premium", 5, 13490, "2026-06-12", "2027-06-12", 67450)]


@pytest.mark.story("C3")
def test_more_and_less_in_one_wish_is_split_and_paid_for_the_more(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=10)
    clock.set(MAY_30)
    made = change(subscription, clock.now, plan="business", seats=5)
    assert (made.quote.due_amount, priced(made.quote).notes) == (12786 - 5657, ("split",))
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert lines(subscription, after=3) == [
        ("charge", "business", 5, 3049, "2026-06-12", "2026-07-12", 15245)
    ]


@pytest.mark.story("C4")
def test_more_seats_replace_fewer_that_waited_and_say_so(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, plan="business", seats=10)
    change(subscription, clock.now, plan="premium", seats=5)
    clock.set(MAY_30)
    quote = priced(change(subscription, clock.now, seats=15).quote)
    assert (quote.notes, [(s.field, s.new) for s in quote.dropped]) == (
        ("replaces_scheduled_seats",),
        [("seats", 5)],
    )
    assert [(s.field, s.new) for s in quote.scheduled] == [("plan", "premium")]
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert lines(subscription)[-1] == ("charge", "premium", 15, 1349, "2026-06-12", "2026-07-12", 20235)


@pytest.mark.story("C2")
def test_yearly_to_monthly_keeps_the_anchor(studio: Space, anna: Person, clock: HandClock) -> None:
    clock.set(datetime(2028, 2, 29, 10, tzinfo=UTC))
    subscription = subscribe(studio, anna, clock.now, cycle="year", seats=5)
    change(subscription, clock.now, cycle="month")
    clock.set(datetime(2029, 4, 1, 10, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 2
    assert [line[4:6] for line in lines(subscription)] == [
        ("2029-02-28", "2029-03-29"),
        ("2029-03-29", "2029-04-29"),
    ]


@pytest.mark.story("C4")
def test_each_scheduled_change_can_be_undone_by_itself(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now, plan="business", seats=10)
    change(subscription, clock.now, plan="premium", seats=5)
    shown = quotes_change.estimate_withdraw(subscription, [Field.PLAN], person=anna, now=clock.now).priced
    assert (shown.renewal_total, [s.field for s in shown.scheduled]) == (15245, ["seats"])
    cancellations.withdraw(subscription, [Field.PLAN], actor=anna, now=clock.now)
    cancellations.withdraw(subscription, [Field.SEATS], actor=anna, now=clock.now)
    with pytest.raises(ZetelError, match="no_change"):
        cancellations.withdraw(subscription, [Field.SEATS], actor=anna, now=clock.now)
    assert Event.objects.filter(kind="subscription.change_withdrawn").count() == 2
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert lines(subscription) == [("charge", "business", 10, 3049, "2026-06-12", "2026-07-12", 30490)]


@pytest.mark.story("C2", "C4")
def test_cancelling_ends_with_the_period_drops_what_waits_and_bills_nothing_more(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=10)
    change(subscription, clock.now, seats=5)
    shown = quotes_change.estimate_cancel(subscription, person=anna, now=clock.now).priced
    assert (shown.ends_on, shown.renews_on, [s.new for s in shown.dropped]) == (date(2026, 6, 12), None, [5])
    cancellations.cancel(subscription, actor=anna, now=clock.now, reason="Too dear")
    event = Event.objects.get(kind="subscription.cancelled")
    assert (event.reason, event.after["ends_on"]) == ("Too dear", "2026-06-12")
    assert Mail.objects.get(kind="cancelled").params["ends_on"] == "2026-06-12"
    clock.set(datetime(2026, 6, 11, 21, 59, 59, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert again(subscription).status == "active"
    clock.move(seconds=1)
    billing_run.run_due(clock.now)
    ended = again(subscription)
    assert (ended.status, ended.ended_on, ended.last_owner, ended.next_bill_at) == (
        "ended", date(2026, 6, 12), anna, None,
    )  # fmt: skip
    assert lines(subscription) == []
    assert Event.objects.filter(kind="subscription.ended", subscription=subscription).count() == 1
    with pytest.raises(ZetelError, match="no_subscription"):
        change_quote(subscription, clock.now, seats=15)


@pytest.mark.story("C4", "C11")
def test_resuming_renews_as_before_and_restores_nothing_that_was_dropped(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=10)
    change(subscription, clock.now, seats=5)
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    with pytest.raises(ZetelError, match="resume_first"):
        change_quote(subscription, clock.now, cycle="year")
    clock.set(MAY_30)
    cancellations.resume(subscription, actor=anna, now=clock.now)
    with pytest.raises(ZetelError, match="no_change"):
        cancellations.resume(subscription, actor=anna, now=clock.now)
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert lines(subscription) == [("charge", "premium", 10, 1349, "2026-06-12", "2026-07-12", 13490)]


@pytest.mark.story("C4")
def test_more_seats_leave_a_cancellation_standing(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    clock.set(MAY_30)
    quote = priced(change(subscription, clock.now, seats=10).quote)
    assert (quote.notes, quote.ends_on, quote.renews_on) == (("still_ends",), date(2026, 6, 12), None)
    clock.set(datetime(2026, 6, 12, 6, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert again(subscription).status == "ended"
    assert lines(subscription) == [("charge", "premium", 5, 1349, "2026-05-30", "2026-06-12", 2829)]
