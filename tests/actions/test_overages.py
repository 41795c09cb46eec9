"""More people than seats, day by day: opened where they join, told once, grown after a week and paid (rule C8).

Premium monthly for 5 seats from 12 May 2026: 5 more from 19 May cost 5 x 13.49 x 24/31 = 52.22.
"""

from datetime import timedelta

import pytest

from tests.actions.changing import again, lines
from tests.actions.outgrowing import MAY_19, back, come, go, happened, overages, told, work
from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import DUTCH, change, customer_of, subscribe
from zetel.actions import cancellations, directory_account, directory_domains, directory_people
from zetel.documents.mail import render
from zetel.documents.timeline import say
from zetel.models import Event, Invoice, Mail, Overage, Person, Space, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]

DAY = timedelta(days=1)


@pytest.fixture
def subscription(world: World, studio: Space, anna: Person, clock: HandClock) -> Subscription:
    """Anna and three more on Premium monthly, 5 seats."""
    come(world, studio, clock, "Bram", "Chris", "Eva")
    return subscribe(studio, anna, clock.now, seats=5)


def grown(subscription: Subscription) -> list[tuple[str, int, str, str, int]]:
    return [
        (kind, seats, start, end, amount) for kind, _, seats, _, start, end, amount in lines(subscription)
    ]


@pytest.mark.story("C8")
def test_the_owner_is_told_once_at_each_step_and_the_plan_grows_after_a_week(
    subscription: Subscription, world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    assert told() == []  # who buys 5 seats for 4 people knows
    (fatima,) = come(world, studio, clock, "Fatima")
    go(studio, fatima, clock)
    back(world, studio, clock, fatima)
    assert told() == ["seats_full"]
    come(world, studio, clock, "Gijs")
    assert told() == ["seats_full", "seats_exceeded"]
    assert overages(subscription) == [("open", "2026-05-12", "")]
    params = Mail.objects.get(kind="seats_exceeded").params
    assert (params["counted"], params["seats"], params["fits"]) == (6, 5, 10)
    assert (params["resizes_on"], params["amount"], params["currency"]) == ("2026-05-19", 5222, "EUR")
    work(clock, MAY_19 - timedelta(seconds=1))
    assert grown(subscription) == []
    work(clock, MAY_19)
    assert grown(subscription) == [("charge", 5, "2026-05-19", "2026-06-12", 5222)]
    assert overages(subscription) == [("closed", "2026-05-12", "resized")]
    assert told() == ["seats_full", "seats_exceeded", "seats_resized"]
    assert Mail.objects.filter(kind__startswith="seats_").exclude(to_person=anna).count() == 0
    assert happened(subscription)[-4:] == [
        "overage.opened", "change.started", "subscription.grew", "overage.closed",
    ]  # fmt: skip
    assert Event.objects.get(kind="subscription.grew").actor is None
    assert Invoice.objects.latest("id").state == "paid"


def test_nearly_full_is_told_when_one_seat_is_left(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=5)
    come(world, studio, clock, "Bram", "Chris")
    assert told() == []
    come(world, studio, clock, "Eva")
    assert told() == ["seats_nearly_full"]


def test_people_who_leave_in_time_cost_nothing(
    subscription: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    _, gijs = come(world, studio, clock, "Fatima", "Gijs")
    clock.move(days=6)
    go(studio, gijs, clock)
    assert overages(subscription) == [("closed", "2026-05-12", "freed")]
    work(clock, MAY_19 + DAY)
    assert grown(subscription) == []


@pytest.mark.story("C8")
def test_an_overage_reopened_within_thirty_days_keeps_its_first_day(
    subscription: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    _, gijs = come(world, studio, clock, "Fatima", "Gijs")
    clock.move(days=3)
    go(studio, gijs, clock)
    clock.move(days=10)  # 25 May
    back(world, studio, clock, gijs)
    assert overages(subscription) == [("open", "2026-05-12", "")]
    assert told("seats_exceeded") == ["seats_exceeded"] * 2
    assert Mail.objects.filter(kind="seats_exceeded").latest("id").params["resizes_on"] == "2026-05-25"
    work(clock)
    assert grown(subscription) == [("charge", 5, "2026-05-25", "2026-06-12", 3916)]


def test_after_more_than_thirty_days_it_is_another_overage(
    subscription: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    _, gijs = come(world, studio, clock, "Fatima", "Gijs")
    go(studio, gijs, clock)
    work(clock, clock.now + DAY * 31)  # 12 June
    back(world, studio, clock, gijs)
    assert overages(subscription) == [("closed", "2026-05-12", "freed"), ("open", "2026-06-12", "")]


def test_seats_that_the_owner_buys_settle_it(
    subscription: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    come(world, studio, clock, "Fatima", "Gijs")
    clock.move(days=2)
    change(subscription, clock.now, seats=15)
    assert overages(subscription) == [("closed", "2026-05-12", "resized")]
    come(world, studio, clock, *(f"Mens {n}" for n in range(10)))  # 16 for 15
    assert overages(subscription)[1:] == [("open", "2026-05-14", "")]


@pytest.mark.story("C7")
def test_the_renewal_that_comes_first_buys_what_fits(
    subscription: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    clock.set(MAY_19 + DAY * 20)  # 8 June; the plan renews on the 12th, before the week is over
    come(world, studio, clock, "Fatima", "Gijs")
    params = Mail.objects.get(kind="seats_exceeded").params
    assert (params["resizes_on"], params["renews"], "amount" in params) == ("2026-06-12", True, False)
    work(clock, clock.now + DAY * 4)
    assert grown(subscription) == [("charge", 10, "2026-06-12", "2026-07-12", 13490)]
    assert overages(subscription) == [("closed", "2026-06-08", "resized")]
    assert told() == ["seats_full", "seats_exceeded", "seats_resized"]
    work(clock, clock.now + DAY * 4)
    assert len(grown(subscription)) == 1


def test_more_people_in_the_week_grow_it_to_what_fits_them_all(
    subscription: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    come(world, studio, clock, "Fatima", "Gijs")
    clock.move(days=5)
    come(world, studio, clock, *(f"Mens {n}" for n in range(5)))  # 11 people
    work(clock, MAY_19)
    assert grown(subscription) == [("charge", 10, "2026-05-19", "2026-06-12", 10444)]
    assert again(subscription).status == "active"


@pytest.mark.story("C4")
def test_growth_leaves_scheduled_fewer_seats_standing(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    change(subscription, clock.now, seats=2)
    people = come(world, studio, clock, *(f"Mens {n}" for n in range(5)))
    work(clock, MAY_19)
    assert grown(subscription) == [("charge", 5, "2026-05-19", "2026-06-12", 5222)]
    for person in people[1:]:
        go(studio, person, clock)
    work(clock, MAY_19 + DAY * 24)  # 12 June: two people, two seats as scheduled
    assert grown(subscription)[1:] == [("charge", 2, "2026-06-12", "2026-07-12", 2698)]


def test_growth_carries_tax(world: World, studio: Space, anna: Person, clock: HandClock) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5, customer=customer_of(anna, clock.now, **DUTCH))
    come(world, studio, clock, *(f"Mens {n}" for n in range(5)))
    assert Mail.objects.get(kind="seats_exceeded").params["amount"] == 6319  # 52.22 + 21 %
    work(clock, MAY_19)
    assert Invoice.objects.filter(subscription=subscription).latest("id").total_amount == 6319


@pytest.mark.parametrize("then", ["cancelled", "resumed"])
def test_a_plan_that_ends_does_not_grow_until_it_is_resumed(
    subscription: Subscription, world: World, studio: Space, anna: Person, clock: HandClock, then: str
) -> None:
    come(world, studio, clock, "Fatima", "Gijs")
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    work(clock, MAY_19)
    assert (grown(subscription), overages(subscription)) == ([], [("open", "2026-05-12", "")])
    if then == "resumed":
        cancellations.resume(again(subscription), actor=anna, now=clock.now)
        work(clock, MAY_19 + DAY)
        assert grown(subscription) == [("charge", 5, "2026-05-20", "2026-06-12", 5004)]
    else:
        work(clock, MAY_19 + DAY * 24)
        assert again(subscription).status == "ended"
        assert overages(subscription) == [("closed", "2026-05-12", "ended")]


@pytest.mark.story("C8")
def test_who_asked_to_be_asked_gets_a_banner_and_a_mail_but_no_growth(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    Subscription.objects.filter(pk=subscription.pk).update(on_exceed="ask")
    come(world, studio, clock, *(f"Mens {n}" for n in range(5)))
    mail = Mail.objects.get(kind="seats_exceeded")
    assert mail.params["obstacle"] == "ask"
    assert "resizes_on" not in mail.params
    work(clock, MAY_19 + DAY * 3)
    assert (grown(subscription), overages(subscription)) == ([], [("open", "2026-05-12", "")])


def test_a_deactivated_person_frees_the_seat_and_takes_it_again(
    subscription: Subscription, world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    _, gijs = come(world, studio, clock, "Fatima", "Gijs")
    directory_people.deactivate(space=studio, person=gijs, actor=anna, now=clock.now)
    assert overages(subscription) == [("closed", "2026-05-12", "freed")]
    directory_people.reactivate(space=studio, person=gijs, actor=anna, now=clock.now)
    assert overages(subscription) == [("open", "2026-05-12", "")]


def test_the_mail_and_the_timeline_say_it_in_both_languages(
    subscription: Subscription, world: World, studio: Space, clock: HandClock
) -> None:
    come(world, studio, clock, "Fatima", "Gijs")
    params = Mail.objects.get(kind="seats_exceeded").params
    english, dutch = (render("seats_exceeded", params, language) for language in ("en", "nl"))
    assert english.subject == "More people than seats in Studio Noord"
    assert "On 19 May 2026 the plan grows to 10 seats, for €52.22 with tax" in english.text.replace("\n", " ")
    assert "Op 19 mei 2026 groeit het abonnement naar 10 seats, voor €\xa052,22" in dutch.text.replace(
        "\n", " "
    )
    event = Event.objects.get(kind="overage.opened")
    assert say(event, "en") == "There are 6 people for 5 seats. On 19 May 2026 the plan grows to 10 seats."
    assert (
        say(event, "nl")
        == "Er zijn 6 mensen voor 5 seats. Op 19 mei 2026 groeit het abonnement naar 10 seats."
    )


def test_guests_who_become_members_open_an_overage_in_the_transaction_of_the_domain(
    world: World, anna: Person, clock: HandClock
) -> None:
    acme = world.organization(anna)
    subscription = subscribe(acme, anna, clock.now, seats=2)
    world.crowd(acme, 3, domain="beta.example")
    assert overages(subscription) == []  # guests take no seat
    directory_account.add_verified_address(person=anna, email="anna@beta.example", now=clock.now)
    directory_domains.add_domain(organization=acme, domain="beta.example", actor=anna, now=clock.now)
    assert overages(subscription) == [("open", "2026-05-12", "")]
    assert Overage.objects.get().counted == 4
    directory_domains.remove_domain(organization=acme, domain="beta.example", actor=anna, now=clock.now)
    assert overages(subscription) == [("closed", "2026-05-12", "freed")]
