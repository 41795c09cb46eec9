"""What is issued holds as data too: PDF/A-3 with CII inside, and UBL, by rules that we did not write ourselves.

Four customers, one of each tax treatment, live the same half year; every kind of document that comes of it is checked
in one call of the checker, since preparing its rules costs more than using them.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.conftest import HandClock
from tests.directory_world import begin
from tests.documents.examples import text_of
from tests.world import DUTCH, OUTSIDE, World, buy, change, customer_of
from zetel.actions import credit_notes, dues, invoices
from zetel.actions.credit_notes import Wish
from zetel.documents.amounts import amount_text
from zetel.documents.values import InvoiceDocument
from zetel.jobs import billing_run, files
from zetel.models import BalanceEntry, Customer, Invoice, Subscription
from zetel.rules.billing import Discount, Terms, due_minus_billed
from zetel.rules.documents import document
from zetel.rules.periods import Cycle
from zetel.rules.tax import Buyer, Seller, tax_treatment

pytestmark = pytest.mark.django_db

GERMAN = {"address_line1": "Lange Straße 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
TREATMENTS = {
    "domestic": DUTCH | {"language": "nl", "company": "Bakkerij & Zn. <De Vries>", "reference": "PO 4711"},
    "reverse charge": GERMAN
    | {"vat_number": "DE136695976", "company": "Müller GmbH", "invoice_email": "re@muller.example"},
    "oss": GERMAN | {"language": "nl"},
    "outside": OUTSIDE | {"company": "Acme 株式会社"},
}  # fmt: skip


def lived(world: World, clock: HandClock, treatment: str) -> Iterator[tuple[str, Invoice]]:
    """A purchase, a change of plan, credits, a renewal that balance pays, and a year at a discount."""
    clock.set(datetime(2026, 5, 12, 10, 0, tzinfo=UTC))
    anna = world.person("Anna", f"anna@{treatment.replace(' ', '')}.example")
    customer = customer_of(anna, clock.now, **TREATMENTS[treatment])
    if customer.vat_number:
        Customer.objects.filter(pk=customer.pk).update(vat_status="verified")
        customer.refresh_from_db()
    subscription = buy(world.workspace(anna), anna, clock.now, customer=customer).subscription
    bought = subscription.invoices.get()
    yield "purchase", bought
    clock.set(datetime(2026, 5, 30, 10, 0, tzinfo=UTC))
    change(subscription, clock.now, plan="business")
    changed = subscription.invoices.latest("issued_at")
    yield "plan change with credit line", changed
    give = {"goes_to": "balance", "actor": anna, "reason": "Asked by phone", "now": clock.now}
    yield "partial credit", credit_notes.credit(bought, Wish(amount=1000), **give)  # type: ignore[arg-type]
    yield "credit note", credit_notes.credit(changed, Wish(), **give)  # type: ignore[arg-type]
    clock.set(datetime(2026, 6, 12, 10, 0, tzinfo=UTC))
    BalanceEntry.objects.create(
        customer=customer, currency="EUR", amount=100_000, kind="given", created_at=clock.now
    )
    billing_run.run_due(clock.now)
    renewed = subscription.invoices.latest("issued_at")
    assert renewed.balance_used_amount == renewed.total_amount
    yield "renewal paid by balance", renewed
    yield from at_a_discount(customer, subscription, clock)


def at_a_discount(
    customer: Customer, subscription: Subscription, clock: HandClock
) -> Iterator[tuple[str, Invoice]]:
    """A year at 12.5 percent less, not paid yet, and half of it taken back as coverage."""
    terms = Terms(date(2026, 6, 12), "premium", Cycle.YEAR, 7, 13490, "EUR", date(2026, 6, 12))
    charged = due_minus_billed(
        [terms], [], through=terms.starts_on, discounts=[Discount(1250, terms.starts_on)]
    )
    buyer = Buyer(customer.country, customer.vat_status == "verified")
    treatment = tax_treatment(Seller("NL", oss=True), buyer, terms.starts_on)
    to = {"now": clock.now, "customer": customer, "subscription": subscription, "space": subscription.space}
    invoice = invoices.issue(document(charged, treatment), **to)  # type: ignore[arg-type]
    yield "discount", invoice
    billed = [dues.kept_of(line).line for line in invoice.lines.all()]
    half = due_minus_billed([terms], billed, through=terms.starts_on, ends_on=date(2026, 12, 12))
    note = invoices.issue(document(half, None), **to, kind="credit_note")  # type: ignore[arg-type]
    yield "discount taken back", note


@pytest.mark.checks
def test_every_kind_of_document_holds_as_pdf_a3_as_cii_and_as_ubl(
    clock: HandClock, checks: Path, tmp_path: Path
) -> None:
    world, kinds, written = begin(clock.now), set[str](), list[str]()
    for treatment in TREATMENTS:
        for kind, invoice in lived(world, clock, treatment):
            stated = files.document_of(invoice)
            for form in files.kinds_of(invoice):
                content = files.ensure_file(invoice, form, clock.now)
                file = tmp_path / f"{treatment} {kind} {form}.{'pdf' if form == 'pdf' else 'xml'}".replace(
                    " ", "-"
                )
                file.write_bytes(content)
                written.append(str(file))
            says_it_all(stated, text_of(files.ensure_pdf(invoice, clock.now)))
            kinds.add(f"{treatment} {kind}")
    assert len(kinds) == 28
    pages = [file for file in written if file.endswith(".pdf")]
    for script, given in (("einvoice_check.py", written), ("pdfa3_check.py", pages)):
        done = subprocess.run(
            [sys.executable, checks / "einvoice" / script, *given],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (
            "\n".join(
                line for line in done.stdout.splitlines() if ": valid" not in line and ": ok" not in line
            )
            + done.stderr
        )


def says_it_all(stated: InvoiceDocument, text: str) -> None:
    """The page names number, parties, VAT numbers, every line and the total."""
    wanted = [stated.number, stated.seller.name, stated.seller.vat_number, stated.customer.name]
    wanted += [stated.customer.vat_number] if any(row.category == "AE" for row in stated.taxes) else []
    wanted += [line.description for line in stated.lines]
    wanted += [
        amount_text(line.amount - line.discount_amount, stated.currency, stated.language)
        for line in stated.lines
    ]
    wanted += [amount_text(stated.total, stated.currency, stated.language)]
    flat = "".join(text.split())
    missing = [said for said in wanted if "".join(said.split()) not in flat]
    assert not missing, f"{stated.number} does not say {missing}: {text}"
