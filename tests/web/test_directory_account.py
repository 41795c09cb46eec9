"""Signing up, logging in, addresses and erasing, through allauth's own pages."""

import re
from datetime import UTC

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import caches
from django.test import Client

from tests.directory_world import World
from zetel.actions import directory_invitations
from zetel.models import Event, Mail, Person

pytestmark = pytest.mark.django_db

PASSWORD = "een-heel-goed-wachtwoord"


@pytest.fixture(autouse=True)
def keep_mails(settings: object) -> None:
    """allauth's own mails, where a test can read them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # type: ignore[attr-defined]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # type: ignore[attr-defined]
    caches["default"].clear()  # what one test tried too often is no matter of the next


def visitor(language: str = "nl") -> Client:
    return Client(headers={"accept-language": language})


def sign_up(client: Client, name: str, email: str) -> None:
    client.post("/accounts/signup/", {"name": name, "email": email, "password1": PASSWORD})


def confirm(client: Client) -> None:
    """Follow the link of the newest mail, and press its button."""
    link = re.search(r"/accounts/confirm-email/[^\s/]+/", str(mail.outbox[-1].body))
    assert link is not None
    client.post(link.group())


def test_who_signs_up_has_a_name_a_language_and_a_moment(world: World) -> None:
    client = visitor("nl-BE,nl;q=0.9")
    sign_up(client, " Éva  Peeters ", "Eva@BÜCHER.example")
    person = Person.objects.get()
    assert (person.name, person.email, person.language, person.time_zone) == (
        "Éva Peeters", "eva@xn--bcher-kva.example", "nl", "Europe/Brussels",
    )  # fmt: skip
    assert person.created_at == world.now.astimezone(UTC)
    address = EmailAddress.objects.get(user=person)
    assert (address.email, address.verified, address.primary) == (person.email, False, True)
    assert Event.objects.filter(kind="person.signed_up", actor=person).count() == 1


@pytest.mark.parametrize("name", ["", "a\u202eb", "\u200b"])
def test_a_name_that_cannot_be_shown_makes_no_account(world: World, name: str) -> None:
    sign_up(visitor(), name, "eva@studio.example")
    assert not Person.objects.exists()


def test_signing_up_with_a_known_address_answers_the_same(world: World) -> None:
    world.person("Anna")
    first = visitor().post(
        "/accounts/signup/", {"name": "X", "email": "anna@acme.example", "password1": PASSWORD}
    )
    second = visitor().post(
        "/accounts/signup/", {"name": "X", "email": "new@acme.example", "password1": PASSWORD}
    )
    assert (first.status_code, first.headers["Location"]) == (second.status_code, second.headers["Location"])
    assert Person.objects.filter(email="anna@acme.example").count() == 1
    assert Person.objects.get(email="anna@acme.example").name == "Anna"


def test_asking_for_a_new_password_answers_the_same_for_nobody(world: World) -> None:
    world.person("Anna")
    answers = [
        visitor().post("/accounts/password/reset/", {"email": email})
        for email in ("anna@acme.example", "nobody@acme.example")
    ]
    assert len({(answer.status_code, answer.headers["Location"]) for answer in answers}) == 1


def test_confirming_an_address_makes_a_guest_a_member(world: World) -> None:
    organization = world.organization(world.person("Anna"))
    client = visitor()
    sign_up(client, "Bram", "bram@acme.example")
    bram = Person.objects.get(email="bram@acme.example")
    world.join(organization, bram)
    assert world.stay(organization, bram).standing == "guest"
    confirm(client)
    assert world.stay(organization, bram).standing == "member"


def test_an_address_in_other_letters_logs_in(world: World) -> None:
    eva = world.person("Eva", "eva@bücher.example")
    eva.set_password(PASSWORD)
    eva.save()
    for typed in ("Eva@bücher.example", "eva@xn--bcher-kva.example"):
        client = visitor()
        answer = client.post("/accounts/login/", {"login": typed, "password": PASSWORD})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/"), typed
        assert client.cookies["django_language"].value == "en"


def test_signing_up_from_an_invitation_ends_at_the_invitation(world: World) -> None:
    anna = world.person("Anna")
    organization = world.organization(anna)
    directory_invitations.invite(space=organization, email="bram@acme.example", actor=anna, now=world.now)
    path = str(Mail.objects.get(kind="invitation").params["path"])
    client = visitor()
    client.get(path)
    sign_up(client, "Bram", "bram@acme.example")
    confirm(client)
    answer = client.post("/accounts/login/", {"login": "bram@acme.example", "password": PASSWORD})
    assert answer.headers["Location"] == path
    client.post(path)
    assert world.names(organization) == ["Anna", "Bram"]


def logged_in(person: Person) -> Client:
    """Logged in with a password a moment ago, as pages that ask for it again want."""
    person.set_password(PASSWORD)
    person.save()
    client = visitor("en")
    client.force_login(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_a_profile_speaks_the_language_that_was_chosen(world: World) -> None:
    anna = world.person("Anna")
    client = visitor("en")
    client.force_login(anna)
    sent = {"name": "Anna V", "language": "nl", "time_zone": "Asia/Tokyo"}
    page = client.post("/account/profile", sent, follow=True)
    assert "Je profiel is opgeslagen." in page.content.decode()
    anna.refresh_from_db()
    assert (anna.name, anna.language, anna.time_zone) == ("Anna V", "nl", "Asia/Tokyo")


def test_a_billing_owners_address_that_makes_them_member_stays(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    world.join(organization, bram)
    world.paid(organization, bram)
    EmailAddress.objects.filter(user=bram).update(primary=False)
    EmailAddress.objects.create(user=bram, email="bram@elders.example", verified=True, primary=True)
    client = logged_in(bram)
    page = client.post("/accounts/email/", {"action_remove": "", "email": "bram@acme.example"}, follow=True)
    assert EmailAddress.objects.filter(user=bram).count() == 2
    assert world.stay(organization, bram).standing == "member"
    assert "billing owner" in page.content.decode().lower()


def test_removing_an_address_makes_a_member_a_guest(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    organization = world.organization(anna)
    world.join(organization, bram)
    EmailAddress.objects.filter(user=bram).update(primary=False)
    EmailAddress.objects.create(user=bram, email="bram@elders.example", verified=True, primary=True)
    logged_in(bram).post("/accounts/email/", {"action_remove": "", "email": "bram@acme.example"})
    assert world.stay(organization, bram).standing == "guest"


def test_erasing_asks_for_the_password_and_then_ends_the_session(world: World) -> None:
    bram = world.person("Bram")
    space = world.workspace(bram)
    bram.set_password(PASSWORD)
    bram.save()
    client = visitor("en")
    client.force_login(bram)
    assert "reauthenticate" in client.post("/account/erase").headers["Location"]
    assert world.names(space) == ["Bram"]
    client = logged_in(bram)
    assert client.get("/account/erase").status_code == 200
    assert client.post("/account/erase").headers["Location"] == "/accounts/login/"
    bram.refresh_from_db()
    assert (bram.is_active, bram.name, world.names(space)) == (False, "", [])
    assert client.get("/account/profile").headers["Location"].startswith("/accounts/login/")


def test_erasing_says_why_not(world: World) -> None:
    anna, bram = world.person("Anna"), world.person("Bram")
    space = world.workspace(anna)
    world.join(space, bram)
    world.paid(space, bram)
    page = logged_in(bram).post("/account/erase")
    assert "billing" in page.content.decode().lower()
    assert world.names(space) == ["Anna", "Bram"]
