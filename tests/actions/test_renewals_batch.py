"""The billing run as batches: as many queries for many as for few, one that fails stops no other, and a dry run."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import Visit
from tests.world import customer_of, save_method, subscribe
from zetel.actions import renewals
from zetel.cli.bill import dry_run, run
from zetel.jobs import billing_run
from zetel.models import Attempt, Invoice, Overage, Person, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]
JUNE_12 = datetime(2026, 6, 12, 6, 0, tzinfo=UTC)


def several(world: World, anna: Person, clock: HandClock, count: int, name: str) -> list[Subscription]:
    customer = customer_of(anna, clock.now)
    save_method(customer, anna, clock.now)
    spaces = [world.workspace(anna, name=f"{name} {number}") for number in range(count)]
    return [subscribe(space, anna, clock.now, seats=5, customer=customer) for space in spaces]


def queries_of_a_batch(now: datetime) -> tuple[int, int]:
    """How many queries one batch takes, and how many it bills."""
    asked: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    until = renewals.horizon(now)
    assert until is not None
    with connection.execute_wrapper(count):
        batch = renewals.renew_batch(now, until=until)
    return len(asked), len(batch.billed)


def test_a_batch_takes_as_many_queries_for_twelve_as_for_two(
    world: World, anna: Person, clock: HandClock
) -> None:
    several(world, anna, clock, 2, "Even")
    clock.set(JUNE_12)
    few, billed_few = queries_of_a_batch(clock.now)
    clock.set(datetime(2026, 6, 20, 6, 0, tzinfo=UTC))
    several(world, anna, clock, 12, "Odd")
    clock.set(datetime(2026, 7, 21, 6, 0, tzinfo=UTC))
    renewals.renew_batch(clock.now, until=datetime(2026, 7, 13, tzinfo=UTC))
    many, billed_many = queries_of_a_batch(clock.now)
    assert (billed_few, billed_many) == (2, 12)
    assert many == few <= 26


def test_numbers_of_a_batch_have_no_gap_and_each_invoice_has_its_rows(
    world: World, anna: Person, clock: HandClock
) -> None:
    rows = several(world, anna, clock, 3, "Studio")
    clock.set(JUNE_12)
    tally = billing_run.bill(clock.now)
    assert (tally.billed, tally.amounts["EUR"]) == (3, 3 * 6745)
    made = Invoice.objects.filter(renews_on=date(2026, 6, 12)).order_by("sequence")
    assert [row.sequence for row in made] == [4, 5, 6]
    assert {row.subscription_id for row in made} == {row.pk for row in rows}
    for row in made:
        line = row.lines.get()
        assert (line.start, line.end, line.amount) == (date(2026, 6, 12), date(2026, 7, 12), 6745)
        assert row.taxes.get().base_amount == 6745
        assert row.mails.get().to_email == anna.email
        assert Attempt.objects.get(payment__invoice=row).status == "created"
        assert row.buyer["space"].startswith("Studio")
    assert {row.version for row in Subscription.objects.all()} == {2}


def test_a_batch_that_the_database_refuses_is_done_one_by_one_and_the_guilty_one_is_parked(
    world: World, anna: Person, clock: HandClock, stays_healthy: Visit
) -> None:
    guilty, good = several(world, anna, clock, 2, "Studio")
    first = Invoice.objects.get(subscription=guilty)
    Invoice.objects.filter(pk=first.pk).update(
        renews_on=date(2026, 6, 12)
    )  # as if the period had its invoice
    clock.set(JUNE_12)
    tally = billing_run.bill(clock.now)
    assert (tally.billed, tally.parked) == (1, 1)
    guilty.refresh_from_db()
    assert guilty.parked_reason.startswith("IntegrityError")
    assert [row.sequence for row in Invoice.objects.order_by("sequence")] == [1, 2, 3]
    assert good.invoices.filter(renews_on=date(2026, 6, 12)).count() == 1


def test_one_pass_bills_one_period_and_who_does_not_pay_is_not_billed_on(
    world: World, anna: Person, clock: HandClock
) -> None:
    customer = customer_of(anna, clock.now)
    save_method(customer, anna, clock.now)
    row = subscribe(world.workspace(anna), anna, clock.now, seats=2, customer=customer)
    customer.methods.update(status="removed")
    clock.set(datetime(2026, 8, 20, 10, 0, tzinfo=UTC))
    assert billing_run.run_due(clock.now) == 1
    row.refresh_from_db()
    assert row.status == "past_due"
    assert row.invoices.exclude(renews_on=None).get().renews_on == date(2026, 6, 12)


def test_a_renewal_that_buys_enough_seats_closes_the_overage(
    world: World, anna: Person, clock: HandClock
) -> None:
    studio = world.workspace(anna)
    subscription = subscribe(studio, anna, clock.now, seats=2)
    clock.set(datetime(2026, 6, 11, 6, 0, tzinfo=UTC))
    world.join(studio, world.person("Bram"), world.person("Chris"))
    assert Overage.objects.get(subscription=subscription).status == "open"
    clock.set(JUNE_12)
    assert billing_run.bill(clock.now).grown == 1
    assert Overage.objects.get(subscription=subscription).status == "closed"


def test_a_dry_run_says_what_would_be_billed_and_changes_nothing(
    world: World, anna: Person, clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = several(world, anna, clock, 2, "Studio")
    Subscription.objects.filter(pk=rows[1].pk).update(ends_on=date(2026, 6, 12))
    clock.set(JUNE_12)
    dry_run(as_json=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["subscription"], row["what"], row.get("amount")) for row in told] == [
        (rows[0].public_id, "renews", 6745),
        (rows[1].public_id, "ends", None),
    ]
    dry_run(as_json=False)
    assert "2 due; 67.45 EUR. Nothing was changed." in capsys.readouterr().out
    assert Invoice.objects.count() == 2


def test_the_command_bills_what_the_dry_run_said(
    world: World, anna: Person, clock: HandClock, capsys: pytest.CaptureFixture[str]
) -> None:
    several(world, anna, clock, 2, "Studio")
    clock.set(JUNE_12)
    with pytest.raises(SystemExit) as ended:
        run(as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert ended.value.code == 0
    assert (told["billed"], told["parked"], told["amounts"]) == (2, 0, {"EUR": 13490})
