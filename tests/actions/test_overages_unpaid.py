"""A growth that is not paid: nobody new until it is; one whose outcome is open or waits for the bank (rule C8)."""

from datetime import timedelta

import pytest

from tests.actions.changing import again, lines
from tests.actions.outgrowing import MAY_19, come, overages, told, work
from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import change, save_method, subscribe
from zetel.actions import directory_invitations, directory_people
from zetel.models import Attempt, Change, Event, Invoice, Mail, Membership, Person, Space, Subscription
from zetel.rules.errors import ZetelError
from zetel.sandbox import company

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
GROWN = ("charge", "premium", 5, 1349, "2026-05-19", "2026-06-12", 5222)


@pytest.fixture
def over(world: World, studio: Space, anna: Person, clock: HandClock) -> Subscription:
    """Six people on Premium monthly with 5 seats since 12 May."""
    subscription = subscribe(studio, anna, clock.now, seats=5)
    come(world, studio, clock, *(f"Mens {n}" for n in range(5)))
    return subscription


def tries() -> list[str]:
    rows = Attempt.objects.filter(payment__change__quote__wish__has_key="overage").order_by("id")
    return list(rows.values_list("status", flat=True))


def refused(world: World, studio: Space, clock: HandClock) -> str:
    """Somebody new wants in."""
    world.now = clock.now
    person = world.person(f"Nieuw {Person.objects.count()}", f"nieuw{Person.objects.count()}@acme.example")
    with pytest.raises(ZetelError) as refusal:
        world.join(studio, person)
    assert not Membership.objects.filter(person=person).exists()
    return refusal.value.code


def test_after_a_declined_growth_nobody_new_comes_in_until_it_is_paid(
    over: Subscription, world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    company.plan("declined_soft")
    work(clock, MAY_19)
    assert (tries(), lines(over), Invoice.objects.count()) == (["declined"], [], 1)
    assert told("growth_declined") == ["growth_declined"]
    assert Mail.objects.get(kind="growth_declined").to_person == anna
    assert refused(world, studio, clock) == "seats_full"
    with pytest.raises(ZetelError, match="seats_full"):
        directory_invitations.invite(space=studio, email="zoe@acme.example", actor=anna, now=clock.now)
    work(clock, MAY_19 + DAY)  # the next try
    assert tries() == ["declined", "paid"]
    assert lines(over) == [("charge", "premium", 5, 1349, "2026-05-20", "2026-06-12", 5004)]
    assert overages(over) == [("closed", "2026-05-12", "resized")]
    come(world, studio, clock, "Zoe")


def test_when_people_left_after_a_decline_it_begins_again(
    over: Subscription, studio: Space, anna: Person, clock: HandClock
) -> None:
    people = list(Membership.objects.filter(space=studio, is_admin=False).select_related("person"))
    company.plan("declined_soft")
    work(clock, MAY_19)
    first = people[0].person
    directory_people.deactivate(space=studio, person=first, actor=anna, now=clock.now)
    assert overages(over) == [("closed", "2026-05-12", "freed")]
    directory_people.reactivate(space=studio, person=first, actor=anna, now=clock.now)
    assert overages(over) == [("open", "2026-05-12", "")]


def test_declined_every_time_it_is_tried_five_times_and_no_more(over: Subscription, clock: HandClock) -> None:
    company.plan(*["declined_soft"] * 9)
    for days in range(12):
        work(clock, MAY_19 + DAY * days)
    assert tries() == ["declined"] * 5
    assert [str(row) for row in Change.objects.exclude(status="done").values_list("status", flat=True)] == [
        "declined"
    ] * 5
    assert overages(over) == [("open", "2026-05-12", "")]


def test_after_a_hard_decline_only_another_method_is_tried_and_that_at_once(
    over: Subscription, anna: Person, clock: HandClock
) -> None:
    company.plan("declined_hard")
    for days in range(3):
        work(clock, MAY_19 + DAY * days)
    assert tries() == ["declined"]
    clock.move(hours=1)
    save_method(again(over).customer, anna, clock.now, kind="paypal")
    work(clock)
    assert tries() == ["declined", "paid"]
    assert lines(over) == [("charge", "premium", 5, 1349, "2026-05-21", "2026-06-12", 4787)]


def test_seats_the_owner_buys_after_a_decline_let_people_in_again(
    over: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    company.plan("declined_hard")
    work(clock, MAY_19)
    change(over, clock.now, seats=10)
    assert lines(over) == [GROWN]
    come(world, studio, clock, "Zoe")
    work(clock, MAY_19 + DAY * 3)
    assert lines(over) == [GROWN]


def test_without_a_method_it_is_as_good_as_declined(
    over: Subscription, world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    again(over).customer.methods.update(status="removed")
    work(clock, MAY_19)
    assert (lines(over), tries(), told("growth_declined")) == ([], [], ["growth_declined"])
    assert Event.objects.get(kind="change.declined").after["reason"] == "method_required"
    assert refused(world, studio, clock) == "seats_full"
    save_method(again(over).customer, anna, clock.move(hours=1))
    work(clock)
    assert lines(over) == [GROWN]


def test_an_outcome_that_is_unknown_is_no_refusal_and_is_charged_once(
    over: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    company.plan("timeout_after")
    company.plan("timeout_before", operation="fetch")
    work(clock, MAY_19)
    assert (tries(), lines(over)) == (["unknown"], [])
    come(world, studio, clock, "Zoe")  # not refused: nothing is declined
    work(clock, MAY_19 + HOUR)
    assert (tries(), lines(over)) == (["paid"], [GROWN])
    assert overages(over) == [("closed", "2026-05-12", "resized")]


def test_a_bank_that_wants_approval_is_told_to_the_owner_and_waits(
    over: Subscription, clock: HandClock
) -> None:
    company.plan("approval")
    work(clock, MAY_19)
    assert (tries(), told("growth_approval"), lines(over)) == (["action"], ["growth_approval"], [])
    path = Mail.objects.get(kind="growth_approval").params["path"]
    assert path == f"/upgrade/changes/{Change.objects.latest('id').public_id}/"
    work(clock, MAY_19 + HOUR * 23)  # the time for it is over
    assert (tries(), told("growth_declined")) == (["cancelled"], ["growth_declined"])
    work(clock, MAY_19 + DAY)
    assert tries() == ["cancelled", "paid"]
    assert lines(over) == [("charge", "premium", 5, 1349, "2026-05-20", "2026-06-12", 5004)]


def test_a_plan_that_is_past_due_does_not_grow_until_its_renewal_is_paid(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    company.plan(*["declined_soft"] * 3)
    work(clock, MAY_19 + DAY * 24)  # 12 June: the renewal is declined
    assert again(subscription).status == "past_due"
    come(world, studio, clock, *(f"Mens {n}" for n in range(5)))
    assert Mail.objects.get(kind="seats_exceeded").params["obstacle"] == "past_due"
    for days in (1, 3, 5):
        work(clock, MAY_19 + DAY * (24 + days))
    assert again(subscription).status == "active"
    assert overages(subscription) == [("open", "2026-06-12", "")]
    work(clock, MAY_19 + DAY * 31)  # 19 June
    assert lines(subscription)[1:] == [("charge", "premium", 5, 1349, "2026-06-19", "2026-07-12", 5171)]
