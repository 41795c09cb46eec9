"""Invoices: the list, one with its lines in words, its files, and a year of them as a zip."""

import io
import uuid
import zipfile
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_GET

from zetel import clock
from zetel.access import Seen, load_invoice, load_space
from zetel.actions import dues, standing
from zetel.documents.amounts import percent_text
from zetel.documents.explain import explain_issued
from zetel.documents.languages import reader_language
from zetel.jobs.files import MIME_TYPES, NLCIUS, PDF, UBL, ensure_file, file_name, kinds_of
from zetel.models import CatalogVersion, Invoice, InvoiceLine, Payment
from zetel.rules.catalog import Catalog
from zetel.rules.errors import ZetelError
from zetel.rules.invoices import Account
from zetel.rules.money import Money
from zetel.rules.periods import local_date
from zetel.rules.roles import Capability
from zetel.templatetags.zetel import longdate
from zetel.web import places
from zetel.web.billing_manual import to_pay
from zetel.web.billing_view import invoice_state, invoices_of, place, shown
from zetel.web.words import cycle_word, plan_name

INVOICES_ON_A_PAGE = 25
YEARS_MAX = 50
IN_A_ZIP_MAX = 500


@require_GET
def invoices(request: HttpRequest, space_id: uuid.UUID) -> HttpResponse:
    """Every document of the space that the person may read, newest first, and the years to take along."""
    seen = load_space(request, space_id, Capability.INVOICES_SEE)
    rows = invoices_of(seen.space, seen.person)
    page = Paginator(rows, INVOICES_ON_A_PAGE).get_page(request.GET.get("page"))
    years = [day.year for day in rows.order_by().dates("issued_on", "year", order="DESC")[:YEARS_MAX]]
    listed = shown(page.object_list, _today())
    context = {**place(seen), "page": page, "invoices": listed, "years": years}
    return render(request, "billing/invoices.html", context)


@dataclass(frozen=True)
class LineShown:
    """A line in words and its amount after discount."""

    title: str
    period: str
    explanation: str
    amount: Money


def lines_shown(invoice: Invoice, lines: list[InvoiceLine], catalog: Catalog) -> list[LineShown]:
    """What was sold, when, how it was reckoned (rule I3), and what it comes to."""
    sources = standing.sources_of(lines)
    return [
        LineShown(
            title=f"{plan_name(catalog, line.plan)}, {cycle_word(line.cycle)}",
            period=gettext("%(start)s up to %(end)s")
            % {"start": longdate(line.start), "end": longdate(line.end)},
            explanation=explain_issued(line, invoice.currency, reader_language(), sources),
            amount=Money(line.amount - line.discount_amount, invoice.currency),
        )
        for line in lines
    ]


@require_GET
def invoice(request: HttpRequest, space_id: uuid.UUID, invoice_id: uuid.UUID) -> HttpResponse:
    """One document: parties of that day, lines explained, taxes, totals, and what became of the payment."""
    seen, found = _load(request, space_id, invoice_id)
    lines = list(found.lines.order_by("position"))
    country, due = found.buyer["country"], Money(_due(found), found.currency)
    manual = getattr(found, "manual", None)
    context = {
        "to_pay": to_pay(found, manual, due, _today()) if manual and due.amount else None,
        "space": found.space, "invoice": found, "state": invoice_state(found, _today()),
        "lines": lines_shown(found, lines, CatalogVersion.objects.current()), "totals": _totals(found),
        "paid_at": getattr(found, "paid_at", None), "due": due, "is_note": found.kind == "credit_note",
        "einvoices": einvoices(found),
        "country": dict(places.countries()).get(country, country), "may_pay": seen.may(Capability.BILLING_MANAGE),
    }  # fmt: skip
    return render(request, "billing/invoice.html", context)


def _due(invoice: Invoice) -> int:
    """What is still to be paid of an invoice that was loaded with its account (I7)."""
    asks = invoice.kind == "invoice" and invoice.state == "open"
    return dues.raw_due(dues.account_of(invoice)) if asks else 0


def _totals(invoice: Invoice) -> list[dict[str, object]]:
    """Net, one row per tax and total, as they were issued; then what happened to it, down to what is due (I7)."""
    currency = invoice.currency
    net = Money(invoice.net_amount, currency)
    rows: list[dict[str, object]] = [{"label": gettext("Net"), "money": net}]
    rows += [
        {
            "label": _tax_words(tax.category, tax.rate_bp),
            "money": Money(tax.tax_amount, currency),
            "kind": "soft",
        }
        for tax in invoice.taxes.order_by("category", "-rate_bp")
    ]
    rows.append({"label": gettext("Total"), "money": Money(invoice.total_amount, currency), "kind": "total"})
    if invoice.kind == "invoice":
        rows += settled_rows(dues.account_of(invoice), currency)
    if due := _due(invoice):
        rows.append({"label": gettext("Still due"), "money": Money(due, currency), "kind": "total"})
    return rows


def settled_rows(account: Account, currency: str) -> list[dict[str, object]]:
    """What happened to an invoice, as people add it up; what is nothing is left out."""
    told = [
        (gettext("Credited"), -account.credited),
        (gettext("Paid from balance"), -account.balance_used),
        (gettext("Payments"), -account.payments),
        (gettext("Refunds"), account.refunds),
        (gettext("Taken back by the bank"), account.taken_back),
        (gettext("Became balance"), account.became_balance),
    ]
    return [
        {"label": label, "money": Money(amount, currency), "kind": "soft"} for label, amount in told if amount
    ]


def _tax_words(category: str, rate_bp: int) -> str:
    if category == "AE":
        return gettext("VAT reverse-charged")
    if category == "O":
        return gettext("Outside the scope of EU VAT")
    return pgettext("tax", "VAT %(rate)s") % {"rate": percent_text(rate_bp, reader_language())}


@require_GET
def pdf(request: HttpRequest, space_id: uuid.UUID, invoice_id: uuid.UUID) -> HttpResponse:
    """The frozen bytes, from the tab."""
    _seen, found = _load(request, space_id, invoice_id)
    return _kept(found, PDF)


@require_GET
def einvoice(request: HttpRequest, space_id: uuid.UUID, invoice_id: uuid.UUID, kind: str) -> HttpResponse:
    """The same as data, in one of the forms that the document has."""
    _seen, found = _load(request, space_id, invoice_id)
    return _kept(found, kind)


@require_GET
def pdf_anywhere(request: HttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """The same bytes by the document alone: invoices outlive spaces (S8)."""
    return _kept(load_invoice(request, invoice_id), PDF)


@require_GET
def einvoice_anywhere(request: HttpRequest, invoice_id: uuid.UUID, kind: str) -> HttpResponse:
    """The same as data, by the document alone."""
    return _kept(load_invoice(request, invoice_id), kind)


@require_GET
def year(request: HttpRequest, space_id: uuid.UUID, of_year: int) -> HttpResponse:
    """All documents of one year in one file, each as a page and as data."""
    seen = load_space(request, space_id, Capability.INVOICES_SEE)
    if not MINYEAR <= of_year <= MAXYEAR:
        raise ZetelError("not_found")
    rows = invoices_of(seen.space, seen.person).filter(issued_on__year=of_year)
    found = list(rows.select_related("customer", "credits")[:IN_A_ZIP_MAX])
    if not found:
        raise ZetelError("not_found")
    now, packed = clock.now(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in reversed(found):
            made_on = (row.issued_on.year, row.issued_on.month, row.issued_on.day, 0, 0, 0)
            for kind in kinds_of(row)[:2]:
                member = zipfile.ZipInfo(file_name(row, kind), made_on)
                archive.writestr(member, ensure_file(row, kind, now), zipfile.ZIP_DEFLATED)
    return _file(packed.getvalue(), gettext("invoices-%(year)s.zip") % {"year": of_year}, "application/zip")


def _load(request: HttpRequest, space_id: uuid.UUID, invoice_id: uuid.UUID) -> tuple[Seen, Invoice]:
    """A document of this space that the person may read; one of another space does not exist here."""
    seen = load_space(request, space_id, Capability.INVOICES_SEE)
    paid = (
        Payment.objects.filter(invoice=OuterRef("pk"), status="paid")
        .order_by("-paid_at")
        .values("paid_at")[:1]
    )
    rows = invoices_of(seen.space, seen.person).filter(pk=invoice_id)
    rows = dues.with_account(rows)
    found = rows.select_related("customer", "credits", "space").annotate(paid_at=Subquery(paid)).first()
    if found is None:
        raise ZetelError("not_found")
    return seen, found


def _kept(invoice: Invoice, kind: str) -> HttpResponse:
    """One of the document's files; `not_found` for one that it does not have."""
    content = ensure_file(invoice, kind, clock.now())
    return _file(content, file_name(invoice, kind), MIME_TYPES[kind])


def einvoices(invoice: Invoice) -> list[tuple[str, str]]:
    """The forms in which a document is to be had as data, each by its kind and what it is called."""
    names = {UBL: "UBL (Peppol BIS 3)", NLCIUS: "UBL (NLCIUS)"}
    return [(kind, names[kind]) for kind in kinds_of(invoice)[1:]]


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    """A download that no browser guesses about and nobody between keeps."""
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _today() -> date:
    return local_date(clock.now(), settings.CONFIG.seller.time_zone)
