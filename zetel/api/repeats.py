"""Carrying a write out once under its Idempotency-Key, and answering a repetition with the same answer.

The change and its answer are one transaction. Where a payment company is asked, the transaction keeps the name of what
it made, and asking begins from that name: it is repeatable, so after a kill the next request does it again.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from pydantic import BaseModel

from zetel import clock
from zetel.actions import kept_answers
from zetel.actions.kept_answers import Taken
from zetel.api.callers import ACTING, ApiRequest
from zetel.api.problems import MEDIA_TYPE, problem
from zetel.api.reading import JSON
from zetel.models import KeptAnswer
from zetel.rules.errors import ZetelError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_NAME = re.compile(r"[\x21-\x7e]{1,255}")
# A refusal that says nothing of the request: the same one may be made again at once.
_NOT_KEPT = frozenset({401, 403, 429})


@dataclass(frozen=True)
class Answer:
    """A body and its status; `kept` is what a repetition is told where the first time a secret was shown."""

    body: BaseModel
    status: int = 200
    kept: BaseModel | None = None


@dataclass(frozen=True)
class Begun:
    """What was committed, by its public id; the rest is done by `then` from there."""

    subject: str


Outcome = BaseModel | Answer | Begun | HttpResponse
Then = Callable[[ApiRequest, str], Outcome]


def carry_out(
    request: ApiRequest, act: Callable[[], Outcome], *, then: Then | None, status: int
) -> HttpResponse:
    """Do `act` in a transaction and `then` after it; under a key once."""
    name = request.headers.get(HEADER)
    if name is None:
        return _do(request, None, act, then, status)
    if not _NAME.fullmatch(name):
        raise ZetelError("value_invalid", field=HEADER)
    taken = kept_answers.take(
        caller=request.caller.reference, name=name, request_hash=_hash(request), real=clock.real_now()
    )
    if isinstance(taken, KeptAnswer):
        return _again(taken)
    return _do(request, taken, act, then, status)


def _do(
    request: ApiRequest, taken: Taken | None, act: Callable[[], Outcome], then: Then | None, status: int
) -> HttpResponse:
    subject = taken.subject if taken else ""
    try:
        if not subject:
            with transaction.atomic():
                outcome = act()
                if isinstance(outcome, Begun):
                    subject = outcome.subject
                    if taken:
                        kept_answers.name_subject(taken, subject)
                else:
                    return _kept(taken, outcome, status)
    except ZetelError as error:
        return _refused(request, taken, error)
    except BaseException:
        if taken:
            kept_answers.give_back(taken)
        raise
    assert then is not None, "what was begun has an end"
    try:
        return _kept(taken, then(request, subject), status)
    except BaseException:
        if taken:
            kept_answers.release(taken, real=clock.real_now())
        raise


def _refused(request: ApiRequest, taken: Taken | None, error: ZetelError) -> HttpResponse:
    """Nothing was changed. A refusal is the answer, unless it passes by itself."""
    answer = problem(request, error)
    if taken is not None and error.code != "request_in_flight":
        if error.status in _NOT_KEPT or error.status >= 500:
            kept_answers.give_back(taken)
        else:
            kept_answers.keep(taken, status=error.status, body=answer.content.decode())
    return answer


def _kept(taken: Taken | None, outcome: Outcome, status: int) -> HttpResponse:
    answer = response_of(outcome, status)
    if taken is not None:
        told = outcome.kept.model_dump_json() if isinstance(outcome, Answer) and outcome.kept else None
        kept_answers.keep(taken, status=answer.status_code, body=told or answer.content.decode())
    return answer


def response_of(outcome: Outcome, status: int) -> HttpResponse:
    """What goes over the wire."""
    if isinstance(outcome, HttpResponse):
        return outcome
    assert not isinstance(outcome, Begun), "what was begun has an end"
    if isinstance(outcome, Answer):
        status, outcome = outcome.status, outcome.body
    return HttpResponse(outcome.model_dump_json(), status=status, content_type=JSON)


def _again(kept: KeptAnswer) -> HttpResponse:
    kind = MEDIA_TYPE if kept.answer_status >= 400 else JSON
    answer = HttpResponse(kept.answer_body, status=kept.answer_status, content_type=kind)
    answer[REPLAYED] = "true"
    return answer


def _hash(request: ApiRequest) -> str:
    acting = request.headers.get(ACTING, "")  # for another customer it is another request
    parts: list[Any] = [request.method, request.get_full_path(), acting, request.body]
    seen = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        seen.update(len(raw).to_bytes(8, "big") + raw)
    return seen.hexdigest()
