"""Holding the payment companies' ledgers against our payments, by reference (rule X2).

What the ledger proves is booked as any outcome is: money for a try whose outcome we did not know. What it cannot prove
is parked for staff and told once: money taken twice, after a refusal, of another amount, or for nothing of ours; a
payment that the company does not know; other refunds than ours. Running it again changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from zetel import gateways
from zetel.actions import differences, outcomes
from zetel.actions.differences import Found
from zetel.gateways.base import Capture, Gateway, GatewayUnavailable
from zetel.jobs import collect
from zetel.models import Attempt
from zetel.models.payments import UNSETTLED
from zetel.rules.money import Money
from zetel.rules.outcomes import Outcome

DAYS = 35  # a month and some: whatever a shorter outage hid is seen again
BATCH = 200
REFUND_OPEN = ("wanted", "sent", "unknown")

log = structlog.get_logger()


@dataclass
class Compared:
    """What came of one company: how many captures were looked at, what was booked, what is parked, and what is new."""

    gateway: str
    captures: int = 0
    booked: list[str] = field(default_factory=list)
    parked: list[Found] = field(default_factory=list)
    told: int = 0
    is_away: bool = False


def run(now: datetime, *, days: int = DAYS) -> list[Compared]:
    """Compare every company that a try went through, for the last `days` days."""
    names = Attempt.objects.order_by("gateway").values_list("gateway", flat=True).distinct()
    return [compare(gateways.get(name), now=now, days=days) for name in names]


def run_daily(now: datetime) -> int:
    """The scheduled one; how many differences are open."""
    return sum(len(done.parked) for done in run(now))


def compare(gateway: Gateway, *, now: datetime, days: int = DAYS) -> Compared:
    """Both ways: each capture of the company's, then each payment of ours that its ledger must show by now."""
    done = Compared(gateway.name)
    since = now - timedelta(days=days)
    seen: set[str] = set()
    try:
        for captures in _batches(gateway.captures(since=since, until=now + timedelta(minutes=1))):
            seen.update(capture.reference for capture in captures)
            _their_side(captures, done, now)
        done.parked += _our_side(gateway, seen, since, now)
    except GatewayUnavailable:
        done.is_away = True
        return done
    done.told = sum(differences.keep(gateway.name, found, now=now) for found in done.parked)
    differences.close_gone(gateway.name, since=since, now=now)
    log.info(
        "compared with a payment company", gateway=gateway.name, captures=done.captures, booked=len(done.booked),
        differences=len(done.parked),
    )  # fmt: skip
    return done


def _batches(captures: Iterator[Capture]) -> Iterator[list[Capture]]:
    batch: list[Capture] = []
    for capture in captures:
        batch.append(capture)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _their_side(captures: list[Capture], done: Compared, now: datetime) -> None:
    references = [capture.reference for capture in captures if capture.reference]
    rows = Attempt.objects.filter(reference__in=references, gateway=done.gateway)
    ours = {row.reference: row for row in rows.select_related("payment").prefetch_related("refunds")}
    for capture in captures:
        done.captures += 1
        attempt = ours.get(capture.reference)
        if attempt is not None and attempt.status in UNSETTLED:
            _book(attempt, capture, now)
            done.booked.append(capture.reference)
            attempt.refresh_from_db()
        what = _difference(attempt, capture, now)
        if what:
            done.parked.append(_found(what, capture))


def _found(what: str, capture: Capture) -> Found:
    return Found(
        what=what, reference=capture.reference, charge_id=capture.charge_id, amount=capture.amount,
        at=capture.captured_at,
    )  # fmt: skip


def _book(attempt: Attempt, capture: Capture, now: datetime) -> None:
    """The ledger says that the money came: that is an outcome like any other, by our reference."""
    paid = Outcome(kind="paid", amount=capture.amount, charge_id=capture.charge_id, at=capture.captured_at)
    outcomes.record_outcome(attempt.reference, paid, now=now)


def _difference(attempt: Attempt | None, capture: Capture, now: datetime) -> str:
    """Why a capture does not fit what we booked; empty when it does. What went back whole differs from nothing."""
    if attempt is None:
        # A company's account may serve other purposes too; what carries no reference at all is none of ours.
        return "unknown_payment" if capture.reference and capture.refunded < capture.amount else ""
    if attempt.status != "paid":
        left = capture.amount - capture.refunded
        if attempt.status == "parked":
            return "amount_differs" if left.amount else ""
        return "paid_after_refusal" if left.amount else ""
    if attempt.charge_id != capture.charge_id:
        return "captured_twice" if capture.refunded < capture.amount else ""
    if capture.amount != Money(attempt.payment.amount, attempt.payment.currency):
        return "amount_differs"
    return "refunds_differ" if _refunds_differ(attempt, capture, now) else ""


def _refunds_differ(attempt: Attempt, capture: Capture, now: datetime) -> bool:
    """Refunds that are under way are asked about first; then the sums must agree, but for what is too new to show."""
    lag = timedelta(hours=gateways.get(attempt.gateway).capabilities.ledger_lag_hours)
    for refund in attempt.refunds.all():
        if refund.status in REFUND_OPEN and refund.tries:
            collect.refund(refund.pk, now=now)
    refunds = list(attempt.refunds.order_by("id").all())
    done = [refund for refund in refunds if refund.status == "done"]
    sure = sum(refund.amount for refund in done if refund.created_at <= now - lag)
    at_most = sum(refund.amount for refund in refunds if refund.status in ("done", *REFUND_OPEN))
    return not sure <= capture.refunded.amount <= at_most


def _our_side(gateway: Gateway, seen: set[str], since: datetime, now: datetime) -> list[Found]:
    """Payments of ours that the company's ledger must show by now, and does not."""
    lag = timedelta(hours=gateway.capabilities.ledger_lag_hours)
    paid = Attempt.objects.filter(
        gateway=gateway.name,
        status="paid",
        created_at__gte=since + timedelta(days=1),
        settled_at__lte=now - lag,
    )
    return [
        Found(
            what="not_in_ledger", reference=row.reference, charge_id=row.charge_id,
            amount=Money(row.payment.amount, row.payment.currency), at=row.created_at,
        )
        for row in paid.select_related("payment").order_by("id").iterator()
        if row.reference not in seen
    ]  # fmt: skip
