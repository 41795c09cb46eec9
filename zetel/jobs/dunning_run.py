"""The steps of dunning that are due, one by one; a try is made at once. One that fails is parked, the others go on."""

import uuid
from datetime import datetime

import structlog

from zetel.actions import dunning, parked
from zetel.jobs import collect

log = structlog.get_logger()

BATCHES_MAX = 1000


def run_due(now: datetime) -> int:
    """Do every step that has come; how many subscriptions were looked at."""
    seen: set[uuid.UUID] = set()
    for _ in range(BATCHES_MAX):
        due = [pk for pk in dunning.due(now, limit=100 + len(seen)) if pk not in seen]
        if not due:
            break
        for subscription_id in due:
            _step(subscription_id, now)
        seen.update(due)
    return len(seen)


def _step(subscription_id: uuid.UUID, now: datetime) -> None:
    try:
        for waiting in dunning.waiting_for_payer(subscription_id):
            # Approval that nobody gave: the gateway decides whether it is too late to give it.
            collect.give_up(waiting, now=now)
        for attempt in dunning.step(subscription_id, now=now):
            collect.collect(attempt.pk, now=now)
    except Exception as error:  # whatever it is, it must not hold up the others; it is logged and parked
        log.exception("a step of dunning failed", subscription=str(subscription_id))
        parked.park(subscription_id, f"{type(error).__name__}: {error}")
