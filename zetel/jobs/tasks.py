"""The tasks that the worker knows, by name. A task is only a knock on the door: the rows say what is to be done.

`zetel.tick` comes every minute and whenever the clock was moved; it does everything that is due, so a knock that was
lost costs a minute and nothing else.
"""

import uuid
from datetime import datetime

import structlog
from django.conf import settings
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from zetel import clock, gateways
from zetel.actions import drafts, kept_answers
from zetel.jobs import (
    billing_run,
    collect,
    dunning_run,
    inbound,
    outbox,
    overage_run,
    reconcile,
    reminder_run,
    trial_run,
    vat_checks,
)

STALLED_SECONDS = 120  # without a sign of life; a worker gives one every 10

log = structlog.get_logger()


@app.task(name="zetel.collect")
def collect_attempt(attempt: str) -> None:
    clock.refresh()
    collect.collect(uuid.UUID(attempt), now=clock.now())


@app.task(name="zetel.collect_due")
def collect_due() -> None:
    """What a billing run left to collect."""
    clock.refresh()
    collect.collect_new(clock.now())


@app.task(name="zetel.refund")
def refund(refund: str) -> None:
    clock.refresh()
    collect.refund(uuid.UUID(refund), now=clock.now())


@app.task(name="zetel.outbox")
def send_mail() -> None:
    clock.refresh()
    outbox.drain(clock.now())


@app.task(name="zetel.inbound")
def read_inbound() -> None:
    clock.refresh()
    inbound.drain(clock.now())


@app.task(name="zetel.vat_checks")
def check_vat_numbers() -> None:
    """A number was entered or changed."""
    clock.refresh()
    vat_checks.run_due(clock.now())


@app.periodic(cron="* * * * *")
@app.task(name="zetel.tick", queueing_lock="zetel.tick")
def tick(timestamp: int = 0) -> None:
    """Everything that is due. Each part on its own: one that fails is logged and does not hold up the others."""
    clock.refresh()
    do_due(clock.now())
    kept_answers.sweep(clock.real_now())


@app.periodic(cron="20 3 * * *")
@app.task(name="zetel.reconcile", queueing_lock="zetel.reconcile")
def compare_ledgers(timestamp: int = 0) -> None:
    """Once a day: hold the payment companies' ledgers against our payments."""
    clock.refresh()
    reconcile.run_daily(clock.now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="zetel.sweep", queueing_lock="zetel.sweep", pass_context=True)
async def sweep(context: JobContext, timestamp: int = 0) -> None:
    """Drop the jobs of workers that were killed: nobody will end them, and the tick does what they were to do."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        log.warning("the worker of a job is gone", job=job.id, task=job.task_name)
        await manager.finish_job(job, Status.FAILED, delete_job=True)


def do_due(now: datetime) -> None:
    """Renew, ask, refund, read and send whatever is due at this instant."""
    parts = (
        trial_run.run_due,
        billing_run.run_due,
        collect.ask_due,
        dunning_run.run_due,
        overage_run.grow_due,
        reminder_run.run_due,
        collect.refund_due,
        gateways.deliver_due,
        inbound.drain,
        outbox.drain,
        vat_checks.run_due,
        drafts.sweep,
    )
    for part in parts:
        try:
            part(now)
        except Exception:
            if settings.DEBUG:
                raise
            log.exception("a part of the tick failed; the rest goes on", part=part.__module__)
