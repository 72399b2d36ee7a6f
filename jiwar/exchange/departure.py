"""Departure: what waits for a node is numbered, chained and sealed, carried from any point, and closed by receipts."""

import base64
import contextlib
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.agreements.queries import CHANGEABLE, facts_of, steady
from jiwar.audit.services import Act, CheckpointInvalid, LedgerForked, append, append_all, keep_checkpoint
from jiwar.exchange import routing, store
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import outbox, streams
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.conversation import Have, NotUnderstood
from jiwar.exchange.logic.hello import Problem
from jiwar.exchange.logic.message import Message, Place, Signed, write
from jiwar.exchange.logic.signed import Signed as SignedJson
from jiwar.exchange.logic.signed import SignedInvalid
from jiwar.exchange.logic.streams import Lane, Name
from jiwar.exchange.models import Incoming, Outgoing, Receipt, Sealed, Stream
from jiwar.exchange.standing import epoch, restoring
from jiwar.exchange.wake import wake_courier
from jiwar.identity.keys import ring
from jiwar.identity.queries import PASSING, KeyRefused, one_look, sealing_keys, signing_key
from jiwar.records.kinds import KINDS, WITHDRAWAL
from jiwar.sql import insert_all
from jiwar.wire.ids import uuid7

BATCH = 256
"""Messages sealed in one transaction."""

_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
_at_hand: dict[str, list[Sealed]] = {}
"""What this process sealed for each node and has not put into a frame: it need not be read again."""


# --- sealing ----------------------------------------------------------------------------------------------------------


def seal(node: str, window: int = streams.WINDOW) -> list[Sealed]:
    """Seal the next messages for a node, urgent ones first, then by priority and age. Returns what was sealed.

    Policy is asked again at this moment: an agreement that was suspended after a record was queued holds it back.
    `window`: messages of a lane that may be sealed and not receipted.
    """
    _, queued = store.outlook(node)
    return _seal_lanes(node, [lane for lane in Lane if lane in queued], window)


def _seal_lanes(node: str, lanes: Sequence[Lane], window: int = streams.WINDOW) -> list[Sealed]:
    made: list[Sealed] = []
    if not lanes or restoring():
        return made
    with steady(), transaction.atomic():
        for lane in lanes:
            stream = _open_stream(node, lane)
            room = min(BATCH - len(made), streams.free_places(stream, window))
            if room > 0:
                made += _seal(stream, _may_leave(store.next_queued(node, lane, room)))
    return made


def _open_stream(node: str, lane: Lane) -> Stream:
    """The stream of a lane in which the next message is sealed, locked; a new one where the last was given up."""
    while True:
        found = streams.open_stream(store.streams(node, incoming=False, lock=True), lane, epoch())
        if not isinstance(found, Name):
            return found
        store.begin(node, [str(found)], incoming=False)


def _may_leave(rows: Sequence[Outgoing]) -> list[Outgoing]:
    """Those of the rows that may leave now; the others are held or never sent, and say why."""
    free, stay, acts = [], [], []
    verdicts: dict[tuple[object, ...], routing.Verdict | routing.Free] = {}
    for row in rows:
        record, verdict = row.record, None
        before = row.agreement, row.clause
        if row.node[:3] != settings.NODE.state and not row.returned:
            facts = sorted(facts_of(record.data, settings.NODE.state).items())
            asked = (record.kind, record.kind_version, record.purpose, *facts)
            if asked not in verdicts:
                verdicts[asked] = routing.policy(record, KINDS[record.kind, record.kind_version], row.node)
            verdict = verdicts[asked]
            row.agreement, row.clause = verdict.agreement, verdict.clause
        always = row.returned or record.kind == WITHDRAWAL.name
        row.state, row.reason, _ = outbox.leaving(record.state, verdict, always=always)
        if row.state != Outgoing.State.QUEUED:
            stay.append(row)
            if row.state == Outgoing.State.HELD:
                detail = {"to": row.node, "reason": row.reason, "agreement": row.agreement}
                acts.append(Act("message_held", str(record.uid), detail))
            continue
        if before != (row.agreement, row.clause):
            row.save(update_fields=["agreement", "clause"])
        free.append(row)
    if stay:
        Outgoing.objects.bulk_update(stay, ["state", "reason", "agreement", "clause"])
    if acts:
        append_all(_BY, acts)
    return free


def _seal(stream: Stream, rows: Sequence[Outgoing]) -> list[Sealed]:
    if not rows:
        return []
    now = timezone.now()
    key, sealing = ring(settings.KEYS).signing[0], sealing_keys(stream.node)
    made, acts = [], []
    for row in rows:
        header = envelopes.Header(
            id=uuid7(now),
            sender=settings.NODE.code,
            recipient=stream.node,
            stream=stream.name,
            seq=stream.seq + 1,
            prev=stream.head,
            expires=now + outbox.KEPT_FOR,
        )
        data = envelopes.seal(
            header, write(_message(row)), sealing=sealing, signing_key=key.id, signing_private=key.private
        )
        stream.seq, stream.head = header.seq, envelopes.hash_of(data)
        made.append(Sealed(stream=stream, seq=stream.seq, hash=stream.head, envelope=data, outgoing=row, sealed_at=now))
        detail = {"to": stream.node, "stream": stream.name, "seq": stream.seq, "hash": stream.head}
        detail |= {"clause": row.clause}
        acts.append(Act("message_sealed", str(row.record.uid), detail))
    store.keep_sealed(stream, made)
    append_all(_BY, acts)
    return made


def _message(row: Outgoing) -> Message:
    record = row.record
    signed = Signed(record.statement.encode(), record.signing_key, record.signature, record.cosignature)
    if not row.returned:
        return Message(signed, row.agreement, row.clause)
    taken = Incoming.objects.select_related("stream").filter(record=record, stream__node=row.node).latest("id")
    return Message(signed, place=Place(taken.stream.name, taken.seq, taken.hash, taken.status, taken.code))


# --- carrying ---------------------------------------------------------------------------------------------------------


def next_for(node: str, have: Have, room: int) -> list[bytes]:
    """Envelopes for a node past `have`, sealed now where not enough are sealed to fill the room: while a frame is on
    its way, the next messages are sealed beside it."""
    ways, queued = store.outlook(node)
    ready = _at_hand.pop(node, [])
    ahead = sum(len(streams.to_carry(way, have)) for way in ways)
    full = _size(ready) >= room or ahead * envelopes.LEAST_BYTES >= room
    fresh = _seal_lanes(node, [lane for lane in Lane if lane in queued and (lane is Lane.URGENT or not full)])
    moved = {each.stream_id: each.stream for each in fresh}
    ways = [moved.pop(way.pk, way) for way in ways]
    found, left = _past([*ways, *moved.values()], have, room, [*ready, *fresh])
    if left:
        _at_hand[node] = left
    return found


def is_at_hand(node: str) -> bool:
    """Whether the next frame for a node is sealed, or begun."""
    return node in _at_hand


def seal_ahead(node: str, most: int) -> None:
    """While a frame is on its way, seal messages of the next one and have them at hand: so much as `most` bytes."""
    if _size(_at_hand.get(node, ())) < most and (made := seal(node)):
        _at_hand.setdefault(node, []).extend(made)


def _size(sealed: Iterable[Sealed]) -> int:
    return sum(len(each.envelope) for each in sealed)


def past(node: str, have: Have, room: int) -> list[bytes]:
    """Envelopes for a node past the point that it has reached in each stream: urgent ones first, in their order.

    As many as fit into `room` bytes, and one at least.
    """
    return _past(store.streams(node, incoming=False), have, room, ())[0]


def _past(ways: Sequence[Stream], have: Have, room: int, ready: Iterable[Sealed]) -> tuple[list[bytes], list[Sealed]]:
    """Envelopes past `have`, and those of `ready`, which need not be read, that are left for the next frame."""
    lacking = {way.pk: streams.to_carry(way, have) for way in ways}
    at_hand = {(each.stream_id, each.seq): each for each in ready if each.seq in lacking.get(each.stream_id, ())}
    found: list[bytes] = []
    size = 0
    for way in streams.in_order(ways):
        for seq, envelope in _read(way, lacking[way.pk], at_hand):
            size += len(envelope)
            if found and size > room:
                return found, list(at_hand.values())
            found.append(bytes(envelope))
            at_hand.pop((way.pk, seq), None)
    return found, list(at_hand.values())


def _read(way: Stream, numbers: range, at_hand: Mapping[tuple[int, int], Sealed]) -> Iterator[tuple[int, bytes]]:
    near = min((seq for pk, seq in at_hand if pk == way.pk), default=numbers.stop)
    if numbers.start < near:
        rows = Sealed.objects.filter(stream=way, seq__gte=numbers.start, seq__lt=near).order_by("seq")
        yield from rows.values_list("seq", "envelope")[: streams.WINDOW].iterator(chunk_size=64)
    for seq in range(near, numbers.stop):
        if (way.pk, seq) not in at_hand:
            return  # another process sealed in between: the next frame goes on from there
        yield seq, at_hand[way.pk, seq].envelope


# --- receipts ---------------------------------------------------------------------------------------------------------


def settle(node: str, items: Sequence[bytes]) -> int:
    """Verify receipts and close their messages; returns how many. Raises NotUnderstood, and then closes nothing.

    What a recipient refused for a reason that may pass waits, held: for its agreements to change, for it to learn of a
    key.
    """
    count = 0
    with one_look(), transaction.atomic():
        for item in items:
            try:
                receipt, signed = receipts.read(item)
                receipts.verify(signed, signing_key(node, signed.key))
            except (SignedInvalid, KeyRefused) as invalid:
                raise NotUnderstood(invalid.code) from None
            if receipt.sender != node or receipt.recipient != settings.NODE.code:
                raise NotUnderstood("receipt_of_other", receipt.sender)
            count += _settle(node, receipt, signed)
    return count


def _settle(node: str, receipt: receipts.Receipt, signed: SignedJson) -> int:
    stream, head = store.receipted(node, receipt.stream, receipt.last)
    results = receipts.news(receipt, stream.acked) if stream is not None else ()
    if stream is None or not results:
        return 0
    if head != receipt.head:
        return 0  # of an envelope that we do not know: we may run from an old copy, and our answer shows it
    kept = Receipt(
        stream=stream,
        first=receipt.first,
        last=receipt.last,
        text=signed.text.decode(),
        key=signed.key,
        signature=base64.b64encode(signed.signature).decode(),
        received_at=timezone.now(),
    )
    insert_all([kept])
    before, stream.acked = stream.acked, receipt.last
    ranges = receipts.runs(before + 1, results)
    changeable = CHANGEABLE | PASSING
    store.close(stream, kept, ((a, b, outbox.closed(result, changeable), result.status) for a, b, result in ranges))
    append(
        "messages_acknowledged",
        _BY,
        node,
        {
            "stream": stream.name,
            "first": before + 1,
            "last": receipt.last,
            "head": receipt.head,
            "results": dict(Counter(result.status for result in results)),
        },
    )
    return len(results)


def compare_checkpoints(at: dt.datetime) -> None:
    """Keep the newest checkpoint that each node gave in a receipt since a while: a ledger that shows other neighbours
    another past is found out, and its node is asked to prove what cannot be compared."""
    newest = Receipt.objects.filter(received_at__gt=at - dt.timedelta(minutes=3)).exclude(stream=None)
    ids = newest.order_by().values("stream__node").annotate(newest=Max("id")).values("newest")
    for receipt in Receipt.objects.filter(id__in=ids).select_related("stream"):
        note = json.loads(receipt.text)["checkpoint"]
        with contextlib.suppress(CheckpointInvalid, KeyRefused, LedgerForked):  # a fork has raised its alarm
            keep_checkpoint(receipt.stream.node, receipt.key, note)


# --- what cannot be taken ---------------------------------------------------------------------------------------------


def stuck(node: str, problem: Problem, have: Have) -> bool:
    """A node cannot take what is sealed for it. Whether sealing anew helps, and then it is queued to be sealed anew.

    The streams are given up past the point that it has reached: what it took stays taken, and the rest goes into the
    next streams, under keys and a date that are good now.
    """
    if problem.code not in outbox.CURABLE:
        return False
    keys, signing, now = {id_ for id_, _ in sealing_keys(node)}, ring(settings.KEYS).signing[0].id, timezone.now()
    with transaction.atomic():
        given_up = 0
        for stream in Stream.objects.select_for_update().filter(node=node, incoming=False):
            numbers = streams.to_carry(stream, have)
            if not numbers:
                continue
            rest = Sealed.objects.filter(stream=stream, seq__gte=numbers.start, seq__lt=numbers.stop).order_by("seq")
            first = envelopes.read(bytes(rest.values_list("envelope", flat=True)[0]))
            if not outbox.differs_now(first, keys, signing, now):
                continue
            # What it had taken and acknowledged, and lost with an old copy, is sealed anew as well.
            lost = [Outgoing.State.SEALED, Outgoing.State.ACKNOWLEDGED]
            again = Outgoing.objects.filter(sealed__in=rest, state__in=lost)
            given_up += again.update(state=Outgoing.State.QUEUED)
            stream.closed_at = numbers.start - 1
            stream.save(update_fields=["closed_at"])
            detail = {"stream": stream.name, "from": numbers.start, "code": problem.code}
            append("stream_given_up", _BY, node, detail)
    return bool(given_up)


def lost(node: str, have: Have) -> None:
    """A node may have less than it had: put what it acknowledged past `have` on its way again.

    The envelopes are carried anyway. Their receipts count anew: what it took once, it may refuse now.
    """
    with transaction.atomic():
        for stream in Stream.objects.select_for_update().defer("newest").filter(node=node, incoming=False, acked__gt=0):
            numbers = streams.lost(stream, have)
            if not numbers:
                continue
            again = Outgoing.objects.filter(
                sealed__stream=stream,
                sealed__seq__gte=numbers.start,
                sealed__seq__lt=numbers.stop,
                state=Outgoing.State.ACKNOWLEDGED,
            )
            again.update(state=Outgoing.State.SEALED, reason="", receipt=None, receipt_status="", acknowledged_at=None)
            stream.acked = numbers.start - 1
            stream.save(update_fields=["acked"])
            detail = {"stream": stream.name, "first": numbers.start, "last": numbers.stop - 1}
            append("messages_lost", _BY, node, detail)


def release() -> int:
    """Queue again what a date held back and does not any more, and what a recipient held a while ago; how many.

    One message of each sort is asked about, not all of them.
    """
    sort = ("node", "agreement", "clause", "reason", "record__kind", "record__kind_version", "record__purpose")
    with transaction.atomic():
        held = Outgoing.objects.filter(state=Outgoing.State.HELD)
        here = held.filter(there=False, reason__in=outbox.BY_TIME)
        again = held.filter(there=True).exclude(acknowledged_at__range=outbox.lately(timezone.now()))
        for each in here.order_by().values(*sort).annotate(one=Min("id")):
            row = Outgoing.objects.select_related("record").get(pk=each.pop("one"))
            kind = KINDS[row.record.kind, row.record.kind_version]
            if routing.policy(row.record, kind, row.node).code != row.reason:
                again |= here.filter(**each)
        count = again.update(state=Outgoing.State.QUEUED, there=False)
        if count:
            wake_courier()
    return count
