"""Saving a payment method: a session that begins at the server, goes through the hosted pages and ends once.

A page belongs to whoever knows its key, for an hour of the company's clock, until it is done or refused. The card
number is looked at in memory only: it says which documented behaviour the saved method has, and is dropped.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.http.request import validate_host

from zetel import clock
from zetel.sandbox.answers import Answer, Invalid, base_url, setup_answer, work
from zetel.sandbox.behaviours import BEFORE, BEHAVIOURS, Account, Card
from zetel.sandbox.models import Customer, Method, Setup
from zetel.sandbox.script import fail, planned_fault, require_up
from zetel.sandbox.webhooks import emit

OPEN_TIME = timedelta(hours=1)
KINDS = ("card", "paypal")
URL_LENGTH_MAX = 2_000


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What was accepted of what a person typed: everything to be kept of a method, and no more."""

    kind: str
    brand: str
    behaviour: str
    last4: str = ""
    email: str = ""
    expires_on: date | None = None

    @classmethod
    def of_card(cls, card: Card, expires_on: date) -> "Typed":
        return cls(
            kind="card",
            brand=card.brand,
            behaviour=card.behaviour,
            last4=card.number[-4:],
            expires_on=expires_on,
        )

    @classmethod
    def of_account(cls, account: Account) -> "Typed":
        return cls(kind="paypal", brand="PayPal", behaviour=account.behaviour, email=account.email)


def checked_return_url(url: str) -> str:
    """The address if it leads to this installation, else a refusal: nobody is sent elsewhere from our pages."""
    parts = urlsplit(url)
    odd = "\\" in url or any(ord(character) <= 32 or ord(character) == 127 for character in url)
    if odd or len(url) > URL_LENGTH_MAX:
        raise Invalid("return_url_odd")
    if not parts.scheme and not parts.netloc and url.startswith("/") and not url.startswith("//"):
        return url
    hosts = [host for host in settings.ALLOWED_HOSTS if host != "*"] + [urlsplit(base_url()).hostname or ""]
    if (
        parts.scheme not in ("http", "https")
        or "@" in parts.netloc
        or not validate_host(parts.hostname or "", hosts)
    ):
        raise Invalid("return_url_elsewhere")
    return url


def with_id(url: str, name: str, value: str) -> str:
    """The return address with the id of the setup or charge added."""
    parts = urlsplit(url)
    query = [(key, old) for key, old in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=urlencode([*query, (name, value)])))


def begin_setup(
    *, customer_reference: str, kind: str, reference: str, return_url: str, language: str
) -> Answer:
    """Open a session. The same wish asked again while it is open answers the same session."""
    now = clock.now()
    require_up(now)
    if kind not in KINDS:
        raise Invalid("kind_unknown")
    return_url = checked_return_url(return_url)
    fault = planned_fault("setup")
    if fault in BEFORE:
        fail(fault, now)
    with work():
        customer, _made = Customer.objects.get_or_create(
            reference=customer_reference, defaults={"created_at": now}
        )
        wish: dict[str, Any] = {
            "customer": customer,
            "kind": kind,
            "reference": reference,
            "return_url": return_url,
        }
        row = Setup.objects.filter(**wish, status="pending", expires_at__gt=now).first()
        if row is None:
            row = Setup.objects.create(**wish, language=language, created_at=now, expires_at=now + OPEN_TIME)
        answer = setup_answer(row)
    fail(fault, now)
    return answer


def fetch_setup(setup_id: str) -> Answer | None:
    now = clock.now()
    require_up(now)
    fail(planned_fault("fetch"), now)
    with work():
        row = Setup.objects.select_for_update().filter(id=setup_id).first()
        if row is None:
            return None
        _expire(row, now)
        return setup_answer(row)


def forget(token: str) -> None:
    """Remove a saved method; charging it afterwards is declined."""
    now = clock.now()
    require_up(now)
    with work():
        Method.objects.filter(token=token, forgotten_at=None).update(forgotten_at=now)


def page_of(page_key: str, now: datetime) -> Setup | None:
    """The session of a page, brought up to date."""
    with work():
        row = Setup.objects.select_for_update().filter(page_key=page_key).first()
        if row is not None:
            _expire(row, now)
        return row


def enter(setup_id: str, typed: Typed, now: datetime) -> Setup:
    """A person typed a card or logged in to PayPal. A card is saved at once unless its bank asks for approval;
    PayPal asks the person to agree first."""
    with work():
        row = _open(setup_id, now)
        if row.status != "pending":
            return row
        row.draft = {
            **typed.__dict__,
            "expires_on": typed.expires_on.isoformat() if typed.expires_on else None,
        }
        if typed.kind == "card" and BEHAVIOURS[typed.behaviour].setup != "approve":
            return _finish(row, now)
        row.save(update_fields=["draft"])
        return row


def agree(setup_id: str, now: datetime) -> Setup:
    """The person agreed at PayPal, or approved at the bank."""
    with work():
        row = _open(setup_id, now)
        return row if row.status != "pending" or row.draft is None else _finish(row, now)


def refuse(setup_id: str, reason: str, now: datetime) -> Setup:
    with work():
        row = _open(setup_id, now)
        return row if row.status != "pending" else _refuse(row, reason, now)


def forget_draft(setup_id: str, now: datetime) -> Setup:
    """Back to the first page, e.g. for another PayPal account."""
    with work():
        row = _open(setup_id, now)
        row.draft = None
        row.save(update_fields=["draft"])
        return row


def _open(setup_id: str, now: datetime) -> Setup:
    row = Setup.objects.select_for_update().get(id=setup_id)
    _expire(row, now)
    return row


def _expire(row: Setup, now: datetime) -> None:
    if row.status == "pending" and row.expires_at <= now:
        _refuse(row, "expired", now)


def _finish(row: Setup, now: datetime) -> Setup:
    draft = row.draft
    assert draft is not None, "nothing was typed yet"
    if BEHAVIOURS[draft["behaviour"]].setup == "refuse":
        return _refuse(row, "card_refused" if row.kind == "card" else "account_refused", now)
    expires_on = date.fromisoformat(draft["expires_on"]) if draft["expires_on"] else None
    Method.objects.create(
        setup=row, customer_id=row.customer_id, created_at=now, **{**draft, "expires_on": expires_on}
    )
    row.status, row.draft = "done", None
    row.save(update_fields=["status", "draft"])
    emit("setup.done", setup_answer(row), at=now, now=now, travel="now")
    return row


def _refuse(row: Setup, reason: str, now: datetime) -> Setup:
    row.status, row.reason, row.draft = "refused", reason, None
    row.save(update_fields=["status", "reason", "draft"])
    emit("setup.refused", setup_answer(row), at=now, now=now, travel="now")
    return row
