"""Trials from their first day to what came after, told day by day with a clock that moves by hand (rules P9, P10, R4).

A trial begun on 12 May 2026 ends on 11 June. Premium is EUR 13.49 a seat and month; no tax, so that figures are plain.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import buy, customer_of, save_method, subscribe, try_out
from zetel.actions import customers, directory_host, hand_over, standing, subscriptions, trials
from zetel.actions.directory_plans import entitled
from zetel.jobs import tasks
from zetel.models import Attempt, BalanceEntry, Event, Invoice, Mail, Membership, Person, Space, Subscription
from zetel.rules.entitlements import Source
from zetel.rules.errors import ZetelError
from zetel.rules.subscriptions import Wish
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]

DAY = timedelta(days=1)
JUNE_1 = datetime(2026, 5, 31, 22, 0, tzinfo=UTC)  # its first instant in Amsterdam
MAILS = ("trial_started", "trial_ends_soon", "trial_cancelled", "trial_ended", "invoice", "payment_failed",
         "payment_recovered", "seats_resized", "admin_told")  # fmt: skip


def june(clock: HandClock, *days: int) -> None:
    """Midnight in Amsterdam of these days of June, with what the worker does then; the last twice: nothing repeats."""
    for day in days:
        clock.set(JUNE_1 + DAY * (day - 1))
        tasks.do_due(clock.now)
    tasks.do_due(clock.now)


def add_method(trial: Subscription, owner: Person, clock: HandClock, behaviour: str = "paid") -> None:
    """What the Billing tab asks for: the billing information, then a card."""
    told = customers.BillingInformation(
        name=owner.label,
        address_line1="1 Main Street",
        postal_code="94105",
        city="San Francisco",
        country="US",
    )
    customers.change_information(again(trial).customer, told, actor=owner, now=clock.now)
    save_method(again(trial).customer, owner, clock.now, behaviour=behaviour)


def again(row: Subscription) -> Subscription:
    return Subscription.objects.select_related("customer", "space").get(pk=row.pk)


def told(*kinds: str) -> list[tuple[int, str]]:
    """Day of the month in Amsterdam and kind of every mail that matters here."""
    rows = Mail.objects.filter(kind__in=kinds or MAILS).order_by("created_at", "id")
    return [((row.created_at + timedelta(hours=2)).day, row.kind) for row in rows]


def documents(row: Subscription) -> list[tuple[str, str, int, str]]:
    """Kind, date, total and state of every document."""
    rows = row.invoices.order_by("issued_at", "id")
    return [(x.kind, x.issued_on.isoformat(), x.total_amount, x.state) for x in rows]


def happened(row: Subscription) -> list[str]:
    rows = Event.objects.filter(subscription=row).order_by("at", "id")
    return [kind.removeprefix("subscription.") for kind in rows.values_list("kind", flat=True)]


def source(space: Space, clock: HandClock) -> Source:
    return entitled(space, clock.now).source


def is_admin(space: Space, person: Person) -> bool:
    return Membership.objects.active().filter(space=space, person=person, is_admin=True).exists()


def refused(code: str) -> pytest.RaisesExc[ZetelError]:
    return pytest.RaisesExc(ZetelError, check=lambda error: error.code == code)


@pytest.mark.story("P10")
def test_with_a_method_the_plan_begins_on_the_day_the_trial_ends(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    trial = try_out(studio, anna, clock.now, seats=5)
    assert (trial.status, trial.started_on.isoformat(), str(trial.trial_ends_on)) == (
        "trial", "2026-05-12", "2026-06-11",
    )  # fmt: skip
    assert (entitled(studio, clock.now).plan, source(studio, clock)) == ("premium", Source.TRIAL)
    add_method(trial, anna, clock)
    june(clock, 3, 4, 9, 10)
    assert told() == [(12, "trial_started"), (4, "trial_ends_soon"), (10, "trial_ends_soon")]
    week, day = Mail.objects.filter(kind="trial_ends_soon").order_by("id")
    assert (week.params["days"], week.params["amount"], week.params["method"][:4]) == (7, 6745, "Visa")
    assert day.params["days"] == 1
    assert not Invoice.objects.exists()
    june(clock, 11)
    assert documents(trial) == [("invoice", "2026-06-11", 6745, "paid")]
    row = again(trial)
    assert (row.status, row.trial_due_at, row.started_on.isoformat()) == ("active", None, "2026-05-12")
    line = row.lines.get()
    assert (line.start.isoformat(), line.end.isoformat()) == ("2026-06-11", "2026-07-11")
    assert source(studio, clock) is Source.PAID
    june(clock, 41)  # 11 July
    assert documents(trial)[1:] == [("invoice", "2026-07-11", 6745, "paid")]
    assert happened(trial) == ["trial_started", "trial_converted", "invoice.paid", "renewed", "invoice.paid"]


@pytest.mark.story("P10")
def test_without_a_method_it_ends_in_basic_and_everything_is_kept(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    trial = try_out(studio, anna, clock.now, seats=5)
    june(clock, 4, 10)
    assert {mail.params["method"] for mail in Mail.objects.filter(kind="trial_ends_soon")} == {""}
    june(clock, 11)
    row = again(trial)
    assert (row.status, str(row.ended_on), row.end_reason) == ("ended", "2026-06-11", "trial_over")
    assert row.last_owner == anna
    assert (source(studio, clock), documents(trial)) == (Source.FREE, [])
    assert told()[-1] == (11, "trial_ended")
    assert Membership.objects.active().filter(space=studio).count() == 1
    bought = subscribe(studio, anna, clock.now, seats=5)
    assert bought.status == "active"


@pytest.mark.story("P10")
def test_a_space_is_tried_once_also_after_it_was_cancelled_or_is_over(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    trial = try_out(studio, anna, clock.now, seats=5)
    assert try_out(studio, anna, clock.now, seats=5) == trial  # a double click
    with refused("trial_used"):
        try_out(studio, anna, clock.now, seats=10)
    trials.cancel(trial, actor=anna, now=clock.now)
    june(clock, 11)
    before = Event.objects.count()
    with refused("trial_used"):
        try_out(studio, anna, clock.now, seats=5)
    assert (Subscription.objects.count(), Event.objects.count()) == (1, before)


def test_a_cancelled_trial_runs_to_its_end_and_takes_nothing(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    trial = try_out(studio, anna, clock.now, seats=5)
    add_method(trial, anna, clock)
    trials.cancel(trial, actor=anna, now=clock.now, reason=" Te vroeg ")
    assert Event.objects.get(kind="subscription.cancelled").reason == "Te vroeg"
    with refused("no_change"):
        trials.cancel(trial, actor=anna, now=clock.now)
    with refused("resume_first"):
        trials.change(trial, Wish(seats=10), actor=anna, now=clock.now)
    june(clock, 4, 10)
    assert source(studio, clock) is Source.TRIAL
    june(clock, 11)
    assert (again(trial).status, again(trial).end_reason) == ("ended", "trial_cancelled")
    assert told() == [(12, "trial_started"), (12, "trial_cancelled")]
    assert not Invoice.objects.exists()


def test_a_cancelled_trial_can_be_resumed_until_its_end(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    trial = try_out(studio, anna, clock.now, seats=5)
    add_method(trial, anna, clock)
    trials.cancel(trial, actor=anna, now=clock.now)
    clock.move(days=2)
    trials.resume(trial, actor=anna, now=clock.now)
    with refused("no_change"):
        trials.resume(trial, actor=anna, now=clock.now)
    clock.set(JUNE_1 + DAY * 10)  # the last day is over, and the worker has not come yet
    with refused("trial_over"):
        trials.cancel(again(trial), actor=anna, now=clock.now)
    june(clock, 11)
    assert documents(trial) == [("invoice", "2026-06-11", 6745, "paid")]


def test_what_was_changed_during_the_trial_is_what_begins(
    studio: Space, world: World, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(studio, bram)
    trial = try_out(studio, anna, clock.now, seats=15)
    clock.move(days=3)
    trials.change(trial, Wish("business", seats=2), actor=anna, now=clock.now)
    assert entitled(studio, clock.now).plan == "business"
    for wish, code in ((Wish(seats=2), "no_change"), (Wish(seats=7), "seat_size_unknown")):
        with refused(code):
            trials.change(trial, wish, actor=anna, now=clock.now)
    with refused("forbidden"):
        trials.change(trial, Wish(seats=10), actor=bram, now=clock.now)
    add_method(trial, anna, clock)
    june(clock, 11)
    assert documents(trial) == [("invoice", "2026-06-11", 6098, "paid")]  # 2 x 30.49
    assert Event.objects.get(kind="subscription.changed").before == {
        "plan": "premium", "cycle": "month", "seats": 15,
    }  # fmt: skip


@pytest.mark.story("P10")
def test_people_who_came_meanwhile_get_seats_at_the_end_and_not_before(
    studio: Space, world: World, anna: Person, clock: HandClock
) -> None:
    trial = try_out(studio, anna, clock.now, seats=2)
    add_method(trial, anna, clock)
    world.crowd(studio, 3)  # four people for two seats
    june(clock, 1, 10)
    assert not Attempt.objects.exists()  # a trial does not grow (C8)
    assert Mail.objects.filter(kind="trial_ends_soon").latest("id").params["amount"] == 5396
    june(clock, 11)
    assert documents(trial) == [("invoice", "2026-06-11", 5396, "paid")]  # 4 x 13.49
    assert (11, "seats_resized") in told()
    assert trial.overages.get().status == "closed"


def test_a_first_charge_that_is_declined_is_tried_again_as_any_renewal(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    trial = try_out(studio, anna, clock.now, seats=5)
    add_method(trial, anna, clock)
    company.plan("declined_soft", "declined_soft", "paid")
    june(clock, 11)
    assert (again(trial).status, source(studio, clock)) == ("past_due", Source.GRACE)
    june(clock, 12, 14)
    assert again(trial).status == "active"
    assert documents(trial) == [("invoice", "2026-06-11", 6745, "paid")]
    assert told()[-4:] == [
        (11, "invoice"), (11, "payment_failed"), (12, "payment_failed"), (14, "payment_recovered"),
    ]  # fmt: skip


def test_a_first_charge_that_is_never_paid_is_taken_back_and_ends_it(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    trial = try_out(studio, anna, clock.now, seats=5)
    add_method(trial, anna, clock)
    company.plan(*["declined_soft"] * 5)
    june(clock, 11, 12, 14, 16, 18)
    assert (again(trial).status, again(trial).end_reason) == ("ended", "unpaid")
    assert documents(trial) == [
        ("invoice", "2026-06-11", 6745, "credited"), ("credit_note", "2026-06-18", -6745, "paid"),
    ]  # fmt: skip
    with refused("trial_used"):
        try_out(studio, anna, clock.now, seats=5)


@pytest.mark.story("R4")
def test_a_trial_of_an_organization_makes_nobody_admin_before_its_first_payment(
    world: World, anna: Person, clock: HandClock
) -> None:
    bram, chris = world.person("Bram"), world.person("Chris")
    acme = world.organization(anna)
    world.join(acme, bram, chris)
    trial = try_out(acme, bram, clock.now, seats=5)
    hand_over.give(trial, to=chris, actor=bram, now=clock.now)
    assert not is_admin(acme, bram)
    assert not is_admin(acme, chris)
    add_method(trial, chris, clock)
    company.plan("declined_soft", "paid")
    june(clock, 11)
    assert (again(trial).status, is_admin(acme, chris)) == ("past_due", False)
    june(clock, 12)
    assert (again(trial).status, is_admin(acme, chris)) == ("active", True)
    assert told("admin_told") == [(12, "admin_told")]


def test_a_trial_whose_owner_is_gone_passes_to_a_colleague_and_with_nobody_left_just_ends(
    studio: Space, world: World, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(studio, bram)
    trial = try_out(studio, anna, clock.now, seats=5)
    directory_host.removed(space=studio, person=anna, now=clock.now)
    assert again(trial).customer.billing_owner == bram
    add_method(trial, bram, clock)
    directory_host.removed(space=studio, person=bram, now=clock.now)
    june(clock, 4, 11)
    assert (again(trial).status, again(trial).end_reason) == ("ended", "trial_cancelled")
    assert (again(trial).last_owner, documents(trial)) == (bram, [])


def test_the_plan_of_an_organization_ends_the_paid_teams_inside_when_its_trial_converts(
    world: World, anna: Person, clock: HandClock
) -> None:
    acme = world.organization(anna)
    team = world.team(acme, anna)
    payer = customer_of(anna, clock.now)
    paid = subscribe(team, anna, clock.now, seats=4, customer=payer)  # 53.96, to 12 June
    other = world.team(acme, anna, "Verkoop")
    trial = try_out(acme, anna, clock.now, seats=5, customer=payer)
    inner = try_out(other, anna, clock.now, seats=2)  # inside an organization on trial
    june(clock, 4)
    assert Mail.objects.filter(kind="trial_ends_soon", space=acme).get().params["inside"] == ["Ontwerp"]
    june(clock, 11)
    # One day of 31 was left of the team's month: 4 x 13.49 x 1/31 = 1.74; same customer, so it pays first.
    assert documents(paid)[1:] == [("credit_note", "2026-06-11", -174, "paid")]
    assert documents(trial) == [("invoice", "2026-06-11", 6745, "paid")]
    assert trial.invoices.get().balance_used_amount == 174
    assert (again(paid).end_reason, str(again(paid).ended_on)) == ("covered", "2026-06-11")
    assert (again(inner).end_reason, source(other, clock)) == ("covered", Source.PAID)
    assert standing.balance_of(payer, "EUR") == 0
    assert Mail.objects.filter(kind="trial_ended").get().params["by"] == "Acme"


def test_a_team_that_renews_on_the_very_day_is_not_charged_first(
    world: World, anna: Person, clock: HandClock
) -> None:
    acme = world.organization(anna)
    team = world.team(acme, anna)
    clock.set(datetime(2026, 5, 11, 10, 0, tzinfo=UTC))
    paid = subscribe(team, anna, clock.now, seats=4)  # to 11 June
    clock.set(datetime(2026, 5, 12, 10, 0, tzinfo=UTC))
    trial = try_out(acme, anna, clock.now, seats=5, customer=customer_of(anna, clock.now))
    save_method(again(trial).customer, anna, clock.now)
    june(clock, 11)
    assert documents(paid) == [("invoice", "2026-05-11", 5396, "paid")]
    assert (again(paid).status, again(trial).status) == ("ended", "active")
    assert not BalanceEntry.objects.exists()


def test_after_an_outage_what_is_inside_is_billed_up_to_the_day_and_the_plan_begins_on_it(
    world: World, anna: Person, clock: HandClock
) -> None:
    acme = world.organization(anna)
    team = world.team(acme, anna)
    clock.set(datetime(2026, 5, 9, 10, 0, tzinfo=UTC))
    paid = subscribe(team, anna, clock.now, seats=4)  # renews on 9 June
    clock.set(datetime(2026, 5, 12, 10, 0, tzinfo=UTC))
    trial = try_out(acme, anna, clock.now, seats=5, customer=customer_of(anna, clock.now))
    save_method(again(trial).customer, anna, clock.now)
    june(clock, 20)
    # 9 to 11 June were the team's: 28 of 30 days go back, 4 x 13.49 x 28/30 = 50.36.
    assert [row[2] for row in documents(paid)] == [5396, 5396, -5036]
    assert documents(trial) == [("invoice", "2026-06-20", 6745, "paid")]
    assert trial.invoices.get().lines.get().start.isoformat() == "2026-06-11"
    assert "trial_ends_soon" not in [kind for _, kind in told()]  # too late to remind


def test_an_organization_bought_over_a_team_on_trial_ends_it_and_tells_its_owner(
    world: World, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    acme = world.organization(anna)
    world.join(acme, bram)
    team = world.team(acme, bram)
    trial = try_out(team, bram, clock.now, plan="business", seats=2)
    clock.move(days=3)
    purchase = buy(acme, anna, clock.now, seats=5)
    assert purchase.change.status == "done"
    assert purchase.quote.wish["lower_plans"] == [team.name]  # Business is lost, so it asked for a tick
    row = again(trial)
    assert (row.status, str(row.ended_on), row.end_reason, row.trial_due_at) == (
        "ended", "2026-05-15", "covered", None,
    )  # fmt: skip
    assert Mail.objects.get(kind="trial_ended").to_person == bram
    with refused("already_covered"):
        try_out(team, bram, clock.now, seats=2)
    june(clock, 11)
    assert (documents(trial), entitled(team, clock.now).plan) == ([], "premium")


def test_a_plan_bought_for_the_space_on_trial_takes_its_place_that_day(
    studio: Space, world: World, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    world.join(studio, bram)
    trial = try_out(studio, anna, clock.now, seats=5)
    clock.move(days=8)
    bought = subscribe(studio, bram, clock.now, seats=5)
    assert (again(trial).status, again(trial).end_reason) == ("ended", "trial_bought")
    assert (bought.status, bought.started_on.isoformat()) == ("active", "2026-05-20")
    assert documents(bought) == [("invoice", "2026-05-20", 6745, "paid")]
    assert Mail.objects.get(kind="trial_ended").params["by"] == "Bram"
    june(clock, 11)
    assert len(documents(bought)) == 1


def test_a_trial_that_a_paid_organization_covers_at_its_end_just_ends(
    world: World, anna: Person, clock: HandClock
) -> None:
    """A division's or organization's purchase ends it at once; this is for what got around the trial otherwise."""
    acme = world.organization(anna)
    team = world.team(acme, anna)
    bought = subscribe(acme, anna, clock.now, seats=5)
    Subscription.objects.filter(pk=bought.pk).update(status="ended")
    trial = try_out(team, anna, clock.now, seats=2, customer=customer_of(anna, clock.now))
    save_method(again(trial).customer, anna, clock.now)
    Subscription.objects.filter(pk=bought.pk).update(status="active")
    june(clock, 4, 11)
    assert (again(trial).end_reason, documents(trial)) == ("trial_covered", [])
    assert [kind for _, kind in told() if kind.startswith("trial")] == ["trial_started", "trial_ended"]


def test_one_trial_that_cannot_be_ended_is_parked_and_the_others_go_on(
    world: World, anna: Person, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [try_out(world.workspace(anna, name), anna, clock.now, seats=5) for name in ("Een", "Twee")]
    ends = subscriptions.end

    def end(subscription: Subscription, *rest: object, **named: object) -> None:
        if subscription.pk == rows[0].pk:
            raise RuntimeError("no such day")
        ends(subscription, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(subscriptions, "end", end)
    june(clock, 11)
    assert [again(row).status for row in rows] == ["trial", "ended"]
    assert again(rows[0]).parked_reason == "RuntimeError: no such day"


def test_the_days_of_a_trial_are_those_of_its_own_zone(world: World, anna: Person, clock: HandClock) -> None:
    studio = world.workspace(anna)
    Space.objects.filter(pk=studio.pk).update(time_zone="Pacific/Kiritimati")  # fourteen hours ahead
    trial = try_out(Space.objects.get(pk=studio.pk), anna, clock.now, seats=5)
    assert (trial.started_on.isoformat(), str(trial.trial_ends_on)) == ("2026-05-13", "2026-06-12")
    clock.set(datetime(2026, 6, 11, 9, 59, tzinfo=UTC))
    tasks.do_due(clock.now)
    assert again(trial).status == "trial"
    clock.set(datetime(2026, 6, 11, 10, 0, tzinfo=UTC))
    tasks.do_due(clock.now)
    assert again(trial).status == "ended"
