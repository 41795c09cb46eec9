"""Disputes: the payer's bank takes a captured charge back, and gives it back when the dispute is won.

A card can be documented to be disputed some days after each capture; any captured charge can be disputed by hand.
What the bank holds cannot be refunded.
"""

from datetime import datetime

from zetel.sandbox.answers import Answer, work
from zetel.sandbox.behaviours import behaviour
from zetel.sandbox.models import Charge
from zetel.sandbox.webhooks import emit

BATCH = 100
REASON = "fraudulent"
TAKEN, WON = "taken", "won"


def dispute_due(now: datetime) -> None:
    """Let every bank do what it was going to do by now."""
    while True:
        with work():
            due = Charge.objects.filter(disputes_at__lte=now).order_by("disputes_at", "id")
            batch = list(due.select_for_update(skip_locked=True)[:BATCH])
            for row in batch:
                assert row.disputes_at is not None, "the query asked for an instant"
                if row.dispute == TAKEN:
                    _give_back(row, row.disputes_at, now)
                else:
                    _take_back(row, row.disputes_at, now)
        if len(batch) < BATCH:
            return


def bank_acts(charge_id: str) -> tuple[str, ...]:
    """What the bank can do about a charge now."""
    row = Charge.objects.filter(id=charge_id, status="paid").first()
    if row is None:
        return ()
    if row.dispute == TAKEN:
        return ("return",)
    return ("take",) if row.captured_amount > row.refunded_amount else ()


def take_back(charge_id: str, now: datetime) -> bool:
    """Take what is left of a captured charge back; False when there is nothing to take."""
    with work():
        row = Charge.objects.select_for_update().filter(id=charge_id, status="paid").first()
        return row is not None and row.dispute != TAKEN and _take_back(row, now, now)


def give_back(charge_id: str, now: datetime) -> bool:
    """The dispute is won: the seller gets the money again. False for what is not in dispute."""
    with work():
        row = Charge.objects.select_for_update().filter(id=charge_id, dispute=TAKEN).first()
        return row is not None and _give_back(row, now, now)


def _take_back(row: Charge, at: datetime, now: datetime) -> bool:
    left, chosen = row.captured_amount - row.refunded_amount, behaviour(row.behaviour, row.changes)
    won_at = at + chosen.won_after if chosen.won_after is not None and not row.dispute else None
    row.disputes_at = won_at if left > 0 else None
    if left > 0:
        row.dispute, row.disputed_amount = TAKEN, left
        _tell(row, "taken", left, at, now)
    row.save(update_fields=["dispute", "disputed_amount", "disputes_at"])
    return left > 0


def _give_back(row: Charge, at: datetime, now: datetime) -> bool:
    amount = row.disputed_amount
    row.dispute, row.disputed_amount, row.disputes_at = WON, 0, None
    row.save(update_fields=["dispute", "disputed_amount", "disputes_at"])
    _tell(row, "returned", amount, at, now)
    return True


def _tell(row: Charge, status: str, amount: int, at: datetime, now: datetime) -> None:
    answer: Answer = {
        "id": row.id, "reference": row.reference, "status": status, "amount": amount,
        "currency": row.captured_currency, "reason": REASON, "changed_at": at.isoformat(),
    }  # fmt: skip
    emit(f"dispute.{status}", answer, at=at, now=now, travel="now")
