"""The life of a mail row after it was queued: claimed, sent, put off, parked, asked for again.

Only the oldest waiting mail of an address can be claimed, so each reader gets mails in the order in which they were
queued, whatever became of the ones before. A claim counts as a try and lends the row for a while; whoever dies with a
mail in hand gives it back by letting that time pass.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

from zetel.actions._change import defer
from zetel.models import Mail, Person, Subscription
from zetel.models.ids import new_id

ACCOUNT = "account"
LEASE = timedelta(minutes=10)
# Soon after a hiccup, then every hour for four days: a mail server that is away for a weekend loses nothing.
RETRY_STEPS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
TRIES_MAX = 100


def claim_due(now: datetime, *, limit: int) -> list[Mail]:
    """Lend out up to `limit` mails that are due, at most one per address, oldest first."""
    earlier = Mail.objects.filter(to_email=OuterRef("to_email"), status="queued", pk__lt=OuterRef("pk"))
    with transaction.atomic():
        heads = (
            Mail.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(~Exists(earlier), status="queued", due_at__lte=now)
            .order_by("due_at", "id")
        )
        mails = list(heads[:limit])
        Mail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
            due_at=now + LEASE, tries=F("tries") + 1
        )
    return list(
        Mail.objects.filter(pk__in=[mail.pk for mail in mails])
        .select_related("invoice__customer", "space", "to_person")
        .order_by("id")
    )


def follow_owners() -> int:
    """Mails that wait for a billing owner go to who holds billing now, in that person's language; says how many moved.

    An ended subscription has its last owner. What is for an accounts mailbox has nobody to follow.
    """
    about = Coalesce(OuterRef("owner_of"), OuterRef("invoice__subscription"))
    owner = Case(When(status="ended", then="last_owner"), default="customer__billing_owner")
    waiting = Mail.objects.filter(Q(owner_of__isnull=False) | Q(invoice__isnull=False), status="queued")
    stray = (
        waiting.exclude(to_person=None)
        .annotate(owner=Subquery(Subscription.objects.filter(pk=about).values_list(owner)))
        .exclude(owner=None)
        .exclude(owner=F("to_person"))
    )
    found = list(stray.values_list("pk", "owner")[:1000])
    owners = Person.objects.in_bulk([owner_id for _, owner_id in found]) if found else {}
    for mail_id, owner_id in found:
        to = owners[owner_id]
        Mail.objects.filter(pk=mail_id, status="queued").update(
            to_person=to, to_email=to.email, language=to.language
        )
    return len(found)


def mark_sent(mail: Mail, *, subject: str, text: str, html: str, now: datetime) -> bool:
    """It went out. A sandbox keeps the whole mail for its mailbox page; elsewhere the facts are enough.

    The secret of an invitation's link has done its work and is forgotten (rule X15).
    """
    keep = settings.CONFIG.sandbox
    params = mail.params if keep else {name: value for name, value in mail.params.items() if name != "path"}
    return _move(
        mail,
        "sent",
        sent_at=now,
        to_person=mail.to_person_id,  # as it went, even if billing was handed over meanwhile
        to_email=mail.to_email,
        subject=subject,
        text=text if keep else "",
        html=html if keep else "",
        params=params,
    )


def put_off(mail: Mail, *, now: datetime) -> bool:
    """It could not be handed over this time: try later, or leave it to staff after the last try."""
    if mail.tries >= TRIES_MAX:
        return park(mail)
    step = RETRY_STEPS[min(mail.tries, len(RETRY_STEPS)) - 1]
    return _move(mail, "queued", due_at=now + step)


def park(mail: Mail) -> bool:
    """It will not go by itself: staff see it, and the mails behind it go on."""
    return _move(mail, "parked")


def retry(mail_id: uuid.UUID, *, now: datetime) -> bool:
    """Staff ask for a parked mail to be sent again; False when it was not parked any more."""
    with transaction.atomic():
        found = Mail.objects.filter(pk=mail_id, status="parked").update(status="queued", due_at=now, tries=0)
        if found:
            defer("outbox")
    return bool(found)


def keep_account_mail(
    *, to_emails: Sequence[str], subject: str, text: str, html: str, language: str, now: datetime
) -> list[Mail]:
    """A mail about somebody's own account, kept in the sandbox instead of being sent."""
    assert settings.CONFIG.sandbox, "links that log people in are kept in a sandbox only"
    return Mail.objects.bulk_create(
        Mail(
            kind=ACCOUNT, once_key=f"account:{new_id()}", to_email=to_email, language=language, subject=subject,
            text=text, html=html, status="sent", created_at=now, due_at=now, sent_at=now,
        )
        for to_email in to_emails
    )  # fmt: skip


def _move(mail: Mail, status: str, **fields: object) -> bool:
    """Compare-and-set: only while it is still the claim that we hold."""
    moved = Mail.objects.filter(pk=mail.pk, status="queued", tries=mail.tries).update(status=status, **fields)
    return bool(moved)
