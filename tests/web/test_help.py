"""The help: answers in both languages with the seller's own figures, links to the very screens, a plain search."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conftest import HandClock
from tests.directory_world import CATALOG, World
from tests.world import subscribe
from zetel.actions.catalog import apply_catalog
from zetel.models import Person, Space
from zetel.rules.seats import LADDER
from zetel.web.help_facts import sizes

pytestmark = pytest.mark.django_db

ANCHORS = {
    "which-space", "organization-or-team", "prices", "sizes", "who-counts", "trial", "free", "billing-owner", "where",
    "hand-over", "seats", "too-many", "change-plan", "invoices", "payment-method", "billing-information",
    "invoice-payment", "renewal", "payment-failed", "downgrade", "cancel", "data", "support",
}  # fmt: skip


def page(person: Person | None = None, language: str = "en", **asked: str) -> str:
    client = Client(headers={"accept-language": language})
    if person:
        client.force_login(person)
    answer = client.get("/help", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def text(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html)).replace("\xa0", " "))


def links(html: str, anchor: str) -> list[str]:
    """Where an answer leads, without its own anchor."""
    answer = html.split(f'<article class="help__answer" id="{anchor}">')[1].split("</article>")[0]
    return [unescape(url) for url in re.findall(r'<a href="([^"]+)"', answer) if not url.startswith("#")]


def answers(html: str) -> set[str]:
    return set(re.findall(r'<article class="help__answer" id="([\w-]+)"', html))


def test_every_question_has_the_anchor_that_others_link_to(world: World) -> None:
    html = page()
    assert answers(html) == ANCHORS
    assert set(re.findall(r'<a(?: class="skip")? href="#([\w-]+)"', html)) == ANCHORS | {"main"}


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "€13.49 a month €134.90 a year", "¥1,500 a month ¥15,000 a year",
                "A year costs as much as 10 months.",
                "2, 3, 4, 5, by 5 to 30, by 10 to 100, by 25 to 500.", "More than 500 seats are sold by sales.",
                "Yes: 30 days, once for each space", "holds up to 15 people, guests too", "After 7 days the plan grows",
                "annual plans of 20 seats or more", "We try again after 1, 3, 5 and 7 days.",
                "still unpaid after 7 days", "30 days ahead", "for example Premium and Business",
            ],
        ),
        (
            "nl",
            [
                "€ 13,49 per maand € 134,90 per jaar", "Een jaar kost evenveel als 10 maanden.",
                "2, 3, 4, 5, met stappen van 5 tot 30, met stappen van 10 tot 100", "Ja: 30 dagen, één keer per ruimte",
                "tot 15 mensen, ook gasten", "Na 7 dagen groeit het abonnement", "van 20 seats of meer",
                "na 1, 3, 5 en 7 dagen", "30 dagen van tevoren", "bijvoorbeeld Premium en Business",
            ],
        ),
    ],
)  # fmt: skip
def test_the_sellers_own_figures_are_filled_in(world: World, language: str, sentences: list[str]) -> None:
    shown = text(page(language=language))
    assert [sentence for sentence in sentences if sentence not in shown] == []


def test_another_catalogue_gives_another_help(world: World, clock: HandClock) -> None:
    changed = CATALOG.read_text().replace("people = 15", "people = 3")
    changed = changed.replace('on_exceed = "expand"', 'on_exceed = "block"', 1)
    apply_catalog(changed, now=clock.now)
    shown = text(page())
    assert "holds up to 3 people" in shown
    assert "Premium: When all seats are taken nobody new can join until you buy more." in shown
    assert "Business and Enterprise: Everybody can join and go on working." in shown


def test_the_billing_owner_is_led_to_the_very_screens(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=5)
    tab, html = f"/s/{studio.public_id}/billing/", page(anna)
    assert links(html, "seats") == [tab + "plan"]
    assert links(html, "who-counts") == [tab + "seats"]
    assert links(html, "invoices") == [tab + "invoices/", tab + "information"]
    assert links(html, "cancel") == [tab + "cancel", "/cancellation-policy"]
    client = Client()
    client.force_login(anna)
    ways = {url.partition("#")[0] for anchor in ANCHORS for url in links(html, anchor)}
    assert {url: client.get(url, follow=True).status_code for url in ways} == dict.fromkeys(ways, 200)


def test_who_owns_several_plans_chooses_or_comes_from_one(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    other = world.workspace(anna, "Studio Zuid")
    subscribe(studio, anna, clock.now, seats=5)
    subscribe(other, anna, clock.now, seats=5)
    assert links(page(anna), "seats") == ["/billing/"]
    assert links(page(anna, space=other.public_id), "seats") == [f"/s/{other.public_id}/billing/plan"]


def test_a_colleague_is_led_to_who_the_billing_owner_is_and_nowhere_else(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=5)
    bram = world.person("Bram")
    world.join(studio, bram)
    html = page(bram)
    assert links(html, "seats") == links(html, "invoices")[:1] == [f"/s/{studio.public_id}/billing/"]
    assert links(html, "which-space") == [f"/upgrade/?space={studio.public_id}"]


def test_nobody_is_led_to_logging_in_or_to_the_prices(world: World, studio: Space) -> None:
    html = page(space=studio.public_id)
    assert links(html, "seats") == ["/billing/"]
    assert links(html, "which-space") == ["/pricing"]
    answer = Client().get("/billing/")
    assert answer.headers["Location"] == "/accounts/login/?next=%2Fbilling%2F"


@pytest.mark.parametrize("space", ["spc_00000000000000000000000000", "x", "per_1", ""])
def test_a_space_that_is_none_of_the_readers_is_as_if_none_was_named(
    world: World, studio: Space, anna: Person, space: str
) -> None:
    daan = world.person("Daan", "daan@elders.example")
    plain = links(page(daan), "seats")
    assert (
        links(page(daan, space=space), "seats") == links(page(daan, space=studio.public_id), "seats") == plain
    )


@pytest.mark.parametrize(
    ("language", "query", "found"),
    [
        ("en", "guests seat", {"organization-or-team", "who-counts"}),
        ("en", "PAYPAL", {"payment-method"}),
        ("nl", "opzegtermijn", {"cancel"}),
        ("nl", "EEN keer per ruimte", {"trial"}),
        ("en", "<script>", set()),
        ("en", "x" * 300, set()),
    ],
)
def test_searching_leaves_the_answers_with_all_words(
    world: World, language: str, query: str, found: set[str]
) -> None:
    html = page(language=language, q=query)
    assert answers(html) == found
    assert "<script>" not in html.split("<main")[1].split("</main>")[0]


def test_the_help_is_linked_from_where_questions_come_up(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=5)
    client = Client()
    client.force_login(anna)
    flow = client.get("/upgrade/", follow=True).content.decode()
    assert 'href="/help"' in flow
    tab = client.get(f"/s/{studio.public_id}/billing/").content.decode()
    assert f'href="/help?space={studio.public_id}"' in tab
    for path in ("/pricing", "/cancellation-policy", "/"):
        assert 'href="/help"' in client.get(path, follow=True).content.decode()


def test_reading_costs_the_same_queries_in_a_crowd(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscribe(studio, anna, clock.now, seats=15)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page(anna)
        return len(seen)

    few = queries()
    world.crowd(studio, 10)
    assert queries() == few


@pytest.mark.parametrize(
    ("ladder", "words"),
    [
        (LADDER, "2, 3, 4, 5, by 5 to 30, by 10 to 100, by 25 to 500"),
        ((5,), "5"),
        ((1, 10, 100), "1, 10, 100"),
        ((10, 20, 30, 40, 50), "10, by 10 to 50"),
        ((2, 4, 6, 7, 1000), "2, 4, 6, 7, 1,000"),
    ],
)
def test_sizes_are_said_in_one_go_where_their_steps_are_equal(ladder: tuple[int, ...], words: str) -> None:
    assert sizes(ladder) == words
