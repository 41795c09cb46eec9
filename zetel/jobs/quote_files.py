"""The PDF of a quote by sales, made whenever it is asked for from the offer and from who pays as they are then (G5)."""

from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from zetel.actions import manual_offers
from zetel.actions.invoices import buyer_of_the_day, seller_of_the_day
from zetel.documents.invoice import DocumentLine, InvoiceDocument, TaxRow
from zetel.documents.sales_quote import QuoteTerms, render_quote
from zetel.jobs.files import logo_bytes, party
from zetel.models import CatalogVersion, Offer
from zetel.rules.billing import Line
from zetel.rules.periods import local_date


def quote_pdf(offer: Offer) -> bytes:
    """The quote as it is sent, in the language of who pays."""
    assert offer.customer is not None, "an offer on invoice names who pays"
    zone = ZoneInfo(offer.space.time_zone)
    language: Literal["nl", "en"] = "nl" if offer.customer.language.startswith("nl") else "en"
    made, seller = manual_offers.priced(offer).document, seller_of_the_day()
    buyer = buyer_of_the_day(offer.customer, offer.space)
    abroad = seller["country"] != buyer["country"]
    with translation.override(language):
        lines = tuple(_line(line, offer) for line in made.lines)
    document = InvoiceDocument(
        kind="invoice", number=offer.reference, issued_on=local_date(offer.created_at, zone), language=language,
        currency=offer.currency, seller=party(seller, abroad, language), customer=party(buyer, abroad, language),
        lines=lines, taxes=tuple(TaxRow(row.category, row.rate_bp, row.net, row.tax) for row in made.taxes),
        net=made.net, tax=made.tax, total=made.total, due_amount=0, purchase_order=offer.purchase_order,
        logo=logo_bytes(settings.CONFIG.seller.logo),
    )  # fmt: skip
    return render_quote(document, QuoteTerms(offer.last_on, offer.payment_term_days or 0, offer.message))


def file_name(offer: Offer) -> str:
    return f"{offer.reference}.pdf"


def _line(line: Line, offer: Offer) -> DocumentLine:
    plan = CatalogVersion.objects.current().plans.get(line.plan)
    name = plan.name if plan else line.plan.title()
    return DocumentLine(
        description=", ".join((name, gettext("annual"), offer.space.name)), seats=line.seats,
        unit_price=line.unit_amount, days=(line.end - line.start).days,
        of_days=(line.period_end - line.period_start).days, period_start=line.start, period_end=line.end,
        amount=line.amount, tax_rate_bp=line.rate_bp or 0,
    )  # fmt: skip
