"""Typst, kept warm: a template and values in, PDF bytes out.

Values travel as JSON and are read by the template as data, so nothing in them is ever evaluated as markup. Fonts
come from our own packages only: the machine's fonts would make the same invoice look different elsewhere. A compiler
belongs to one thread and is reused; the fonts are read once and shared.
"""

import json
import threading
from functools import cache
from pathlib import Path

import typst

from zetel.documents.fonts import font_folders

# PDF/A-3b: kept readable for the years an invoice must be kept, and may carry an e-invoice inside.
# PDF/UA-1: tagged, so that a screen reader can read it.
STANDARDS: "list[typst.PDFStandard]" = ["a-3b", "ua-1"]

_HERE = Path(__file__).parent
_warm = threading.local()


@cache
def fonts() -> typst.Fonts:
    """Ours and no others."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in font_folders()],
    )


@cache
def _template(name: str) -> bytes:
    return (_HERE / name).read_bytes()


def _compiler() -> typst.Compiler:
    if not hasattr(_warm, "compiler"):
        _warm.compiler = typst.Compiler(root=str(_HERE), font_paths=fonts())
    compiler: typst.Compiler = _warm.compiler
    return compiler


def typeset(template: str, values: object) -> bytes:
    """Set the template with these values. It dates the document itself, so the same values give the same bytes.

    Raises typst.TypstError.
    """
    return typeset_source(_template(template), values)


def typeset_source(source: bytes, values: object) -> bytes:
    """The same for a source that is no file; it is our own, never anything that was typed by somebody."""
    made = _compiler().compile(
        source,
        format="pdf",
        sys_inputs={"values": json.dumps(values)},
        pdf_standards=STANDARDS,
    )
    assert isinstance(made, bytes)
    return made
