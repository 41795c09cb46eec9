"""Refunds: money given back from the ledger, never more in all than was captured.

The charge's row is locked while a refund is decided, and the table itself refuses what would be too much.
"""

from datetime import datetime
from typing import Any

from zetel import clock
from zetel.sandbox.answers import Answer, Invalid, refund_answer, work
from zetel.sandbox.behaviours import BEFORE, Behaviour, behaviour
from zetel.sandbox.models import Charge, Key, Refund
from zetel.sandbox.script import fail, next_planned, planned_fault, require_up, take_key
from zetel.sandbox.webhooks import emit


def refund(*, charge: str, amount: int, currency: str, reference: str, idempotency_key: str) -> Answer:
    """Give money back; never more in all than was captured, however many ask at once."""
    now = clock.now()
    require_up(now)
    body = {"charge": charge, "amount": amount, "currency": currency, "reference": reference}
    with work():
        key = take_key(idempotency_key, body, now)
        if key.answer is not None:
            return dict(key.answer)
        planned = next_planned("refund")
        chosen = behaviour(planned.behaviour, planned.changes) if planned else Behaviour()
        if chosen.fault in BEFORE:
            Key.objects.filter(id=key.id).update(stumbled=True)
            answer: Answer = {}
        else:
            answer = _refund_once(key, body, chosen, now)
    fail(chosen.fault, now)
    return answer


def _refund_once(key: Key, body: dict[str, Any], chosen: Behaviour, now: datetime) -> Answer:
    row = Charge.objects.select_for_update().filter(id=body["charge"]).first()
    if row is None:
        raise Invalid("unknown_charge")
    own = behaviour(row.behaviour, row.changes)
    reason = _refund_refusal(row, body)
    if not reason and (chosen.result == "declined" or chosen.refuses_refund or own.refuses_refund):
        reason = chosen.reason or "refund_refused"
    back = Refund.objects.create(
        charge=row,
        reference=body["reference"],
        amount=body["amount"],
        status="refused" if reason else "done",
        reason=reason,
        created_at=now,
    )
    if not reason:
        row.refunded_amount += body["amount"]
        row.save(update_fields=["refunded_amount"])
    answer = refund_answer(back)
    emit(f"refund.{back.status}", answer, at=now, now=now, travel=chosen.webhook)
    if chosen.forgets_key:
        key.delete()
    else:
        Key.objects.filter(id=key.id).update(answer=answer)
    return answer


def _refund_refusal(row: Charge, body: dict[str, Any]) -> str:
    if row.status != "paid":
        return "not_paid"
    if body["currency"] != row.captured_currency:
        return "other_currency"
    if body["amount"] <= 0:
        return "amount_not_positive"
    if row.refunded_amount + row.disputed_amount + body["amount"] > row.captured_amount:
        return "over_captured"
    return ""


def fetch_refund(*, reference: str) -> Answer | None:
    now = clock.now()
    require_up(now)
    fail(planned_fault("fetch"), now)
    rows = Refund.objects.select_related("charge").filter(reference=reference).order_by("created_at", "id")
    done = [row for row in rows if row.status == "done"] or list(rows)
    return refund_answer(done[-1]) if done else None
