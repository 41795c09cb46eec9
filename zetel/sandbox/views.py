"""The hosted pages: a card, a PayPal log-in, a bank's approval. The only places that ever see a card number.

A page is opened by the unguessable key in its address and by nothing else: no log-in, no cookie but the one against
forged forms. It works without script, is kept nowhere, and may stand in a frame only as `element`, only on this
installation. When it is done the browser goes back to the address the seller gave, which is checked once more.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from zetel import clock
from zetel.sandbox.answers import base_url
from zetel.sandbox.behaviours import ACCOUNTS, CARDS, PASSWORD
from zetel.sandbox.charges import charge_of_page, decide_approval
from zetel.sandbox.company import is_down
from zetel.sandbox.forms import CardForm, LoginForm
from zetel.sandbox.models import Charge, Setup
from zetel.sandbox.setups import Typed, agree, enter, forget_draft, page_of, refuse, with_id
from zetel.sandbox.wording import LANGUAGES, amount_words, language_of

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {}"
GONE_STATUS = {"unknown": 404, "down": 503, "elsewhere": 400}
View = Callable[[HttpRequest, str], HttpResponse]


def hosted(view: View) -> View:
    """What every page has: no caching, forged forms refused, secrets kept out of error reports, a strict policy."""

    @wraps(view)
    @never_cache
    @csrf_protect
    @require_http_methods(["GET", "HEAD", "POST"])
    @sensitive_post_parameters("number", "expiry", "cvc", "password")
    def page(request: HttpRequest, page_key: str) -> HttpResponse:
        response = view(request, page_key)
        response.headers.setdefault("Content-Security-Policy", POLICY.format("'none'"))
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Robots-Tag"] = "noindex"
        # Django would log the address of a refusal, and with it the key that opens the page.
        setattr(response, "_has_been_logged", True)  # noqa: B010
        return response

    return page


@hosted
def setup(request: HttpRequest, page_key: str) -> HttpResponse:
    """Save a card or a PayPal account, then go back."""
    return _setup(request, page_key, _go_back)


@hosted
def element(request: HttpRequest, page_key: str) -> HttpResponse:
    """The card page inside a page of the seller's; it ends with a link that leaves the frame."""
    response = _setup(request, page_key, _offer_way_back)
    response.headers["Content-Security-Policy"] = POLICY.format("'self'")
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@hosted
def approve(request: HttpRequest, page_key: str) -> HttpResponse:
    """The bank asks whether a payment is really wanted."""
    now = clock.now()
    if is_down(now):
        return _gone(request, "down")
    row = charge_of_page(page_key, now)
    if row is None:
        return _gone(request, "unknown")
    back = with_id(row.return_url, "charge", row.id)
    if row.status != "action":
        return _gone(request, "expired" if row.reason == "approval_expired" else "used", row, back)
    act = request.POST.get("act", "")
    if request.method != "POST" or act not in ("approve", "refuse"):
        amount = amount_words(row.amount, row.currency, language_of(request, row.language))
        return _page(request, "approve", row, amount=amount, method=row.method)
    decide_approval(row.id, approved=act == "approve", now=now)
    return _go_back(request, row, back)


Leave = Callable[[HttpRequest, Setup | Charge, str], HttpResponse]


@sensitive_variables("form")
def _setup(request: HttpRequest, page_key: str, leave: Leave) -> HttpResponse:
    now = clock.now()
    if is_down(now):
        return _gone(request, "down")
    row = page_of(page_key, now)
    if row is None:
        return _gone(request, "unknown")
    back = with_id(row.return_url, "setup", row.id)
    if row.status != "pending":
        return _gone(request, "expired" if row.reason == "expired" else "used", row, back)
    if request.method != "POST":
        return _step(request, row)
    act = request.POST.get("act", "")
    if act == "cancel":
        row = refuse(row.id, "cancelled", now)
    elif row.draft is None:
        row, invalid = _typed(request, row)
        if invalid is not None:
            return invalid
    elif act == "approve":
        row = agree(row.id, now)
    elif act == "refuse":
        row = refuse(row.id, "approval_refused" if row.kind == "card" else "cancelled", now)
    elif act == "other":
        row = forget_draft(row.id, now)
    return leave(request, row, back) if row.status != "pending" else _again(request)


@sensitive_variables("form")
def _typed(request: HttpRequest, row: Setup) -> tuple[Setup, HttpResponse | None]:
    """Take what was typed, or answer the page with what is wrong with it."""
    now = clock.now()
    form: CardForm | LoginForm
    if row.kind == "card":
        form = CardForm(request.POST, today=now.date())
        if form.is_valid():
            return enter(
                row.id, Typed.of_card(form.cleaned_data["number"], form.cleaned_data["expiry"]), now
            ), None
    else:
        form = LoginForm(request.POST)
        if form.is_valid():
            return enter(row.id, Typed.of_account(form.found), now), None
    return row, _step(request, row, form)


def _step(request: HttpRequest, row: Setup, form: CardForm | LoginForm | None = None) -> HttpResponse:
    """The page this session is at."""
    if row.draft is not None:
        template = "approve" if row.kind == "card" else "paypal_agree"
        return _page(request, template, row, method=row.draft, amount="")
    if row.kind == "card":
        form = form or CardForm(today=clock.now().date())
        return _page(request, "card", row, form=form, cards=CARDS)
    return _page(request, "paypal_login", row, form=form or LoginForm(), accounts=ACCOUNTS, password=PASSWORD)


def _again(request: HttpRequest) -> HttpResponse:
    """The next step at the same address: a reload must not send a form twice."""
    response = HttpResponseRedirect(request.get_full_path())
    response.status_code = 303
    return response


def _go_back(request: HttpRequest, row: Setup | Charge, back: str) -> HttpResponse:
    if not _leads_here(request, back):
        return _gone(request, "elsewhere", row)
    response = HttpResponseRedirect(back)
    response.status_code = 303
    return response


def _offer_way_back(request: HttpRequest, row: Setup | Charge, back: str) -> HttpResponse:
    if not _leads_here(request, back):
        return _gone(request, "elsewhere", row)
    return _page(request, "finished", row, back=back)


def _leads_here(request: HttpRequest, url: str) -> bool:
    hosts = {request.get_host(), urlsplit(base_url()).netloc}
    return url_has_allowed_host_and_scheme(url, hosts, require_https=request.is_secure())


def _gone(request: HttpRequest, why: str, row: Setup | Charge | None = None, back: str = "") -> HttpResponse:
    """A page that cannot be used (any more), with the way back when there is one."""
    safe_back = back if back and _leads_here(request, back) else ""
    return _page(request, "gone", row, GONE_STATUS.get(why, 410), why=why, back=safe_back)


def _page(
    request: HttpRequest, template: str, row: Setup | Charge | None, status: int = 200, **context: Any
) -> HttpResponse:
    language = language_of(request, row.language if row else "")
    context |= {
        "language": language,
        "languages": LANGUAGES,
        "row": row,
        "seller": settings.CONFIG.seller_legal_name,
    }
    with translation.override(language):
        response = render(request, f"sandbox/{template}.html", context, status=status)
    response.headers["Content-Language"] = language
    return response
