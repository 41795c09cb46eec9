"""The invoice as structured data: CII (Factur-X, profile EN 16931) and UBL 2.1 (Peppol BIS 3, NLCIUS).

Both are written by factur-x from one set of business terms (BT and BG numbers of EN 16931), and these are made from
the same `InvoiceDocument` as the page, so the three cannot say different things. A credit note is stated in positive
amounts there; within a document a negative quantity, never a negative price, takes something back.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.utils import translation
from django.utils.translation import gettext
from facturx import generate_xml

from zetel.documents.explain import explain_line
from zetel.documents.values import DocumentLine, InvoiceDocument, Party, TaxRow
from zetel.rules.money import decimals, plain

Profile = Literal["peppol", "nlcius"]
_CORE = "urn:cen.eu:en16931:2017"
_CUSTOMIZATION: Mapping[Profile, str] = {
    "peppol": f"{_CORE}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
    "nlcius": f"{_CORE}#compliant#urn:fdc:nen.nl:nlcius:v1.0",
}
_PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_INVOICE, _CREDIT_NOTE = "380", "381"  # UNTDID 1001
_ONE, _DAY = "C62", "DAY"  # UN/ECE recommendation 20
_DISCOUNT, _TAKEN_BACK = "95", "ADZ"  # UNTDID 5189 and 7161: discount; other
_KVK, _EMAIL = "0106", "EM"  # ISO 6523 and Peppol's list of electronic addresses
# A Dutch supplier may name these only (NL-R-008): bank card, standing agreement, SEPA credit transfer.
_MEANS: Mapping[str, str] = {"card": "48", "paypal": "57", "transfer": "58"}
_EXEMPT_CODES: Mapping[str, str] = {"AE": "VATEX-EU-AE", "O": "VATEX-EU-O"}

Terms = dict[str, Any]


def can_be_stated(document: InvoiceDocument) -> bool:
    """EN 16931 knows two decimals at most, so documents in a currency with three stay on paper (BR-DEC)."""
    return decimals(document.currency) <= 2 and bool(document.seller.country and document.customer.country)


def cii(document: InvoiceDocument) -> bytes:
    """The file `factur-x.xml` that the PDF carries."""
    xml: bytes = generate_xml(
        _terms(document), "factur-x", "en16931", check_xsd=False, check_schematron=False
    )
    return xml


def ubl(document: InvoiceDocument, profile: Profile) -> bytes:
    """An Invoice or a CreditNote of UBL 2.1."""
    terms = _terms(document) | {"BT-23": _PROCESS}
    xml: bytes = generate_xml(terms, "ubl-2.1", "en16931", check_xsd=False, check_schematron=False)
    said, wanted = (f"{text}</cbc:CustomizationID>".encode() for text in (_CORE, _CUSTOMIZATION[profile]))
    assert xml.count(said) == 1, "the specification is named once"
    return re.sub(rb"\s*<cbc:UBLVersionID>[^<]*</cbc:UBLVersionID>", b"", xml.replace(said, wanted))


@dataclass(frozen=True, slots=True)
class _Signed:
    """A document's amounts as they are stated: those of a credit note turned around."""

    document: InvoiceDocument

    def turned(self, amount: int) -> int:
        return -amount if self.document.kind == "credit_note" else amount

    def text(self, amount: int) -> str:
        return plain(self.turned(amount), self.document.currency)

    def size(self, amount: int) -> str:
        return plain(abs(amount), self.document.currency)


def _terms(document: InvoiceDocument) -> Terms:
    """The document by its business terms; empty ones are left out, since an empty element says nothing."""
    with translation.override(document.language):
        signed, is_note = _Signed(document), document.kind == "credit_note"
        prepaid = 0 if is_note else document.balance_used + document.paid_amount
        stated: Terms = {
            "BT-1": document.number,
            "BT-2": document.issued_on,
            "BT-3": _CREDIT_NOTE if is_note else _INVOICE,
            "BT-5": document.currency,
            "BT-10": document.reference or document.buyer_reference,
            "BT-13": document.purchase_order,
            "BG-3": [{"BT-25": row.number, "BT-26": row.issued_on} for row in document.credited],
            "BG-1": [{"BT-22": words}] if (words := _note(document)) else [],
            "BG-4": _seller(document),
            "BG-7": _customer(document),
            "BG-23": [_tax(row, document, signed) for row in document.taxes],
            "BG-25": [_line(at, line, document, signed) for at, line in enumerate(document.lines, start=1)],
            "BT-106": signed.text(document.net),
            "BT-109": signed.text(document.net),
            "BT-110": signed.text(document.tax),
            "BT-112": signed.text(document.total),
            "BT-113": signed.text(prepaid) if prepaid else "",
            "BT-115": signed.text(document.total - prepaid),
            **_paying(document, is_open=not is_note and document.total > prepaid),
            **_home_tax(document, signed),
        }
        return {name: term for name, value in stated.items() if (term := _cleaned(value)) not in _NOTHING}


def _note(document: InvoiceDocument) -> str:
    return " ".join(part for part in (document.payment_note, *document.notes.splitlines()) if part)


def _paying(document: InvoiceDocument, *, is_open: bool) -> Terms:
    """When and how an open invoice is paid; a credit note names no means, and says what becomes of it."""
    if document.kind == "credit_note":
        return {"BT-20": gettext("Taken off what is still open; what was paid goes back or becomes balance.")}
    means = document.payment_means
    if is_open and not means:
        means = "transfer" if document.seller.iban else "card"
    stated: Terms = {"BT-81": _MEANS[means]} if means else {}
    if means == "transfer":
        stated |= {
            "BT-83": document.number, "BT-84": document.seller.iban.replace(" ", ""), "BT-85": document.seller.name,
        }  # fmt: skip
    return stated | ({"BT-9": document.due_on or document.issued_on} if is_open else {})


def _home_tax(document: InvoiceDocument, signed: _Signed) -> Terms:
    """The tax once more in the seller's currency (Article 230, Directive 2006/112/EC)."""
    home = document.home_tax
    if home is None or home.currency == document.currency:
        return {}
    return {"BT-6": home.currency, "BT-111": plain(signed.turned(home.amount), home.currency)}


def _seller(document: InvoiceDocument) -> Terms:
    seller, out_of_scope = document.seller, _is_wholly_out_of_scope(document)
    stated = _party(seller)
    in_register = seller.country == "NL" and re.fullmatch(r"\d{8}", seller.registration_number)
    stated |= {
        "vat_identifier": "" if out_of_scope else seller.vat_number,  # BR-O-02
        "legal_identifier": seller.registration_number,
        "legal_identifier_schemeid": _KVK if in_register else "",
    }
    if in_register:
        stated |= {"einvoicing_addr": seller.registration_number, "einvoicing_addr_schemeid": _KVK}
    if out_of_scope and not seller.registration_number:
        stated["identifiers"] = {None: seller.vat_number or seller.name}  # BR-CO-26
    return stated


def _customer(document: InvoiceDocument) -> Terms:
    customer = document.customer
    stated = _party(customer)
    stated["vat_identifier"] = "" if _is_wholly_out_of_scope(document) else customer.vat_number
    stated["contacts"] = [{"name": customer.attention, "email": customer.email}] if customer.attention else []
    return stated


def _party(party: Party) -> Terms:
    """Name, address and electronic address; the printed lines serve where a document has no parts of an address."""
    lines = [*party.address, "", ""]
    return {
        "name": _cleaned(party.name) or "-",  # a name is asked for
        "addr_l1": party.street or lines[0],
        "addr_l2": party.street2 if party.street else "",
        "city": party.city or ("" if party.street else lines[1]),
        "postcode": party.postcode,
        "country_subdivision": party.region,
        "country_code": party.country,
        "einvoicing_addr": party.electronic_address or party.email,
        "einvoicing_addr_schemeid": _EMAIL,
    }


def _line(at: int, line: DocumentLine, document: InvoiceDocument, signed: _Signed) -> Terms:
    """One line; a part of a period is a number of seat-days at the price of a period's, which gives M2 exactly."""
    gross, net = signed.turned(line.amount), signed.turned(line.amount - line.discount_amount)
    sign = "-" if gross < 0 else ""
    stated: Terms = {
        "BT-126": str(at),
        "BT-129": f"{sign}1",
        "BT-130": _ONE,
        "BT-146": signed.size(line.amount),
        "BT-131": plain(net, document.currency),
        "BT-134": line.period_start,
        "BT-135": line.period_end - timedelta(days=1),
        "BT-153": line.description,
        "BT-154": line.explanation or explain_line(line, document.currency, document.language),
        "BT-151": _category(line.tax_category, document),
        "BT-152": _rate(_category(line.tax_category, document), line.tax_rate_bp),
    }
    if line.seats:
        whole = line.days == line.of_days
        stated |= {
            "BT-129": f"{sign}{line.seats if whole else line.seats * line.days}",
            "BT-130": _ONE if whole else _DAY,
            "BT-146": signed.size(line.unit_price),
            "BT-149": "" if whole else str(line.of_days),
        }
    if line.discount_amount:
        stated |= _discount(line, document, signed)
    return stated


def _discount(line: DocumentLine, document: InvoiceDocument, signed: _Signed) -> Terms:
    """A discount lowers a charge; where a charge is taken back its discount is, so it stands there as a charge."""
    stated: Terms = {
        "amount": signed.size(line.discount_amount),
        "reason": gettext("Discount"),
        "base_amount": signed.size(line.amount) if line.discount_bp else "",
        "rate": _percent(line.discount_bp) if line.discount_bp else "",
    }
    if signed.turned(line.discount_amount) > 0:
        return {"BG-27": [stated | {"reason_code": _DISCOUNT}]}
    return {"BG-28": [stated | {"reason_code": _TAKEN_BACK}]}


def _tax(row: TaxRow, document: InvoiceDocument, signed: _Signed) -> Terms:
    category = _category(row.category, document)
    return {
        "BT-116": signed.text(row.base),
        "BT-117": signed.text(row.amount),
        "BT-118": category,
        "BT-119": _rate(category, row.rate_bp),
        "BT-120": _exempt_words(row, category),
        "BT-121": _EXEMPT_CODES.get(category, ""),
    }


def _exempt_words(row: TaxRow, category: str) -> str:
    if category == "AE":
        return row.words or gettext(
            "Reverse charge: VAT is to be paid by the customer (Article 196, Directive 2006/112/EC)."
        )
    if row.category == "O":
        return row.words or gettext("Outside the scope of EU VAT")
    return (row.words or gettext("Exempt from VAT")) if category == "E" else ""


def _is_wholly_out_of_scope(document: InvoiceDocument) -> bool:
    return {row.category for row in document.taxes} == {"O"}


def _category(category: str, document: InvoiceDocument) -> str:
    """What is out of scope may not stand beside other taxes (BR-O-11), as when who pays has moved: exempt there."""
    return "E" if category == "O" and not _is_wholly_out_of_scope(document) else category


def _rate(category: str, rate_bp: int) -> str:
    return "" if category == "O" else _percent(rate_bp)


def _percent(rate_bp: int) -> str:
    whole, part = divmod(rate_bp, 100)
    return f"{whole}.{part:02d}"


def _cleaned(value: Any) -> Any:
    """Texts without what XML cannot carry, and no empty terms."""
    if isinstance(value, str):
        return "".join(
            sign for sign in value if sign in "\t\n" or unicodedata.category(sign) not in _UNFIT
        ).strip()
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        kept = {name: _cleaned(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in _NOTHING}
    return value


_NOTHING: tuple[object, ...] = ("", [], {})
_UNFIT = ("Cc", "Cs", "Cn")  # controls, lone surrogates, code points without a character
