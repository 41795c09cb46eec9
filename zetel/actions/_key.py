"""Through which key of the API this request came: set at the door, read where events are written (rule X13)."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[uuid.UUID | None] = ContextVar("api_key", default=None)


@contextmanager
def used(key_id: uuid.UUID) -> Iterator[None]:
    """Whatever is recorded inside this block came through the key."""
    token = _current.set(key_id)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> uuid.UUID | None:
    return _current.get()
