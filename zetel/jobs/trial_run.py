"""The trial run: reminders, and on its last day a trial's plan or its end. One that fails is parked, the others go on.

It comes before the billing run, so that a plan inside an organization that begins to pay today is not renewed first
and given back in the same minute.
"""

import uuid
from datetime import datetime

import structlog

from zetel.actions import parked, trials_end
from zetel.jobs import collect
from zetel.models import Attempt, Subscription
from zetel.models.payments import UNSETTLED
from zetel.models.subscriptions import WAITING
from zetel.rules.errors import ZetelError

log = structlog.get_logger()


def run_due(now: datetime) -> int:
    """Do what is due for every trial, each on its own; how many plans began."""
    begun, seen = 0, set[uuid.UUID]()
    while due := [subscription_id for subscription_id in trials_end.due(now) if subscription_id not in seen]:
        seen.update(due)
        begun += sum(_step(subscription_id, now) for subscription_id in due)
    return begun


def _step(subscription_id: uuid.UUID, now: datetime) -> int:
    try:
        _ask_first(subscription_id, now)
        invoice = trials_end.step(subscription_id, now=now)
    except Exception as error:  # whatever it is, it must not hold up the others; it is logged and parked
        if (
            isinstance(error, ZetelError)
            and error.code == "period_unsettled"
            and _comes_right(subscription_id)
        ):
            return 0
        log.exception("a trial could not be ended", subscription=str(subscription_id))
        parked.park(subscription_id, f"{type(error).__name__}: {error}")
        return 0
    if invoice is None:
        return 0
    for attempt_id in Attempt.objects.filter(payment__invoice=invoice, status="created").values_list(
        "pk", flat=True
    ):
        collect.collect(attempt_id, now=now)
    return 1


def _comes_right(subscription_id: uuid.UUID) -> bool:
    """Whether the billing run, which comes next, settles what is inside; not what is parked there."""
    space = Subscription.objects.values("space_id").get(pk=subscription_id)["space_id"]
    inside = Subscription.objects.live().filter(
        space__organization=space
    ) | Subscription.objects.live().filter(space__division=space)
    return not inside.exclude(parked_reason="").exists()


def _ask_first(subscription_id: uuid.UUID, now: datetime) -> None:
    """A purchase for the same space that waits for its money is asked about first: it takes the trial's place."""
    waiting = Attempt.objects.filter(
        payment__change__space__subscriptions=subscription_id, payment__change__status__in=WAITING,
        status__in=UNSETTLED,
    )  # fmt: skip
    for attempt_id in waiting.values_list("pk", flat=True):
        collect.collect_or_ask(attempt_id, now=now)
