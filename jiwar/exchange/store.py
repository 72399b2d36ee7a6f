"""What each message asks of the exchange's tables, in SQL: the ORM would take longer over it than the disk does.

One text for SQLite and PostgreSQL. What is asked seldom stands with who asks it, in the ORM's words.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from jiwar.exchange.logic.outbox import Standing
from jiwar.exchange.logic.streams import FIRST, Lane
from jiwar.exchange.models import Incoming, Outgoing, Receipt, Sealed, Stream
from jiwar.records.services import Record
from jiwar.sql import Row, Statement, ask, do, insertion, instant, marks, rows

# Columns stand in the order of their model: so `from_db` takes them.
_STREAM = ("id", "node", "incoming", "name", "seq", "head", "acked", "closed_at")
_STREAMS = f"SELECT {', '.join(_STREAM)} FROM exchange_stream WHERE node = %s AND incoming = %s"  # noqa: S608
_CURSORS = "SELECT incoming, name, seq, head, acked FROM exchange_stream WHERE node = %s ORDER BY id DESC"
_QUEUED = "EXISTS (SELECT 1 FROM exchange_outgoing WHERE state = 'queued' AND node = %s AND lane = %s)"
_WAITED_FOR = "EXISTS (SELECT 1 FROM exchange_outgoing WHERE state = 'queued' AND node = %s)"
_UNDER_WAY = "SELECT DISTINCT node FROM exchange_stream WHERE incoming = %s AND closed_at IS NULL AND seq > acked"
_OUT = ("id", "node", "returned", "agreement", "clause")
_SIGNED = ("statement", "signing_key", "signature", "cosignature")
_SAID = ("id", "uid", "kind", "kind_version", "purpose", *_SIGNED, "state")
_NEXT = (
    f"SELECT {', '.join(f'o.{name}' for name in _OUT)}, {', '.join(f'r.{name}' for name in _SAID)}"  # noqa: S608
    " FROM exchange_outgoing o JOIN records_record r ON r.id = o.record_id"
    " WHERE o.state = 'queued' AND o.node = %s AND o.lane = %s ORDER BY o.priority, o.id LIMIT %s"
)
_SEALED = "UPDATE exchange_outgoing SET state = 'sealed', reason = '' WHERE id IN ({})"
_OUT_MOVES = "UPDATE exchange_stream SET seq = %s, head = %s, acked = %s WHERE id = %s"
_IN_MOVES = "UPDATE exchange_stream SET seq = %s, head = %s, newest = %s WHERE id = %s"
_TAKEN = (
    "SELECT i.seq, i.status, i.code, i.detail, i.hash FROM exchange_incoming i"
    " JOIN exchange_stream s ON s.id = i.stream_id"
    " WHERE s.node = %s AND s.incoming = %s AND s.name = %s AND i.seq >= %s AND i.seq < %s ORDER BY i.seq"
)
_HASH = (
    "SELECT e.hash FROM exchange_sealed e JOIN exchange_stream s ON s.id = e.stream_id"
    " WHERE s.node = %s AND s.incoming = %s AND s.name = %s AND e.seq = %s"
)
_CLOSE = (
    "UPDATE exchange_outgoing SET state = %s, reason = %s, there = %s,"
    " receipt_id = %s, receipt_status = %s, acknowledged_at = %s"
    " WHERE state IN ('queued', 'sealed', 'held', 'refused') AND id IN"
    " (SELECT outgoing_id FROM exchange_sealed WHERE stream_id = %s AND seq >= %s AND seq <= %s)"
)
_LACKING = "SELECT EXISTS (SELECT 1 FROM exchange_attached WHERE wanted_from = %s)"


class Way(NamedTuple):
    """A stream as a hello tells of it."""

    incoming: bool
    name: str
    seq: int
    head: str
    acked: int


def streams(node: str, *, incoming: bool, names: Collection[str] | None = None, lock: bool = False) -> list[Stream]:
    """The streams from a node, or to it: all, or those of these names; without the newest envelope of each.

    `lock`: their rows are locked until the transaction ends, in the order of their names.
    """
    return _read(rows(*_of(node, incoming=incoming, names=names, lock=lock)))


def begin(node: str, names: Iterable[str], *, incoming: bool) -> None:
    """Make the rows of new streams. Another frame may begin the same at this moment: both go on with its one row."""
    new = [Stream(node=node, incoming=incoming, name=name, head=FIRST) for name in names]
    Stream.objects.bulk_create(new, ignore_conflicts=True)


def outlook(node: str) -> tuple[list[Stream], set[Lane]]:
    """The streams to a node, and the lanes in which a message for it waits to be sealed."""
    lanes = f"SELECT {', '.join([_QUEUED] * len(Lane))}"  # asked of the index: to count takes long
    known, [found] = ask(_of(node, incoming=False), (lanes, [value for lane in Lane for value in (node, lane.value)]))
    return _read(known), {lane for lane, waits in zip(Lane, found, strict=True) if waits}


def cursors(node: str) -> tuple[list[Way], bool]:
    """The streams from and to a node, the newest first; whether it sent records about files that may not be whole."""
    known, [[lacks]] = ask((_CURSORS, [node]), (_LACKING, [node]))
    return [Way(bool(incoming), *rest) for incoming, *rest in known], bool(lacks)


def waited_for(nodes: Sequence[str]) -> set[str]:
    """Those of the nodes for which a message waits to be sealed."""
    if not nodes:
        return set()
    [found] = rows(f"SELECT {', '.join([_WAITED_FOR] * len(nodes))}", nodes)
    return {node for node, waits in zip(nodes, found, strict=True) if waits}


def under_way() -> set[str]:
    """Nodes that owe a receipt."""
    return {node for (node,) in rows(_UNDER_WAY, [False])}


def next_queued(node: str, lane: Lane, most: int) -> list[Outgoing]:
    """The next messages to seal, by priority and age, each with its record: what it takes to judge and to seal them."""
    found = []
    for row in rows(_NEXT, [node, lane.value, most]):
        out = Outgoing.from_db("default", (*_OUT, "lane"), (*row[: len(_OUT)], lane.value))
        key, uid, *rest = row[len(_OUT) :]
        out.record = Record.from_db("default", _SAID, (key, UUID(str(uid)), *rest))
        found.append(out)
    return found


def keep_sealed(stream: Stream, envelopes: Sequence[Sealed]) -> None:
    """Messages were sealed in a stream, which has moved on."""
    ids = [each.outgoing_id for each in envelopes]
    do(insertion(envelopes), (_SEALED.format(marks(ids)), ids), _moved_out(stream))


def keep_taken(places: Sequence[Incoming], moved: Sequence[Stream]) -> None:
    """Messages were taken from streams, which have moved on."""
    if places:
        moves = ((_IN_MOVES, [stream.seq, stream.head, stream.newest, stream.pk]) for stream in moved)
        do(insertion(places), *moves)


def taken(node: str, numbers: Mapping[str, range]) -> list[list[Row]]:
    """Number, status, code, detail and hash of the messages that were taken under these numbers, for each stream."""
    return ask(*((_TAKEN, [node, True, name, part.start, part.stop]) for name, part in numbers.items()))


def receipted(node: str, name: str, last: int) -> tuple[Stream | None, str | None]:
    """The stream that a receipt is about, locked; the hash of the envelope that was sealed under its last number."""
    known, hashes = ask(
        _of(node, incoming=False, names=[name], lock=True),
        (_HASH, [node, False, name, last]),
    )
    return next(iter(_read(known)), None), hashes[0][0] if hashes else None


def close(stream: Stream, receipt: Receipt, ranges: Iterable[tuple[int, int, Standing, str]]) -> None:
    """Close messages of a stream, which has moved on: ranges of numbers, where they stand, and what the receipt says.

    A newer envelope of a message may be on its way: it is closed then too.
    """
    at = instant(receipt.received_at)
    closed = [
        (_CLOSE, [where.state, where.reason, where.there, receipt.pk, status, at, stream.pk, first, last])
        for first, last, where, status in ranges
    ]
    do(*closed, _moved_out(stream))


def _of(node: str, *, incoming: bool, names: Collection[str] | None = None, lock: bool = False) -> Statement:
    text = _STREAMS
    if names is not None:
        text += f" AND name IN ({marks(names)})"
    text += " ORDER BY name"
    if lock and connection.features.has_select_for_update:
        text += " FOR UPDATE"
    return text, [node, incoming, *(names or ())]


def _read(found: Sequence[Row]) -> list[Stream]:
    return [Stream.from_db("default", _STREAM, row) for row in found]


def _moved_out(stream: Stream) -> Statement:
    return _OUT_MOVES, [stream.seq, stream.head, stream.acked, stream.pk]
