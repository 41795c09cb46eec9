"""Which of our two languages is spoken now: that of the reader of a page or answer, or of a document being made."""

from typing import Literal

from django.utils.translation import get_language


def reader_language() -> Literal["nl", "en"]:
    """The active language as texts know it; English for one that we do not speak."""
    return "nl" if (get_language() or "en").startswith("nl") else "en"
