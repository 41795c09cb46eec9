"""A mail server that is away for two days: every mail afterwards, once, in order, to who it is for by then."""

from collections import Counter
from email.message import EmailMessage

import pytest
from django.test import override_settings

from tests.conftest import HandClock
from tests.directory_world import World
from tests.jobs.mail_server import serving
from tests.jobs.test_outbox import Server
from tests.world import change, customer_of, subscribe
from zetel.actions import cancellations, hand_over
from zetel.actions import outbox as actions
from zetel.jobs import billing_run, files, outbox, tasks
from zetel.models import Mail, Person, Space, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]


@pytest.fixture
def bram(world: World) -> Person:
    bram = world.person("Bram")
    Person.objects.filter(pk=bram.pk).update(language="nl")
    bram.refresh_from_db()
    return bram


@pytest.fixture
def studio(world: World, anna: Person, bram: Person) -> Space:
    space = world.workspace(anna)
    world.join(space, bram)
    return space


def read(got: list[EmailMessage]) -> list[tuple[str, str]]:
    return [(str(message["To"]), str(message["Subject"])) for message in got]


def test_two_days_without_a_mail_server(
    world: World, studio: Space, anna: Person, bram: Person, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan is bought, changed and handed over meanwhile. The new owner gets what is the owner's, in Dutch."""
    got: list[EmailMessage] = []
    with serving(got) as port:
        pass  # now nobody listens there
    monkeypatch.setattr(outbox, "sends_mail", lambda: True)
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_USE_TLS=False, EMAIL_USE_SSL=False,
                           EMAIL_HOST_USER="", EMAIL_HOST_PASSWORD="", EMAIL_TIMEOUT=2):  # fmt: skip
        payer = customer_of(anna, clock.now, invoice_email="boekhouding@acme.example")
        subscription = subscribe(studio, anna, clock.now, seats=5, customer=payer)
        for hour in range(0, 48, 5):
            if hour == 10:
                change(subscription, clock.now, seats=10)
            if hour == 20:
                fresh = Subscription.objects.get(pk=subscription.pk)
                hand_over.give(fresh, to=bram, actor=anna, now=clock.now)
            if hour == 30:
                cancellations.cancel(subscription, actor=bram, now=clock.now)
            tasks.do_due(clock.now)
            clock.move(hours=5)
        assert not got
        with serving(got, port):
            for _ in range(3):
                tasks.do_due(clock.now)
                clock.move(minutes=30)
    numbers = list(subscription.invoices.order_by("issued_at").values_list("number", flat=True))
    owner = [subject for to, subject in read(got) if to == "bram@acme.example"]
    assert owner == [
        f"Factuur {numbers[0]} van Zetel Voorbeeld B.V.",
        f"Factuur {numbers[1]} van Zetel Voorbeeld B.V.",
        "Het abonnement van Studio Noord is gewijzigd",
        "Je bent factureringseigenaar van Studio Noord",
        "Het abonnement van Studio Noord eindigt op 12 juni 2026",
    ]
    assert [subject for to, subject in read(got) if to == "anna@acme.example"] == [
        "Billing of Studio Noord was handed over"
    ]
    accounts = [subject for to, subject in read(got) if to == "boekhouding@acme.example"]
    assert accounts == [f"Invoice {number} from Zetel Voorbeeld B.V." for number in numbers]
    ids = [str(message["Message-ID"]) for message in got]
    assert len(ids) == len(set(ids)) == 8
    assert not Mail.objects.exclude(status="sent").exists()
    attached = [part.get_filename() for message in got for part in message.iter_attachments()]
    assert Counter(attached) == {f"{number}.pdf": 2 for number in numbers}


def test_a_mail_in_hand_while_billing_is_handed_over_says_where_it_went(
    studio: Space, anna: Person, bram: Person, clock: HandClock
) -> None:
    subscription = subscribe(studio, anna, clock.now, seats=5)
    [held] = actions.claim_due(clock.now, limit=50)
    assert held.invoice is not None
    files.ensure_pdf(held.invoice, clock.now)
    hand_over.give(subscription, to=bram, actor=anna, now=clock.now)
    actions.follow_owners()
    assert Mail.objects.get(pk=held.pk).to_email == "bram@acme.example"
    assert actions.mark_sent(held, subject="", text="", html="", now=clock.now)
    assert Mail.objects.get(pk=held.pk).to_email == "anna@acme.example"


def test_what_waits_for_the_owner_of_an_ended_plan_goes_to_its_last_owner(
    studio: Space, anna: Person, bram: Person, clock: HandClock
) -> None:
    """Somebody else bought a plan for the same space since: the old one's mails are none of theirs."""
    subscription = subscribe(studio, anna, clock.now, seats=5)
    cancellations.cancel(subscription, actor=anna, now=clock.now)
    clock.move(days=31)
    billing_run.run_due(clock.now)
    subscribe(studio, bram, clock.now, seats=5)
    server = Server()
    outbox.drain(clock.now, server)
    assert [message.to[0] for message in server.got].count("anna@acme.example") == 2
    assert [message.to[0] for message in server.got].count("bram@acme.example") == 1
