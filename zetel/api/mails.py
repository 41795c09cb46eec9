"""Mails of a customer, for support: what went out, and sending it once more with a reason (rule R9)."""

from datetime import datetime

from ninja import Query, Router
from pydantic import Field

from zetel import clock
from zetel.access import staff_of
from zetel.actions import resending
from zetel.api.callers import ApiRequest
from zetel.api.operations import operation
from zetel.api.values import (
    CustomerId,
    Done,
    Email,
    InvoiceId,
    ListQuery,
    MailId,
    Many,
    Reason,
    Sent,
    Shown,
    page_of,
    the_one,
)
from zetel.models import Customer, Mail
from zetel.models.ids import public_id
from zetel.rules.roles import Capability

router = Router()


class SentMail(Shown):
    """A mail about billing that went out; codes and links that log somebody in are not among them."""

    id: MailId
    kind: str = Field(examples=["invoice"])
    to: Email
    subject: str
    invoice: InvoiceId | None
    created_at: datetime
    sent_at: datetime | None


class AgainWanted(Sent):
    """The customer can read the reason."""

    reason: Reason


@operation(
    router, "GET", "/staff/customers/{customer_id}/mails", answer=Many[SentMail], staff=True,
    codes=("not_logged_in",),
)  # fmt: skip
def staff_list_mails(request: ApiRequest, customer_id: CustomerId, query: Query[ListQuery]) -> Many[SentMail]:
    """What may be sent again: mails to the present billing owner or the accounts mailbox, newest first."""
    staff_of(request, Capability.STAFF_RESEND)
    return page_of(resending.of_customer(_customer(customer_id)), query, lambda rows: map(_shown, rows))


@operation(
    router, "POST", "/staff/customers/{customer_id}/mails/{mail_id}/send-again", answer=Done, staff=True,
    codes=("not_logged_in", "reason_required"),
)  # fmt: skip
def staff_send_again(
    request: ApiRequest, customer_id: CustomerId, mail_id: MailId, body: AgainWanted
) -> Done:
    """Send a mail once more, to where it may go now."""
    person, customer = staff_of(request, Capability.STAFF_RESEND), _customer(customer_id)
    row = the_one(resending.of_customer(customer), mail_id)
    resending.again(row, customer, staff=person, reason=body.reason, now=clock.now())
    return Done()


def _customer(customer_id: str) -> Customer:
    return the_one(Customer.objects.select_related("billing_owner"), customer_id)


def _shown(row: Mail) -> SentMail:
    return SentMail(
        id=row.public_id, kind=row.kind, to=row.to_email, subject=row.subject, created_at=row.created_at,
        invoice=public_id("inv", row.invoice_id) if row.invoice_id else None, sent_at=row.sent_at,
    )  # fmt: skip
