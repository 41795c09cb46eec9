"""Charges: the company's ledger, and how a charge comes to be paid, declined or cancelled.

Each request is one transaction of the company's own. What goes wrong on the way goes wrong after that transaction
was committed or before it began to charge, so that the caller's "no answer" is as uncertain as in life.
"""

from datetime import datetime, timedelta
from typing import Any

from zetel import clock
from zetel.sandbox.answers import Answer, Invalid, charge_answer, work
from zetel.sandbox.behaviours import BEFORE, LATE, Behaviour, Fault, behaviour
from zetel.sandbox.disputes import dispute_due
from zetel.sandbox.models import Charge, Key, Method
from zetel.sandbox.script import fail, first_touch, next_planned, planned_fault, require_up, take_key
from zetel.sandbox.setups import checked_return_url
from zetel.sandbox.webhooks import deliver_due, emit

MINIMUM_AMOUNT = {"EUR": 50, "USD": 50, "GBP": 30, "JPY": 50, "KWD": 150}
APPROVAL_TIME = timedelta(hours=24)
PAGE_LIMIT = 100
TEXT_LIMIT = 2_000


def charge(
    *,
    token: str,
    amount: int,
    currency: str,
    reference: str,
    idempotency_key: str,
    return_url: str,
    description: str,
    language: str,
) -> Answer:
    """Take money. Answers the charge as it stands; the same key and request answer the same for 24 hours."""
    now = clock.now()
    require_up(now)
    body = {
        "token": token,
        "amount": amount,
        "currency": currency,
        "reference": reference,
        "return_url": checked_return_url(return_url),
        "description": _storable(description),
        "language": language,
    }
    if amount <= 0 or not reference:
        raise Invalid("amount_not_positive" if reference else "reference_missing")
    with work():
        key = take_key(idempotency_key, body, now)
        if key.answer is not None:
            return dict(key.answer)
        answer, fault, chosen = _charge_once(key, body, now)
    if chosen.webhook == "early":
        deliver_due(now, reference=reference)
    fail(fault, now)
    return answer


def _storable(text: str) -> str:
    """What a database can hold of a text: no NUL, no half characters, not endless."""
    return text[:TEXT_LIMIT].replace("\0", "").encode(errors="replace").decode()


def _charge_once(key: Key, body: dict[str, Any], now: datetime) -> tuple[Answer, Fault, Behaviour]:
    method = Method.objects.filter(token=body["token"], forgotten_at=None).first()
    planned = next_planned("charge")
    name, changes = (
        (planned.behaviour, planned.changes) if planned else (method.behaviour if method else "paid", {})
    )
    chosen = behaviour(name, changes)
    fault = chosen.fault if planned else first_touch(chosen, key)
    if fault in BEFORE:
        Key.objects.filter(id=key.id).update(stumbled=True)
        return {}, fault, chosen
    row = Charge(
        method=method,
        reference=body["reference"],
        description=body["description"],
        amount=body["amount"],
        currency=body["currency"],
        return_url=body["return_url"],
        language=body["language"],
        behaviour=name,
        changes=changes,
        created_at=now,
        changed_at=now,
    )
    _decide(row, chosen, now)
    row.save(force_insert=True)
    _tell(row, chosen, now)
    answer = charge_answer(row)
    if chosen.forgets_key:
        key.delete()
    else:
        Key.objects.filter(id=key.id).update(answer=answer)
    return answer, fault, chosen


def _decide(row: Charge, chosen: Behaviour, now: datetime) -> None:
    refusal = _refusal(row, now)
    if refusal is not None:
        row.status, row.reason, row.hard = "declined", *refusal
    elif chosen.result == "paid":
        _capture(row, chosen, now)
    elif chosen.result == "declined":
        row.status, row.reason, row.hard = "declined", chosen.reason, chosen.hard
    else:
        row.status = chosen.result
        row.settles_at = now + (APPROVAL_TIME if chosen.result == "action" else chosen.settles_after)


def _refusal(row: Charge, now: datetime) -> tuple[str, bool] | None:
    """Why this method cannot be charged at all: the reason, and whether it is for ever."""
    if row.method is None:
        return "unknown_method", True
    if row.method.expires_on is not None and row.method.expires_on < now.date():
        return "expired_card", True
    if row.amount < MINIMUM_AMOUNT.get(row.currency, 1):
        return "amount_too_small", False
    return None


def _capture(row: Charge, chosen: Behaviour, at: datetime) -> None:
    row.status, row.reason, row.hard = "paid", "", False
    row.captured_amount = max(1, row.amount + chosen.amount_off)
    row.captured_currency = chosen.currency or row.currency
    row.captured_at = row.changed_at = at
    row.disputes_at = at + chosen.disputed_after if chosen.disputed_after is not None else None


def _tell(row: Charge, chosen: Behaviour, now: datetime) -> None:
    """The webhook of the state the charge is in now. Out of order: what came before arrives after."""
    answer = charge_answer(row)
    out_of_order = chosen.webhook == "out_of_order"
    if out_of_order and row.status in ("processing", "action"):
        emit(f"charge.{row.status}", answer, at=row.changed_at, now=now + LATE, travel="now")
        return
    emit(f"charge.{row.status}", answer, at=row.changed_at, now=now, travel=chosen.webhook)
    if out_of_order and row.status == "paid" and row.settles_at is None:
        before = {**answer, "status": "processing", "amount": row.amount, "currency": row.currency}
        emit("charge.processing", before, at=row.created_at - timedelta(seconds=1), now=now, travel="now")


def _settle(row: Charge, now: datetime) -> None:
    """Let a locked row become what it became meanwhile, at the instant it did."""
    if row.status not in ("processing", "action") or row.settles_at is None or row.settles_at > now:
        return
    chosen = behaviour(row.behaviour, row.changes)
    row.changed_at = row.settles_at
    if row.status == "action":
        row.status, row.reason = "declined", "approval_expired"
    elif chosen.settles_as == "paid":
        _capture(row, chosen, row.settles_at)
    else:
        row.status, row.reason, row.hard = "declined", chosen.reason, chosen.hard
    row.save()
    _tell(row, chosen, now)


def settle_due(now: datetime) -> None:
    """Let every charge whose time has come become what it was going to be."""
    due = Charge.objects.filter(status__in=("processing", "action"), settles_at__lte=now)
    while True:
        with work():
            batch = list(due.order_by("settles_at").select_for_update(skip_locked=True)[:PAGE_LIMIT])
            for row in batch:
                _settle(row, now)
        if len(batch) < PAGE_LIMIT:
            break
    dispute_due(now)


def _known(reference: str, now: datetime) -> Charge | None:
    """The charge of a reference, locked: the captured one if there is one, else the latest."""
    rows = list(Charge.objects.select_for_update().filter(reference=reference).order_by("created_at", "id"))
    for row in rows:
        _settle(row, now)
    captured = [row for row in rows if row.status == "paid"]
    return next(reversed(captured or rows), None)


def fetch_charge(*, reference: str) -> Answer | None:
    now = clock.now()
    require_up(now)
    fail(planned_fault("fetch"), now)
    with work():
        row = _known(reference, now)
        return charge_answer(row) if row else None


def cancel(*, reference: str) -> Answer | None:
    """Stop a charge that waits for approval. One that is processing cannot be stopped any more."""
    now = clock.now()
    require_up(now)
    fault = planned_fault("cancel")
    if fault in BEFORE:
        fail(fault, now)
    with work():
        row = _known(reference, now)
        if row is not None and row.status == "action":
            row.status, row.reason, row.changed_at = "cancelled", "cancelled", now
            row.save()
            _tell(row, behaviour(row.behaviour, row.changes), now)
        answer = charge_answer(row) if row else None
    fail(fault, now)
    return answer


def decide_approval(row_id: str, *, approved: bool, now: datetime) -> Charge:
    """What the person answered on the bank's page. Answers the charge; an answer given twice changes nothing."""
    with work():
        row = Charge.objects.select_for_update().get(id=row_id)
        _settle(row, now)
        if row.status != "action":
            return row
        chosen = behaviour(row.behaviour, row.changes)
        row.changed_at = now
        if not approved:
            row.status, row.reason = "declined", "approval_refused"
        elif chosen.settles_as == "paid":
            _capture(row, chosen, now)
        else:
            row.status, row.reason, row.hard = "declined", chosen.reason, chosen.hard
        row.save()
        _tell(row, chosen, now)
        return row


def captures(*, since: datetime, until: datetime, after: str = "") -> Answer:
    """One page of the ledger, oldest first; `next` is where the following page starts, empty at the end."""
    now = clock.now()
    require_up(now)
    fail(planned_fault("captures"), now)
    settle_due(now)
    rows = Charge.objects.filter(captured_at__gte=since, captured_at__lt=until).order_by("captured_at", "id")
    skipped = int(after or "0")
    page = list(rows[skipped : skipped + PAGE_LIMIT])
    return {
        "captures": [charge_answer(row) for row in page],
        "next": str(skipped + PAGE_LIMIT) if len(page) == PAGE_LIMIT else "",
    }


def charge_of_page(page_key: str, now: datetime) -> Charge | None:
    """The charge a bank's page is about, brought up to date."""
    with work():
        row = (
            Charge.objects.select_for_update(of=("self",))
            .select_related("method")
            .filter(page_key=page_key)
            .first()
        )
        if row is not None:
            _settle(row, now)
        return row
