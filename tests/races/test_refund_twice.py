"""Two of finance refund one invoice at the same moment: it goes back once (rules G6, I1)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connections

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.doctor import assert_healthy
from tests.world import subscribe
from zetel.actions import credit_notes, staff
from zetel.actions.credit_notes import Wish
from zetel.gateways import get
from zetel.jobs import collect
from zetel.models import Invoice, Refund
from zetel.rules.errors import ZetelError

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_refunds_of_one_invoice_at_once_give_it_back_once(clock: HandClock) -> None:
    world = begin(clock.now)
    anna, finn = world.person("Anna"), world.person("Finn")
    staff.name_staff(person=finn, role="finance", now=clock.now)
    subscribe(world.workspace(anna), anna, clock.now)
    invoice, together = Invoice.objects.get(), Barrier(2)

    def one(reason: str) -> str:
        try:
            together.wait(10)
            credit_notes.credit(invoice, Wish(), goes_to="refund", actor=finn, reason=reason, now=clock.now)
        except ZetelError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, ("first", "second"))) == ["credit_too_large", "done"]
    for refund in Refund.objects.all():
        collect.refund(refund.pk, now=clock.now)
    ledger = get("sandbox").captures(
        since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2027, 1, 1, tzinfo=UTC)
    )
    assert [(line.amount.amount, line.refunded.amount) for line in ledger] == [(20235, 20235)]
    assert Invoice.objects.filter(kind="credit_note").count() == 1
    assert_healthy(clock.now)
