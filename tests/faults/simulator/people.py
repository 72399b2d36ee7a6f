"""What the people at the simulated nodes do."""

import datetime as dt
from itertools import combinations
from typing import TYPE_CHECKING

from tests.faults.simulator import records, restore
from tests.faults.simulator.disk import Crash, DiskFull
from tests.faults.simulator.kinds import (
    AGREEMENT,
    ALERT,
    COVERABLE,
    LETTER,
    NEWER,
    NOTE,
    RESUMPTION,
    SIGNATURE,
    SUSPENSION,
)
from tests.faults.simulator.rows import Record

if TYPE_CHECKING:
    from tests.faults.simulator.node import SimNode
    from tests.faults.simulator.world import World


def begin(world: "World") -> None:
    """Some states agree on something, and some have something to say, before anything befalls them."""
    for one, other in world.plan.edges:
        if "-" not in one and world.chance.random() < 0.6:
            _agree(world, world.nodes[one], (one, other))
    for code in world.chance.sample(world.plan.codes, 4):
        _say(world, world.nodes[code])


def act(world: "World") -> None:
    """One of the people does something."""
    node = world.chance.choice(world.active())
    what = world.chance.random()
    try:
        if node.restoring():
            if what < 0.5:
                restore.end(node)
                world.tell(f"the administrator of {node.code} ends its restore")
        elif what < 0.5:
            _say(world, node)
        elif what < 0.6:
            _take_back_or_correct(world, node)
        elif node.is_post or (what < 0.8 and _sign(world, node)):
            return
        elif what < 0.9:
            _suspend_or_resume(world, node)
        else:
            _agree(world, node, _neighbourhood(world, node))
    except DiskFull:
        world.tell(f"{node.code} cannot write: its disk is full")
    except Crash as crash:
        world.crashed(crash.code)


def _say(world: "World", node: "SimNode") -> None:
    kind = world.chance.choice([ALERT, NOTE, LETTER, NOTE if node.old else NEWER])
    peers = [peer for peer in node.neighbours if "-" not in peer]
    body = {"for": world.chance.choice(peers), "text": str(world.number())}
    days = world.chance.choice([1, 30, 300])
    tlp = "RED" if world.chance.random() < 0.1 else "AMBER"
    records.issue(node, kind, body, days=days, tlp=tlp)


def _take_back_or_correct(world: "World", node: "SimNode") -> None:
    own = [r for r in node.disk.tables["records"].values() if r.node == node.code and r.state == "in_force"]
    own = [r for r in own if r.kind in COVERABLE or r.kind == AGREEMENT.name]
    if not own:
        return
    record = world.chance.choice(own)
    if world.chance.random() < 0.6 or record.kind == AGREEMENT.name:
        records.withdraw(node, record)
    else:
        kind = {kind.name: kind for kind in (ALERT, NOTE, LETTER)}[record.kind]
        if record.kind_version == 1:
            records.issue(node, kind, record.body, days=300, tlp=record.tlp, supersedes=record)


def _neighbourhood(world: "World", node: "SimNode") -> tuple[str, ...]:
    """The node and one or two of its neighbours that know each other."""
    peers = [peer for peer in node.neighbours if "-" not in peer]
    pairs = [pair for pair in combinations(peers, 2) if pair[1] in world.nodes[pair[0]].neighbours]
    if pairs and world.chance.random() < 0.5:
        return (node.code, *world.chance.choice(pairs))
    return (node.code, world.chance.choice(peers))


def _agree(world: "World", node: "SimNode", parties: tuple[str, ...]) -> None:
    chance = world.chance
    today = node.now().date()
    starts = today + dt.timedelta(days=chance.choice([-30, -30, -1, 0, 1, 5]))
    ends = chance.choice([None, None, starts + dt.timedelta(days=chance.choice([3, 40, 300]))])
    body = {
        "reference": f"{'-'.join(parties)}-{world.number()}",
        "parties": list(parties),
        "kinds": chance.sample(COVERABLE, chance.choice([1, 2, 3])),
        "from": list(parties) if chance.random() < 0.7 else [chance.choice(parties)],
        "to": list(parties),
        "starts": starts.isoformat(),
        "ends": ends.isoformat() if ends else None,
    }
    records.issue(node, AGREEMENT, body, days=300)


def _sign(world: "World", node: "SimNode") -> bool:
    """Sign an agreement that waits for it."""
    for text in _agreements(node):
        signed = (records.versions(node, r.uid)[0] for r in _about(node, text))
        if text.origin != node.state and not any(s.kind == SIGNATURE.name and s.node == node.code for s in signed):
            body = {"target": text.uid, "hash": text.hash, "party": node.state, "parties": text.body["parties"]}
            records.issue(node, SIGNATURE, body)
            return True
    return False


def _suspend_or_resume(world: "World", node: "SimNode") -> None:
    texts = _agreements(node)
    if not texts:
        return
    text = world.chance.choice(texts)
    pauses = [r for r in _about(node, text) if r.kind == SUSPENSION.name and r.node == node.code]
    open_ = [p for p in pauses if not any(r.kind == RESUMPTION.name for r in _about(node, p))]
    parties = text.body["parties"]
    if open_:
        records.issue(node, RESUMPTION, {"target": open_[0].uid, "parties": parties})
    else:
        records.issue(node, SUSPENSION, {"target": text.uid, "parties": parties})


def _agreements(node: "SimNode") -> list[Record]:
    return [r for r in node.disk.tables["records"].values() if r.kind == AGREEMENT.name and r.state == "in_force"]


def _about(node: "SimNode", record: Record) -> list[Record]:
    tables = node.disk.tables
    return [tables["records"][hash_] for hash_ in tables["about"].get(record.uid, ())]
