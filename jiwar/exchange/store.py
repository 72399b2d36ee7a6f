"""What each message asks of the exchange's tables, in SQL: the ORM would take longer over it than the disk does.

One text for SQLite and PostgreSQL. What is asked seldom stands with who asks it, in the ORM's words.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from jiwar.exchange.logic.outbox import Standing
from jiwar.exchange.logic.streams import Lane
from jiwar.exchange.models import Outgoing, Receipt, Stream
from jiwar.records.rows import instant
from jiwar.records.services import Record

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
    "SELECT status, code, detail, hash FROM exchange_incoming"
    " WHERE stream_id = %s AND seq >= %s AND seq < %s ORDER BY seq"
)
_HASH = "SELECT hash FROM exchange_sealed WHERE stream_id = %s AND seq = %s"
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
    text, values = _STREAMS, [node, incoming, *(names or ())]
    if names is not None:
        text += f" AND name IN ({_marks(names)})"
    text += " ORDER BY name"
    if lock and connection.features.has_select_for_update:
        text += " FOR UPDATE"
    return [Stream.from_db("default", _STREAM, row) for row in _rows(text, values)]


def cursors(node: str) -> list[Way]:
    """The streams from and to a node, the newest first."""
    return [Way(bool(incoming), *rest) for incoming, *rest in _rows(_CURSORS, [node])]


def queued_lanes(node: str, among: Sequence[Lane]) -> list[Lane]:
    """The lanes in which a message for a node waits to be sealed. Asked of the index: to count takes long."""
    [found] = _rows(f"SELECT {', '.join([_QUEUED] * len(among))}", [v for lane in among for v in (node, lane.value)])
    return [lane for lane, waits in zip(among, found, strict=True) if waits]


def waited_for(nodes: Sequence[str]) -> set[str]:
    """Those of the nodes for which a message waits to be sealed."""
    if not nodes:
        return set()
    [found] = _rows(f"SELECT {', '.join([_WAITED_FOR] * len(nodes))}", nodes)
    return {node for node, waits in zip(nodes, found, strict=True) if waits}


def under_way() -> set[str]:
    """Nodes that owe a receipt."""
    return {node for (node,) in _rows(_UNDER_WAY, [False])}


def next_queued(node: str, lane: Lane, most: int) -> list[Outgoing]:
    """The next messages to seal, by priority and age, each with its record: what it takes to judge and to seal them."""
    found = []
    for row in _rows(_NEXT, [node, lane.value, most]):
        out = Outgoing.from_db("default", (*_OUT, "lane"), (*row[: len(_OUT)], lane.value))
        key, uid, *rest = row[len(_OUT) :]
        out.record = Record.from_db("default", _SAID, (key, UUID(str(uid)), *rest))
        found.append(out)
    return found


def note_sealed(rows: Sequence[Outgoing]) -> None:
    """These are sealed."""
    _do(_SEALED.format(_marks(rows)), [row.pk for row in rows])


def move_out(stream: Stream) -> None:
    """An outgoing stream came further, or its receipts did."""
    _do(_OUT_MOVES, [stream.seq, stream.head, stream.acked, stream.pk])


def move_in(stream: Stream) -> None:
    """An incoming stream came further."""
    _do(_IN_MOVES, [stream.seq, stream.head, stream.newest, stream.pk])


def taken(stream: Stream, numbers: range) -> list[tuple[str, str, str, str]]:
    """Status, code, detail and hash of the messages that were taken under these numbers."""
    return _rows(_TAKEN, [stream.pk, numbers.start, numbers.stop])


def sealed_hash(stream: Stream, seq: int) -> str | None:
    """The hash of the envelope that was sealed under a number."""
    return next((hash_ for (hash_,) in _rows(_HASH, [stream.pk, seq])), None)


def close(stream: Stream, first: int, last: int, standing: Standing, receipt: Receipt, status: str) -> None:
    """Close the messages of a range that has one result. A newer envelope of a message may be on its way: then too."""
    told = [receipt.pk, status, instant(receipt.received_at)]
    _do(_CLOSE, [standing.state, standing.reason, standing.there, *told, stream.pk, first, last])


def lacks_files(peer: str) -> bool:
    """Whether a peer sent records about files that may not be here whole."""
    return bool(_rows(_LACKING, [peer])[0][0])


def _marks(values: Iterable[object]) -> str:
    return ", ".join("%s" for _ in values)


def _rows(text: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _do(text: str, values: Sequence[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
