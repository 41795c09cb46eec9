"""Where the log-in's own mails go: verification, codes, resets (everything else is queued by `actions.mail`).

With a mail server they go out at once, because somebody sits waiting for them. In a sandbox without one they are kept
for the mailbox page. Somebody who is just signing up has no account to read the mailbox with, so their session
remembers which mails answered their own sign-up.
"""

from collections.abc import Sequence

import structlog
from allauth.core import context
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.http import HttpRequest

from zetel import clock
from zetel.actions import outbox
from zetel.documents.languages import reader_language
from zetel.documents.mail import one_line
from zetel.jobs.outbox import sends_mail
from zetel.models import Mail
from zetel.rules.errors import ZetelError

SESSION_KEY = "sandbox_mails"
_SESSION_MAILS_MAX = 10
# Pages whose mails go to the address that the visitor signs up with, or proved to know the password of.
_OPEN_PAGES = frozenset({"account_signup", "account_login", "account_email_verification_sent"})

log = structlog.get_logger(__name__)


class AccountMail(EmailBackend):
    """Django's EMAIL_BACKEND."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if not sends_mail():
            return sum(_keep(message) for message in email_messages)
        try:
            return super().send_messages(email_messages) or 0
        except OSError as error:  # smtplib's errors are among these
            log.warning("account mail not sent", why=f"{type(error).__name__}: {error}"[:200])
            raise ZetelError("mail_unavailable") from error


def _keep(message: EmailMessage) -> int:
    mails = outbox.keep_account_mail(
        to_emails=message.to, subject=one_line(str(message.subject)), text=str(message.body),
        html=_html(message), language=reader_language(), now=clock.now(),
    )  # fmt: skip
    request = context.request
    if isinstance(request, HttpRequest):
        _remember(request, mails)
    return 1


def _html(message: EmailMessage) -> str:
    parts = getattr(message, "alternatives", [])
    return next((str(part[0]) for part in parts if part[1] == "text/html"), "")


def _remember(request: HttpRequest, mails: Sequence[Mail]) -> None:
    """Let this visitor read the mail of their own sign-up without an account; in a sandbox only."""
    match = request.resolver_match
    if not settings.CONFIG.sandbox or match is None or match.url_name not in _OPEN_PAGES:
        return
    known = list(request.session.get(SESSION_KEY, []))
    request.session[SESSION_KEY] = [*known, *(mail.public_id for mail in mails)][-_SESSION_MAILS_MAX:]
