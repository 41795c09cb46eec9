"""The timeline tells a life in order: what happened, by whom and why, and each line of each invoice as a sentence."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tests.actions.outgrowing import work
from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import DUTCH, change, customer_of, subscribe
from zetel.actions import cancellations, customers, hand_over, staff
from zetel.actions.customers import BillingInformation
from zetel.models import Person, Space, Subscription
from zetel.rules.subscriptions import Field
from zetel.web.billing_timeline import Happened, events_of, told
from zetel.web.billing_view import billing_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


def again(subscription: Subscription) -> Subscription:
    return Subscription.objects.get(pk=subscription.pk)


def timeline(studio: Space, clock: HandClock, language: str = "en") -> list[Happened]:
    """Oldest first, as a reader sees it; a no-break space is a space."""
    billing = billing_of(studio, clock.now)
    assert billing is not None
    with translation.override(language):
        return list(reversed(told(list(events_of(billing)))))


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def a_life(world: World, studio: Space, anna: Person, clock: HandClock) -> None:
    """Bought on 12 May 2026, changed both ways, cancelled and resumed, handed over by support, renewed."""
    payer = customer_of(anna, clock.now, **DUTCH)
    subscription = subscribe(studio, anna, clock.now, seats=5, customer=payer)
    clock.set(datetime(2026, 5, 19, 10, 0, tzinfo=UTC))
    told = BillingInformation(name="Studio Noord B.V.", **(DUTCH | {"address_line1": "Herengracht 2"}))
    customers.change_information(again(subscription).customer, told, actor=anna, now=clock.now)
    change(subscription, clock.now, seats=10)
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    change(subscription, clock.now, plan="business")
    change(subscription, clock.now, seats=5)
    cancellations.withdraw(again(subscription), [Field.SEATS], actor=anna, now=clock.now)
    cancellations.cancel(again(subscription), actor=anna, now=clock.now, reason="Te <duur>\nvoor ons")
    cancellations.resume(again(subscription), actor=anna, now=clock.now)
    bram, sam = world.person("Bram"), world.person("Sam", "sam@zetel.example")
    staff.name_staff(person=sam, role="support", now=clock.now)
    world.join(studio, bram)
    hand_over.give_for(again(subscription), to=bram, staff=sam, reason="Anna is ziek", now=clock.now)
    work(clock, datetime(2026, 6, 12, 8, 0, tzinfo=UTC))


ENGLISH = [
    ("Billing information was changed: the name, the address.", "Anna"),
    ("The plan is now Premium with 10 seats (monthly); it was Premium with 5 seats (monthly).", "Anna"),
    ("The plan is now Business with 10 seats (monthly); it was Premium with 10 seats (monthly).", "Anna"),
    ("From 12 June 2026 it will be Business with 5 seats (monthly).", "Anna"),
    ("A scheduled change was withdrawn: 5 seats on 12 June 2026.", "Anna"),
    ("The plan was cancelled and ends on 12 June 2026.", "Anna"),
    ("The plan was resumed: it does not end on 12 June 2026 any more.", "Anna"),
    ("Anna handed billing over to Bram.", "Sam of Zetel Voorbeeld B.V."),
    ("The plan was renewed with 10 seats, until 12 July 2026.", "automatically"),
]
DUTCH_WORDS = [
    ("De factureringsgegevens zijn gewijzigd: de naam, het adres.", "Anna"),
    ("Een geplande wijziging is ingetrokken: 5 seats op 12 juni 2026.", "Anna"),
    ("Het abonnement is hervat: het eindigt niet meer op 12 juni 2026.", "Anna"),
    ("Het abonnement is verlengd met 10 seats, tot 12 juli 2026.", "automatisch"),
]


def test_a_life_is_told_in_order_with_who_did_it_and_why(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    a_life(world, studio, anna, clock)
    entries = timeline(studio, clock)
    said = [(one.title, one.who) for one in entries]
    assert [one for one in said if one in ENGLISH] == ENGLISH
    assert {one.why for one in entries if one.why} == {"Te <duur>\nvoor ons", "Anna is ziek"}
    in_dutch = [(one.title, one.who) for one in timeline(studio, clock, "nl")]
    assert [one for one in in_dutch if one in DUTCH_WORDS] == DUTCH_WORDS


def test_each_line_of_each_invoice_is_a_sentence_and_a_credit_says_whose(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    a_life(world, studio, anna, clock)
    lines = [plain(line) for one in timeline(studio, clock, "nl") for line in one.lines]
    year = 2026
    assert lines == [
        "5 seats × € 13,49 = € 67,45",
        "5 seats × € 13,49 × 24 van 31 dagen = € 52,22",
        f"Teruggegeven van INV-{year}-00001, regel 1; INV-{year}-00002, regel 1: 10 seats × € 13,49 × 13 van 31"
        " dagen = € 56,57",
        "10 seats × € 30,49 × 13 van 31 dagen = € 127,86",
        "10 seats × € 30,49 = € 304,90",
    ]


def test_the_page_shows_words_that_people_typed_as_words(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    a_life(world, studio, anna, clock)
    browser = Client()
    browser.force_login(Person.objects.get(email="bram@acme.example"))
    html = browser.get(f"/s/{studio.public_id}/billing/timeline").content.decode()
    assert "“<bdi>Te &lt;duur&gt;\nvoor ons</bdi>”" in html


def test_reading_it_costs_the_same_queries_however_much_happened(
    world: World, studio: Space, anna: Person, clock: HandClock
) -> None:
    a_life(world, studio, anna, clock)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            timeline(studio, clock)
        return len(seen)

    few = queries()
    work(clock, datetime(2026, 8, 12, 8, 0, tzinfo=UTC))
    assert queries() == few
