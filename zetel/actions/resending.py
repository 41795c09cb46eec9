"""Support send a mail again that went out, with a reason: an invoice, or what told its owner something (rule R9).

Only what belongs to billing is sent again, and only to where it may go now: the present billing owner, or the accounts
mailbox. Codes and links that log somebody in are never sent by anybody but the person who asks for them.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from zetel.actions import mail
from zetel.actions._change import record
from zetel.actions.reasons import written
from zetel.models import Customer, Mail, Person
from zetel.rules.errors import ZetelError
from zetel.rules.event_types import EventType

_NEVER = (
    "account",
    "invitation",
    "staff_alert",
    "offer_accepted",
    "sales_request_staff",
    "support_request_staff",
)


def of_customer(customer: Customer) -> QuerySet[Mail]:
    """The mails of a customer that may be sent again, newest first: by its invoices, and about its spaces."""
    owner = customer.billing_owner
    if owner is None:
        return Mail.objects.none()
    about = Q(invoice__customer=customer) | Q(space__subscriptions__customer=customer)
    to = Q(to_person=owner) | Q(to_email=customer.invoice_email or owner.email)
    rows = Mail.objects.filter(about, to, status="sent").exclude(kind__in=_NEVER)
    return Mail.objects.filter(pk__in=rows.exclude(kind__startswith="account").values("pk")).order_by("-id")


def again(mail_row: Mail, customer: Customer, *, staff: Person, reason: str, now: datetime) -> None:
    """Queue the same mail once more. Raises reason_required, value_too_long, not_found.

    The same minute's second click finds it queued already.
    """
    words = written(reason)
    with transaction.atomic():
        found = (
            of_customer(customer)
            .select_related("to_person", "invoice", "space", "owner_of")
            .filter(pk=mail_row.pk)
        )
        row = found.first()
        if row is None:
            raise ZetelError("not_found")
        is_new = mail.queue(
            row.kind, once_key=f"again:{row.pk}:{now:%Y-%m-%dT%H:%M}", now=now, to_person=row.to_person,
            to_email=row.to_email, language=row.language, params=row.params, invoice=row.invoice, space=row.space,
            owner_of=row.owner_of,
        )  # fmt: skip
        if is_new:
            record(
                EventType.MAIL_RESENT, now=now, actor=staff, customer=customer, space=row.space, invoice=row.invoice,
                reason=words, after={"kind": row.kind, "staff": staff.staff_role},
            )  # fmt: skip
