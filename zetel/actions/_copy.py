"""Many new rows of one table at once, by COPY: ten times as fast as saving them one by one.

A row is a mapping of all its columns, as the row builders of the nouns make it, so what is written in bulk is what
would have been written alone.
"""

import json
from collections.abc import Sequence
from operator import itemgetter

from django.db import connection, models, transaction
from psycopg import sql

from zetel.actions._change import Row


def copy(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Write new rows of a table, in this transaction. Every row names every column; JSON goes in as it is."""
    if not rows:
        return
    assert transaction.get_connection().in_atomic_block, "a batch is written whole or not at all"
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    names = [field.attname for field in fields]
    assert rows[0].keys() == set(names), f"a row of {model.__name__} names all its columns"
    take = itemgetter(*names)
    documents = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
    written: dict[int, tuple[object, str]] = {}  # what many rows share, such as the seller, is made text once
    columns = [sql.Identifier(field.column or field.attname) for field in fields]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(columns)
    )
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as target:
        for row in rows:
            values = list(take(row))
            for place in documents:
                same, text = written.get(place, (None, ""))
                if same is not values[place] or same is None:
                    text = json.dumps(values[place])
                    written[place] = values[place], text
                values[place] = text
            target.write_row(values)
