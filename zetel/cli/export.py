"""`zetel export`: the accountants' tables from a terminal, to a file or to where the output goes."""

import shutil
import sys
from datetime import date
from pathlib import Path
from typing import NoReturn

from zetel import clock
from zetel.jobs.exports import TABLES, Span, csv_of, xlsx_of


def run(table: str, first: str, last: str, output: Path | None) -> None:
    """Write a table; the ending of the file says in which form, without one it is CSV on the standard output."""
    span = _span(first, last)
    if table not in TABLES:
        _refuse(f"{table} is no table; choose from {', '.join(TABLES)}")
    clock.refresh()
    if output is None:
        for piece in csv_of(table, span):
            sys.stdout.buffer.write(piece)
        return
    if output.suffix not in (".csv", ".xlsx"):
        _refuse(f"{output.name} must end in .csv or .xlsx")
    if output.suffix == ".xlsx":
        with xlsx_of(table, span) as made, output.open("wb") as file:
            shutil.copyfileobj(made, file)
    else:
        with output.open("wb") as file:
            file.writelines(csv_of(table, span))
    print(f"{output} ({output.stat().st_size} bytes)")


def _span(first: str, last: str) -> Span:
    try:
        span = Span(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        _refuse("a day is written like 2026-03-31")
    if span.first > span.last:
        _refuse("the first day comes after the last one")
    return span


def _refuse(sentence: str) -> NoReturn:
    print(f"zetel: {sentence}", file=sys.stderr)
    sys.exit(2)
