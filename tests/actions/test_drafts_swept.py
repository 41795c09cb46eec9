"""Drafts and quotes that came to nothing are removed after thirty days; what was sold stays (rule C6)."""

import pytest

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.world import buy, quote_for
from zetel.actions import drafts
from zetel.models import Invoice, PurchaseDraft, Quote

pytestmark = pytest.mark.django_db


def test_after_thirty_days_only_what_was_sold_is_left(clock: HandClock) -> None:
    world = begin(clock.now)
    anna = world.person("Anna")
    sold = buy(world.workspace(anna), anna, clock.now).quote
    quote_for(world.workspace(anna, name="Atelier"), anna, clock.now)
    clock.move(days=29)
    assert drafts.sweep(clock.now) == 0
    kept = quote_for(world.workspace(anna, name="Hal"), anna, clock.now)
    clock.move(days=1, hours=1)
    assert drafts.sweep(clock.now) == 3
    assert set(Quote.objects.values_list("pk", flat=True)) == {sold.pk, kept.pk}
    assert list(PurchaseDraft.objects.values_list("pk", flat=True)) == [kept.draft_id]
    assert Invoice.objects.get().quote_id == sold.pk
