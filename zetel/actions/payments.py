"""Money wanted and tries at a gateway: the intent rows that stand before any call (rule G3), and refunds (G6).

A try is claimed by a compare-and-set, so of the request, the job and a second worker exactly one calls the gateway.
What the gateway answers is booked in `outcomes`.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet, Sum

from zetel.actions import small_amounts
from zetel.actions._change import Row, defer, transition
from zetel.models import Attempt, Change, Customer, Invoice, Payment, PaymentMethod, Refund
from zetel.models.ids import new_id, public_id
from zetel.rules import transitions
from zetel.rules.errors import ZetelError
from zetel.rules.payments import refundable

RETURN_PATH = "/billing"  # of tries that nobody waits for in a browser
FIRST_ASK = timedelta(seconds=60)
ASK_STEPS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600))
LAST_ASK_STEP = timedelta(hours=6)


def active_method(customer: Customer) -> PaymentMethod:
    """The customer's one active payment method; `method_required` without one."""
    method = PaymentMethod.objects.filter(customer=customer, status="active").first()
    if method is None:
        raise ZetelError("method_required")
    return method


def quick_method(customer: Customer) -> PaymentMethod:
    """The active method for an increase, which waits for its money: `method_too_slow` for one that confirms after days
    (rule C5). Also method_required."""
    method = active_method(customer)
    if method.confirms_after_days:
        raise ZetelError("method_too_slow")
    return method


def want(
    customer: Customer,
    *,
    amount: int,
    currency: str,
    method: PaymentMethod,
    now: datetime,
    language: str,
    return_path: str,
    change: Change | None = None,
    invoice: Invoice | None = None,
) -> Attempt:
    """Write the payment and its first try, and defer the job that makes it. `amount` in minor units, above 0."""
    payment = Payment.objects.create(
        **payment_row(customer, amount=amount, currency=currency, now=now, change=change, invoice=invoice)
    )
    return next_attempt(payment, method=method, now=now, language=language, return_path=return_path)


def payment_row(
    customer: Customer,
    *,
    amount: int,
    currency: str,
    now: datetime,
    change: Change | None = None,
    invoice: Invoice | None = None,
    invoice_id: uuid.UUID | None = None,
) -> Row:
    """The columns of money wanted, to be written alone or with a batch."""
    return {
        "id": new_id(), "customer_id": customer.id, "change_id": change.id if change else None,
        "invoice_id": invoice.id if invoice else invoice_id, "amount": amount, "currency": currency,
        "status": "wanted", "created_at": now, "paid_at": None,
    }  # fmt: skip


def next_attempt(
    payment: Payment, *, method: PaymentMethod, now: datetime, language: str, return_path: str
) -> Attempt:
    """One more try of a payment; its reference names at most one capture (rule X2)."""
    number = payment.attempts.count() + 1
    attempt = Attempt.objects.create(
        **attempt_row(payment.pk, number, method, now=now, language=language, return_path=return_path)
    )
    defer("collect", attempt=str(attempt.pk))
    return attempt


def attempt_row(
    payment_id: uuid.UUID,
    number: int,
    method: PaymentMethod,
    *,
    now: datetime,
    language: str,
    return_path: str,
) -> Row:
    """The columns of one try that nobody has made yet, to be written alone or with a batch."""
    return {
        "id": new_id(), "payment_id": payment_id, "number": number, "method_id": method.id,
        "gateway": method.gateway, "reference": f"{public_id(Payment.PREFIX, payment_id)}-{number}",
        "status": "created", "charge_id": "", "reason": "", "is_hard": False, "action_url": "",
        "return_path": return_path, "language": language, "tries": 0, "created_at": now, "sent_at": None,
        "ask_at": now, "settled_at": None,
    }  # fmt: skip


def claim(attempt_id: uuid.UUID, *, now: datetime) -> Attempt | None:
    """Take the right to call the gateway for a new try; None when somebody else has it or it is settled.

    If we vanish before an answer is booked, the gateway is asked by reference a minute later.
    """
    with transaction.atomic():
        attempt = _with_all().select_for_update(of=("self",)).get(pk=attempt_id)
        if attempt.status != "created":
            return None
        by_itself = attempt.return_path == RETURN_PATH  # who pays by hand was shown what is charged
        if by_itself and not small_amounts.carry(attempt):
            return None
        taken = transition(attempt, transitions.ATTEMPT, "sent", tries=1, sent_at=now, ask_at=now + FIRST_ASK)
    return attempt if taken else None


def drop(attempt_id: uuid.UUID) -> None:
    """Give up a try that was never made, with its payment: nobody waits for the money any more."""
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update(of=("self",)).select_related("payment").get(pk=attempt_id)
        if attempt.status == "created" and transition(attempt, transitions.ATTEMPT, "cancelled", ask_at=None):
            transition(attempt.payment, transitions.PAYMENT, "cancelled")


def drop_unmade(invoices: Iterable[Invoice]) -> None:
    """Give up the tries for invoices that nobody made yet: nothing is charged after an end (rule X4)."""
    made = Attempt.objects.filter(payment__invoice__in=list(invoices), status="created")
    for attempt_id in made.values_list("pk", flat=True):
        drop(attempt_id)


def claim_ask(attempt_id: uuid.UUID, *, now: datetime) -> Attempt | None:
    """Take the right to ask about a try whose outcome is open, and push the next ask further away."""
    attempt = _with_all().get(pk=attempt_id)
    step = ASK_STEPS[attempt.tries - 1] if 0 < attempt.tries <= len(ASK_STEPS) else LAST_ASK_STEP
    ask_at, change = now + step, attempt.payment.change
    if change and now < change.expires_at:
        ask_at = min(ask_at, change.expires_at)
    taken = Attempt.objects.filter(
        pk=attempt_id, tries=attempt.tries, status__in=transitions.UNSETTLED_ATTEMPT
    ).update(tries=attempt.tries + 1, ask_at=ask_at)
    return attempt if taken else None


def claim_again(attempt: Attempt, *, now: datetime) -> bool:
    """Take the right to ask for the same charge once more; False when it was settled meanwhile."""
    open_ones = Attempt.objects.filter(pk=attempt.pk, status__in=transitions.UNSETTLED_ATTEMPT)
    return bool(open_ones.update(sent_at=now))


def to_ask(now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Tries whose outcome is open and due to be asked about, oldest first."""
    due = Attempt.objects.filter(status__in=transitions.UNSETTLED_ATTEMPT, ask_at__lte=now)
    return list(due.order_by("ask_at").values_list("pk", flat=True)[:limit])


def to_collect(limit: int = 100, *, after: uuid.UUID | None = None) -> list[uuid.UUID]:
    """Tries for issued invoices that nobody has made yet, in the order of their ids."""
    rows = Attempt.objects.filter(status="created", payment__invoice__isnull=False)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("id").values_list("pk", flat=True)[:limit])


def want_refund(
    attempt: Attempt,
    *,
    amount: int,
    reason: str,
    now: datetime,
    invoice: Invoice | None = None,
    credit_note: Invoice | None = None,
) -> Refund:
    """Write a refund of (part of) a paid try and defer the job. Refunds never exceed the payment (rule G6).

    `invoice` is the one whose money it is, `credit_note` what it goes with; neither where nothing was invoiced.
    """
    Attempt.objects.select_for_update().get(pk=attempt.pk)
    wanted = attempt.refunds.exclude(status="refused").aggregate(sum=Sum("amount"))["sum"] or 0
    refundable(attempt.payment.amount, wanted, amount)
    number = attempt.refunds.count() + 1
    refund = Refund.objects.create(
        attempt=attempt, amount=amount, currency=attempt.payment.currency, reason=reason, invoice=invoice,
        credit_note=credit_note, reference=f"{attempt.reference}-r{number}", created_at=now, ask_at=now,
    )  # fmt: skip
    defer("refund", refund=str(refund.pk))
    return refund


def claim_refund(refund_id: uuid.UUID, *, now: datetime) -> Refund | None:
    """Take the right to send a refund, or to send it again with the same key; None when it is settled."""
    refund = Refund.objects.select_related("attempt__payment__customer", "attempt__method").get(pk=refund_id)
    taken = Refund.objects.filter(
        pk=refund_id, tries=refund.tries, status__in=("wanted", "sent", "unknown")
    ).update(status="sent", tries=refund.tries + 1, ask_at=now + LAST_ASK_STEP)
    return refund if taken else None


def refunds_to_send(now: datetime, limit: int = 100) -> list[uuid.UUID]:
    """Refunds that wait, or whose outcome is open, and are due."""
    due = Refund.objects.filter(status__in=("wanted", "sent", "unknown"), ask_at__lte=now)
    return list(due.order_by("ask_at").values_list("pk", flat=True)[:limit])


def _with_all() -> QuerySet[Attempt]:
    return Attempt.objects.select_related(
        "payment__customer", "payment__change__space", "payment__invoice", "method"
    )
