"""What a buyer reads about the VAT number while buying, and what staff do about it (rule T2)."""

import pytest
from django.test import Client

from tests.conftest import HandClock
from tests.directory_world import World
from tests.web.test_billing import browser, words
from tests.world import customer_of, save_method, subscribe
from zetel.actions.staff import name_staff
from zetel.models import Customer, Person, PurchaseDraft, Space, VatCheck

pytestmark = pytest.mark.django_db

GERMAN = {"address_line1": "Lange Straße 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
KNOWN, UNKNOWN, AWAY = "DE136695976", "DE129273398", "DE811569869"  # by their last digit, in a sandbox


def review(studio: Space, anna: Person, clock: HandClock, number: str) -> tuple[Client, str]:
    """A purchase of 5 seats that is filled in up to its review."""
    customer = customer_of(anna, clock.now, **GERMAN, vat_number=number)
    save_method(customer, anna, clock.now)
    draft = PurchaseDraft.objects.create(
        person=anna, space=studio, plan="premium", cycle="month", seats=5, currency="EUR", customer=customer,
        created_at=clock.now, updated_at=clock.now,
    )  # fmt: skip
    return browser(anna), f"/upgrade/{draft.public_id}/review"


def test_a_known_number_takes_the_tax_off_the_review(studio: Space, anna: Person, clock: HandClock) -> None:
    client, path = review(studio, anna, clock, KNOWN)
    page = words(client.get(path).content)
    assert "Your VAT number is confirmed" in page
    assert "Upgrade for €67.45" in page
    assert "Your VAT number is confirmed" not in words(client.get(path).content)  # once is enough


def test_an_unknown_number_is_taxed_and_said_so(studio: Space, anna: Person, clock: HandClock) -> None:
    client, path = review(studio, anna, clock, UNKNOWN)
    page = words(client.get(path).content)
    assert "Your VAT number is not known" in page
    assert "Upgrade for €80.27" in page
    client.get(path)
    assert VatCheck.objects.count() == 1  # who knows it not is not asked at each look
    client.get(path + "?vat=again")
    assert VatCheck.objects.count() == 2


def test_while_the_service_is_away_the_buyer_pays_with_tax_or_waits(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    client, path = review(studio, anna, clock, AWAY)
    page = words(client.get(path).content)
    assert (
        "You can pay with tax now: if the number is confirmed within 60 days, the tax becomes your balance."
        in page
    )
    assert "Check the number again" in page
    assert "Upgrade for €80.27" in page
    client.get(path)
    assert VatCheck.objects.get().tries == 1  # the page does not wait at each look
    client.get(path + "?vat=again")
    assert VatCheck.objects.get().tries == 2
    client.logout()
    client.force_login(anna)
    assert "Je btw-nummer kon niet worden gecontroleerd" in words(browser(anna, "nl").get(path).content)


def test_finance_take_a_number_as_verified_with_their_evidence(
    studio: Space, anna: Person, clock: HandClock, world: World
) -> None:
    customer = customer_of(anna, clock.now, **GERMAN, vat_number=UNKNOWN)
    subscribe(studio, anna, clock.now, seats=5, customer=customer)
    finance = world.person("Fien", "fien@zetel.example")
    name_staff(person=finance, role="finance", now=clock.now)
    client, path = browser(finance), f"/staff/customers/{customer.public_id}/"
    assert "Take the VAT number as verified" in words(client.get(path).content)
    assert client.post(path + "vat/", {"reason": ""}).status_code == 422
    seen = words(client.post(path + "vat/", {"reason": "Certificate seen"}).content)
    assert "Take DE129273398 as verified?" in seen
    assert Customer.objects.get(pk=customer.pk).vat_status == "unverified"
    client.post(path + "vat/", {"reason": "Certificate seen", "confirm": "1"})
    assert Customer.objects.get(pk=customer.pk).vat_status == "verified"
    page = words(client.get(path).content)
    assert "DE129273398 recorded by staff 12 May 2026" in page
    assert "Certificate seen" in page
