"""The ledger of a simulated node, and what it knows of others': the program's own trees, notes and rules of witnessing.

`Book` is the `Book` of those rules. Keys are stand-ins, everything else is real.
"""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jiwar.audit.logic import checkpoint, cosignature, forks, merkle, tiles, witness
from jiwar.audit.logic.book import Note, Outcome, Talk, Tree
from jiwar.audit.logic.checkpoint import Checkpoint, Epoch, open_checkpoint, origin, read_unverified
from jiwar.audit.logic.forks import Evidence
from jiwar.audit.logic.merkle import CompactRange
from jiwar.audit.logic.notes import CheckpointInvalid
from tests.faults.simulator.disk import Disk

if TYPE_CHECKING:
    from tests.faults.simulator.node import SimNode

_EMPTY, _NEW = CompactRange(), Talk()


class LedgerForked(Exception):
    """A node signed two histories."""


def append(disk: Disk, acts: Iterable[tuple[str, str, str]]) -> None:
    """Append a leaf for each act, subject and detail in the transaction of the caller."""
    before = edge(disk)
    hashes = []
    for number, (act, subject, detail) in enumerate(acts, before.size):
        content = f"{number} {act} {subject} {detail}".encode()
        disk.put("leaves", number, content)
        hashes.append(merkle.leaf_hash(content))
    grown, growths = tiles.grow(before, hashes)
    for place, (_, gained) in growths.items():
        disk.put("tiles", place, disk.tables["tiles"].get(place, b"") + gained)
    disk.put("edge", 0, grown)


def edge(disk: Disk) -> CompactRange:
    """The tree as it stands."""
    found: CompactRange = disk.tables["edge"].get(0, _EMPTY)
    return found


def reader(disk: Disk) -> merkle.NodeReader:
    """The hashes of the tree's nodes."""
    return tiles.node_reader(lambda place: disk.tables["tiles"].get(place, b""))


def epochs(disk: Disk) -> list[Epoch]:
    """The epochs that the ledger went through after the first."""
    return [disk.tables["epochs"][number] for number in sorted(disk.tables["epochs"])]


def sign_tree(node: "SimNode") -> str:
    """A checkpoint of the ledger as it stands, by the signing key alone."""
    return _sign(node, None)


def begin_epoch(node: "SimNode", at_least: int) -> int:
    """Begin a new epoch; its number is higher than that of any checkpoint that a neighbour showed of what was lost."""
    shown = [talk.theirs for talk in node.disk.tables["talks"].values() if talk.theirs]
    number = max(at_least, *(read_unverified(note).epoch + 1 for note in shown), 2)
    tree = edge(node.disk)
    node.disk.put("epochs", number, Epoch(number, tree.size, merkle.root(tree)))
    for peer, talk in list(node.disk.tables["talks"].items()):
        node.disk.put("talks", peer, talk.forgotten())
    node.append(("epoch_begun", node.code, f"{number} {tree.size}"))
    return number


def tell(node: "SimNode", peer: str, *, old: bool) -> dict[str, Any]:
    """The member `ledger` of the node's next word to a peer."""
    talk = _talk(node, peer)
    if old:
        return witness.ask(talk)
    book = Book(node)
    _offer(node, book)
    said, after = witness.tell(book, talk, peer, node.now())
    if after != talk:
        with node.disk.transaction():
            node.disk.put("talks", peer, after)
    return said


def told(node: "SimNode", peer: str, data: Any, *, old: bool, fresh: bool) -> str | None:
    """Take in what a peer says of ledgers; a checkpoint of our own that proves that this node runs from an old copy."""
    if not old and open_fork(node, peer):
        raise LedgerForked(peer)
    if data == {}:
        return None
    book, talk = Book(node), _talk(node, peer)
    outcome = witness.shown(book, talk, data) if old else witness.told(book, talk, peer, data, node.now(), fresh=fresh)
    if outcome.changes(talk):
        with node.disk.transaction():
            _keep(node, peer, outcome)
    if not old and open_fork(node, peer):
        raise LedgerForked(peer)
    return outcome.restored


def open_fork(node: "SimNode", peer: str) -> bool:
    """Whether a fork of a peer was found and not accepted: nothing is exchanged with it."""
    return any(not accepted for _, accepted in node.disk.tables["forks"].get(peer, ()))


def accept(node: "SimNode", peer: str) -> None:
    """An administrator goes on with a peer in spite of its fork."""
    with node.disk.transaction():
        found = node.disk.tables["forks"][peer]
        node.disk.put(
            "forks", peer, tuple((signed, accepted or max(node.now(), *signed)) for signed, accepted in found)
        )
        for tree in list(node.disk.tables["checkpoints", peer]):
            node.disk.put(("checkpoints", peer), tree, None)
        node.disk.put("talks", peer, Talk(number=_talk(node, peer).number))
        node.append(("fork_accepted", peer, ""))


def _keep(node: "SimNode", peer: str, outcome: Outcome) -> None:
    disk = node.disk
    disk.put("talks", peer, outcome.talk)
    for third, text in outcome.wants.items():
        disk.put("talks", third, witness.want(_talk(node, third), text))
    if outcome.keep:
        disk.put(("checkpoints", peer), outcome.keep.tree, outcome.keep.text)
    if outcome.witnessed:
        note, _, at = outcome.witnessed
        disk.put("witnesses", peer, (note.tree, at))
    for evidence in outcome.forks:
        _raise_alarm(node, evidence)


def _raise_alarm(node: "SimNode", evidence: Evidence) -> None:
    fork = forks.judge(evidence, lambda note: Book(node).believed(note))
    known = node.disk.tables["forks"].get(fork.node, ())
    signed = fork.older.at, fork.newer.at
    if all(accepted and min(signed) > accepted for _, accepted in known):
        node.disk.put("forks", fork.node, (*known, (signed, None)))
        node.append(("ledger_forked", fork.node, ""))
        node.world.forked(node, fork.node)


def _talk(node: "SimNode", peer: str) -> Talk:
    found: Talk = node.disk.tables["talks"].get(peer, _NEW)
    return found


def _offer(node: "SimNode", book: "Book") -> None:
    own = book.offered()
    tree = edge(node.disk)
    lately = own is not None and dt.timedelta() <= node.now() - own.says.at < witness.OFFER_EVERY
    if own is not None and own.says.epoch == book.epoch and (lately or own.says.size == tree.size):
        return
    note = _sign(node, node.keys.cosigning)
    with node.disk.transaction():
        node.disk.put(("checkpoints", node.code), Tree(book.epoch, tree.size), note)


def _sign(node: "SimNode", cosigning: Any) -> str:
    tree, begun = edge(node.disk), epochs(node.disk)
    name = origin(node.code, begun[-1].number if begun else 1)
    key: Any = node.keys.signing[0]
    return checkpoint.sign_checkpoint(
        name, tree.size, merkle.root(tree), node.now(), key, epochs=begun, cosigning_key=cosigning
    )


class Book:
    """What a node knows of ledgers, from its disk."""

    def __init__(self, node: "SimNode") -> None:
        self._node, self._tables = node, node.disk.tables
        self.code = node.code

    @property
    def epoch(self) -> int:
        return max(self._tables["epochs"], default=1)

    def offered(self) -> Note | None:
        return self.held(self.code)

    def own(self, tree: Tree) -> Note | None:
        return self.kept(self.code, tree)

    def size(self) -> int:
        return edge(self._node.disk).size

    def prove(self, old: int, new: int) -> tuple[bytes, list[bytes]]:
        read = reader(self._node.disk)
        return merkle.root(merkle.compact_range(old, read)), merkle.consistency_path(old, new, read)

    def held(self, node: str) -> Note | None:
        kept = self._tables["checkpoints", node]
        return self._note(kept[max(kept)]) if kept else None

    def kept(self, node: str, tree: Tree) -> Note | None:
        text = self._tables["checkpoints", node].get(tree)
        return self._note(text) if text else None

    def kept_below(self, node: str, tree: Tree) -> Note | None:
        kept = self._tables["checkpoints", node]
        found = max((each for each in kept if each.epoch == tree.epoch and each <= tree), default=None)
        return self._note(kept[found]) if found else None

    def others(self, node: str) -> Iterable[tuple[str, Tree]]:
        if self._node.is_post or "-" in node:
            return []
        states = (code for code in self._node.neighbours if "-" not in code and code != node)
        return [(code, note.tree) for code in states if (note := self.held(code))]

    def believed(self, note: str) -> Checkpoint:
        says = self.signed(note)
        if says is None:
            raise CheckpointInvalid("signature")
        return says

    def signed(self, note: str) -> Checkpoint | None:
        says = read_unverified(note)
        ring = self._node.world.nodes[says.node].keys
        try:
            return open_checkpoint(note, ring.signing[0].public_key(), says.origin)  # type: ignore[arg-type]
        except CheckpointInvalid:
            return None

    def cosign(self, note: str, at: dt.datetime) -> str:
        key: Any = self._node.keys.signing[0]
        return cosignature.cosign(note, self.code, key, at)

    def cosigned(self, note: str, line: str, witness: str) -> dt.datetime | None:
        key: Any = self._node.world.nodes[witness].keys.signing[0].public_key()
        try:
            return cosignature.open_cosignature(note, line, witness, key)
        except CheckpointInvalid:
            return None

    def _note(self, text: str) -> Note:
        memory = self._node.world.notes
        found = memory.get(text)
        if found is None:
            found = memory[text] = Note(text, read_unverified(text))
        return found
