"""X16: each thing that is due is done, in declared retry, or parked where staff see it.

What is late or was parked is a notice: staff should look, and nothing is lost. Work that nothing will ever come back
to, because no time is set for it or nobody was told, is a broken rule.
"""

from collections.abc import Iterator
from datetime import timedelta

from zetel.jobs.doctor.finding import Finding
from zetel.jobs.doctor.looks import Look, Looks
from zetel.jobs.doctor.reading import Reading
from zetel.models import Change, InboundEvent, Mail, Payment, Subscription
from zetel.models.row import Row

LATE = timedelta(minutes=15)  # the worker comes every minute


def check(reading: Reading) -> Iterator[Finding]:
    """X16, kind of work by kind of work."""
    yield from _LOOKS.found(late=reading.now - LATE)


def _notice(what: str, of: type[Row] | None, select: str) -> Look:
    return Look(what, of, select, is_notice=True)


# Due for longer than a worker that runs would let it be.
_DUE = (
    _notice("renewal_late", Subscription, """
        SELECT id AS subject, next_bill_at AS due_at FROM zetel_subscription
        WHERE status = 'active' AND parked_reason = '' AND next_bill_at < %(late)s"""),
    _notice("reminder_late", Subscription, """
        SELECT id AS subject, remind_at AS due_at FROM zetel_subscription
        WHERE status = 'active' AND ends_on IS NULL AND parked_reason = '' AND reminder_set
          AND remind_at < %(late)s"""),
    _notice("dunning_late", Subscription, """
        SELECT id AS subject, dunning_at AS due_at FROM zetel_subscription
        WHERE status = 'past_due' AND parked_reason = '' AND dunning_at < %(late)s"""),
    _notice("trial_late", Subscription, """
        SELECT id AS subject, trial_due_at AS due_at FROM zetel_subscription
        WHERE status = 'trial' AND parked_reason = '' AND trial_due_at < %(late)s"""),
    _notice("attempt_late", None, """
        SELECT reference AS subject, ask_at AS due_at, status FROM zetel_attempt
        WHERE status = ANY (%(unsettled)s) AND ask_at < %(late)s"""),
    _notice("refund_late", None, """
        SELECT reference AS subject, ask_at AS due_at, status FROM zetel_refund
        WHERE status IN ('wanted', 'sent', 'unknown') AND ask_at < %(late)s"""),
    _notice("mail_late", Mail, """
        SELECT id AS subject, due_at, kind, tries FROM zetel_mail
        WHERE status = 'queued' AND due_at < %(late)s"""),
    _notice("event_late", InboundEvent, """
        SELECT id AS subject, received_at FROM zetel_inboundevent
        WHERE status = 'new' AND received_at < %(late)s"""),
    _notice("change_late", Change, """
        SELECT id AS subject, expires_at FROM zetel_change
        WHERE status = ANY (%(waiting)s) AND expires_at < %(late)s"""),
)  # fmt: skip

# Set aside for staff. A parked try of a payment must have told them (G3).
_PARKED = (
    _notice("subscription_parked", Subscription, """
        SELECT id AS subject, parked_reason AS reason FROM zetel_subscription WHERE parked_reason <> ''"""),
    _notice("attempt_parked", None, """
        SELECT reference AS subject, reason FROM zetel_attempt WHERE status = 'parked' AND EXISTS (
          SELECT FROM zetel_event WHERE kind = 'payment.parked' AND after ->> 'reference' = reference)"""),
    Look("parked_unseen", None, """
        SELECT reference AS subject, reason FROM zetel_attempt WHERE status = 'parked' AND NOT EXISTS (
          SELECT FROM zetel_event WHERE kind = 'payment.parked' AND after ->> 'reference' = reference)"""),
    _notice("refund_parked", None, """
        SELECT reference AS subject, status FROM zetel_refund
        WHERE status = 'parked' OR status = 'refused' AND credit_note_id IS NULL"""),
    _notice("mail_parked", Mail, """
        SELECT id AS subject, kind, tries FROM zetel_mail WHERE status = 'parked'"""),
    _notice("event_parked", InboundEvent, """
        SELECT id AS subject, note FROM zetel_inboundevent WHERE status = 'parked'"""),
)  # fmt: skip

# Neither done nor in retry: nothing will come back to these.
_LOST = (
    Look("attempt_lost", None, """
        SELECT reference AS subject, status FROM zetel_attempt
        WHERE status = ANY (%(unsettled)s) AND ask_at IS NULL"""),
    Look("dunning_lost", Subscription, """
        SELECT id AS subject, dunning_step AS step FROM zetel_subscription
        WHERE status = 'past_due' AND dunning_at IS NULL AND payment_term_days IS NULL"""),
    Look("past_due_for_nothing", Subscription, """
        SELECT sub.id AS subject FROM zetel_subscription sub WHERE sub.status = 'past_due' AND NOT EXISTS (
          SELECT FROM zetel_invoice WHERE subscription_id = sub.id AND kind = 'invoice' AND state = 'open')"""),
    Look("refund_lost", None, """
        SELECT reference AS subject, status FROM zetel_refund
        WHERE status IN ('wanted', 'sent', 'unknown') AND ask_at IS NULL"""),
    Look("payment_lost", Payment, """
        SELECT pay.id AS subject, pay.amount FROM zetel_payment pay WHERE pay.status = 'wanted' AND NOT EXISTS (
          SELECT FROM zetel_attempt WHERE payment_id = pay.id AND status = ANY (%(unsettled)s))"""),
    Look("change_lost", Change, """
        SELECT change.id AS subject, change.status FROM zetel_change change
        WHERE change.status = ANY (%(waiting)s) AND NOT EXISTS (
          SELECT FROM zetel_payment pay JOIN zetel_attempt try ON try.payment_id = pay.id
          WHERE pay.change_id = change.id AND try.status = ANY (%(unsettled)s))"""),
)  # fmt: skip

# Open invoices of self-service that no payment is under way for: somebody has to pay or to be asked.
_UNCOLLECTED = (
    _notice("invoice_uncollected", None, """
        SELECT inv.number AS subject, inv.due_on FROM zetel_invoice inv
        WHERE inv.kind = 'invoice' AND inv.state = 'open'
          AND NOT EXISTS (SELECT FROM zetel_payment WHERE invoice_id = inv.id AND status = 'wanted')
          AND NOT EXISTS (SELECT FROM zetel_manualinvoice WHERE invoice_id = inv.id)"""),
)  # fmt: skip

# Invoices that are paid by bank (G5): each open one is reminded of or waits for finance, none is charged. One that is
# overdue holds the renewal of its plan, unless that ends.
_MANUAL = (
    Look("manual_invoice_lost", None, """
        SELECT inv.number AS subject, asked.due_on FROM zetel_manualinvoice asked
        JOIN zetel_invoice inv ON inv.id = asked.invoice_id AND inv.state = 'open'
        WHERE asked.next_at IS NULL AND asked.at_finance_at IS NULL"""),
    _notice("manual_step_late", None, """
        SELECT inv.number AS subject, asked.next_at AS due_at FROM zetel_manualinvoice asked
        JOIN zetel_invoice inv ON inv.id = asked.invoice_id AND inv.state = 'open'
        WHERE asked.next_at < %(late)s"""),
    _notice("manual_at_finance", None, """
        SELECT inv.number AS subject, asked.due_on FROM zetel_manualinvoice asked
        JOIN zetel_invoice inv ON inv.id = asked.invoice_id AND inv.state = 'open'
        WHERE asked.at_finance_at IS NOT NULL"""),
    Look("manual_invoice_unasked", None, """
        SELECT inv.number AS subject, inv.total_amount AS total FROM zetel_invoice inv
        JOIN zetel_subscription sub ON sub.id = inv.subscription_id AND sub.payment_term_days IS NOT NULL
        WHERE inv.kind = 'invoice' AND inv.state = 'open'
          AND NOT EXISTS (SELECT FROM zetel_manualinvoice WHERE invoice_id = inv.id)"""),
    Look("manual_invoice_charged", None, """
        SELECT try.reference AS subject, try.status FROM zetel_manualinvoice asked
        JOIN zetel_payment pay USING (invoice_id) JOIN zetel_attempt try ON try.payment_id = pay.id"""),
    Look("renews_while_overdue", Subscription, """
        SELECT sub.id AS subject FROM zetel_subscription sub
        WHERE sub.status = 'active' AND sub.ends_on IS NULL AND sub.payment_term_days IS NOT NULL AND EXISTS (
          SELECT FROM zetel_invoice inv JOIN zetel_manualinvoice asked ON asked.invoice_id = inv.id
          WHERE inv.subscription_id = sub.id AND inv.state = 'open' AND asked.overdue_at IS NOT NULL)"""),
)  # fmt: skip

# Jobs that failed; the rows they knocked for are looked at above.
_FAILED = (
    _notice("jobs_failed", None, """
        SELECT task_name AS subject, count(*) FROM procrastinate_jobs
        WHERE status IN ('failed', 'aborted') GROUP BY task_name"""),
)  # fmt: skip

_LOOKS = Looks("X16", *_DUE, *_PARKED, *_LOST, *_UNCOLLECTED, *_MANUAL, *_FAILED)
