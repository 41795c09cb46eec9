"""The billing run: whatever is due is billed in batches, by any number of workers (rules C5, C9, X16).

A pass bills at most one period of each subscription; the next pass comes when its money was asked for. Each batch is
one transaction, so a run that is killed leaves whole batches and goes on where it stood. A batch that fails is done
one by one: the guilty one is parked with its reason and the others go on.
"""

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from zetel.actions import parked, renewals
from zetel.actions.renewals import Batch
from zetel.jobs import collect, manual_run
from zetel.models import Attempt
from zetel.models.payments import UNSETTLED
from zetel.models.subscriptions import WAITING

log = structlog.get_logger()

GIVE_UP_AFTER = 25  # in a row, none of them billed: then it is our fault, and nobody else is set aside

Told = Callable[[], None]


class RunStopped(Exception):
    """Every subscription failed: the fault is ours. The reasons of the first ones stand with them and in the log."""


@dataclass
class Tally:
    """What a run did: how many invoices, ends, sizes that grew, and subscriptions set aside; totals by currency."""

    billed: int = 0
    ended: int = 0
    grown: int = 0
    parked: int = 0
    amounts: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> int:
        """How many subscriptions stand elsewhere now."""
        return self.billed + self.ended

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.billed + other.billed, self.ended + other.ended, self.grown + other.grown,
            self.parked + other.parked, self.amounts + other.amounts,
        )  # fmt: skip

    def add(self, batch: Batch) -> None:
        self.billed += len(batch.billed)
        self.ended += batch.ended
        self.grown += batch.grown
        self.amounts += batch.amounts


def run_due(now: datetime) -> int:
    """Bill every period that has begun, oldest first, and ask for its money, until none is due; how many it were."""
    billed = 0
    while (tally := bill(now)).done:
        collect.collect_new(now)
        billed += tally.billed
    return billed


def bill(now: datetime, *, told: Told = lambda: None) -> Tally:
    """One pass: at most one period of each subscription; `told` is called after each batch.

    Any number of these may run at once, in processes of their own: each takes what the others have not locked.
    """
    manual_run.run_due(now)  # nothing renews while a manual invoice is overdue (G5)
    tally, until = Tally(), renewals.horizon(now)
    if until is None:
        return tally
    for subscription_id in renewals.waiting_ids(until):
        _ask_first(subscription_id, now)
        _one(subscription_id, now, tally)
    return tally + _drain(now, until, told)


def _drain(now: datetime, until: datetime, told: Told) -> Tally:
    """Batch after batch until nothing is left to claim; then, one by one, what others had locked meanwhile."""
    tally, seen, left = Tally(), set[uuid.UUID](), list[uuid.UUID]()
    while True:
        try:
            batch = renewals.renew_batch(now, until=until, skip=seen)
        except Exception:  # whatever it is, one of them brought it about; it is found one by one
            log.exception("a batch could not be billed; its subscriptions are billed one by one")
            batch = Batch(left=renewals.due_ids(until, skip=seen))
        if not batch.seen:
            break
        tally.add(batch)
        for subscription_id, error in batch.refused.items():
            _park(subscription_id, error, tally)
        seen.update(batch.left)
        left += batch.left
        told()
    for subscription_id in left:
        if tally.parked >= GIVE_UP_AFTER and not tally.done:
            raise RunStopped("billing stops: every subscription fails, so none of them is to blame")
        _one(subscription_id, now, tally)
    told()
    return tally


def _one(subscription_id: uuid.UUID, now: datetime, tally: Tally) -> None:
    try:
        batch = renewals.renew_one(subscription_id, now=now)
    except Exception as error:  # whatever it is, it must not hold up the others; it is logged and parked
        _park(subscription_id, error, tally)
    else:
        tally.add(batch)


def _park(subscription_id: uuid.UUID, error: Exception, tally: Tally) -> None:
    log.error("a subscription could not be billed", subscription=str(subscription_id), exc_info=error)
    parked.park(subscription_id, f"{type(error).__name__}: {error}")
    tally.parked += 1


def _ask_first(subscription_id: uuid.UUID, now: datetime) -> None:
    """A change that waits for its money ends with the period it was priced in, after asking the gateway (C5)."""
    waiting = Attempt.objects.filter(
        payment__change__subscription=subscription_id,
        payment__change__status__in=WAITING,
        status__in=UNSETTLED,
    )
    for attempt_id in waiting.values_list("pk", flat=True):
        collect.collect_or_ask(attempt_id, now=now)
