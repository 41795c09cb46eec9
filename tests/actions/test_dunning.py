"""After a renewal's payment failed: each story day by day, from the first decline to paid or ended (rule G4)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import Visit
from tests.world import DUTCH, change_quote, customer_of, save_method, subscribe
from zetel.actions import cancellations, standing
from zetel.gateways import get
from zetel.jobs import dunning_run, tasks
from zetel.models import (
    Attempt,
    BalanceEntry,
    CatalogVersion,
    Event,
    Invoice,
    Mail,
    Payment,
    Person,
    Space,
    Subscription,
)
from zetel.rules.entitlements import Source, entitlement
from zetel.rules.errors import ZetelError
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]

DAY = timedelta(days=1)
RENEWS = datetime(2026, 6, 11, 22, 0, tzinfo=UTC)  # 12 June, 00:00 in Amsterdam
MAILS = ("payment_failed", "payment_last_warning", "payment_recovered", "subscription_ended_unpaid")


@pytest.fixture
def subscription(studio: Space, anna: Person, clock: HandClock) -> Subscription:
    """Premium monthly, 15 seats, EUR 202.35 without tax; renews on 12 June 2026."""
    return subscribe(studio, anna, clock.now)


def work(clock: HandClock) -> None:
    """What the worker does each minute, and once more: nothing may happen twice."""
    tasks.do_due(clock.now)
    tasks.do_due(clock.now)


def live(clock: HandClock, days: Iterable[int], *planned: str) -> None:
    """Go to midnight in Amsterdam of each of these days of June; `planned` is what the company answers then."""
    company.plan(*planned)
    for day in days:
        clock.set(RENEWS + DAY * (day - 12))
        work(clock)


def tries(subscription: Subscription) -> list[tuple[int, str, str]]:
    """Day of June in Amsterdam, outcome, and the method's last four digits, of every try for a renewal."""
    rows = Attempt.objects.filter(payment__customer=subscription.customer_id, payment__change=None)
    return [
        ((row.created_at + timedelta(hours=2)).day, row.status, row.method.label[-4:])
        for row in rows.select_related("method").order_by("created_at", "id")
    ]


def told() -> list[tuple[int, str]]:
    """Day of June and kind of every mail of dunning."""
    rows = Mail.objects.filter(kind__in=MAILS).order_by("created_at", "id")
    return [((row.created_at + timedelta(hours=2)).day, row.kind) for row in rows]


def state(subscription: Subscription) -> str:
    return Subscription.objects.get(pk=subscription.pk).status


def documents(subscription: Subscription) -> list[tuple[str, int, str]]:
    rows = subscription.invoices.order_by("issued_at", "id")
    return [(row.number, row.total_amount, row.state) for row in rows]


def source_of(space: Space, on: date) -> Source:
    """Why people in a space have their plan."""
    around, catalog = standing.around(space), CatalogVersion.objects.current()
    return entitlement(catalog, around.holdings(around.own, catalog.ranks, on), on).source


def happened(subscription: Subscription, *kinds: str) -> list[str]:
    rows = Event.objects.filter(subscription=subscription, kind__in=kinds).order_by("at", "id")
    return list(rows.values_list("kind", flat=True))


def kept(now: datetime) -> list[int]:
    """What the company took and did not give back, capture by capture."""
    ledger = get("sandbox").captures(since=datetime(2026, 1, 1, tzinfo=UTC), until=now + DAY)
    return [capture.amount.amount - capture.refunded.amount for capture in ledger]


SOFT = "declined_soft"


@pytest.mark.story("G4")
def test_five_tries_then_the_end_with_the_invoice_taken_back_to_the_cent(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, customer=customer_of(anna, clock.now, **DUTCH))
    people = studio.memberships.count()
    for day in range(12, 19):
        live(clock, [day], *([SOFT] if day in (12, 13, 15, 17) else []))
        assert state(subscription) == "past_due"
        assert source_of(studio, date(2026, 6, day)) is Source.GRACE
    live(clock, [19], SOFT)
    assert tries(subscription) == [
        (12, "declined", "4242"),
        (13, "declined", "4242"),
        (15, "declined", "4242"),
        (17, "declined", "4242"),
        (19, "declined", "4242"),
    ]
    assert told() == [
        (12, "payment_failed"),
        (13, "payment_failed"),
        (15, "payment_failed"),
        (17, "payment_last_warning"),
        (19, "subscription_ended_unpaid"),
    ]
    assert documents(subscription) == [
        ("INV-2026-00001", 24484, "paid"),
        ("INV-2026-00002", 24484, "credited"),
        ("CN-2026-00001", -24484, "paid"),
    ]
    note, invoice = Invoice.objects.get(kind="credit_note"), Invoice.objects.get(number="INV-2026-00002")
    assert (note.credits, note.net_amount, note.tax_amount) == (invoice, -20235, -4249)
    [line] = note.lines.all()
    assert line.takes_back == [str(invoice.lines.get().pk)]
    assert (line.seats, line.start, line.end) == (15, date(2026, 6, 12), date(2026, 7, 12))
    ended = Subscription.objects.get(pk=subscription.pk)
    assert (ended.status, ended.end_reason, ended.ended_on) == ("ended", "unpaid", date(2026, 6, 19))
    assert (ended.last_owner, ended.next_bill_at, ended.dunning_at) == (anna, None, None)
    assert not BalanceEntry.objects.exists()
    assert studio.memberships.count() == people
    assert source_of(studio, date(2026, 6, 19)) is Source.FREE
    assert happened(subscription, "subscription.past_due", "subscription.ended") == [
        "subscription.past_due", "subscription.ended",
    ]  # fmt: skip
    live(clock, [20, 25, 40])
    assert len(tries(subscription)) == 5
    again = subscribe(studio, anna, clock.now, seats=5)
    assert again.status == "active"


def test_the_third_try_pays_and_the_next_renewal_stays_where_it_was(
    subscription: Subscription, clock: HandClock
) -> None:
    live(clock, [12, 13], SOFT, SOFT)
    live(clock, [14, 15, 16, 19])
    assert tries(subscription) == [
        (12, "declined", "4242"),
        (13, "declined", "4242"),
        (15, "paid", "4242"),
    ]
    assert told() == [(12, "payment_failed"), (13, "payment_failed"), (15, "payment_recovered")]
    row = Subscription.objects.get(pk=subscription.pk)
    assert (row.status, row.dunning_step, row.dunning_at) == ("active", 0, None)
    assert row.next_bill_at == datetime(2026, 7, 11, 22, 0, tzinfo=UTC)
    assert documents(subscription)[-1] == ("INV-2026-00002", 20235, "paid")
    assert happened(subscription, "subscription.past_due", "subscription.recovered") == [
        "subscription.past_due", "subscription.recovered",
    ]  # fmt: skip
    clock.set(RENEWS + 30 * DAY)
    work(clock)
    assert documents(subscription)[-1] == ("INV-2026-00003", 20235, "paid")


@pytest.mark.story("G4")
def test_a_late_step_is_done_once_and_the_rest_keep_their_distances(
    subscription: Subscription, clock: HandClock
) -> None:
    live(clock, [12, 16, 17, 18, 20, 21, 22], SOFT, SOFT, SOFT, SOFT, SOFT)
    assert [day for day, _, _ in tries(subscription)] == [12, 16, 18, 20, 22]
    assert told()[-2:] == [(20, "payment_last_warning"), (22, "subscription_ended_unpaid")]
    assert state(subscription) == "ended"


@pytest.mark.story("G4")
def test_a_hard_decline_stops_the_tries_but_the_end_stays_day_7(
    subscription: Subscription, clock: HandClock
) -> None:
    live(clock, range(12, 19), "declined_hard")
    assert tries(subscription) == [(12, "declined", "4242")]
    assert state(subscription) == "past_due"
    assert "next_on" in Mail.objects.filter(kind="payment_failed")[0].params
    assert {row.params["next_on"] for row in Mail.objects.filter(kind__in=MAILS)} == {""}
    live(clock, [19])
    assert state(subscription) == "ended"
    assert told() == [
        (12, "payment_failed"),
        (13, "payment_failed"),
        (15, "payment_failed"),
        (17, "payment_last_warning"),
        (19, "subscription_ended_unpaid"),
    ]
    assert len(tries(subscription)) == 1


@pytest.mark.story("G4")
def test_a_new_method_is_tried_at_once_and_pays(
    subscription: Subscription, anna: Person, clock: HandClock
) -> None:
    live(clock, [12, 13], "declined_hard")
    clock.move(hours=9)
    save_method(subscription.customer, anna, clock.now, kind="paypal")
    work(clock)
    assert [row[:2] for row in tries(subscription)] == [(12, "declined"), (13, "paid")]
    assert state(subscription) == "active"
    assert told()[-1] == (13, "payment_recovered")
    live(clock, [14, 15, 19])
    assert len(tries(subscription)) == 2


def test_a_new_method_that_declines_leaves_the_schedule_as_it_was(
    subscription: Subscription, anna: Person, clock: HandClock
) -> None:
    live(clock, [12, 13], SOFT, SOFT)
    clock.move(hours=9)
    save_method(subscription.customer, anna, clock.now, behaviour=SOFT)
    work(clock)
    live(clock, [14, 15, 16, 17, 18, 19])
    assert tries(subscription) == [
        (12, "declined", "4242"),
        (13, "declined", "4242"),
        (13, "declined", "9995"),
        (15, "declined", "9995"),
        (17, "declined", "9995"),
        (19, "declined", "9995"),
    ]
    assert told() == [
        (12, "payment_failed"),
        (13, "payment_failed"),
        (13, "payment_failed"),
        (15, "payment_failed"),
        (17, "payment_last_warning"),
        (19, "subscription_ended_unpaid"),
    ]


def test_an_unknown_outcome_of_the_last_try_holds_the_end_until_it_is_known(
    subscription: Subscription, clock: HandClock
) -> None:
    live(clock, range(12, 19), SOFT, SOFT, SOFT, SOFT)
    company.go_down(RENEWS + 9 * DAY + timedelta(hours=1))
    live(clock, [19, 20, 21])
    assert tries(subscription)[-1] == (19, "unknown", "4242")
    assert state(subscription) == "past_due"
    assert not Invoice.objects.filter(kind="credit_note").exists()
    company.plan(SOFT)
    clock.move(hours=8)
    work(clock)
    assert tries(subscription)[-1] == (19, "declined", "4242")
    assert state(subscription) == "ended"
    assert documents(subscription)[-1] == ("CN-2026-00001", -20235, "paid")


def test_an_unknown_last_try_that_was_charged_pays_after_all(
    subscription: Subscription, clock: HandClock
) -> None:
    live(clock, range(12, 19), SOFT, SOFT, SOFT, SOFT)
    company.plan("timeout_after")
    company.plan("timeout_before", operation="fetch")
    live(clock, [19])
    assert state(subscription) in ("past_due", "active")
    live(clock, [20])
    assert tries(subscription)[-1] == (19, "paid", "4242")
    assert state(subscription) == "active"
    assert told()[-1][1] == "payment_recovered"


def test_an_outcome_that_comes_after_days_stands_in_for_the_steps_it_held_up(
    subscription: Subscription, clock: HandClock
) -> None:
    company.plan("processing_declined", settles_after=timedelta(days=2, hours=1), webhook="never")
    live(clock, [12, 13])
    assert state(subscription) == "active"
    live(clock, [15], SOFT)
    assert tries(subscription) == [(12, "declined", "4242")]
    assert state(subscription) == "past_due"
    live(clock, [16, 17, 18, 19, 20, 21, 22], SOFT, SOFT, SOFT)
    assert [day for day, _, _ in tries(subscription)] == [12, 16, 18, 20, 22]


def test_a_step_that_comes_due_while_an_outcome_is_open_is_that_try(
    subscription: Subscription, clock: HandClock
) -> None:
    live(clock, [12], SOFT)
    company.plan("processing_declined", settles_after=timedelta(days=2, hours=10), webhook="never")
    live(clock, [13, 14, 15])
    assert tries(subscription)[-1][:2] == (13, "processing")
    live(clock, [16, 17, 18], SOFT)
    assert [row[:2] for row in tries(subscription)] == [
        (12, "declined"),
        (13, "declined"),
        (18, "declined"),
    ]
    live(clock, [19, 20], SOFT)
    assert state(subscription) == "ended"
    assert told()[-2:] == [(18, "payment_last_warning"), (20, "subscription_ended_unpaid")]


def test_a_bank_that_wants_approval_is_past_due_and_the_step_takes_the_try_back(
    subscription: Subscription, clock: HandClock
) -> None:
    live(clock, [12], "approval")
    assert state(subscription) == "past_due"
    assert Mail.objects.get(kind="payment_failed").params["reason"] == "approval_needed"
    live(clock, [13])
    assert [row[:2] for row in tries(subscription)] == [(12, "declined"), (13, "paid")]
    assert state(subscription) == "active"


def test_approval_at_the_last_try_has_a_day(subscription: Subscription, clock: HandClock) -> None:
    live(clock, range(12, 20), SOFT, SOFT, SOFT, SOFT, "approval")
    assert tries(subscription)[-1][:2] == (19, "action")
    assert state(subscription) == "past_due"
    live(clock, [20])
    assert tries(subscription)[-1][:2] == (19, "declined")
    assert told()[-2:] == [(19, "payment_failed"), (20, "subscription_ended_unpaid")]
    assert state(subscription) == "ended"


def test_another_amount_is_no_payment_and_the_tries_go_on(
    subscription: Subscription, clock: HandClock
) -> None:
    live(clock, [12], "wrong_amount")
    assert state(subscription) == "past_due"
    live(clock, [13])
    assert [row[:2] for row in tries(subscription)] == [(12, "parked"), (13, "paid")]
    assert sorted(Payment.objects.exclude(invoice=None).values_list("status", flat=True)) == [
        "paid", "paid", "parked",
    ]  # fmt: skip


def test_a_renewal_without_any_method_is_the_same_path(
    subscription: Subscription, anna: Person, clock: HandClock
) -> None:
    subscription.customer.methods.update(status="removed")
    live(clock, range(12, 18))
    assert state(subscription) == "past_due"
    assert tries(subscription) == []
    assert told() == [
        (12, "payment_failed"),
        (13, "payment_failed"),
        (15, "payment_failed"),
        (17, "payment_last_warning"),
    ]
    assert {row.params["method"] for row in Mail.objects.filter(kind="payment_failed")} == {""}
    save_method(subscription.customer, anna, clock.now)
    work(clock)
    assert [row[:2] for row in tries(subscription)] == [(17, "paid")]
    assert state(subscription) == "active"


def test_without_a_method_it_ends_on_day_7(subscription: Subscription, clock: HandClock) -> None:
    subscription.customer.methods.update(status="removed")
    live(clock, range(12, 20))
    assert state(subscription) == "ended"
    assert documents(subscription)[-1] == ("CN-2026-00001", -20235, "paid")


@pytest.mark.story("G4")
def test_cancelling_while_past_due_ends_it_at_once(
    subscription: Subscription, anna: Person, clock: HandClock
) -> None:
    live(clock, [12], SOFT)
    ended = cancellations.cancel(subscription, actor=anna, now=clock.now, reason="te duur")
    assert (ended.status, ended.end_reason, ended.ended_on) == (
        "ended",
        "cancelled_unpaid",
        date(2026, 6, 12),
    )
    event = Event.objects.get(kind="subscription.ended")
    assert (event.actor, event.reason) == (anna, "te duur")
    assert documents(subscription)[-1] == ("CN-2026-00001", -20235, "paid")
    assert told() == [(12, "payment_failed"), (12, "subscription_ended_unpaid")]
    live(clock, range(13, 20))
    assert len(tries(subscription)) == 1


def test_money_under_way_when_it_is_cancelled_goes_back_when_it_comes(
    subscription: Subscription, anna: Person, clock: HandClock
) -> None:
    live(clock, [12], SOFT)
    company.plan("processing", settles_after=timedelta(hours=6))
    live(clock, [13])
    assert tries(subscription)[-1][:2] == (13, "processing")
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    clock.move(hours=7)
    work(clock)
    assert state(subscription) == "ended"
    assert [row[:2] for row in tries(subscription)] == [(12, "declined"), (13, "paid")]
    assert kept(clock.now) == [20235, 0]


def test_money_that_was_taken_before_it_was_cancelled_goes_back(
    subscription: Subscription, anna: Person, clock: HandClock
) -> None:
    live(clock, [12], SOFT)
    company.plan("timeout_after", webhook="never")
    company.plan("timeout_before", operation="fetch")
    clock.set(RENEWS + DAY)
    dunning_run.run_due(clock.now)
    assert tries(subscription)[-1][:2] == (13, "unknown")
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    clock.move(hours=1)
    work(clock)
    assert tries(subscription)[-1][:2] == (13, "paid")
    assert kept(clock.now) == [20235, 0]
    assert state(subscription) == "ended"
    assert documents(subscription)[1:] == [
        ("INV-2026-00002", 20235, "credited"),
        ("CN-2026-00001", -20235, "paid"),
    ]


def test_past_due_allows_no_change(subscription: Subscription, anna: Person, clock: HandClock) -> None:
    live(clock, [12], SOFT)
    with pytest.raises(ZetelError, match="past_due"):
        change_quote(subscription, clock.now, seats=20)
    with pytest.raises(ZetelError, match="past_due"):
        cancellations.resume(subscription, actor=anna, now=clock.now)


def test_what_the_balance_had_paid_becomes_balance_again(
    world: World, anna: Person, clock: HandClock
) -> None:
    """Of a credit note of EUR 22.63 the balance pays part of a renewal that is then never paid."""
    acme = world.organization(anna)
    team, customer = world.team(acme, anna), customer_of(anna, clock.now)
    world.join(team, *[world.person(name) for name in ("Bram", "Chris")])
    subscribe(team, anna, clock.now, seats=4, customer=customer)
    subscription = subscribe(world.workspace(anna), anna, clock.now, customer=customer)
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    subscribe(acme, anna, clock.now, seats=3, customer=customer_of(anna, clock.now))
    assert standing.balance_of(customer, "EUR") == 2263
    live(clock, range(12, 20), SOFT, SOFT, SOFT, SOFT, SOFT)
    renewal = subscription.invoices.get(renews_on=date(2026, 6, 12))
    assert (renewal.total_amount, renewal.balance_used_amount, renewal.state) == (20235, 2263, "credited")
    assert Mail.objects.filter(kind="payment_failed")[0].params["amount"] == 17972
    assert state(subscription) == "ended"
    assert standing.balance_of(customer, "EUR") == 2263


def test_the_doctor_finds_dunning_that_nothing_comes_back_to(
    subscription: Subscription, clock: HandClock, stays_healthy: Visit
) -> None:
    live(clock, [12], SOFT)
    Subscription.objects.update(dunning_at=None)
    stays_healthy.expect("X16", "dunning_lost")
    Invoice.objects.filter(state="open").update(state="written_off")
    stays_healthy.expect("X16", "past_due_for_nothing")
    stays_healthy.expect("X1", "booking_off")  # nobody wrote down what was written off


def test_while_past_due_nothing_is_renewed_and_after_paying_it_catches_up(
    subscription: Subscription, anna: Person, clock: HandClock
) -> None:
    clock.set(RENEWS + 35 * DAY)  # an outage over two boundaries
    company.plan(SOFT)
    work(clock)
    assert [row[2] for row in documents(subscription)] == ["paid", "open"]
    assert state(subscription) == "past_due"
    clock.move(days=1)
    work(clock)
    assert [row[2] for row in documents(subscription)] == ["paid", "paid", "paid"]
    assert state(subscription) == "active"
    assert [row.renews_on for row in subscription.invoices.order_by("id")] == [
        None, date(2026, 6, 12), date(2026, 7, 12),
    ]  # fmt: skip
