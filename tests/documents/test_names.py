"""No name stops an invoice: any script is drawn or visibly replaced, and the figures are always there."""

from dataclasses import replace

import pytest

from tests.documents.examples import CUSTOMER, UPGRADE, reader, text_of
from zetel.documents.fonts import REPLACEMENT, coverage, printable
from zetel.documents.invoice import render
from zetel.documents.invoice_page import page_values
from zetel.documents.typesetter import typeset

TOTAL = "Te betalen € 129,39"


def _printed(name: str) -> str:
    return text_of(render(replace(UPGRADE, customer=replace(CUSTOMER, name=name))))


@pytest.mark.parametrize(
    "name",
    [
        "北京字节跳动科技有限公司",
        "株式会社ゼテル・オランダ",
        "주식회사 제텔",
        "𠮷野家",
        "Αθήνα Ένωση",
        "Общество «Зетель»",
        "Công ty Cổ phần Đà Nẵng",
        "Հայաստան",
        "საქართველო",
        "Łódź Ġgantija Ærø Straße ﬁ",
        "Feest 😀 🎉",
    ],
)
def test_a_name_in_a_script_we_have_is_printed_as_it_is(name: str) -> None:
    text = _printed(name)
    assert name in text
    assert TOTAL in text


@pytest.mark.parametrize("name", ["شركة زيتل", "זטל בע״מ", "บริษัท ซีเทล จำกัด", "ज़ेटेल लिमिटेड", "ஜெடெல்"])
def test_a_name_in_a_shaped_script_is_printed_with_all_its_letters(name: str) -> None:
    """A reader of PDFs may give shaped letters back in another order; none may be missing or replaced."""
    text = _printed(name)
    assert REPLACEMENT not in text
    assert TOTAL in text
    missing = {char for char in printable(name) if char.isalpha()} - set(text)
    assert not missing


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Farao 𓀀𓁐 B.V.", "Farao \ufffd\ufffd B.V."),
        ("Half \ud83d paar", "Half \ufffd paar"),
        ("Eigen \ue000 teken", "Eigen \ufffd teken"),
        ("Anna\r\nBcc: iemand", "Anna Bcc: iemand"),
        ("Tab\tnul\x00bel\x07", "Tab nul bel"),
        ("Van \u202egnp.rutcaf\u202c", "Van gnp.rutcaf"),
        ("Mark\u200e\u200f \u2066x\u2069", "Mark x"),
        ("Gezin 👨\u200d👩\u200d👧 ❤\ufe0f", "Gezin 👨\u200d👩\u200d👧 ❤"),
        ("Cafe\u0301", "Café"),
        ("a\u0b3c", "a"),
        ("\u05b1 los \u05b1 teken", "\ufffd los teken"),
        ("  ruim \u3000 gespatieerd  ", "ruim gespatieerd"),
        ("<b>vet</b> & co", "<b>vet</b> & co"),
        ("", ""),
    ],
)
def test_odd_text_becomes_one_drawable_line(name: str, printed: str) -> None:
    assert printable(name) == printed
    assert TOTAL in _printed(name)


def test_zalgo_text_keeps_its_letters() -> None:
    name = "Z\u0351\u036b\u0343a\u0334\u0489l\u0362\u0b01g\u0315\u0e31o\u0321"
    assert [char for char in printable(name) if char.isalpha()] == list("Zalgo")
    assert TOTAL in _printed(name)


@pytest.mark.parametrize(
    "name", ["W" * 255, "😀" * 255, "北" * 255, "ก" * 255, "ع" * 255, "a@" * 127, "x " * 127]
)
def test_a_name_of_255_characters_wraps_inside_its_column(name: str) -> None:
    pdf = render(replace(UPGRADE, customer=replace(CUSTOMER, name=name)))
    pieces = [
        line for line in reader(pdf).pages[0].extract_text().splitlines() if set(line) <= {*name, "\u200b"}
    ]
    assert sum(len(piece.replace("\u200b", "").replace(" ", "")) for piece in pieces) >= 100
    assert max(len(piece.replace("\u200b", "")) for piece in pieces) <= 60
    assert TOTAL in text_of(pdf)


def test_a_long_word_may_break_anywhere_and_a_short_one_may_not() -> None:
    assert printable("W" * 24) == "W" * 24
    assert printable("W" * 25) == "\u200b".join("W" * 25)


def test_every_code_point_that_a_font_claims_to_have_can_be_set() -> None:
    """In one document, without the safety net of `render`; of the many Han and Hangul ones each eighth."""
    claimed = sorted(set().union(*coverage()))
    sample = [code for code in claimed if not 0x3400 <= code < 0x30000 or code % 8 == 0 or code >= 0xE000]
    kept = [char for code in sample if (char := printable(chr(code))) not in ("", REPLACEMENT)]
    assert len(kept) > 15_000
    notes = "\n".join(" ".join(kept[start : start + 40]) for start in range(0, len(kept), 40))
    pdf = typeset("invoice.typ", page_values(replace(UPGRADE, notes=notes)))
    assert pdf.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("country", "family"), [("JP", "JP"), ("KR", "KR"), ("TW", "TC"), ("CN", "SC"), ("NL", "SC")]
)
def test_han_characters_take_the_shapes_of_the_customers_country(country: str, family: str) -> None:
    values = page_values(replace(UPGRADE, customer=replace(CUSTOMER, country=country)))
    fonts = values["fonts"]
    assert isinstance(fonts, list)
    assert fonts[0] == "Inter"
    assert fonts[-1] == f"Noto Sans CJK {family}"
