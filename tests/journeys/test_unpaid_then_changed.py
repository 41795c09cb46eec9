"""What a change credits stands on two invoices: given back whole, also where the first was never paid (C5, G4, I7, P9).

A move to yearly charges a whole year, less the rest of the month. A note over that year is more than its invoice, and
the rest falls to the invoice of the month.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import buy, change, save_method, subscribe
from zetel.jobs import tasks
from zetel.models import BalanceEntry, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]
RENEWS = datetime(2026, 6, 11, 22, 0, tzinfo=UTC)


def documents(row: Subscription) -> list[tuple[str, int, str]]:
    rows = row.invoices.order_by("issued_at", "id")
    return [(x.number, x.total_amount, x.state) for x in rows]


@pytest.mark.parametrize(
    ("wish", "charged", "back"),
    [({"cycle": "year"}, 182115, 202350), ({"plan": "business"}, 25500, 45735), ({"seats": 20}, 6745, 26980)],
    ids=["year", "plan", "seats"],
)
def test_a_change_over_a_renewal_that_is_never_paid_gives_back_what_was_paid_for_it(
    world: World, clock: HandClock, wish: dict[str, Any], charged: int, back: int
) -> None:
    anna = world.person("Anna")
    row = subscribe(world.workspace(anna), anna, clock.now, seats=15)
    save_method(row.customer, anna, clock.now, behaviour="processing_declined")
    clock.set(RENEWS)
    tasks.do_due(clock.now)
    save_method(row.customer, anna, clock.now)
    change(row, clock.now, **wish)
    save_method(row.customer, anna, clock.now, behaviour="declined_soft")
    for _ in range(10):
        clock.move(days=1)
        tasks.do_due(clock.now)
    row = Subscription.objects.get(pk=row.pk)
    assert row.status == "ended"
    assert documents(row) == [
        ("INV-2026-00001", 20235, "paid"),
        ("INV-2026-00002", 20235, "credited"),
        ("INV-2026-00003", charged, "credited"),
        ("CN-2026-00001", -back, "paid"),
    ]
    assert list(BalanceEntry.objects.values_list("amount", "kind")) == [(charged, "credit_note")]


def test_an_organization_bought_on_the_day_on_which_its_team_moved_to_yearly(
    world: World, clock: HandClock
) -> None:
    anna = world.person("Anna")
    acme = world.organization(anna)
    team = world.team(acme, anna)
    row = subscribe(team, anna, clock.now, seats=15)
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    change(row, clock.now, cycle="year")
    bought = buy(acme, anna, clock.now, seats=30, customer=row.customer)
    assert bought.change.status == "done"
    assert documents(row) == [
        ("INV-2026-00001", 20235, "paid"),
        ("INV-2026-00002", 193864, "credited"),
        ("CN-2026-00001", -202350, "paid"),
    ]
    assert bought.quote.due_amount == 0
    assert sum(BalanceEntry.objects.values_list("amount", flat=True)) == 202350 - 40470
