"""How long an invoice PDF takes per page, beside what the typesetter needs for an empty page in the same run.

The last line is one JSON object: the figures, the limit (milliseconds per page that we aim to stay under and the
empty page measured here), and their ratio. Every invoice differs, so nothing comes from typst's memory of the last.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import django

from zetel.documents.invoice import DocumentLine, InvoiceDocument, Party, TaxRow, render
from zetel.documents.typesetter import typeset_source

AIM_MS = 40.0
ROUNDS = 60
LINES_OF_FOUR_PAGES = 40

LINE = DocumentLine(
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
INVOICE = InvoiceDocument(
    kind="invoice",
    number="F2026-00001",
    issued_on=date(2026, 5, 30),
    due_on=date(2026, 6, 29),
    language="nl",
    currency="EUR",
    seller=Party("Zetel B.V.", ("Herengracht 182", "1016 BR Amsterdam"), "NL", vat_number="NL123456782B90"),
    customer=Party("Bakkerij De Vries B.V.", ("Oudegracht 12", "3511 AL Utrecht"), "NL"),
    lines=(LINE, LINE),
    taxes=(TaxRow("S", 2100, 38358, 8055),),
    net=38358,
    tax=8055,
    total=46413,
    due_amount=46413,
)


def milliseconds(act: Callable[[int], object]) -> list[float]:
    """How long each of the rounds took."""
    taken = []
    for turn in range(ROUNDS):
        start = time.perf_counter()
        act(turn)
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def empty_page(turn: int) -> bytes:
    return typeset_source(f'#set document(title: [{turn}])\n#set page(paper: "a4")\n.'.encode(), {})


def one_page(turn: int) -> bytes:
    customer = replace(INVOICE.customer, name=f"Bakkerij {turn} B.V.")
    return render(replace(INVOICE, number=f"F2026-{turn:05}", customer=customer))


def four_pages(turn: int) -> bytes:
    lines = tuple(replace(LINE, description=f"Business {turn}.{k}") for k in range(LINES_OF_FOUR_PAGES))
    return render(replace(INVOICE, number=f"F2027-{turn:05}", lines=lines))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zetel.settings")
    django.setup()
    start = time.perf_counter()
    size = len(one_page(-1))
    first = (time.perf_counter() - start) * 1000
    empty = statistics.median(milliseconds(empty_page))
    one = milliseconds(one_page)
    page, slowest = statistics.median(one), max(one)
    of_four = statistics.median(milliseconds(four_pages)) / 4
    print(f"first invoice {first:.0f} ms (fonts read), then {page:.1f} ms a page, slowest {slowest:.1f} ms")
    print(f"of a four-page invoice {of_four:.1f} ms a page; an empty page {empty:.1f} ms; {size} bytes")
    figures = {
        "benchmark": "pdf",
        "page_ms": round(page, 2),
        "slowest_page_ms": round(slowest, 2),
        "page_of_four_ms": round(of_four, 2),
        "first_ms": round(first, 1),
        "bytes": size,
        "aim_ms": AIM_MS,
        "limit_ms": round(empty, 2),
        "ratio": round(page / empty, 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
