"""The sandbox's mailbox: who sees which mails, and that a live installation has none."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as django_mail
from django.test import Client
from django.urls import reverse

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.world import World, buy
from zetel.actions import mail
from zetel.jobs import outbox
from zetel.models import Invoice, Mail, Person
from zetel.rules.errors import ZetelError
from zetel.web.account_mail import AccountMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(clock: HandClock, settings: Any) -> World:
    settings.EMAIL_BACKEND = "zetel.web.account_mail.AccountMail"
    return begin(clock.now)


@pytest.fixture
def operator(world: World) -> Person:
    person = world.person("Olga", "olga@zetel.example")
    Person.objects.filter(pk=person.pk).update(staff_role="operator")
    return person


def as_(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def told(person: Person, clock: HandClock, space: str = "Noord") -> Mail:
    mail.queue(
        "billing_owner_new", once_key=f"{person.pk}:{space}", now=clock.now, to_person=person,
        params={"space": space, "old": "<b>Bram</b>"},
    )  # fmt: skip
    outbox.drain(clock.now)
    return Mail.objects.latest("id")


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_people_see_mails_to_their_own_verified_addresses_only(
    world: World, anna: Person, clock: HandClock
) -> None:
    bram = world.person("Bram")
    mine, other = told(anna, clock), told(bram, clock, "Zuid")
    listed = page(as_(anna), "/sandbox/mailbox/")
    assert "You are billing owner of Noord" in listed
    assert "Zuid" not in listed
    assert as_(anna).get(reverse("mailbox_mail", args=[mine.pk])).status_code == 200
    for name in ("mailbox_mail", "mailbox_body", "mailbox_attachment"):
        assert as_(anna).get(reverse(name, args=[other.pk])).status_code == 404


def test_an_address_that_was_not_verified_opens_no_mailbox(anna: Person, clock: HandClock) -> None:
    told(anna, clock)
    EmailAddress.objects.filter(user=anna).update(verified=False)
    assert "Noord" not in page(as_(anna), "/sandbox/mailbox/")


def test_an_operator_sees_every_mail_and_other_staff_their_own(
    anna: Person, operator: Person, world: World, clock: HandClock
) -> None:
    told(anna, clock)
    assert "You are billing owner of Noord" in page(as_(operator), "/sandbox/mailbox/")
    Person.objects.filter(pk=operator.pk).update(staff_role="sales")
    assert "Noord" not in page(as_(operator), "/sandbox/mailbox/")


def test_nobody_reads_other_peoples_mail_without_logging_in(anna: Person, clock: HandClock) -> None:
    seen = told(anna, clock)
    assert "Noord" not in page(Client(), "/sandbox/mailbox/")
    assert Client().get(reverse("mailbox_mail", args=[seen.pk])).status_code == 404


def test_a_live_installation_has_no_mailbox(
    anna: Person, operator: Person, clock: HandClock, settings: Any
) -> None:
    seen = told(anna, clock)
    settings.CONFIG = settings.CONFIG.model_copy(update={"mode": "live"})
    for address in ("/sandbox/mailbox/", reverse("mailbox_mail", args=[seen.pk])):
        assert as_(operator).get(address).status_code == 404


def test_the_mail_itself_is_locked_in(anna: Person, clock: HandClock) -> None:
    seen = told(anna, clock)
    response = as_(anna).get(reverse("mailbox_body", args=[seen.pk]))
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "&lt;b&gt;Bram&lt;/b&gt;" in response.content.decode()


def test_a_mail_can_be_read_as_text(anna: Person, clock: HandClock) -> None:
    seen = told(anna, clock)
    text = page(as_(anna), reverse("mailbox_mail", args=[seen.pk]) + "?text")
    assert "&lt;b&gt;Bram&lt;/b&gt; handed billing of Noord over to you." in text


def test_the_invoice_hangs_on_its_mail(world: World, anna: Person, clock: HandClock) -> None:
    buy(world.workspace(anna), anna, clock.now, seats=5)
    outbox.drain(clock.now)
    seen, invoice = Mail.objects.get(kind="invoice"), Invoice.objects.get()
    response = as_(anna).get(reverse("mailbox_attachment", args=[seen.pk]))
    assert response.content.startswith(b"%PDF-")
    assert response["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'


# -------------------------------------------------------------------------------------------- signing up in a sandbox


def sign_up(client: Client, email: str) -> None:
    response = client.post(
        "/accounts/signup/", {"name": "Eva", "email": email, "password1": "een-lang-wachtwoord"}
    )
    assert response.status_code == 302, response.content.decode()


def test_who_signs_up_reads_the_mail_without_an_account_and_confirms(world: World, clock: HandClock) -> None:
    client = Client()
    sign_up(client, "eva@acme.example")
    assert 'href="/sandbox/mailbox/"' in page(client, "/accounts/confirm-email/")
    assert "Confirm your e-mail address" in page(client, "/sandbox/mailbox/")
    kept = Mail.objects.get(kind="account")
    assert (kept.to_email, kept.status) == ("eva@acme.example", "sent")
    body = page(client, reverse("mailbox_body", args=[kept.pk]))
    link = re.search(r'href="http://localhost:8000(/accounts/confirm-email/[^"]+)"', body)
    assert link is not None
    client.post(link[1])
    assert EmailAddress.objects.get(email="eva@acme.example").verified


def test_a_sign_up_opens_no_mails_but_its_own(world: World, anna: Person, clock: HandClock) -> None:
    told(anna, clock)
    first, second = Client(), Client()
    sign_up(first, "eva@acme.example")
    sign_up(second, "fem@acme.example")
    assert "fem@acme.example" not in page(first, "/sandbox/mailbox/")
    assert "anna@acme.example" not in page(first, "/sandbox/mailbox/")
    kept = Mail.objects.get(to_email="fem@acme.example")
    assert first.get(reverse("mailbox_body", args=[kept.pk])).status_code == 404


def test_a_password_that_was_asked_for_another_address_is_not_shown(anna: Person, clock: HandClock) -> None:
    client = Client()
    client.post("/accounts/password/reset/", {"email": anna.email})
    kept = Mail.objects.get(kind="account")
    assert kept.subject == "Choose a new password"
    assert anna.email not in page(client, "/sandbox/mailbox/")
    assert client.get(reverse("mailbox_body", args=[kept.pk])).status_code == 404


def test_account_mails_speak_the_language_of_the_page(world: World, clock: HandClock) -> None:
    client = Client(headers={"accept-language": "nl"})
    sign_up(client, "eva@acme.example")
    kept = Mail.objects.get(kind="account")
    assert (kept.language, kept.subject) == ("nl", "Bevestig je e-mailadres")
    assert "Iemand, waarschijnlijk jij, gebruikt dit adres hier." in " ".join(kept.text.split())


def test_a_mail_server_that_is_away_is_said_and_not_a_mistake(
    world: World, clock: HandClock, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"smtp_url": "smtp://localhost:1"})
    settings.EMAIL_HOST, settings.EMAIL_PORT = "localhost", 1
    with pytest.raises(ZetelError) as refused:
        AccountMail().send_messages([django_mail.EmailMessage("Hi", "there", None, ["eva@acme.example"])])
    assert refused.value.code == "mail_unavailable"
    assert not Mail.objects.exists()
