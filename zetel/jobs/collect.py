"""Charging, asking and refunding: every call to a gateway that moves money (rules G3, G6, C5).

The rows are the truth: a try is claimed, the gateway is called outside any transaction, and the outcome is booked.
Whatever stops in between is found again by `ask_due` and `refund_due`, which ask by our reference first.
"""

import uuid
from collections.abc import Callable
from datetime import datetime

import structlog
from django.conf import settings

from zetel import gateways
from zetel.actions import outcomes, payments, refunds
from zetel.gateways.base import Trace
from zetel.models import Attempt, Change, Overage
from zetel.models.subscriptions import WAITING
from zetel.rules.money import Money
from zetel.rules.outcomes import Outcome, RefundOutcome

log = structlog.get_logger()


def collect(attempt_id: uuid.UUID, *, now: datetime) -> None:
    """Make a try: charge, book, and when the outcome is unknown ask once at once. Safe to call again.

    For a change whose time went by before anybody came, nothing is charged any more (rule C5).
    """
    change = Change.objects.filter(payment__attempts=attempt_id).first()
    if change is not None and _is_over(change, now):
        payments.drop(attempt_id)
        outcomes.expire(change, now=now)
        return
    attempt = payments.claim(attempt_id, now=now)
    if attempt is None:
        return
    outcome = _charge(attempt)
    outcomes.record_outcome(attempt.reference, outcome, now=now)
    if outcome.kind == "unknown":
        ask(attempt_id, now=now)


def collect_new(now: datetime) -> int:
    """Make every try for an issued invoice that nobody has made yet; others may be at it too. How many were seen."""
    seen, last = 0, None
    while waiting := payments.to_collect(after=last):
        for attempt_id in waiting:
            _apart(collect, attempt_id, now)
        seen, last = seen + len(waiting), waiting[-1]
    return seen


def ask(attempt_id: uuid.UUID, *, now: datetime) -> None:
    """Ask what became of a try; when the gateway knows no such charge, charge with the same key (rule G3)."""
    attempt = payments.claim_ask(attempt_id, now=now)
    if attempt is None:
        return
    change = attempt.payment.change
    over = _is_over(change, now) if change is not None else _was_taken_back(attempt)
    gateway, trace = gateways.get(attempt.gateway), trace_of(attempt, now)
    outcome = (
        gateway.cancel(reference=attempt.reference, trace=trace)
        if over
        else gateway.fetch(reference=attempt.reference, trace=trace)
    )
    if outcome is None:
        if not payments.claim_again(attempt, now=now):
            return
        outcome = _charge(attempt)
    outcomes.record_outcome(attempt.reference, outcome, now=now)
    if over and change is not None:
        outcomes.expire(change, now=now)


def stop(change: Change, *, now: datetime) -> None:
    """The buyer gives up a change that waits for the bank: the gateway decides whether it was still in time."""
    rows = Attempt.objects.filter(payment__change=change).select_related("method")
    attempt = rows.order_by("-number").first()
    if attempt is not None:
        give_up(attempt, now=now)


def give_up(attempt: Attempt, *, now: datetime) -> None:
    """Stop a try that waits for its payer at the bank: the gateway decides whether it was still in time."""
    outcome = gateways.get(attempt.gateway).cancel(reference=attempt.reference, trace=trace_of(attempt, now))
    outcomes.record_outcome(attempt.reference, outcome, now=now)


def trace_of(attempt: Attempt, now: datetime) -> Trace:
    """What a company may need beside our reference to find a charge."""
    return Trace(
        charge_id=attempt.charge_id, token=attempt.method.token, made_at=attempt.created_at,
        sent_at=attempt.sent_at, asked_at=now,
    )  # fmt: skip


def ask_due(now: datetime) -> int:
    """Ask about all tries that are due; each on its own, so that one that fails does not hold up the others."""
    due = payments.to_ask(now)
    for attempt_id in due:
        _apart(collect_or_ask, attempt_id, now)
    return len(due)


def _apart(act: Callable[..., None], row_id: uuid.UUID, now: datetime) -> None:
    """One of many: whatever goes wrong with it is logged, the others go on, and its row brings it up again (X16)."""
    try:
        act(row_id, now=now)
    except Exception:
        log.exception("one of many could not be done", what=act.__name__, row=str(row_id))


def collect_or_ask(attempt_id: uuid.UUID, *, now: datetime) -> None:
    """Whatever a try needs next: to be made, or to be asked about."""
    if Attempt.objects.filter(pk=attempt_id, status="created").exists():
        collect(attempt_id, now=now)
    else:
        ask(attempt_id, now=now)


def _is_over(change: Change, now: datetime) -> bool:
    return change.status not in WAITING or change.expires_at <= now


def _was_taken_back(attempt: Attempt) -> bool:
    """Whether its invoice asks for nothing any more: nothing is charged after an end (rule X4)."""
    invoice = attempt.payment.invoice
    return invoice is not None and invoice.state in ("credited", "written_off")


def refund(refund_id: uuid.UUID, *, now: datetime) -> None:
    """Send a refund, or find out what became of it; the key stays the same."""
    wanted = payments.claim_refund(refund_id, now=now)
    if wanted is None:
        return
    gateway = gateways.get(wanted.attempt.gateway)
    said: RefundOutcome | None = None
    if wanted.tries:
        said = gateway.fetch_refund(reference=wanted.reference, trace=trace_of(wanted.attempt, now))
    if said is None:
        said = gateway.refund(
            charge_id=wanted.attempt.charge_id, amount=Money(wanted.amount, wanted.currency),
            reference=wanted.reference, idempotency_key=wanted.reference,
        )  # fmt: skip
    wanted.refresh_from_db(fields=["status", "tries"])
    refunds.settle(wanted, kind=said.kind, refund_id=said.refund_id, reason=said.reason, now=now)


def refund_due(now: datetime) -> int:
    due = payments.refunds_to_send(now)
    for refund_id in due:
        _apart(refund, refund_id, now)
    return len(due)


def _charge(attempt: Attempt) -> Outcome:
    """The one call that takes money; the key is our reference, so a repeat charges nothing more."""
    payment = attempt.payment
    return gateways.get(attempt.gateway).charge(
        token=attempt.method.token,
        amount=Money(payment.amount, payment.currency),
        reference=attempt.reference,
        idempotency_key=attempt.reference,
        return_url=settings.CONFIG.address + attempt.return_path,
        description=settings.CONFIG.seller.legal_name,
        language=attempt.language,
        present=_is_present(attempt),
    )


def _is_present(attempt: Attempt) -> bool:
    """Whether somebody sits at the screen: nobody does when a renewal or a growth of seats goes by itself."""
    change = attempt.payment.change
    by_itself = attempt.return_path == payments.RETURN_PATH
    return not by_itself and not (change and Overage.objects.filter(change=change).exists())
