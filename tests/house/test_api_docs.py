"""The list of error codes in docs/api.md is the list in the code, with the sentences that people read."""

from pathlib import Path

import pytest
from django.utils.translation import override

from zetel.documents.sentences import PLAIN
from zetel.rules.errors import CODES

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"


def rows() -> list[str]:
    with override("en"):
        ordered = sorted(CODES, key=lambda code: (CODES[code], code))
        return [f"| `{code}` | {CODES[code]} | {PLAIN[code]} |" for code in ordered]


def test_the_page_lists_every_code() -> None:
    said, right = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")], rows()
    new, old = [row for row in right if row not in said], [row for row in said if row not in right]
    assert said == right, (
        f"in the list of codes in docs/api.md put, by status and code: {new}; take out: {old}"
    )


@pytest.mark.parametrize("word", ["Idempotency-Key", "Retry-After", "Zetel-On-Behalf-Of", "next_cursor"])
def test_the_page_speaks_of_what_holds_everywhere(word: str) -> None:
    assert word in PAGE.read_text()
