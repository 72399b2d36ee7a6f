"""One leaf, proven to whoever has the node's card and no node: C2SP tlog-proof (https://c2sp.org/tlog-proof).

c2sp.org/tlog-proof@v1
extra <base64 of the leaf's content>
index 73894
<base64 hashes, one a line: the audit path from the leaf upward, RFC 9162 section 2.1.3>

<a checkpoint, with the signature lines of witnesses below the node's own>
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from jiwar.audit.logic import cosignature, leaf, merkle, notes
from jiwar.audit.logic.checkpoint import Checkpoint, open_of_card, read_unverified
from jiwar.audit.logic.leaf import Leaf, LeafInvalid
from jiwar.audit.logic.merkle import ProofInvalid
from jiwar.audit.logic.notes import CheckpointInvalid

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MAX_CHARACTERS = 150_000
MAX_PATH = 64
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


class LeafUnproven(Exception):
    """A proof that proves nothing.

    `code`: `form`, `leaf` (its content is none), `node` (of another node than the checkpoint), `index` (the leaf says
    another), `path`, `checkpoint`; `detail` is the code of what is wrong there.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return self.code + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof proves: the leaf stands in the tree that the node signed.

    `cosigned`: by its ML-DSA-65 key too. `witnesses`: who cosigned that tree, and when, of those whose keys were given.
    `unknown`: names on lines of others.
    """

    leaf: Leaf
    checkpoint: Checkpoint
    cosigned: bool
    witnesses: dict[str, datetime]
    unknown: tuple[str, ...]


def write_proof(content: bytes, index: int, path: Sequence[bytes], note: str) -> str:
    """The proof of a leaf's content at its index, under the tree of the note."""
    lines = [FIRST_LINE, f"extra {notes.encode(content)}", f"index {index}", *map(notes.encode, path), ""]
    return "\n".join(lines) + f"\n{note}"


def with_cosignatures(note: str, lines: Sequence[str]) -> str:
    """The note with witnesses' lines below its own."""
    body, own = notes.read(note)
    return notes.write(body, [line.text for line in own] + list(lines))


def verify_proof(
    text: str,
    public_key: Ed25519PublicKey,
    cosigning_key: MLDSA65PublicKey | None = None,
    witnesses: Mapping[str, Ed25519PublicKey] | None = None,
) -> Proven:
    """What the proof proves by the node's keys; else LeafUnproven.

    `cosigning_key`: its ML-DSA-65 key, whose signature must hold where it is. `witnesses`: keys of other nodes, by
    code, whose signatures must hold likewise.
    """
    content, index, path, note = _read(text)
    try:
        checkpoint, second = open_of_card(note, public_key, cosigning_key)
        signed, unknown = cosigners(note, witnesses or {})
    except CheckpointInvalid as invalid:
        raise LeafUnproven("checkpoint", invalid.code) from None
    try:
        read = leaf.read(content)
    except LeafInvalid as invalid:
        raise LeafUnproven("leaf", invalid.code) from None
    if read.node != checkpoint.node:
        raise LeafUnproven("node", read.node)
    if read.index != index:
        raise LeafUnproven("index", str(read.index))
    try:
        merkle.verify_inclusion(merkle.leaf_hash(content), index, checkpoint.size, path, checkpoint.root)
    except ProofInvalid as invalid:
        raise LeafUnproven("path", invalid.code) from None
    return Proven(read, checkpoint, second, signed, unknown)


def cosigners(note: str, witnesses: Mapping[str, Ed25519PublicKey]) -> tuple[dict[str, datetime], tuple[str, ...]]:
    """Who cosigned a note, of those whose keys are given, and the names on the lines of others.

    Raises CheckpointInvalid for a line of a given key that does not hold.
    """
    says = read_unverified(note)
    _, lines = notes.read(note)
    signed: dict[str, datetime] = {}
    unknown = []
    for line in lines:
        for code, key in witnesses.items():
            if line.name == f"jiwar/{code}" and line.key_id == cosignature.key_id(code, key):
                signed[code] = cosignature.open_cosignature(note, line.text, code, key)
                break
        else:
            if line.name != says.origin:
                unknown.append(line.name)
    return signed, tuple(unknown)


def _read(text: str) -> tuple[bytes, int, list[bytes], str]:
    if len(text) > MAX_CHARACTERS:
        raise LeafUnproven("form", "too_long")
    head, separator, note = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or len(lines) < 3 or lines[0] != FIRST_LINE or not lines[1].startswith("extra "):
        raise LeafUnproven("form")
    content, index = notes.decode(lines[1].removeprefix("extra ")), _INDEX.fullmatch(lines[2])
    path = [notes.decode(line) for line in lines[3:]]
    if content is None or not index or len(path) > MAX_PATH or any(each is None for each in path):
        raise LeafUnproven("form")
    return content, int(index[1]), [each or b"" for each in path], note
