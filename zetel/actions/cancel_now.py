"""Staff end a subscription at once, with a written reason (C10); what is unused is credited only if they choose so.

Past boundaries are settled first (C12). The credit is coverage: due minus billed of an agreement that ends today. What
is past due ends as dunning ends it, but for a manual invoice: what was used of that stays to be paid (G5). Without a
credit the days that were paid for are given up, which the reason says.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from django.db import transaction

from zetel.actions import credits, dues, dunning, invoices, mail, renewals, settled, standing, subscriptions
from zetel.actions._change import lock_customer, lock_space, record
from zetel.actions.credit_notes import GoesTo
from zetel.actions.reasons import written
from zetel.models import Customer, Invoice, Person, Subscription
from zetel.rules.billing import due_minus_billed
from zetel.rules.credits import Books, fitted
from zetel.rules.documents import Document, document
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

END_REASON = "staff"
Unused = Literal["kept", "credited"]


def foresee(subscription: Subscription, *, now: datetime) -> tuple[date, Document | None]:
    """The day on which it would end, and the credit note of what is then unused; nothing is kept."""
    billed = standing.billed_of([subscription.pk]).get(subscription.pk, ())
    terms = standing.terms_of([subscription.pk])[subscription.pk]
    on = settled.day_of(subscription, terms, billed, now)
    if (
        subscription.is_manual and billed
    ):  # its renewal may be held up: what is past its period was never billed (G5)
        on = min(max(on, standing.day_of(subscription, terms, now)), standing.paid_until(billed))
    return on, _unused(subscription, on)


def cancel_now(
    subscription: Subscription, *, unused: Unused, goes_to: GoesTo, actor: Person, reason: str, now: datetime
) -> Invoice | None:
    """End it today; the credit note, when one was chosen and something is unused.

    Raises reason_required, value_too_long, no_subscription, credit_too_large.
    """
    reason = written(reason)
    with transaction.atomic():
        space = lock_space(subscription.space)
        customer = lock_customer(subscription.customer_id)
        if not subscription.parked_reason:
            renewals.settle(subscription.pk, now=now)
        held = Subscription.objects.select_for_update().get(pk=subscription.pk)
        held.space, held.customer = space, customer
        if held.status == "ended":
            raise ZetelError("no_subscription")
        owner = customer.billing_owner
        if held.status == "past_due" and not held.is_manual:
            notes = dunning.end(held, reason=END_REASON, actor=actor, now=now, words=reason)
            return notes[0] if notes else None
        on, asked = foresee(held, now=now)
        note = None
        if unused == "credited" and asked:
            note = _credit(held, customer, asked, goes_to, actor, reason, now)
        subscriptions.end(held, customer, on=on, reason=END_REASON, now=now, actor=actor, words=reason)
        if owner:
            mail.queue(
                "subscription_ended_by_staff", once_key=f"subscription_ended_by_staff:{held.pk}", now=now,
                to_person=owner, space=space,
                params={
                    "space": space.name, "ended_on": on.isoformat(), "words": reason,
                    "credit_note": note.number if note else "", "currency": customer.currency,
                    "amount": -note.total_amount if note else 0,
                },
            )  # fmt: skip
        return note


def _unused(subscription: Subscription, on: date) -> Document | None:
    """What is taken back of an agreement that ends on a day; None when nothing is."""
    pk = subscription.pk
    terms, billed = standing.terms_of([pk])[pk], standing.billed_of([pk]).get(pk, ())
    lines = due_minus_billed(terms, billed, through=on, ends_on=on) if billed else ()
    if not lines:
        return None
    return fitted(document(lines, None), dues.books_of([pk]).get(pk, Books()))


def _credit(
    subscription: Subscription, customer: Customer, asked: Document, goes_to: GoesTo, actor: Person, reason: str,
    now: datetime,
) -> Invoice:  # fmt: skip
    named = _named([line_id for line in asked.lines for line_id in line.takes_back])
    note = invoices.issue(
        asked, now=now, customer=customer, subscription=subscription, space=subscription.space,
        kind="credit_note", credits=named,
    )  # fmt: skip
    booked = credits.book(
        note, asked, customer, now=now, refund_reason="cancelled" if goes_to == "refund" else ""
    )
    record(
        EventType.CREDIT_NOTE_ISSUED, now=now, actor=actor, reason=reason, space=subscription.space,
        customer=customer, subscription=subscription, invoice=note,
        after={
            "number": note.number, "amount": -note.total_amount, "currency": note.currency,
            "invoice": named.number if named else "", "spendable": booked.became_balance,
            "refunded": booked.refunded, "lowered": booked.lowered,
        },
    )  # fmt: skip
    invoices.mail_invoice(note, now=now)
    return note


def _named(line_ids: Sequence[str]) -> Invoice | None:
    """The latest invoice whose lines are taken back."""
    return Invoice.objects.filter(lines__pk__in=[uuid.UUID(x) for x in line_ids]).order_by("id").last()
