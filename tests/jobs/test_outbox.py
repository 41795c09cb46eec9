"""Sending: each mail once, in order for each reader, through outages, with the very PDF that was kept."""

import hashlib
import smtplib
from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives

from tests.conftest import HandClock
from tests.world import World, buy
from zetel.actions import mail
from zetel.actions import outbox as actions
from zetel.jobs import outbox
from zetel.jobs.files import ensure_pdf
from zetel.models import Invoice, IssuedFile, Mail, Person

pytestmark = pytest.mark.django_db


class Server:
    """A mail server of a test: takes mails, or fails as it is told."""

    def __init__(self) -> None:
        self.got: list[EmailMultiAlternatives] = []
        self.fails: OSError | None = None
        self.refuses: set[str] = set()

    def __call__(self, message: EmailMultiAlternatives) -> None:
        if self.fails:
            raise self.fails
        if message.to[0] in self.refuses:
            raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no such mailbox")})
        self.got.append(message)

    @property
    def subjects(self) -> list[str]:
        return [str(message.subject) for message in self.got]


@pytest.fixture
def server() -> Server:
    return Server()


def tell(person: Person, clock: HandClock, *spaces: str) -> None:
    for space in spaces:
        mail.queue(
            "billing_owner_new", once_key=f"{person.pk}:{space}", now=clock.now, to_person=person,
            params={"space": space, "old": "Bram"},
        )  # fmt: skip


def statuses() -> list[str]:
    return list(Mail.objects.order_by("id").values_list("status", flat=True))


def test_a_mail_is_sent_once_however_often_the_job_runs(
    anna: Person, clock: HandClock, server: Server
) -> None:
    tell(anna, clock, "Noord")
    assert outbox.drain(clock.now, server) == 1
    assert outbox.drain(clock.now, server) == 0
    assert server.subjects == ["You are billing owner of Noord"]
    sent = Mail.objects.get()
    assert (sent.status, sent.tries, sent.sent_at) == ("sent", 1, clock.now)
    assert server.got[0].to == ["anna@acme.example"]
    assert server.got[0].from_email == '"Zetel Voorbeeld B.V." <zetel@zetel.example>'
    assert server.got[0].extra_headers["Message-ID"] == f"<{sent.public_id}@localhost>"


def test_a_reader_gets_mails_in_the_order_they_were_queued(
    anna: Person, clock: HandClock, server: Server
) -> None:
    tell(anna, clock, "Een", "Twee", "Drie")
    assert outbox.drain(clock.now, server) == 3
    assert server.subjects == [f"You are billing owner of {name}" for name in ("Een", "Twee", "Drie")]


def test_a_server_that_is_down_for_two_days_costs_no_mail_and_no_order(
    world: World, anna: Person, clock: HandClock, server: Server
) -> None:
    bram = world.person("Bram")
    tell(anna, clock, "Een", "Twee")
    tell(bram, clock, "Drie")
    server.fails = ConnectionRefusedError("nobody listens")
    for _ in range(48 * 4):
        assert outbox.drain(clock.now, server) == 0
        clock.move(minutes=15)
    assert statuses() == ["queued", "queued", "queued"]
    server.fails = None
    clock.move(hours=1)
    assert outbox.drain(clock.now, server) == 3
    assert outbox.drain(clock.now, server) == 0
    to_anna = [message.subject for message in server.got if message.to == ["anna@acme.example"]]
    assert to_anna == ["You are billing owner of Een", "You are billing owner of Twee"]
    assert len(server.got) == 3


def test_a_second_mail_waits_for_the_first_that_was_put_off(
    anna: Person, clock: HandClock, server: Server
) -> None:
    tell(anna, clock, "Een")
    server.fails = smtplib.SMTPDataError(451, b"try later")
    outbox.drain(clock.now, server)
    server.fails = None
    tell(anna, clock, "Twee")
    assert outbox.drain(clock.now, server) == 0
    clock.move(minutes=1)
    assert outbox.drain(clock.now, server) == 2
    assert server.subjects == ["You are billing owner of Een", "You are billing owner of Twee"]


def test_an_address_that_is_refused_for_good_is_parked_and_holds_up_nobody(
    world: World, anna: Person, clock: HandClock, server: Server
) -> None:
    bram = world.person("Bram")
    tell(anna, clock, "Een")
    tell(bram, clock, "Twee")
    server.refuses = {anna.email}
    assert outbox.drain(clock.now, server) == 1
    assert statuses() == ["parked", "sent"]
    server.refuses = set()
    parked = Mail.objects.get(status="parked")
    assert actions.retry(parked.pk, now=clock.now)
    assert not actions.retry(parked.pk, now=clock.now)
    assert outbox.drain(clock.now, server) == 1


def test_after_the_last_try_a_mail_is_parked(anna: Person, clock: HandClock, server: Server) -> None:
    tell(anna, clock, "Een")
    Mail.objects.update(tries=actions.TRIES_MAX - 1)
    server.fails = TimeoutError("no answer")
    outbox.drain(clock.now, server)
    assert statuses() == ["parked"]


def test_a_password_that_the_server_refuses_is_our_trouble_and_not_the_mails(
    anna: Person, clock: HandClock, server: Server
) -> None:
    tell(anna, clock, "Een")
    server.fails = smtplib.SMTPAuthenticationError(535, b"bad credentials")
    outbox.drain(clock.now, server)
    assert statuses() == ["queued"]


def test_a_mail_that_cannot_be_written_is_parked_and_the_rest_goes(
    anna: Person, clock: HandClock, server: Server
) -> None:
    mail.queue("no_such_kind", once_key="x", now=clock.now, to_person=anna)
    tell(anna, clock, "Een")
    assert outbox.drain(clock.now, server) == 1
    assert statuses() == ["parked", "sent"]


def test_a_worker_that_died_with_a_mail_in_hand_lends_it_to_the_next(
    anna: Person, clock: HandClock, server: Server
) -> None:
    tell(anna, clock, "Een", "Twee")
    died_with = actions.claim_due(clock.now, limit=50)
    assert len(died_with) == 1
    assert outbox.drain(clock.now, server) == 0
    clock.move(minutes=10)
    assert outbox.drain(clock.now, server) == 2
    assert not actions.mark_sent(died_with[0], subject="", text="", html="", now=clock.now)


def test_a_waiting_tries_grow_apart_up_to_an_hour(anna: Person, clock: HandClock, server: Server) -> None:
    tell(anna, clock, "Een")
    server.fails = ConnectionResetError("gone")
    waits = []
    for _ in range(6):
        outbox.drain(clock.now, server)
        due = Mail.objects.get().due_at
        waits.append(int((due - clock.now).total_seconds() // 60))
        clock.set(due)
    assert waits == [1, 5, 15, 60, 60, 60]


def test_the_invoice_goes_with_the_bytes_that_were_kept(
    world: World, anna: Person, clock: HandClock, server: Server
) -> None:
    studio = world.workspace(anna)
    purchase = buy(studio, anna, clock.now, seats=5)
    assert outbox.drain(clock.now, server) == 1
    invoice = Invoice.objects.get(quote=purchase.quote)
    name, content, kind = server.got[0].attachments[0]
    assert (name, kind) == (f"{invoice.number}.pdf", "application/pdf")
    kept = IssuedFile.objects.get(invoice=invoice, kind="pdf")
    assert bytes(kept.content) == content
    assert kept.sha256 == hashlib.sha256(bytes(kept.content)).hexdigest()
    clock.move(days=400)
    assert ensure_pdf(invoice, clock.now) == content


def test_the_sandbox_keeps_what_it_would_have_sent(anna: Person, clock: HandClock) -> None:
    tell(anna, clock, "Noord")
    assert outbox.drain(clock.now) == 1
    kept = Mail.objects.get()
    assert kept.subject == "You are billing owner of Noord"
    assert "Bram handed billing of Noord over to you." in kept.text
    assert kept.html.startswith("<!DOCTYPE html>")


def test_one_run_sends_to_many_readers(world: World, anna: Person, clock: HandClock, server: Server) -> None:
    for number in range(120):
        mail.queue(
            "billing_owner_new", once_key=str(number), now=clock.now, to_email=f"p{number}@example.com",
            params={"space": "Noord", "old": "Bram"},
        )  # fmt: skip
    assert outbox.drain(clock.now, server) == 120
    assert len({message.to[0] for message in server.got}) == 120
    assert clock.now - Mail.objects.latest("id").created_at == timedelta(0)
