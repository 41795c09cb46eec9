"""The sandbox's mailbox: every mail that would have been sent, to be read in the browser.

Operators see all of them. Somebody who is logged in sees those to their own verified addresses. Somebody who is just
signing up sees the mails that answered their own sign-up, which their session remembers. In a live installation there
is no such page.
"""

import uuid

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from zetel import clock
from zetel.jobs.files import MIME_TYPES, PDF, ensure_file, file_name
from zetel.jobs.outbox import attached
from zetel.models import Mail, Person
from zetel.models.ids import parse_public_id
from zetel.rules.errors import ZetelError
from zetel.rules.roles import Capability
from zetel.web.account_mail import SESSION_KEY
from zetel.web.staff_frame import allowed, rows_of, search_of

# A mail is a page of somebody else's making: it runs nothing, loads nothing, and links open outside the frame.
BODY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox allow-popups allow-top-navigation-by-user-activation"
)
KIND_WORDS: dict[str, Promise] = {
    "account": _("Account"),
    "invitation": _("Invitation"),
    "invoice": _("Invoice"),
    "staff_alert": _("For staff"),
}
_GROUPS: tuple[tuple[str, Promise], ...] = (
    ("sales_request", _("Sales request")),
    ("support_request", _("Question to support")),
    ("", _("Billing")),
)


def kind_word(kind: str) -> str:
    """What a mail is about, in a word or two."""
    found = KIND_WORDS.get(kind) or next(word for start, word in _GROUPS if kind.startswith(start))
    return str(found)


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """The mails that this visitor may see, newest first."""
    rows, sees_all = _visible(request)
    search = search_of(request)
    if search:
        rows = rows.filter(Q(to_email__icontains=search) | Q(subject__icontains=search))
    found = rows_of(request, rows.order_by("-id").defer("text", "html"))
    context = {
        "rows": found,
        "shown": [(mail, kind_word(mail.kind)) for mail in found],
        "search": search,
        "sees_all": sees_all,
        "sends": settings.CONFIG.smtp_url is not None,
    }
    return render(request, "mailbox/list.html", context)


@require_GET
def mail(request: HttpRequest, mail_id: uuid.UUID) -> HttpResponse:
    """One mail: who, when, about what, and its HTML in a frame or its plain text."""
    found = _mail(request, mail_id)
    context = {
        "mail": found,
        "kind": kind_word(found.kind),
        "as_text": "text" in request.GET or not found.html,
        "files": [(kind, file_name(found.invoice, kind)) for kind in attached(found.invoice)]
        if found.invoice
        else [],
    }
    return render(request, "mailbox/mail.html", context)


@require_GET
@xframe_options_sameorigin
def body(request: HttpRequest, mail_id: uuid.UUID) -> HttpResponse:
    """The mail's own HTML, locked in."""
    response = HttpResponse(_mail(request, mail_id).html)
    response["Content-Security-Policy"] = BODY_POLICY
    return response


@require_GET
def attachment(request: HttpRequest, mail_id: uuid.UUID) -> HttpResponse:
    """A file that went with the mail: the very bytes. `?kind=` is the e-invoice's, without it the PDF."""
    found, kind = _mail(request, mail_id), request.GET.get("kind", PDF)
    if found.invoice is None or kind not in attached(found.invoice):
        raise ZetelError("not_found")
    content = ensure_file(found.invoice, kind, clock.now())
    response = HttpResponse(content, content_type=MIME_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{file_name(found.invoice, kind)}"'
    return response


def _mail(request: HttpRequest, mail_id: uuid.UUID) -> Mail:
    found = _visible(request)[0].select_related("invoice__customer").filter(pk=mail_id).first()
    if found is None:
        raise ZetelError("not_found")
    return found


def _visible(request: HttpRequest) -> tuple[QuerySet[Mail], bool]:
    """The mails this visitor may see, and whether that is all of them."""
    if not settings.CONFIG.sandbox:
        raise ZetelError("not_found")
    person = request.user
    if not isinstance(person, Person) or not person.is_active:
        return Mail.objects.filter(pk__in=_remembered(request), kind="account"), False
    if allowed(person, Capability.SANDBOX_CLOCK):
        return Mail.objects.all(), True
    addresses = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    return Mail.objects.filter(to_email__in=list(addresses)), False


def _remembered(request: HttpRequest) -> list[uuid.UUID]:
    known = request.session.get(SESSION_KEY, [])
    return [found for name in known if (found := parse_public_id("mai", str(name)))]
