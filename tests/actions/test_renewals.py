"""Renewal by the billing run: each period once, in its own dates, for the people then counted (C7, C9, G4, I6)."""

from datetime import UTC, date, datetime

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import Visit
from tests.world import DUTCH, customer_of, subscribe
from zetel.jobs import billing_run
from zetel.models import BalanceEntry, Event, Invoice, Mail, Payment, Person, Space, Subscription
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def story(subscription: Subscription) -> list[tuple[str, str, str, int, int, str]]:
    """Number, first day, last day (not included), seats, total, state: one row an invoice."""
    return [
        (i.number, line.start.isoformat(), line.end.isoformat(), line.seats, i.total_amount, i.state)
        for i in subscription.invoices.order_by("issued_at", "sequence")
        for line in i.lines.order_by("position")
    ]


def test_months_from_the_31st_tile_without_gap_from_the_anchor(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    clock.set(datetime(2026, 1, 31, 10, 0, tzinfo=UTC))
    subscription = subscribe(studio, anna, clock.now, seats=3)
    for day in (28, 31, 30):
        month = {28: 2, 31: 3, 30: 4}[day]
        clock.set(datetime(2026, month, day, 6, 0, tzinfo=UTC))
        assert billing_run.run_due(clock.now) == 1
    assert story(subscription) == [
        ("INV-2026-00001", "2026-01-31", "2026-02-28", 3, 4047, "paid"),
        ("INV-2026-00002", "2026-02-28", "2026-03-31", 3, 4047, "paid"),
        ("INV-2026-00003", "2026-03-31", "2026-04-30", 3, 4047, "paid"),
        ("INV-2026-00004", "2026-04-30", "2026-05-31", 3, 4047, "paid"),
    ]


def test_the_run_at_the_same_instant_changes_nothing(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now)
    clock.set(datetime(2026, 6, 11, 22, 0, tzinfo=UTC))
    assert [billing_run.run_due(clock.now) for _ in range(3)] == [1, 0, 0]
    assert Invoice.objects.filter(subscription=subscription).count() == 2


def test_nothing_is_billed_a_second_before_the_period_begins_in_the_customers_zone(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, customer=customer_of(anna, clock.now, time_zone="Pacific/Kiritimati"))
    clock.set(datetime(2026, 6, 12, 9, 59, 59, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 0
    clock.move(seconds=1)
    assert billing_run.run_due(clock.now) == 1


@pytest.mark.story("C9")
def test_missed_months_are_billed_one_by_one_with_their_own_dates(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=2)
    clock.set(datetime(2026, 8, 20, 10, 0, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 3
    assert [row[1] for row in story(subscription)] == ["2026-05-12", "2026-06-12", "2026-07-12", "2026-08-12"]
    assert {invoice.issued_on for invoice in subscription.invoices.exclude(renews_on=None)} == {
        date(2026, 8, 20)
    }


@pytest.mark.story("C7")
def test_a_renewal_buys_the_smallest_size_that_fits_and_tells_the_owner(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=2)
    world.join(studio, *[world.person(name) for name in ("Bram", "Chris", "Els", "Fay", "Gea")])
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert story(subscription)[-1] == ("INV-2026-00002", "2026-06-12", "2026-07-12", 10, 13490, "paid")
    assert Mail.objects.get(kind="seats_resized").params["seats"] == 10


def test_a_declined_renewal_leaves_the_invoice_open_and_says_so(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now)
    company.plan("declined_soft")
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert [row[5] for row in story(subscription)] == ["paid", "open"]
    assert Payment.objects.get(invoice__renews_on=date(2026, 6, 12)).status == "refused"
    assert Event.objects.filter(kind="payment.declined", subscription=subscription).count() == 1


def test_balance_pays_before_the_company_is_asked(
    studio: Space, anna: Person, clock: HandClock, stays_healthy: Visit
) -> None:
    subscription = subscribe(studio, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))
    entry = {
        "customer": subscription.customer,
        "currency": "EUR",
        "kind": "credit_note",
        "created_at": clock.now,
    }
    BalanceEntry.objects.create(amount=30000, **entry)
    stays_healthy.expect("X1", "booking_off")  # an entry that names no document comes from nowhere
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    renewal = subscription.invoices.get(renews_on=date(2026, 6, 12))
    assert (renewal.total_amount, renewal.balance_used_amount, renewal.state) == (24484, 24484, "paid")
    assert not Payment.objects.filter(invoice=renewal).exists()
    assert sum(BalanceEntry.objects.values_list("amount", flat=True)) == 5516


def test_one_that_cannot_be_billed_is_parked_with_its_reason_and_the_others_go_on(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    guilty = subscribe(studio, anna, clock.now)
    other = subscribe(world.workspace(anna, name="Atelier"), anna, clock.now)
    type(guilty.customer).objects.filter(pk=guilty.customer_id).update(time_zone="Nowhere/Land")
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 1
    guilty.refresh_from_db()
    assert guilty.parked_reason.startswith("ZoneInfoNotFoundError")
    assert len(story(other)) == 2
