"""Mails to send: one row each, written in the transaction of what they tell about (rule I4).

The row holds facts, not sentences; the outbox job makes the text in the reader's language and sends it. `once_key`
keeps a mail from being queued twice however often its cause is repeated.
"""

from collections.abc import Mapping
from datetime import datetime

from zetel.actions._change import defer
from zetel.models import Invoice, Mail, Person, Space, Subscription


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
    assert to_person or to_email, "a mail goes to somebody"
    _, is_new = Mail.objects.get_or_create(
        once_key=once_key,
        defaults={
            "kind": kind,
            "to_person": to_person,
            "to_email": to_email or (to_person.email if to_person else ""),
            "language": language or (to_person.language if to_person else "en"),
            "params": dict(params or {}),
            "invoice": invoice,
            "space": space,
            "owner_of": owner_of,
            "created_at": now,
            "due_at": now,
        },
    )
    defer("outbox")
    return is_new
