"""The steps of manual invoices that are due, one by one: reminders, overdue, to finance (rule G5).

One that fails is logged and comes again with the next run; the others go on.
"""

import uuid
from datetime import datetime

import structlog

from zetel.actions import manual_invoices

log = structlog.get_logger()

BATCHES_MAX = 1000


def run_due(now: datetime) -> int:
    """Do every step that has come; how many invoices were looked at."""
    seen: set[uuid.UUID] = set()
    for _ in range(BATCHES_MAX):
        due = [pk for pk in manual_invoices.due(now, limit=100 + len(seen)) if pk not in seen]
        if not due:
            break
        for manual_id in due:
            try:
                manual_invoices.step(manual_id, now=now)
            except Exception:  # whatever it is, it must not hold up the others
                log.exception("a step of a manual invoice failed", manual=str(manual_id))
        seen.update(due)
    return len(seen)
