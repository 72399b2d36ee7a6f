r"""The ledger as a file that anyone can verify without the node: JSON Lines, each line canonical and ending in "\n".

    {"exported_at":…,"first":0,"format":"jiwar-ledger","key":<base64 Ed25519>,"node":"LBY","v":1}
    one line per leaf: its content, byte for byte, in the ledger's order
    {"checkpoint":"jiwar/LBY\n…"}

The checkpoint is signed for the file: it covers the leaves by size and root, and the first line by its SHA-256 in
the extension line `header <base64>`. Its own line has one form only, so that no byte of the file can change unseen.
Reader and writer hold one line at a time.
"""

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.audit.logic import checkpoint, instants, leaf, merkle
from jiwar.wire.strict_json import JsonRefused, canonical, parse

FORMAT = "jiwar-ledger"
VERSION = 1
MAX_LINE = leaf.MAX_CONTENT + 1
"""Bytes of one line, its end included. Read a file with `iter(lambda: file.readline(MAX_LINE + 1), b"")`."""


class LedgerInvalid(Exception):
    """An export that proves nothing, or leaves that are not the ledger they are said to be.

    `code`: `empty`, `line_end`, `too_long`, `json`, `not_canonical`, `header`, `version`, `key` (not the expected
    one), `leaf`, `node`, `index`, `cut` (no checkpoint at the end), `trailing_data`, `checkpoint`, `header_changed`,
    `size`, `root`. `line` counts from 1.
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


@dataclass(frozen=True, slots=True)
class _Header:
    node: str
    key: bytes
    exported_at: datetime
    digest: str


def export(
    leaves: Iterable[bytes],
    *,
    node: str,
    tree: merkle.CompactRange,
    exported_at: datetime,
    private_key: Ed25519PrivateKey,
) -> Iterator[bytes]:
    """The lines of an export of all `leaves` (contents from index 0), which must be those of `tree`.

    Raises `LedgerInvalid` instead of signing where they are not: a database that was changed behind the ledger's
    back gets no new signature.
    """
    key = base64.b64encode(private_key.public_key().public_bytes_raw()).decode()
    header = canonical(
        {
            "format": FORMAT,
            "v": VERSION,
            "node": node,
            "key": key,
            "exported_at": instants.write(exported_at),
            "first": 0,
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
    note = checkpoint.sign_checkpoint(
        _origin(node), tree.size, merkle.root(tree), exported_at, private_key, extensions=[f"header {_digest(header)}"]
    )
    yield canonical({"checkpoint": note}) + b"\n"


def verify_export(lines: Iterable[bytes], expected_key: bytes | None) -> Summary:
    """What the export holds, if every byte of it is as the holder of the key signed it; else `LedgerInvalid`.

    `expected_key` is the node's raw Ed25519 public key as the verifier knows it. Without one the file is proven
    against the key that it names itself, which proves it whole but not whose it is.
    """
    number = 0
    header: _Header | None = None
    pending: bytes | None = None  # one line behind, for only the end tells which line is the checkpoint
    tree = merkle.CompactRange()
    first_at = last_at = None
    acts: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        text = _line(line, number)
        if header is None:
            header = _read_header(text, expected_key)
            continue
        if pending is not None:
            read = _read_leaf(pending, number - 1, header.node, tree.size)
            tree, _ = merkle.append(tree, merkle.leaf_hash(pending))
            first_at, last_at = first_at or read.at, read.at
            acts[read.act] += 1
        pending = text
    if header is None:
        raise LedgerInvalid("empty", 1)
    if pending is None:
        raise LedgerInvalid("cut", number + 1)
    _check_end(pending, number, header, tree)
    return Summary(
        node=header.node,
        size=tree.size,
        root=merkle.root(tree),
        exported_at=header.exported_at,
        first_at=first_at,
        last_at=last_at,
        key=header.key,
        acts=dict(sorted(acts.items())),
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
        } if not others and type(first) is int and first == 0 and leaf.NODE_CODE.fullmatch(node):
            pass
        case _:
            raise LedgerInvalid("header", 1)
    if type(version) is not int or version != VERSION:
        raise LedgerInvalid("version", 1, str(version)[:32])
    try:
        key = base64.b64decode(key_text, validate=True)
        exported_at = instants.read(at)
    except (binascii.Error, ValueError):
        raise LedgerInvalid("header", 1) from None
    if len(key) != 32:
        raise LedgerInvalid("header", 1, "key")
    if expected_key is not None and key != expected_key:
        raise LedgerInvalid("key", 1, key.hex())
    return _Header(node, key, exported_at, _digest(data))


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


def _check_end(data: bytes, number: int, header: _Header, tree: merkle.CompactRange) -> None:
    match _object(data, number):
        case {"checkpoint": str(note), **others} if not others:
            pass
        case _:
            raise LedgerInvalid("cut", number)
    try:
        key = Ed25519PublicKey.from_public_bytes(header.key)
        signed = checkpoint.open_checkpoint(note, key, _origin(header.node))
    except checkpoint.CheckpointInvalid as invalid:
        raise LedgerInvalid("checkpoint", number, invalid.code) from None
    if signed.cosigners:  # unsigned bytes have no place in a file of which each byte is proven
        raise LedgerInvalid("checkpoint", number, "signature_line")
    if signed.extensions != (f"header {header.digest}",) or signed.at != header.exported_at:
        raise LedgerInvalid("header_changed", 1)
    if signed.size != tree.size:
        raise LedgerInvalid("size", number, f"{tree.size} leaves, {signed.size} signed")
    if signed.root != merkle.root(tree):
        raise LedgerInvalid("root", number)


def _origin(node: str) -> str:
    return f"jiwar/{node}"


def _digest(header: bytes) -> str:
    return base64.b64encode(hashlib.sha256(header).digest()).decode()
