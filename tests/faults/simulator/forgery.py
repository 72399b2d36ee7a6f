"""A node that signs two histories: under one code and one key it shows some neighbours one ledger, others another.

Each of the two goes its honest way from the same disk on; only together they are a lie, and no node sees both.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.faults.simulator import ledger
from tests.faults.simulator.ledger import Book
from tests.faults.simulator.node import SimNode

if TYPE_CHECKING:
    from tests.faults.simulator.world import World


class Forger:
    """The second history of a node. `deceived`: the neighbours that see it; `size`: how many leaves both have."""

    def __init__(self, world: "World", code: str) -> None:
        first = world.nodes[code]
        self.twin = SimNode(world, code, first.keys)
        self.twin.neighbours, self.twin.old, self.twin.offset = first.neighbours, first.old, first.offset
        self.twin.disk = first.disk.copy()
        self.deceived = set(world.chance.sample(first.neighbours, len(first.neighbours) // 2))
        self.size = ledger.edge(first.disk).size


def grow(world: "World") -> None:
    """Let something stand in each history that the other has not."""
    for number, node in enumerate(world.everyone()):
        if node.code in world.forgers:
            with node.disk.transaction():
                node.append(("something_done", node.code, str(number)))


def missed(world: "World") -> Iterator[str]:
    """Where two neighbours were shown two histories, talk to each other, and neither found out."""
    for code, forger in world.forgers.items():
        states = [peer for peer in world.nodes[code].neighbours if "-" not in peer]
        saw = {peer for peer in states if peer not in world.restored and _saw(world, peer, code)}
        for one in saw & forger.deceived:
            for other in saw - forger.deceived:
                knows = any(ledger.open_fork(world.nodes[peer], code) for peer in (one, other))
                if other in world.nodes[one].neighbours and not knows:
                    yield f"{one} and {other} do not see that {code} signed two histories"


def _saw(world: "World", peer: str, code: str) -> bool:
    """Whether a neighbour holds a checkpoint of what only one of the two histories has."""
    held = Book(world.nodes[peer]).held(code)
    return held is not None and held.tree.size > world.forgers[code].size
