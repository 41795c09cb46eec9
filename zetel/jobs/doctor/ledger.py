"""X2: what the payment companies say they took and gave back, held against our payments, one to one.

This part speaks to the companies, so it runs outside any transaction (rule G3). Both ledgers are read in windows of
time, so memory does not grow with them. A company that cannot be reached is told as a notice: nothing was compared.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Min, OuterRef, Q

from zetel import gateways
from zetel.gateways.base import Capture, Gateway, GatewayUnavailable
from zetel.jobs.doctor.finding import Finding, batches, rows_of
from zetel.models import Attempt, BankBooking, BankLine, Event, Payment, Refund
from zetel.rules.event_types import EventType
from zetel.rules.transitions import UNSETTLED_ATTEMPT

SLACK = timedelta(days=1)  # between a company's clock and ours


def check(now: datetime) -> Iterator[Finding]:
    """X2, within our tables first, then with each gateway that any try went through."""
    yield from _payments()
    yield from _charge_ids()
    for name in Attempt.objects.order_by("gateway").values_list("gateway", flat=True).distinct():
        try:
            gateway = gateways.get(name)
        except AssertionError:
            yield Finding("X2", "gateway_unknown", name)
            continue
        try:
            yield from _their_captures(gateway, now)
            yield from _our_payments(gateway, now)
        except GatewayUnavailable:
            yield Finding("X2", "gateway_unavailable", name, {"compared": False}, is_notice=True)


def _payments() -> Iterator[Finding]:
    """A payment that came has exactly one paid try, of it, and the other way round; one by bank has its line (G5)."""
    paid = Count("attempts", filter=Q(attempts__status="paid"))
    rows = Payment.objects.filter(bank_booking=None).annotate(paid=paid).order_by("id")
    came = Q(status__in=("paid", "refunded", "taken_back"))
    for payment in rows.filter((came & ~Q(paid=1)) | (~came & ~Q(paid=0))).iterator():
        facts = {"status": payment.status, "paid_attempts": payment.paid}
        yield Finding("X2", "payment_and_attempts_differ", payment.public_id, facts)
    yield from _bank_payments()


def _bank_payments() -> Iterator[Finding]:
    """A payment by bank is what its line says, stands while its booking does, and no card was tried for it."""
    by_bank = BankBooking.objects.select_related("line", "payment").annotate(tries=Count("payment__attempts"))
    as_told = Q(payment__amount=F("line__amount"), payment__currency=F("line__currency"), tries=0)
    stands = Q(corrected_at=None, payment__status="paid") | Q(
        corrected_at__isnull=False, payment__status="taken_back"
    )
    for row in by_bank.exclude(as_told & stands).order_by("id").iterator():
        facts = {"line": row.line.public_id, "amount": row.payment.amount, "status": row.payment.status}
        yield Finding("X2", "bank_payment_differs", row.payment.public_id, facts)
    booked = BankBooking.objects.filter(line=OuterRef("pk"), corrected_at=None)
    lines = BankLine.objects.annotate(is_booked=Exists(booked))
    for line in lines.exclude(Q(status="booked", is_booked=True) | ~Q(status="booked") & Q(is_booked=False)).order_by(
        "id"
    ).iterator():  # fmt: skip
        yield Finding("X2", "bank_line_differs", line.public_id, {"status": line.status})


def _charge_ids() -> Iterator[Finding]:
    """One charge of a company stands behind one try."""
    twice = (
        Attempt.objects.exclude(charge_id="").values_list("gateway", "charge_id").annotate(count=Count("id"))
    )
    for name, charge_id, count in twice.filter(count__gt=1).order_by("gateway", "charge_id").iterator():
        yield Finding("X2", "charge_booked_twice", charge_id, {"gateway": name, "attempts": count})


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
