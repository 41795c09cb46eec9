"""The invoice and the credit note as PDF (rules I1, I3, I4, I5).

`InvoiceDocument` is all that stands on the paper, as values; `render` turns it into bytes, the same values into the
same bytes, on any machine. No name stops it: what our fonts cannot draw is replaced (fonts.py).
"""

from datetime import date

import typst

from zetel.documents.einvoice import can_be_stated, cii
from zetel.documents.facturx import declared
from zetel.documents.fonts import plain
from zetel.documents.invoice_page import page_values
from zetel.documents.typesetter import typeset
from zetel.documents.values import DocumentLine, InvoiceDocument, Party, TaxRow

__all__ = ["DocumentLine", "InvoiceDocument", "Party", "TaxRow", "check_logo", "plain_values", "render"]

_TEMPLATE = "invoice.typ"
_LARGEST_LOGO_BYTES = 200_000


def render(document: InvoiceDocument) -> bytes:
    """The document as PDF/A-3b and PDF/UA-1, with the same as data inside (Factur-X) where that can be stated."""
    data = {"einvoice": cii(document).decode() if can_be_stated(document) else ""}
    values = page_values(document)
    try:
        made = typeset(_TEMPLATE, values | data)
    except typst.TypstError:
        # A script that surprises the typesetter: an invoice with replacement characters is better than none.
        made = typeset(_TEMPLATE, {**_plained(values), **data})
    return declared(made) if data["einvoice"] else made


def check_logo(logo: bytes) -> None:
    """Raise ValueError, with a reason for the operator, unless the PNG or SVG can stand on an invoice."""
    if len(logo) > _LARGEST_LOGO_BYTES:
        raise ValueError(f"the logo has {len(logo)} bytes; at most {_LARGEST_LOGO_BYTES} are taken")
    party = Party(name="Logo", address=())
    probe = InvoiceDocument(
        kind="invoice",
        number="1",
        issued_on=date(2026, 1, 1),
        language="en",
        currency="EUR",
        seller=party,
        customer=party,
        lines=(),
        taxes=(),
        net=0,
        tax=0,
        total=0,
        due_amount=0,
        logo=logo,
    )
    try:
        typeset(_TEMPLATE, page_values(probe))
    except typst.TypstError as error:
        raise ValueError(f"the logo is no PNG or SVG that can be printed: {error.message}") from error


def _plained(values: dict[str, object]) -> dict[str, object]:
    return {key: plain_values(value) for key, value in values.items()}


def plain_values(value: object) -> object:
    """The same values with every text made plain."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {key: plain_values(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(inner) for inner in value]
    return value
