"""The sealed envelope, version 2: one message from one node to another.

    "JWE" 0x02
    u16 length, header: canonical JSON (RFC 8785) of v, id, from, to, stream, seq, prev, expires
    u8 count, that many times: 8 bytes id of a sealing key, u16 length, the content key sealed to it
    12 bytes nonce, u32 length, ciphertext
    8 bytes id of the signing key, 64 bytes Ed25519 signature

Integers are big-endian. The header stays readable; all else is in the ciphertext. The payload is padded to a bucket and
encrypted with a fresh AES-256-GCM key (header as associated data); that key is sealed to each sealing key of the
recipient with HPKE (RFC 9180; MLKEM768-X25519, HKDF-SHA256, AES-256-GCM), the hash of the header bound as `info`.
Ed25519 signs `jiwar-envelope/2`, a line feed, and every byte before the id of the signing key. A version is one fixed
suite: nothing is negotiated, a lower one is refused, a higher one waits for the upgrade.
"""

import datetime as dt
import hashlib
import re
import secrets
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey

from jiwar.exchange.logic import sealed_key
from jiwar.exchange.logic.sealed_key import KEY_BYTES, SealedKeyInvalid
from jiwar.exchange.logic.streams import STREAM
from jiwar.wire.ids import timestamp
from jiwar.wire.strict_json import JsonRefused, canonical, parse

VERSION = 2
MAGIC = b"JWE" + bytes([VERSION])
MAX_BYTES = 2_000_000
MAX_PAYLOAD = 1_000_000
MAX_HEADER = 1_000
SMALLEST_BUCKET = 1024
LEAST_BYTES = 2_500
"""About what the smallest envelope has: key, smallest bucket, header, signature."""
FIRST = "0" * 64
"""`prev` of the first envelope of a stream."""

LABEL = b"jiwar-envelope/2\n"
_NODE = re.compile(r"[A-Z]{3}(-[A-Z0-9]{2,20})?")
_HASH = re.compile(r"[0-9a-f]{64}")
_FIELDS = {"v", "id", "from", "to", "stream", "seq", "prev", "expires"}
_ID_BYTES = 8
_NONCE_BYTES = 12
_SIGNATURE_BYTES = 64


class EnvelopeInvalid(Exception):
    """An envelope that must not be opened or believed.

    `code`: `envelope_too_large`, `envelope_form`, `envelope_version`, `envelope_field` (its name is the detail),
    `envelope_signature`, `envelope_not_for_us`, `envelope_seal`, `envelope_expired`.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Header:
    """The readable part. `seq` counts from 1 in `stream`; `prev` is the SHA-256, in hex, of the envelope before."""

    id: UUID
    sender: str
    recipient: str
    stream: str
    seq: int
    prev: str
    expires: dt.datetime

    @property
    def made_at(self) -> dt.datetime:
        """When it was sealed, by its sender's clock: the time in its id."""
        return timestamp(self.id)

    def as_json(self) -> dict[str, Any]:
        """JSON form, with the version."""
        return {
            "v": VERSION,
            "id": str(self.id),
            "from": self.sender,
            "to": self.recipient,
            "stream": self.stream,
            "seq": self.seq,
            "prev": self.prev,
            "expires": self.expires.astimezone(dt.UTC).isoformat(timespec="seconds"),
        }


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed envelope; nothing of it has been verified. `head` are the header's bytes, `signed` those under the
    signature, `keys` maps ids of sealing keys to the sealed content key."""

    header: Header
    head: bytes
    keys: Mapping[str, bytes]
    nonce: bytes
    ciphertext: bytes
    signing_key: str
    signature: bytes
    signed: bytes
    hash: str


def seal(
    header: Header,
    payload: bytes,
    *,
    sealing: Sequence[tuple[str, MLKEM768X25519PublicKey]],
    signing_key: str,
    signing_private: Ed25519PrivateKey,
) -> bytes:
    """The bytes of an envelope, sealed to each of the recipient's keys. Raises EnvelopeInvalid if it does not fit."""
    if len(payload) > MAX_PAYLOAD:
        raise EnvelopeInvalid("envelope_too_large", str(len(payload)))
    head = canonical(header.as_json())
    key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
    try:
        keys = sealed_key.seal(key, sealing, _info(head))
    except SealedKeyInvalid:
        raise EnvelopeInvalid("envelope_field", "keys") from None
    ciphertext = AESGCM(key).encrypt(nonce, _pad(payload), head)
    length = struct.pack(">I", len(ciphertext))
    unsigned = b"".join([MAGIC, struct.pack(">H", len(head)), head, keys, nonce, length, ciphertext])
    return unsigned + bytes.fromhex(signing_key) + signing_private.sign(LABEL + unsigned)


def read(data: bytes) -> Envelope:
    """Parse an envelope; raises EnvelopeInvalid. Who wrote it is not known before `verify`."""
    if len(data) > MAX_BYTES:
        raise EnvelopeInvalid("envelope_too_large", str(len(data)))
    if data[:3] != MAGIC[:3] or len(data) < len(MAGIC):
        raise EnvelopeInvalid("envelope_form", "magic")
    if data[3] != VERSION:
        raise EnvelopeInvalid("envelope_version", str(data[3]))
    try:
        at = len(MAGIC)
        (length,) = struct.unpack_from(">H", data, at)
        head = data[at + 2 : at + 2 + length]
        header = _read_header(head, length)
        at += 2 + length
        keys, at = sealed_key.read(data, at)
        nonce, at = data[at : at + _NONCE_BYTES], at + _NONCE_BYTES
        (length,) = struct.unpack_from(">I", data, at)
        at += 4 + length
        ciphertext = data[at - length : at]
    except SealedKeyInvalid:
        raise EnvelopeInvalid("envelope_field", "keys") from None
    except (struct.error, IndexError):
        raise EnvelopeInvalid("envelope_form", "cut") from None
    if len(data) != at + _ID_BYTES + _SIGNATURE_BYTES:
        raise EnvelopeInvalid("envelope_form", "length")
    return Envelope(
        header=header,
        head=head,
        keys=keys,
        nonce=nonce,
        ciphertext=ciphertext,
        signing_key=data[at : at + _ID_BYTES].hex(),
        signature=data[at + _ID_BYTES :],
        signed=LABEL + data[:at],
        hash=hash_of(data),
    )


def verify(envelope: Envelope, public: Ed25519PublicKey, recipient: str, at: dt.datetime) -> None:
    """Raise EnvelopeInvalid unless the key signed it, for this recipient, and it has not expired."""
    try:
        public.verify(envelope.signature, envelope.signed)
    except InvalidSignature:
        raise EnvelopeInvalid("envelope_signature") from None
    if envelope.header.recipient != recipient:
        raise EnvelopeInvalid("envelope_not_for_us", envelope.header.recipient)
    if envelope.header.expires <= at:
        raise EnvelopeInvalid("envelope_expired", envelope.header.expires.isoformat())


def unseal(envelope: Envelope, keys: Mapping[str, MLKEM768X25519PrivateKey]) -> bytes:
    """The payload, opened with the first of our keys that it is sealed to.

    Raises EnvelopeInvalid: `envelope_seal` when the key does not open it or the body was altered,
    `sealing_key_unknown` when it is sealed to none of `keys`.
    """
    try:
        key = sealed_key.unseal(envelope.keys, keys, _info(envelope.head))
        return _unpad(AESGCM(key).decrypt(envelope.nonce, envelope.ciphertext, envelope.head))
    except SealedKeyInvalid as invalid:
        if invalid.code == "unknown":
            raise EnvelopeInvalid("sealing_key_unknown", " ".join(envelope.keys)) from None
        raise EnvelopeInvalid("envelope_seal") from None
    except (InvalidTag, ValueError):
        raise EnvelopeInvalid("envelope_seal") from None


def hash_of(data: bytes) -> str:
    """Name of an envelope in the chain of its stream: SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _pad(plain: bytes) -> bytes:
    """Length, payload, zeros up to the next power of two: a watcher of the line learns the size class alone."""
    bucket = max(SMALLEST_BUCKET, 1 << (len(plain) + 3).bit_length())
    return struct.pack(">I", len(plain)) + plain + bytes(bucket - 4 - len(plain))


def _unpad(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:4], "big")
    plain = padded[4 : 4 + length]
    if len(plain) != length or padded != _pad(plain):
        raise ValueError("padding")
    return plain


def _info(head: bytes) -> bytes:
    return LABEL + hashlib.sha256(head).digest()


def _read_header(head: bytes, length: int) -> Header:
    if len(head) != length or length > MAX_HEADER:
        raise EnvelopeInvalid("envelope_form", "header")
    try:
        data = parse(head, max_bytes=MAX_HEADER)
    except JsonRefused as refused:
        raise EnvelopeInvalid("envelope_form", refused.code) from None
    if not isinstance(data, dict) or data.keys() != _FIELDS or data["v"] != VERSION:
        raise EnvelopeInvalid("envelope_field", "header")
    seq = data["seq"]
    if type(seq) is not int or not 1 <= seq < 2**53:
        raise EnvelopeInvalid("envelope_field", "seq")
    try:
        header = Header(
            id=UUID(_text(data, "id")),
            sender=_text(data, "from", _NODE),
            recipient=_text(data, "to", _NODE),
            stream=_text(data, "stream", STREAM),
            seq=seq,
            prev=_text(data, "prev", _HASH),
            expires=dt.datetime.fromisoformat(_text(data, "expires")),
        )
        same = canonical(header.as_json()) == head
        _ = header.made_at  # raises ValueError for an id that names no time
    except (ValueError, OverflowError):
        raise EnvelopeInvalid("envelope_field", "header") from None
    if not same:
        raise EnvelopeInvalid("envelope_form", "not canonical")
    return header


def _text(data: dict[str, object], name: str, form: re.Pattern[str] | None = None) -> str:
    value = data[name]
    if not isinstance(value, str) or (form and not form.fullmatch(value)):
        raise EnvelopeInvalid("envelope_field", name)
    return value
