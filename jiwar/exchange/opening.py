"""Opening a pouch: its frames are taken one by one, as if a line had brought them, but for what they say of the time.

Each frame is on the disk before the next is read, and where the next begins is noted: who was interrupted goes on
there with the same file, and a pouch that was taken whole changes nothing any more. All that is in it proves itself;
what does not is passed over or stops its stream, and the answer says so.
"""

import contextlib
import errno
import fcntl
import os
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import CheckpointInvalid, LedgerForked, append, told
from jiwar.exchange import arrival, departure, last_words, links, restore
from jiwar.exchange.attached import begin, keep
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import pouch as pouches
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.conversation import NotUnderstood
from jiwar.exchange.logic.envelope import EnvelopeInvalid
from jiwar.exchange.logic.frame import Frame, FrameInvalid
from jiwar.exchange.logic.hello import Hello
from jiwar.exchange.logic.pouch import HEAD, SEALED, Head, Opening, PouchInvalid
from jiwar.exchange.logic.signed import SignedInvalid
from jiwar.exchange.models import Pouch
from jiwar.exchange.pouch_folder import folder
from jiwar.exchange.standing import restoring
from jiwar.exchange.this_node import CHUNK_PLACE, ThisNode
from jiwar.exchange.wake import ring as ring_bell
from jiwar.identity.keys import ring
from jiwar.identity.queries import KeyRefused, neighbours, signing_key
from jiwar.wire.faults import Fault, Refused

Progress = Callable[[int, int], None]
_EVIDENCE = 4
"""Envelopes of our own in a frame that are looked at."""
MOST_STOPS = 20
"""Streams of which a pouch's answer says why they were stopped."""
MOST_IDLE, _SMALL = 20_000, 10_000
"""Items below so many bytes that come to nothing: a pouch of them must not cost hours."""


def open_pouch(by: Grant, file: BinaryIO, *, progress: Progress = lambda done, size: None) -> Pouch:
    """Take what a pouch brings; the answer says what came, what was refused and why.

    `progress` hears the bytes that were read and the size of the file. Raises Refused for a file that is no pouch, or
    not for us, or from nobody that we know, and where it could not be read to its end: what came before stays taken.
    """
    by.check(Permission.EXCHANGE_POUCH_CARRY)
    if restoring():
        raise Refused(Fault("node_restoring"))
    try:
        with _as_fault():
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            head, key = _head(file)
    except Refused as refused:
        _turn_away(by, file, refused.faults[0].code)
        raise
    with _alone(head):
        try:
            row = _row(by, head)
        except Refused as refused:
            _turn_away(by, file, refused.faults[0].code)
            raise
        if row.state == Pouch.State.WHOLE and not row.stopped:
            return row
        if row.state == Pouch.State.WHOLE:
            # What stopped a stream may be mended here since (a clock, a key): all of it is looked at again.
            row.state, row.offset, row.contents, row.stopped = Pouch.State.BEGUN, 0, {}, []
        try:
            with _as_fault():
                _Reading(row, head, key).read(file, size, progress)
        except Refused as refused:
            row.state, row.code, row.detail = Pouch.State.BROKEN, refused.faults[0].code, refused.faults[0].detail[:300]
            raise
        else:
            row.state, row.code, row.detail = Pouch.State.WHOLE, "", ""
        finally:
            with contextlib.suppress(OperationalError):  # a full disk: the next time says it
                _close(by, row)
            ring_bell()
    return row


def _head(file: BinaryIO) -> tuple[Head, bytes]:
    """The head, believed, and the key of the chunks; raises PouchInvalid, KeyRefused or Refused."""
    head = pouches.read_head(file.read(HEAD))
    header = head.header
    if header.recipient == settings.NODE.code and not neighbours().filter(code=header.sender).exists():
        raise Refused(Fault("pouch_of_stranger", "file", header.sender))
    own = {key.id: key.private for key in ring(settings.KEYS).sealing}
    try:
        public = signing_key(header.sender, head.signing_key, header.at)
    except KeyRefused:
        _introduce(file, head, own)
        public = signing_key(header.sender, head.signing_key, header.at)
    pouches.verify(head, public, settings.NODE.code)
    return head, pouches.content_key(head, own)


def _introduce(file: BinaryIO, head: Head, own: Mapping[str, MLKEM768X25519PrivateKey]) -> None:
    """A key that is new to us, the card in the first frame's hello may prove, as on a line."""
    with contextlib.suppress(PouchInvalid, FrameInvalid, NotUnderstood):
        opening = Opening(pouches.content_key(head, own), head.header)
        while len(data := file.read(SEALED)) == SEALED and not opening.ended:
            for frame in opening.add(data):
                ThisNode(reaching=False, live=False).believe(frames.read(frame).hello)
                return


def _turn_away(by: Grant, file: BinaryIO, code: str) -> None:
    """A leaf for a file of which nothing was used: its first bytes' hash, and who brought it."""
    with contextlib.suppress(OSError), transaction.atomic():
        file.seek(0)
        append("pouch_refused", by, settings.NODE.code, {"code": code, "head": sha256(file.read(HEAD)).hexdigest()})


def _row(by: Grant, head: Head) -> Pouch:
    header, now = head.header, timezone.now()
    with transaction.atomic():
        row, new = Pouch.objects.select_for_update().get_or_create(
            uid=header.id,
            incoming=True,
            node=header.sender,
            defaults={"by": by.actor_id, "at": now, "made_at": header.at, "size": header.size, "head": head.hash},
        )
        if row.head != head.hash:
            raise Refused(Fault("pouch_id_reused", "file", str(header.id)))
        if row.state != Pouch.State.WHOLE or row.stopped:
            row.at = now
            row.save(update_fields=["at"])
            detail = {"from": header.sender, "head": head.hash, "made_at": header.at.isoformat()}
            append("pouch_opened", by, str(row.uid), detail if new else detail | {"goes_on_at": row.offset})
    return row


def _close(by: Grant, row: Pouch) -> None:
    with transaction.atomic():
        row.save()
        detail = {"from": row.node, "code": row.code, "stopped": row.stopped} | row.contents
        append("pouch_taken" if row.state == Pouch.State.WHOLE else "pouch_stopped", by, str(row.uid), detail)


class _Reading:
    """One reading of a pouch, from where the one before it stopped."""

    def __init__(self, row: Pouch, head: Head, key: bytes) -> None:
        self._row, self._peer = row, head.header.sender
        self._opening = Opening(key, head.header, row.offset)
        self._me = ThisNode(reaching=False, live=False)
        self._counts: Counter[str] = Counter({name: n for name, n in row.contents.items() if name != "refused"})
        self._refused: Counter[str] = Counter(row.contents.get("refused", {}))
        self._stopped: dict[str, list[str]] = {stop[0]: stop for stop in row.stopped}
        self._hello: tuple[bytes, Hello] | None = None
        self._lack: dict[str, int] = {}
        self._old, self._idle = False, 0

    def read(self, file: BinaryIO, size: int, progress: Progress) -> None:
        """Take every frame; raises Refused, PouchInvalid, OSError."""
        opening, whole = self._opening, self._row.size
        if size > whole:
            raise Refused(Fault("pouch_too_long", "file"))
        file.seek(HEAD + opening.number * SEALED)
        while not opening.ended:
            number = opening.number
            data = file.read(SEALED)
            if len(data) < SEALED:
                raise Refused(Fault("pouch_cut", "file", str(number + 1)))
            for frame in opening.add(data):
                self._take(frame, number + 1)
                self._note()
            progress(file.tell(), whole)
        if self._hello and not self._old:
            last_words.note(self._hello[1], fresh=False, lack=self._lack)

    def _note(self) -> None:
        """Where the next reading goes on, and what came so far."""
        row = self._row
        row.offset, row.contents = self._opening.offset, self._told()
        row.stopped = list(self._stopped.values())[:MOST_STOPS]
        row.save(update_fields=["offset", "contents", "stopped"])

    def _told(self) -> dict[str, Any]:
        return {**self._counts, "refused": dict(self._refused)}

    # --- a frame ------------------------------------------------------------------------------------------------------

    def _take(self, data: bytes, number: int) -> None:
        try:
            frame = frames.read(data)
            hello = self._believe(frame)
            self._evidence(frame)
            self._hear(hello)
            for item in frame.receipts:
                self._settle(item)
            for stream, batch in groupby(frame.envelopes, key=_stream):
                self._envelopes(stream, list(batch))
            for item in frame.chunks:
                self._keep(item)
        except (FrameInvalid, NotUnderstood) as invalid:
            raise PouchInvalid("pouch_frame", f"{number} {invalid.code}") from None
        if self._idle > MOST_IDLE:
            raise PouchInvalid("pouch_frame", f"{number} idle")

    def _believe(self, frame: Frame) -> Hello:
        """The hello of a frame; one that is the same as before is not verified again."""
        if self._hello is not None and self._hello[0] == frame.hello:
            return self._hello[1]
        hello = self._me.believe(frame.hello)
        if hello.sender != self._peer:
            raise NotUnderstood("hello_of_other", hello.sender)
        self._hello = frame.hello, hello
        return hello

    def _evidence(self, frame: Frame) -> None:
        if frame.own:
            self._me.shown(self._peer, frame.own[:_EVIDENCE])
            if restoring():
                raise Refused(Fault("node_restoring"))

    def _hear(self, hello: Hello) -> None:
        """What a hello says of its writer, which may have been long ago: no clock, no contact, and nothing lowered but
        by the first words of a new epoch."""
        self._lack |= hello.lack
        before = links.of(self._peer).epoch
        self._old = hello.epoch < before
        try:
            if shown := told(self._peer, dict(hello.ledger)).restored:
                restore.notice(self._peer, {"checkpoint": shown})
                raise Refused(Fault("node_restoring"))
        except LedgerForked:
            raise Refused(Fault("ledger_forked", "file", self._peer)) from None
        except (CheckpointInvalid, KeyRefused):
            self._counts["ledger_passed"] += 1
        if self._old:
            return
        if hello.epoch > before:
            self._counts["given_back"] += restore.give_back(self._peer, hello.sent)
            # Every receipt that we hold is of before its restore: the first words of an epoch say what is left of them.
            departure.lost(self._peer, hello.have)
            links.begun(self._peer, hello.epoch)
        last_words.note(hello, fresh=False)
        if hello.problem is not None:
            with contextlib.suppress(KeyRefused):  # no key of its is good now: what is sealed stays
                anew = departure.stuck(self._peer, hello.problem, last_words.reached(self._peer))
                self._counts["sealed_anew"] += anew

    def _settle(self, item: bytes) -> None:
        try:
            settled = 0 if self._old and self._is_void(item) else departure.settle(self._peer, [item])
        except (NotUnderstood, SignedInvalid):
            settled = 0
        self._counts["receipts_passed"] += not settled
        self._counts["settled"] += settled
        self._idle += not settled

    def _is_void(self, item: bytes) -> bool:
        """Whether a receipt of an epoch that has ended speaks of what its writer may have lost since."""
        receipt, _ = receipts.read(item)
        word = last_words.of(self._peer)
        return word is None or receipt.last > word.have.get(receipt.stream, 0)

    def _envelopes(self, stream: str, batch: Sequence[bytes]) -> None:
        """Envelopes of one stream; what stops it leaves the others alone."""
        if stream in self._stopped:
            self._counts["stopped"] += len(batch)
            return
        taken = arrival.take(self._peer, batch)
        results = Counter(each.result.status for each in taken.arrivals if each.result)
        self._counts.update({"applied": results["applied"], "kept": results["kept"]})
        self._refused.update(
            each.result.code for each in taken.arrivals if each.result and each.result.status == "refused"
        )
        if self._old:
            records = [each.record for each in taken.arrivals if each.record]
            self._counts["given_back"] += restore.give_records_back(self._peer, records)
        if taken.problem is None:
            self._counts["again"] += len(batch) - taken.count
            return
        code, detail = taken.problem.code, taken.problem.detail
        if code in {"internal_error", "restoring"}:  # ours: the same frame is tried again
            raise Refused(Fault("node_restoring" if code == "restoring" else code))
        self._stopped[stream] = [stream, code, detail]
        self._counts["stopped"] += len(batch) - taken.count

    def _keep(self, item: bytes) -> None:
        try:
            raw, number = CHUNK_PLACE.unpack_from(item)
            wanted = begin(self._peer, raw.hex()) is not None
            if wanted:
                keep(raw.hex(), number, item[CHUNK_PLACE.size :])
        except struct.error:
            wanted = False
        except Refused as refused:
            if refused.faults[0].code == "disk_full":
                raise
            wanted = False
        self._counts["chunks" if wanted else "chunks_passed"] += 1
        self._idle += not wanted and len(item) < _SMALL


def _stream(data: bytes) -> str:
    """The stream that an envelope says to be of; "" for what is none, which then stops nothing else."""
    try:
        return envelopes.read(data).header.stream
    except EnvelopeInvalid:
        return ""


@contextlib.contextmanager
def _alone(head: Head) -> Iterator[None]:
    """Nobody else opens this pouch here at this moment."""
    descriptor = os.open(folder() / f"{head.header.id}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(Fault("pouch_open_elsewhere", "file")) from None
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _as_fault() -> Iterator[None]:
    """What is wrong with a file, a key or a disk, as a fault."""
    try:
        yield
    except PouchInvalid as invalid:
        raise Refused(Fault(invalid.code, "file", invalid.detail)) from None
    except KeyRefused as refused:
        raise Refused(Fault(refused.code, "file", refused.key)) from None
    except OperationalError as error:
        if "full" in str(error) or "No space" in str(error):
            raise Refused(Fault("disk_full", "file")) from None
        raise
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise Refused(Fault("disk_full" if full else "pouch_unreadable", "file", error.strerror or "")) from None
