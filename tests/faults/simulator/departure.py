"""What a simulated node seals, carries, and closes by receipts: the steps of `jiwar.exchange.departure` on its disk."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from jiwar.agreements.logic.verdicts import NEARNESS
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import outbox, streams
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.conversation import Have, NotUnderstood
from jiwar.exchange.logic.hello import Problem
from jiwar.exchange.logic.message import Message, Place, Signed, write
from jiwar.exchange.logic.signed import SignedInvalid
from jiwar.exchange.logic.streams import Lane, Name
from jiwar.identity.queries import PASSING
from jiwar.wire.ids import uuid7
from tests.faults.simulator import routing
from tests.faults.simulator.kinds import KINDS, WITHDRAWAL
from tests.faults.simulator.rows import Row, Sealed, Way

if TYPE_CHECKING:
    from tests.faults.simulator.node import SimNode

BATCH = 12
CHANGEABLE = PASSING.union(NEARNESS)
_WAITING = {"queued", "sealed", "held", "refused"}


def seal(node: "SimNode", peer: str) -> None:
    """Seal the next messages for a node, urgent ones first, then by priority and age."""
    queued = [row for row in node.outbox(peer).values() if row.state == "queued"]
    if not queued or node.restoring():
        return
    count = 0
    with node.disk.transaction():
        for lane in Lane:
            rows = sorted((r for r in queued if r.lane == lane), key=lambda r: (r.priority, r.number))
            if not rows:
                continue
            found = streams.open_stream(node.ways(peer).values(), lane, node.epoch())
            way = Way(str(found)) if isinstance(found, Name) else found
            room = min(BATCH - count, streams.free_places(way))
            if room > 0:
                free = [row for row in rows[:room] if _may_leave(node, peer, row)]
                _seal(node, peer, way, free)
                count += len(free)


def _may_leave(node: "SimNode", peer: str, row: Row) -> bool:
    record = node.disk.tables["records"][row.record]
    verdict = None
    if peer[:3] != node.state and not row.returned:
        verdict = routing.policy(node, record, KINDS[record.kind, record.kind_version], peer)
    always = row.returned or record.kind == WITHDRAWAL.name
    standing = outbox.leaving(record.state, verdict, always=always)
    if standing.state != "queued":
        node.disk.put(("outbox", peer), row.key, row._replace(state=standing.state, reason=standing.reason))
        node.append((f"message_{standing.state}", row.record, f"{peer} {standing.reason}"))
        return False
    return True


def _seal(node: "SimNode", peer: str, way: Way, rows: list[Row]) -> None:
    if not rows:
        return
    now, key, sealing = node.now(), node.keys.signing[0], node.sealing_keys(peer)
    for row in rows:
        header = envelopes.Header(
            id=uuid7(now, node.world.chance.randbytes(10)),
            sender=node.code,
            recipient=peer,
            stream=way.name,
            seq=way.seq + 1,
            prev=way.head,
            expires=now + outbox.KEPT_FOR,
        )
        data = envelopes.seal(
            header,
            write(_message(node, peer, row)),
            sealing=sealing,  # type: ignore[arg-type]
            signing_key=key.id,
            signing_private=key,  # type: ignore[arg-type]
        )
        way = way._replace(seq=header.seq, head=envelopes.hash_of(data))
        node.disk.put(("sealed", peer), (way.name, way.seq), Sealed(way.head, data, row.key))
        node.disk.put(("outbox", peer), row.key, row._replace(state="sealed", reason=""))
        node.append(("message_sealed", row.record, f"{peer} {way.name} {way.seq} {way.head}"))
        node.world.sealed(node, peer, row)
    node.disk.put(("ways", peer), way.name, way)


def _message(node: "SimNode", peer: str, row: Row) -> Message:
    record = node.disk.tables["records"][row.record]
    signed = Signed(record.statement, record.key, record.signature)
    if not row.returned:
        return Message(signed, "agreement", "art-1")
    taken = [(at, place) for at, place in node.places(peer).items() if place.record == row.record]
    (stream, seq), place = taken[-1]
    return Message(signed, place=Place(stream, seq, place.hash, place.status, place.code))


def past(node: "SimNode", peer: str, have: Have, room: int) -> list[bytes]:
    """Envelopes for a node past the point that it has reached in each stream."""
    found: list[bytes] = []
    size = 0
    for way in streams.in_order(node.ways(peer).values()):
        for number in streams.to_carry(way, have):
            data = node.sealed(peer)[way.name, number].envelope
            size += len(data)
            if found and size > room:
                return found
            found.append(data)
    return found


def settle(node: "SimNode", peer: str, items: Sequence[bytes]) -> int:
    """Verify receipts and close their messages."""
    count = 0
    with node.disk.transaction():
        for item in items:
            try:
                receipt, signed = receipts.read(item)
                receipts.verify(signed, node.signing_key(peer, signed.key))  # type: ignore[arg-type]
            except SignedInvalid as invalid:
                raise NotUnderstood(invalid.code) from None
            if receipt.sender != peer or receipt.recipient != node.code:
                raise NotUnderstood("receipt_of_other", receipt.sender)
            count += _settle(node, peer, receipt)
    return count


def _settle(node: "SimNode", peer: str, receipt: receipts.Receipt) -> int:
    way = node.ways(peer).get(receipt.stream)
    results = receipts.news(receipt, way.acked) if way is not None else ()
    if way is None or not results:
        return 0
    last = node.sealed(peer).get((way.name, receipt.last))
    if last is None or last.hash != receipt.head:
        return 0
    for start, end, result in receipts.runs(way.acked + 1, results):
        standing = outbox.closed(result, CHANGEABLE)
        for number in range(start, end + 1):
            row = node.outbox(peer)[node.sealed(peer)[way.name, number].row]
            if row.state in _WAITING:
                done = row._replace(**standing._asdict(), status=result.status, acknowledged_at=node.now())
                node.disk.put(("outbox", peer), row.key, done)
    node.append(("messages_acknowledged", peer, f"{way.name} {way.acked + 1} {receipt.last} {receipt.head}"))
    node.disk.put(("ways", peer), way.name, way._replace(acked=receipt.last))
    return len(results)


def stuck(node: "SimNode", peer: str, problem: Problem, have: Have) -> bool:
    """A node cannot take what is sealed for it. Whether sealing anew helps, and then it is queued to be sealed anew."""
    if problem.code not in outbox.CURABLE:
        return False
    keys, signing = {id_ for id_, _ in node.sealing_keys(peer)}, node.keys.signing[0].id
    given_up = 0
    with node.disk.transaction():
        for way in list(node.ways(peer).values()):
            numbers = streams.to_carry(way, have)
            if not numbers:
                continue
            first = envelopes.read(node.sealed(peer)[way.name, numbers[0]].envelope)
            if outbox.differs_now(first, keys, signing, node.now()):
                given_up += queue_again(node, peer, numbers, way.name, {"sealed", "acknowledged"})
                node.disk.put(("ways", peer), way.name, way._replace(closed_at=numbers[0] - 1))
                node.append(("stream_given_up", peer, f"{way.name} {numbers[0]} {problem.code}"))
    return bool(given_up)


def lost(node: "SimNode", peer: str, have: Have) -> None:
    """A node may have less than it had: what it acknowledged past `have` is on its way again."""
    with node.disk.transaction():
        for way in list(node.ways(peer).values()):
            numbers = streams.lost(way, have)
            for number in numbers:
                row = node.outbox(peer)[node.sealed(peer)[way.name, number].row]
                if row.state == "acknowledged":
                    again = row._replace(state="sealed", reason="", status="", acknowledged_at=None)
                    node.disk.put(("outbox", peer), row.key, again)
            if numbers:
                node.disk.put(("ways", peer), way.name, way._replace(acked=numbers.start - 1))
                node.append(("messages_lost", peer, f"{way.name} {numbers.start} {numbers.stop - 1}"))


def queue_again(node: "SimNode", peer: str, numbers: range, stream: str, states: Collection[str]) -> int:
    """Queue what is sealed under these numbers and in one of these states, to be sealed anew."""
    count = 0
    for number in numbers:
        row = node.outbox(peer)[node.sealed(peer)[stream, number].row]
        if row.state in states:
            node.disk.put(("outbox", peer), row.key, row._replace(state="queued"))
            count += 1
    return count


def release(node: "SimNode") -> None:
    """Queue again what was held until its agreement starts and may leave now, and what a recipient held a while ago."""
    with node.disk.transaction():
        for peer in node.neighbours:
            for row in list(node.outbox(peer).values()):
                if row.state == "held" and _may_be_tried(node, peer, row):
                    node.disk.put(("outbox", peer), row.key, row._replace(state="queued", there=False))


def _may_be_tried(node: "SimNode", peer: str, row: Row) -> bool:
    if row.there:
        first, last = outbox.lately(node.now())
        return row.acknowledged_at is None or not first <= row.acknowledged_at <= last
    if row.reason not in outbox.BY_TIME:
        return False
    record = node.disk.tables["records"][row.record]
    verdict = routing.policy(node, record, KINDS[record.kind, record.kind_version], peer)
    return verdict is None or verdict.code != row.reason
