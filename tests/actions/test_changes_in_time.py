"""Changes on first and last days, in zones that differ, after a move and after an outage (C9, C12, M3, M5)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.actions.changing import again, lines, move
from tests.actions.outgrowing import come, overages
from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import change, change_quote, customer_of, subscribe
from zetel.actions import cancellations
from zetel.actions.directory_plans import entitled
from zetel.jobs import billing_run
from zetel.models import (
    InvoiceLine,
    Person,
    Space,
)
from zetel.rules.errors import ZetelError
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def test_the_first_and_the_last_day_of_a_period_count_as_changed(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    clock.set(datetime(2026, 6, 11, 21, 59, tzinfo=UTC))  # the last minute of 11 June in Amsterdam
    change(subscription, clock.now, seats=10)
    clock.set(datetime(2026, 6, 11, 22, 0, tzinfo=UTC))  # 12 June, not billed by the run yet
    change(subscription, clock.now, seats=15)
    assert lines(subscription) == [
        ("charge", "premium", 5, 1349, "2026-06-11", "2026-06-12", 218),
        ("charge", "premium", 10, 1349, "2026-06-12", "2026-07-12", 13490),
        ("charge", "premium", 5, 1349, "2026-06-12", "2026-07-12", 6745),
    ]
    assert billing_run.run_due(clock.now) == 0


@pytest.mark.parametrize(
    ("zone", "first", "change_at", "line"),
    [
        ("Pacific/Kiritimati", "2026-05-13", "2026-05-29T10:00", ("2026-05-30", "2026-06-13", 3046)),
        ("Pacific/Pago_Pago", "2026-05-11", "2026-05-31T10:59", ("2026-05-30", "2026-06-11", 2611)),
    ],
)
def test_days_are_those_of_the_customers_zone(
    studio: Space,
    anna: Person,
    clock: HandClock,
    zone: str,
    first: str,
    change_at: str,
    line: tuple[str, str, int],
) -> None:
    subscription = subscribe(
        studio, anna, clock.now, seats=5, customer=customer_of(anna, clock.now, time_zone=zone)
    )
    assert again(subscription).started_on.isoformat() == first
    clock.set(datetime.fromisoformat(change_at).replace(tzinfo=UTC))
    change(subscription, clock.now, seats=10)
    assert lines(subscription) == [("charge", "premium", 5, 1349, *line)]


@pytest.mark.parametrize(
    ("old", "new", "now", "day", "next_bill_at", "then"),
    [
        ("Europe/Amsterdam", "Pacific/Kiritimati", "06-11T21:59", "06-11", "07-11T10:00", "06-12"),
        ("Pacific/Pago_Pago", "Pacific/Kiritimati", "06-11T10:59", "06-10", "07-10T10:00", "06-12"),
        ("Pacific/Kiritimati", "Pacific/Pago_Pago", "06-12T09:59", "06-12", "07-13T11:00", "06-13"),
    ],
)  # fmt: skip
def test_a_customer_that_moves_keeps_the_end_of_its_period_and_the_next_tiles_on(
    studio: Space, anna: Person, clock: HandClock, old: str, new: str, now: str, day: str, next_bill_at: str,
    then: str,
) -> None:  # fmt: skip
    """`then` is the day right after the renewal: the new zone's, but never one before the boundary."""
    subscription = subscribe(
        studio, anna, clock.now, seats=5, customer=customer_of(anna, clock.now, time_zone=old)
    )
    ends_at = again(subscription).next_bill_at
    move(subscription, anna, new, clock.now)
    clock.set(datetime.fromisoformat(f"2026-{now}").replace(tzinfo=UTC))
    assert change(subscription, clock.now, seats=10).quote.priced_on.isoformat() == f"2026-{day}"
    assert again(subscription).next_bill_at == ends_at
    assert ends_at is not None
    clock.set(ends_at)
    assert billing_run.run_due(clock.now) == 1
    (_, *_, start, end, _), bought = lines(subscription)[-1], InvoiceLine.objects.earliest("id")
    assert start == bought.end.isoformat()
    assert again(subscription).next_bill_at == datetime.fromisoformat(f"2026-{next_bill_at}").replace(
        tzinfo=UTC
    )
    change(subscription, clock.now, seats=15)
    assert [line[4:6] for line in lines(subscription, after=2)] == [(start, end), (f"2026-{then}", end)]


@pytest.mark.parametrize(
    ("old", "new", "begins", "ends"),
    [
        ("Europe/Amsterdam", "Pacific/Pago_Pago", "2026-05-12T10:00", "2026-06-11T22:00"),
        ("Pacific/Pago_Pago", "Pacific/Kiritimati", "2026-05-12T11:00", "2026-06-12T11:00"),
    ],
)
def test_a_customer_that_moves_has_its_plan_from_the_first_instant_paid_for_to_the_last(
    studio: Space, anna: Person, clock: HandClock, old: str, new: str, begins: str, ends: str
) -> None:
    """The new zone writes the day before the purchase already or still, and the last day early (M3, E1)."""
    clock.set(datetime.fromisoformat(begins).replace(tzinfo=UTC))
    payer = customer_of(anna, clock.now, time_zone=old)
    subscription = subscribe(studio, anna, clock.now, seats=5, customer=payer)
    move(subscription, anna, new, clock.now)
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    assert entitled(studio, clock.now).plan == "premium"
    end = datetime.fromisoformat(ends).replace(tzinfo=UTC)
    assert entitled(studio, end - timedelta(seconds=1)).plan == "premium"
    assert entitled(studio, end).plan == "basic"
    clock.set(end)
    billing_run.run_due(clock.now)


def test_after_a_move_west_a_renewal_that_fits_everybody_leaves_no_overage(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    """The new zone writes the day before the boundary; the seats are those of the period that began (C7, C8)."""
    subscription = subscribe(studio, anna, clock.now, seats=2)
    clock.set(datetime(2026, 6, 11, 12, 0, tzinfo=UTC))
    move(subscription, anna, "Pacific/Pago_Pago", clock.now)
    come(world, studio, clock, "Bram", "Chris")
    assert [row[0] for row in overages(subscription)] == ["open"]
    clock.set(datetime(2026, 6, 11, 22, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert lines(subscription)[-1][2] == 3
    assert overages(subscription) == [("closed", "2026-06-11", "resized")]


@pytest.mark.story("C12")
def test_a_change_first_bills_the_months_that_an_outage_missed(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    clock.set(datetime(2026, 7, 20, 10, tzinfo=UTC))
    change(subscription, clock.now, seats=10)
    assert lines(subscription) == [
        ("charge", "premium", 5, 1349, "2026-06-12", "2026-07-12", 6745),
        ("charge", "premium", 5, 1349, "2026-07-12", "2026-08-12", 6745),
        ("charge", "premium", 5, 1349, "2026-07-20", "2026-08-12", 5004),
    ]


@pytest.mark.parametrize(("missed", "billed"), [(12, 12), (13, 0)])
@pytest.mark.story("C9")
def test_more_than_twelve_missed_periods_wait_for_staff(
    studio: Space, anna: Person, clock: HandClock, missed: int, billed: int
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=2)
    clock.set(datetime(2027, 5 + missed - 12, 12, 10, tzinfo=UTC))
    if not billed:
        with pytest.raises(ZetelError, match="period_unsettled"):
            change_quote(subscription, clock.now, seats=5)
    assert billing_run.run_due(clock.now) == billed
    assert (again(subscription).parked_reason != "") == (billed == 0)
    assert len(lines(subscription)) == billed


def test_a_move_to_yearly_on_the_day_of_the_purchase_renews_after_a_year(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    change(subscription, clock.now, cycle="year")
    assert lines(subscription) == [
        ("credit", "premium", 5, 1349, "2026-05-12", "2026-06-12", -6745),
        ("charge", "premium", 5, 13490, "2026-05-12", "2027-05-12", 67450),
    ]
    assert again(subscription).next_bill_at == datetime(2027, 5, 11, 22, 0, tzinfo=UTC)
    clock.set(datetime(2026, 6, 12, 10, 0, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 0


def test_what_ends_unpaid_after_a_move_west_ends_no_day_before_the_period_began(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    """At the boundary the new zone still writes the day before, which was paid for (M3, G4)."""
    subscription = subscribe(studio, anna, clock.now, seats=5)
    move(subscription, anna, "Pacific/Pago_Pago", clock.now)
    company.plan("declined_soft")
    clock.set(datetime(2026, 6, 11, 22, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    assert again(subscription).ended_on == date(2026, 6, 12)
    assert lines(subscription)[-1] == ("credit", "premium", 5, 1349, "2026-06-12", "2026-07-12", -6745)
