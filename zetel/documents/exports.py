"""Tables for accountants as CSV and as XLSX: rows in, bytes out, without holding more than a few of them.

A text that a spreadsheet would take for a formula is written so that it stays a text: in CSV behind an apostrophe, in
XLSX as the string that it is. Amounts are decimals with a point, never texts and never formulas.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO

import xlsxwriter

from zetel.rules.money import decimals, plain

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ROWS_AT_ONCE = 200
_LONGEST_CELL = 32_767
_ROWS_MAX = 1_048_576 - 1


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units of a currency, as a cell."""

    minor: int
    currency: str


Cell = str | int | date | Amount | None
Row = Sequence[Cell]


class TooManyRows(Exception):
    """More than a sheet can hold; CSV holds any number."""


def csv_bytes(header: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """UTF-8 with its mark, so that spreadsheets read accents; lines by RFC 4180, some at a time."""
    yield b"\xef\xbb\xbf"
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_csv_cell(cell) for cell in row])
        if number % _ROWS_AT_ONCE == 0:
            yield _taken(written)
    yield _taken(written)


def _taken(written: io.StringIO) -> bytes:
    text = written.getvalue()
    written.seek(0)
    written.truncate()
    return text.encode()


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Amount):
        return plain(cell.minor, cell.currency)
    if isinstance(cell, date):
        return cell.isoformat()
    text = str(cell)
    is_text = isinstance(cell, str)
    return f"'{text}" if is_text and text.lstrip(" ").startswith(_STARTS_FORMULA) else text


def xlsx_file(header: Sequence[str], rows: Iterable[Row]) -> IO[bytes]:
    """A workbook with one sheet, its first row fixed; each row leaves memory once it is written.

    The file has no name, so nothing stays behind whatever happens to it. Raises TooManyRows.
    """
    made: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # whoever asked reads it and closes it
    try:
        with tempfile.TemporaryDirectory(prefix="zetel-export-") as folder:
            _write(made, folder, header, rows)
    except BaseException:
        made.close()
        raise
    made.seek(0)
    return made


def _write(made: IO[bytes], folder: str, header: Sequence[str], rows: Iterable[Row]) -> None:
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "tmpdir": folder,
    }  # fmt: skip
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties({"created": datetime(2020, 1, 1)})  # noqa: DTZ001  # the same rows, the same bytes
        sheet = book.add_worksheet()
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        money = {places: book.add_format({"num_format": _format(places)}) for places in (0, 2, 3)}
        sheet.freeze_panes(1, 0)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, start=1):
            if number > _ROWS_MAX:
                raise TooManyRows
            for column, cell in enumerate(row):
                if isinstance(cell, Amount):
                    places = decimals(cell.currency)
                    sheet.write_number(number, column, Decimal(cell.minor).scaleb(-places), money[places])
                elif isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif isinstance(cell, int):
                    sheet.write_number(number, column, cell)
                elif cell:
                    sheet.write_string(number, column, _fit(cell))


def _format(places: int) -> str:
    return "0" if not places else "0." + "0" * places


def _fit(text: str) -> str:
    """What a sheet can carry of a text."""
    return "".join(sign for sign in text if sign >= " " or sign in "\t\n")[:_LONGEST_CELL]
