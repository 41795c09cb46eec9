"""An organization bought over a team: after an outage, in other zones, while the team's renewal is unpaid (P9, C12)."""

from datetime import UTC, date, datetime

import pytest

from tests.actions.changing import again
from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import buy, customer_of, quote_for, subscribe
from zetel.actions import cancellations
from zetel.jobs import billing_run, tasks
from zetel.models import InvoiceLine, Payment, Person, Space, Subscription
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


@pytest.fixture
def team(world: World, acme: Space, anna: Person) -> Space:
    return world.team(acme, anna)


def documents(subscription: Subscription) -> list[tuple[str, int, str, str, int]]:
    """Number, signed seats, first day, end and amount of every line."""
    rows = InvoiceLine.objects.filter(subscription=subscription).select_related("invoice")
    return [
        (
            row.invoice.number, row.seats if row.kind == "charge" else -row.seats, row.start.isoformat(),
            row.end.isoformat(), row.amount,
        )
        for row in rows.order_by("invoice__issued_at", "invoice_id", "position")
    ]  # fmt: skip


def test_months_that_an_outage_missed_are_billed_first_and_what_is_not_paid_of_them_is_not_owed(
    acme: Space, team: Space, anna: Person, clock: HandClock
) -> None:
    small = subscribe(team, anna, clock.now, seats=4)
    clock.set(datetime(2026, 7, 27, 10, 0, tzinfo=UTC))
    bought = buy(acme, anna, clock.now, seats=30, customer=small.customer)
    assert documents(small) == [
        ("INV-2026-00001", 4, "2026-05-12", "2026-06-12", 5396),
        ("INV-2026-00002", 4, "2026-06-12", "2026-07-12", 5396),
        ("INV-2026-00003", 4, "2026-07-12", "2026-08-12", 5396),
        ("CN-2026-00001", -4, "2026-06-12", "2026-07-12", -5396),
        ("CN-2026-00001", -4, "2026-07-12", "2026-08-12", -5396),
    ]
    assert (again(small).status, again(small).ended_on) == ("ended", date(2026, 7, 27))
    assert bought.quote.due_amount == 40470
    clock.move(days=1)
    tasks.do_due(clock.now)
    assert Payment.objects.filter(status="paid").count() == 2


@pytest.mark.parametrize("day", [12, 19])
def test_a_renewal_that_is_not_paid_is_taken_back_whole(
    acme: Space, team: Space, anna: Person, clock: HandClock, day: int
) -> None:
    """As at every end of what is past due: the grace was not paid for, and nobody owes for it (G4)."""
    small = subscribe(team, anna, clock.now, seats=4)
    company.plan("declined_soft", "declined_soft")
    clock.set(datetime(2026, 6, 12, 10, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert again(small).status == "past_due"
    company.clear_plans()
    clock.set(datetime(2026, 6, day, 11, 0, tzinfo=UTC))
    bought = buy(acme, anna, clock.now, seats=30, customer=small.customer)
    assert documents(small)[-1] == ("CN-2026-00001", -4, "2026-06-12", "2026-07-12", -5396)
    assert (again(small).status, again(small).ended_on) == ("ended", date(2026, 6, day))
    assert small.invoices.filter(state="open").count() == 0
    assert bought.quote.due_amount == 40470


def test_each_day_is_that_of_its_own_customers_zone(
    acme: Space, team: Space, anna: Person, clock: HandClock
) -> None:
    """In Kiritimati it is the 31st already; in Pago Pago still the 29th, and 14 of its 31 days are left."""
    clock.set(datetime(2026, 5, 12, 11, 0, tzinfo=UTC))
    west = customer_of(anna, clock.now, time_zone="Pacific/Pago_Pago")
    small = subscribe(team, anna, clock.now, seats=4, customer=west)
    clock.set(datetime(2026, 5, 30, 10, 30, tzinfo=UTC))
    east = customer_of(anna, clock.now, time_zone="Pacific/Kiritimati")
    large = subscribe(acme, anna, clock.now, seats=30, customer=east)
    assert documents(small)[-1] == ("CN-2026-00001", -4, "2026-05-29", "2026-06-12", -2437)
    assert documents(large) == [("INV-2026-00002", 30, "2026-05-31", "2026-06-30", 40470)]


def test_a_quote_never_outlives_a_period_of_what_it_ends(
    acme: Space, team: Space, anna: Person, clock: HandClock
) -> None:
    small = subscribe(team, anna, clock.now, seats=4)
    clock.set(datetime(2026, 6, 11, 21, 50, tzinfo=UTC))
    quote = quote_for(acme, anna, clock.now, seats=30, customer=small.customer)
    assert quote.expires_at == datetime(2026, 6, 11, 22, 0, tzinfo=UTC)


def test_what_ended_is_in_nobodys_way_even_before_the_run_came(
    acme: Space, team: Space, anna: Person, clock: HandClock
) -> None:
    first = subscribe(team, anna, clock.now, seats=4)
    cancellations.cancel(first, actor=anna, now=clock.now)
    clock.set(datetime(2026, 6, 13, 10, 0, tzinfo=UTC))
    second = subscribe(team, anna, clock.now, seats=5, customer=first.customer)
    assert (again(first).status, again(first).ended_on) == ("ended", date(2026, 6, 12))
    assert documents(first) == [("INV-2026-00001", 4, "2026-05-12", "2026-06-12", 5396)]
    assert documents(second) == [("INV-2026-00002", 5, "2026-06-13", "2026-07-13", 6745)]
