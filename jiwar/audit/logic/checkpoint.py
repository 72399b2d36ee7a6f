"""Signed checkpoints of the ledger: C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) in a signed note (`notes`).

    jiwar/LBY                                       origin, also the name of the signing keys
    8                                               size
    XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=    root
    at 2026-11-23T12:00:00.000000Z                  extension lines: `at` is ours and always there

    — jiwar/LBY yk06e1xIFev7ml6JRo8IK4uxd+WeQv35Zal/hgVB8xLiemmKiR7X1T6gMj4rVfo7xzgaBukt3w8/liZbOUjHPfGqPwQ=
    — jiwar/LBY …                                   by the node's ML-DSA-65 key, where the checkpoint is for witnesses

A node that is restored from an old copy begins a new epoch: a log of its own origin (`jiwar/LBY/2`) that continues the
copy. Each of its checkpoints says where: `epoch 2 SIZE ROOT`, one line for each epoch that the tree has gone through.
What an older epoch signed about leaves before that place holds for the new one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from jiwar.audit.logic import instants, notes
from jiwar.audit.logic.merkle import HASH_BYTES
from jiwar.audit.logic.notes import ED25519, MAX_CHARACTERS, MLDSA65, MLDSA65_PREFIX, CheckpointInvalid

__all__ = ["MAX_CHARACTERS", "Checkpoint", "CheckpointInvalid", "Epoch", "open_checkpoint", "origin", "sign_checkpoint"]

_ORIGIN = re.compile(r"jiwar/([A-Z0-9]+(?:-[A-Z0-9]+)*)(?:/([1-9][0-9]{0,5}))?")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_EPOCH = re.compile(r"epoch ([1-9][0-9]{0,5}) (0|[1-9][0-9]{0,18}) ([A-Za-z0-9+/]{43}=)")


class Epoch(NamedTuple):
    """A new epoch of a node: its log continues the tree of `size` leaves with this root."""

    number: int
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the holder of the key signed: its ledger's first `size` leaves have the root hash `root`."""

    origin: str
    size: int
    root: bytes
    at: datetime
    extensions: tuple[str, ...] = ()
    """Extension lines other than `at` and `epoch`."""
    cosigners: tuple[str, ...] = ()
    """Names on signature lines of other keys. Nothing has been verified about them."""
    epochs: tuple[Epoch, ...] = ()
    """The epochs that the tree went through after the first, oldest first."""

    @property
    def node(self) -> str:
        """Code of the node."""
        return read_origin(self.origin)[0]

    @property
    def epoch(self) -> int:
        """Number of the epoch that signed."""
        return read_origin(self.origin)[1]

    def shares(self, epoch: int) -> int:
        """How many leaves this tree has in common with the log of an epoch: all, where it is the same epoch.

        0 for a later one, of which this tree can know nothing.
        """
        if epoch > self.epoch:
            return 0
        return next((begun.size for begun in self.epochs if begun.number > epoch), self.size)


def origin(code: str, epoch: int) -> str:
    """The origin of a node's log in an epoch: `jiwar/LBY`, and `jiwar/LBY/2` after the first restore."""
    return f"jiwar/{code}" if epoch == 1 else f"jiwar/{code}/{epoch}"


def read_origin(text: str) -> tuple[str, int]:
    """Code and epoch of an origin. Raises CheckpointInvalid."""
    parts = _ORIGIN.fullmatch(text)
    if not parts or parts[2] == "1":
        raise CheckpointInvalid("origin")
    return parts[1], int(parts[2] or 1)


def key_id(name: str, public_key: Ed25519PublicKey) -> bytes:
    """The four bytes that name an Ed25519 key in a note."""
    return notes.key_id(name, ED25519, public_key.public_bytes_raw())


def cosigning_key_id(name: str, public_key: MLDSA65PublicKey) -> bytes:
    """The four bytes that name an ML-DSA-65 key in a note."""
    return notes.key_id(name, MLDSA65, public_key.public_bytes_raw())


def sign_checkpoint(
    origin: str,
    size: int,
    root: bytes,
    at: datetime,
    private_key: Ed25519PrivateKey,
    *,
    extensions: Sequence[str] = (),
    epochs: Sequence[Epoch] = (),
    cosigning_key: MLDSA65PrivateKey | None = None,
) -> str:
    """The signed note. Raises ValueError for a part that the format cannot hold, and for a naive `at`."""
    if not notes.KEY_NAME.fullmatch(origin):
        raise ValueError(f"origin: {origin!r}")
    if not 0 <= size < 2**63:
        raise ValueError(f"size: {size}")
    if len(root) != HASH_BYTES:
        raise ValueError(f"root: {len(root)} bytes")
    for line in extensions:
        if not line.isprintable() or not line or line.startswith(("at ", "epoch ", "— ")):
            raise ValueError(f"extension: {line!r}")
    begun = [f"epoch {each.number} {each.size} {notes.encode(each.root)}" for each in epochs]
    body = "\n".join([origin, str(size), notes.encode(root), f"at {instants.write(at)}", *begun, *extensions, ""])
    try:
        _read(body, origin, ())
    except CheckpointInvalid as invalid:
        raise ValueError(f"{invalid.code}: {body!r}") from None
    public = private_key.public_key()
    lines = [notes.write_line(origin, key_id(origin, public), private_key.sign(body.encode()))]
    if cosigning_key is not None:
        name = cosigning_key_id(origin, cosigning_key.public_key())
        lines.append(notes.write_line(origin, name, cosigning_key.sign(MLDSA65_PREFIX + body.encode())))
    return notes.write(body, lines)


def open_checkpoint(
    text: str, public_key: Ed25519PublicKey, origin: str, cosigning_key: MLDSA65PublicKey | None = None
) -> Checkpoint:
    """What `text` says, if the key of `origin` signed it, and its ML-DSA-65 key too where one is given.

    Raises `CheckpointInvalid`, and nothing else.
    """
    body, lines = notes.read(text)
    own = [_verified(body, lines, origin, public_key)]
    if cosigning_key is not None:
        own.append(_cosigned(body, lines, origin, cosigning_key))
    others = tuple(line.name for line in lines if line not in own)
    return _read(body, origin, others)


def open_of_card(
    text: str, public_key: Ed25519PublicKey, cosigning_key: MLDSA65PublicKey | None
) -> tuple[Checkpoint, bool]:
    """A checkpoint, of any epoch, by the keys of a card, and whether the second signed too.

    A line of the second must hold where it is. Raises `CheckpointInvalid`.
    """
    _, lines = notes.read(text)
    name = read_unverified(text).origin
    second = cosigning_key and notes.the_line(lines, name, cosigning_key_id(name, cosigning_key))
    return open_checkpoint(text, public_key, name, cosigning_key if second else None), bool(second)


@lru_cache(maxsize=256)
def read_unverified(text: str) -> Checkpoint:
    """What a note says of itself, whoever wrote it. Raises `CheckpointInvalid`."""
    body, lines = notes.read(text)
    name = body.partition("\n")[0]
    read_origin(name)
    return _read(body, name, tuple(line.name for line in lines if line.name != name))


def plain(text: str) -> str:
    """The note with its Ed25519 signature alone: as much as gossip needs. Raises `CheckpointInvalid`."""
    body, lines = notes.read(text)
    name = body.partition("\n")[0]
    return notes.write(body, [line.text for line in lines if line.name == name and len(line.signature) == 64])


def _verified(body: str, lines: list[notes.Line], name: str, public_key: Ed25519PublicKey) -> notes.Line:
    line = notes.the_line(lines, name, key_id(name, public_key))
    if line is None:
        raise CheckpointInvalid("unsigned")
    try:
        public_key.verify(line.signature, body.encode())
    except InvalidSignature:
        raise CheckpointInvalid("signature") from None
    return line


def _cosigned(body: str, lines: list[notes.Line], name: str, cosigning_key: MLDSA65PublicKey) -> notes.Line:
    line = notes.the_line(lines, name, cosigning_key_id(name, cosigning_key))
    if line is None:
        raise CheckpointInvalid("uncosigned")
    try:
        cosigning_key.verify(line.signature, MLDSA65_PREFIX + body.encode())
    except (InvalidSignature, ValueError):
        raise CheckpointInvalid("signature") from None
    return line


def _read(body: str, origin: str, cosigners: tuple[str, ...]) -> Checkpoint:
    lines = body[:-1].split("\n")
    if len(lines) < 3:
        raise CheckpointInvalid("form")
    if lines[0] != origin:
        raise CheckpointInvalid("origin")
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) >= 2**63:
        raise CheckpointInvalid("size")
    root = notes.decode(lines[2])
    if root is None or len(root) != HASH_BYTES:
        raise CheckpointInvalid("root")
    if not all(lines):
        raise CheckpointInvalid("extension")
    times = [line for line in lines[3:] if line.startswith("at ")]
    begun = [line for line in lines[3:] if line.startswith("epoch ")]
    try:
        (at,) = (instants.read(line.removeprefix("at ")) for line in times)
    except ValueError:
        raise CheckpointInvalid("at") from None
    extensions = tuple(line for line in lines[3:] if line not in times and line not in begun)
    size = int(lines[1])
    return Checkpoint(origin, size, root, at, extensions, cosigners, _read_epochs(begun, origin, size))


def _read_epochs(lines: list[str], origin: str, size: int) -> tuple[Epoch, ...]:
    """Epochs in rising order, none larger than the tree; the last is the origin's own, which only the first omits."""
    found = [parts for line in lines if (parts := _EPOCH.fullmatch(line))]
    roots = [notes.decode(parts[3]) or b"" for parts in found]
    epochs = tuple(Epoch(int(p[1]), int(p[2]), root) for p, root in zip(found, roots, strict=True))
    numbers, sizes = [each.number for each in epochs], [each.size for each in epochs]
    named = read_origin(origin)[1] if _ORIGIN.fullmatch(origin) else 1
    if (
        len(found) != len(lines)
        or not all(len(root) == HASH_BYTES for root in roots)
        or numbers != sorted(set(numbers) - {1})
        or sizes != sorted(set(sizes))
        or max(sizes, default=0) > size
        or max(numbers, default=1) != named
    ):
        raise CheckpointInvalid("epoch")
    return epochs
