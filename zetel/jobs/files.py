"""The PDF of an issued document: made once from the frozen row, kept, and the same bytes for ever (rules I1, X10).

Everything on the paper comes from the invoice row, its lines and its taxes, and from payments booked at the instant
of issue, so it does not matter when somebody first asks for it.
"""

import hashlib
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import structlog
from babel import Locale
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from zetel.actions import standing
from zetel.actions.invoices import keep_file
from zetel.documents.explain import Source, explain
from zetel.documents.invoice import DocumentLine, InvoiceDocument, Party, TaxRow, render
from zetel.documents.values import Kind
from zetel.models import Attempt, CatalogVersion, Invoice, InvoiceLine, IssuedFile, Payment
from zetel.rules.periods import local_date

PDF = "pdf"
_LOGO_SUFFIXES = (".png", ".svg")  # what the typesetter can place

log = structlog.get_logger(__name__)


def ensure_pdf(invoice: Invoice, now: datetime) -> bytes:
    """The document's PDF; made and kept on the first call, the kept bytes ever after."""
    kept = IssuedFile.objects.filter(invoice=invoice, kind=PDF).first()
    if kept is None:
        content = render(document_of(invoice))
        sha256 = hashlib.sha256(content).hexdigest()
        kept = keep_file(invoice.pk, kind=PDF, content=content, sha256=sha256, now=now)
    return bytes(kept.content)


def file_name(invoice: Invoice) -> str:
    """`INV-2026-00042.pdf`."""
    return f"{invoice.number}.pdf"


def document_of(invoice: Invoice) -> InvoiceDocument:
    """All that stands on the paper, from what was written at issue."""
    language: Literal["nl", "en"] = "nl" if invoice.language.startswith("nl") else "en"
    paid_amount, paid_on, payment_note = _paid_at_issue(invoice, language)
    is_note = invoice.kind == "credit_note"
    abroad = invoice.seller.get("country") != invoice.buyer.get("country")
    open_amount = invoice.total_amount - invoice.balance_used_amount - paid_amount
    return InvoiceDocument(
        kind=cast(Kind, invoice.kind),
        number=invoice.number,
        issued_on=invoice.issued_on,
        due_on=None if is_note else invoice.due_on,
        language=language,
        currency=invoice.currency,
        seller=_party(invoice.seller, abroad, language),
        customer=_party(invoice.buyer, abroad, language),
        lines=_lines(invoice, language),
        taxes=_taxes(invoice),
        net=invoice.net_amount,
        tax=invoice.tax_amount,
        total=invoice.total_amount,
        due_amount=0 if is_note else max(open_amount, 0),
        balance_used=invoice.balance_used_amount,
        paid_amount=paid_amount,
        paid_on=paid_on,
        payment_note=payment_note,
        reference=invoice.buyer.get("reference", ""),
        credits_number=invoice.credits.number if invoice.credits else "",
        logo=_logo(settings.CONFIG.seller.logo),
    )


def _paid_at_issue(invoice: Invoice, language: str) -> tuple[int, date | None, str]:
    """What was paid when the document was issued, when, and by which method: a purchase is paid before it (C5)."""
    payments = list(
        Payment.objects.filter(invoice=invoice, paid_at__lte=invoice.issued_at).values_list("amount", "pk")
    )
    if not payments:
        return 0, None, ""
    label = (
        Attempt.objects.filter(payment__in=[pk for _, pk in payments], status="paid")
        .values_list("method__label", flat=True)
        .first()
    )
    with translation.override(language):
        note = gettext("Paid with %(method)s.") % {"method": label} if label else ""
    paid_on = local_date(invoice.issued_at, ZoneInfo(invoice.customer.time_zone))
    return sum(amount for amount, _ in payments), paid_on, note


def _party(details: dict[str, Any], abroad: bool, language: str) -> Party:
    """Seller or buyer as frozen at issue; the country is named when the other one is elsewhere."""
    country = details.get("country", "")
    names = Locale.parse(language).territories
    return Party(
        name=details["name"],
        address=(
            *details.get("address", ()),
            *([str(names[country])] if abroad and country in names else []),
        ),
        country=country,
        attention=details.get("attention", ""),
        vat_number=details.get("vat_number", ""),
        iban=details.get("iban", ""),
        email=details.get("email", ""),
    )


def _lines(invoice: Invoice, language: str) -> tuple[DocumentLine, ...]:
    plans = CatalogVersion.objects.current().plans
    rows = list(invoice.lines.order_by("position"))
    space = invoice.buyer.get("space", "")
    names = {row.plan: plans[row.plan].name if row.plan in plans else row.plan.title() for row in rows}
    sources = standing.sources_of(rows)
    with translation.override(language):
        return tuple(
            replace(
                _line(row, names[row.plan], space),
                explanation=_taken(row, sources, invoice.currency, language),
            )
            for row in rows
        )


def _taken(row: InvoiceLine, sources: dict[str, Source], currency: str, language: str) -> str:
    """What a credit says beside its figures: whose lines it takes back. Others need no more than their figures."""
    if not row.takes_back:
        return ""
    return explain(
        seats=row.seats, unit_price=row.unit_amount, days=(row.end - row.start).days,
        of_days=(row.period_end - row.period_start).days, amount=row.amount, currency=currency, language=language,
        discount_bp=row.discount_bp, discount_amount=row.discount_amount,
        rule=row.rule, taken_from=[sources[line_id] for line_id in row.takes_back if line_id in sources],
    )  # fmt: skip


def _line(row: InvoiceLine, plan: str, space: str) -> DocumentLine:
    cycle = gettext("monthly") if row.cycle == "month" else gettext("annual")
    return DocumentLine(
        description=", ".join(part for part in (plan, cycle, space) if part),
        seats=row.seats if row.is_coverage else 0,  # money has no figures of its own
        unit_price=row.unit_amount if row.is_coverage else 0,
        days=(row.end - row.start).days,
        of_days=(row.period_end - row.period_start).days,
        period_start=row.start,
        period_end=row.end,
        amount=row.amount,
        tax_rate_bp=row.rate_bp,
        discount_bp=row.discount_bp,
        discount_amount=row.discount_amount,
    )


def _taxes(invoice: Invoice) -> tuple[TaxRow, ...]:
    return tuple(
        TaxRow(row.category, row.rate_bp, row.base_amount, row.tax_amount)
        for row in invoice.taxes.order_by("category", "-rate_bp")
    )


def _logo(file: Path | None) -> bytes:
    """The seller's logo as it is now; a document is never held up by a picture that went missing."""
    if file is None or file.suffix.lower() not in _LOGO_SUFFIXES:
        return b""
    try:
        return file.read_bytes()
    except OSError as error:
        log.warning("logo cannot be read", file=str(file), error=str(error))
        return b""
