"""Refusals as problem details (RFC 9457): a stable code, the status, a sentence in the caller's language, the fields.

Whatever goes wrong under /api/ ends here, also what Django or a middleware would answer with a page of its own.
"""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from pydantic import BaseModel, Field

from zetel.documents.sentences import sentence
from zetel.rules.errors import ZetelError

MEDIA_TYPE = "application/problem+json"
TYPE_START = "urn:zetel:error:"
_BY_STATUS = {
    400: "body_invalid", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large",
    415: "content_type_unsupported", 429: "too_many_requests",
}  # fmt: skip
_RETRY_SECONDS = {429: 60, 503: 60}
_FIELD_CODES = {
    "missing": "value_required",
    "extra_forbidden": "field_unknown",
    "string_too_long": "value_too_long",
    "too_long": "value_too_long",
}
_FACTS_MAX = 20

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One field at fault."""

    field: str = Field(description="The field, with the names of what it stands in: `wish.seats`.")
    code: str = Field(examples=["value_required"])
    detail: str = Field(description="What is the matter, in the caller's language.")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). `code` never changes its meaning; `detail` is for people."""

    type: str = Field(examples=["urn:zetel:error:seats_in_use"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["seats_in_use"])
    detail: str = Field(description="What is the matter and what to do, in the caller's language.")
    instance: str = Field(description="The path that was asked for.")
    fields: list[FieldProblem] = Field(description="The fields at fault, where there are any.")
    facts: dict[str, Any] = Field(description="What the refusal is about, such as the sizes there are.")


def problem(request: HttpRequest, error: ZetelError, fields: Iterable[FieldProblem] = ()) -> HttpResponse:
    """The answer of a refusal."""
    at_fault = list(fields)
    facts = {name: _fact(value) for name, value in error.params.items() if name != "retry_seconds"}
    named = facts.get("field")
    if isinstance(named, str) and not at_fault:
        at_fault = [FieldProblem(field=named, code=error.code, detail=sentence(error))]
    told = Problem(
        type=TYPE_START + error.code, title=HTTPStatus(error.status).phrase, status=error.status, code=error.code,
        detail=sentence(error), instance=request.path[:500], fields=at_fault, facts=facts,
    )  # fmt: skip
    answer = HttpResponse(told.model_dump_json(), status=error.status, content_type=MEDIA_TYPE)
    if error.status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="zetel"'
    seconds = error.params.get("retry_seconds", _RETRY_SECONDS.get(error.status))
    if seconds is not None:
        answer["Retry-After"] = str(seconds)
    return answer


def _fact(value: object) -> object:
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_fact(item) for item in value[:_FACTS_MAX]]
    return str(value)


def fields_at_fault(error: ValidationError) -> list[FieldProblem]:
    """What pydantic found, in our codes; the first of each field."""
    found: dict[str, FieldProblem] = {}
    for one in error.errors:
        name = _field_name(one["loc"])
        code = _FIELD_CODES.get(str(one["type"]), "value_invalid")
        found.setdefault(name, FieldProblem(field=name, code=code, detail=sentence(ZetelError(code))))
    return list(found.values())[:_FACTS_MAX]


def _field_name(place: Iterable[Any]) -> str:
    """`("body", "body", "wish", "seats")` as `wish.seats`: where it came from goes without saying."""
    parts = [str(part) for part in place]
    if parts and parts[0] in ("body", "query", "path", "header"):
        parts = parts[2:] if len(parts) > 1 and parts[1] in ("body", "query") else parts[1:]
    return ".".join(parts)[:200] or "body"


def listen(api: NinjaAPI) -> None:
    """Let every exception of an operation end as a problem."""
    api.add_exception_handler(ZetelError, _refused)
    api.add_exception_handler(ValidationError, _fields)
    api.add_exception_handler(Http404, lambda request, _error: problem(request, ZetelError("not_found")))
    api.add_exception_handler(HttpError, _unread)
    for broken in (BadRequest, SuspiciousOperation, UnicodeError, DataError):
        api.add_exception_handler(
            broken, lambda request, _error: problem(request, ZetelError("body_invalid"))
        )
    api.add_exception_handler(
        RequestDataTooBig, lambda request, _: problem(request, ZetelError("body_too_large"))
    )
    api.add_exception_handler(Exception, _unexpected)


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, error)


def _fields(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, ZetelError("fields_invalid"), fields_at_fault(error))


def _unread(request: HttpRequest, error: Any) -> HttpResponse:
    """The framework wraps whatever our reader raises in an error of its own."""
    cause: object = error.__cause__ or error.__context__
    too_large = isinstance(cause, RequestDataTooBig)
    unread = ZetelError("body_too_large" if too_large else "body_invalid")
    return problem(request, cause if isinstance(cause, ZetelError) else unread)


def _unexpected(request: HttpRequest, error: Any) -> HttpResponse:
    log.error("an operation failed", path=request.path, exc_info=error)
    return problem(request, ZetelError("unexpected"))


def problems_for_programs(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: what under /api/ would be a page for people, such as a 405 or a 404, becomes a problem."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer = get_response(request)
        is_ours = answer.status_code < 400 or answer.headers.get("Content-Type") == MEDIA_TYPE
        if is_ours or not request.path.startswith("/api/"):
            return answer
        code = _BY_STATUS.get(
            answer.status_code, "unexpected" if answer.status_code >= 500 else "body_invalid"
        )
        told = problem(request, ZetelError(code))
        if "Allow" in answer.headers:
            told["Allow"] = answer.headers["Allow"]
        return told

    return middleware


def no_such_address(request: HttpRequest, **_path: str) -> HttpResponse:
    """Whatever stands under /api/ and is no operation."""
    return problem(request, ZetelError("not_found"))


def extended(answer: HttpResponse, **more: Any) -> HttpResponse:
    """A problem that says more, such as the change that a declined payment belongs to."""
    said = json.loads(answer.content)
    answer.content = json.dumps(said | more).encode()
    return answer
