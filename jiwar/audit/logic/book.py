"""What a node remembers of ledgers, its own and its neighbours': what the rules of `witness` read, and answer with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from jiwar.audit.logic.checkpoint import Checkpoint
from jiwar.audit.logic.forks import Evidence


class Tree(NamedTuple):
    """A tree of some node's ledger, by its epoch and size."""

    epoch: int
    size: int


class Note(NamedTuple):
    """A signed checkpoint and what it says."""

    text: str
    says: Checkpoint

    @property
    def tree(self) -> Tree:
        """Which tree it is about."""
        return Tree(self.says.epoch, self.says.size)


class Book(Protocol):
    """What a node knows: its database, or a simulator's memory. The notes that it gives were verified once."""

    @property
    def code(self) -> str:
        """This node's code."""

    @property
    def epoch(self) -> int:
        """This node's epoch."""

    def offered(self) -> Note | None:
        """This node's newest checkpoint for witnesses."""

    def own(self, tree: Tree) -> Note | None:
        """This node's checkpoint for witnesses of exactly this tree, if it is kept."""

    def size(self) -> int:
        """How many leaves this node's ledger has."""

    def prove(self, old: int, new: int) -> tuple[bytes, list[bytes]]:
        """The root of this node's first `old` leaves, and the path to the tree of `new`."""

    def held(self, node: str) -> Note | None:
        """The newest checkpoint of another node that was verified."""

    def kept(self, node: str, tree: Tree) -> Note | None:
        """The verified checkpoint of another node for exactly this tree, if it is kept."""

    def kept_below(self, node: str, tree: Tree) -> Note | None:
        """The largest verified checkpoint of another node in this epoch, of at most this size, that is kept."""

    def others(self, node: str) -> Iterable[tuple[str, Tree]]:
        """Third states of which `node` may know, and the newest tree of each that was verified."""

    def believed(self, note: str) -> Checkpoint:
        """What a note says, if a key in force signed it. Raises CheckpointInvalid, or about the key."""

    def signed(self, note: str) -> Checkpoint | None:
        """What a note says, if a key signed it that its node ever had; else None."""

    def cosign(self, note: str, at: datetime) -> str:
        """This node's signature line as a witness."""

    def cosigned(self, note: str, line: str, witness: str) -> datetime | None:
        """When another node signed as a witness; None for a line that no key in force of it signed."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What passed with one node about ledgers, kept from contact to contact (`to_json`)."""

    holds: Tree | None = None
    """The newest of our trees that it says it verified."""
    asked: tuple[Tree, ...] = ()
    """Trees of ours that it asks us to prove."""
    wants: tuple[str, ...] = ()
    """Checkpoints of its own that it has to prove to us: plain notes."""
    signed: tuple[int, int, str, str] | None = None
    """Our newest cosignature of its checkpoint: epoch, size, instant, line."""
    remind: bool = False
    """It showed a smaller tree than before, or asked: show it the note that we hold."""
    puzzled: bool = False
    """It says that it holds a tree that is not ours, or took what we do not know that we said: ask what it holds."""
    theirs: str = ""
    """The checkpoint of that tree: we did sign it."""
    number: int = 0
    """Of what we said last; `said` what that was about, `known` what it confirmed."""
    said: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    took: int = 0
    """Number of what it said last."""

    def forgotten(self) -> "Talk":
        """After a restore: what the node knows of us is not known any more, and everything is said again."""
        return replace(self, known={})

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {name: as_json(getattr(self, name)) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Talk":
        """From what `to_json` gave."""
        signed = data.get("signed")
        return cls(
            **{
                **data,
                "holds": Tree(*data["holds"]) if data.get("holds") else None,
                "asked": tuple(Tree(*each) for each in data.get("asked", ())),
                "wants": tuple(data.get("wants", ())),
                "signed": (int(signed[0]), int(signed[1]), str(signed[2]), str(signed[3])) if signed else None,
            }
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """A neighbour's new epoch. `proven`: how many leaves it was proven to share with what was held before."""

    epoch: int
    size: int
    before: Tree
    proven: int | None


@dataclass(slots=True)
class Outcome:
    """What to keep of what a node told. Nothing was written yet."""

    talk: Talk
    keep: Note | None = None
    """Its checkpoint, verified: the newest that is held of it from now on."""
    witnessed: tuple[Note, str, datetime] | None = None
    """Our checkpoint that it cosigned, the line, and when."""
    begun: Begun | None = None
    forks: list[Evidence] = field(default_factory=list)
    wants: dict[str, str] = field(default_factory=dict)
    """Checkpoints that third states, by code, have to prove to us."""
    behind: str | None = None
    """It shows a smaller tree than it signed before, this note: it was restored from an old copy, and does not know."""
    restored: str | None = None
    """It holds this checkpoint of ours, of a tree that is not ours: this node was restored from an old copy."""

    def changes(self, talk: Talk) -> bool:
        """Whether there is anything to keep."""
        return bool(self.talk != talk or self.keep or self.witnessed or self.begun or self.forks or self.wants)


def as_json(value: Any) -> Any:
    """Tuples as the lists that JSON makes of them."""
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return value
