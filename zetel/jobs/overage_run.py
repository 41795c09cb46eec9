"""The growth run: subscriptions that people have outgrown for a week get the seats that fit, and pay for them (C8)."""

import uuid
from datetime import datetime

import structlog

from zetel.actions import growth
from zetel.jobs import collect
from zetel.models import Attempt
from zetel.rules.errors import ZetelError

log = structlog.get_logger()


def grow_due(now: datetime) -> int:
    """Grow whatever is due, each on its own; how many were asked to pay. One that fails does not hold up the others."""
    asked, seen = 0, set[uuid.UUID]()
    while due := [overage_id for overage_id in growth.due(now) if overage_id not in seen]:
        seen.update(due)
        asked += sum(_grow(overage_id, now) for overage_id in due)
    return asked


def _grow(overage_id: uuid.UUID, now: datetime) -> int:
    try:
        change = growth.grow(overage_id, now=now)
    except ZetelError as obstacle:
        log.info("a subscription cannot grow now", overage=str(overage_id), why=obstacle.code)
        growth.put_off(overage_id, now=now)
        return 0
    except Exception:
        log.exception("a subscription could not grow", overage=str(overage_id))
        growth.put_off(overage_id, now=now)
        return 0
    if change is None:
        return 0
    for attempt_id in Attempt.objects.filter(payment__change=change, status="created").values_list(
        "pk", flat=True
    ):
        collect.collect(attempt_id, now=now)
    return 1
