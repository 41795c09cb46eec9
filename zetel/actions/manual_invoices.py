"""Asking for what is paid by bank: reminders, overdue, more time, and what happens when it is settled (rule G5).

Each step is done under the locks of the house, so of many workers one does it. From the day after its due date an open
invoice makes its plan past due: what it covers stays, nothing renews, and no card is ever tried.
"""

import uuid
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from zetel.actions import dues, dunning, mail
from zetel.actions._change import lock_customer, lock_space, record
from zetel.actions.invoices import step_at
from zetel.actions.reasons import written
from zetel.models import Customer, Invoice, ManualInvoice, Person
from zetel.rules import manual_invoices as rules
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType
from zetel.rules.manual_invoices import Word
from zetel.rules.periods import local_date


def due(now: datetime, *, subscription_id: uuid.UUID | None = None, limit: int = 100) -> list[uuid.UUID]:
    """Those whose next step has come, longest due first."""
    rows = ManualInvoice.objects.filter(next_at__lte=now)
    if subscription_id is not None:
        rows = rows.filter(invoice__subscription=subscription_id)
    return list(rows.order_by("next_at", "id").values_list("pk", flat=True)[:limit])


def step(manual_id: uuid.UUID, *, now: datetime) -> None:
    """Do the step that is due, with those before it that were missed; nothing twice, and nothing of what is settled."""
    with transaction.atomic():
        found = ManualInvoice.objects.select_related("invoice").get(pk=manual_id)
        row, customer = hold(found.invoice)
        if row.next_at is None or row.next_at > now:
            return
        if row.invoice.state != "open":
            ManualInvoice.objects.filter(pk=row.pk).update(next_at=None)
            return
        became_overdue = _set(row, now)
        if became_overdue:
            dunning.overdue(row.invoice)
            record(
                EventType.INVOICE_OVERDUE, now=now, actor=None, space=row.invoice.space, customer=customer,
                subscription=row.invoice.subscription, invoice=row.invoice,
                after=_facts(row) | {"due_on": row.due_on.isoformat()},
            )  # fmt: skip
        if row.steps_done:
            _tell(row, customer, rules.word(row.steps_done), now)


def hold(invoice: Invoice) -> tuple[ManualInvoice, Customer]:
    """Lock in the order of the house and read an invoice again. Raises not_found for one that is not paid by bank."""
    if invoice.space:
        lock_space(invoice.space)
    customer = lock_customer(invoice.customer_id)
    rows = ManualInvoice.objects.select_for_update(of=("self",))
    row = rows.select_related("invoice__space", "invoice__subscription").filter(invoice=invoice).first()
    if row is None:
        raise ZetelError("not_found")
    return row, customer


def today(now: datetime) -> date:
    """Due dates are counted where the seller is."""
    return local_date(now, settings.CONFIG.seller.time_zone)


def _set(row: ManualInvoice, now: datetime) -> bool:
    """Bring a row to what its due date says of today; whether it became overdue by that."""
    done, was_overdue = rules.steps_done(row.due_on, today(now)), row.overdue_at is not None
    row.steps_done, row.next_at = done, step_at(row.due_on, done)
    row.overdue_at = (row.overdue_at or now) if rules.is_overdue(row.due_on, today(now)) else None
    at_finance = done > 0 and rules.word(done) is Word.FINANCE
    row.at_finance_at = (row.at_finance_at or now) if at_finance else None
    row.save(update_fields=["due_on", "steps_done", "next_at", "overdue_at", "at_finance_at"])
    return row.overdue_at is not None and not was_overdue


def extend(invoice: Invoice, due_on: date, *, actor: Person, reason: str, now: datetime) -> ManualInvoice:
    """Give more time: another due date, from which the reminders begin anew; the invoice stays as it was issued.

    Raises reason_required, value_too_long, not_found, nothing_due, value_invalid.
    """
    words = written(reason)
    with transaction.atomic():
        row, customer = hold(invoice)
        if row.invoice.state != "open":
            raise ZetelError("nothing_due")
        rules.check_extension(row.due_on, today(now), due_on)
        before = row.due_on
        row.due_on = due_on
        _set(row, now)
        record(
            EventType.INVOICE_EXTENDED, now=now, actor=actor, reason=words, space=row.invoice.space,
            customer=customer, subscription=row.invoice.subscription, invoice=row.invoice,
            before={"due_on": before.isoformat()}, after=_facts(row) | {"due_on": due_on.isoformat()},
        )  # fmt: skip
        dunning.asks_no_more(row.invoice, now=now, why="extended")
        _mail("manual_invoice_extended", row, customer, now, words=words)
        return row


def reopened(invoice: Invoice, *, now: datetime) -> None:
    """A booking was corrected: what is open again is asked for as its due date says. Locks are held."""
    row = ManualInvoice.objects.select_related("invoice__subscription").filter(invoice=invoice).first()
    if row is None or row.invoice.state != "open":
        return
    _set(row, now)
    subscription = row.invoice.subscription
    if row.overdue_at and subscription is not None and subscription.status == "active":
        dunning.overdue(row.invoice)


def _facts(row: ManualInvoice) -> dict[str, object]:
    invoice = row.invoice
    return {"number": invoice.number, "amount": dues.due_of(invoice), "currency": invoice.currency}


def _tell(row: ManualInvoice, customer: Customer, word: Word, now: datetime) -> None:
    if word is Word.FINANCE:
        mail.queue(
            "staff_alert", once_key=f"staff_alert:overdue:{row.invoice_id}:{row.due_on}", now=now, language="en",
            to_email=settings.CONFIG.seller.support_email, space=row.invoice.space,
            params=_facts(row) | {
                "what": "invoice_overdue", "reference": row.invoice.number,
                "space": row.invoice.space.name if row.invoice.space else "",
            },
        )  # fmt: skip
        return
    _mail(f"manual_invoice_{word}", row, customer, now)


def _mail(kind: str, row: ManualInvoice, customer: Customer, now: datetime, words: str = "") -> None:
    """To the billing owner and the accounts mailbox, with the invoice; once for each step of a due date."""
    invoice, owner = row.invoice, customer.billing_owner
    addresses: dict[str, Person | None] = {owner.email: owner} if owner else {}
    if customer.invoice_email:
        addresses.setdefault(customer.invoice_email, None)
    params = _facts(row) | {
        "due_on": row.due_on.isoformat(), "days": (today(now) - row.due_on).days, "iban": invoice.seller["iban"],
        "space": invoice.space.name if invoice.space else "",
        "space_id": invoice.space.public_id if invoice.space else "",
        "invoice": invoice.public_id, "words": words,
    }  # fmt: skip
    for email, person in addresses.items():
        mail.queue(
            kind, once_key=f"{kind}:{invoice.pk}:{row.due_on}:{row.steps_done}:{email}", now=now, to_person=person,
            to_email=email, language=person.language if person else invoice.language, invoice=invoice,
            space=invoice.space, params=params,
        )  # fmt: skip
