"""From a refusal to what a person sees: the page that carries its sentence, which `documents.sentences` makes.

The middleware turns a `ZetelError` that no view has caught into a page of its status; somebody who is not logged in is
led to the log-in page and back. A refusal as `not_found` is the very page of an address that does not exist (rule R8).
What browsers send that no view can read is answered here too.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import Resolver404
from django.views.defaults import bad_request, page_not_found

from zetel.documents.sentences import sentence as sentence  # where the pages look for it
from zetel.rules.errors import ZetelError

_RETRY_SECONDS = {429: "300", 503: "60"}

log = structlog.get_logger(__name__)

Answer = Callable[[HttpRequest], HttpResponse]


def refusal_page(request: HttpRequest, error: ZetelError) -> HttpResponse:
    """The page of a refusal."""
    if error.code == "not_logged_in":
        return _to_log_in(request)
    if error.status == 404:
        return page_not_found(request, Http404())
    said = {"error_code": error.code, "sentence": sentence(error), "status": error.status}
    response = render(request, "errors/refusal.html", said, status=error.status)
    if error.status in _RETRY_SECONDS:
        response["Retry-After"] = _RETRY_SECONDS[error.status]
    return response


def _to_log_in(request: HttpRequest) -> HttpResponse:
    """To the log-in page and, for a page that was only looked at, back again."""
    target = resolve_url(settings.LOGIN_URL)
    if request.method in ("GET", "HEAD"):
        target += "?" + urlencode({"next": request.get_full_path()})
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


class Refusals:
    """Middleware: whatever a view raises that people can cause becomes a page, never a 500."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _readable(request):
            return bad_request(request, SuspiciousOperation())
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Answer, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> HttpResponse | None:
        """A form is looked at once it is known who takes it: a webhook's raw bytes are left to itself."""
        if getattr(view, "csrf_exempt", False) or _readable_form(request):
            return None
        return bad_request(request, SuspiciousOperation())

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, ZetelError):
            if error.status >= 500:
                log.warning("refused", code=error.code, path=request.path)
            return refusal_page(request, error)
        if isinstance(error, UnicodeDecodeError | RequestDataTooBig | TooManyFilesSent):
            return bad_request(request, error)
        return None


def _readable(request: HttpRequest) -> bool:
    """Whether address, query and cookies are text that a database can hold: no NUL, no half characters."""
    try:
        texts = [request.path, *_all(request.GET), *request.COOKIES.values()]
    except (UnicodeDecodeError, RequestDataTooBig, TooManyFilesSent, Resolver404):
        return False
    return not any(_is_broken(text) for text in texts)


def _readable_form(request: HttpRequest) -> bool:
    """The same of what a form holds."""
    if request.method != "POST" or request.content_type == "application/json":
        return True
    try:
        texts = _all(request.POST)
    except (UnicodeDecodeError, RequestDataTooBig, TooManyFilesSent):
        return False
    return not any(_is_broken(text) for text in texts)


def _all(values: Mapping[str, str]) -> list[str]:
    lists = getattr(values, "lists", None)
    assert lists is not None, "a query or a form"
    return [text for name, texts in lists() for text in (name, *texts)]


def _is_broken(text: str) -> bool:
    return "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text)
