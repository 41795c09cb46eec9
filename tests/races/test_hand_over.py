"""Rights are checked at the commit: who hands billing over and acts at the same moment does one of them (rule R5)."""

import threading

import pytest
from django.db import connections, transaction

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.world import subscribe
from zetel.actions import cancellations, hand_over
from zetel.models import Subscription
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_act_that_waits_for_a_hand_over_to_commit_is_refused(clock: HandClock) -> None:
    """The old owner's cancellation was begun before the hand-over committed, and finds that the right is gone."""
    world = begin(clock.now)
    anna, bram = world.person("Anna"), world.person("Bram")
    studio = world.workspace(anna)
    world.join(studio, bram)
    bought = subscribe(studio, anna, clock.now, seats=2)
    said: list[str] = []
    now = clock.now

    def cancel() -> None:
        try:
            cancellations.cancel(bought, actor=anna, now=now)
            said.append("cancelled")
        except ZetelError as refused:
            said.append(refused.code)
        finally:
            connections.close_all()

    with transaction.atomic():
        hand_over.give(bought, to=bram, actor=anna, now=now)
        thread = threading.Thread(target=cancel)
        thread.start()
        thread.join(0.5)
        assert said == []  # it waits for the lock of the space
    thread.join(20)
    assert said == ["forbidden"]
    bought.refresh_from_db()
    assert (bought.ends_on, Subscription.objects.get().customer.billing_owner) == (None, bram)
