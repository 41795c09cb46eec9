"""Issuing invoices and credit notes: draw the number, freeze the parties of the day, write the lines (I1, I2).

A document is issued from lines that were priced by `rules`; nothing is reckoned here. The number is drawn in the same
transaction, so a roll-back gives it back and the series has no gap.
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction

from zetel.actions import mail
from zetel.actions._change import Row, transition
from zetel.actions.home_tax import home_tax_of
from zetel.models import (
    Customer,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    IssuedFile,
    ManualInvoice,
    Payment,
    Person,
    Quote,
    Series,
    Space,
    Subscription,
)
from zetel.models.ids import new_id, public_id
from zetel.rules import manual_invoices, transitions
from zetel.rules.credits import MONEY_RULES
from zetel.rules.invoices import issue_date, number
from zetel.rules.periods import first_instant, local_date
from zetel.rules.quotes import Document

_PREFIX = {"invoice": "INV-", "credit_note": "CN-"}


def issue(
    document: Document,
    *,
    now: datetime,
    customer: Customer,
    subscription: Subscription,
    space: Space | None,
    kind: str = "invoice",
    quote: Quote | None = None,
    credits: Invoice | None = None,
    renews_on: date | None = None,
    balance_used: int = 0,
) -> Invoice:
    """Write one document with its number, lines and taxes; open until it is paid. Amounts in minor units.

    Of a plan on manual invoice what is left to pay is asked for by bank, within its payment term (G5).
    """
    drawn = next(draw(kind, 1, now=now))
    is_asked = kind == "invoice" and subscription.is_manual
    row = invoice_row(
        document, drawn, now=now, customer=customer, subscription_id=subscription.pk, space=space, kind=kind,
        quote_id=quote.pk if quote else None, credits_id=credits.pk if credits else None, renews_on=renews_on,
        balance_used=balance_used, seller=seller_of_the_day(), purchase_order=subscription.purchase_order,
        term_days=subscription.payment_term_days if is_asked else None,
    )  # fmt: skip
    invoice = Invoice.objects.create(**row)
    if is_asked and document.total > balance_used:
        ManualInvoice.objects.create(**manual_row(row, subscription.payment_term_days or 0))
    InvoiceLine.objects.bulk_create(
        InvoiceLine(**row) for row in line_rows(document, invoice.pk, subscription.pk)
    )
    InvoiceTax.objects.bulk_create(InvoiceTax(**row) for row in tax_rows(document, invoice.pk))
    return invoice


class Drawn(NamedTuple):
    """One number of a series, and the day that its document bears."""

    series_id: uuid.UUID
    year: int
    sequence: int
    issued_on: date


def draw(kind: str, count: int, *, now: datetime) -> Iterator[Drawn]:
    """The next so many numbers of the series of this year; dates in a series never run backwards (rule I2).

    The row of the series stays locked until the transaction ends, so a batch draws when it is about to write.
    """
    assert transaction.get_connection().in_atomic_block, "a number is drawn in the issuing transaction"
    today = local_date(now, settings.CONFIG.seller.time_zone)
    key = {"seller": settings.CONFIG.seller.legal_name[:64], "year": today.year, "kind": kind}
    try:
        with transaction.atomic():
            Series.objects.get_or_create(**key, defaults={"last_date": today})
    except IntegrityError:  # another transaction made the row between our look and our write
        pass
    series = Series.objects.select_for_update().get(**key)
    first, issued_on = series.last_number + 1, issue_date(today, series.last_date)
    Series.objects.filter(pk=series.pk).update(last_number=series.last_number + count, last_date=issued_on)
    return (Drawn(series.pk, series.year, first + place, issued_on) for place in range(count))


def invoice_row(
    document: Document,
    drawn: Drawn,
    *,
    now: datetime,
    customer: Customer,
    subscription_id: uuid.UUID,
    space: Space | None,
    seller: Mapping[str, Any],
    kind: str = "invoice",
    quote_id: uuid.UUID | None = None,
    credits_id: uuid.UUID | None = None,
    renews_on: date | None = None,
    balance_used: int = 0,
    state: str = "open",
    invoice_id: uuid.UUID | None = None,
    term_days: int | None = None,
    purchase_order: str = "",
) -> Row:
    """The columns of one document with its number, to be written alone or with a batch."""
    due_on = drawn.issued_on + timedelta(days=term_days or 0)
    return {
        "id": invoice_id or new_id(), "kind": kind, "series_id": drawn.series_id, "sequence": drawn.sequence,
        "number": number(_PREFIX[kind], drawn.year, drawn.sequence), "customer_id": customer.id,
        "subscription_id": subscription_id, "space_id": space.id if space else None,
        "quote_id": quote_id, "credits_id": credits_id,
        "renews_on": renews_on, "issued_on": drawn.issued_on, "due_on": due_on, "issued_at": now,
        "language": customer.language, "currency": customer.currency, "net_amount": document.net,
        "tax_amount": document.tax, "home_tax": home_tax_of(document.tax, customer.currency, drawn.issued_on),
        "total_amount": document.total, "balance_used_amount": balance_used,
        "seller": seller, "buyer": buyer_of_the_day(customer, space, purchase_order), "state": state,
    }  # fmt: skip


def manual_row(invoice: Row, term_days: int) -> Row:
    """The columns of what is asked for by bank of an invoice, by its own columns (G5)."""
    return {
        "id": new_id(), "invoice_id": invoice["id"], "term_days": term_days, "due_on": invoice["due_on"],
        "steps_done": 0, "next_at": step_at(invoice["due_on"], 0), "overdue_at": None, "at_finance_at": None,
    }  # fmt: skip


def step_at(due_on: date, done: int) -> datetime | None:
    """When the step after so many comes: the first instant of its day, where the seller is."""
    on = manual_invoices.next_on(due_on, done)
    return first_instant(on, settings.CONFIG.seller.time_zone) if on else None


def line_rows(document: Document, invoice_id: uuid.UUID, subscription_id: uuid.UUID) -> Iterator[Row]:
    """The columns of a document's lines, in order."""
    for position, line in enumerate(document.lines, start=1):
        assert line.tax_category is not None, "a line is issued with its tax category"
        assert line.rate_bp is not None, "a line is issued with its tax rate"
        yield {
            "id": new_id(), "invoice_id": invoice_id, "subscription_id": subscription_id, "position": position,
            "kind": line.kind, "is_coverage": line.rule not in MONEY_RULES,
            "plan": line.plan, "cycle": line.cycle, "seats": line.seats,
            "unit_amount": line.unit_amount, "start": line.start, "end": line.end, "period_start": line.period_start,
            "period_end": line.period_end, "amount": line.amount, "discount_bp": line.discount_bp,
            "discount_amount": line.discount_amount, "tax_category": line.tax_category, "rate_bp": line.rate_bp,
            "rule": line.rule, "takes_back": list(line.takes_back),
        }  # fmt: skip


def tax_rows(document: Document, invoice_id: uuid.UUID) -> Iterator[Row]:
    """The columns of a document's taxes."""
    for row in document.taxes:
        yield {
            "id": new_id(), "invoice_id": invoice_id, "category": row.category, "rate_bp": row.rate_bp,
            "base_amount": row.net, "tax_amount": row.tax, "reason": "",
        }  # fmt: skip


def mark_paid(invoice: Invoice) -> bool:
    """Nothing is due any more. Only the transition decides whether that is still news."""
    return transition(invoice, transitions.INVOICE, "paid", field="state")


def book(invoice: Invoice, payment: Payment | None, *, due: int, now: datetime) -> None:
    """Book the payment that a change waited for on the invoice it brought; without one it is paid if nothing is due."""
    if payment:
        transition(payment, transitions.PAYMENT, "paid", paid_at=now, invoice=invoice)
    if payment or due == 0:
        mark_paid(invoice)


def mail_invoice(invoice: Invoice, *, now: datetime) -> None:
    """The invoice goes to the billing owner and, when one was given, to the accounts mailbox; once each (I4)."""
    columns = {field.attname: getattr(invoice, field.attname) for field in Invoice._meta.concrete_fields}
    manual = ManualInvoice.objects.filter(invoice=invoice).values_list("term_days", flat=True).first()
    for row in mail_rows(columns, invoice.customer, invoice.space, now, term_days=manual):
        mail.queue_row(row)


def mail_rows(
    invoice: Row, customer: Customer, space: Space | None, now: datetime, *, term_days: int | None = None
) -> Iterator[Row]:
    """The columns of those mails, for an invoice by its own columns; with a term it asks to be paid by bank."""
    owner = customer.billing_owner
    addresses: dict[str, Person | None] = {owner.email: owner} if owner else {}
    if customer.invoice_email:
        addresses.setdefault(customer.invoice_email, None)
    params = {
        "number": invoice["number"], "total_amount": invoice["total_amount"], "currency": invoice["currency"],
        "issued_on": invoice["issued_on"].isoformat(), "state": invoice["state"], "kind": invoice["kind"],
        "space": space.name if space else "", "invoice": public_id(Invoice.PREFIX, invoice["id"]),
    }  # fmt: skip
    if term_days is not None and invoice["state"] == "open":
        params |= {"pay_by": invoice["due_on"].isoformat(), "iban": invoice["seller"]["iban"]}
    for email, person in addresses.items():
        yield mail.mail_row(
            "invoice", once_key=f"invoice:{invoice['id']}:{email}", now=now, to_person=person, to_email=email,
            language=person.language if person else invoice["language"], invoice_id=invoice["id"], space=space,
            params=params,
        )  # fmt: skip


def keep_file(invoice_id: uuid.UUID, *, kind: str, content: bytes, sha256: str, now: datetime) -> IssuedFile:
    """Freeze the bytes of a document; whoever comes second gets what the first one kept (rule I1, X10)."""
    kept, _ = IssuedFile.objects.get_or_create(
        invoice_id=invoice_id, kind=kind, defaults={"content": content, "sha256": sha256, "created_at": now}
    )
    return kept


def seller_of_the_day() -> dict[str, Any]:
    """The seller's details as they are printed on documents issued now, and whether it is in the one-stop shop (T1)."""
    seller = settings.CONFIG.seller
    street, street2 = (*seller.address_lines, "", "")[:2]
    return {
        "name": seller.legal_name, "address": [*seller.address_lines, f"{seller.postcode} {seller.city}".strip()],
        "country": seller.country, "vat_number": seller.vat_number, "registration": seller.registration_number,
        "iban": seller.iban, "email": seller.support_email, "oss_registered": seller.oss_registered,
        "parts": _parts(street, street2, seller.postcode, seller.city, ""),
    }  # fmt: skip


def buyer_of_the_day(customer: Customer, space: Space | None, purchase_order: str = "") -> dict[str, Any]:
    """The customer's details as they are printed on documents issued now, and the space's name of the day.

    `purchase_order` is the number under which the customer ordered (I4).
    """
    city = f"{customer.postal_code} {customer.city}".strip()
    address = [customer.address_line1, customer.address_line2, city, customer.region]
    owner = customer.billing_owner or customer.entered_by
    return {
        "name": customer.company or customer.name, "attention": customer.name if customer.company else "",
        "address": [part for part in address if part], "country": customer.country,
        "vat_number": customer.vat_number if customer.vat_status == "verified" else "",
        "stated_vat_number": customer.vat_number, "reference": customer.reference, "space": space.name if space else "",
        "email": customer.invoice_email, "purchase_order": purchase_order,
        "electronic_address": customer.invoice_email or (owner.email if owner else ""),
        "parts": _parts(
            customer.address_line1, customer.address_line2, customer.postal_code, customer.city, customer.region
        ),
    }  # fmt: skip


def _parts(street: str, street2: str, postcode: str, city: str, region: str) -> dict[str, str]:
    """An address in its parts, as an e-invoice names them."""
    return {"street": street, "street2": street2, "postcode": postcode, "city": city, "region": region}
