"""What an append says to the database, in SQL: the ORM would take longer over these statements than the disk does.

One text for SQLite and PostgreSQL. What every contact asks stands here too.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from jiwar.audit.logic.merkle import HASH_BYTES, CompactRange
from jiwar.audit.logic.tiles import Growth, Place
from jiwar.sql import Insert, Statement, ask, do, instant, rows

_EDGE = "SELECT size, peaks FROM audit_edge WHERE id = 1"
_LAST_TILE = (  # a tile is 256 wide (`tiles.WIDTH`)
    'SELECT hashes FROM audit_tile WHERE level = 0 AND "index" = (SELECT size / 256 FROM audit_edge WHERE id = 1)'
)
_FIRST_EDGE = "INSERT INTO audit_edge (id, size, peaks) VALUES (1, 0, %s) ON CONFLICT (id) DO NOTHING"
_MOVE = "UPDATE audit_edge SET size = %s, peaks = %s WHERE id = 1"
_LEAF = '"index", at, act, actor, subject, purpose, "case", content'
_TILE = 'SELECT hashes FROM audit_tile WHERE level = %s AND "index" = %s'
_NEW_TILE = 'INSERT INTO audit_tile (level, "index", hashes) VALUES (%s, %s, %s)'
_GROWN_TILE = 'UPDATE audit_tile SET hashes = %s WHERE level = %s AND "index" = %s'
_FORKED = "SELECT EXISTS (SELECT 1 FROM audit_fork WHERE node = %s AND accepted_at IS NULL)"
_EPOCHS = "SELECT number, size, root FROM audit_epoch ORDER BY number"


class LedgerDamaged(Exception):
    """The stored tree was changed behind the ledger's back: nothing is appended to it."""


class Leaf(NamedTuple):
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
    return lock_last()[0]


def lock_last() -> tuple[CompactRange, bytes]:
    """As `lock_edge`, and the hashes of the tile in which the newest leaves are."""
    edge = _EDGE + (" FOR UPDATE" if connection.features.has_select_for_update else "")
    # Two statements: the second sees what was written while the first waited.
    found, tiles = ask((edge, ()), (_LAST_TILE, ()))
    if not found:
        do((_FIRST_EDGE, [b""]))
        found, tiles = ask((edge, ()), (_LAST_TILE, ()))
    return read_edge(*found[0]), bytes(tiles[0][0]) if tiles else b""


def read_edge(size: int, peaks: bytes) -> CompactRange:
    """The columns of the row as size and peaks."""
    peaks = bytes(peaks)
    return CompactRange(size, tuple(peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)))


def edge_and_epochs() -> tuple[CompactRange, list[tuple[int, int, str]]]:
    """Size and peaks of the ledger as they stand; number, size and root of each epoch after the first, oldest first."""
    edges, epochs = ask((_EDGE, ()), (_EPOCHS, ()))
    return read_edge(*edges[0]) if edges else CompactRange(), epochs


def is_forked(node: str) -> bool:
    """Whether a fork of a node was found that nobody has accepted."""
    return bool(rows(_FORKED, [node])[0][0])


def write(
    leaves: Sequence[Leaf], at: dt.datetime, tree: CompactRange, growths: Mapping[Place, Growth], last: bytes
) -> None:
    """Insert leaves, all at the instant `at`; grow the tiles; write the ledger's new size and peaks.

    `last`: as `lock_last` found it. Raises LedgerDamaged where a tile does not end where its new hashes begin.
    """
    adapted = instant(at)
    new = [(leaf.number, adapted, *leaf[1:]) for leaf in leaves]
    do(Insert("audit_leaf", _LEAF, new), *_grown(growths, last), (_MOVE, [tree.size, b"".join(tree.peaks)]))


def _grown(growths: Mapping[Place, Growth], last: bytes) -> Iterator[Statement]:
    for place, (start, hashes) in growths.items():
        if not start:
            yield _NEW_TILE, [*place, hashes]
            continue
        held = last if place.level == 0 else next((bytes(found) for (found,) in rows(_TILE, place)), b"")
        if len(held) != start * HASH_BYTES:
            raise LedgerDamaged(f"tile {place.level}/{place.number}: {len(held)} bytes, expected {start} hashes")
        yield _GROWN_TILE, [held + hashes, *place]
