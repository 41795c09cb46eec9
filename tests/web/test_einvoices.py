"""The e-invoice beside the PDF: downloads, a year at once, with the mail if wanted, and kept after an erasure."""

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from lxml import etree

from tests.conftest import HandClock
from tests.doctor import findings
from tests.web.test_billing import browser, path_of, words
from tests.web.test_billing_acts import DETAILS
from tests.world import DUTCH, World, customer_of, subscribe
from zetel.actions import cancellations, directory_account, directory_people
from zetel.jobs import billing_run, files, outbox
from zetel.models import Customer, Invoice, IssuedFile, Mail, Person, Space

pytestmark = pytest.mark.django_db


@pytest.fixture
def studio(world: World, anna: Person) -> Space:
    space = world.workspace(anna)
    world.join(space, world.person("Chris"))
    return space


def paid(studio: Space, anna: Person, now: datetime, **information: str) -> Invoice:
    """Premium monthly, 5 seats."""
    subscribe(studio, anna, now, seats=5, customer=customer_of(anna, now, **information))
    return Invoice.objects.get()


def test_a_dutch_customer_gets_both_forms_and_a_year_of_pages_with_data(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    invoice, client = paid(studio, anna, clock.now, **DUTCH), browser(anna)
    page = client.get(path_of(studio, f"invoices/{invoice.public_id}/"))
    assert "Download PDF UBL (NLCIUS) UBL (Peppol BIS 3)" in words(page.content)
    answer = client.get(path_of(studio, f"invoices/{invoice.public_id}/nlcius.xml"))
    assert answer["Content-Disposition"] == 'attachment; filename="INV-2026-00001.xml"'
    assert answer["Content-Type"] == "application/xml"
    root = etree.fromstring(answer.content)
    assert root.findtext("{*}ID") == "INV-2026-00001"
    assert root.findtext("{*}LegalMonetaryTotal/{*}TaxInclusiveAmount") == "81.61"
    assert root.findtext("{*}LegalMonetaryTotal/{*}PrepaidAmount") == "81.61"
    assert root.findtext(".//{*}PaymentMeansCode") == "48"
    for kind, status in (("ubl", 200), ("pdf", 200), ("cii", 404)):
        assert client.get(f"/billing/invoices/{invoice.public_id}/{kind}.xml").status_code == status
    packed = zipfile.ZipFile(io.BytesIO(client.get(path_of(studio, "invoices/2026.zip")).content))
    assert sorted(packed.namelist()) == ["INV-2026-00001.pdf", "INV-2026-00001.xml"]
    assert packed.read("INV-2026-00001.xml") == answer.content
    assert not findings(clock.now, "X10")


def test_a_kept_file_that_was_touched_is_found(studio: Space, anna: Person, clock: HandClock) -> None:
    files.ensure_file(paid(studio, anna, clock.now), "ubl", clock.now)
    IssuedFile.objects.filter(kind="ubl").update(content=b"<Invoice/>")
    assert [(found.what, found.facts["kind"]) for found in findings(clock.now, "X10")] == [
        ("file_altered", "ubl")
    ]


def test_the_mail_brings_the_data_to_who_wants_it(studio: Space, anna: Person, clock: HandClock) -> None:
    invoice = paid(studio, anna, clock.now, **DUTCH)
    sent: list[list[str]] = []
    outbox.drain(clock.now, lambda message: sent.append([part[0] for part in message.attachments]))
    client, wish = browser(anna), {**DETAILS, "mails_einvoice": "on"}
    assert client.post(path_of(studio, "information"), wish).status_code == 302
    assert Customer.objects.get(pk=invoice.customer_id).mails_einvoice
    assert "e-invoices by mail" in words(client.get(path_of(studio, "timeline")).content)
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    outbox.drain(clock.now, lambda message: sent.append([part[0] for part in message.attachments]))
    assert sent[0] == ["INV-2026-00001.pdf"]
    assert ["INV-2026-00002.pdf", "INV-2026-00002.xml"] in sent
    mail = Mail.objects.get(invoice__number="INV-2026-00002", to_person=anna)
    for kind, status in (("pdf", 200), ("nlcius", 200), ("ubl", 404)):  # what was attached, and no more
        path = f"/sandbox/mailbox/{mail.public_id}/attachment/?kind={kind}"
        assert browser(anna).get(path).status_code == status


def test_tax_in_another_currency_is_frozen_in_the_sellers(
    studio: Space, anna: Person, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """67.45 at 21 % is 14.16 dollars; at 1.0845 for a euro that is 13.0567."""
    rates = tmp_path / "rates.csv"
    rates.write_text("Date,USD\n2026-05-11,1.0845\n")
    monkeypatch.setitem(settings.CONFIG.__dict__, "exchange_rates", rates)
    payer = customer_of(anna, clock.now, currency="USD", **DUTCH)
    subscribe(studio, anna, clock.now, seats=5, customer=payer)
    rates.write_text("Date,USD\n2026-05-11,2\n")
    invoice = Invoice.objects.get()
    assert invoice.home_tax == {"currency": "EUR", "amount": 1306, "rate": "1.0845", "on": "2026-05-11"}
    home = files.document_of(invoice).home_tax
    assert home is not None
    assert (home.amount, home.on) == (1306, date(2026, 5, 11))


def test_an_unknown_rate_holds_nothing_up_and_staff_are_told(
    studio: Space, anna: Person, clock: HandClock
) -> None:
    payer = customer_of(anna, clock.now, currency="USD", **DUTCH)
    subscribe(studio, anna, clock.now, seats=5, customer=payer)
    assert Invoice.objects.get().home_tax == {}
    found = [(row.what, row.subject) for row in findings(clock.now, "X6", notices=True)]
    assert found == [("home_tax_missing", "INV-2026-00001")]


def test_issued_documents_outlive_an_erased_account(
    studio: Space, anna: Person, clock: HandClock, world: World
) -> None:
    """S8: the profile is emptied; what was issued stays as it was, with the name of that day, as the law asks."""
    invoice = paid(studio, anna, clock.now, **DUTCH)
    before = {kind: files.ensure_file(invoice, kind, clock.now) for kind in files.kinds_of(invoice)}
    buyer = invoice.buyer
    assert invoice.subscription is not None
    cancellations.cancel(invoice.subscription, actor=anna, now=clock.now)
    clock.set(datetime(2026, 6, 12, 6, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    chris = Person.objects.get(name="Chris")
    directory_people.set_admin(space=studio, person=chris, is_admin=True, actor=anna, now=clock.now)
    directory_account.erase_account(person=anna, now=clock.now)
    anna.refresh_from_db()
    kept = Invoice.objects.get(pk=invoice.pk)
    assert (anna.name, kept.buyer, kept.buyer["name"]) == ("", buyer, "Anna")
    assert {kind: files.ensure_file(kept, kind, clock.now) for kind in files.kinds_of(kept)} == before
    assert not findings(clock.now, "X9", "X10")
