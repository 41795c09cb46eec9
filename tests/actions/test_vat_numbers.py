"""VAT numbers: verified, lost, proved by staff, and tax that comes back within 60 days (rules T1 to T4, M11).

Premium monthly, 15 seats from 12 May: 202.35; German tax at 19 % is 38.45, together 240.80.
"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import HandClock
from tests.directory_world import World
from tests.world import buy, change, customer_of
from zetel.actions import credit_notes, customers, hand_over, vat_numbers
from zetel.jobs import billing_run, files, vat_checks
from zetel.models import (
    Attempt,
    BalanceEntry,
    Customer,
    Event,
    Invoice,
    Mail,
    Person,
    Space,
    Subscription,
    VatCheck,
)
from zetel.rules.errors import ZetelError
from zetel.rules.vat_checks import Answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stays_healthy")]

GERMAN = {
    "address_line1": "Lange Straße 1", "postal_code": "10115", "city": "Berlin", "country": "DE",
    "company": "Müller GmbH", "vat_number": "DE136695976",
}  # fmt: skip


class Service:
    """Answers as it is told."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer, self.asked = answer, list[str]()

    def ask(self, country: str, number: str, *, within_seconds: float) -> Answer | None:
        self.asked.append(number)
        return self.answer


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """Away, until a test lets it answer."""
    made = Service(None)
    monkeypatch.setattr(vat_checks, "service", lambda: made)
    return made


def bought(studio: Space, anna: Person, clock: HandClock) -> Subscription:
    """Bought while the service was away, with tax."""
    customer = customer_of(anna, clock.now, **GERMAN)
    assert vat_checks.look(customer, now=clock.now) == "away"
    return buy(studio, anna, clock.now, customer=customer).subscription


def balance(customer: Customer) -> int:
    return sum(BalanceEntry.objects.filter(customer=customer).values_list("amount", flat=True))


def taxes(invoice: Invoice) -> list[tuple[str, int, int, int]]:
    return list(
        invoice.taxes.order_by("category").values_list("category", "rate_bp", "base_amount", "tax_amount")
    )


def test_a_confirmed_number_is_reversed_and_its_proof_is_kept(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    service.answer = Answer(True, "WAPI1", "Müller GmbH", "Berlin")
    customer = customer_of(anna, clock.now, **GERMAN)
    assert vat_checks.look(customer, now=clock.now) == "verified"
    check = VatCheck.objects.get()
    assert (check.status, check.consultation, check.name, check.answered_at) == (
        "valid", "WAPI1", "Müller GmbH", clock.now,
    )  # fmt: skip
    invoice = buy(studio, anna, clock.now, customer=customer).subscription.invoices.get()
    assert (taxes(invoice), invoice.total_amount) == ([("AE", 0, 20235, 0)], 20235)
    assert invoice.buyer["vat_number"] == "DE136695976"
    assert Event.objects.get(kind="customer.vat_verified").after["consultation"] == "WAPI1"


def test_tax_paid_while_the_service_was_away_comes_back(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    subscription = bought(studio, anna, clock)
    invoice = subscription.invoices.get()
    assert (invoice.tax_amount, invoice.total_amount) == (3845, 24080)
    service.answer = Answer(True, "WAPI2")
    clock.move(days=3)
    assert vat_checks.run_due(clock.now) == 1
    note = Invoice.objects.get(kind="credit_note")
    assert (note.total_amount, note.net_amount, note.credits_id) == (-3845, 0, invoice.pk)
    assert taxes(note) == [("AE", 0, 20235, 0), ("S", 1900, -20235, -3845)]
    assert balance(subscription.customer) == 3845
    words = files.document_of(note)
    assert words.customer.vat_number == "DE136695976"
    assert files.ensure_pdf(note, clock.now).startswith(b"%PDF")
    assert Mail.objects.filter(kind="invoice", invoice=note).count() == 1
    # Again gives nothing, and nothing is billed anew.
    assert vat_checks.run_due(clock.now) == 0
    assert billing_run.run_due(clock.now) == 0
    assert Invoice.objects.count() == 2
    clock.set(datetime(2026, 6, 12, 10, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    renewed = subscription.invoices.latest("issued_at")
    assert (renewed.total_amount, renewed.balance_used_amount) == (20235, 3845)


def test_a_later_change_of_plan_carries_no_tax_that_went_back(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    """Example 2: 106.93 to pay; nothing of the 19 % is given back a second time (T3)."""
    subscription = bought(studio, anna, clock)
    service.answer = Answer(True)
    clock.move(days=3)
    vat_checks.run_due(clock.now)
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    change(subscription, clock.now, plan="business")
    changed = subscription.invoices.latest("issued_at")
    assert (taxes(changed), changed.total_amount) == ([("AE", 0, 10693, 0)], 10693)


def test_only_what_is_left_after_a_change_is_taxed_anew(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    """Both invoices carry tax, and all of it comes back, though the second took back part of the first."""
    subscription = bought(studio, anna, clock)
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    change(subscription, clock.now, plan="business")
    paid = sum(row.tax_amount for row in Invoice.objects.all())
    service.answer = Answer(True)
    clock.move(hours=8)
    vat_checks.run_due(clock.now)
    notes = list(Invoice.objects.filter(kind="credit_note").order_by("issued_at", "sequence"))
    assert [note.net_amount for note in notes] == [0, 0]
    assert abs(sum(note.total_amount for note in notes) + paid) <= 1  # each note rounds its own tax (M8)
    assert balance(subscription.customer) == -sum(note.total_amount for note in notes)


def test_money_credited_before_is_not_given_back_twice(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    subscription = bought(studio, anna, clock)
    invoice = subscription.invoices.get()
    credit_notes.credit(
        invoice, credit_notes.Wish(), goes_to="balance", actor=anna, reason="Asked by phone", now=clock.now
    )
    service.answer = Answer(True)
    clock.move(days=1)
    vat_checks.run_due(clock.now)
    assert balance(subscription.customer) == 24080


def test_staff_credit_what_is_left_of_an_invoice_that_was_taxed_anew(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    subscription = bought(studio, anna, clock)
    service.answer = Answer(True)
    clock.move(days=1)
    vat_checks.run_due(clock.now)
    note = credit_notes.credit(
        subscription.invoices.filter(kind="invoice").get(), credit_notes.Wish(), goes_to="balance", actor=anna,
        reason="Asked by phone", now=clock.now,
    )  # fmt: skip
    assert (taxes(note), note.total_amount) == ([("AE", 0, -20235, 0)], -20235)
    assert balance(subscription.customer) == 24080


def test_tax_older_than_sixty_days_stays(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    subscription = bought(studio, anna, clock)
    clock.move(days=61)
    service.answer = Answer(True)
    vat_numbers.want(subscription.customer, now=clock.now)
    vat_checks.run_due(clock.now)
    assert Customer.objects.get(pk=subscription.customer_id).vat_status == "verified"
    assert not Invoice.objects.filter(kind="credit_note").exists()


def test_a_service_that_never_answers_is_given_up_after_sixty_days(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    bought(studio, anna, clock)
    clock.move(days=59)
    vat_checks.run_due(clock.now)
    assert VatCheck.objects.get().status == "waiting"
    clock.move(days=1)
    vat_checks.run_due(clock.now)
    assert VatCheck.objects.get().status == "unanswered"
    assert len(service.asked) == 3


def test_while_money_is_under_way_it_waits(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    subscription = bought(studio, anna, clock)
    clock.set(datetime(2026, 6, 12, 10, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    attempt = Attempt.objects.latest("id")
    status = attempt.status
    Attempt.objects.filter(pk=attempt.pk).update(status="unknown", ask_at=clock.now + timedelta(hours=1))
    service.answer = Answer(True)
    vat_checks.run_due(clock.now)
    assert VatCheck.objects.filter(gives_back=True).exists()
    Attempt.objects.filter(pk=attempt.pk).update(status=status, ask_at=attempt.ask_at)
    clock.move(minutes=1)
    vat_checks.run_due(clock.now)
    assert not VatCheck.objects.filter(gives_back=True).exists()
    renewal = subscription.invoices.get(renews_on__isnull=False)
    assert renewal.credit_notes.count() == 1


def test_a_number_is_checked_again_before_each_renewal_and_no_answer_keeps_it(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    service.answer = Answer(True)
    customer = customer_of(anna, clock.now, **GERMAN)
    vat_checks.look(customer, now=clock.now)
    subscription = buy(studio, anna, clock.now, customer=customer).subscription
    service.asked.clear()
    clock.set(datetime(2026, 6, 9, 10, 0, tzinfo=UTC))
    vat_checks.run_due(clock.now)
    assert service.asked == []
    service.answer = None
    clock.set(datetime(2026, 6, 11, 10, 0, tzinfo=UTC))
    vat_checks.run_due(clock.now)
    vat_checks.run_due(clock.now)
    assert service.asked == ["DE136695976"]  # once, then after a pause
    clock.set(datetime(2026, 6, 12, 10, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert subscription.invoices.latest("issued_at").tax_amount == 0
    service.answer = Answer(False)
    vat_checks.run_due(clock.now)
    clock.set(datetime(2026, 7, 12, 10, 0, tzinfo=UTC))
    billing_run.run_due(clock.now)
    assert subscription.invoices.latest("issued_at").tax_amount == 3845
    assert Event.objects.filter(kind="customer.vat_lost").count() == 1


def test_staff_record_evidence_that_the_service_does_not_undo(
    studio: Space, anna: Person, world: World, clock: HandClock, service: Service
) -> None:
    subscription = bought(studio, anna, clock)
    finance = world.person("Fien", "fien@zetel.example")
    with pytest.raises(ZetelError, match="reason_required"):
        vat_numbers.record_evidence(subscription.customer, " ", staff=finance, now=clock.now)
    assert Customer.objects.get(pk=subscription.customer_id).vat_status == "unverified"
    vat_numbers.record_evidence(
        subscription.customer, "Certificate of the tax office, 4 May", staff=finance, now=clock.now
    )
    told = Event.objects.get(kind="customer.vat_verified")
    assert (told.actor_id, told.reason) == (finance.pk, "Certificate of the tax office, 4 May")
    assert balance(subscription.customer) == 3845
    vat_numbers.want(subscription.customer, now=clock.now)
    service.answer = Answer(False)
    vat_checks.run_due(clock.now)
    assert Customer.objects.get(pk=subscription.customer_id).vat_status == "verified"


def test_another_number_replaces_what_waits(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    subscription = bought(studio, anna, clock)
    other = customers.BillingInformation(name="Anna", **GERMAN | {"vat_number": "DE129273398"})
    customers.change_information(subscription.customer, other, actor=anna, now=clock.now)
    assert list(VatCheck.objects.order_by("id").values_list("number", "status")) == [
        ("DE136695976", "replaced"), ("DE129273398", "waiting"),
    ]  # fmt: skip
    service.answer = Answer(True)
    vat_checks.run_due(clock.now)
    # The invoice was for the other number: its tax stays.
    assert not Invoice.objects.filter(kind="credit_note").exists()


@pytest.mark.checks
def test_the_note_holds_as_data(
    studio: Space, anna: Person, clock: HandClock, service: Service, checks: Path, tmp_path: Path
) -> None:
    bought(studio, anna, clock)
    service.answer = Answer(True)
    clock.move(days=1)
    vat_checks.run_due(clock.now)
    note = Invoice.objects.get(kind="credit_note")
    found = {
        kind: tmp_path / f"note-{kind}.{'pdf' if kind == 'pdf' else 'xml'}" for kind in files.kinds_of(note)
    }
    for kind, file in found.items():
        file.write_bytes(files.ensure_file(note, kind, clock.now))
    script = checks / "einvoice" / "einvoice_check.py"
    done = subprocess.run(
        [sys.executable, script, *found.values()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_purchase_that_passes_no_review_page_is_asked_about_too(
    studio: Space, anna: Person, clock: HandClock, service: Service
) -> None:
    """As through the API: taxed at once, and given back when the queue was answered."""
    subscription = buy(studio, anna, clock.now, customer=customer_of(anna, clock.now, **GERMAN)).subscription
    assert subscription.invoices.get().tax_amount == 3845
    service.answer = Answer(True)
    assert vat_checks.run_due(clock.now) == 1
    assert balance(subscription.customer) == 3845


def test_the_proof_of_a_number_goes_along_with_a_copy_of_its_customer(
    studio: Space, anna: Person, world: World, clock: HandClock, service: Service
) -> None:
    """P12: of two plans one is handed over; what staff proved for the number still counts there."""
    subscription = bought(studio, anna, clock)
    buy(world.workspace(anna, "Atelier"), anna, clock.now, seats=5, customer=subscription.customer)
    vat_numbers.record_evidence(subscription.customer, "Certificate seen", staff=anna, now=clock.now)
    chris = world.person("Chris")
    world.join(studio, chris)
    hand_over.give(subscription, to=chris, actor=anna, now=clock.now)
    moved = Subscription.objects.get(pk=subscription.pk).customer
    assert moved.pk != subscription.customer_id
    assert vat_numbers.want(moved, now=clock.now)
    service.answer = Answer(False)
    vat_checks.run_due(clock.now)
    assert Customer.objects.get(pk=moved.pk).vat_status == "verified"
