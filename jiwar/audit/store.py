"""What an append says to the database, in SQL: the ORM would take longer over these statements than the disk does.

One text for SQLite and PostgreSQL. What every contact asks stands here too.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from jiwar.audit.logic.merkle import HASH_BYTES, CompactRange
from jiwar.audit.logic.tiles import Growth, Place

_EDGE = "SELECT size, peaks FROM audit_edge WHERE id = 1"
_FIRST_EDGE = "INSERT INTO audit_edge (id, size, peaks) VALUES (1, 0, %s) ON CONFLICT (id) DO NOTHING"
_MOVE = "UPDATE audit_edge SET size = %s, peaks = %s WHERE id = 1"
_LEAF = (
    'INSERT INTO audit_leaf ("index", at, act, actor, subject, purpose, "case", content)'
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_LEAVES = 'COPY audit_leaf ("index", at, act, actor, subject, purpose, "case", content) FROM STDIN'
_TILE = 'SELECT hashes FROM audit_tile WHERE level = %s AND "index" = %s'
_NEW_TILE = 'INSERT INTO audit_tile (level, "index", hashes) VALUES (%s, %s, %s)'
_GROWN_TILE = 'UPDATE audit_tile SET hashes = %s WHERE level = %s AND "index" = %s'


_FORKED = "SELECT EXISTS (SELECT 1 FROM audit_fork WHERE node = %s AND accepted_at IS NULL)"
_EPOCHS = "SELECT number, size, root FROM audit_epoch ORDER BY number"


class LedgerDamaged(Exception):
    """The stored tree was changed behind the ledger's back: nothing is appended to it."""


class Row(NamedTuple):
    """A leaf as its table holds it, all but its instant, in the order of the statement."""

    number: int
    act: str
    actor: str
    subject: str
    purpose: str
    case: str
    content: str


def lock_edge() -> CompactRange:
    """Size and peaks of the ledger, whose row is locked until the transaction ends."""
    locking = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        row = cursor.execute(_EDGE + locking).fetchone()
        if row is None:
            cursor.execute(_FIRST_EDGE, [b""])
            row = cursor.execute(_EDGE + locking).fetchone()
    return read_edge(*row)


def read_edge(size: int, peaks: bytes) -> CompactRange:
    """The columns of the row as size and peaks."""
    peaks = bytes(peaks)
    return CompactRange(size, tuple(peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)))


def move_edge(tree: CompactRange) -> None:
    """Write the ledger's new size and peaks."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [tree.size, b"".join(tree.peaks)])


def edge() -> CompactRange:
    """Size and peaks of the ledger as they stand."""
    with connection.cursor() as cursor:
        row = cursor.execute(_EDGE).fetchone()
    return read_edge(*row) if row else CompactRange()


def epochs() -> list[tuple[int, int, str]]:
    """Number, size and root of each epoch after the first, oldest first."""
    with connection.cursor() as cursor:
        found: list[tuple[int, int, str]] = cursor.execute(_EPOCHS).fetchall()
    return found


def is_forked(node: str) -> bool:
    """Whether a fork of a node was found that nobody has accepted."""
    with connection.cursor() as cursor:
        return bool(cursor.execute(_FORKED, [node]).fetchone()[0])


def insert_leaves(rows: Sequence[Row], at: dt.datetime) -> None:
    """Insert all, in one go; `at` is the instant of every one."""
    adapted = connection.ops.adapt_datetimefield_value(at)
    values = [(row.number, adapted, *row[1:]) for row in rows]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and len(values) > 1:  # to it, each of many statements is a journey
            with connection.wrap_database_errors, cursor.copy(_LEAVES) as copy:
                for each in values:
                    copy.write_row(each)
        else:
            cursor.executemany(_LEAF, values)


def grow_tiles(growths: Mapping[Place, Growth]) -> None:
    """Add hashes to tiles: one write each. Raises LedgerDamaged where a tile does not end where they begin."""
    with connection.cursor() as cursor:
        for place, (start, hashes) in growths.items():
            if not start:
                cursor.execute(_NEW_TILE, [*place, hashes])
                continue
            row = cursor.execute(_TILE, place).fetchone()
            held = bytes(row[0]) if row else b""
            if len(held) != start * HASH_BYTES:
                raise LedgerDamaged(f"tile {place.level}/{place.number}: {len(held)} bytes, expected {start} hashes")
            cursor.execute(_GROWN_TILE, [held + hashes, *place])
