"""A simulated node that runs from an old copy: the steps of `jiwar.exchange.restore` on its disk."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import restored
from jiwar.exchange.logic.envelope import EnvelopeInvalid
from jiwar.exchange.logic.hello import Sent
from jiwar.exchange.logic.message import Message
from jiwar.exchange.logic.streams import Lane
from jiwar.identity.queries import KeyRefused
from jiwar.wire.faults import Fault, Refused
from tests.faults.simulator import departure, ledger, records, routing
from tests.faults.simulator.kinds import KINDS
from tests.faults.simulator.rows import Record, Restore, Row

if TYPE_CHECKING:
    from tests.faults.simulator.node import SimNode

_EVER = dt.datetime.min.replace(tzinfo=dt.UTC)


def notice(node: "SimNode", by: str, stream: str) -> None:
    """Note that this node runs from an old copy, unless that is known."""
    with node.disk.transaction():
        if node.restoring() is None:
            number = len(node.disk.tables["restores"])
            node.disk.put("restores", number, Restore(by, stream))
            node.append(("restore_noticed", by, stream))
    node.world.tell(f"{node.code} learns from {by} that it runs from an old copy")


def shown(node: "SimNode", peer: str, items: Sequence[bytes]) -> None:
    """Envelopes that a peer says we once sealed: genuine ones that we do not know are evidence."""
    for data in items:
        try:
            envelope = envelopes.read(data)
            header = envelope.header
            if header.sender != node.code:
                continue
            envelopes.verify(envelope, node.signing_key(node.code, envelope.signing_key), peer, _EVER)  # type: ignore[arg-type]
        except (EnvelopeInvalid, KeyRefused):
            continue
        known = node.sealed(peer).get((header.stream, header.seq))
        same = known is not None and known.hash == envelope.hash
        if restored.is_evidence(header.stream, node.epoch(), known=same):
            notice(node, peer, header.stream)


def forgotten(node: "SimNode", peer: str, sent: Mapping[str, Sent], epoch: int = 1) -> list[str]:
    """Incoming streams of which the peer says that it never came as far as we took them."""
    return restored.forgotten({name: row.seq for name, row in node.taken(peer).items()}, sent, epoch)


def end(node: "SimNode") -> None:
    """An administrator begins a new epoch."""
    with node.disk.transaction():
        number, row = next((n, r) for n, r in node.disk.tables["restores"].items() if not r.epoch)
        at_least = restored.next_epoch(node.epoch(), [row.stream] if row.stream else [])
        epoch = ledger.begin_epoch(node, at_least)
        node.disk.put("restores", number, row._replace(epoch=epoch))
        node.append(("restore_ended", node.code, str(epoch)))
        for peer in node.neighbours:
            for way in list(node.ways(peer).values()):
                if way.closed_at is None:
                    departure.queue_again(node, peer, range(way.acked + 1, way.seq + 1), way.name, {"sealed"})
                    node.disk.put(("ways", peer), way.name, way._replace(closed_at=way.acked))


def give_back(node: "SimNode", peer: str, sent: Mapping[str, Sent]) -> None:
    """A peer began a new epoch: queue for it what it had said past the point that it remembers."""
    with node.disk.transaction():
        for stream in forgotten(node, peer, sent):
            kept = sent[stream].sealed if stream in sent else 0
            for (name, seq), place in sorted(node.places(peer).items()):
                if name != stream or seq <= kept or not place.record:
                    continue
                record = node.disk.tables["records"][place.record]
                if record.node == peer and (record.hash, True) not in node.outbox(peer):
                    routing.enqueue(node, peer, _returned(node, record))


def _returned(node: "SimNode", record: Record) -> Row:
    kind = KINDS[record.kind, record.kind_version]
    lane = Lane.URGENT if kind.instrument or kind.urgent else Lane.ROUTINE
    return Row(node.world.number(), record.hash, True, lane, 0, "queued")


def regain(node: "SimNode", peer: str, message: Message) -> Record:
    """Keep a statement of our own that we had lost."""
    signed, place = message.signed, message.place
    checked = records.check(node, signed.statement, signed.key, signed.signature)
    if checked.data["node"] != node.code or place is None:
        raise Refused(Fault("not_the_origin", "node", checked.data["node"]))
    with node.disk.transaction():
        [found] = records.keep(node, [checked], peer)
        if isinstance(found, Refused):
            raise found
        row = node.outbox(peer).get((found.hash, False))
        if row is not None and row.state == "queued":
            done = row._replace(state="acknowledged", acknowledged_at=node.now(), status=place.status)
            node.disk.put(("outbox", peer), row.key, done)
        node.append(("record_regained", found.uid, f"{peer} {place.stream} {place.seq}"))
    return found
