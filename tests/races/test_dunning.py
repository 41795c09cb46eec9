"""Many workers do the same step of dunning at the same moment, on a real PostgreSQL: it happens once (rules G4, X2)."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.doctor import assert_healthy
from tests.world import customer_of, subscribe
from zetel.actions import customers
from zetel.jobs import billing_run, collect, dunning_run
from zetel.models import Attempt, Invoice, Mail, MethodSetup, Subscription
from zetel.rules.outcomes import SavedMethod
from zetel.sandbox import company

WORKERS = 4
SPACES = 6
RENEWS = datetime(2026, 6, 11, 22, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def workers(now: datetime, count: int = WORKERS) -> None:
    """So many workers come to the same work at once, each with a connection of its own."""
    start, failed = threading.Barrier(count), []

    def run() -> None:
        try:
            start.wait()
            dunning_run.run_due(now)
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a worker is stuck: two transactions wait for each other"
    assert failed == []


def past_due(clock: HandClock, count: int) -> list[Subscription]:
    world = begin(clock.now)
    made = []
    for number in range(1, count + 1):
        anna = world.person("Anna", f"anna{number}@acme.example")
        space = world.workspace(anna, name=f"Studio {number}")
        made.append(subscribe(space, anna, clock.now, seats=5, customer=customer_of(anna, clock.now)))
    clock.set(RENEWS)
    company.plan(*["declined_soft"] * count)
    billing_run.run_due(clock.now)
    return made


def test_each_step_happens_once_however_many_workers(clock: HandClock) -> None:
    made = past_due(clock, SPACES)
    for day in (1, 3, 5, 7):
        clock.set(RENEWS + timedelta(days=day))
        company.plan(*["declined_soft"] * SPACES)
        workers(clock.now)
    assert set(Subscription.objects.values_list("status", flat=True)) == {"ended"}
    for subscription in made:
        renewal = subscription.invoices.get(renews_on__isnull=False)
        assert Attempt.objects.filter(payment__invoice=renewal).count() == 5
        assert renewal.credit_notes.count() == 1
    kinds = list(Mail.objects.exclude(kind="invoice").values_list("kind", flat=True))
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "payment_failed": 3 * SPACES,
        "payment_last_warning": SPACES,
        "subscription_ended_unpaid": SPACES,
    }
    assert sorted(Invoice.objects.filter(kind="credit_note").values_list("sequence", flat=True)) == [
        *range(1, SPACES + 1)
    ]
    assert_healthy(clock.now)


def test_a_new_method_and_a_step_at_the_same_moment_charge_once(clock: HandClock) -> None:
    [subscription] = past_due(clock, 1)
    owner = Subscription.objects.get(pk=subscription.pk).customer.billing_owner
    assert owner is not None
    clock.set(RENEWS + timedelta(days=1))
    setup = MethodSetup.objects.create(
        customer=subscription.customer, person=owner, gateway="sandbox", kind="card", next_path="/",
        created_at=clock.now,
    )  # fmt: skip
    token = subscription.customer.methods.get(status="active").token
    saved = SavedMethod(token=token, kind="card", label="Visa •••• 4242", expires_on=None)
    start = threading.Barrier(2)

    def replace() -> None:
        start.wait()
        customers.finish_setup(setup.pk, saved, now=clock.now)
        connections.close_all()

    def run() -> None:
        start.wait()
        dunning_run.run_due(clock.now)
        connections.close_all()

    threads = [threading.Thread(target=act) for act in (replace, run)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    collect.ask_due(clock.now)  # whichever came first, its try may still wait for a collector
    renewal = subscription.invoices.get(renews_on__isnull=False)
    tries = Attempt.objects.filter(payment__invoice=renewal).order_by("id")
    assert [row.status for row in tries] == ["declined", "paid"]
    assert Subscription.objects.get(pk=subscription.pk).status == "active"
    assert_healthy(clock.now)
