"""What people ask of the seller in words: wishes that only sales can grant (rules P6, G5), and questions to support.

A request is stored, recorded, mailed to the seller and copied to the asker in one transaction. Sent twice within ten
minutes, as by a double click, it stays one; more than a few an hour are refused.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from zetel.actions import mail, quotes, sales, throttle
from zetel.actions._change import record, transition
from zetel.models import Customer, Event, Person, SalesRequest, Space, SupportRequest
from zetel.rules import names, transitions
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

TOPICS = (
    "several_teams",
    "division",
    "more_seats",
    "pay_by_invoice",
    "plan",
    "change",
    "cancel",
    "resume",
    "other",
)
REQUESTS_MAX = 10
REQUESTS_WINDOW = timedelta(hours=1)
SAME_WITHIN = timedelta(minutes=10)
MESSAGE_LENGTH_MAX = 5000
SUBJECT_LENGTH_MAX = 255
COMPANY_LENGTH_MAX = 255
PHONE_LENGTH_MAX = 64
WISH_FIELDS = ("plan", "cycle", "seats")


def ask_sales(
    *,
    person: Person,
    space: Space | None,
    topic: str,
    wish: Mapping[str, object],
    name: str,
    email: str,
    company: str,
    phone: str,
    message: str,
    now: datetime,
    customer: Customer | None = None,
) -> SalesRequest:
    """Store a wish for sales and tell both sides. `wish` holds plan, cycle and seats as far as they are known.

    `customer` is who would pay: what the person filled in while buying.

    The copy goes to the person's own address, whatever `email` says: the form must not mail strangers.
    Raises value_required, value_too_long, value_invalid, name_invalid, email_invalid, not_member, too_many_requests.
    """
    if topic not in TOPICS:
        raise ZetelError("value_invalid", field="topic")
    if space is not None:
        quotes.check_member(space, person)
    asked = {
        "topic": topic,
        "wish": {key: wish[key] for key in WISH_FIELDS if wish.get(key)},
        "name": names.name(name),
        "email": names.email(email),
        "company": _text(company, "company", COMPANY_LENGTH_MAX),
        "phone": _text(phone, "phone", PHONE_LENGTH_MAX),
        "message": _text(message, "message", MESSAGE_LENGTH_MAX),
    }
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)  # a double click: the second waits for the first
        same = SalesRequest.objects.filter(
            person=person, space=space, created_at__gt=now - SAME_WITHIN, **asked
        )
        if earlier := same.first():
            return earlier
        _count(f"sales_request:{person.pk}", now)
        request = SalesRequest.objects.create(
            person=person, space=space, customer=customer, created_at=now, **asked
        )
        record(
            EventType.SALES_REQUEST_MADE, now=now, actor=person, space=space,
            after={"request": request.public_id, "topic": topic, "wish": request.wish},
        )  # fmt: skip
        facts = {**asked, "request": request.public_id, "space": space.name if space else ""}
        _tell(
            "sales_request", request.public_id, settings.CONFIG.seller.sales_email, person, space, facts, now
        )
    return request


def answer(
    request: SalesRequest, *, text: str, staff: Person, now: datetime, declines: bool = False
) -> SalesRequest:
    """Answer a wish in words, by mail to who asked it; one that is declined is over unless it is answered again.

    Raises forbidden, value_required, value_too_long, value_invalid.
    """
    words = _required(_text(text, "message", MESSAGE_LENGTH_MAX), "message")
    with transaction.atomic():
        sales.check(staff)
        rows = SalesRequest.objects.select_for_update(of=("self",)).select_related("person", "space")
        row = rows.get(pk=request.pk)
        transition(row, transitions.SALES_REQUEST, "declined" if declines else "answered")
        record(
            EventType.SALES_REQUEST_ANSWERED, now=now, actor=staff, space=row.space,
            after={"request": row.public_id, "topic": row.topic, "words": words, "declined": declines},
        )  # fmt: skip
        answered = Event.objects.filter(
            kind=EventType.SALES_REQUEST_ANSWERED, after__request=row.public_id
        ).count()
        mail.queue(
            "sales_answered", once_key=f"sales_answered:{row.pk}:{answered}", now=now, to_person=row.person,
            space=row.space,
            params={
                "request": row.public_id, "topic": row.topic, "message": words, "from": staff.label,
                "space": row.space.name if row.space else "", "asked": row.message,
            },
        )  # fmt: skip
    return row


def ask_support(
    *, person: Person, space: Space | None, subject: str, message: str, now: datetime
) -> SupportRequest:
    """Store a question to support and tell both sides. Raises value_required, value_too_long, too_many_requests."""
    if space is not None:
        quotes.check_member(space, person)
    asked = {
        "subject": _required(_text(subject, "subject", SUBJECT_LENGTH_MAX), "subject"),
        "message": _required(_text(message, "message", MESSAGE_LENGTH_MAX), "message"),
    }
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        same = SupportRequest.objects.filter(
            person=person, space=space, created_at__gt=now - SAME_WITHIN, **asked
        )
        if earlier := same.first():
            return earlier
        _count(f"support_request:{person.pk}", now)
        request = SupportRequest.objects.create(person=person, space=space, created_at=now, **asked)
        record(
            EventType.SUPPORT_ASKED, now=now, actor=person, space=space,
            after={"request": request.public_id, "subject": request.subject},
        )  # fmt: skip
        facts = {
            **asked, "request": request.public_id, "space": space.name if space else "", "name": person.label,
            "email": person.email,
        }  # fmt: skip
        _tell(
            "support_request",
            request.public_id,
            settings.CONFIG.seller.support_email,
            person,
            space,
            facts,
            now,
        )
    return request


def _tell(
    kind: str,
    key: str,
    house_email: str,
    person: Person,
    space: Space | None,
    facts: Mapping[str, object],
    now: datetime,
) -> None:
    """One mail to the seller's address in English, one copy to the asker in the asker's own language."""
    mail.queue(
        f"{kind}_staff", once_key=f"{kind}_staff:{key}", now=now, to_email=house_email, language="en",
        params=facts, space=space,
    )  # fmt: skip
    mail.queue(
        f"{kind}_copy", once_key=f"{kind}_copy:{key}", now=now, to_person=person, params=facts, space=space
    )


def _count(key: str, now: datetime) -> None:
    if not throttle.allow(key, limit=REQUESTS_MAX, window=REQUESTS_WINDOW, now=now):
        raise ZetelError("too_many_requests")


def _text(text: str, field: str, longest: int) -> str:
    """Lines stay lines; what PostgreSQL or a mail cannot carry is refused."""
    clean = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if any((ord(sign) < 32 and sign not in "\n\t") or 0xD800 <= ord(sign) <= 0xDFFF for sign in clean):
        raise ZetelError("value_invalid", field=field)
    if len(clean) > longest:
        raise ZetelError("value_too_long", field=field, longest=longest)
    return clean


def _required(text: str, field: str) -> str:
    if not text:
        raise ZetelError("value_required", field=field)
    return text
