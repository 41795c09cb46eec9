"""Invoices and credit notes with their lines explained, their files, paying them, payments and refunds (I1 to I7).

Who may read a document is asked as for the pages: the billing owner of its subscription, or the last one (R3, R7).
"""

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.access import load_invoice, readable_invoices
from zetel.actions import collections, dues, standing
from zetel.api.callers import ApiRequest
from zetel.api.lines import LineShown, TaxShown, line_of_row
from zetel.api.operations import operation
from zetel.api.repeats import Answer, Begun
from zetel.api.values import (
    CustomerId,
    InvoiceId,
    ListQuery,
    Many,
    Money,
    Nothing,
    PaymentId,
    RefundId,
    Shown,
    SpaceId,
    SubscriptionId,
    money,
    page_of,
    parse_id,
)
from zetel.documents.languages import reader_language
from zetel.jobs import collect, files
from zetel.models import Attempt, Invoice, Payment, Refund
from zetel.models.ids import public_id
from zetel.models.payments import UNSETTLED
from zetel.rules.errors import ZetelError

router = Router()


class InvoiceShown(Shown):
    """An issued document; a credit note has negative amounts."""

    id: InvoiceId
    kind: Literal["invoice", "credit_note"]
    number: str = Field(examples=["INV-2026-00042"])
    state: Literal["open", "paid", "credited", "written_off"]
    customer: CustomerId
    subscription: SubscriptionId | None
    space: SpaceId | None
    credits: InvoiceId | None = Field(description="Of a credit note: the invoice it takes back from.")
    issued_on: date
    due_on: date
    language: str = Field(examples=["nl"])
    net: Money
    tax: Money
    total: Money
    balance_used: Money
    due: Money = Field(description="What is still to be paid.")


class WholeInvoice(InvoiceShown):
    seller: dict[str, Any] = Field(description="As printed: of the day of issue.")
    buyer: dict[str, Any]
    lines: list[LineShown]
    taxes: list[TaxShown]


class InvoicesQuery(ListQuery):
    kind: Literal["invoice", "credit_note"] | None = None
    state: Literal["open", "paid", "credited", "written_off"] | None = None
    space: SpaceId | None = None
    subscription: SubscriptionId | None = None


class PaymentShown(Shown):
    id: PaymentId
    customer: CustomerId
    invoice: InvoiceId | None
    amount: Money
    status: str = Field(examples=["paid"])
    action_url: str | None = Field(description="Where the payer approves at the bank.")
    reason: str = Field(description="Why the last try was refused.", examples=[""])
    created_at: datetime
    paid_at: datetime | None


class RefundShown(Shown):
    id: RefundId
    invoice: InvoiceId | None
    credit_note: InvoiceId | None
    amount: Money
    status: str = Field(examples=["done"])
    created_at: datetime


def facts(row: Invoice, due: int) -> dict[str, Any]:
    """What a list shows of a document."""
    currency = row.currency
    return {
        "id": row.public_id, "kind": row.kind, "number": row.number, "state": row.state,
        "customer": public_id("cus", row.customer_id),
        "subscription": public_id("sub", row.subscription_id) if row.subscription_id else None,
        "space": public_id("spc", row.space_id) if row.space_id else None,
        "credits": public_id("inv", row.credits_id) if row.credits_id else None, "issued_on": row.issued_on,
        "due_on": row.due_on, "language": row.language, "net": money(row.net_amount, currency),
        "tax": money(row.tax_amount, currency), "total": money(row.total_amount, currency),
        "balance_used": money(row.balance_used_amount, currency), "due": money(due, currency),
    }  # fmt: skip


def shown_all(rows: list[Invoice]) -> list[InvoiceShown]:
    due = dues.dues_of(rows) if rows else {}
    return [InvoiceShown(**facts(row, due.get(row.pk, 0))) for row in rows]


def whole(row: Invoice) -> WholeInvoice:
    """One document with its lines."""
    lines = list(row.lines.order_by("position"))
    sources = standing.sources_of(lines)
    taxes = row.taxes.order_by("category", "-rate_bp")
    return WholeInvoice(
        **facts(row, dues.dues_of([row]).get(row.pk, 0)), seller=row.seller, buyer=row.buyer,
        lines=[line_of_row(line, row.currency, sources) for line in lines],
        taxes=[
            TaxShown(
                category=tax.category, rate_bp=tax.rate_bp, base=money(tax.base_amount, row.currency),
                tax=money(tax.tax_amount, row.currency),
            )
            for tax in taxes
        ],
    )  # fmt: skip


@operation(router, "GET", "/invoices", answer=Many[InvoiceShown], codes=("person_required",))
def list_invoices(request: ApiRequest, query: Query[InvoicesQuery]) -> Many[InvoiceShown]:
    """The documents that the person may read, newest first."""
    rows = Invoice.objects.filter(readable_invoices(request.caller.somebody))
    if query.kind:
        rows = rows.filter(kind=query.kind)
    if query.state:
        rows = rows.filter(state=query.state)
    if query.space:
        rows = rows.filter(space=parse_id("spc", query.space))
    if query.subscription:
        rows = rows.filter(subscription=parse_id("sub", query.subscription))
    return page_of(rows, query, shown_all)


@operation(router, "GET", "/invoices/{invoice_id}", answer=WholeInvoice, codes=("person_required",))
def get_invoice(request: ApiRequest, invoice_id: InvoiceId) -> WholeInvoice:
    """One document with its lines, each explained so that it can be checked by hand."""
    return whole(_load(request, invoice_id))


@operation(
    router, "GET", "/invoices/{invoice_id}/pdf", answer=None, media="application/pdf", codes=("person_required",)
)  # fmt: skip
def get_invoice_pdf(request: ApiRequest, invoice_id: InvoiceId) -> HttpResponse:
    """The document as it was issued, as PDF."""
    return pdf_of(_load(request, invoice_id))


def pdf_of(row: Invoice) -> HttpResponse:
    answer = HttpResponse(files.ensure_pdf(row, clock.now()), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{files.file_name(row)}"'
    return answer


@operation(
    router, "GET", "/invoices/{invoice_id}/xml", answer=None, media="application/xml", codes=("person_required",)
)  # fmt: skip
def get_invoice_xml(request: ApiRequest, invoice_id: InvoiceId) -> HttpResponse:
    """The document as an e-invoice (UBL), in the form its customer most likely takes; not every currency has one."""
    row = _load(request, invoice_id)
    kind = next(iter(files.kinds_of(row)[1:]), None)
    if kind is None:
        raise ZetelError("not_found")
    answer = HttpResponse(files.ensure_file(row, kind, clock.now()), content_type="application/xml")
    answer["Content-Disposition"] = f'attachment; filename="{files.file_name(row, kind)}"'
    return answer


def _collect(request: ApiRequest, subject: str) -> Answer:
    payment = parse_id("pay", subject)
    for attempt in Attempt.objects.filter(payment=payment, status="created").values_list("pk", flat=True):
        collect.collect(attempt, now=clock.now())
    row = Payment.objects.get(pk=payment)
    waits = Attempt.objects.filter(payment=row, status__in=UNSETTLED).exists()
    return Answer(payments_shown([row])[0], 202 if waits else 200)


@operation(
    router, "POST", "/invoices/{invoice_id}/pay", answer=PaymentShown, also={202: PaymentShown}, then=_collect,
    codes=("nothing_due", "method_required", "amount_below_minimum", "manual_invoice_only", "gateway_unavailable"),
)  # fmt: skip
def pay_invoice(request: ApiRequest, invoice_id: InvoiceId, body: Nothing) -> Begun:
    """Try now to collect an open invoice with the saved method. 202 while the outcome is awaited; a try that was
    refused says so in `reason`."""
    row = _load(request, invoice_id)
    back = f"/spaces/{public_id('spc', row.space_id)}/billing/" if row.space_id else "/billing/"
    attempt = collections.pay(
        row,
        actor=request.caller.somebody,
        now=clock.now(),
        language=reader_language(),
        return_path=back,
    )
    return Begun(public_id("pay", attempt.payment_id))


def payments_shown(rows: list[Payment]) -> list[PaymentShown]:
    tries = {one.payment_id: one for one in Attempt.objects.filter(payment__in=rows).order_by("number")}
    return [
        PaymentShown(
            id=row.public_id, customer=public_id("cus", row.customer_id), amount=money(row.amount, row.currency),
            invoice=public_id("inv", row.invoice_id) if row.invoice_id else None, status=row.status,
            action_url=(tries[row.pk].action_url or None) if row.pk in tries and tries[row.pk].status == "action"
            else None,
            reason=tries[row.pk].reason if row.pk in tries else "", created_at=row.created_at, paid_at=row.paid_at,
        )
        for row in rows
    ]  # fmt: skip


def refunds_shown(rows: list[Refund]) -> list[RefundShown]:
    return [
        RefundShown(
            id=row.public_id, invoice=public_id("inv", row.invoice_id) if row.invoice_id else None,
            credit_note=public_id("inv", row.credit_note_id) if row.credit_note_id else None,
            amount=money(row.amount, row.currency), status=row.status, created_at=row.created_at,
        )
        for row in rows
    ]  # fmt: skip


@operation(router, "GET", "/payments", answer=Many[PaymentShown], codes=("person_required",))
def list_payments(request: ApiRequest, query: Query[ListQuery]) -> Many[PaymentShown]:
    """Payments of the documents that the person may read, newest first."""
    mine = Invoice.objects.filter(readable_invoices(request.caller.somebody)).values("pk")
    return page_of(Payment.objects.filter(invoice__in=mine), query, payments_shown)


@operation(router, "GET", "/refunds", answer=Many[RefundShown], codes=("person_required",))
def list_refunds(request: ApiRequest, query: Query[ListQuery]) -> Many[RefundShown]:
    """Refunds of the documents that the person may read, newest first."""
    mine = Invoice.objects.filter(readable_invoices(request.caller.somebody)).values("pk")
    return page_of(Refund.objects.filter(invoice__in=mine), query, refunds_shown)


def _load(request: ApiRequest, invoice_id: str) -> Invoice:
    request.caller.check_names_somebody()
    return load_invoice(request, parse_id("inv", invoice_id))
