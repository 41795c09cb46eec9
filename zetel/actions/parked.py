"""Work on a subscription that cannot be done: set aside with its reason, and tried again when staff say so (rule X16).

Setting aside holds up nobody else. What stood in the way is for a person to mend; then the next tick does what is due.
"""

import uuid
from datetime import datetime

from django.db import transaction

from zetel.actions._change import defer, record
from zetel.models import Person, Subscription
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

REASON_MAX = 255


def park(subscription_id: uuid.UUID, reason: str) -> None:
    """Set one aside; no run comes to it until somebody asks for it again."""
    Subscription.objects.filter(pk=subscription_id).update(parked_reason=reason[:REASON_MAX] or "unknown")


def retry(subscription_id: uuid.UUID, *, actor: Person, now: datetime) -> bool:
    """Let the runs come to it again, at once; False when it was not set aside any more. Raises not_found."""
    with transaction.atomic():
        rows = Subscription.objects.select_for_update(of=("self",)).select_related("space", "customer")
        row = rows.filter(pk=subscription_id).first()
        if row is None:
            raise ZetelError("not_found")
        if not row.parked_reason:
            return False
        Subscription.objects.filter(pk=row.pk).update(parked_reason="")
        record(
            EventType.SUBSCRIPTION_RETRIED, now=now, actor=actor, space=row.space, customer=row.customer,
            subscription=row, before={"reason": row.parked_reason},
        )  # fmt: skip
        defer("tick")
        return True
