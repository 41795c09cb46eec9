"""What companies tell us is kept as they said it, but for what could charge somebody's method (rules X14, X15)."""

import uuid
from collections.abc import Mapping
from datetime import datetime

import pytest

from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.world import buy
from zetel.jobs import collect, inbound
from zetel.models import Attempt, InboundEvent, PaymentMethod
from zetel.sandbox import company

pytestmark = pytest.mark.django_db


def receive_all(clock: HandClock) -> None:
    """The company posts what is due; we answer 200 as the endpoint does."""

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        inbound.receive("sandbox", headers, body, now=clock.now)
        return 200

    company.deliver_due(clock.now, post)


def test_a_stored_event_keeps_no_token_and_can_still_be_booked(clock: HandClock) -> None:
    world = begin(clock.now)
    anna = world.person("Anna")
    buy(world.workspace(anna), anna, clock.now)
    receive_all(clock)
    token = PaymentMethod.objects.get().token
    told = InboundEvent.objects.order_by("id")
    assert [row.body.partition('"type":"')[2].partition('"')[0] for row in told] == [
        "setup.done",
        "charge.paid",
    ]
    assert not [row for row in told if token in row.body]
    inbound.drain(clock.now)
    assert [(row.status, row.note) for row in told.all()] == [("ignored", ""), ("done", "")]


def test_an_event_that_cannot_be_booked_is_parked_and_the_next_one_is_booked(
    clock: HandClock,
) -> None:
    anna = begin(clock.now).person("Anna")
    InboundEvent.objects.create(gateway="sandbox", event_id="broken", body="no event", received_at=clock.now)
    buy(World(clock.now).workspace(anna), anna, clock.now)
    receive_all(clock)
    assert inbound.drain(clock.now) == 3
    told = dict(InboundEvent.objects.values_list("event_id", "status"))
    assert told.pop("broken") == "parked"
    assert sorted(told.values()) == ["done", "ignored"]


def test_a_try_that_cannot_be_asked_about_does_not_hold_up_the_others(
    clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = begin(clock.now)
    for name in ("Anna", "Bram"):
        person = world.person(name)
        buy(world.workspace(person), person, clock.now, seats=2, behaviour="processing")
    stuck = Attempt.objects.earliest("id")
    ask = collect.ask

    def fail(attempt_id: uuid.UUID, *, now: datetime) -> None:
        if attempt_id == stuck.pk:
            raise RuntimeError("a fault of ours")
        ask(attempt_id, now=now)

    monkeypatch.setattr(collect, "ask", fail)
    clock.move(minutes=11)
    assert collect.ask_due(clock.now) == 2
    assert sorted(Attempt.objects.values_list("status", flat=True)) == ["paid", "processing"]
