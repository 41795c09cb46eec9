"""Many new rows of one table at once, by COPY: ten times as fast as saving them one by one.

A row is a mapping of all its columns, as the row builders of the nouns make it, so what is written in bulk is what
would have been written alone. The text is made column by column, since most columns of a batch are all alike.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

from django.db import connection, models, transaction
from psycopg import sql
from pydantic_core import to_json

from zetel.actions._change import Row

_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_ESCAPES = str.maketrans(_ESCAPED)
_TEXTS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "\\N",
    bool: lambda value: "t" if value else "f",
    int: str,
    UUID: lambda value: f"{value.int:032x}",  # its own `hex` is a property on top of this
    date: date.isoformat,
    datetime: datetime.isoformat,
    str: lambda value: value.translate(_ESCAPES),
}


def copy(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Write new rows of a table, in this transaction. Every row names every column; JSON goes in as it is."""
    if not rows:
        return
    assert transaction.get_connection().in_atomic_block, "a batch is written whole or not at all"
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    names = [field.attname for field in fields]
    assert rows[0].keys() == set(names), f"a row of {model.__name__} names all its columns"
    columns = zip(*map(itemgetter(*names), rows), strict=True)
    texts = [
        _texts(_json(values) if isinstance(field, models.JSONField) else values)
        for field, values in zip(fields, columns, strict=True)
    ]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join(sql.Identifier(field.column or field.attname) for field in fields),
    )
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as target:
        target.write("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n")


def _texts(values: Sequence[object]) -> Sequence[str]:
    """One column as COPY reads it; what all rows share is made text once, and ids and plain texts all together."""
    if len(set(map(id, values))) == 1:
        return [_text(values[0])] * len(values)
    kinds = set(map(type, values))
    if kinds == {UUID}:
        return [f"{value.int:032x}" for value in values]  # type: ignore[attr-defined]
    if kinds == {str}:
        plain = cast("Sequence[str]", values)
        together = "".join(plain)
        if not any(letter in together for letter in _ESCAPED):
            return plain
    return [_text(value) for value in values]


def _text(value: object) -> str:
    kind = type(value)
    if kind not in _TEXTS:  # a word of our own, such as a cycle, is a text too
        assert isinstance(value, str), f"COPY has no text for a {kind.__name__}"
        kind = str
    return _TEXTS[kind](value)


def _json(values: Sequence[object]) -> Sequence[str]:
    """One column of documents; what many rows share, such as the seller, is made text once."""
    made: list[str] = []
    last, text = None, "null"
    for value in values:
        if value is not last:
            last, text = value, _dumped(value)
        made.append(text)
    return made


def _dumped(value: object) -> str:
    """By pydantic's core, which takes a fifth of the time that Python's own encoder takes."""
    return to_json(value).decode()
