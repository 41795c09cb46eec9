"""What the company's server says: its answers as plain dicts, and its ways of failing.

A failing here is an exception because the caller of a real company sees one too; what was committed before it
stays committed. Amounts are minor units, instants ISO 8601 in UTC.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from zetel.sandbox.models import Charge, Method, Refund, Setup

Answer = dict[str, Any]


class CompanyError(Exception):
    """The company gave no answer that can be used."""


class TimedOut(CompanyError):
    """No answer came. The request may have been carried out."""


class Failed(CompanyError):
    """Answer 500. The request may have been carried out."""


class Down(CompanyError):
    """The company could not be reached: nothing was carried out."""


class Invalid(CompanyError):
    """Answer 400: the request itself is wrong. Nothing was carried out."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def work() -> Iterator[None]:
    """The company's own transaction: to call it inside one of the caller's is an error, as its writes could be
    rolled back with the caller's, which no real company would do."""
    with transaction.atomic(durable=True):
        yield


def base_url() -> str:
    """Where this installation is reached, without a slash at the end."""
    return settings.CONFIG.address


def page_url(view: str, page_key: str, return_url: str) -> str:
    """The address of a hosted page, at the origin the browser comes from, so that its cookies go along."""
    path = reverse(f"sandbox:{view}", args=[page_key])
    origin = urlsplit(return_url)
    return f"{origin.scheme}://{origin.netloc}{path}" if origin.netloc else path


def setup_answer(setup: Setup) -> Answer:
    return {
        "id": setup.id,
        "reference": setup.reference,
        "status": setup.status,
        "reason": setup.reason,
        "method": method_answer(setup.method) if setup.status == "done" else None,
        "redirect_url": page_url("setup", setup.page_key, setup.return_url),
        "element_url": page_url("element", setup.page_key, setup.return_url) if setup.kind == "card" else "",
    }


def method_answer(method: Method) -> Answer:
    return {
        "token": method.token,
        "kind": method.kind,
        "brand": method.brand,
        "last4": method.last4,
        "email": method.email,
        "expires_on": method.expires_on.isoformat() if method.expires_on else None,
    }


def charge_answer(charge: Charge) -> Answer:
    return {
        "id": charge.id,
        "reference": charge.reference,
        "status": charge.status,
        "amount": charge.captured_amount or charge.amount,
        "currency": charge.captured_currency or charge.currency,
        "refunded_amount": charge.refunded_amount,
        "reason": charge.reason,
        "hard": charge.hard,
        "action_url": page_url("approve", charge.page_key, charge.return_url)
        if charge.status == "action"
        else "",
        "created_at": charge.created_at.isoformat(),
        "changed_at": charge.changed_at.isoformat(),
        "captured_at": charge.captured_at.isoformat() if charge.captured_at else None,
    }


def refund_answer(refund: Refund) -> Answer:
    return {
        "id": refund.id,
        "charge": refund.charge_id,
        "reference": refund.reference,
        "amount": refund.amount,
        "currency": refund.charge.captured_currency or refund.charge.currency,
        "status": refund.status,
        "reason": refund.reason,
        "created_at": refund.created_at.isoformat(),
    }
