"""A bank takes a payment back, or gives it back again: booked once, whatever comes late or twice (rules G8, X14).

The invoice is open again. Within its period dunning starts that day, the payment that was taken back standing for the
first try; later, or when the subscription has ended, staff decide and nobody is asked for it by itself. A dispute that
was won books the money again; what that brings beyond what is due becomes balance.
"""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Sum

from zetel.actions import credits, dues, dunning, mail
from zetel.actions._change import lock_customer, lock_space, record, transition
from zetel.models import Attempt, Invoice, Payment, Refund, TakenBack
from zetel.models.subscriptions import LIVE
from zetel.rules import transitions
from zetel.rules.event_types import EventType
from zetel.rules.money import spread
from zetel.rules.outcomes import Dispute
from zetel.rules.periods import local_date

Booked = Literal["done", "ignored", "parked"]


def record_dispute(reference: str, said: Dispute, *, now: datetime) -> Booked:
    """Book what a company says of a charge of ours, by our reference; an unknown one and what is old are ignored."""
    with transaction.atomic():
        attempt = (
            Attempt.objects.select_related("payment__invoice__space").filter(reference=reference).first()
        )
        if attempt is None:
            return "ignored"
        invoice = attempt.payment.invoice
        if invoice is not None and invoice.space:
            lock_space(invoice.space)
        lock_customer(attempt.payment.customer_id)
        attempt = (
            Attempt.objects.select_for_update(of=("self",))
            .select_related("payment__invoice")
            .get(pk=attempt.pk)
        )
        payment = attempt.payment
        last = TakenBack.objects.filter(payment=payment).aggregate(last=Max("said_at"))["last"]
        if last is not None and (said.at < last or (said.at == last and payment.status != "taken_back")):
            return "ignored"
        if said.kind == "returned":
            return _returned(payment, said, now)
        return _taken(attempt, payment, said, now)


def _taken(attempt: Attempt, payment: Payment, said: Dispute, now: datetime) -> Booked:
    refunded = Refund.objects.filter(attempt=attempt, status="done").aggregate(sum=Sum("amount"))["sum"] or 0
    wrong = said.amount.currency != payment.currency or said.amount.amount > payment.amount - refunded
    parts = _parts(payment)
    if payment.status != "paid" or wrong or not parts:
        _tell_staff("taken_back_otherwise", attempt, said)
        return "parked"
    transition(payment, transitions.PAYMENT, "taken_back")
    invoices = [invoice for invoice, _ in parts]
    for invoice, amount in zip(
        invoices, spread(said.amount.amount, [part for _, part in parts]), strict=True
    ):
        if amount:
            _reopen(attempt, payment, invoice, amount, said, now)
    main = invoices[0]
    record(
        EventType.PAYMENT_TAKEN_BACK, now=now, actor=None, space=main.space, customer=payment.customer,
        subscription=main.subscription, invoice=main,
        after={
            "number": main.number, "amount": said.amount.amount, "currency": payment.currency,
            "reference": attempt.reference, "why": said.reason,
        },
    )  # fmt: skip
    for row in (
        TakenBack.objects.filter(payment=payment, returned_at=None).select_related("invoice").order_by("id")
    ):
        if row.is_for_staff:
            _tell_staff("taken_back_late", attempt, said)
        else:
            dunning.taken_back(row.invoice, key=f"taken_back:{row.pk}", now=now)
    return "done"


def _parts(payment: Payment) -> list[tuple[Invoice, int]]:
    """The invoices that a payment paid, its own first, and what of each has not gone back."""
    shares = list(payment.shares.select_related("invoice__space", "invoice__subscription").order_by("id"))
    parts = [(share.invoice, share.amount) for share in shares]
    if payment.invoice:
        parts.insert(0, (payment.invoice, payment.amount - sum(amount for _, amount in parts)))
    gone = dict(
        Refund.objects.filter(attempt__payment=payment, status__in=dues.GOES_BACK)
        .values_list("invoice").annotate(sum=Sum("amount"))
    )  # fmt: skip
    left = [(invoice, amount - gone.get(invoice.pk, 0)) for invoice, amount in parts]
    return [(invoice, amount) for invoice, amount in left if amount > 0]


def _reopen(
    attempt: Attempt, payment: Payment, invoice: Invoice, amount: int, said: Dispute, now: datetime
) -> None:
    TakenBack.objects.create(
        payment=payment, invoice=invoice, amount=amount, reason=said.reason[:64], taken_at=now, said_at=said.at,
        is_for_staff=not _within_period(invoice, now),
    )  # fmt: skip
    if invoice.state != "written_off":
        credits.settle(invoice)


def _within_period(invoice: Invoice, now: datetime) -> bool:
    """Whether its subscription lives and the last period that it charges for is still running."""
    subscription = invoice.subscription
    if subscription is None or subscription.status not in LIVE:
        return False
    charged = invoice.lines.filter(kind="charge", is_coverage=True)
    end_on = charged.order_by("-period_end").values_list("period_end", flat=True).first()
    zone = ZoneInfo(subscription.time_zone or subscription.customer.time_zone)
    return end_on is not None and local_date(now, zone) < end_on


def _returned(payment: Payment, said: Dispute, now: datetime) -> Booked:
    held = list(TakenBack.objects.filter(payment=payment, returned_at=None).select_related("invoice__space"))
    if not held:
        _remember(payment, said, now)
        return "ignored"
    transition(payment, transitions.PAYMENT, "paid")
    for row in held:
        TakenBack.objects.filter(pk=row.pk).update(returned_at=now, said_at=said.at)
    for row in held:
        credits.give_surplus(row.invoice, now=now)
    main = held[0].invoice
    record(
        EventType.PAYMENT_PAID, now=now, actor=None, space=main.space, customer=payment.customer,
        subscription=main.subscription, invoice=main,
        after={
            "number": main.number, "amount": sum(row.amount for row in held), "currency": payment.currency,
            "reason": "returned",
        },
    )  # fmt: skip
    for row in held:
        dunning.paid(row.invoice, now=now)
    return "done"


def _remember(payment: Payment, said: Dispute, now: datetime) -> None:
    """The end of a dispute came before its beginning: what comes late of it must not take the money back."""
    if payment.invoice and payment.status == "paid":
        TakenBack.objects.create(
            payment=payment, invoice=payment.invoice, amount=said.amount.amount, reason=said.reason[:64],
            taken_at=now, returned_at=now, said_at=said.at,
        )  # fmt: skip


def _tell_staff(what: str, attempt: Attempt, said: Dispute) -> None:
    payment = attempt.payment
    mail.queue(
        "staff_alert", once_key=f"staff_alert:{what}:{attempt.pk}:{said.at.isoformat()}", now=said.at, language="en",
        to_email=settings.CONFIG.seller.support_email,
        params={
            "what": what, "reference": attempt.reference, "amount": payment.amount, "currency": payment.currency,
            "said_amount": said.amount.amount, "said_currency": said.amount.currency,
        },
    )  # fmt: skip
