"""The end of a subscription that was not paid: what was billed for it is taken back, everything else stays (G4, S6).

The credit note's lines are due minus billed of an agreement that ended where the unpaid period began, so they mirror
the invoice to the cent and nobody owes for the grace. What of the invoice the balance had paid becomes balance again.
"""

from collections.abc import Sequence
from datetime import date, datetime

from zetel.actions import credits, dues, invoices, mail, payments, standing, subscriptions
from zetel.actions._change import record
from zetel.models import Customer, Invoice, Person, Space, Subscription
from zetel.rules.billing import due_minus_billed
from zetel.rules.credits import fitted
from zetel.rules.documents import document
from zetel.rules.event_types import EventType


def end(
    subscription: Subscription,
    customer: Customer,
    space: Space,
    unpaid: Sequence[Invoice],
    *,
    on: date,
    reason: str,
    actor: Person | None,
    now: datetime,
    words: str = "",
) -> list[Invoice]:
    """Take back the unpaid invoices, the newest first, end the subscription, and tell its owner once."""
    notes = [
        note
        for invoice in reversed(unpaid)
        if (note := _take_back(invoice, subscription, customer, space, now)) is not None
    ]
    payments.drop_unmade(unpaid)
    Subscription.objects.filter(pk=subscription.pk).update(dunning_at=None)
    subscriptions.end(subscription, customer, on=on, reason=reason, now=now, actor=actor, words=words)
    owner = customer.billing_owner
    if owner:
        mail.queue(
            "subscription_ended_unpaid", once_key=f"subscription_ended_unpaid:{subscription.pk}", now=now,
            to_person=owner, space=space, owner_of=subscription,
            params={
                "space": space.name, "reason": reason, "ended_on": on.isoformat(),
                "number": ", ".join(invoice.number for invoice in unpaid),
                "credit_note": ", ".join(note.number for note in notes),
                "amount": -sum(note.total_amount for note in notes), "currency": customer.currency,
            },
        )  # fmt: skip
    return notes


def _take_back(
    invoice: Invoice, subscription: Subscription, customer: Customer, space: Space, now: datetime
) -> Invoice | None:
    start = invoice.renews_on or min(invoice.lines.values_list("start", flat=True))
    terms = standing.terms_of([subscription.pk])[subscription.pk]
    billed = standing.billed_of([subscription.pk])[subscription.pk]
    lines = due_minus_billed(terms, billed, through=start, ends_on=start, since=start)
    credit = fitted(document(lines, None), dues.books_of([subscription.pk])[subscription.pk])
    if not credit.lines:
        return None
    note = invoices.issue(
        credit, now=now, customer=customer, subscription=subscription, space=space, kind="credit_note",
        credits=invoice,
    )  # fmt: skip
    booked = credits.book(note, credit, customer, now=now)
    record(
        EventType.CREDIT_NOTE_ISSUED, now=now, actor=None, space=space, customer=customer,
        subscription=subscription, invoice=note,
        after={
            "number": note.number, "amount": -note.total_amount, "currency": note.currency,
            "invoice": invoice.number, "spendable": booked.became_balance,
        },
    )  # fmt: skip
    invoices.mail_invoice(note, now=now)
    return note
