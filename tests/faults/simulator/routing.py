"""Who gets a record of a simulated node, in the transaction that stores it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from jiwar.exchange.logic.streams import Lane
from tests.faults.simulator import agreements, records
from tests.faults.simulator.kinds import ACKNOWLEDGEMENT, KINDS, WITHDRAWAL, Kind
from tests.faults.simulator.rows import Record, Row

if TYPE_CHECKING:
    from jiwar.agreements.logic.verdicts import Verdict
    from tests.faults.simulator.node import SimNode


def route(node: "SimNode", stored: Sequence[Record]) -> None:
    """Put stored records into the outbox of every node that they are for."""
    agreed = False
    for record in stored:
        kind = KINDS[record.kind, record.kind_version]
        if not node.knows(kind) or not _is_for_others(node, record, kind):
            continue
        for code, foreign in nodes(node, record, kind):
            enqueue(node, code, row(node, record, kind, code, foreign=foreign))
        agreed = agreed or kind.name.startswith("agreement")
    if agreed:
        release_all(node)


def enqueue(node: "SimNode", code: str, new: Row) -> None:
    """Store a new row of the outbox."""
    assert new.key not in node.outbox(code), "one row for a node and a record"
    node.disk.put(("outbox", code), new.key, new)
    node.append((f"message_{new.state}", new.record, f"{code} {new.reason}"))


def release_all(node: "SimNode") -> None:
    """What an agreement held back may be free to leave now."""
    for peer in node.neighbours:
        for held in list(node.outbox(peer).values()):
            if held.state == "held":
                node.disk.put(("outbox", peer), held.key, held._replace(state="queued", there=False))


def row(node: "SimNode", record: Record, kind: Kind, code: str, *, foreign: bool) -> Row:
    """A row of the outbox, not stored yet."""
    verdict = policy(node, record, kind, code) if foreign else None
    is_open = verdict is None or verdict.open
    return Row(
        number=node.world.number(),
        record=record.hash,
        returned=False,
        lane=Lane.URGENT if kind.instrument or kind.urgent else Lane.ROUTINE,
        priority=kind.priority,
        state="queued" if is_open else "held",
        reason="" if verdict is None or is_open else verdict.code,
    )


def policy(node: "SimNode", record: Record, kind: Kind, code: str) -> "Verdict | None":
    """What the agreements say of a record for another state's node; None where none is needed."""
    if kind.instrument or node.lawless:
        return None
    return agreements.why(node, node.state, code[:3], record.kind, record.purpose)


def _is_for_others(node: "SimNode", record: Record, kind: Kind) -> bool:
    own = record.node == node.code
    if kind is WITHDRAWAL:
        _stop(node, record)
        if not own:
            records.acknowledge(node, record, node.code)
    elif record.state != "in_force":
        return False
    if kind is ACKNOWLEDGEMENT and not own and record.origin == node.state:
        _vouch(node, record)
    return True


def nodes(node: "SimNode", record: Record, kind: Kind) -> Iterable[tuple[str, bool]]:
    """Codes of the nodes that a record is for, and whether each is another state's."""
    own = record.node == node.code
    if node.is_post:
        return [(node.state, False)] if own else []
    found: list[tuple[str, bool]] = []
    if own:
        if kind is WITHDRAWAL:
            states = {peer for peer in node.neighbours if _was_sent(node, peer, record.about)}
        elif kind.addressees is None and kind is not ACKNOWLEDGEMENT:
            states = {code for code in node.neighbours if len(code) == 3}
        else:
            states = {record.body["origin"]} if kind is ACKNOWLEDGEMENT else set(kind.addressees(record.body))  # type: ignore[misc]
        found += [(code, True) for code in node.neighbours if code in states and code[:3] != node.state]
    if kind.posts and record.tlp != "RED":
        found += [(code, False) for code in node.neighbours if code[:3] == node.state and code != record.node]
    return found


def _was_sent(node: "SimNode", peer: str, uid: str) -> bool:
    rows = (node.outbox(peer).get((held.hash, False)) for held in records.versions(node, uid))
    return any(each is not None and each.state != "not_sent" for each in rows)


def _stop(node: "SimNode", withdrawal: Record) -> None:
    for held in records.versions(node, withdrawal.about):
        for peer in node.neighbours:
            waiting = node.outbox(peer).get((held.hash, False))
            if waiting is not None and waiting.state in {"queued", "held"}:
                node.disk.put(("outbox", peer), waiting.key, waiting._replace(state="not_sent", reason="withdrawn"))


def _vouch(node: "SimNode", acknowledgement: Record) -> None:
    targets = records.versions(node, acknowledgement.about)
    if targets and targets[-1].origin != node.state and not node.is_post:
        records.acknowledge(node, targets[-1], acknowledgement.body["holder"])
