"""Mails to send: one row each, written in the transaction of what they tell about (rule I4).

The row holds facts, not sentences; the outbox job makes the text in the reader's language and sends it. `once_key`
keeps a mail from being queued twice however often its cause is repeated.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from zetel.actions._change import Row, defer
from zetel.models import Invoice, Mail, Person, Space, Subscription
from zetel.models.ids import new_id


def queue(
    kind: str,
    *,
    once_key: str,
    now: datetime,
    to_person: Person | None = None,
    to_email: str = "",
    language: str = "",
    params: Mapping[str, object] | None = None,
    invoice: Invoice | None = None,
    space: Space | None = None,
    owner_of: Subscription | None = None,
) -> bool:
    """Queue one mail to a person or an address; False when it had been queued before.

    With `owner_of` it is for the billing owner of that subscription: should billing be handed over while it waits, it
    goes to the new one.
    """
    row = mail_row(
        kind, once_key=once_key, now=now, to_person=to_person, to_email=to_email, language=language, params=params,
        invoice_id=invoice.pk if invoice else None, space=space, owner_of_id=owner_of.pk if owner_of else None,
    )  # fmt: skip
    return queue_row(row)


def queue_house(
    kind: str,
    key: str,
    *,
    now: datetime,
    space: Space | None = None,
    params: Mapping[str, object] | None = None,
) -> bool:
    """Queue one mail to sales of the house, in English."""
    return queue(
        kind, once_key=f"{kind}:{key}", now=now, to_email=settings.CONFIG.seller.sales_email, language="en",
        space=space, params=params,
    )  # fmt: skip


def queue_row(row: Row) -> bool:
    """The same for a mail by its columns."""
    _, is_new = Mail.objects.get_or_create(once_key=row["once_key"], defaults=row)
    defer("outbox")
    return is_new


def mail_row(
    kind: str,
    *,
    once_key: str,
    now: datetime,
    to_person: Person | None = None,
    to_email: str = "",
    language: str = "",
    params: Mapping[str, object] | None = None,
    invoice_id: uuid.UUID | None = None,
    space: Space | None = None,
    owner_of_id: uuid.UUID | None = None,
) -> Row:
    """The columns of one mail, to be written alone or with a batch."""
    assert to_person or to_email, "a mail goes to somebody"
    return {
        "id": new_id(), "kind": kind, "once_key": once_key,
        "to_email": to_email or (to_person.email if to_person else ""),
        "to_person_id": to_person.id if to_person else None,
        "language": language or (to_person.language if to_person else "en"), "params": dict(params or {}),
        "invoice_id": invoice_id, "space_id": space.id if space else None,
        "owner_of_id": owner_of_id, "status": "queued", "subject": "",
        "text": "", "html": "", "tries": 0, "created_at": now, "due_at": now, "sent_at": None,
    }  # fmt: skip
