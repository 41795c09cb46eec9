"""X16: each thing that is due is done, in declared retry, or parked where staff see it.

What is late or was parked is a notice: staff should look, and nothing is lost. Work that nothing will ever come back
to, because no time is set for it or nobody was told, is a broken rule.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from procrastinate.contrib.django.models import ProcrastinateJob

from zetel.jobs.doctor.finding import Finding, iso
from zetel.models import (
    Attempt,
    Change,
    Event,
    InboundEvent,
    Invoice,
    Mail,
    ManualInvoice,
    Payment,
    Refund,
    Subscription,
)
from zetel.models.payments import UNSETTLED
from zetel.models.subscriptions import WAITING
from zetel.rules.event_types import EventType

LATE = timedelta(minutes=15)  # the worker comes every minute
REFUNDS_OPEN = ("wanted", "sent", "unknown")


def check(now: datetime) -> Iterator[Finding]:
    """X16, kind of work by kind of work."""
    yield from _late(now - LATE)
    yield from _parked()
    yield from _lost()
    yield from _uncollected()
    yield from _manual(now)
    yield from _jobs()


def _late(before: datetime) -> Iterator[Finding]:
    """Due for longer than a worker that runs would let it be."""
    renewals = Subscription.objects.filter(status="active", parked_reason="", next_bill_at__lt=before)
    for row in renewals.order_by("id").iterator():
        yield _notice("renewal_late", row.public_id, due_at=iso(row.next_bill_at))
    reminders = Subscription.objects.filter(
        status="active", ends_on=None, parked_reason="", reminder_set=True, remind_at__lt=before
    )
    for row in reminders.order_by("id").iterator():
        yield _notice("reminder_late", row.public_id, due_at=iso(row.remind_at))
    steps = Subscription.objects.filter(status="past_due", parked_reason="", dunning_at__lt=before)
    for row in steps.order_by("id").iterator():
        yield _notice("dunning_late", row.public_id, due_at=iso(row.dunning_at))
    trials = Subscription.objects.filter(status="trial", parked_reason="", trial_due_at__lt=before)
    for row in trials.order_by("id").iterator():
        yield _notice("trial_late", row.public_id, due_at=iso(row.trial_due_at))
    for attempt in Attempt.objects.filter(status__in=UNSETTLED, ask_at__lt=before).order_by("id").iterator():
        yield _notice("attempt_late", attempt.reference, due_at=iso(attempt.ask_at), status=attempt.status)
    for refund in Refund.objects.filter(status__in=REFUNDS_OPEN, ask_at__lt=before).order_by("id").iterator():
        yield _notice("refund_late", refund.reference, due_at=iso(refund.ask_at), status=refund.status)
    mails = Mail.objects.filter(status="queued", due_at__lt=before).defer("text", "html")
    for mail in mails.order_by("id").iterator():
        yield _notice("mail_late", mail.public_id, due_at=iso(mail.due_at), kind=mail.kind, tries=mail.tries)
    events = InboundEvent.objects.filter(status="new", received_at__lt=before).defer("body")
    for event in events.order_by("id").iterator():
        yield _notice("event_late", event.public_id, received_at=iso(event.received_at))
    for change in Change.objects.filter(status__in=WAITING, expires_at__lt=before).order_by("id").iterator():
        yield _notice("change_late", change.public_id, expires_at=iso(change.expires_at))


def _parked() -> Iterator[Finding]:
    """Set aside for staff. A parked try of a payment must have told them (G3)."""
    for row in Subscription.objects.exclude(parked_reason="").order_by("id").iterator():
        yield _notice("subscription_parked", row.public_id, reason=row.parked_reason)
    events = Event.objects.annotate(about=KeyTextTransform("reference", "after"))
    told = events.filter(kind=EventType.PAYMENT_PARKED, about=OuterRef("reference"))
    parked = Attempt.objects.filter(status="parked").annotate(told=Exists(told))
    for attempt in parked.order_by("id").iterator():
        facts = {"reason": attempt.reason}
        if attempt.told:
            yield _notice("attempt_parked", attempt.reference, **facts)
        else:
            yield Finding("X16", "parked_unseen", attempt.reference, facts)
    for refund in (
        Refund.objects.filter(Q(status="parked") | Q(status="refused", credit_note=None))
        .order_by("id")
        .iterator()
    ):
        yield _notice("refund_parked", refund.reference, status=refund.status)
    for mail in Mail.objects.filter(status="parked").defer("text", "html").order_by("id").iterator():
        yield _notice("mail_parked", mail.public_id, kind=mail.kind, tries=mail.tries)
    for event in InboundEvent.objects.filter(status="parked").defer("body").order_by("id").iterator():
        yield _notice("event_parked", event.public_id, note=event.note)


def _lost() -> Iterator[Finding]:
    """Neither done nor in retry: nothing will come back to these."""
    for attempt in Attempt.objects.filter(status__in=UNSETTLED, ask_at=None).order_by("id").iterator():
        yield Finding("X16", "attempt_lost", attempt.reference, {"status": attempt.status})
    unpaid = Invoice.objects.filter(subscription=OuterRef("pk"), kind="invoice", state="open")
    stuck = Subscription.objects.filter(status="past_due", dunning_at=None, payment_term_days=None)
    for row in stuck.order_by("id").iterator():
        yield Finding("X16", "dunning_lost", row.public_id, {"step": row.dunning_step})
    for row in Subscription.objects.filter(~Exists(unpaid), status="past_due").order_by("id").iterator():
        yield Finding("X16", "past_due_for_nothing", row.public_id)
    for refund in Refund.objects.filter(status__in=REFUNDS_OPEN, ask_at=None).order_by("id").iterator():
        yield Finding("X16", "refund_lost", refund.reference, {"status": refund.status})
    under_way = Attempt.objects.filter(status__in=UNSETTLED)
    wanted = Payment.objects.filter(~Exists(under_way.filter(payment=OuterRef("pk"))), status="wanted")
    for payment in wanted.order_by("id").iterator():
        yield Finding("X16", "payment_lost", payment.public_id, {"amount": payment.amount})
    waiting = Change.objects.filter(
        ~Exists(under_way.filter(payment__change=OuterRef("pk"))), status__in=WAITING
    )
    for change in waiting.order_by("id").iterator():
        yield Finding("X16", "change_lost", change.public_id, {"status": change.status})


def _uncollected() -> Iterator[Finding]:
    """Open invoices of self-service that no payment is under way for: somebody has to pay or to be asked."""
    under_way = Payment.objects.filter(invoice=OuterRef("pk"), status="wanted")
    left = Invoice.objects.filter(~Exists(under_way), kind="invoice", state="open", manual=None)
    left = left.defer("seller", "buyer")
    for invoice in left.order_by("id").iterator():
        yield _notice("invoice_uncollected", invoice.number, due_on=invoice.due_on.isoformat())


def _manual(now: datetime) -> Iterator[Finding]:
    """Invoices that are paid by bank (G5): each open one is reminded of or waits for finance, none is charged.

    An overdue one holds the renewal of its plan, unless that ends.
    """
    asked = ManualInvoice.objects.select_related("invoice").filter(invoice__state="open").order_by("id")
    for row in asked.filter(next_at=None, at_finance_at=None).iterator():
        yield Finding("X16", "manual_invoice_lost", row.invoice.number, {"due_on": row.due_on.isoformat()})
    for row in asked.filter(next_at__lt=now - LATE).iterator():
        yield _notice("manual_step_late", row.invoice.number, due_at=iso(row.next_at))
    for row in asked.filter(at_finance_at__isnull=False).iterator():
        yield _notice("manual_at_finance", row.invoice.number, due_on=row.due_on.isoformat())
    unasked = Invoice.objects.filter(
        kind="invoice", state="open", manual=None, subscription__payment_term_days__isnull=False
    )
    for invoice in unasked.defer("seller", "buyer").order_by("id").iterator():
        yield Finding("X16", "manual_invoice_unasked", invoice.number, {"total": invoice.total_amount})
    charged = Attempt.objects.filter(payment__invoice__manual__isnull=False)
    for attempt in charged.order_by("id").iterator():
        yield Finding("X16", "manual_invoice_charged", attempt.reference, {"status": attempt.status})
    overdue = asked.filter(invoice__subscription=OuterRef("pk"), overdue_at__isnull=False).order_by()
    renewing = Subscription.objects.filter(
        Exists(overdue), status="active", ends_on=None, payment_term_days__isnull=False
    )
    for subscription in renewing.order_by("id").iterator():
        yield Finding("X16", "renews_while_overdue", subscription.public_id)


def _jobs() -> Iterator[Finding]:
    """Jobs that failed; the rows they knocked for are looked at above."""
    failed = ProcrastinateJob.objects.filter(status__in=("failed", "aborted")).values_list("task_name")
    for task, count in failed.annotate(Count("id")).order_by("task_name"):
        yield _notice("jobs_failed", task, count=count)


def _notice(what: str, subject: str, **facts: object) -> Finding:
    return Finding("X16", what, subject, facts, is_notice=True)
