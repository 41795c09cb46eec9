"""Reading what programs send, strictly: JSON and nothing else, each name once, text that a database can hold.

What a lenient reader would guess at is refused, since a guess about money is worse than a refusal.
"""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from zetel.rules.errors import ZetelError

JSON = "application/json"
_DIGITS_MAX = 18  # of a number; nothing here is larger


class StrictParser(Parser):
    """Raises content_type_unsupported and body_invalid."""

    def parse_body(self, request: HttpRequest) -> Any:
        if (
            request.content_type != JSON
            or (request.content_params or {}).get("charset", "utf-8").lower() != "utf-8"
        ):
            raise ZetelError("content_type_unsupported")
        try:
            body = json.loads(
                request.body.decode("utf-8"),
                object_pairs_hook=_once,
                parse_constant=_refuse,
                parse_int=_integer,
            )
        except (ValueError, RecursionError) as error:
            raise ZetelError("body_invalid") from error
        return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ZetelError("body_invalid", reason="a name stands twice")
    for name, value in pairs:
        _check(name)
        if isinstance(value, str):
            _check(value)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, str):
                    _check(item)
    return found


def _check(text: str) -> None:
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ZetelError("body_invalid", reason="a text holds what is no character")


def _integer(digits: str) -> int | float:
    """An integer as Python's; one that no field could hold becomes a number that every field refuses."""
    return int(digits) if len(digits) <= _DIGITS_MAX else float("inf")


def _refuse(name: str) -> None:
    raise ValueError(name)
