"""One way to declare an operation: its scopes, its answer, what follows its commit, and the codes it may refuse with.

The declaration is all there is: authentication, strict reading of the query, the transaction, repetition under an
Idempotency-Key and the document are made from it. See docs/architecture.md, The API.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, get_args, get_type_hints

from django.http import HttpResponse
from ninja import Router
from pydantic import BaseModel

from zetel.actions import keys
from zetel.actions._behalf import acting_for
from zetel.api.callers import ApiRequest, BearerKey
from zetel.api.problems import Problem
from zetel.api.repeats import Then, carry_out, response_of
from zetel.rules.errors import CODES, ZetelError
from zetel.rules.keys import Scope

READS = frozenset({"key_invalid", "scope_missing", "person_unknown", "not_found", "fields_invalid", "field_unknown",
                   "value_invalid", "body_invalid", "too_many_requests"})  # fmt: skip
WRITES = READS | {
    "forbidden", "person_required", "content_type_unsupported", "body_too_large", "idempotency_mismatch",
    "request_in_flight", "value_required", "value_too_long", "value_invalid",
}  # fmt: skip


@dataclass(frozen=True)
class Declared:
    """What an operation said of itself, for the document and the tests."""

    operation_id: str
    method: str
    path: str
    scopes: tuple[Scope, ...]
    codes: frozenset[str]
    statuses: frozenset[int]
    query: frozenset[str] = field(default_factory=frozenset)
    media: str = ""

    @property
    def is_write(self) -> bool:
        return self.method != "GET"


DECLARED: dict[str, Declared] = {}


def operation(
    router: Router,
    method: str,
    path: str,
    *,
    answer: type[BaseModel] | None,
    status: int = 200,
    also: Mapping[int, type[BaseModel] | None] | None = None,
    then: Then | None = None,
    codes: tuple[str, ...] = (),
    staff: bool = False,
    media: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `act(request, …)`. A GET reads; anything else is one transaction with its answer kept under its key.

    With `then`, `act` returns `Begun(subject)` and `then(request, subject)` gives the answer after the commit: it is
    where a payment company may be asked, and it must be repeatable. `also` names further statuses and their bodies,
    `media` what is no JSON.
    """
    is_write = method != "GET"
    scopes = (Scope.WRITE if is_write else Scope.READ, *((Scope.STAFF,) if staff else ()))

    def register(act: Callable[..., Any]) -> Callable[..., Any]:
        query = _query_names(act)
        refusals = (WRITES if is_write else READS) | set(codes) | {"forbidden"}
        refusals |= {"page_invalid"} if "cursor" in query else set()

        @wraps(act)
        def answered(request: ApiRequest, **given: Any) -> HttpResponse:
            _check_query(request, query)
            with keys.used(request.caller.key.pk), _acting(request):
                if not is_write:
                    return response_of(act(request, **given), status)
                return carry_out(request, lambda: act(request, **given), then=then, status=status)

        declared = Declared(
            operation_id=act.__name__, method=method, path=path, scopes=scopes, codes=frozenset(refusals),
            statuses=frozenset({status, *(also or {}), *(CODES[code] for code in refusals)}), query=query, media=media,
        )  # fmt: skip
        assert declared.operation_id not in DECLARED, f"two operations are called {declared.operation_id}"
        DECLARED[declared.operation_id] = declared
        bodies: dict[int, Any] = {status: answer, **(also or {})}
        bodies |= {CODES[code]: Problem for code in refusals if CODES[code] not in bodies}
        router.api_operation(
            [method], path, auth=BearerKey(*scopes), response=bodies, operation_id=declared.operation_id,
            url_name=declared.operation_id,
        )(answered)  # fmt: skip
        return act

    return register


def _acting(request: ApiRequest) -> AbstractContextManager[None]:
    behalf = request.caller.behalf
    return acting_for(behalf) if behalf else nullcontext()


def _query_names(act: Callable[..., Any]) -> frozenset[str]:
    """The names of the model that an operation calls `query`."""
    hint = get_type_hints(act, include_extras=True).get("query")
    if hint is None:
        return frozenset()
    model = (get_args(hint) or (hint,))[0]
    return frozenset(model.model_fields)


def _check_query(request: ApiRequest, known: frozenset[str]) -> None:
    for name, values in request.GET.lists():
        if name not in known:
            raise ZetelError("field_unknown", field=name[:100])
        if len(values) > 1:
            raise ZetelError("value_invalid", field=name)
