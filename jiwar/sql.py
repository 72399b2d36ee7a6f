"""Plain SQL, for what every message and every leaf asks of the database: there the ORM takes longer than the disk.

One text for SQLite and PostgreSQL. To PostgreSQL several statements go in one journey, which is what they cost there.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db import close_old_connections, connection
from django.db.models import Model

_here = threading.local()
Row = tuple[Any, ...]
Statement = tuple[str, Sequence[object]]
"""A text and its values."""
FEW = 8
"""Rows that PostgreSQL gets as a statement among others; more are copied to it."""
_KEYS = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
_MOST = 30_000
"""Values in one statement: SQLite takes 32,766."""


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows for a table; the columns' names as SQL writes them."""

    table: str
    names: str
    rows: Sequence[Sequence[object]]

    def statement(self) -> Statement:
        """All of them in one statement."""
        one = f"({marks(self.rows[0])})"
        text = f"INSERT INTO {self.table} ({self.names}) VALUES {', '.join([one] * len(self.rows))}"  # noqa: S608
        return text, [value for row in self.rows for value in row]


def renew() -> None:
    """Before and after a piece of work: close a connection that is old or broke, as Django does around each request.

    Whether an idle one still answers is asked once a second in each thread, not each time: it costs a journey. A
    server that went away meanwhile is a failure of that piece of work, which is done again.
    """
    close_old_connections()
    now = time.monotonic()
    if now - getattr(_here, "asked_at", float("-inf")) < 1:
        connection.health_check_done = True
    else:
        _here.asked_at = now


def take_stock() -> None:
    """Let SQLite see how much of what is in its tables, some hundred rows an index: without, it takes a state to be as
    rare as a reference, and reads every record for five hundred entries. PostgreSQL does so by itself."""
    if not _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 400")
            cursor.execute("ANALYZE")


def rows(text: str, values: Sequence[object] = ()) -> list[Row]:
    """What one statement finds."""
    [found] = ask((text, values))
    return found


def ask(*statements: Statement) -> list[list[Row]]:
    """What each of the statements finds, all asked at once."""
    with connection.cursor() as cursor:
        if not _is_postgresql():
            return [cursor.execute(*each).fetchall() for each in statements]
        cursor.execute(*_joined(statements))
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
        return found


def do(*statements: Statement | Insert) -> None:
    """Carry out statements in their order, in as few journeys as can be."""
    together: list[Statement] = []
    with connection.cursor() as cursor:
        for each in statements:
            if not isinstance(each, Insert):
                together.append(each)
            elif len(each.rows) <= FEW:
                together.append(each.statement())
            else:
                _send(cursor, together)
                together = []
                _send_many(cursor, each)
        _send(cursor, together)


def _send(cursor: Any, statements: Sequence[Statement]) -> None:
    for each in [_joined(statements)] if statements and _is_postgresql() else statements:
        cursor.execute(*each)


def _send_many(cursor: Any, new: Insert) -> None:
    if _is_postgresql():
        with connection.wrap_database_errors, cursor.copy(f"COPY {new.table} ({new.names}) FROM STDIN") as copy:
            for row in new.rows:
                copy.write_row(row)
    else:
        cursor.executemany(f"INSERT INTO {new.table} ({new.names}) VALUES ({marks(new.rows[0])})", new.rows)  # noqa: S608


def insertion(new: Sequence[Any]) -> Insert:
    """What inserts rows of one model, one at least. Values go as they are: instants, days, UUIDs, and types of SQL."""
    kind: type[Model] = type(new[0])
    names, columns, adapted = _table(kind)  # type: ignore[arg-type]
    return Insert(kind._meta.db_table, names, [_values(row, columns, adapted) for row in new])


def insert_all(new: Sequence[Any]) -> None:
    """Insert rows of one model and set their keys, as `bulk_create` does, without its work of composing each query."""
    if not new:
        return
    whole = insertion(new)
    if len(new) > FEW and _is_postgresql():
        keys = [key for (key,) in rows(_KEYS, [whole.table, len(new)])]
        do(Insert(whole.table, f"id, {whole.names}", [[key, *row] for key, row in zip(keys, whole.rows, strict=True)]))
    else:
        some = _MOST // len(whole.rows[0])
        keys = []
        for start in range(0, len(new), some):
            text, values = Insert(whole.table, whole.names, whole.rows[start : start + some]).statement()
            keys += [key for (key,) in rows(f"{text} RETURNING id", values)]
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


def day(value: dt.date | None) -> object:
    """A date as the database takes it."""
    return connection.ops.adapt_datefield_value(value)


_ADAPTED: dict[str, Callable[[Any], object]] = {"DateTimeField": instant, "DateField": day, "UUIDField": identifier}


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


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _joined(statements: Sequence[Statement]) -> Statement:
    return "; ".join([text for text, _ in statements]), [value for _, values in statements for value in values]
