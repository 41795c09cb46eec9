"""What companies tell us is kept as they said it, but for what could charge somebody's method (rules X14, X15)."""

from collections.abc import Mapping

import pytest

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.world import buy
from zetel.jobs import inbound
from zetel.models import InboundEvent, PaymentMethod
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
