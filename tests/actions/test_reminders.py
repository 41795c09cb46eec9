"""Renewals are announced once each, on their day, to whoever holds billing then, with the amount as things stand."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.actions.outgrowing import work
from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import findings
from tests.world import DUTCH, change, customer_of, subscribe
from zetel.actions import cancellations, customers, hand_over, reminders
from zetel.actions.customers import BillingInformation
from zetel.jobs import reminder_run
from zetel.models import Customer, Mail, Person, Space, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]

YEAR_AHEAD = datetime(2027, 4, 11, 22, 0, tzinfo=UTC)  # first instant of 12 April 2027 in Amsterdam
WEEK_AHEAD = datetime(2026, 6, 4, 22, 0, tzinfo=UTC)  # of 5 June 2026


def bought(studio: Space, anna: Person, clock: HandClock, cycle: str) -> Subscription:
    """Premium, 5 seats, with Dutch tax, on 12 May 2026."""
    customer = customer_of(anna, clock.now, **DUTCH)
    return subscribe(studio, anna, clock.now, seats=5, cycle=cycle, customer=customer)


def wants_monthly(subscription: Subscription, anna: Person, clock: HandClock, wanted: bool = True) -> None:
    customer = Customer.objects.get(pk=subscription.customer_id)
    told = BillingInformation(name=customer.name, **DUTCH)
    customers.change_information(customer, told, actor=anna, now=clock.now, remind_monthly=wanted)


def told() -> list[tuple[str, str, int]]:
    """To whom, about which day, for how much."""
    rows = Mail.objects.filter(kind="renewal_reminder").order_by("id")
    return [(row.to_email, row.params["renews_on"], row.params["renewal_amount"]) for row in rows]


def test_a_yearly_plan_is_announced_thirty_days_ahead_and_once(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    bought(studio, anna, clock, "year")
    work(clock, YEAR_AHEAD.replace(hour=21, minute=59))
    assert told() == []
    work(clock, YEAR_AHEAD)
    assert told() == [("anna@acme.example", "2027-05-12", 81615)]  # 5 x 134.90 = 674.50, and 21 % tax 141.65
    clock.move(days=2)
    work(clock)
    assert len(told()) == 1


def test_each_year_has_its_own(studio: Space, anna: Person, clock: HandClock) -> None:
    bought(studio, anna, clock, "year")
    work(clock, YEAR_AHEAD)
    work(clock, datetime(2027, 5, 12, 8, 0, tzinfo=UTC))
    work(clock, datetime(2028, 4, 12, 8, 0, tzinfo=UTC))
    assert [on for _, on, _ in told()] == ["2027-05-12", "2028-05-12"]


def test_a_monthly_plan_is_announced_only_for_who_asked(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = bought(studio, anna, clock, "month")
    work(clock, WEEK_AHEAD)
    assert told() == []
    wants_monthly(subscription, anna, clock)
    work(clock)
    assert told() == [("anna@acme.example", "2026-06-12", 8161)]  # 67.45 and 14.16
    wants_monthly(subscription, anna, clock, wanted=False)
    work(clock, datetime(2026, 7, 8, 8, 0, tzinfo=UTC))
    assert len(told()) == 1


def test_what_is_scheduled_is_in_the_amount(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = bought(studio, anna, clock, "year")
    change(subscription, clock.now, seats=2)
    work(clock, YEAR_AHEAD)
    assert [amount for _, _, amount in told()] == [32646]  # 2 x 134.90 = 269.80, and 56.66
    assert Mail.objects.get(kind="renewal_reminder").params["is_changed"]


def test_people_who_outgrew_the_seats_are_in_the_amount(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = bought(studio, anna, clock, "year")
    Subscription.objects.filter(pk=subscription.pk).update(on_exceed="ask")
    world.crowd(studio, 6)
    work(clock, YEAR_AHEAD)
    assert [amount for _, _, amount in told()] == [163229]  # 10 x 134.90 = 1,349.00, and 283.29
    facts = Mail.objects.get(kind="renewal_reminder").params
    assert (facts["counted"], facts["seats_before"], facts["seats"]) == (7, 5, 10)


def test_a_plan_that_ends_is_not_announced_until_it_is_resumed(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = bought(studio, anna, clock, "year")
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    work(clock, YEAR_AHEAD)
    assert told() == []
    clock.move(days=3)
    cancellations.resume(subscription, actor=anna, now=clock.now)
    work(clock)
    assert len(told()) == 1


def test_it_goes_to_the_billing_owner_of_that_day(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = bought(studio, anna, clock, "year")
    bram = world.person("Bram")
    world.join(studio, bram)
    hand_over.give(subscription, to=bram, actor=anna, now=clock.now)
    work(clock, YEAR_AHEAD)
    assert [email for email, _, _ in told()] == ["bram@acme.example"]


def test_moving_to_yearly_sets_the_reminder_anew(studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = bought(studio, anna, clock, "month")
    work(clock)
    assert Subscription.objects.get().remind_at is None
    change(subscription, clock.now, cycle="year")
    work(clock)
    assert Subscription.objects.get().remind_at == YEAR_AHEAD


def test_one_that_fails_is_put_off_and_holds_up_nobody(
    world: World, studio: Space, anna: Person, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bought(studio, anna, clock, "year")
    bram = world.person("Bram")
    bought(world.workspace(bram, "Studio Zuid"), bram, clock, "year")
    clock.set(YEAR_AHEAD)
    remind = reminders.remind

    def fails(subscription_id: uuid.UUID, *, now: datetime) -> bool:
        if subscription_id == first.pk:
            raise RuntimeError("the disk is full")
        return remind(subscription_id, now=now)

    monkeypatch.setattr(reminders, "remind", fails)
    assert reminder_run.run_due(clock.now) == 1
    assert [email for email, _, _ in told()] == ["bram@acme.example"]
    monkeypatch.undo()
    assert reminder_run.run_due(clock.now) == 0
    clock.move(hours=1)
    assert reminder_run.run_due(clock.now) == 1


def test_a_reminder_that_nobody_sent_is_a_notice_of_the_doctor(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    bought(studio, anna, clock, "year")
    work(clock)
    clock.set(YEAR_AHEAD + timedelta(hours=1))
    assert [one.what for one in findings(clock.now, "X16", notices=True)] == ["reminder_late"]
    work(clock)
    assert findings(clock.now, "X16", notices=True) == []
