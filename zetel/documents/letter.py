"""A letter: one mail without its form, and how the facts of a mail row become words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext

from zetel.documents.amounts import amount_text, date_text
from zetel.documents.languages import reader_language

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


Kinds = dict[str, Callable[[Params, House], Letter]]


def to_billing(params: Params, subject: str, *paragraphs: str, facts: Facts = (), title: str = "") -> Letter:
    """The shape of most mails: what happened, in one or more paragraphs, and the way to the Billing tab."""
    return Letter(
        subject=subject, title=title or subject, paragraphs=tuple(text for text in paragraphs if text),
        facts=facts, label=gettext("Go to Billing"), path=billing_path(params),
    )  # fmt: skip


def billing_path(params: Params, page: str = "") -> str:
    """The Billing tab of the space that the mail is about, or a page of it; without a space the way to it."""
    space = fact(params, "space_id")
    return f"/s/{space}/billing/{page}" if space else "/billing/"


def fact(params: Params, name: str) -> str:
    return str(params.get(name) or "")


def amount(params: Params, name: str, currency: str = "currency") -> str:
    if params.get(name) is None or not params.get(currency):
        return ""
    return amount_text(int(params[name]), str(params[currency]), reader_language())


def day(params: Params, name: str) -> str:
    return date_text(date.fromisoformat(params[name]), reader_language()) if params.get(name) else ""


def shown(*facts: tuple[str, str]) -> Facts:
    """Only what is known."""
    return tuple((label, value) for label, value in facts if value)


def plan(params: Params) -> str:
    """The plan by its name in the catalogue, as far as that is known."""
    return fact(params, "plan_name") or fact(params, "plan").title()


def cycle(params: Params) -> str:
    words = {"month": gettext("Monthly"), "year": gettext("Annual")}
    return words.get(fact(params, "cycle"), "")


def agreement(params: Params) -> Facts:
    """Plan, cycle and seats."""
    return shown(
        (gettext("Plan"), plan(params)),
        (gettext("Billing cycle"), cycle(params)),
        (gettext("Seats"), fact(params, "seats")),
    )


def renewal(params: Params) -> Facts:
    """The next invoice and what it will come to; nothing where no next one comes."""
    expected = amount(params, "renewal_amount") if params.get("period_end") else ""
    return shown((gettext("Next invoice"), day(params, "period_end")), (gettext("Expected amount"), expected))
