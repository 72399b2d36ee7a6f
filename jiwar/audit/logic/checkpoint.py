"""Signed checkpoints of the ledger: C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) in a C2SP signed note
(https://c2sp.org/signed-note) with one Ed25519 signature.

    jiwar/LBY                                       origin, also the name of the signing key
    8                                               size
    XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=    root
    at 2026-11-23T12:00:00.000000Z                  extension lines: `at` is ours and always there

    — jiwar/LBY yk06e1xIFev7ml6JRo8IK4uxd+WeQv35Zal/hgVB8xLiemmKiR7X1T6gMj4rVfo7xzgaBukt3w8/liZbOUjHPfGqPwQ=

A verifier passes over the signatures of keys that it does not know (witnesses add theirs below the ledger's), as the
standard asks, and over extension lines that it does not know.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.audit.logic import instants
from jiwar.audit.logic.merkle import HASH_BYTES

MAX_CHARACTERS = 16_384
MAX_SIGNATURES = 64
_SIGNATURE_TYPE = b"\x01"  # Ed25519, in the registry of the signed-note standard
_KEY_ID_BYTES = 4
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_SIGNATURE_LINE = re.compile(r"— (\S{1,200}) ([A-Za-z0-9+/]{8,}={0,2})")


class CheckpointInvalid(Exception):
    """A checkpoint that must not be believed.

    `code`: `too_long`, `characters`, `form`, `origin`, `size`, `root`, `extension`, `at`, `signature_line`,
    `unsigned` (no signature by the key), `signature` (one that does not hold).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the holder of the key signed: its ledger's first `size` leaves have the root hash `root`."""

    origin: str
    size: int
    root: bytes
    at: datetime
    extensions: tuple[str, ...] = ()
    """Extension lines other than `at`."""
    cosigners: tuple[str, ...] = ()
    """Names on signature lines of other keys. Nothing has been verified about them."""


def key_id(name: str, public_key: Ed25519PublicKey) -> bytes:
    """The four bytes that name a key in a note: SHA-256(name || 0x0A || 0x01 || key)[:4]."""
    name_line = name.encode() + b"\n"
    return hashlib.sha256(name_line + _SIGNATURE_TYPE + public_key.public_bytes_raw()).digest()[:_KEY_ID_BYTES]


def sign_checkpoint(
    origin: str,
    size: int,
    root: bytes,
    at: datetime,
    private_key: Ed25519PrivateKey,
    *,
    extensions: Sequence[str] = (),
) -> str:
    """The signed note. Raises ValueError for a part that the format cannot hold, and for a naive `at`."""
    if not _KEY_NAME.fullmatch(origin):
        raise ValueError(f"origin: {origin!r}")
    if not 0 <= size < 2**63:
        raise ValueError(f"size: {size}")
    if len(root) != HASH_BYTES:
        raise ValueError(f"root: {len(root)} bytes")
    for line in extensions:
        if not line.isprintable() or not line or line.startswith(("at ", "— ")):
            raise ValueError(f"extension: {line!r}")
    text = "\n".join([origin, str(size), _base64(root), f"at {instants.write(at)}", *extensions, ""])
    signature = key_id(origin, private_key.public_key()) + private_key.sign(text.encode())
    note = f"{text}\n— {origin} {_base64(signature)}\n"
    if len(note) > MAX_CHARACTERS:
        raise ValueError(f"{len(note)} characters > {MAX_CHARACTERS}")
    return note


def open_checkpoint(text: str, public_key: Ed25519PublicKey, origin: str) -> Checkpoint:
    """What `text` says, if the key of `origin` signed it. Raises `CheckpointInvalid`, and nothing else."""
    if len(text) > MAX_CHARACTERS:
        raise CheckpointInvalid("too_long")
    if any((character < " " and character != "\n") or "\ud800" <= character <= "\udfff" for character in text):
        raise CheckpointInvalid("characters")
    body, separator, signatures = text.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise CheckpointInvalid("form")
    body += "\n"
    cosigners = _verify(body, signatures[:-1].split("\n"), public_key, origin)
    return _read(body[:-1].split("\n"), origin, cosigners)


def _verify(body: str, lines: list[str], public_key: Ed25519PublicKey, name: str) -> tuple[str, ...]:
    """The other keys' names, when the key signed and every signature under its name and id holds."""
    if len(lines) > MAX_SIGNATURES:
        raise CheckpointInvalid("signature_line")
    expected = key_id(name, public_key)
    signed = False
    cosigners = []
    for line in lines:
        parts = _SIGNATURE_LINE.fullmatch(line)
        blob = _unbase64(parts[2]) if parts else None
        if not parts or not blob or not _KEY_NAME.fullmatch(parts[1]):
            raise CheckpointInvalid("signature_line")
        if parts[1] != name or blob[:_KEY_ID_BYTES] != expected:
            cosigners.append(parts[1])
            continue
        try:
            public_key.verify(blob[_KEY_ID_BYTES:], body.encode())
        except InvalidSignature:
            raise CheckpointInvalid("signature") from None
        if signed:
            raise CheckpointInvalid("signature_line")  # one key, one line
        signed = True
    if not signed:
        raise CheckpointInvalid("unsigned")
    return tuple(cosigners)


def _read(lines: list[str], origin: str, cosigners: tuple[str, ...]) -> Checkpoint:
    if len(lines) < 3:
        raise CheckpointInvalid("form")
    if lines[0] != origin:
        raise CheckpointInvalid("origin")
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) >= 2**63:
        raise CheckpointInvalid("size")
    root = _unbase64(lines[2])
    if root is None or len(root) != HASH_BYTES:
        raise CheckpointInvalid("root")
    if not all(lines):
        raise CheckpointInvalid("extension")
    times = [line for line in lines[3:] if line.startswith("at ")]
    try:
        (at,) = (instants.read(line.removeprefix("at ")) for line in times)
    except ValueError:
        raise CheckpointInvalid("at") from None
    extensions = tuple(line for line in lines[3:] if line not in times)
    return Checkpoint(origin, int(lines[1]), root, at, extensions, cosigners)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unbase64(text: str) -> bytes | None:
    """The bytes, or None for text that is not the one standard encoding of any."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _base64(data) == text else None
