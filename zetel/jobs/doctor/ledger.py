"""X2: what the payment companies say they took and gave back, held against our payments, one to one.

This part speaks to the companies, so it runs outside any transaction (rule G3). Both ledgers are read in windows of
time, so memory does not grow with them. A company that cannot be reached is told as a notice: nothing was compared.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Min

from zetel import gateways
from zetel.gateways.base import Capture, Gateway, GatewayUnavailable
from zetel.jobs.doctor.finding import Finding, batches, rows_of
from zetel.jobs.doctor.looks import Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import Attempt, BankLine, Event, Payment, Refund
from zetel.rules.event_types import EventType
from zetel.rules.transitions import UNSETTLED_ATTEMPT

SLACK = timedelta(days=1)  # between a company's clock and ours


def check(reading: Reading) -> Iterator[Finding]:
    """X2, within our tables first, then with each gateway that any try went through."""
    yield from _OWN.found()
    for name in Attempt.objects.order_by("gateway").values_list("gateway", flat=True).distinct():
        try:
            gateway = gateways.get(name)
        except AssertionError:
            yield Finding("X2", "gateway_unknown", name)
            continue
        try:
            yield from _their_captures(gateway, reading.now)
            yield from _our_payments(gateway, reading.now)
        except GatewayUnavailable:
            yield Finding("X2", "gateway_unavailable", name, {"compared": False}, is_notice=True)


_OWN = Looks(
    "X2",
    # A payment that came has exactly one paid try, of it, and the other way round; one by bank has its line (G5).
    Look("payment_and_attempts_differ", Payment, """
        SELECT pay.id AS subject, pay.status, tries.paid AS paid_attempts FROM zetel_payment pay
        CROSS JOIN LATERAL (
          SELECT count(*) AS paid FROM zetel_attempt WHERE payment_id = pay.id AND status = 'paid') AS tries
        WHERE tries.paid <> (pay.status IN ('paid', 'refunded', 'taken_back'))::int
          AND NOT EXISTS (SELECT FROM zetel_bankbooking WHERE payment_id = pay.id)"""),
    # A payment by bank is what its line says, stands while its booking does, and no card was tried for it.
    Look("bank_payment_differs", Payment, """
        SELECT pay.id AS subject, line.id AS line, pay.amount, pay.status FROM zetel_bankbooking booking
        JOIN zetel_bankline line ON line.id = booking.line_id JOIN zetel_payment pay ON pay.id = booking.payment_id
        WHERE pay.amount <> line.amount OR pay.currency <> line.currency
          OR pay.status <> CASE WHEN booking.corrected_at IS NULL THEN 'paid' ELSE 'taken_back' END
          OR EXISTS (SELECT FROM zetel_attempt WHERE payment_id = pay.id)""", ids={"line": BankLine}),
    Look("bank_line_differs", BankLine, """
        SELECT line.id AS subject, line.status FROM zetel_bankline line
        WHERE (line.status = 'booked') <> EXISTS (
          SELECT FROM zetel_bankbooking WHERE line_id = line.id AND corrected_at IS NULL)"""),
    # One charge of a company stands behind one try.
    Look("charge_booked_twice", None, """
        SELECT charge_id AS subject, gateway, count(*) AS attempts FROM zetel_attempt
        WHERE charge_id <> '' GROUP BY gateway, charge_id HAVING count(*) > 1"""),
)  # fmt: skip


def _their_captures(gateway: Gateway, now: datetime) -> Iterator[Finding]:
    """Each capture is one of ours, with that charge, that amount and those refunds."""
    first = Attempt.objects.filter(gateway=gateway.name).aggregate(first=Min("created_at"))["first"]
    ledger = gateway.captures(since=first - SLACK, until=now + SLACK)
    for captures in batches(ledger):
        references = [capture.reference for capture in captures]
        rows = Attempt.objects.filter(reference__in=references).select_related("payment")
        ours = {row.reference: row for row in rows.prefetch_related("refunds")}
        told = _told_to_staff(list(ours.values()))
        for capture in captures:
            attempt = ours.get(capture.reference)
            if attempt is None:
                yield Finding("X2", "capture_without_payment", capture.reference, _facts(capture))
            else:
                yield from _compare(capture, attempt, told, now)


def _told_to_staff(attempts: list[Attempt]) -> set[str]:
    """References of tries about whose money staff were told: it is no payment, and a person decides."""
    payment_ids = [attempt.payment.customer_id for attempt in attempts]
    events = Event.objects.filter(kind=EventType.PAYMENT_PARKED, customer_id__in=payment_ids)
    return set(events.values_list("after__reference", flat=True))


def _compare(capture: Capture, attempt: Attempt, told: set[str], now: datetime) -> Iterator[Finding]:
    facts = {**_facts(capture), "status": attempt.status, "wanted": attempt.payment.amount}
    if attempt.reference in told:
        yield Finding("X2", "money_parked", attempt.reference, facts, is_notice=True)
        return
    if attempt.status in UNSETTLED_ATTEMPT:
        return  # it will be asked about; X16 looks whether it will
    if attempt.status != "paid":
        yield Finding("X2", "capture_of_unpaid_attempt", attempt.reference, facts)
        return
    if attempt.charge_id != capture.charge_id:
        yield Finding(
            "X2", "captured_twice", attempt.reference, {**facts, "booked_charge": attempt.charge_id}
        )
        return
    if (capture.amount.amount, capture.amount.currency) != (attempt.payment.amount, attempt.payment.currency):
        facts["wanted_currency"] = attempt.payment.currency
        yield Finding("X2", "capture_amount_differs", attempt.reference, facts)
    yield from _compare_refunds(capture, attempt, list(attempt.refunds.all()), now)


def _compare_refunds(
    capture: Capture, attempt: Attempt, refunds: list[Refund], now: datetime
) -> Iterator[Finding]:
    shown_by = now - _lag(gateways.get(attempt.gateway))
    is_new = {refund.pk for refund in refunds if refund.status == "done" and refund.created_at > shown_by}
    done = sum(refund.amount for refund in refunds if refund.status == "done" and refund.pk not in is_new)
    open_ = sum(
        refund.amount for refund in refunds if refund.status in ("sent", "unknown") or refund.pk in is_new
    )
    asked = sum(refund.amount for refund in refunds if refund.status != "refused")
    if not done <= capture.refunded.amount <= done + open_:
        facts = {"booked": done, "under_way": open_, "refunded": capture.refunded.amount}
        yield Finding("X2", "refunds_differ", attempt.reference, facts)
    if asked > attempt.payment.amount:
        facts = {"asked": asked, "paid": attempt.payment.amount}
        yield Finding("X2", "refunds_exceed_payment", attempt.reference, facts)


def _lag(gateway: Gateway) -> timedelta:
    """How new something may be and not stand in the company's ledger yet."""
    return timedelta(hours=gateway.capabilities.ledger_lag_hours)


def _our_payments(gateway: Gateway, now: datetime) -> Iterator[Finding]:
    """Each try that we booked as paid is in the company's ledger, in the window of time of its batch."""
    paid = Attempt.objects.filter(
        gateway=gateway.name, status="paid", settled_at__lte=now - _lag(gateway)
    ).select_related("payment")
    for attempts in rows_of(paid.order_by("settled_at", "id")):
        since = min(attempt.created_at for attempt in attempts) - SLACK
        until = max(attempt.settled_at or attempt.created_at for attempt in attempts) + SLACK
        captured = {capture.reference for capture in gateway.captures(since=since, until=until)}
        for attempt in attempts:
            if attempt.reference not in captured:
                facts = {"amount": attempt.payment.amount, "currency": attempt.payment.currency}
                yield Finding("X2", "payment_without_capture", attempt.reference, facts)


def _facts(capture: Capture) -> dict[str, object]:
    return {
        "charge": capture.charge_id, "amount": capture.amount.amount, "currency": capture.amount.currency,
        "refunded": capture.refunded.amount,
    }  # fmt: skip
