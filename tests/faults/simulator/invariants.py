"""What must hold when the world has healed and is quiet."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jiwar.audit.logic.book import Tree
from jiwar.audit.logic.checkpoint import read_unverified
from tests.faults.simulator import agreements, forgery, ledger, routing
from tests.faults.simulator.kinds import AGREEMENT, KINDS, RESUMPTION, SIGNATURE, SUSPENSION, WITHDRAWAL
from tests.faults.simulator.ledger import Book
from tests.faults.simulator.rows import Record, Row

if TYPE_CHECKING:
    from tests.faults.simulator.node import SimNode
    from tests.faults.simulator.world import World


class Broken(Exception):
    """Something that must hold does not; the text says what."""


def check(world: "World") -> None:
    """Raise Broken with everything that does not hold."""
    honest = [node for code, node in world.nodes.items() if code not in world.forgers]
    found = [fault for node in honest for fault in _of_node(world, node)]
    found += [*_lost(world), *forgery.missed(world)]
    if found:
        raise Broken("\n".join(found))


def acknowledged(node: "SimNode") -> set[tuple[str, str, str]]:
    """Node, peer and record of every message of which the node ever had a receipt that its recipient has it."""
    return {
        (node.code, table[1], row.record)
        for changes in node.disk.journal
        for table, _, row in changes
        if table[0] == "outbox" and row and row.state == "acknowledged" and not row.returned
    }


def check_agreed(world: "World", node: "SimNode", sender: str, record: Record) -> None:
    """Raise Broken where a node takes from another state what no agreement that was ever signed opens.

    It looks at what was said in the whole world, not at what the node heard of it, and at what the node said itself.
    """
    states, kind = {sender[:3], node.state}, KINDS[record.kind, record.kind_version]
    if len(states) < 2 or kind.instrument or node.code in world.forgers:
        return
    said = list(world.statements.values())
    signed = {(each.about, each.body["hash"], each.node) for each in said if each.kind == SIGNATURE.name}
    own = [each for each in node.disk.tables["records"].values() if each.node == node.code]
    resumed = {each.about for each in own if each.kind == RESUMPTION.name}
    closed = {each.about for each in own if each.kind == WITHDRAWAL.name}
    closed |= {each.about for each in own if each.kind == SUSPENSION.name and each.uid not in resumed}
    today = node.now().date().isoformat()
    for text in (each for each in said if each.kind == AGREEMENT.name and each.uid not in closed):
        body = text.body
        if (
            states <= set(body["parties"])
            and record.kind in body["kinds"]
            and sender[:3] in body["from"]
            and node.state in body["to"]
            and body["starts"] <= today <= (body["ends"] or today)
            and all((text.uid, text.hash, party) in signed for party in body["parties"] if party != text.origin)
        ):
            return
    raise Broken(f"{node.code} takes {_name(record)} from {sender} without an agreement")


def _honest(world: "World", node: "SimNode") -> list[str]:
    return [peer for peer in node.neighbours if peer not in world.forgers]


def _of_node(world: "World", node: "SimNode") -> Iterator[str]:
    records = node.disk.tables["records"]
    for hash_, count in node.disk.tables["effects"].items():
        if count > 1:
            yield f"{node.code} let {_name(records[hash_])} have its effect {count} times"
    yield from _ledgers(world, node)
    if node.restoring():
        yield f"{node.code} is still restoring"
    for peer in _honest(world, node):
        other = world.nodes[peer]
        yield from _ways(node, other)
        for row in node.outbox(peer).values():
            if fault := _row(node, other, row):
                yield f"{node.code} to {peer}: {_name(records[row.record])} {row.state} {row.reason}: {fault}"
    yield from _records(world, node)


def _records(world: "World", node: "SimNode") -> Iterator[str]:
    for record in node.disk.tables["records"].values():
        kind = KINDS[record.kind, record.kind_version]
        if record.node == node.code and record.state == "in_force" and kind is not WITHDRAWAL:
            for peer, _ in routing.nodes(node, record, kind):
                if (record.hash, False) not in node.outbox(peer):
                    yield f"{node.code} never routed {_name(record)} to {peer}"
        if (
            record.node != record.received_from
            and record.received_from
            and record.node != node.code
            and not node.is_post
        ):
            yield f"{node.code} holds {_name(record)} from {record.received_from}"
        speaker = world.nodes[record.node]
        if speaker.code in world.forgers:
            continue
        if record.received_from == speaker.code and record.hash not in speaker.disk.tables["records"]:
            yield f"{record.node} has not back {_name(record)}, which {node.code} holds"


def _ledgers(world: "World", node: "SimNode") -> Iterator[str]:
    """Whether the ledger of a node continues every checkpoint that anybody holds of it."""
    own = Book(node)
    size, epochs = own.size(), ledger.epochs(node.disk)
    for other in (other for code, other in world.nodes.items() if code not in world.forgers):
        for tree, text in other.disk.tables["checkpoints", node.code].items():
            says = read_unverified(text)
            shared = next((begun.size for begun in epochs if begun.number > tree.epoch), size)
            if tree.epoch > own.epoch:
                yield f"{other.code} holds epoch {tree.epoch} of the ledger of {node.code}, which is in {own.epoch}"
            elif tree.size <= shared and own.prove(tree.size, tree.size)[0] != says.root:
                yield f"{other.code} holds another past of {node.code} at {tree.size} of epoch {tree.epoch}"
            elif tree.size > shared and tree.epoch == own.epoch:
                yield f"{other.code} holds {tree.size} leaves of {node.code}, which has {size}"
    for peer in _honest(world, node):
        if ledger.open_fork(node, peer):
            yield f"{node.code} says that {peer} signed two histories"
        held = Book(world.nodes[peer]).held(node.code)
        # Who lost a checkpoint and never noticed sees the ledger again when it has grown.
        if peer not in world.restored and (held is None or held.tree != Tree(own.epoch, size)):
            yield f"{peer} holds {held and held.tree} of {node.code}, which has {own.epoch} {size}"


def _ways(node: "SimNode", other: "SimNode") -> Iterator[str]:
    taken = other.taken(node.code)
    for name, way in node.ways(other.code).items():
        end = way.seq if way.closed_at is None else way.closed_at
        came = taken[name].seq if name in taken else 0
        if came < end:
            yield f"{other.code} came to {came} of {end} of {node.code} {name}"
        elif way.acked < end:
            yield f"{node.code} has receipts to {way.acked} of {end} of {name} from {other.code}"


def _row(node: "SimNode", other: "SimNode", row: Row) -> str:
    record = node.disk.tables["records"][row.record]
    kind = KINDS[record.kind, record.kind_version]
    there = other.disk.tables["records"].get(row.record)
    match row.state:
        case "queued" | "sealed":
            return "it is stuck"
        case "acknowledged":
            return "" if there else "it is not there"
        case "not_sent":
            return "" if record.state != "in_force" else "it is in force"
        case "held" if kind.instrument:
            return "it needs no agreement"
        case "held":
            judge = other if row.there else node
            verdict = agreements.why(judge, node.state, other.state, record.kind, record.purpose)
            return "an agreement opens it" if verdict.open else ""
        case "refused":
            return "" if row.reason == "onward_not_allowed" else "no refusal that should come"
    return "it has no such state"


def _lost(world: "World") -> Iterator[str]:
    every = world.acknowledged.union(*(acknowledged(node) for node in world.nodes.values()))
    for code, peer, hash_ in every:
        if {code, peer} & world.forgers.keys():
            continue
        if hash_ in world.nodes[peer].disk.tables["records"] or hash_ in world.gone:
            continue
        row = world.nodes[code].outbox(peer).get((hash_, False))
        if row is None or row.state == "acknowledged" or not {code, peer} & world.restored:
            yield f"{peer} lost {_name(world.statements[hash_])}, which it acknowledged to {code}"


def _name(record: Record) -> str:
    return f"{record.kind} {record.uid[-4:]} v{record.version} of {record.node} ({record.state})"
