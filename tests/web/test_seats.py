"""What pages say when seats run out: the banner for the billing owner, the invite form, the tone of the bar (C8)."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.actions.outgrowing import MAY_19, come, policy, work
from tests.conftest import HandClock
from tests.directory_world import World
from tests.doctor import assert_healthy
from tests.world import DUTCH, customer_of, subscribe
from zetel.models import Attempt, Invitation, Mail, Person, Space, Subscription
from zetel.sandbox import company

pytestmark = pytest.mark.django_db

EXCEEDED = (
    "More people than seats in Studio Noord 6 people count for 5 seats. On 19 May 2026 the plan grows to 10 seats, for"
    " €63.19 with tax, unless there are fewer people by then or you choose more seats before. Edit plan"
)
OVER = {
    "en": EXCEEDED,
    "nl": "Meer mensen dan seats in Studio Noord Er tellen 6 mensen mee voor 5 seats. Op 19 mei 2026 groeit het"
    " abonnement naar 10 seats, voor €\xa063,19 met btw, tenzij er dan minder mensen zijn of je eerder meer seats"
    " kiest. Abonnement bewerken",
}


@pytest.fixture
def bram(world: World) -> Person:
    return world.person("Bram")


@pytest.fixture
def studio(world: World, anna: Person, bram: Person) -> Space:
    space = world.workspace(anna)
    world.join(space, bram)
    return space


@pytest.fixture
def paid(studio: Space, anna: Person, clock: HandClock) -> Subscription:
    """Premium monthly for 5 seats, bought by Anna with Dutch tax; 2 people are in it."""
    return subscribe(studio, anna, clock.now, seats=5, customer=customer_of(anna, clock.now, **DUTCH))


def words(person: Person, path: str, language: str = "en") -> str:
    """The text of a page on one line, as a reader sees it; a no-break space stays one."""
    client = Client(headers={"accept-language": language})
    client.force_login(person)
    response = client.get(path)
    assert response.status_code == 200
    text = re.sub(r"<(script|style|svg).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"[ \n]+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def paths(space: Space) -> list[str]:
    home = f"/s/{space.public_id}/"
    return [home, f"{home}people", f"{home}billing/"]


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_billing_owner_reads_day_and_amount_above_each_page(
    paid: Subscription, world: World, studio: Space, anna: Person, clock: HandClock, language: str
) -> None:
    come(world, studio, clock, "Chris", "Daan", "Eva", "Fatima")
    for path in paths(studio):
        assert OVER[language] in words(anna, path, language), path


def test_others_read_nothing_of_seats_or_money(
    paid: Subscription, world: World, studio: Space, bram: Person, clock: HandClock
) -> None:
    come(world, studio, clock, "Chris", "Daan", "Eva", "Fatima")
    for path in paths(studio):
        page = words(bram, path)
        assert not re.search(r"\d+ (of \d+ in use|seats|people count)|Seats", page), path
        assert "€" not in page, path


def test_the_banner_follows_how_full_it_is(
    paid: Subscription, world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    home = paths(studio)[0]
    assert "nearly full" not in words(anna, home)
    come(world, studio, clock, "Chris", "Daan")
    assert "The seats of Studio Noord are nearly full 4 people count for 5 seats. Edit plan" in words(
        anna, home
    )
    come(world, studio, clock, "Eva")
    full = "All seats of Studio Noord are taken 5 people count for 5 seats. One person more needs the size of 10 seats."
    assert full in words(anna, home)
    come(world, studio, clock, "Fatima")
    work(clock, MAY_19)
    assert "Studio Noord are" not in words(anna, home)
    assert "More people than seats" not in words(anna, home)
    assert_healthy(clock.now)


def test_after_a_declined_growth_the_banner_says_that_nobody_new_can_join(
    paid: Subscription, world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    come(world, studio, clock, "Chris", "Daan", "Eva", "Fatima")
    company.plan("declined_hard")
    work(clock, MAY_19)
    told = "6 people count for 5 seats. More seats could not be paid."
    assert told in words(anna, paths(studio)[2])
    client = Client(headers={"accept-language": "en"})
    client.force_login(anna)
    answer = client.post(f"{paths(studio)[0]}people/invite", {"emails": "zoe@acme.example"}, follow=True)
    assert "All seats are taken." in answer.content.decode()
    assert not Invitation.objects.exists()


def test_the_invite_form_says_what_one_more_would_cost_today(
    paid: Subscription, world: World, studio: Space, anna: Person, bram: Person, clock: HandClock
) -> None:
    people = paths(studio)[1]
    assert "3 seats are left. An invitation takes no seat until somebody joins." in words(anna, people)
    come(world, studio, clock, "Chris", "Daan", "Eva")
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    cost = (  # 5 x 13.49 x 13/31 = 28.29; 10 x 13.49 = 134.90; both with 21 %
        "One person more needs the size of 10 seats: €34.23 today, and €163.23 from 12 June 2026 for each period, with"
        " tax."
    )
    assert cost in words(anna, people)
    assert "with tax" not in words(bram, people)
    for person in (anna, bram):
        assert "Everybody you invite can join, also when all seats are taken." in words(person, people)


def test_under_block_the_invite_form_says_that_an_invitation_takes_a_seat(
    paid: Subscription, studio: Space, anna: Person, bram: Person, clock: HandClock
) -> None:
    policy("block", clock)
    assert "3 seats are left. An open invitation takes one." in words(anna, paths(studio)[1])
    for person in (anna, bram):
        assert "When all seats are taken nobody new can join" in words(person, paths(studio)[1])
    assert "Open invitations take a seat." in words(anna, f"{paths(studio)[2]}seats")


def test_a_team_page_names_the_organization_whose_seats_run_out(
    world: World, anna: Person, bram: Person, clock: HandClock
) -> None:
    acme = world.organization(anna)
    team = world.team(acme, anna)
    subscribe(acme, anna, clock.now, seats=2)
    world.join(team, bram)
    for path in paths(team)[:2] + paths(acme):
        assert "All seats of Acme are taken" in words(anna, path), path
        if path != paths(acme)[2]:
            assert "All seats of Acme" not in words(bram, path), path


@pytest.mark.parametrize(
    ("people", "tone"),
    [((), ""), (("Chris", "Daan"), "progress--warn"), (("C", "D", "E", "F"), "progress--bad")],
)
def test_the_bar_of_seats_warns_as_the_mails_do(
    paid: Subscription,
    world: World,
    studio: Space,
    anna: Person,
    clock: HandClock,
    people: tuple[str],
    tone: str,
) -> None:
    come(world, studio, clock, *people)
    client = Client()
    client.force_login(anna)
    for path in (paths(studio)[2], f"{paths(studio)[2]}seats", paths(studio)[1]):
        bars = re.findall(r'<div class="progress(?: (progress--\w+))?"', client.get(path).content.decode())
        assert bars == [tone], path


def test_the_banner_takes_as_many_queries_for_thirty_people_as_for_three(
    paid: Subscription, world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    client = Client()
    client.force_login(anna)

    def queries() -> list[int]:
        counts = []
        for path in paths(studio)[:2]:
            client.get(path)
            with CaptureQueriesContext(connection) as caught:
                client.get(path)
            counts.append(len(caught))
        return counts

    come(world, studio, clock, "Chris", "Daan", "Eva", "Fatima")
    few = queries()
    come(world, studio, clock, *(f"Mens {n}" for n in range(20)))
    assert queries() == few


def test_the_mail_about_approval_leads_to_a_page_that_sends_to_the_bank(
    paid: Subscription, world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    come(world, studio, clock, "Chris", "Daan", "Eva", "Fatima")
    company.plan("approval")
    work(clock, MAY_19)
    path = Mail.objects.get(kind="growth_approval").params["path"]
    client = Client(headers={"accept-language": "en"})
    client.force_login(anna)
    answer = client.get(path, follow=True)
    assert answer.status_code == 200
    attempt = Attempt.objects.latest("id")
    assert attempt.action_url
    assert attempt.action_url in unescape(answer.content.decode())
