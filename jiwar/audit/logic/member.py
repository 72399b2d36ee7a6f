"""What a node says to another about ledgers: the form of the member `ledger` of a hello, read strictly.

    {"v":1,"n":7,"got":4,                                   number of this, and of the last that was taken
     "checkpoint":<note>,                                   own, for witnesses
     "proofs":{"epoch":1,"size":9,"from":[{"size":5,"root":…,"path":[…]}]},     to that checkpoint, from older trees
     "held":{"epoch":1,"size":6,"root":…,"note":<note>},    what is held of the other; its note where it shows less
     "cosignature":{"epoch":1,"size":6,"line":…},           of the other's checkpoint
     "asks":[{"epoch":1,"size":3}],                         trees of the other that it is to prove
     "show":true,                                           asks for the note of what the other holds
     "gossip":[<note>,…]}                                   what third states showed

All but the first line may be missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeGuard

from jiwar.audit.logic import notes
from jiwar.audit.logic.merkle import HASH_BYTES
from jiwar.audit.logic.notes import CheckpointInvalid

VERSION = 1
MAX_ASKED = 4
MAX_GOSSIP = 12
MAX_PROOFS = MAX_ASKED + 1
MAX_PATH = 64
_MAX_LINE = 1000
_NAMES = {"v", "n", "got", "checkpoint", "proofs", "held", "cosignature", "asks", "show", "gossip"}
_LARGEST = 2**53


class Proof(NamedTuple):
    """The root of an older tree as the newer one has it, and the path from one to the other."""

    root: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """What was said, its form checked and nothing else. `to`: epoch and size of the tree that the proofs lead to."""

    number: int
    got: int
    checkpoint: str | None
    to: tuple[int, int] | None
    proofs: Mapping[int, Proof]
    held: tuple[int, int, bytes, str | None] | None
    cosignature: tuple[int, int, str] | None
    asks: tuple[tuple[int, int], ...] | None
    show: bool
    gossip: tuple[str, ...]


def read_member(data: object) -> Member:
    """The member from parsed JSON. Raises CheckpointInvalid `member`."""
    if not isinstance(data, dict) or not data.keys() <= _NAMES or type(data.get("v")) is not int:
        raise CheckpointInvalid("member")
    if data["v"] != VERSION:
        raise CheckpointInvalid("member")
    to, proofs = _proofs(data.get("proofs"))
    checkpoint, asks, gossip = data.get("checkpoint"), data.get("asks"), data.get("gossip", [])
    if not (checkpoint is None or _is_text(checkpoint, notes.MAX_CHARACTERS)):
        raise CheckpointInvalid("member")
    if not isinstance(gossip, list) or len(gossip) > MAX_GOSSIP:
        raise CheckpointInvalid("member")
    if not all(_is_text(each, notes.MAX_CHARACTERS) for each in gossip):
        raise CheckpointInvalid("member")
    if type(data.get("show", False)) is not bool:
        raise CheckpointInvalid("member")
    if asks is not None and (not isinstance(asks, list) or len(asks) > MAX_ASKED):
        raise CheckpointInvalid("member")
    return Member(
        number=_number(data.get("n")),
        got=_number(data.get("got")),
        checkpoint=checkpoint,
        to=to,
        proofs=proofs,
        held=_held(data.get("held")),
        cosignature=_cosignature(data.get("cosignature")),
        asks=None if asks is None else tuple(_tree(_object(each, {"epoch", "size"})) for each in asks),
        show=data.get("show", False),
        gossip=tuple(gossip),
    )


def _proofs(data: object) -> tuple[tuple[int, int] | None, dict[int, Proof]]:
    if data is None:
        return None, {}
    members = _object(data, {"epoch", "size", "from"})
    listed = members["from"]
    if not isinstance(listed, list) or len(listed) > MAX_PROOFS:
        raise CheckpointInvalid("member")
    proofs = {}
    for each in listed:
        proof = _object(each, {"size", "root", "path"})
        path = proof["path"]
        if not isinstance(path, list) or len(path) > MAX_PATH:
            raise CheckpointInvalid("member")
        proofs[_number(proof["size"])] = Proof(_hash(proof["root"]), tuple(map(_hash, path)))
    return _tree(members), proofs


def _held(data: object) -> tuple[int, int, bytes, str | None] | None:
    if data is None:
        return None
    members = _object(data, {"epoch", "size", "root"}, {"note"})
    note = members.get("note")
    if not (note is None or _is_text(note, notes.MAX_CHARACTERS)):
        raise CheckpointInvalid("member")
    return *_tree(members), _hash(members["root"]), note


def _cosignature(data: object) -> tuple[int, int, str] | None:
    if data is None:
        return None
    members = _object(data, {"epoch", "size", "line"})
    line = members["line"]
    if not _is_text(line, _MAX_LINE):
        raise CheckpointInvalid("member")
    return *_tree(members), line


def _object(data: object, names: Iterable[str], more: Iterable[str] = ()) -> dict[str, object]:
    if not isinstance(data, dict) or not set(names) <= data.keys() <= {*names, *more}:
        raise CheckpointInvalid("member")
    return data


def _tree(members: Mapping[str, object]) -> tuple[int, int]:
    epoch = _number(members["epoch"])
    if not epoch:
        raise CheckpointInvalid("member")
    return epoch, _number(members["size"])


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST:
        raise CheckpointInvalid("member")
    return value


def _hash(value: object) -> bytes:
    found = notes.decode(value) if isinstance(value, str) else None
    if found is None or len(found) != HASH_BYTES:
        raise CheckpointInvalid("member")
    return found


def _is_text(value: object, longest: int) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= longest
