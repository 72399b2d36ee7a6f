"""Arrival: envelopes are opened before the transaction and taken inside it, many at a time; receipts say what became
of them.
"""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.queries import Open, Verdict, brought, facts_of, may_receive, retention, steady
from jiwar.audit.services import Act, append_all, note_of_tree
from jiwar.exchange import store, turned_away
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import message as messages
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic import streams
from jiwar.exchange.logic.conversation import NotUnderstood
from jiwar.exchange.logic.envelope import Envelope, EnvelopeInvalid
from jiwar.exchange.logic.hello import Problem, Sent
from jiwar.exchange.logic.message import Message, MessageInvalid, MessageUnknown
from jiwar.exchange.logic.receipt import Receipt, Result
from jiwar.exchange.logic.streams import Cursor, Misplaced
from jiwar.exchange.models import Incoming, Stream
from jiwar.exchange.restore import regain
from jiwar.exchange.standing import restoring
from jiwar.exchange.where import where
from jiwar.identity.keys import ring
from jiwar.identity.queries import PASSING, KeyRefused, known_neighbours, one_look, signing_key
from jiwar.records.arrivals import Checked, check, keep
from jiwar.records.services import Record
from jiwar.sql import Row
from jiwar.wire.faults import Fault, Refused

_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
log = logging.getLogger(__name__)


class Rejected(Exception):
    """An envelope that was not taken: nothing is written but a ledger leaf. `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Arrival:
    """An envelope on its way in. After `_open`: its message or why it has none; after `_take`: what became of it."""

    envelope: Envelope
    payload: bytes
    message: Message | None = None
    checked: Checked | None = None
    unknown: str = ""
    refusal: Result | None = None
    result: Result | None = None
    record: Record | None = None

    @property
    def alone(self) -> bool:
        """Whether it may change what the next one meets: a policy, the use of another record, our own past."""
        kind = self.checked.kind if self.checked else None
        return kind is None or kind.instrument or self.message is None or self.message.place is not None


@dataclass(slots=True)
class Taken:
    """What became of a batch: how many were taken now, and what stopped it early; the envelope, where one did."""

    count: int = 0
    problem: Problem | None = None
    rejected: bytes = b""
    arrivals: list[Arrival] = field(default_factory=list)


def take(sender: str, batch: Sequence[bytes]) -> Taken:
    """Take envelopes of one sender in their order, all in one transaction that is on the disk when this returns.

    An envelope that was taken before is passed over. One that cannot be believed, or does not follow in its stream,
    stops the batch; one that is genuine and not acceptable is taken, and its receipt says `refused` and why.
    """
    if restoring():
        return Taken(problem=Problem("restoring"))
    with one_look():
        opened = list(_open(sender, batch))
    taken = _together(sender, opened, batch)
    if taken.problem and taken.rejected:
        turned_away.note("message_rejected", sender, taken.problem.code, taken.rejected)
    return taken


def _together(sender: str, opened: Sequence[Arrival | Rejected], batch: Sequence[bytes]) -> Taken:
    try:
        try:
            with steady(), transaction.atomic():
                return _take(sender, opened, batch)
        except Refused:
            # What a kind made of its record refused that record alone: once more, with a way back for each.
            with steady(), transaction.atomic():
                return _take(sender, opened, batch, careful=True)
    except (NotUnderstood, OperationalError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, the messages before it are taken
        # Our fault, not the sender's. One by one, what comes before it stands, and it is asked for again.
        log.error("exchange: a batch of %s failed: %s", sender, where(error))  # noqa: TRY400 - no content
        return _one_by_one(sender, opened, batch)


def _one_by_one(sender: str, opened: Sequence[Arrival | Rejected], batch: Sequence[bytes]) -> Taken:
    whole = Taken()
    for each, data in zip(opened, batch, strict=False):
        try:
            with steady(), transaction.atomic():
                taken = _take(sender, [each], [data], careful=True)
        except (NotUnderstood, OperationalError):
            raise
        except Exception as error:  # noqa: BLE001
            log.error("exchange: a message of %s failed: %s", sender, where(error))  # noqa: TRY400 - no content
            taken = Taken(problem=Problem("internal_error"))
        whole.count += taken.count
        whole.arrivals += taken.arrivals
        if taken.problem:
            whole.problem, whole.rejected = taken.problem, taken.rejected
            break
    return whole


# --- before the transaction -------------------------------------------------------------------------------------------


def _open(sender: str, batch: Sequence[bytes]) -> Iterator[Arrival | Rejected]:
    """Open envelopes up to the first that cannot be believed: crypto holds no lock."""
    now = timezone.now()
    keys = {key.id: key.private for key in ring(settings.KEYS).sealing}
    for data in batch:
        try:
            yield _open_one(sender, data, now, keys)
        except KeyRefused as refused:
            yield Rejected(refused.code, refused.key)
            return
        except EnvelopeInvalid as invalid:
            yield Rejected(invalid.code, invalid.detail)
            return
        except Rejected as rejected:
            yield rejected
            return


def _open_one(sender: str, data: bytes, now: dt.datetime, keys: Mapping[str, MLKEM768X25519PrivateKey]) -> Arrival:
    envelope = envelopes.read(data)
    if envelope.header.sender != sender:
        raise Rejected("sender_unknown", envelope.header.sender)
    # A memory stick may be found after the certificate has ended: what counts is when it was sealed.
    public = signing_key(sender, envelope.signing_key, envelope.header.made_at)
    envelopes.verify(envelope, public, settings.NODE.code, now)
    arrival = Arrival(envelope, envelopes.unseal(envelope, keys))
    _read(arrival)
    return arrival


def _read(arrival: Arrival) -> None:
    """The message of an opened envelope, or why it has none."""
    arrival.refusal = None
    try:
        arrival.message = messages.read(arrival.payload)
        if arrival.message.place is None:
            signed = arrival.message.signed
            arrival.checked = check(signed.statement, signed.key, signed.signature, signed.cosignature)
    except MessageUnknown as unknown:
        arrival.unknown = unknown.type
    except MessageInvalid as invalid:
        arrival.refusal = Result("refused", "wrong_form", invalid.field)
    except Refused as refused:
        if refused.faults[0].code == "version_unknown":
            arrival.unknown = "statement"
        else:
            arrival.refusal = _refusal(refused)


# --- inside it --------------------------------------------------------------------------------------------------------


def _take(sender: str, opened: Sequence[Arrival | Rejected], batch: Sequence[bytes], *, careful: bool = False) -> Taken:
    """Raises Refused, unless `careful`, where what a kind makes of a record refuses it."""
    taken = Taken()
    rows = _lock(sender, opened)
    before = _taken_before(rows, opened)
    fresh: list[Arrival] = []
    for each, data in zip(opened, batch, strict=False):
        try:
            if isinstance(each, Rejected):
                raise each
            if _follows(rows[each.envelope.header.stream], each.envelope, data, before):
                fresh.append(each)
        except Rejected as rejected:
            taken.problem, taken.rejected = Problem(rejected.code, rejected.detail[:300]), data
            break
    for run in _runs(fresh):
        _apply(sender, run, careful=careful)
    now = timezone.now()
    places = [
        Incoming(
            stream=rows[each.envelope.header.stream],
            seq=each.envelope.header.seq,
            hash=each.envelope.hash,
            record=each.record,
            status=each.result.status,
            code=each.result.code,
            detail=each.result.detail,
            payload=each.payload if each.unknown else None,
            received_at=now,
        )
        for each in fresh
        if each.result
    ]
    store.keep_taken(places, [row for row in rows.values() if row.newest is not None])
    append_all(_BY, [_act(sender, each) for each in fresh])
    taken.count, taken.arrivals = len(fresh), fresh
    return taken


def _lock(sender: str, opened: Sequence[Arrival | Rejected]) -> dict[str, Stream]:
    """The rows of the streams in a batch, locked in the order of their names, made where they are new."""
    names = sorted({each.envelope.header.stream for each in opened if isinstance(each, Arrival)})
    if sender not in known_neighbours():
        raise NotUnderstood("sender_unknown", sender)
    rows = {row.name: row for row in store.streams(sender, incoming=True, names=names, lock=True)} if names else {}
    if new := [name for name in names if name not in rows]:
        store.begin(sender, new, incoming=True)
        rows = {row.name: row for row in store.streams(sender, incoming=True, names=names, lock=True)}
    for row in rows.values():
        row.newest = None
    return rows


def _taken_before(rows: Mapping[str, Stream], opened: Sequence[Arrival | Rejected]) -> dict[tuple[str, int], str]:
    """Hashes of the envelopes that were taken under numbers of a batch, by stream and number."""
    headers = [each.envelope.header for each in opened if isinstance(each, Arrival)]
    found: dict[tuple[str, int], str] = {}
    for name, row in rows.items():
        if known := [header.seq for header in headers if header.stream == name and header.seq <= row.seq]:
            hashes = Incoming.objects.filter(stream=row, seq__in=known).values_list("seq", "hash")
            found |= {(name, seq): hash_ for seq, hash_ in hashes}
    return found


def _follows(row: Stream, envelope: Envelope, data: bytes, before: Mapping[tuple[str, int], str]) -> bool:
    """Whether an envelope is the next of its stream, which then moves on; False for one that was taken before."""
    header, cursor = envelope.header, Cursor(row.seq, row.head)
    try:
        if header.seq <= row.seq:
            streams.check_known(cursor, header.seq, envelope.hash, before.get((row.name, header.seq)))
            return False
        cursor = streams.follow(cursor, header.seq, header.prev, envelope.hash)
    except Misplaced as misplaced:
        raise Rejected(misplaced.code, f"{row.name} {misplaced.expected}") from None
    row.seq, row.head, row.newest = cursor.seq, cursor.head, data
    return True


def _runs(fresh: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    """Messages that can be stored together: different records, nothing among them that changes the rest's world."""
    run: list[Arrival] = []
    uids: set[str] = set()
    for each in fresh:
        uid = each.checked.data["id"] if each.checked else ""
        if run and (each.alone or uid in uids):
            yield run
            run, uids = [], set()
        run.append(each)
        uids.add(uid)
        if each.alone:
            yield run
            run, uids = [], set()
    if run:
        yield run


def _apply(sender: str, run: Sequence[Arrival], *, careful: bool) -> None:
    """The business effect of messages that belong together: each gets its result, and its record where it has one."""
    judged: dict[Any, Verdict | Fault | None] = {}
    free: list[tuple[Arrival, dt.datetime | None]] = []
    now = timezone.now()
    for each in run:
        if each.refusal and each.refusal.code in PASSING:
            _read(each)  # a card or a list before it in the batch may have made the key known
        each.result, each.record = each.refusal, None
        if each.result is not None:
            continue
        if each.unknown:
            each.result = Result("kept", "not_understood", each.unknown)
            continue
        if each.message is not None and each.message.place is not None:
            _regain(sender, each, each.message)
            continue
        assert each.checked is not None
        asked = _asked(sender, each.checked)
        if asked not in judged:
            judged[asked] = _judge(sender, each.checked, now)
        verdict = judged[asked]
        if isinstance(verdict, Fault):
            each.result = _refusal(Refused(verdict))
        else:
            valid_until = dt.datetime.fromisoformat(each.checked.data["content"]["valid_until"])
            free.append((each, retention(verdict, now, valid_until) if isinstance(verdict, Open) else None))
    for (each, _), kept in zip(free, _keep(sender, free, careful=careful) if free else (), strict=True):
        if isinstance(kept, Refused):
            each.result = _refusal(kept)
        else:
            unread = kept.state == Record.State.NOT_UNDERSTOOD
            each.record = kept
            each.result = Result("kept", "not_understood") if unread else Result("applied")


def _keep(sender: str, free: Sequence[tuple[Arrival, dt.datetime | None]], *, careful: bool) -> list[Record | Refused]:
    """Keep records together; `careful`: where one of them is refused by what its kind makes of it, one by one."""
    checked, until = [each.checked for each, _ in free if each.checked], [until for _, until in free]
    if not careful:
        return keep(_BY, checked, sender, until)
    try:
        with transaction.atomic():
            return keep(_BY, checked, sender, until)
    except Refused as refused:
        if len(free) == 1:
            return [refused]
        return [kept for each in free for kept in _keep(sender, [each], careful=True)]


def _regain(sender: str, arrival: Arrival, message: Message) -> None:
    try:
        with transaction.atomic():
            arrival.record = regain(sender, message)
        arrival.result = Result("applied")
    except Refused as refused:
        arrival.result = _refusal(refused)


def _asked(sender: str, checked: Checked) -> tuple[object, ...]:
    """What a judgement depends on: records that agree in it are judged once."""
    data = checked.data
    facts = facts_of(data, sender[:3])
    return data["node"], data["kind"], data["kind_version"], data["content"]["purpose"], *sorted(facts.items())


def _judge(sender: str, checked: Checked, now: dt.datetime) -> Verdict | Fault | None:
    """Whether a record may come from this sender: the clause that opens the way, None where none is needed, or why not.

    The recipient asks the same agreements as the sender did.
    """
    data = checked.data
    if sender[:3] == settings.NODE.state:
        # A post hears the world through its national node; a national node hears a post about that post alone.
        if settings.NODE.role == "national" and data["node"] != sender:
            return Fault("not_the_origin", "node", data["node"][:30])
        return None
    if checked.kind is not None and checked.kind.instrument:
        free = data["origin"] == sender[:3] or brought(data, sender[:3])
        return None if free else Fault("onward_not_allowed", "origin", data["origin"])
    facts = facts_of(data, sender[:3])
    verdict = may_receive(data["kind"], data["content"]["purpose"], sender[:3], now, **facts)
    return verdict if verdict.open else Fault(verdict.code, "agreement", verdict.agreement)


def _refusal(refused: Refused) -> Result:
    fault = refused.faults[0]
    return Result("refused", fault.code[:60], f"{fault.field} {fault.detail}".strip()[:300])


def _act(sender: str, arrival: Arrival) -> Act:
    """The ledger leaf of one message that was taken."""
    header, record, result = arrival.envelope.header, arrival.record, arrival.result
    detail = {"from": sender, "stream": header.stream, "seq": header.seq, "envelope": arrival.envelope.hash}
    if record is None or result is None or result.status == "refused":
        refused = result is not None and result.status == "refused"
        detail |= {"code": result.code if result else ""}
        return Act("message_refused" if refused else "message_kept", str(header.id), detail)
    detail |= {"kind": record.kind, "version": record.version, "hash": record.hash}
    return Act("record_received", str(record.uid), detail)


# --- receipts ---------------------------------------------------------------------------------------------------------


def receipts_for(sender: str, sent: Mapping[str, Sent]) -> list[bytes]:
    """Receipts for what was taken beyond those that the sender says it holds; one for each of its streams at most.

    They are made from what the disk holds, so that a receipt that was lost on the way is simply made again.
    """
    owed = {name: receipts.owed(said.sealed, said.acked) for name, said in sorted(sent.items())}
    owed = {name: numbers for name, numbers in owed.items() if numbers}
    if not owed or restoring():
        return []
    taken = store.taken(sender, owed)
    return [_receipt(sender, name, rows) for name, rows in zip(owed, taken, strict=True) if rows]


def _receipt(sender: str, stream: str, rows: Sequence[Row]) -> bytes:
    key = ring(settings.KEYS).signing[0]
    receipt = Receipt(
        sender=settings.NODE.code,
        recipient=sender,
        stream=stream,
        first=rows[0][0],
        last=rows[-1][0],
        head=rows[-1][4],
        results=tuple(Result(status, code, detail) for _, status, code, detail, _ in rows),
        at=timezone.now().isoformat(),
        checkpoint=note_of_tree(),
    )
    return receipts.sign(receipt, key.id, key.private)


def read_again() -> int:
    """After an upgrade: take the messages that were kept because their type was not known. Returns how many."""
    count = 0
    for row in Incoming.objects.filter(status="kept", record=None).exclude(payload=None).select_related("stream"):
        try:
            message = messages.read(bytes(row.payload))
            signed = message.signed
            checked = check(signed.statement, signed.key, signed.signature, signed.cosignature)
        except (MessageUnknown, MessageInvalid, Refused):
            continue
        with transaction.atomic():
            fault = _judge(row.stream.node, checked, timezone.now())
            [kept] = [Refused(fault)] if isinstance(fault, Fault) else keep(_BY, [checked], row.stream.node)
            row.payload = None
            if isinstance(kept, Refused):
                row.status, row.code, row.detail = _refusal(kept)
            else:
                row.status, row.code, row.record = "applied", "", kept
            row.save()
            append_all(_BY, [Act("record_understood", str(kept.uid if isinstance(kept, Record) else row.pk), {})])
        count += 1
    return count
