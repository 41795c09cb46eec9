"""PayPal's ledger, the transaction report: what it took, what of that it gave back, and one charge by our reference.

The report covers at most 31 days at a time and shows a payment after three hours at the latest. It cannot be filtered
by our reference, so the days since a charge was made are read through.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from zetel.gateways import paypal_words as words
from zetel.gateways.base import Capture, Trace
from zetel.gateways.paypal_client import Json, PayPalClient, Refused
from zetel.rules.money import Money
from zetel.rules.outcomes import Outcome, OutcomeKind

LAG = timedelta(hours=3)
WINDOW = timedelta(days=30)
PAGE = 500
A_SECOND = timedelta(seconds=1)  # PayPal counts whole ones
CLOCKS_APART = timedelta(hours=1)
_TOO_MANY = "RESULTSET_TOO_LARGE"
# A payment that went back whole stands as reversed, V: it was taken all the same.
_KINDS: dict[str, OutcomeKind] = {"S": "paid", "V": "paid", "P": "processing", "D": "declined"}


def find(paypal: PayPalClient, reference: str, trace: Trace) -> Outcome | None:
    """The charge of a reference, if the report shows it by now. Refused here is refused for good."""
    assert trace.made_at is not None, "a charge without an id is looked for from a day on"
    assert trace.asked_at is not None, "a charge without an id is looked for until a day"
    found: Outcome | None = None
    for line in _lines(paypal, trace.made_at - CLOCKS_APART, trace.asked_at + CLOCKS_APART):
        if line.get("invoice_id") != reference or _is_refund(line):
            continue
        kind = _KINDS.get(line["transaction_status"], "unknown")
        said = Outcome(
            kind=kind, amount=words.money(line["transaction_amount"]) if kind in ("paid", "processing") else None,
            charge_id=line["transaction_id"], at=words.instant(line["transaction_initiation_date"]),
            reason={"declined": "denied", "unknown": "status_unknown"}.get(kind, ""),
        )  # fmt: skip
        if found is None or said.kind == "paid":
            found = said
    return found


def is_unseen(trace: Trace) -> bool:
    """Whether a charge may have been taken although the report does not show it."""
    sent_at = trace.sent_at or trace.made_at
    assert sent_at is not None, "a charge is given up that was sent some time"
    assert trace.asked_at is not None, "a charge is given up at some time"
    return trace.asked_at - sent_at <= LAG


def captures_between(paypal: PayPalClient, since: datetime, until: datetime) -> Iterator[Capture]:
    """What was taken in a stretch of time, oldest first, and what of it went back within that stretch."""
    taken: list[Json] = []
    back: dict[str, int] = {}
    for line in _lines(paypal, since, until):
        if _is_refund(line):
            charge_id = str(line.get("paypal_reference_id", ""))
            back[charge_id] = back.get(charge_id, 0) + abs(words.money(line["transaction_amount"]).amount)
        elif _KINDS.get(line["transaction_status"]) == "paid":
            taken.append(line)
    for line in sorted(taken, key=lambda line: words.instant(line["transaction_initiation_date"])):
        amount = words.money(line["transaction_amount"])
        yield Capture(
            charge_id=line["transaction_id"], reference=str(line.get("invoice_id") or ""), amount=amount,
            refunded=Money(back.get(line["transaction_id"], 0), amount.currency),
            captured_at=words.instant(line["transaction_initiation_date"]),
        )  # fmt: skip


def _is_refund(line: Json) -> bool:
    """T11xx are reversals and refunds, T00xx payments; of both only what concerns a payment of ours is read."""
    return str(line["transaction_event_code"]).startswith("T11")


def _lines(paypal: PayPalClient, since: datetime, until: datetime) -> Iterator[Json]:
    """The lines of `since <= instant < until` that are payments or refunds."""
    start = since
    while start < until:
        end = min(start + WINDOW, until)
        for line in _window(paypal, start, end):
            at = words.instant(line["transaction_initiation_date"])
            if start <= at < end and str(line["transaction_event_code"])[:3] in ("T00", "T11"):
                yield line
        start = end


def _window(paypal: PayPalClient, start: datetime, end: datetime) -> Iterator[Json]:
    """One stretch that PayPal may answer at once; one that holds too much for that is halved."""
    page, pages = 1, 1
    while page <= pages:
        asked = {
            "start_date": _written(start), "end_date": _written(end + A_SECOND), "fields": "transaction_info",
            "page_size": PAGE, "page": page,
        }  # fmt: skip
        try:
            said = paypal.get("/v1/reporting/transactions", asked)
        except Refused as refusal:
            if refusal.issue != _TOO_MANY or end - start < timedelta(minutes=1):
                raise
            middle = start + (end - start) / 2
            yield from _window(paypal, start, middle)
            yield from _window(paypal, middle, end)
            return
        yield from (line["transaction_info"] for line in said.get("transaction_details") or [])
        page, pages = page + 1, int(said.get("total_pages") or 1)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
