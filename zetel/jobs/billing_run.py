"""The billing run: renew what is due, one by one, and collect. One that fails is parked and the others go on."""

import uuid
from datetime import datetime

import structlog

from zetel.actions import renewals
from zetel.jobs import collect
from zetel.models import Attempt
from zetel.models.payments import UNSETTLED
from zetel.models.subscriptions import WAITING

log = structlog.get_logger()


def run_due(now: datetime) -> int:
    """Bill every period that has begun, oldest first, until none is due (rule C9); how many were billed."""
    billed = 0
    while due := renewals.due_subscriptions(now):
        billed += sum(_renew(subscription_id, now) for subscription_id in due)
    return billed


def _renew(subscription_id: uuid.UUID, now: datetime) -> int:
    try:
        _ask_first(subscription_id, now)
        invoice = renewals.renew(subscription_id, now=now)
    except Exception as error:  # whatever it is, it must not hold up the others; it is logged and parked
        log.exception("a subscription could not be billed", subscription=str(subscription_id))
        renewals.park(subscription_id, f"{type(error).__name__}: {error}")
        return 0
    if invoice is None:
        return 0
    for attempt_id in Attempt.objects.filter(payment__invoice=invoice, status="created").values_list(
        "pk", flat=True
    ):
        collect.collect(attempt_id, now=now)
    return 1


def _ask_first(subscription_id: uuid.UUID, now: datetime) -> None:
    """A change that waits for its money ends with the period it was priced in, after asking the gateway (C5)."""
    waiting = Attempt.objects.filter(
        payment__change__subscription=subscription_id,
        payment__change__status__in=WAITING,
        status__in=UNSETTLED,
    )
    for attempt_id in waiting.values_list("pk", flat=True):
        collect.collect_or_ask(attempt_id, now=now)
