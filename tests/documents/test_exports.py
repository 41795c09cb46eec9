"""Tables as CSV and XLSX: no text becomes a formula, no amount a text, and rows are written as they come."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import IO

import pytest
from lxml import etree

from zetel.documents.exports import Amount, Row, csv_bytes, xlsx_file

HEADER = ("name", "day", "amount", "currency", "count")
EVIL = ("=1+1", "+31 6", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("http://x.example","x")')


def cells(pieces: Iterator[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline="")))


def sheet(file: IO[bytes]) -> list[list[tuple[str | None, str]]]:
    """Type and value of each cell: `inlineStr` a text, `n` a number; a formula would be an element of its own."""
    with file, zipfile.ZipFile(file) as book:
        root = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not root.findall(".//{*}f")
    return [
        [(cell.get("t"), "".join(cell.itertext())) for cell in row.findall("{*}c")]
        for row in root.iter("{*}row")
    ]


@pytest.mark.parametrize("text", EVIL)
def test_a_text_is_never_a_formula(text: str) -> None:
    row: Row = (text, date(2026, 5, 12), Amount(-8486, "EUR"), "EUR", -3)
    assert cells(csv_bytes(HEADER, [row]))[1] == [f"'{text}", "2026-05-12", "-84.86", "EUR", "-3"]
    found = sheet(xlsx_file(HEADER, [row]))[1]
    assert found[0][0] == "inlineStr"
    assert found[0][1].strip() == text.strip()
    assert found[2] == (None, "-84.86")


def test_amounts_keep_the_decimals_of_their_currency() -> None:
    row: Row = (Amount(1500, "JPY"), Amount(1500, "KWD"), Amount(5, "EUR"), None, 'Café "x", y')
    assert cells(csv_bytes(("a",), [row]))[1] == ["1500", "1.500", "0.05", "", 'Café "x", y']


def test_rows_are_written_as_they_come() -> None:
    asked: list[int] = []

    def rows() -> Iterator[Row]:
        for number in range(1000):
            asked.append(number)
            yield (number,)

    pieces = csv_bytes(("n",), rows())
    assert next(pieces) == b"\xef\xbb\xbf"
    next(pieces)
    assert len(asked) == 200
    assert sum(piece.count(b"\n") for piece in pieces) == 800


def test_the_same_rows_give_the_same_workbook() -> None:
    rows = [("x", date(2026, 5, 12), Amount(1, "EUR"), "EUR", 1)]
    with xlsx_file(HEADER, rows) as one, xlsx_file(HEADER, rows) as other:
        assert one.read() == other.read()
