"""Paying an open invoice by hand from many tabs at the same moment: one try, one capture (rule X2)."""

from datetime import UTC, datetime

import pytest

from tests.actions.test_directory_races import together
from tests.conftest import HandClock
from tests.directory_world import begin
from tests.world import subscribe
from zetel.jobs import collections, tasks
from zetel.models import Attempt, Invoice, Subscription
from zetel.sandbox import company

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_clicks_at_once_pay_once(clock: HandClock) -> None:
    world = begin(clock.now)
    anna = world.person("Anna")
    subscribe(world.workspace(anna), anna, clock.now)
    company.plan("declined_soft")
    clock.set(datetime(2026, 6, 11, 22, tzinfo=UTC))
    tasks.do_due(clock.now)
    invoice = Invoice.objects.get(state="open")
    now = clock.now

    def click() -> None:
        collections.pay(invoice, actor=anna, now=now, language="en", return_path="/")

    answers = together(*[click] * 8)
    assert set(answers) <= {"done", "nothing_due"}
    statuses = (
        Attempt.objects.filter(payment__invoice=invoice).order_by("id").values_list("status", flat=True)
    )
    assert list(statuses) == ["declined", "paid"]
    assert (Invoice.objects.filter(state="open").count(), Subscription.objects.get().status) == (0, "active")
