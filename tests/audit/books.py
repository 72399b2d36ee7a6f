"""Ledgers in memory with a stand-in for signatures: many nodes in one process, for the rules alone.

A signature is SHA-512 over a secret and the text: as unforgeable here as a real one, and a hundred times cheaper.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from jiwar.audit.logic import merkle, notes, witness
from jiwar.audit.logic.book import Note, Outcome, Talk, Tree
from jiwar.audit.logic.checkpoint import Checkpoint, Epoch, origin, read_unverified
from jiwar.audit.logic.instants import write
from jiwar.audit.logic.notes import CheckpointInvalid

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
_ID = b"test"


def sign(secret: str, text: str) -> bytes:
    return hashlib.sha512(f"{secret}\n{text}".encode()).digest()


class Log:
    """A tree that grows, and can be copied as a backup is."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.ranges = [merkle.CompactRange()]
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.leaves: list[bytes] = []
        self.append(*leaves)

    def append(self, *contents: bytes) -> None:
        for content in contents:
            grown, completed = merkle.append(self.ranges[-1], merkle.leaf_hash(content))
            self.nodes.update({(level, position): value for level, position, value in completed})
            self.ranges.append(grown)
            self.leaves.append(content)

    def root(self, size: int) -> bytes:
        return merkle.root(self.ranges[size])

    @property
    def size(self) -> int:
        return len(self.leaves)


@dataclass
class Node:
    """A node: its log, what it holds of others, what it said to them. It is the `Book` of the rules too."""

    code: str
    log: Log = field(default_factory=Log)
    epochs: list[Epoch] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    talks: dict[str, Talk] = field(default_factory=dict)
    kept_of: dict[str, list[Note]] = field(default_factory=dict)
    witnesses: dict[str, tuple[Tree, datetime]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    now: datetime = START

    # --- what a node does -------------------------------------------------------------------------------------------

    def append(self, count: int = 1) -> None:
        self.log.append(*(f"{self.code} {self.epoch} {self.log.size + n}".encode() for n in range(count)))

    def rewrite(self, leaves: list[bytes]) -> None:
        """Another history of the same size or another."""
        self.log = Log(leaves)

    def offer(self) -> Note:
        """Sign the tree as it stands."""
        self.now += timedelta(minutes=1)
        note = Note(self.sign(self.log.size, self.log.root(self.log.size)), None)
        note = note._replace(says=read_unverified(note.text))
        if not self.notes or self.notes[-1].tree != note.tree:
            self.notes.append(note)
        return note

    def sign(self, size: int, root: bytes) -> str:
        lines = [f"epoch {e.number} {e.size} {notes.encode(e.root)}" for e in self.epochs]
        name = origin(self.code, self.epoch)
        body = "\n".join([name, str(size), notes.encode(root), f"at {write(self.now)}", *lines, ""])
        return notes.write(body, [notes.write_line(name, _ID, sign(self.code, body))])

    def begin_epoch(self, number: int) -> None:
        self.epochs = [e for e in self.epochs if e.size < self.log.size]
        self.epochs.append(Epoch(number, self.log.size, self.log.root(self.log.size)))
        self.append()

    def says_to(self, node: str) -> dict:
        if not self.notes or self.log.size > self.notes[-1].says.size:
            self.offer()
        said, self.talks[node] = witness.tell(self, self.talks.get(node, Talk()), node, self.now)
        return said

    def hears(self, node: str, said: dict, *, fresh: bool = False) -> Outcome:
        outcome = witness.told(self, self.talks.get(node, Talk()), node, said, self.now, fresh=fresh)
        self.talks[node] = Talk.from_json(outcome.talk.to_json())
        if outcome.keep:
            others = [note for note in self.kept_of.get(node, ()) if note.tree != outcome.keep.tree]
            self.kept_of[node] = [*others, outcome.keep]
        if outcome.witnessed:
            note, _, at = outcome.witnessed
            self.witnesses[node] = (note.tree, at)
        for third, text in outcome.wants.items():
            self.talks[third] = witness.want(self.talks.get(third, Talk()), text)
        self.outcomes.append(outcome)
        return outcome

    @property
    def epoch(self) -> int:
        return self.epochs[-1].number if self.epochs else 1

    # --- the book ---------------------------------------------------------------------------------------------------

    def offered(self) -> Note | None:
        return self.notes[-1] if self.notes else None

    def own(self, tree: Tree) -> Note | None:
        return next((note for note in self.notes if note.tree == tree), None)

    def size(self) -> int:
        return self.log.size

    def prove(self, old: int, new: int) -> tuple[bytes, list[bytes]]:
        return self.log.root(old), merkle.consistency_path(old, new, lambda *at: self.log.nodes[at])

    def held(self, node: str) -> Note | None:
        return max(self.kept_of.get(node, ()), key=lambda note: note.tree, default=None)

    def kept(self, node: str, tree: Tree) -> Note | None:
        return next((note for note in self.kept_of.get(node, ()) if note.tree == tree), None)

    def kept_below(self, node: str, tree: Tree) -> Note | None:
        of_epoch = [note for note in self.kept_of.get(node, ()) if note.tree.epoch == tree.epoch]
        return max((n for n in of_epoch if n.tree <= tree), key=lambda note: note.tree, default=None)

    def others(self, node: str) -> list[tuple[str, Tree]]:
        return [(code, self.held(code).tree) for code in sorted(self.kept_of) if code != node]

    def believed(self, note: str) -> Checkpoint:
        if (said := self.signed(note)) is None:
            raise CheckpointInvalid("signature")
        return said

    def signed(self, note: str) -> Checkpoint | None:
        says = read_unverified(note)
        return says if _signed_by(says.node, note) else None

    def cosign(self, note: str, at: datetime) -> str:
        stamp = int(at.timestamp()).to_bytes(8, "big")
        signature = stamp + sign(self.code, f"{stamp.hex()} {notes.read(note)[0]}")
        return notes.write_line(origin(self.code, 1), _ID, signature)

    def cosigned(self, note: str, line: str, witness: str) -> datetime | None:
        signature = notes.read_line(line).signature
        if signature[8:] != sign(witness, f"{signature[:8].hex()} {notes.read(note)[0]}"):
            return None
        return datetime.fromtimestamp(int.from_bytes(signature[:8], "big"), UTC)


def _signed_by(code: str, note: str) -> bool:
    body, lines = notes.read(note)
    return any(line.signature == sign(code, body) for line in lines)


def meet(one: Node, other: Node, *, lost: str = "") -> None:
    """A contact: one speaks, the other answers. `lost`: `word` or `answer` does not arrive."""
    word = one.says_to(other.code)
    if lost == "word":
        return
    other.hears(one.code, word)
    answer = other.says_to(one.code)
    if lost != "answer":
        one.hears(other.code, answer)
