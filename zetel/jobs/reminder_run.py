"""The reminder run: owners of plans that renew before long hear of it. One that fails is put off, the others go on."""

import uuid
from datetime import datetime

import structlog

from zetel.actions import reminders

log = structlog.get_logger()

BATCHES_MAX = 1000


def run_due(now: datetime) -> int:
    """Set what is not set, then send what is due; how many mails were queued."""
    for _ in range(BATCHES_MAX):
        if not reminders.set_due():
            break
    told = 0
    for _ in range(BATCHES_MAX):
        due = reminders.due(now)
        if not due:
            break
        told += sum(_remind(subscription_id, now) for subscription_id in due)
    return told


def _remind(subscription_id: uuid.UUID, now: datetime) -> bool:
    try:
        return reminders.remind(subscription_id, now=now)
    except Exception:
        log.exception("a renewal could not be reminded of", subscription=str(subscription_id))
        reminders.put_off(subscription_id, now=now)
        return False
