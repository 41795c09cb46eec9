"""The invoice as data: what the rules of Peppol and of the Netherlands ask beyond EN 16931, and odd documents.

That the results are valid is shown in tests/jobs/test_einvoices.py by rules of others; here stand single facts.
"""

import io
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest
from lxml import etree

from tests.documents.examples import CHARGE, CREDIT, CREDIT_NOTE, CUSTOMER, SELLER, UPGRADE, text_of
from zetel.documents.einvoice import Profile, can_be_stated, cii, ubl
from zetel.documents.invoice import render
from zetel.documents.values import HomeTax, InvoiceDocument, Reference, TaxRow

NAMES = {
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
}
SOLD_BY = replace(SELLER, street="Herengracht 182", postcode="1016 BR", city="Amsterdam")
BOUGHT_BY = replace(
    CUSTOMER,
    street="Oudegracht 12",
    postcode="3511 AL",
    city="Utrecht",
    electronic_address="boek@vries.example",
)
INVOICE = replace(UPGRADE, seller=SOLD_BY, customer=BOUGHT_BY)
NOTE = replace(
    CREDIT_NOTE, seller=SOLD_BY, customer=BOUGHT_BY, credited=(Reference("F2026-00041", date(2026, 5, 12)),)
)
# Nothing of the seller's country: a customer that moved out of the EU between a charge and what it takes back.
MOVED = replace(
    INVOICE,
    customer=replace(BOUGHT_BY, country="US"),
    lines=(CREDIT, replace(CHARGE, tax_rate_bp=0, tax_category="O")),
    taxes=(TaxRow("O", 0, 19179, 0), TaxRow("S", 2100, -8486, -1782)),
    tax=-1782,
    total=8911,
)
HALF_PRICE = replace(
    INVOICE,
    lines=(replace(CREDIT, discount_bp=5000, discount_amount=-4243), replace(CHARGE, discount_amount=19179)),
    taxes=(TaxRow("S", 2100, -4243, -891),),
    net=-4243,
    tax=-891,
    total=-5134,
)
FREE = replace(
    INVOICE,
    lines=(replace(CHARGE, discount_bp=10_000, discount_amount=19179),),
    taxes=(TaxRow("S", 2100, 0, 0),),
    net=0,
    tax=0,
    total=0,
)
DOLLARS = replace(INVOICE, currency="USD", home_tax=HomeTax("EUR", 2071, "1.0845", date(2026, 5, 29)))
ODD = {
    "moved": MOVED,
    "half price, as a note": replace(HALF_PRICE, kind="credit_note"),
    "free": FREE,
    "in dollars": DOLLARS,
    "in yen": replace(INVOICE, currency="JPY"),
    "a note in dollars": replace(NOTE, currency="USD", home_tax=HomeTax("EUR", -438, "1.0845", date(2026, 5, 29))),
    "two rates": replace(
        INVOICE,
        lines=(CREDIT, replace(CHARGE, tax_rate_bp=2200)),
        taxes=(TaxRow("S", 2200, 19179, 4219), TaxRow("S", 2100, -8486, -1782)),
        tax=2437,
        total=13130,
    ),
    "without IBAN": replace(INVOICE, seller=replace(SOLD_BY, iban="")),
    "without parts of an address": UPGRADE,
}  # fmt: skip


def said(xml: bytes, path: str) -> list[str]:
    """What stands at a path, in either syntax."""
    return [node.text for node in etree.fromstring(xml).findall(path, NAMES)]


@pytest.mark.parametrize(
    ("profile", "specification"),
    [
        ("peppol", "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"),
        ("nlcius", "urn:cen.eu:en16931:2017#compliant#urn:fdc:nen.nl:nlcius:v1.0"),
    ],
)
def test_ubl_names_its_profile_its_parties_and_how_to_pay(profile: Profile, specification: str) -> None:
    xml = ubl(INVOICE, profile)
    assert said(xml, "cbc:CustomizationID") == [specification]
    assert said(xml, "cbc:ProfileID") == ["urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"]
    assert said(xml, ".//cbc:EndpointID") == ["34567890", "boek@vries.example"]  # PEPPOL-EN16931-R010, R020
    assert said(xml, ".//cac:PartyLegalEntity/cbc:CompanyID") == ["34567890"]  # NL-R-003
    assert said(xml, "cbc:BuyerReference") == ["PO 4711"]  # PEPPOL-EN16931-R003
    assert said(xml, ".//cbc:PaymentMeansCode") == ["58"]  # NL-R-008, and an IBAN by BR-61
    assert said(xml, ".//cac:PayeeFinancialAccount/cbc:ID") == ["NL91ABNA0417164300"]
    assert all(node.text.strip() or len(node) for node in etree.fromstring(xml).iter())  # PEPPOL-EN16931-R008


@pytest.mark.parametrize(("means", "code"), [("card", "48"), ("paypal", "57"), ("transfer", "58")])
def test_a_dutch_supplier_names_means_that_it_may(means: str, code: str) -> None:
    xml = ubl(replace(INVOICE, payment_means=means), "peppol")  # type: ignore[arg-type]
    assert said(xml, ".//cbc:PaymentMeansCode") == [code]


def test_a_credit_note_is_positive_names_its_invoice_and_no_means() -> None:
    xml = ubl(NOTE, "nlcius")
    assert etree.QName(etree.fromstring(xml)).localname == "CreditNote"
    assert said(xml, "cbc:CreditNoteTypeCode") == ["381"]
    assert said(xml, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == [
        "F2026-00041"
    ]  # NL-R-001
    assert said(xml, "cac:LegalMonetaryTotal/cbc:PayableAmount") == ["27.38"]
    assert said(xml, "cac:CreditNoteLine/cbc:CreditedQuantity") == ["52"]  # 4 seats x 13 days
    assert not said(xml, ".//cbc:PaymentMeansCode")


@pytest.mark.parametrize("document", [INVOICE, NOTE, MOVED, *ODD.values()])
def test_quantity_times_price_gives_every_line(document: InvoiceDocument) -> None:
    """PEPPOL-EN16931-R120: to within 2 cents, and as M2 rounds once, to within half a cent of the exact fraction."""
    root = etree.fromstring(ubl(document, "peppol"))
    lines = [*root.findall("cac:InvoiceLine", NAMES), *root.findall("cac:CreditNoteLine", NAMES)]
    assert len(lines) == len(document.lines)
    for line in lines:
        number = {
            etree.QName(node).localname: Decimal(node.text) for node in line.iter() if _is_number(node.text)
        }
        quantity = number.get("InvoicedQuantity", number.get("CreditedQuantity"))
        assert quantity is not None
        exact = quantity * number["PriceAmount"] / number.get("BaseQuantity", Decimal(1))
        is_charge = line.findtext("cac:AllowanceCharge/cbc:ChargeIndicator", namespaces=NAMES) == "true"
        discount = number.get("Amount", Decimal(0))
        stated = number["LineExtensionAmount"] + (-discount if is_charge else discount)
        assert abs(stated - exact) <= Decimal("0.005") or document.currency == "JPY"


def _is_number(text: str | None) -> bool:
    return bool(text) and str(text).lstrip("-").replace(".", "", 1).isdigit()


def test_tax_is_also_in_the_sellers_currency_on_the_page_and_as_data() -> None:
    xml = ubl(DOLLARS, "peppol")
    assert said(xml, "cbc:TaxCurrencyCode") == ["EUR"]
    assert said(xml, "cac:TaxTotal/cbc:TaxAmount") == ["22.46", "20.71"]
    assert said(cii(DOLLARS), ".//ram:TaxTotalAmount") == ["22.46", "20.71"]
    assert "Btw in EUR (1 EUR = 1,0845 USD op 29 mei 2026) € 20,71" in text_of(render(DOLLARS))


def test_what_is_out_of_scope_stands_beside_other_taxes_as_exempt() -> None:
    assert said(
        cii(MOVED), ".//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode"
    ) == [
        "E",
        "S",
    ]  # BR-O-11


def test_text_that_xml_cannot_carry_is_left_out() -> None:
    odd = replace(INVOICE, customer=replace(BOUGHT_BY, name="Vries\x0b & <Zn.> \ud800\ufffe"))
    assert said(ubl(odd, "peppol"), "cac:AccountingCustomerParty//cbc:RegistrationName") == ["Vries & <Zn.>"]


def test_a_currency_with_three_decimals_stays_on_paper() -> None:
    dinars = replace(INVOICE, currency="KWD")
    assert not can_be_stated(dinars)
    assert pikepdf.open(io.BytesIO(render(dinars))).attachments == {}


def test_the_page_carries_the_very_data_and_is_whole() -> None:
    page = render(INVOICE)
    pdf = pikepdf.open(io.BytesIO(page))
    assert pdf.attachments["factur-x.xml"].get_file().read_bytes() == cii(INVOICE)
    assert not pdf.check_pdf_syntax()
    assert render(replace(INVOICE)) == page


@pytest.mark.checks
def test_odd_documents_hold_too(checks: Path, tmp_path: Path) -> None:
    """Several rates, foreign currencies, discounts to nothing, parties that moved."""
    files = []
    for name, document in ODD.items():
        files += [tmp_path / f"{name}.{kind}.xml".replace(" ", "-") for kind in ("cii", "ubl")]
        files[-2].write_bytes(cii(document))
        files[-1].write_bytes(ubl(document, "peppol"))
    script = checks / "einvoice" / "einvoice_check.py"
    done = subprocess.run([sys.executable, script, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
