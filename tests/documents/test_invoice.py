"""The invoice PDF says what was issued, in its own language, in the same bytes every time (rules I1, I3, I5)."""

import threading
from dataclasses import replace
from datetime import date

import pytest
import typst
from pypdf.generic import DictionaryObject

from tests.documents.examples import CHARGE, CREDIT_NOTE, CUSTOMER, SELLER, UPGRADE, reader, text_of
from zetel.documents import typesetter
from zetel.documents.invoice import TaxRow, check_logo, render
from zetel.documents.invoice_page import page_values

PIXEL_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'


def test_dutch_invoice_shows_every_figure_of_worked_example_2() -> None:
    text = text_of(render(UPGRADE))
    for said in (
        "Factuur",
        "Factuurnummer F2026-00042",
        "Factuurdatum 30 mei 2026",
        "Vervaldatum 29 juni 2026",
        "Jouw referentie PO 4711",
        "Zetel B.V.",
        "KvK-nummer 34567890",
        "IBAN NL91 ABNA 0417 1643 00",
        "Bakkerij De Vries B.V. Oudegracht 12 3511 AL Utrecht",
        "€ 129,39 te betalen uiterlijk 29 juni 2026",
        "30 mei 2026 t/m 11 juni 2026",
        "Teruggegeven: 15 seats × € 13,49 × 13 van 31 dagen = € 84,86",
        "15 seats × € 30,49 × 13 van 31 dagen = € 191,79",
        "Subtotaal exclusief btw € 106,93",
        "Btw 21% over € 106,93 € 22,46",
        "Totaal € 129,39",
        "Te betalen € 129,39",
        "pagina 1 van 1",
    ):
        assert said in text


def test_english_invoice_is_english_throughout() -> None:
    text = text_of(render(replace(UPGRADE, language="en")))
    for said in (
        "Invoice number F2026-00042",
        "€129.39 due by 29 June 2026",
        "30 May 2026 to 11 June 2026 inclusive",
        "Given back: 15 seats × €13.49 × 13 of 31 days = €84.86",
        "VAT 21% on €106.93 €22.46",
        "Amount due €129.39",
        "page 1 of 1",
    ):
        assert said in text


def test_amounts_keep_their_no_break_space() -> None:
    page = reader(render(UPGRADE)).pages[0].extract_text()
    assert "€\N{NO-BREAK SPACE}129,39" in page


def test_paid_invoice_says_when_and_asks_for_nothing() -> None:
    paid = replace(
        UPGRADE,
        balance_used=2000,
        paid_amount=10939,
        due_amount=0,
        paid_on=date(2026, 5, 30),
        payment_note="Visa •••• 4242",
    )
    text = text_of(render(paid))
    assert "€ 129,39 betaald op 30 mei 2026 Visa •••• 4242" in text
    assert "Betaald uit je tegoed € −20,00 Betaald € −109,39 Te betalen € 0,00" in text
    assert "Vervaldatum" not in text


def test_credit_note_names_the_invoice_it_takes_back_and_asks_for_nothing() -> None:
    text = text_of(render(CREDIT_NOTE))
    assert "Creditnotanummer C2026-00003" in text
    assert "Crediteert factuur F2026-00041" in text
    assert "€ 27,38 gecrediteerd" in text
    assert "Totaal € −27,38" in text
    assert "Te betalen" not in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "nl",
            "Btw verlegd: de afnemer voldoet de btw (artikel 196, Richtlijn 2006/112/EG). "
            "Btw-nummer verkoper: NL123456782B90. Btw-nummer afnemer: DE123456789.",
        ),
        (
            "en",
            "Reverse charge: VAT is to be paid by the customer (Article 196, Directive 2006/112/EC). "
            "VAT number of the seller: NL123456782B90. VAT number of the customer: DE123456789.",
        ),
    ],
)
def test_reverse_charge_carries_the_legal_words_and_both_vat_numbers(language: str, words: str) -> None:
    document = replace(
        UPGRADE,
        language="nl" if language == "nl" else "en",
        customer=replace(CUSTOMER, vat_number="DE123456789", country="DE"),
        taxes=(TaxRow("AE", 0, 10693, 0),),
        tax=0,
        total=10693,
        due_amount=10693,
    )
    assert words in text_of(render(document))


def test_reverse_charge_without_the_customers_number_is_our_mistake() -> None:
    with pytest.raises(AssertionError, match="customer's VAT number"):
        render(replace(UPGRADE, taxes=(TaxRow("AE", 0, 10693, 0),)))


def test_currencies_keep_their_own_decimals() -> None:
    line = replace(CHARGE, unit_price=3400, days=31, amount=51000)
    japanese = text_of(render(replace(UPGRADE, language="en", currency="JPY", lines=(line,), total=51000)))
    kuwaiti = text_of(render(replace(UPGRADE, language="en", currency="KWD", lines=(line,), total=51000)))
    assert "15 seats × ¥3,400 = ¥51,000" in japanese
    assert "15 seats × KWD 3.400 = KWD 51.000" in kuwaiti


def test_same_values_give_the_same_bytes_and_another_name_does_not() -> None:
    first = render(UPGRADE)
    assert render(replace(UPGRADE)) == first
    assert render(replace(UPGRADE, customer=replace(CUSTOMER, name="Bakkerij De Boer"))) != first


def test_many_lines_span_pages_under_a_repeated_header() -> None:
    document = replace(UPGRADE, lines=(CHARGE,) * 40)
    pages = [page.extract_text() for page in reader(render(document)).pages]
    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        assert "Omschrijving" in page
        assert f"pagina {number} van 4" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert sum(page.count("Business, maandelijks") for page in pages) == 40


def test_file_is_pdf_a_3b_and_ua_with_language_title_and_date() -> None:
    pdf = reader(render(UPGRADE))
    catalog = pdf.trailer["/Root"]
    assert isinstance(catalog, DictionaryObject)
    metadata = pdf.xmp_metadata
    assert metadata is not None
    described = metadata.stream.get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in described
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in described
    assert "<pdfuaid:part>1</pdfuaid:part>" in described
    assert str(catalog["/Lang"]) == "nl-NL"
    information = pdf.metadata
    assert information is not None
    assert information.title == "Factuur F2026-00042"
    assert information.author == "Zetel B.V."
    assert information.creation_date is not None
    assert information.creation_date.date() == date(2026, 5, 30)


def test_every_font_is_our_own_and_embedded() -> None:
    names = set()
    for page in reader(render(UPGRADE)).pages:
        resources = page["/Resources"]
        assert isinstance(resources, DictionaryObject)
        fonts = resources["/Font"]
        assert isinstance(fonts, DictionaryObject)
        names |= {str(font.get_object()["/BaseFont"]).split("+")[1].split("-")[0] for font in fonts.values()}
    assert names == {"Inter"}


def test_no_font_of_the_machine_or_the_typesetter_can_slip_in() -> None:
    families = typesetter.fonts().families()
    assert "Inter" in families
    assert [family for family in families if family != "Inter" and not family.startswith("Noto ")] == []


def test_text_is_never_read_as_markup() -> None:
    name = '#read("/etc/passwd") *vet* _schuin_ $x^2$ <a> @b // c "q" \\ = kop'
    text = text_of(render(replace(UPGRADE, customer=replace(CUSTOMER, name=name), notes=name)))
    assert text.count(name) == 2


def test_logo_is_drawn_and_a_broken_one_is_refused_with_a_reason() -> None:
    check_logo(PIXEL_SVG)
    assert len(render(replace(UPGRADE, logo=PIXEL_SVG))) > 0
    with pytest.raises(ValueError, match="no PNG or SVG"):
        check_logo(b"GIF89a")
    with pytest.raises(ValueError, match="at most 200000"):
        check_logo(b" " * 200_001)


def test_threads_set_invoices_side_by_side() -> None:
    wanted = {number: render(replace(UPGRADE, number=f"F2026-{number:05}")) for number in range(8)}
    made: dict[int, bytes] = {}

    def set_some(numbers: range) -> None:
        for number in numbers:
            made[number] = render(replace(UPGRADE, number=f"F2026-{number:05}"))

    threads = [threading.Thread(target=set_some, args=(range(start, 8, 4),)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == wanted


def test_a_script_that_surprises_the_typesetter_still_gives_an_invoice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Should the check of a text miss something, its characters are replaced; the figures stay."""
    monkeypatch.setattr("zetel.documents.invoice_page.printable", lambda text: text)
    with pytest.raises(typst.TypstError, match="could not be displayed"):
        typesetter.typeset("invoice.typ", _values_with_name("Farao 𓀀"))
    text = text_of(render(replace(UPGRADE, customer=replace(CUSTOMER, name="Farao 𓀀"))))
    assert "Farao \N{REPLACEMENT CHARACTER}" in text
    assert "Te betalen € 129,39" in text


def _values_with_name(name: str) -> dict[str, object]:
    return page_values(replace(UPGRADE, customer=replace(CUSTOMER, name=name), seller=SELLER))
