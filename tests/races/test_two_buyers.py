"""Two people pay for one space at the same moment, on a real PostgreSQL, again and again (rules G7, C5, X2, X3)."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import connections

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.world import customer_of, quote_for, save_method
from zetel.actions import changes
from zetel.gateways import get
from zetel.jobs import collect
from zetel.models import Attempt, Change, Invoice, Quote, Refund, Series, Subscription
from zetel.rules.errors import ZetelError

ROUNDS = 50
pytestmark = pytest.mark.django_db(transaction=True)


def press(quote: Quote, now: datetime, said: list[str], start: threading.Barrier) -> None:
    """Confirm and collect as a web request does, in a thread with a connection of its own."""
    try:
        start.wait()
        change = changes.confirm(
            quote_id=quote.pk,
            person=quote.person,
            now=now,
            return_path="/upgrade/changes/{change}/",
            language="nl",
        )
        for attempt_id in Attempt.objects.filter(payment__change=change).values_list("pk", flat=True):
            collect.collect(attempt_id, now=now)
        said.append(Change.objects.get(pk=change.pk).status)
    except ZetelError as refused:
        said.append(refused.code)
    finally:
        connections.close_all()


def at_once(*acts: Callable[[threading.Barrier], None]) -> None:
    start = threading.Barrier(len(acts))
    threads = [threading.Thread(target=act, args=(start,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "a buyer is stuck: two transactions wait for each other"


def standing_captures() -> list[int]:
    """What the company took and did not give back, over all references."""
    ledger = get("sandbox").captures(
        since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2027, 1, 1, tzinfo=UTC)
    )
    return [left for capture in ledger if (left := capture.amount.amount - capture.refunded.amount)]


def test_two_buyers_at_once_end_with_one_subscription_and_one_charge_that_stands(clock: HandClock) -> None:
    world = begin(clock.now)
    anna, bram = world.person("Anna"), world.person("Bram")
    outcomes: set[tuple[str, ...]] = set()
    for number in range(1, ROUNDS + 1):
        space = world.workspace(anna, name=f"Studio {number}")
        world.join(space, bram)
        quotes = []
        for person in (anna, bram):
            customer = customer_of(person, clock.now)
            save_method(customer, person, clock.now)
            quotes.append(quote_for(space, person, clock.now, customer=customer))
        said: list[str] = []
        at_once(*[partial(press, quote, clock.now, said) for quote in quotes])
        collect.refund_due(clock.now)
        outcomes.add(tuple(sorted(said)))
        assert Subscription.objects.live().filter(space=space).count() == 1
        assert "done" in said
        assert len(standing_captures()) == number
    assert Invoice.objects.count() == ROUNDS
    assert Series.objects.get(kind="invoice").last_number == ROUNDS
    assert not Refund.objects.exclude(status="done").exists()
    assert outcomes <= {("change_pending", "done"), ("already_subscribed", "done"), ("done", "refunded")}


def test_one_button_pressed_from_two_tabs_at_once_charges_once(clock: HandClock) -> None:
    world = begin(clock.now)
    anna = world.person("Anna")
    for number in range(1, 11):
        space = world.workspace(anna, name=f"Studio {number}")
        customer = customer_of(anna, clock.now)
        save_method(customer, anna, clock.now)
        quote = quote_for(space, anna, clock.now, customer=customer)
        said: list[str] = []
        at_once(*[partial(press, quote, clock.now, said)] * 3)
        assert Change.objects.filter(quote=quote).count() == 1
        assert Attempt.objects.filter(payment__change__quote=quote).count() == 1
        assert len(standing_captures()) == number
        assert Change.objects.get(quote=quote).status == "done"
