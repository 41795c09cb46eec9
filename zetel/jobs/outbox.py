"""Sending what was queued: each mail is claimed, written, handed over and marked, once (rule I4).

Nothing is in a transaction while the mail server is spoken to. A server that is away puts mails off; an address or a
mail that it refuses for good is parked for staff; neither holds up the others. A sandbox without a mail server sends
nothing: its mails are read on the mailbox page.
"""

import smtplib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from zetel.actions import outbox
from zetel.documents.mail import Rendered, render
from zetel.jobs import files
from zetel.models import CatalogVersion, Invoice, Mail
from zetel.rules.errors import ZetelError

BATCH_SIZE = 50
BATCHES_MAX = 200  # of one run; what is left comes with the next
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_PERMANENT = 500  # SMTP replies from here on are final

log = structlog.get_logger(__name__)

Send = Callable[[EmailMultiAlternatives], None]


class ServerAway(Exception):
    """The mail server cannot be spoken to; that says nothing about the mail in hand."""


def drain(now: datetime, send: Send | None = None) -> int:
    """Send all mails that are due; says how many went out. `send` replaces the mail server."""
    if send is not None:
        return _drain(now, send)
    if not sends_mail():
        return _drain(now, _keep)
    connection = get_connection(SMTP_BACKEND)
    try:
        return _drain(now, _through(connection))
    finally:
        connection.close()


def sends_mail() -> bool:
    """Whether mails leave the house: always when live, in a sandbox only with a mail server set."""
    return settings.CONFIG.smtp_url is not None


def _keep(message: EmailMultiAlternatives) -> None:
    """A sandbox's way of sending: the row is all there is."""


def _through(connection: BaseEmailBackend) -> Send:
    """One conversation with the mail server for many mails; a new one after anything went wrong."""

    def send(message: EmailMultiAlternatives) -> None:
        try:
            connection.open()
            connection.send_messages([message])
        except OSError:
            with suppress(OSError):
                connection.close()
            raise

    return send


def _drain(now: datetime, send: Send) -> int:
    outbox.follow_owners()
    sent = 0
    for _ in range(BATCHES_MAX):
        mails = outbox.claim_due(now, limit=BATCH_SIZE)
        if not mails:
            break
        for number, mail in enumerate(mails):
            try:
                sent += _send_one(mail, send, now)
            except ServerAway:
                # Nobody waits for the same timeout fifty times; the next run asks again.
                for waiting in mails[number:]:
                    outbox.put_off(waiting, now=now)
                return sent
    return sent


def _send_one(mail: Mail, send: Send, now: datetime) -> bool:
    """One mail; whatever goes wrong with it alone is its own affair. Raises ServerAway."""
    try:
        written = _written(mail)
        message = _message(mail, written, now)
    except Exception:
        # A mail that cannot be written today cannot be written tomorrow: a person has to look at it.
        log.exception("mail cannot be written", mail=mail.public_id, kind=mail.kind)
        outbox.park(mail)
        return False
    try:
        send(message)
    except OSError as error:  # smtplib's errors are among these
        log.warning("mail not sent", mail=mail.public_id, kind=mail.kind, tries=mail.tries, why=_why(error))
        if not isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
            raise ServerAway from error
        if is_final(error):
            outbox.park(mail)
        else:
            outbox.put_off(mail, now=now)
        return False
    return outbox.mark_sent(mail, subject=written.subject, text=written.text, html=written.html, now=now)


def _written(mail: Mail) -> Rendered:
    if mail.html:
        return Rendered(mail.subject, mail.text, mail.html)
    place = {"space_id": mail.space.public_id} if mail.space else {}
    reader = {"reader": mail.to_person.name if mail.to_person else ""}
    return render(mail.kind, {**place, **reader, **_plan_name(mail.params), **mail.params}, mail.language)


def _plan_name(params: dict[str, object]) -> dict[str, str]:
    """A plan is told by its name in the catalogue, not by its code."""
    if not params.get("plan"):
        return {}
    try:
        plan = CatalogVersion.objects.current().plans.get(str(params["plan"]))
    except ZetelError:
        return {}
    return {"plan_name": plan.name} if plan else {}


def _message(mail: Mail, written: Rendered, now: datetime) -> EmailMultiAlternatives:
    seller = settings.CONFIG.seller
    message = EmailMultiAlternatives(
        subject=written.subject,
        body=written.text,
        from_email=sender(),
        to=[mail.to_email],
        reply_to=[seller.sales_email if mail.kind.startswith("sales_request") else seller.support_email],
        # The same mail has the same id on every try, so that a mail server can tell a repetition.
        headers={
            "Message-ID": f"<{mail.public_id}@{settings.CONFIG.address_host}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(written.html, "text/html")
    if mail.invoice is not None:
        for kind in attached(mail.invoice):
            content = files.ensure_file(mail.invoice, kind, now)
            message.attach(files.file_name(mail.invoice, kind), content, files.MIME_TYPES[kind])
    return message


def attached(invoice: Invoice) -> tuple[str, ...]:
    """The page, and the e-invoice beside it when the customer wants that too (I4)."""
    return files.kinds_of(invoice)[: 2 if invoice.customer.mails_einvoice else 1]


def sender() -> str:
    """`Seller <address>` with the name quoted as a header needs it."""
    name = settings.CONFIG.seller.legal_name.replace("\\", "").replace('"', "")
    return f'"{name}" <{settings.CONFIG.mail_from}>'


def is_final(error: OSError) -> bool:
    """Whether the server refused this address or this mail for good; a password it refused is our own trouble."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= _PERMANENT for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return False
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= _PERMANENT


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
