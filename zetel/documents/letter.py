"""A letter: one mail without its form, and how the facts of a mail row become words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language

from zetel.documents.amounts import amount_text, date_text

Params = Mapping[str, Any]
Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class House:
    """Who writes: the seller, where its support is, and the address that links begin with."""

    name: str
    support_email: str
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail without its form. `quoted` is what somebody typed, `code` what to type; `path` begins with a slash."""

    subject: str
    title: str
    paragraphs: tuple[str, ...]
    facts: Facts = ()
    quoted: str = ""
    code: str = ""
    label: str = ""
    path: str = ""


def language() -> str:
    return "nl" if (get_language() or "en").startswith("nl") else "en"


def fact(params: Params, name: str) -> str:
    return str(params.get(name) or "")


def amount(params: Params, name: str, currency: str = "currency") -> str:
    if params.get(name) is None or not params.get(currency):
        return ""
    return amount_text(int(params[name]), str(params[currency]), language())


def day(params: Params, name: str) -> str:
    return date_text(date.fromisoformat(params[name]), language()) if params.get(name) else ""


def shown(*facts: tuple[str, str]) -> Facts:
    """Only what is known."""
    return tuple((label, value) for label, value in facts if value)
