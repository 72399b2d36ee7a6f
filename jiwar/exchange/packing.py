"""Packing a pouch: what waits for a node, sealed into one file on a person's decision."""

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.alarms import open_fork
from jiwar.audit.services import append, tell
from jiwar.exchange import arrival, departure, last_words
from jiwar.exchange.attached import may_have, wanted
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic import pouch as pouches
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic import streams
from jiwar.exchange.logic.chunks import SEALED
from jiwar.exchange.logic.conversation import ROOM
from jiwar.exchange.logic.frame import Frame
from jiwar.exchange.logic.hello import Hello, Problem, Sent
from jiwar.exchange.logic.pouch import HEAD, Sealing
from jiwar.exchange.logic.streams import Cursor
from jiwar.exchange.models import Attached, Outgoing, Pouch, Sealed, Stream
from jiwar.exchange.pouch_folder import folder, leave_room, path_of
from jiwar.exchange.standing import epoch, restoring
from jiwar.exchange.this_node import ThisNode, cursors
from jiwar.identity.keys import ring
from jiwar.identity.queries import KeyRefused, neighbours, sealing_keys
from jiwar.identity.services import own_card
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7

LEAST, USUAL, MOST = 1_000_000, 2 << 30, pouches.size_of(pouches.MAX_CHUNKS)
"""Bytes of a pouch: the smallest and the largest that a person may choose, and what it is unless she chooses."""
LONGEST_REASON = 200
_ITEMS = 1_000
"""Items of a frame, well below what a frame may have."""
_LACKING = 400
"""Attachments that the writer asks for in one pouch."""
_CHUNK_ITEM = SEALED + 36
_EVER = 2**53
"""No window: what waits for weeks is more than a line would have under way."""
SealingKeys = Sequence[tuple[str, MLKEM768X25519PublicKey]]
Progress = Callable[[int], None]


def pack(
    by: Grant, node: str, path: Path | None = None, *, why: str, most: int = USUAL, progress: Progress = lambda _: None
) -> Pouch:
    """Seal what waits for a node into a file of at most `most` bytes, and write it: whole or not at all.

    What waits is sealed without a fresh word of the node's: from then on it is on its way, and no suspension holds it
    back. So a person decides it, and says why. Without a path it lies in this node's folder of pouches, to be fetched.
    `progress` hears the bytes that were written. Raises Refused.
    """
    by.check(Permission.EXCHANGE_POUCH_CARRY)
    to = _check(node, path, why, most)
    row = Pouch(uid=uuid7(timezone.now()), incoming=False, node=node, by=by.actor_id, why=why.strip())
    row.at = timezone.now()
    with transaction.atomic():
        row.save()
        append("pouch_begun", by, str(row.uid), {"to": node, "why": row.why})
    try:
        with _as_fault():
            _write(row, to, path or path_of(row.uid), most, progress)
    except BaseException as error:
        code = error.faults[0].code if isinstance(error, Refused) else "internal_error"
        row.state, row.code = Pouch.State.BROKEN, code
        with transaction.atomic():
            row.save()
            append("pouch_broken", by, str(row.uid), {"to": node, "code": code})
        raise
    with transaction.atomic():
        row.state, row.at = Pouch.State.WHOLE, timezone.now()
        row.save()
        append("pouch_packed", by, str(row.uid), {"to": node, "head": row.head, "size": row.size} | row.contents)
    return row


def _check(node: str, path: Path | None, why: str, most: int) -> SealingKeys:
    """The keys to seal it to; raises Refused."""
    faults = []
    if not neighbours().filter(code=node).exists():
        faults.append(Fault("not_in_list", "node"))
    if not why.strip():
        faults.append(Fault("missing", "why"))
    elif len(why.strip()) > LONGEST_REASON:
        faults.append(Fault("too_long", "why"))
    if not LEAST <= most <= MOST:
        faults.append(Fault("out_of_range", "most"))
    if path and path.exists():
        faults.append(Fault("file_exists", "file", path.name))
    if restoring():
        faults.append(Fault("node_restoring"))
    if open_fork(node):
        faults.append(Fault("ledger_forked", "node", node))
    if faults:
        raise Refused(*faults)
    try:
        return sealing_keys(node)
    except KeyRefused as refused:
        raise Refused(Fault(refused.code, "node", refused.key)) from None


@contextlib.contextmanager
def _as_fault() -> Iterator[None]:
    """What a disk says, full or gone, and what is said of a key, as a fault."""
    try:
        yield
    except KeyRefused as refused:
        raise Refused(Fault(refused.code, "node", refused.key)) from None
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        raise Refused(Fault("disk_full" if full else "file_not_written", "file", error.strerror or "")) from None


def _write(row: Pouch, to: SealingKeys, path: Path, most: int, progress: Progress) -> None:
    part = path.with_name(path.name + ".part")
    key = secrets.token_bytes(32)
    sealing = Sealing(key)
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
            file.seek(HEAD)
            contents = _Contents(row.node, sealing, most)
            for frame in contents.frames():
                if path.parent == folder():
                    leave_room()
                file.writelines(sealing.add(frame))
                progress(file.tell())
            file.writelines(sealing.end())
            head = _head(row, to, key, sealing.count)
            file.seek(0)
            file.write(head)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _fsync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    row.contents, row.size = contents.told(), pouches.size_of(sealing.count)
    progress(row.size)


def _head(row: Pouch, to: SealingKeys, key: bytes, chunks: int) -> bytes:
    signing = ring(settings.KEYS).signing[0]
    row.made_at = timezone.now().replace(microsecond=0)
    header = pouches.Header(row.uid, settings.NODE.code, row.node, row.made_at, chunks)
    data = pouches.write_head(header, key, sealing=to, signing_key=signing.id, signing_private=signing.private)
    row.head = pouches.read_head(data).hash
    return data


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Not every file system of a stick syncs a folder by itself.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


# --- what is in it ----------------------------------------------------------------------------------------------------


class _Contents:
    """The frames of one pouch, as long as there is room, and the count of what went in."""

    def __init__(self, node: str, sealing: Sealing, most: int) -> None:
        self._node, self._sealing, self._most = node, sealing, most
        self._lack = wanted(node, _LACKING)
        self._ledger: Mapping[str, object] = tell(node)
        self._problem = problem_for(node)
        self._from = last_words.reached(node)
        self._have = dict(self._from)
        self._receipts: dict[str, int] = {}
        self._counts = dict.fromkeys(("envelopes", "receipts", "chunks", "files", "files_left"), 0)
        self._said = False

    def frames(self) -> Iterator[bytes]:
        """In this order: receipts and evidence, envelopes, chunks. What the writer lacks is said in all of them."""
        for items in _shared(list(self._receipts_owed())):
            yield self._frame(receipts=items)
        for item in _evidence(self._node):
            yield self._frame(own=[item])
        yield from self._envelopes()
        yield from self._chunks()
        while self._lack or not self._said:
            yield self._frame()

    def told(self) -> dict[str, object]:
        """Counts for people; `streams` and `receipts_to`: up to which number, to see later whether it arrived."""
        rows = Stream.objects.filter(node=self._node, incoming=False, closed_at=None).values_list("name", "seq")
        left = sum(seq - self._have.get(name, Cursor()).seq for name, seq in rows) + _queued(self._node)
        streams = {name: cursor.seq for name, cursor in self._have.items() if cursor != self._from.get(name)}
        return {**self._counts, "left": left, "streams": streams, "receipts_to": self._receipts}

    def _room(self) -> int:
        """Bytes of items that the next frame may have beside its hello."""
        return min(ROOM, self._sealing.room(self._most) - hellos.MAX_BYTES - 5 * _ITEMS)

    def _receipts_owed(self) -> Iterator[bytes]:
        owed = last_words.owed(self._node)
        while found := arrival.receipts_for(self._node, owed):
            for item in found:
                receipt, _ = receipts.read(item)
                self._receipts[receipt.stream] = receipt.last
                owed[receipt.stream] = Sent(owed[receipt.stream].sealed, receipt.last)
                self._counts["receipts"] += receipt.last - receipt.first + 1
            yield from found

    def _envelopes(self) -> Iterator[bytes]:
        queued = -1
        while self._room() > 0:
            departure.seal(self._node, window=_EVER)
            batch = departure.past(self._node, self._have, self._room())
            if not batch:
                before, queued = queued, _queued(self._node)
                if queued in {0, before}:
                    return
                continue  # policy held back all that was looked at: there may be more behind
            if len(batch[0]) > self._room():
                return
            for name, group in groupby(batch, key=lambda data: envelopes.read(data).header.stream):
                for items in _shared(list(group)):
                    yield self._frame(envelopes=items)
                    last = envelopes.read(items[-1])
                    self._have[name] = Cursor(last.header.seq, last.hash)
                    self._counts["envelopes"] += len(items)

    def _chunks(self) -> Iterator[bytes]:
        me, node = ThisNode(reaching=False), self._node
        for blob, first in self._files():
            number = first
            while (room := self._room()) > _CHUNK_ITEM and (items := me.chunks(node, {blob: number}, room)):
                yield self._frame(chunks=items)
                number += len(items)
            self._counts["chunks"] += number - first
            self._counts["files"] += number > first
            self._counts["files_left"] += room <= _CHUNK_ITEM

    def _files(self) -> list[tuple[str, int]]:
        """Attachments that the node lacks, or will when it has taken these envelopes: by blob, the first chunk."""
        word = last_words.of(self._node)
        lack = dict(word.lack) if word else {}
        for blob in blobs_past(self._node, self._from, self._have):
            lack.setdefault(blob, 0)
        free = set(may_have(self._node, lack))
        return [(blob, number) for blob, number in lack.items() if blob in free]

    def _frame(self, **items: list[bytes]) -> bytes:
        lack = dict(list(self._lack.items())[: hellos.MAX_WANTED])
        have, sent, _ = cursors(self._node)
        key = ring(settings.KEYS).signing[0]
        hello = Hello(
            sender=settings.NODE.code,
            recipient=self._node,
            at=timezone.now().isoformat(),
            epoch=epoch(),
            nonce=secrets.token_hex(16),
            have=have,
            sent=sent,
            lack=lack,
            ledger={} if self._said else self._ledger,
            # Weeks may have passed since the reader heard of our newest key.
            card={} if self._said else json.loads(own_card()),
            problem=None if self._said else self._problem,
        )
        self._said = True
        self._lack = {blob: number for blob, number in self._lack.items() if blob not in lack}
        return frames.write(Frame(hellos.sign(hello, key.id, key.private), **items))


def _queued(node: str) -> int:
    return Outgoing.objects.filter(node=node, state=Outgoing.State.QUEUED).count()


def _shared(items: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Items in lists that a frame takes."""
    some: list[bytes] = []
    size = 0
    for item in items:
        if some and (len(some) == _ITEMS or size + len(item) > ROOM):
            yield some
            some, size = [], 0
        some.append(item)
        size += len(item)
    if some:
        yield some


def _evidence(node: str) -> list[bytes]:
    """The newest envelope that we took of each stream of the node's newest epoch: if it does not know one of them, it
    runs from an old copy."""
    rows = Stream.objects.filter(node=node, incoming=True, seq__gt=0).exclude(newest=None)
    named = {streams.parse(row.name): row for row in rows}
    newest = max((name.epoch for name in named), default=0)
    last = {name.lane: name for name in sorted(named) if name.epoch == newest}
    return [bytes(named[name].newest) for name in last.values()]


def problem_for(node: str) -> Problem | None:
    """What stopped the newest pouch of the node's here, for it to hear of."""
    row = Pouch.objects.filter(node=node, incoming=True).first()
    return (
        Problem(row.stopped[0][1], f"{row.stopped[0][0]} {row.stopped[0][2]}".strip()[:300])
        if row and row.stopped
        else None
    )


def blobs_past(node: str, start: Mapping[str, Cursor], end: Mapping[str, Cursor]) -> list[str]:
    """Attachments of the records whose envelopes stand between two points of the streams to a node: one query."""
    between = Q()
    for name, cursor in end.items():
        between |= Q(stream__name=name, seq__gt=start.get(name, Cursor()).seq, seq__lte=cursor.seq)
    if not between:
        return []
    sealed = Sealed.objects.filter(between, stream__node=node, stream__incoming=False)
    rows = Attached.objects.filter(Exists(sealed.filter(outgoing__record=OuterRef("record"))))
    return list(dict.fromkeys(rows.order_by("id").values_list("blob", flat=True)))
