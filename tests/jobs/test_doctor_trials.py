"""The doctor on trials: their end, their days, their owners (X4, X5, X12, X13, X16; rules P10, R4)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import findings
from tests.world import customer_of, save_method, try_out
from zetel.jobs import tasks
from zetel.models import Event, InvoiceLine, Membership, Space, Subscription, SubscriptionTerms

pytestmark = pytest.mark.django_db

JUNE_11 = datetime(2026, 6, 10, 22, 0, tzinfo=UTC)


@pytest.fixture
def acme(world: World) -> Space:
    return world.organization(world.person("Anna"))


def tried(world: World, space: Space) -> Subscription:
    """Bram, who is a member and no admin, tries Premium for five, with a card."""
    bram = world.person("Bram")
    world.join(space, bram)
    payer = customer_of(bram, world.now)
    save_method(payer, bram, world.now)
    return try_out(space, bram, world.now, seats=5, customer=payer)


def found(clock: HandClock, rule: str, *, notices: bool = False) -> list[tuple[str, str]]:
    return [(finding.what, finding.subject) for finding in findings(clock.now, rule, notices=notices)]


def test_a_trial_whose_end_nobody_would_come_to_is_named(world: World, acme: Space, clock: HandClock) -> None:
    trial = tried(world, acme)
    assert found(clock, "X4") == []
    rows = Subscription.objects.filter(pk=trial.pk)
    rows.update(trial_due_at=None)
    assert found(clock, "X4") == [("trial_end_lost", trial.public_id)]
    rows.update(trial_due_at=JUNE_11 + timedelta(seconds=1))
    assert found(clock, "X4") == [("trial_end_missed", trial.public_id)]
    rows.update(trial_due_at=JUNE_11)
    SubscriptionTerms.objects.update(starts_on=date(2026, 5, 12))
    assert found(clock, "X4") == [("trial_terms_misplaced", trial.public_id)]


def test_a_trial_that_waits_for_the_worker_is_late(world: World, acme: Space, clock: HandClock) -> None:
    trial = tried(world, acme)
    clock.set(JUNE_11 + timedelta(minutes=16))
    assert ("trial_late", trial.public_id) in found(clock, "X16", notices=True)


def test_the_days_of_a_trial_are_neither_billed_nor_a_gap_and_the_first_day_after_it_is_billed(
    world: World, acme: Space, clock: HandClock
) -> None:
    trial = tried(world, acme)
    clock.set(JUNE_11)
    tasks.do_due(clock.now)
    assert found(clock, "X5") == []
    InvoiceLine.objects.update(start=date(2026, 6, 1))
    assert ("trial_billed", trial.public_id) in found(clock, "X5")
    InvoiceLine.objects.update(start=date(2026, 6, 12))
    assert ("gap", trial.public_id) in found(clock, "X5")


def test_an_owner_after_a_trial_is_admin_once_something_was_paid_and_not_before(
    world: World, acme: Space, clock: HandClock
) -> None:
    trial = tried(world, acme)
    assert found(clock, "X12") == []
    clock.set(JUNE_11)
    tasks.do_due(clock.now)
    assert found(clock, "X12") == []
    Membership.objects.filter(space=acme, person=trial.customer.billing_owner).update(is_admin=False)
    assert found(clock, "X12") == [("owner_not_admin", trial.public_id)]
    trial.invoices.update(state="open")
    assert found(clock, "X12") == []


def test_an_owner_whom_no_trial_named_is_found(world: World, acme: Space, clock: HandClock) -> None:
    trial = tried(world, acme)
    assert found(clock, "X13") == []
    for event in Event.objects.filter(subscription=trial):
        Event.objects.filter(pk=event.pk).update(after={**event.after, "owner_id": "per_somebody"})
    assert found(clock, "X13") == [("owner_without_event", trial.customer.public_id)]
