r"""Evidence that a node signed two histories: whole, portable, and judged by whoever has the node's public keys.

    {"format":"jiwar-ledger-fork","v":1,"older":<note>,"newer":<note>,"root":<base64>,"path":[<base64>,…]}

`older` and `newer` are checkpoints that the node signed. The path proves (RFC 9162 section 2.1.4) that the newer tree
had the root `root` at the older one's size; the older one says another. An honest node's trees continue each other, so
nobody without its key can make such a pair, whatever the path. Where both have one size, the path is empty.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jiwar.audit.logic import merkle, notes
from jiwar.audit.logic.checkpoint import Checkpoint
from jiwar.audit.logic.merkle import ProofInvalid
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.wire.strict_json import JsonRefused, canonical, parse

FORMAT = "jiwar-ledger-fork"
VERSION = 1
MAX_BYTES = 64_000
MAX_PATH = 64

Opener = Callable[[str], Checkpoint]
"""Verifies a note by the keys that are known of its node. Raises CheckpointInvalid, or what says that none is known."""


class EvidenceInvalid(Exception):
    """Evidence that proves nothing.

    `code`: `json`, `form`, `version`, `signature` (a note that the node did not sign), `nodes` (of two nodes),
    `epochs` (of logs that need not continue each other), `path`, `no_fork` (the trees are one).
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return self.code + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two signed notes, and what the newer tree had where the older one ends."""

    older: str
    newer: str
    root: bytes
    path: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Fork:
    """What evidence proves: `node` signed both, and no tree holds them."""

    node: str
    older: Checkpoint
    newer: Checkpoint


def write(evidence: Evidence) -> bytes:
    """The evidence as canonical JSON."""
    return canonical(
        {
            "format": FORMAT,
            "v": VERSION,
            "older": evidence.older,
            "newer": evidence.newer,
            "root": notes.encode(evidence.root),
            "path": [notes.encode(each) for each in evidence.path],
        }
    )


def read(data: bytes) -> Evidence:
    """Evidence from its bytes, not judged yet. Raises EvidenceInvalid."""
    try:
        members = parse(data, max_bytes=MAX_BYTES)
    except JsonRefused as refused:
        raise EvidenceInvalid("json", refused.code) from None
    match members:
        case {
            "format": "jiwar-ledger-fork",
            "v": int(version),
            "older": str(older),
            "newer": str(newer),
            "root": str(root),
            "path": list(path),
            **others,
        } if not others and len(path) <= MAX_PATH and all(isinstance(each, str) for each in path):
            pass
        case _:
            raise EvidenceInvalid("form")
    if type(version) is not int or version != VERSION:
        raise EvidenceInvalid("version", str(version)[:32])
    hashes = [notes.decode(each) for each in (root, *path)]
    if not all(each is not None and len(each) == merkle.HASH_BYTES for each in hashes):
        raise EvidenceInvalid("form")
    first, *rest = [each or b"" for each in hashes]
    return Evidence(older, newer, first, tuple(rest))


def judge(evidence: Evidence, open_note: Opener) -> Fork:
    """What the evidence proves; EvidenceInvalid where it proves nothing, and whatever `open_note` raises of keys."""
    try:
        older, newer = open_note(evidence.older), open_note(evidence.newer)
    except CheckpointInvalid as invalid:
        raise EvidenceInvalid("signature", invalid.code) from None
    if older.node != newer.node:
        raise EvidenceInvalid("nodes", f"{older.node} {newer.node}")
    if older.size > newer.shares(older.epoch):
        raise EvidenceInvalid("epochs", f"{older.size} > {newer.shares(older.epoch)}")
    try:
        merkle.verify_consistency(older.size, newer.size, evidence.path, evidence.root, newer.root)
    except ProofInvalid as invalid:
        raise EvidenceInvalid("path", invalid.code) from None
    if evidence.root == older.root:
        raise EvidenceInvalid("no_fork")
    return Fork(older.node, older, newer)
