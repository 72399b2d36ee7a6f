r"""The ledger as a file that anyone can verify without the node: JSON Lines, each line canonical and ending in "\n".

    {"epoch":1,"epochs":[],"exported_at":…,"first":0,"format":"jiwar-ledger","key":<base64 Ed25519>,"node":"LBY","v":2}
    one line per leaf: its content, byte for byte, in the ledger's order
    {"checkpoint":"jiwar/LBY\n…","path":[…],"witnessed":"jiwar/LBY\n…"}

The checkpoint is signed for the file: it covers the leaves by size and root, the first line by its SHA-256 in the
extension line `header <base64>`, and the rest of the last line by that of `rest <base64>`, so that no byte of the file
can change unseen. `epochs` are those that the tree went through (number, size, root); the reader checks each root.
`witnessed` is the newest checkpoint that witnesses signed, with their lines, and `path` proves that the leaves continue
it; null and empty where there is none. Reader and writer hold one line at a time.

Version 1 had no epochs and no witnesses: its first line lacks the two members, its last line has the checkpoint alone.
"""

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.audit.logic import checkpoint, instants, leaf, merkle, notes
from jiwar.audit.logic.checkpoint import Epoch
from jiwar.audit.logic.proof import cosigners
from jiwar.wire.strict_json import JsonRefused, canonical, parse

FORMAT = "jiwar-ledger"
VERSION = 2
MAX_LINE = leaf.MAX_CONTENT + 1
"""Bytes of one line, its end included. Read a file with `iter(lambda: file.readline(MAX_LINE + 1), b"")`."""


class LedgerInvalid(Exception):
    """An export that proves nothing, or leaves that are not the ledger they are said to be.

    `code`: `empty`, `line_end`, `too_long`, `json`, `not_canonical`, `header`, `version`, `key` (not the expected
    one), `leaf`, `node`, `index`, `epoch` (the tree at its begin is another), `cut` (no checkpoint at the end),
    `trailing_data`, `checkpoint`, `header_changed`, `rest_changed`, `size`, `root`, `witnessed` (the witnesses' tree is
    another). `line` counts from 1.
    """

    def __init__(self, code: str, line: int, detail: str = "") -> None:
        super().__init__(code, line, detail)
        self.code = code
        self.line = line
        self.detail = detail

    def __str__(self) -> str:
        return f"line {self.line}: {self.code}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a verified export holds."""

    node: str
    size: int
    root: bytes
    exported_at: datetime
    first_at: datetime | None
    last_at: datetime | None
    key: bytes
    """The raw Ed25519 public key that signed: whoever gave no expected key compares its fingerprint by another way."""
    acts: dict[str, int]
    """How many leaves there are of each act, by name."""
    epoch: int = 1
    epochs: tuple[Epoch, ...] = ()
    """The epochs after the first that the ledger went through."""
    witnessed: int | None = None
    """So many leaves are under the checkpoint that witnesses signed; None where the file has none."""
    witnesses: dict[str, datetime] = field(default_factory=dict)
    """Who signed it, and when, of those whose keys were given."""
    unknown: tuple[str, ...] = ()
    """Names of others on it, of which nothing is proven."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint with the lines of its witnesses, and the path from its tree to the file's."""

    note: str
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Header:
    version: int
    node: str
    key: bytes
    exported_at: datetime
    epoch: int
    epochs: tuple[Epoch, ...]
    digest: str


def export(
    leaves: Iterable[bytes],
    *,
    node: str,
    tree: merkle.CompactRange,
    exported_at: datetime,
    private_key: Ed25519PrivateKey,
    epochs: Sequence[Epoch] = (),
    witnessed: Witnessed | None = None,
) -> Iterator[bytes]:
    """The lines of an export of all `leaves` (contents from index 0), which must be those of `tree`.

    Raises `LedgerInvalid` instead of signing where they are not: a database that was changed behind the ledger's
    back gets no new signature.
    """
    key = base64.b64encode(private_key.public_key().public_bytes_raw()).decode()
    epoch = epochs[-1].number if epochs else 1
    header = canonical(
        {
            "format": FORMAT,
            "v": VERSION,
            "node": node,
            "key": key,
            "exported_at": instants.write(exported_at),
            "first": 0,
            "epoch": epoch,
            "epochs": [_epoch(each) for each in epochs],
        }
    )
    yield header + b"\n"
    grown = merkle.CompactRange()
    for content in leaves:
        if len(content) >= MAX_LINE or b"\n" in content:
            raise LedgerInvalid("leaf", grown.size + 2)
        grown, _ = merkle.append(grown, merkle.leaf_hash(content))
        yield content + b"\n"
    if grown.size != tree.size:
        raise LedgerInvalid("size", grown.size + 2, f"{grown.size} leaves, the ledger has {tree.size}")
    if grown != tree:
        raise LedgerInvalid("root", grown.size + 2)
    rest = {
        "witnessed": witnessed.note if witnessed else None,
        "path": [notes.encode(each) for each in witnessed.path] if witnessed else [],
    }
    note = checkpoint.sign_checkpoint(
        checkpoint.origin(node, epoch),
        tree.size,
        merkle.root(tree),
        exported_at,
        private_key,
        epochs=epochs,
        extensions=[f"header {_digest(header)}", f"rest {_digest(canonical(rest))}"],
    )
    yield canonical({"checkpoint": note} | rest) + b"\n"


def verify_export(
    lines: Iterable[bytes], expected_key: bytes | None, witnesses: Mapping[str, Ed25519PublicKey] | None = None
) -> Summary:
    """What the export holds, if every byte of it is as the holder of the key signed it; else `LedgerInvalid`.

    `expected_key` is the node's raw Ed25519 public key as the verifier knows it. Without one the file is proven
    against the key that it names itself, which proves it whole but not whose it is. `witnesses`: keys of other nodes,
    by code: whose signature does not hold, the file is refused.
    """
    number = 0
    header: _Header | None = None
    pending: bytes | None = None  # one line behind, for only the end tells which line is the checkpoint
    tree = merkle.CompactRange()
    begun: list[Epoch] = []
    first_at = last_at = None
    acts: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        text = _line(line, number)
        if header is None:
            header = _read_header(text, expected_key)
            begun = [*header.epochs]
            continue
        if pending is not None:
            _check_epoch(begun, tree, number - 1)
            read = _read_leaf(pending, number - 1, header.node, tree.size)
            tree, _ = merkle.append(tree, merkle.leaf_hash(pending))
            first_at, last_at = first_at or read.at, read.at
            acts[read.act] += 1
        pending = text
    if header is None:
        raise LedgerInvalid("empty", 1)
    if pending is None:
        raise LedgerInvalid("cut", number + 1)
    _check_epoch(begun, tree, number)
    if begun:
        raise LedgerInvalid("epoch", number, f"{begun[0].number} begins after {begun[0].size} leaves")
    witnessed = _check_end(pending, number, header, tree)
    signed, unknown = _check_witnesses(witnessed, number, header, tree, witnesses or {})
    return Summary(
        node=header.node,
        size=tree.size,
        root=merkle.root(tree),
        exported_at=header.exported_at,
        first_at=first_at,
        last_at=last_at,
        key=header.key,
        acts=dict(sorted(acts.items())),
        epoch=header.epoch,
        epochs=header.epochs,
        witnessed=checkpoint.read_unverified(witnessed.note).size if witnessed else None,
        witnesses=signed,
        unknown=unknown,
    )


def _line(line: bytes, number: int) -> bytes:
    if len(line) > MAX_LINE:
        raise LedgerInvalid("too_long", number)
    if line.find(b"\n") != len(line) - 1 or not line:
        raise LedgerInvalid("line_end", number)
    return line[:-1]


def _object(data: bytes, number: int) -> dict[str, object]:
    try:
        members = parse(data, max_bytes=MAX_LINE)
        if canonical(members) != data:
            raise LedgerInvalid("not_canonical", number)
    except JsonRefused as refused:
        raise LedgerInvalid("json", number, str(refused)) from None
    return members if isinstance(members, dict) else {}


def _read_header(data: bytes, expected_key: bytes | None) -> _Header:
    match _object(data, 1):
        case {
            "format": "jiwar-ledger",
            "v": int(version),
            "node": str(node),
            "key": str(key_text),
            "exported_at": str(at),
            "first": int(first),
            **others,
        } if type(first) is int and first == 0 and leaf.NODE_CODE.fullmatch(node):
            pass
        case _:
            raise LedgerInvalid("header", 1)
    if type(version) is not int or version not in {1, VERSION}:
        raise LedgerInvalid("version", 1, str(version)[:32])
    epoch, epochs = _read_epochs(others) if version > 1 else (1, ())
    if version == 1 and others:
        raise LedgerInvalid("header", 1)
    try:
        key = base64.b64decode(key_text, validate=True)
        exported_at = instants.read(at)
    except (binascii.Error, ValueError):
        raise LedgerInvalid("header", 1) from None
    if len(key) != 32:
        raise LedgerInvalid("header", 1, "key")
    if expected_key is not None and key != expected_key:
        raise LedgerInvalid("key", 1, key.hex())
    return _Header(version, node, key, exported_at, epoch, epochs, _digest(data))


def _read_epochs(members: dict[str, object]) -> tuple[int, tuple[Epoch, ...]]:
    match members:
        case {"epoch": int(epoch), "epochs": list(listed), **others} if not others and type(epoch) is int:
            pass
        case _:
            raise LedgerInvalid("header", 1)
    epochs = []
    for each in listed:
        match each:
            case {"number": int(number), "size": int(size), "root": str(root), **more} if not more:
                epochs.append(Epoch(number, size, notes.decode(root) or b""))
            case _:
                raise LedgerInvalid("header", 1)
    return epoch, tuple(epochs)


def _check_epoch(begun: list[Epoch], tree: merkle.CompactRange, number: int) -> None:
    """Take the next epoch off the list when the tree is as large as it was then, and was it."""
    while begun and begun[0].size == tree.size:
        if begun.pop(0).root != merkle.root(tree):
            raise LedgerInvalid("epoch", number)


def _read_leaf(data: bytes, number: int, node: str, index: int) -> leaf.Leaf:
    try:
        read = leaf.read(data)
    except leaf.LeafInvalid as invalid:
        if invalid.code == "fields" and data.startswith(b'{"checkpoint":'):
            raise LedgerInvalid("trailing_data", number + 1) from None
        raise LedgerInvalid("leaf", number, f"{invalid.code} {invalid.detail}".rstrip()) from None
    if read.node != node:
        raise LedgerInvalid("node", number, read.node)
    if read.index != index:
        raise LedgerInvalid("index", number, f"{read.index}, expected {index}")
    return read


def _check_end(data: bytes, number: int, header: _Header, tree: merkle.CompactRange) -> Witnessed | None:
    rest = _object(data, number)
    note = rest.pop("checkpoint", None)
    if not isinstance(note, str):
        raise LedgerInvalid("cut", number)
    try:
        key = Ed25519PublicKey.from_public_bytes(header.key)
        signed = checkpoint.open_checkpoint(note, key, checkpoint.origin(header.node, header.epoch))
    except checkpoint.CheckpointInvalid as invalid:
        raise LedgerInvalid("checkpoint", number, invalid.code) from None
    if signed.cosigners:  # unsigned bytes have no place in a file of which each byte is proven
        raise LedgerInvalid("checkpoint", number, "signature_line")
    named: tuple[str, ...] = (f"header {header.digest}",)
    if header.version > 1:
        named = (*named, f"rest {_digest(canonical(rest))}")
    if signed.extensions[:1] != named[:1] or signed.at != header.exported_at or signed.epochs != header.epochs:
        raise LedgerInvalid("header_changed", 1)
    if signed.extensions != named or (header.version == 1 and rest):
        raise LedgerInvalid("rest_changed", number)
    if signed.size != tree.size:
        raise LedgerInvalid("size", number, f"{tree.size} leaves, {signed.size} signed")
    if signed.root != merkle.root(tree):
        raise LedgerInvalid("root", number)
    return _read_witnessed(rest, number) if header.version > 1 else None


def _read_witnessed(rest: dict[str, object], number: int) -> Witnessed | None:
    match rest:
        case {"witnessed": None, "path": [], **others} if not others:
            return None
        case {"witnessed": str(note), "path": list(path), **others} if not others:
            hashes = [notes.decode(each) if isinstance(each, str) else None for each in path]
            if None not in hashes:
                return Witnessed(note, tuple(each or b"" for each in hashes))
    raise LedgerInvalid("witnessed", number, "form")


def _check_witnesses(
    witnessed: Witnessed | None,
    number: int,
    header: _Header,
    tree: merkle.CompactRange,
    witnesses: Mapping[str, Ed25519PublicKey],
) -> tuple[dict[str, datetime], tuple[str, ...]]:
    """Who signed the witnessed checkpoint, whose tree the file's continues."""
    if witnessed is None:
        return {}, ()
    try:
        says = checkpoint.read_unverified(witnessed.note)
        signed, unknown = cosigners(witnessed.note, witnesses)
    except checkpoint.CheckpointInvalid as invalid:
        raise LedgerInvalid("witnessed", number, invalid.code) from None
    if (says.node, says.epoch) != (header.node, header.epoch):
        raise LedgerInvalid("witnessed", number, says.origin)
    try:
        merkle.verify_consistency(says.size, tree.size, witnessed.path, says.root, merkle.root(tree))
    except merkle.ProofInvalid as invalid:
        raise LedgerInvalid("witnessed", number, invalid.code) from None
    return signed, unknown


def _epoch(epoch: Epoch) -> dict[str, object]:
    return {"number": epoch.number, "size": epoch.size, "root": notes.encode(epoch.root)}


def _digest(header: bytes) -> str:
    return base64.b64encode(hashlib.sha256(header).digest()).decode()
