"""From the values of an invoice to the finished texts of its page, in the invoice's own language (rule I5).

Everything that was typed by somebody goes through `printable`; the template only places what it is given.
"""

from datetime import timedelta

from babel.numbers import format_decimal
from django.utils import translation
from django.utils.translation import gettext, pgettext

from zetel.documents.amounts import amount_text, date_text, percent_text
from zetel.documents.bank_payment import grouped
from zetel.documents.explain import explain_line
from zetel.documents.fonts import families, printable, printable_lines
from zetel.documents.values import DocumentLine, HomeTax, InvoiceDocument, Party, TaxRow

_REGIONS = {"nl": "NL", "en": "GB"}


def page_values(document: InvoiceDocument) -> dict[str, object]:
    """The texts of the page, as the template `invoice.typ` reads them."""
    with translation.override(document.language):
        name = gettext("Credit note") if document.kind == "credit_note" else gettext("Invoice")
        number = printable(document.number)
        return {
            "lang": document.language,
            "region": _REGIONS[document.language],
            "fonts": families(document.customer.country),
            "title": f"{name} {number}",
            "author": printable(document.seller.name),
            "dated": [document.issued_on.year, document.issued_on.month, document.issued_on.day],
            "logo": _logo(document.logo),
            "logo_format": "png" if document.logo.startswith(b"\x89PNG") else "svg",
            "seller_name": printable(document.seller.name),
            "name": name,
            "meta": _meta(document, number),
            "parties": [
                _party(pgettext("invoice", "From"), document.seller),
                _party(pgettext("invoice", "Billed to"), document.customer),
            ],
            "headline": _headline(document),
            "payment_note": printable(document.payment_note),
            "bank": _bank(document),
            "columns": [
                gettext("Description"),
                gettext("Seats"),
                gettext("Price per seat"),
                gettext("VAT"),
                gettext("Amount"),
            ],
            "lines": [_line(line, document) for line in document.lines],
            "totals": _totals(document),
            "due": _due(document),
            "words": [words for row in document.taxes if (words := _tax_words(row, document))],
            "notes": printable_lines(document.notes),
            "footer": _footer(document.seller),
            "page_of": f"{name} {number}  ·  " + gettext("page {page} of {pages}"),
        }


def _logo(logo: bytes) -> list[int]:
    return list(logo)


def _meta(document: InvoiceDocument, number: str) -> list[list[str]]:
    issued = date_text(document.issued_on, document.language)
    if document.kind == "credit_note":
        rows = [(gettext("Credit note number"), number), (gettext("Credit note date"), issued)]
    else:
        rows = [(gettext("Invoice number"), number), (gettext("Invoice date"), issued)]
    if document.due_on and document.due_amount > 0:
        rows.append((gettext("Due date"), date_text(document.due_on, document.language)))
    rows.append((gettext("Credits invoice"), printable(document.credits_number)))
    rows.append((gettext("Your reference"), printable(document.reference)))
    rows.append((gettext("Purchase order"), printable(document.purchase_order)))
    return [[label, value] for label, value in rows if value]


def _bank(document: InvoiceDocument) -> dict[str, object]:
    """What to type at the bank, and the code that holds the same; empty for what is not paid by bank."""
    bank = document.bank
    if bank is None or document.due_amount <= 0:
        return {}
    rows = [
        (gettext("Account holder"), printable(bank.holder)),
        (gettext("IBAN"), grouped(bank.iban)),
        (gettext("Payment reference"), printable(bank.reference)),
    ]
    return {
        "rows": [[label, value] for label, value in rows if value], "code": list(bank.code),
        "code_alt": gettext("The same as a code for your banking app"),
    }  # fmt: skip


def _party(label: str, party: Party) -> dict[str, object]:
    rows = [party.attention, *party.address]
    rows += [gettext("VAT number %s") % party.vat_number] if party.vat_number else []
    rows += [party.email]
    return {
        "label": label,
        "name": printable(party.name),
        "rows": [shown for row in rows if (shown := printable(row))],
    }


def _headline(document: InvoiceDocument) -> str:
    """The one thing a reader wants to know: paid, or to be paid by when."""
    language, currency = document.language, document.currency
    if document.kind == "credit_note":
        return gettext("%s credited") % amount_text(abs(document.total), currency, language)
    if document.due_amount > 0:
        due = amount_text(document.due_amount, currency, language)
        if document.due_on:
            return gettext("%(amount)s due by %(date)s") % {
                "amount": due,
                "date": date_text(document.due_on, language),
            }
        return gettext("%s due") % due
    total = amount_text(document.total, currency, language)
    if document.paid_on:
        return gettext("%(amount)s paid on %(date)s") % {
            "amount": total,
            "date": date_text(document.paid_on, language),
        }
    return gettext("%s paid") % total


def _line(line: DocumentLine, document: InvoiceDocument) -> dict[str, object]:
    language, currency = document.language, document.currency
    return {
        "description": printable(line.description),
        # The period is half-open; on paper the last day is named, as people count.
        "period": gettext("%(first)s to %(last)s inclusive")
        % {
            "first": date_text(line.period_start, language),
            "last": date_text(line.period_end - timedelta(days=1), language),
        },
        "explanation": printable(line.explanation) or explain_line(line, currency, language),
        "figures": [
            str(line.seats or ""),
            amount_text(line.unit_price, currency, language) if line.seats else "",
            percent_text(line.tax_rate_bp, language),
            amount_text(line.amount - line.discount_amount, currency, language),
        ],
    }


def _totals(document: InvoiceDocument) -> list[tuple[str, str, bool]]:
    """Label, amount, and whether it is the total."""

    def shown(amount: int) -> str:
        return amount_text(amount, document.currency, document.language)

    rows = [(gettext("Subtotal excluding VAT"), shown(document.net), False)]
    rows += [(_tax_label(row, document), shown(row.amount), False) for row in document.taxes]
    rows.append((gettext("Total"), shown(document.total), True))
    if document.home_tax:
        rows.append(_home_tax(document.home_tax, document))
    if document.balance_used:
        rows.append((gettext("Paid from your balance"), shown(-document.balance_used), False))
    if document.paid_amount:
        rows.append((pgettext("invoice", "Paid"), shown(-document.paid_amount), False))
    return rows


def _home_tax(home: HomeTax, document: InvoiceDocument) -> tuple[str, str, bool]:
    """The tax in the seller's currency, and the rate that it was reckoned by."""
    label = gettext("VAT in %(home)s (1 %(home)s = %(rate)s %(currency)s on %(date)s)") % {
        "home": home.currency,
        "rate": format_decimal(home.rate, locale=document.language, decimal_quantization=False),
        "currency": document.currency,
        "date": date_text(home.on, document.language),
    }
    return label, amount_text(home.amount, home.currency, document.language), False


def _due(document: InvoiceDocument) -> list[str]:
    if document.kind == "credit_note":
        return []
    return [gettext("Amount due"), amount_text(document.due_amount, document.currency, document.language)]


def _tax_label(row: TaxRow, document: InvoiceDocument) -> str:
    base = amount_text(row.base, document.currency, document.language)
    label = {
        "AE": gettext("VAT reverse charged on %(base)s"),
        "O": gettext("Outside the scope of VAT: %(base)s"),
        "E": gettext("Exempt from VAT: %(base)s"),
    }.get(row.category, gettext("VAT %(rate)s on %(base)s"))
    return label % {"base": base, "rate": percent_text(row.rate_bp, document.language)}


def _tax_words(row: TaxRow, document: InvoiceDocument) -> str:
    """The words the law asks for: with reverse charge both VAT numbers, always (rule I5)."""
    if row.category != "AE":
        return printable(row.words)
    seller, customer = document.seller.vat_number, document.customer.vat_number
    assert seller, "reverse charge needs the seller's VAT number"
    assert customer, "reverse charge needs the customer's VAT number"
    words = row.words or gettext(
        "Reverse charge: VAT is to be paid by the customer (Article 196, Directive 2006/112/EC)."
    )
    numbers = gettext("VAT number of the seller: %(seller)s. VAT number of the customer: %(customer)s.") % {
        "seller": seller,
        "customer": customer,
    }
    return printable(f"{words} {numbers}")


def _footer(seller: Party) -> list[list[str]]:
    rows = [
        [seller.name, *seller.address],
        [
            gettext("Registration number %s") % seller.registration_number
            if seller.registration_number
            else "",
            gettext("VAT number %s") % seller.vat_number if seller.vat_number else "",
        ],
        [f"IBAN {seller.iban}" if seller.iban else "", seller.email, seller.website],
    ]
    shown = [[text for part in row if (text := printable(part))] for row in rows]
    return [row for row in shown if row]
