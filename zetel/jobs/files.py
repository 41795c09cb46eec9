"""The files of an issued document: made once from the frozen row, kept, and the same bytes for ever (rules I1, X10).

PDF and e-invoices are made together from one value, whichever is asked for first, so they cannot say different things.
Everything in them comes from the invoice row, its lines and its taxes, and from payments booked at the instant
of issue, so it does not matter when somebody first asks for it.
"""

import hashlib
from collections.abc import Mapping, Sequence
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
from zetel.documents.bank_payment import bank_payment
from zetel.documents.einvoice import can_be_stated, ubl
from zetel.documents.explain import Source, explain_issued
from zetel.documents.invoice import DocumentLine, InvoiceDocument, Party, TaxRow, render
from zetel.documents.values import BankPayment, HomeTax, Kind, Reference
from zetel.models import Attempt, CatalogVersion, Invoice, InvoiceLine, IssuedFile, ManualInvoice, Payment
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money, decimals
from zetel.rules.periods import local_date

PDF, UBL, NLCIUS = "pdf", "ubl", "nlcius"
"""What is kept of a document: the page with CII inside, UBL by Peppol BIS 3, and UBL by the Dutch NLCIUS."""

MIME_TYPES = {PDF: "application/pdf", UBL: "application/xml", NLCIUS: "application/xml"}
_LOGO_SUFFIXES = (".png", ".svg")  # what the typesetter can place

log = structlog.get_logger(__name__)


def ensure_pdf(invoice: Invoice, now: datetime) -> bytes:
    """The document's PDF; made and kept on the first call, the kept bytes ever after."""
    return ensure_file(invoice, PDF, now)


def ensure_file(invoice: Invoice, kind: str, now: datetime) -> bytes:
    """One file of the document; `not_found` for one that it does not have."""
    kept = IssuedFile.objects.filter(invoice=invoice, kind=kind).first()
    if kept is None:
        if kind not in kinds_of(invoice):
            raise ZetelError("not_found")
        made = files_of(document_of(invoice))
        for each, content in made.items():
            sha256 = hashlib.sha256(content).hexdigest()
            keep_file(invoice.pk, kind=each, content=content, sha256=sha256, now=now)
        kept = IssuedFile.objects.get(invoice=invoice, kind=kind)
    return bytes(kept.content)


def files_of(document: InvoiceDocument) -> dict[str, bytes]:
    """All files of a document, from the one value."""
    made = {PDF: render(document)}
    if can_be_stated(document):
        made[UBL] = ubl(document, "peppol")
        if _is_dutch(document.seller.country, document.customer.country):
            made[NLCIUS] = ubl(document, "nlcius")
    return made


def kinds_of(invoice: Invoice) -> tuple[str, ...]:
    """The files that a document has, the page first, then the e-invoice that its customer most likely takes.

    An e-invoice has two decimals at most; the Dutch form is for a Dutch seller and a Dutch customer.
    """
    if decimals(invoice.currency) > 2:
        return (PDF,)
    is_dutch = _is_dutch(invoice.seller.get("country"), invoice.buyer.get("country"))
    return (PDF, NLCIUS, UBL) if is_dutch else (PDF, UBL)


def _is_dutch(*countries: object) -> bool:
    return all(country == "NL" for country in countries)


def file_name(invoice: Invoice, kind: str = PDF) -> str:
    """`INV-2026-00042.pdf`, and `INV-2026-00042.xml` or `INV-2026-00042-peppol.xml` beside it."""
    kinds = kinds_of(invoice)
    if kind == PDF:
        return f"{invoice.number}.pdf"
    return f"{invoice.number}.xml" if kinds[1:2] == (kind,) else f"{invoice.number}-peppol.xml"


def document_of(invoice: Invoice) -> InvoiceDocument:
    """All that stands on the paper, from what was written at issue."""
    language: Literal["nl", "en"] = "nl" if invoice.language.startswith("nl") else "en"
    paid_amount, paid_on, payment_note = _paid_at_issue(invoice, language)
    lines = list(invoice.lines.order_by("position"))
    sources = standing.sources_of(lines)
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
        seller=party(invoice.seller, abroad, language),
        customer=party(invoice.buyer, abroad, language),
        lines=_lines(invoice, lines, sources, language),
        taxes=_taxes(invoice),
        net=invoice.net_amount,
        tax=invoice.tax_amount,
        total=invoice.total_amount,
        due_amount=0 if is_note else max(open_amount, 0),
        balance_used=invoice.balance_used_amount,
        paid_amount=paid_amount,
        paid_on=paid_on,
        payment_note=payment_note,
        bank=_bank(invoice, max(open_amount, 0)),
        reference=invoice.buyer.get("reference", ""),
        credits_number=invoice.credits.number if invoice.credits else "",
        credited=_credited(invoice, sources),
        buyer_reference=invoice.customer.public_id,
        purchase_order=invoice.buyer.get("purchase_order", ""),
        payment_means=_payment_means(invoice),
        home_tax=_home_tax(invoice),
        logo=logo_bytes(settings.CONFIG.seller.logo),
    )


def _bank(invoice: Invoice, due: int) -> BankPayment | None:
    """How it is paid by bank, for what was issued on manual invoice (G5)."""
    iban = invoice.seller.get("iban", "")
    if not due or not ManualInvoice.objects.filter(invoice=invoice).exists():
        return None
    return bank_payment(invoice.seller["name"], iban, invoice.number, Money(due, invoice.currency))


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


def _credited(invoice: Invoice, sources: Mapping[str, Source]) -> tuple[Reference, ...]:
    """The invoices that a credit note takes back from, which an e-invoice has to name."""
    if invoice.kind != "credit_note":
        return ()
    numbers = {number for number, _ in sources.values()} - {invoice.number}
    numbers |= {invoice.credits.number} if invoice.credits else set()
    rows = Invoice.objects.filter(number__in=numbers, kind="invoice").order_by("issued_on", "number")
    return tuple(Reference(*row) for row in rows.values_list("number", "issued_on"))


def _payment_means(invoice: Invoice) -> Literal["", "card", "paypal", "transfer"]:
    """By what the document was paid, or is going to be: the method of its first try, made when it was issued."""
    if ManualInvoice.objects.filter(invoice=invoice).exists():
        return "transfer" if invoice.seller.get("iban") else ""
    tries = Attempt.objects.filter(payment__invoice=invoice, number=1, created_at__lte=invoice.issued_at)
    kind = tries.order_by("created_at", "id").values_list("method__kind", flat=True).first()
    return cast(Literal["card", "paypal"], kind) if kind in ("card", "paypal") else ""


def _home_tax(invoice: Invoice) -> HomeTax | None:
    kept = invoice.home_tax
    if not kept:
        return None
    return HomeTax(kept["currency"], kept["amount"], kept["rate"], date.fromisoformat(kept["on"]))


def party(details: dict[str, Any], abroad: bool, language: str) -> Party:
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
        registration_number=details.get("registration", ""),
        electronic_address=details.get("electronic_address", ""),
        **details.get("parts", {}),
        iban=details.get("iban", ""),
        email=details.get("email", ""),
    )


def _lines(
    invoice: Invoice, rows: Sequence[InvoiceLine], sources: Mapping[str, Source], language: str
) -> tuple[DocumentLine, ...]:
    plans = CatalogVersion.objects.current().plans
    space = invoice.buyer.get("space", "")
    names = {row.plan: plans[row.plan].name if row.plan in plans else row.plan.title() for row in rows}
    with translation.override(language):
        return tuple(
            replace(
                _line(row, names[row.plan], space),
                explanation=_taken(row, sources, invoice.currency, language),
            )
            for row in rows
        )


def _taken(row: InvoiceLine, sources: Mapping[str, Source], currency: str, language: str) -> str:
    """What a credit says beside its figures: whose lines it takes back. Others need no more than their figures."""
    if not row.takes_back:
        return ""
    return explain_issued(row, currency, language, sources)


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
        tax_category=row.tax_category,
        discount_bp=row.discount_bp,
        discount_amount=row.discount_amount,
    )


def _taxes(invoice: Invoice) -> tuple[TaxRow, ...]:
    return tuple(
        TaxRow(row.category, row.rate_bp, row.base_amount, row.tax_amount)
        for row in invoice.taxes.order_by("category", "-rate_bp")
    )


def logo_bytes(file: Path | None) -> bytes:
    """The seller's logo as it is now; a document is never held up by a picture that went missing."""
    if file is None or file.suffix.lower() not in _LOGO_SUFFIXES:
        return b""
    try:
        return file.read_bytes()
    except OSError as error:
        log.warning("logo cannot be read", file=str(file), error=str(error))
        return b""
