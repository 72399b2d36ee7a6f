"""The pouch, version 1: frames for one node in one file, for a memory stick or a diplomatic bag.

    head, 8,192 bytes:
        "JWP" 0x01
        u16 length, header: canonical JSON (RFC 8785) of v, id, from, to, at, chunks
        the content key, sealed to each sealing key of the recipient (`sealed_key`)
        8 bytes id of the signing key, 64 bytes Ed25519 signature
        zeros
    chunks, each of 16,400 bytes, as many as the header says

Integers are big-endian. In the chunks: each frame after its u32 length; then u32 zero; then zeros up to the end of the
last chunk, so that the size of the file tells little of what is in it. Chunk number n, from 0, is AES-256-GCM of
16,384 bytes under the content key, with the nonce n in 12 bytes and, as associated data, `jiwar-pouch/1`, a line feed,
n in 4 bytes, and `last` or `more`. The content key is fresh, and sealed with the hash of the header bound as `info`.
Ed25519 signs `jiwar-pouch/1`, a line feed, and every byte before the id of the signing key.

So nobody but the two nodes reads a pouch, each chunk has one place in one pouch, and a file that was cut is good up to
the cut. Nothing in it is compressed: what a reader holds in memory is one chunk and one frame, whatever a pouch says.
"""

import datetime as dt
import hashlib
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey

from jiwar.exchange.logic import sealed_key
from jiwar.exchange.logic.frame import MAX_BYTES as MAX_FRAME
from jiwar.exchange.logic.sealed_key import SealedKeyInvalid
from jiwar.wire.strict_json import JsonRefused, canonical, parse

VERSION = 1
MAGIC = b"JWP" + bytes([VERSION])
LABEL = b"jiwar-pouch/1\n"
HEAD = 8192
CHUNK = 1 << 14
SEALED = CHUNK + 16
MAX_CHUNKS = 261_887
"""Then a file has less than 4 GiB: more than that, the usual file system of a memory stick does not take."""
MAX_FRAMES = 20_000
"""Each costs a reader a signature: a pouch of tiny ones must not cost hours."""
_MAX_HEADER = 1_000
_FIELDS = {"v", "id", "from", "to", "at", "chunks"}
_NODE = re.compile(r"[A-Z]{3}(-[A-Z0-9]{2,20})?")
_ID, _SIGNATURE = 8, 64
_LENGTH = struct.Struct(">I")


class PouchInvalid(Exception):
    """A file, or a part of one, that is not to be believed.

    `code`: `pouch_form`, `pouch_version`, `pouch_signature`, `pouch_not_for_us` (the detail says for whom),
    `pouch_key_unknown` (sealed to none of our keys), `pouch_seal`; of a chunk, whose number, from 1, is the detail:
    `pouch_chunk` (altered, or out of its place) and `pouch_frame` (no frame in it).
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Header:
    """The readable part. `at`: the writer's clock when it was closed; `chunks`: how many follow the head."""

    id: UUID
    sender: str
    recipient: str
    at: dt.datetime
    chunks: int

    def as_json(self) -> dict[str, Any]:
        """JSON form, with the version."""
        return {
            "v": VERSION,
            "id": str(self.id),
            "from": self.sender,
            "to": self.recipient,
            "at": self.at.astimezone(dt.UTC).isoformat(timespec="seconds"),
            "chunks": self.chunks,
        }

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return size_of(self.chunks)


@dataclass(frozen=True, slots=True)
class Head:
    """A head taken apart; nothing of it has been verified. `hash` names the pouch: no two heads share it."""

    header: Header
    text: bytes
    keys: Mapping[str, bytes]
    signing_key: str
    signature: bytes
    signed: bytes
    hash: str


def size_of(chunks: int) -> int:
    """Bytes of a pouch with so many chunks."""
    return HEAD + chunks * SEALED


# --- the head ---------------------------------------------------------------------------------------------------------


def write_head(
    header: Header,
    key: bytes,
    *,
    sealing: Sequence[tuple[str, MLKEM768X25519PublicKey]],
    signing_key: str,
    signing_private: Ed25519PrivateKey,
) -> bytes:
    """The head's bytes, with the content key sealed to each of the recipient's keys."""
    text = canonical(header.as_json())
    keys = sealed_key.seal(key, sealing, _info(text))
    unsigned = b"".join([MAGIC, struct.pack(">H", len(text)), text, keys])
    return (unsigned + bytes.fromhex(signing_key) + signing_private.sign(LABEL + unsigned)).ljust(HEAD, b"\0")


def read_head(data: bytes) -> Head:
    """Take a head apart; raises PouchInvalid. Who wrote it is not known before `verify`."""
    if data[:3] != MAGIC[:3]:
        raise PouchInvalid("pouch_form", "magic")
    if data[3:4] != MAGIC[3:]:
        raise PouchInvalid("pouch_version", str(data[3]) if len(data) > 3 else "")
    if len(data) != HEAD:
        raise PouchInvalid("pouch_form", "cut")
    try:
        (length,) = struct.unpack_from(">H", data, len(MAGIC))
        at = len(MAGIC) + 2 + length
        text = data[len(MAGIC) + 2 : at]
        header = _read_header(text)
        keys, at = sealed_key.read(data, at)
    except (struct.error, IndexError, SealedKeyInvalid):
        raise PouchInvalid("pouch_form", "keys") from None
    end = at + _ID + _SIGNATURE
    if len(data) < end or data[end:].strip(b"\0"):
        raise PouchInvalid("pouch_form", "length")
    return Head(
        header=header,
        text=text,
        keys=keys,
        signing_key=data[at : at + _ID].hex(),
        signature=data[at + _ID : end],
        signed=LABEL + data[:at],
        hash=hashlib.sha256(data).hexdigest(),
    )


def verify(head: Head, public: Ed25519PublicKey, recipient: str) -> None:
    """Raise PouchInvalid unless the key signed it, for this recipient."""
    try:
        public.verify(head.signature, head.signed)
    except InvalidSignature:
        raise PouchInvalid("pouch_signature") from None
    if head.header.recipient != recipient:
        raise PouchInvalid("pouch_not_for_us", head.header.recipient)


def content_key(head: Head, own: Mapping[str, MLKEM768X25519PrivateKey]) -> bytes:
    """The key of the chunks, opened with one of ours; raises PouchInvalid."""
    try:
        return sealed_key.unseal(head.keys, own, _info(head.text))
    except SealedKeyInvalid as invalid:
        raise PouchInvalid("pouch_key_unknown" if invalid.code == "unknown" else "pouch_seal") from None


# --- the chunks -------------------------------------------------------------------------------------------------------


class Sealing:
    """Takes frames and gives sealed chunks; `count` of them so far. One content key seals one pouch."""

    def __init__(self, key: bytes) -> None:
        self._cipher, self._plain, self._frames = AESGCM(key), bytearray(), 0
        self.count = 0

    @property
    def size(self) -> int:
        """Bytes of the file if it were closed now."""
        return size_of(self.count + -(-(len(self._plain) + _LENGTH.size) // CHUNK))

    def room(self, most: int) -> int:
        """The longest frame with which the file has at most `most` bytes; 0 where none is taken any more."""
        chunks = min((most - HEAD) // SEALED, MAX_CHUNKS) - self.count
        fits = chunks * CHUNK - len(self._plain) - 2 * _LENGTH.size
        return max(0, min(fits, MAX_FRAME)) if self._frames < MAX_FRAMES else 0

    def add(self, frame: bytes) -> Iterator[bytes]:
        """The chunks that a frame completes. It is not longer than `room`."""
        self._frames += 1
        self._plain += _LENGTH.pack(len(frame)) + frame
        # One byte more than a chunk: then it is not the last.
        while len(self._plain) > CHUNK:
            yield self._seal(b"more")

    def end(self) -> Iterator[bytes]:
        """The chunks that are left, the last one marked."""
        self._plain += bytes(_LENGTH.size)
        while len(self._plain) > CHUNK:
            yield self._seal(b"more")
        yield self._seal(b"last")

    def _seal(self, place: bytes) -> bytes:
        plain = bytes(self._plain[:CHUNK]).ljust(CHUNK, b"\0")
        del self._plain[:CHUNK]
        number = self.count
        self.count += 1
        return self._cipher.encrypt(_nonce(number), plain, _associated(number, place))


class Opening:
    """Takes sealed chunks in their order and gives frames, from any point on at which a frame began.

    `offset`: bytes of the plain text up to the end of the newest frame that was given; from there another Opening goes
    on. `number`: of the chunk that comes next. `ended`: the last frame was given.
    """

    def __init__(self, key: bytes, header: Header, offset: int = 0) -> None:
        self._cipher, self._chunks, self._plain = AESGCM(key), header.chunks, bytearray()
        self.number, self._skip = divmod(offset, CHUNK)
        self.offset, self.ended, self._frames = offset, False, 0

    def add(self, sealed: bytes) -> Iterator[bytes]:
        """The frames that the next chunk completes; raises PouchInvalid."""
        number = self.number
        place = b"last" if number == self._chunks - 1 else b"more"
        try:
            plain = self._cipher.decrypt(_nonce(number), sealed, _associated(number, place))
        except InvalidTag:
            raise PouchInvalid("pouch_chunk", str(number + 1)) from None
        self.number += 1
        if len(plain) != CHUNK:
            raise PouchInvalid("pouch_frame", str(number + 1))
        self._plain += plain[self._skip :]
        self._skip = 0
        yield from self._frames_in(number, last=place == b"last")

    def _frames_in(self, number: int, *, last: bool) -> Iterator[bytes]:
        while not self.ended and len(self._plain) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._plain)
            if length > MAX_FRAME or self._frames >= MAX_FRAMES:
                raise PouchInvalid("pouch_frame", str(number + 1))
            if length == 0:
                self.ended = True
                break
            end = _LENGTH.size + length
            if len(self._plain) < end:
                break
            frame = bytes(self._plain[_LENGTH.size : end])
            del self._plain[:end]
            self._frames += 1
            self.offset += end
            yield frame
        # The frames end in the last chunk, and nothing but zeros follows them.
        if self.ended != last or (last and self._plain.strip(b"\0")):
            raise PouchInvalid("pouch_frame", str(number + 1))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _associated(number: int, place: bytes) -> bytes:
    return LABEL + number.to_bytes(4, "big") + place


def _info(text: bytes) -> bytes:
    return LABEL + hashlib.sha256(text).digest()


def _read_header(text: bytes) -> Header:
    try:
        data = parse(text, max_bytes=_MAX_HEADER)
    except JsonRefused as refused:
        raise PouchInvalid("pouch_form", refused.code) from None
    if not isinstance(data, dict) or data.keys() != _FIELDS or data["v"] != VERSION:
        raise PouchInvalid("pouch_form", "header")
    if type(data["chunks"]) is not int or not 1 <= data["chunks"] <= MAX_CHUNKS:
        raise PouchInvalid("pouch_form", "chunks")
    try:
        header = Header(
            id=UUID(_text(data, "id")),
            sender=_text(data, "from", _NODE),
            recipient=_text(data, "to", _NODE),
            at=dt.datetime.fromisoformat(_text(data, "at")),
            chunks=data["chunks"],
        )
        same = canonical(header.as_json()) == text
    except (ValueError, OverflowError):
        raise PouchInvalid("pouch_form", "header") from None
    if not same:
        raise PouchInvalid("pouch_form", "not canonical")
    return header


def _text(data: Mapping[str, object], name: str, form: re.Pattern[str] | None = None) -> str:
    value = data[name]
    if not isinstance(value, str) or (form and not form.fullmatch(value)):
        raise PouchInvalid("pouch_form", name)
    return value
