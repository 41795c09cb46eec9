"""What the Billing tab shows while a renewal is unpaid and after that ended it: to the owner, and to others (G4)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import World
from tests.gateways import pages
from tests.web.test_billing import browser, path_of, words
from tests.world import subscribe
from zetel.jobs import tasks
from zetel.models import Attempt, MethodSetup, Person, Space, Subscription
from zetel.sandbox import company

pytestmark = pytest.mark.django_db

RENEWS = datetime(2026, 6, 11, 22, 0, tzinfo=UTC)


@pytest.fixture
def bram(world: World) -> Person:
    return world.person("Bram")


@pytest.fixture
def studio(world: World, anna: Person, bram: Person) -> Space:
    space = world.workspace(anna)
    world.join(space, bram)
    return space


@pytest.fixture
def subscription(studio: Space, anna: Person, clock: HandClock) -> Subscription:
    return subscribe(studio, anna, clock.now, seats=5)


def fail(clock: HandClock, day: int, *planned: str) -> None:
    company.plan(*planned)
    clock.set(RENEWS + timedelta(days=day))
    tasks.do_due(clock.now)


def test_the_owner_reads_when_it_is_tried_again_and_gets_the_button(
    subscription: Subscription, studio: Space, anna: Person, clock: HandClock
) -> None:
    fail(clock, 0, "declined_soft")
    page = browser(anna).get(path_of(studio))
    text = words(page.content)
    assert "Payment failed, we try again on 13 June 2026" in text
    assert "Everything keeps working; if it stays unpaid, the plan ends on 19 June 2026." in text
    assert f'href="{path_of(studio, "method")}"' in page.content.decode()
    assert "Invoice INV-2026-00002 of €67.45 could not be collected; we try again." in text


def test_the_same_in_dutch(subscription: Subscription, studio: Space, anna: Person, clock: HandClock) -> None:
    fail(clock, 0, "declined_soft")
    text = words(browser(anna, "nl").get(path_of(studio)).content)
    assert "Betaling mislukt, we proberen het opnieuw op 13 juni 2026" in text
    assert "blijft de factuur onbetaald, dan eindigt het abonnement op 19 juni 2026." in text


def test_a_method_refused_for_good_is_not_said_to_be_tried_again(
    subscription: Subscription, studio: Space, anna: Person, clock: HandClock
) -> None:
    fail(clock, 0, "declined_hard")
    text = words(browser(anna).get(path_of(studio)).content)
    assert "we try again on" not in text
    assert "The bank refused this payment method for good" in text


def test_without_a_method_it_asks_for_one(
    subscription: Subscription, studio: Space, anna: Person, clock: HandClock
) -> None:
    subscription.customer.methods.update(status="removed")
    fail(clock, 0)
    text = words(browser(anna).get(path_of(studio)).content)
    assert "There is no payment method. Add one, and we try at once." in text


def test_others_learn_whom_to_ask_and_get_no_button(
    subscription: Subscription, studio: Space, bram: Person, clock: HandClock
) -> None:
    fail(clock, 0, "declined_soft")
    page = browser(bram).get(path_of(studio))
    text = words(page.content)
    assert "The payment failed" in text
    assert "if it stays unpaid, the plan ends on 19 June 2026. Only the billing owner can pay." in text
    assert "anna@acme.example" in text
    assert "INV-" not in text
    assert path_of(studio, "method") not in page.content.decode()


def test_saving_a_new_method_on_the_tab_pays_at_once(
    subscription: Subscription, studio: Space, anna: Person, clock: HandClock
) -> None:
    fail(clock, 0, "declined_hard")
    clock.move(hours=10)
    client = browser(anna)
    there = client.post(path_of(studio, "method"), {"kind": "card"}).headers["location"]
    pages.save_card(Client(), there, pages.number_of("paid"))
    setup = MethodSetup.objects.latest("id")
    client.get(path_of(studio, f"method/return/{setup.public_id}"))
    assert Attempt.objects.order_by("id").values_list("status", flat=True)[2] == "paid"
    text = words(client.get(path_of(studio)).content)
    assert "Payment failed" not in text
    assert "The plan goes on: invoice INV-2026-00002" in text


def test_after_the_end_the_last_owner_reads_why_and_that_nothing_is_owed(
    subscription: Subscription, studio: Space, anna: Person, bram: Person, clock: HandClock
) -> None:
    for day in (0, 1, 3, 5, 7):
        fail(clock, day, "declined_soft")
    text = words(browser(anna).get(path_of(studio)).content)
    assert "It ended on 19 June 2026 because its renewal was not paid. You owe nothing for it" in text
    assert "Buy again" in text
    assert "CN-2026-00001" in text
    assert "free" in words(browser(bram).get(path_of(studio)).content).lower()
