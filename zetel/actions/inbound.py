"""Keeping what a gateway told us: stored once by its own id, then marked as done, ignored or parked (X14)."""

from datetime import datetime

from django.db import transaction

from zetel.actions._change import defer
from zetel.models import InboundEvent


def store(gateway: str, event_id: str, body: str, *, now: datetime) -> bool:
    """Keep an event and defer the job that books it; False when it was kept before."""
    with transaction.atomic():
        _, is_new = InboundEvent.objects.get_or_create(
            gateway=gateway, event_id=event_id, defaults={"body": body, "received_at": now}
        )
        if is_new:
            defer("inbound")
    return is_new


def settle(row: InboundEvent, status: str, note: str = "") -> None:
    InboundEvent.objects.filter(pk=row.pk, status="new").update(status=status, note=note[:255])
