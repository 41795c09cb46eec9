"""What the doctor says: one finding for each thing that is wrong, as a value with a stable code.

Also the way in which every check reads: in batches over a cursor of the server, so that memory does not grow with the
installation.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import models

from zetel.models.ids import public_id
from zetel.models.row import Row

BATCH = 500

Value = TypeVar("Value")
Model = TypeVar("Model", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Finding:
    """Rule, code, the public id (or number) of what it is about, and the facts that show it.

    A notice is something staff should look at (work that is late, or was parked), not a broken rule.
    """

    rule: str
    what: str
    subject: str
    facts: Mapping[str, object] = field(default_factory=dict)
    is_notice: bool = False


def batches(values: Iterable[Value], size: int = BATCH) -> Iterator[list[Value]]:
    """Lists of at most `size`, in order."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


def rows_of(rows: models.QuerySet[Model], size: int = BATCH) -> Iterator[list[Model]]:
    """The rows of a query in batches, streamed from the server."""
    return batches(rows.iterator(chunk_size=size), size)


def also(row: models.Model, name: str) -> Any:
    """What the query told of a row beside its columns (an annotation)."""
    return getattr(row, name)


def name_of(kind: type[Row], row_id: UUID | None) -> str:
    """The public id of a row that was read by its key alone."""
    return public_id(kind.PREFIX, row_id) if row_id else ""


def zone_of(name: str) -> ZoneInfo:
    """A customer's zone; UTC where the name is none, which is a finding of its own and must not stop the others."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def iso(at: datetime | None) -> str | None:
    """An instant as it is printed in facts."""
    return at.astimezone(UTC).isoformat() if at else None
