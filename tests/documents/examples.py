"""The documents of worked examples 2 and 6, as values, and how to read a PDF back."""

import io
import re
from datetime import date

from pypdf import PdfReader

from zetel.documents.invoice import DocumentLine, InvoiceDocument, Party, TaxRow

SELLER = Party(
    name="Zetel B.V.",
    address=("Herengracht 182", "1016 BR Amsterdam", "Nederland"),
    country="NL",
    vat_number="NL123456782B90",
    registration_number="34567890",
    iban="NL91 ABNA 0417 1643 00",
    email="billing@zetel.example",
)
CUSTOMER = Party(
    name="Bakkerij De Vries B.V.",
    address=("Oudegracht 12", "3511 AL Utrecht", "Nederland"),
    country="NL",
)
CREDIT = DocumentLine(
    description="Premium, maandelijks",
    seats=15,
    unit_price=1349,
    days=13,
    of_days=31,
    period_start=date(2026, 5, 30),
    period_end=date(2026, 6, 12),
    amount=-8486,
    tax_rate_bp=2100,
)
CHARGE = DocumentLine(
    description="Business, maandelijks",
    seats=15,
    unit_price=3049,
    days=13,
    of_days=31,
    period_start=date(2026, 5, 30),
    period_end=date(2026, 6, 12),
    amount=19179,
    tax_rate_bp=2100,
)
UPGRADE = InvoiceDocument(
    kind="invoice",
    number="F2026-00042",
    issued_on=date(2026, 5, 30),
    due_on=date(2026, 6, 29),
    language="nl",
    currency="EUR",
    seller=SELLER,
    customer=CUSTOMER,
    reference="PO 4711",
    lines=(CREDIT, CHARGE),
    taxes=(TaxRow("S", 2100, 10693, 2246),),
    net=10693,
    tax=2246,
    total=12939,
    due_amount=12939,
)
CREDIT_NOTE = InvoiceDocument(
    kind="credit_note",
    number="C2026-00003",
    issued_on=date(2026, 5, 30),
    language="nl",
    currency="EUR",
    seller=SELLER,
    customer=CUSTOMER,
    credits_number="F2026-00041",
    lines=(
        DocumentLine(
            description="Premium, maandelijks",
            seats=4,
            unit_price=1349,
            days=13,
            of_days=31,
            period_start=date(2026, 5, 30),
            period_end=date(2026, 6, 12),
            amount=-2263,
            tax_rate_bp=2100,
        ),
    ),
    taxes=(TaxRow("S", 2100, -2263, -475),),
    net=-2263,
    tax=-475,
    total=-2738,
    due_amount=0,
)


def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    """The text of all pages: one space for any white space, breaking chances left out."""
    pages = " ".join(page.extract_text() for page in reader(pdf).pages)
    return re.sub(r"\s+", " ", pages.replace("\u200b", ""))
