"""Plain SQL, for what every message and every leaf asks of the database: there the ORM takes longer than the disk.

One text for SQLite and PostgreSQL. To PostgreSQL several statements go in one journey, which is what they cost there.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[object]]
"""A text and its values."""
_MOST = 30_000
"""Values in one statement: SQLite takes 32,766."""


def rows(text: str, values: Sequence[object] = ()) -> list[Row]:
    """What one statement finds."""
    [found] = ask((text, values))
    return found


def ask(*statements: Statement) -> list[list[Row]]:
    """What each of the statements finds, all asked at once."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            return [cursor.execute(*each).fetchall() for each in statements]
        cursor.execute(*_joined(statements))
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
        return found


def do(*statements: Statement) -> None:
    """Carry out statements in their order, all at once."""
    with connection.cursor() as cursor:
        for each in [_joined(statements)] if connection.vendor == "postgresql" else statements:
            cursor.execute(*each)


def insertion(new: Sequence[Any]) -> list[Statement]:
    """The statements that insert rows of one model. Their values go as they are: instants, days, UUIDs, and types of
    SQL."""
    if not new:
        return []
    kind: type[Model] = type(new[0])
    names, columns, adapted = _table(kind)  # type: ignore[arg-type]
    some = _MOST // len(columns)
    return [
        inserting(kind._meta.db_table, names, [_values(row, columns, adapted) for row in new[start : start + some]])
        for start in range(0, len(new), some)
    ]


def inserting(table: str, names: str, values: Sequence[Sequence[object]]) -> Statement:
    """The statement that inserts rows, as many as one takes; `names` are the columns', as SQL writes them."""
    one = f"({marks(values[0])})"
    text = f"INSERT INTO {table} ({names}) VALUES {', '.join([one] * len(values))}"  # noqa: S608 - our own names
    return text, [value for each in values for value in each]


def insert_all(new: Sequence[Any]) -> None:
    """Insert rows of one model and set their keys, as `bulk_create` does in ten times the time."""
    keys = [key for text, values in insertion(new) for (key,) in rows(f"{text} RETURNING id", values)]
    for row, key in zip(new, keys, strict=True):
        row.pk = key
        row._state.adding = False


def marks(values: Iterable[object]) -> str:
    """The places of so many values."""
    return ", ".join(["%s" for _ in values])


def instant(value: dt.datetime | None) -> object:
    """An instant as the database takes it."""
    return connection.ops.adapt_datetimefield_value(value)


def identifier(value: UUID | None) -> object:
    """A UUID as the database takes it."""
    return value if value is None or connection.features.has_native_uuid_field else value.hex


def _day(value: dt.date | None) -> object:
    return connection.ops.adapt_datefield_value(value)


_ADAPTED: dict[str, Callable[[Any], object]] = {"DateTimeField": instant, "DateField": _day, "UUIDField": identifier}


@cache
def _table(kind: type[Model]) -> tuple[str, list[str], list[tuple[int, Callable[[Any], object]]]]:
    """A model's columns but the key: as SQL writes them, by their attributes, and the places of those to adapt."""
    fields = [field for field in kind._meta.concrete_fields if not field.primary_key]
    adapted = [(n, _ADAPTED[t]) for n, t in enumerate(f.get_internal_type() for f in fields) if t in _ADAPTED]
    return ", ".join(f'"{field.column}"' for field in fields), [field.attname for field in fields], adapted


def _values(row: Model, columns: Sequence[str], adapted: Sequence[tuple[int, Callable[[Any], object]]]) -> list[object]:
    held = row.__dict__
    values = [held[column] for column in columns]
    for place, adapt in adapted:
        values[place] = adapt(values[place])
    return values


def _joined(statements: Sequence[Statement]) -> Statement:
    return "; ".join([text for text, _ in statements]), [value for _, values in statements for value in values]
