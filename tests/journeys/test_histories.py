"""Four hundred lives of subscriptions, reckoned apart from our code, lived through the actions on a database.

Each tenth is one seller's books: all its customers live side by side, day after day, and the billing run comes every
morning on which something is due. Every customer has balance enough, so that no company is asked: what is compared
are dates and lines, and how money is collected is tested elsewhere.
"""

import heapq
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.conftest import HandClock
from tests.directory_world import World, begin
from tests.rules.vectors import day, load
from tests.world import change_quote, confirm, customer_of, quote_for
from zetel.actions import cancellations
from zetel.jobs import billing_run
from zetel.models import BalanceEntry, InvoiceLine, Person, Series, Subscription
from zetel.rules.errors import ZetelError

PARTS = 10
PARTS_OF_A_SHORT_RUN = 1
pytestmark = pytest.mark.django_db


@dataclass
class Life:
    """One history, and what became of it."""

    number: int
    row: dict[str, Any]
    subscription: Subscription | None = None
    refused: list[str] = field(default_factory=list)


def morning(on: date) -> datetime:
    """After midnight wherever the customers are, so that the run comes before anybody acts."""
    return datetime.combine(on, time(4), UTC)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A tenth of the lives in every run, all of them with `--long` (`make test-long`)."""
    if "part" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--long")
        metafunc.parametrize("part", range(PARTS if whole else PARTS_OF_A_SHORT_RUN))


@pytest.mark.checks
def test_every_invoice_of_every_history_on_its_date_with_its_lines(part: int, clock: HandClock) -> None:
    lives = [Life(number, row) for number, row in enumerate(load("histories.json")) if number % PARTS == part]
    agenda: list[tuple[date, int, int]] = [
        (day(operation["on"]), life.number, index)
        for life in lives
        for index, operation in enumerate(life.row["operations"])
    ]
    agenda += [(day(life.row["until"]) + timedelta(days=1), life.number, -1) for life in lives]
    heapq.heapify(agenda)
    by_number = {life.number: life for life in lives}
    clock.set(morning(agenda[0][0]))
    world = begin(clock.now - timedelta(days=1))
    anna = world.person("Anna")
    while agenda:
        on, number, index = heapq.heappop(agenda)
        bill_until(on, clock)
        life = by_number[number]
        if index < 0:
            stop(life)
        else:
            clock.set(morning(on) + timedelta(hours=6))
            act(world, anna, life, life.row["operations"][index], clock.now)
    found = issued()
    for life in lives:
        assert life.subscription is not None
        subscription = Subscription.objects.get(pk=life.subscription.pk)
        assert found[subscription.pk] == life.row["invoices"], f"history {life.number}"
        ended = subscription.ended_on.isoformat() if subscription.ended_on else None
        assert ended == life.row["ended_on"], f"history {life.number}"
        # They ask now and then for what holds or waits already; nothing else is refused in them.
        assert set(life.refused) <= {"no_change"}, f"history {life.number}"
    assert sum(Series.objects.values_list("last_number", flat=True)) == sum(
        len(x.row["invoices"]) for x in lives
    )


def bill_until(on: date, clock: HandClock) -> None:
    """The run of every morning up to a day on which something is due."""
    while True:
        due = Subscription.objects.filter(status="active", next_bill_at__lte=morning(on))
        first = due.order_by("next_bill_at").values_list("next_bill_at", flat=True).first()
        if first is None:
            return
        at = morning(first.date())
        clock.set(at if at >= first else at + timedelta(days=1))
        billing_run.run_due(clock.now)
        assert not Subscription.objects.exclude(parked_reason="").exists()


def stop(life: Life) -> None:
    """Where a history is no longer told, nothing more is billed."""
    assert life.subscription is not None
    Subscription.objects.filter(pk=life.subscription.pk).update(next_bill_at=None)


def act(world: World, anna: Person, life: Life, operation: dict[str, Any], now: datetime) -> None:
    try:
        if operation["op"] == "buy":
            life.subscription = buy(world, anna, life, operation, now)
            return
        assert life.subscription is not None
        if operation["op"] == "cancel":
            cancellations.cancel(life.subscription, actor=anna, now=now)
        elif operation["op"] == "resume":
            cancellations.resume(life.subscription, actor=anna, now=now)
        else:
            wish = {operation["op"]: operation[operation["op"]]}
            made = confirm(change_quote(life.subscription, now, person=anna, **wish), now)
            assert made.status == "done", made.reason
    except ZetelError as error:
        life.refused.append(error.code)


def buy(world: World, anna: Person, life: Life, operation: dict[str, Any], now: datetime) -> Subscription:
    customer = customer_of(anna, now)
    BalanceEntry.objects.create(
        customer=customer, currency="EUR", amount=10**12, kind="credit_note", created_at=now
    )
    wish = {name: operation[name] for name in ("plan", "cycle", "seats")}
    space = world.workspace(anna, name=f"Studio {life.number}")
    made = confirm(quote_for(space, anna, now, customer=customer, **wish), now)
    assert made.subscription is not None, made.reason
    return made.subscription


def issued() -> dict[UUID, list[dict[str, Any]]]:
    """Every invoice of every subscription as the histories tell them: date, lines, net."""
    lines = InvoiceLine.objects.select_related("invoice").order_by(
        "invoice__issued_at", "invoice_id", "position"
    )
    found: dict[UUID, dict[UUID, dict[str, Any]]] = {}
    for line in lines:
        assert line.subscription_id is not None
        entry = found.setdefault(line.subscription_id, {}).setdefault(
            line.invoice_id,
            {"on": line.invoice.issued_on.isoformat(), "lines": [], "net": line.invoice.net_amount},
        )
        entry["lines"].append(
            {
                "plan": line.plan, "cycle": line.cycle, "seats": line.seats if line.kind == "charge" else -line.seats,
                "unit_amount": line.unit_amount, "start": line.start.isoformat(), "end": line.end.isoformat(),
                "days": (line.end - line.start).days, "of_days": (line.period_end - line.period_start).days,
                "amount": line.amount,
            }
        )  # fmt: skip
    return {subscription_id: list(entries.values()) for subscription_id, entries in found.items()}
