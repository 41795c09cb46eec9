"""The quote of sales as PDF: what a plan on manual invoice would cost, under which terms, until when (rules G5, P6).

It is set like an invoice, from the same values and with the same template, but asks for nothing yet.
"""

from dataclasses import dataclass
from datetime import date

import typst
from django.utils import translation
from django.utils.translation import gettext

from zetel.documents.amounts import amount_text, date_text
from zetel.documents.fonts import printable, printable_lines
from zetel.documents.invoice import plain_values
from zetel.documents.invoice_page import page_values
from zetel.documents.typesetter import typeset
from zetel.documents.values import InvoiceDocument


@dataclass(frozen=True, slots=True)
class QuoteTerms:
    """What a quote says that an invoice does not; `last_on` is the last day on which it holds."""

    last_on: date
    term_days: int
    message: str = ""


def render_quote(document: InvoiceDocument, terms: QuoteTerms) -> bytes:
    """The quote as PDF. `document` holds the first year as it would be invoiced if it began on the quote's day."""
    with translation.override(document.language):
        values = {**page_values(document), **_told(document, terms)}
    try:
        return typeset("invoice.typ", values)
    except typst.TypstError:
        return typeset("invoice.typ", plain_values(values))


def _told(document: InvoiceDocument, terms: QuoteTerms) -> dict[str, object]:
    language = document.language
    name, number = gettext("Quote"), printable(document.number)
    until, total = (
        date_text(terms.last_on, language),
        amount_text(document.total, document.currency, language),
    )
    days = gettext("%(term)s days") % {"term": terms.term_days}
    meta = [
        (gettext("Quote number"), number), (gettext("Quote date"), date_text(document.issued_on, language)),
        (gettext("Valid through"), until), (gettext("Payment term"), days),
        (gettext("Purchase order"), printable(document.purchase_order)),
    ]  # fmt: skip
    notes = [
        gettext("The plan begins on the day on which sales approve it. Its dates then move with that day."),
        gettext("The invoice comes on that day, to be paid by bank within %(days)s.") % {"days": days},
        gettext("Price and number of seats hold until %(date)s inclusive.") % {"date": until},
    ]
    return {
        "title": f"{name} {number}", "name": name, "meta": [[label, value] for label, value in meta if value],
        "headline": gettext("%(amount)s for the first year") % {"amount": total}, "due": [], "bank": {},
        "notes": [*notes, *printable_lines(terms.message)],
        "page_of": f"{name} {number}  ·  " + gettext("page {page} of {pages}"),
    }  # fmt: skip
