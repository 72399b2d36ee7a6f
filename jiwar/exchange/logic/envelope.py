"""The sealed envelope, version 1: what passes between two nodes.

An envelope is canonical JSON (RFC 8785) of `header`, `keys`, `nonce`, `body`, `signature`. The header stays readable:
version, id, sender, recipient, number in the stream from the one to the other, hash of the envelope before, expiry.
All else is inside the ciphertext: the body is padded to a bucket and encrypted with a fresh AES-256-GCM key (header as
associated data); that key is sealed to the recipient with HPKE (RFC 9180; MLKEM768-X25519, HKDF-SHA256, AES-256-GCM),
with the hash of the header bound as `info`; Ed25519 signs everything. A version is one fixed suite: nothing is
negotiated.
"""

import base64
import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from jiwar.wire.strict_json import JsonRefused, canonical, parse

VERSION = 1
MAX_BYTES = 2_000_000
SMALLEST_BUCKET = 1024
FIRST = "0" * 64
"""`prev` of the first envelope of a stream."""

_LABEL = b"jiwar-envelope/1\n"
_NODE = re.compile(r"[A-Z]{3}(-[A-Z0-9]{2,20})?")
_HASH = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[0-9a-f]{16}")
_LENGTH = 4
_KEY_BYTES = 32
_NONCE_BYTES = 12


def _suite() -> Suite:
    return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class EnvelopeInvalid(Exception):
    """An envelope that must not be opened or believed.

    `code`: `envelope_too_large`, `envelope_json`, `envelope_form`, `envelope_version`, `envelope_field` (its name is
    the detail), `envelope_signature`, `envelope_not_for_us`, `envelope_seal`, `envelope_expired`.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Header:
    """The readable part. `seq` counts from 1 in the stream from `sender` to `recipient`; `prev` is a SHA-256 in hex."""

    id: UUID
    sender: str
    recipient: str
    seq: int
    prev: str
    expires: dt.datetime

    def as_json(self) -> dict[str, Any]:
        """JSON form, with the version."""
        return {
            "v": VERSION,
            "id": str(self.id),
            "from": self.sender,
            "to": self.recipient,
            "seq": self.seq,
            "prev": self.prev,
            "expires": self.expires.astimezone(dt.UTC).isoformat(timespec="seconds"),
        }


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed envelope; nothing of it has been verified. `signed` are the bytes under the signature."""

    header: Header
    sealing_key: str
    sealed: bytes
    nonce: bytes
    ciphertext: bytes
    signing_key: str
    signature: bytes
    signed: bytes
    hash: str


def seal(
    header: Header,
    payload: dict[str, Any],
    *,
    sealing_key: str,
    sealing_public: MLKEM768X25519PublicKey,
    signing_key: str,
    signing_private: Ed25519PrivateKey,
) -> bytes:
    """The bytes of an envelope. Raises EnvelopeInvalid for a payload that does not fit."""
    plain = canonical(payload)
    if len(plain) > MAX_BYTES // 2:
        raise EnvelopeInvalid("envelope_too_large", str(len(plain)))
    head = canonical(header.as_json())
    key, nonce = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
    unsigned = {
        "header": header.as_json(),
        "keys": [{"key": sealing_key, "sealed": _b64(_suite().encrypt(key, sealing_public, info=_info(head)))}],
        "nonce": _b64(nonce),
        "body": _b64(AESGCM(key).encrypt(nonce, _pad(plain), head)),
    }
    signature = signing_private.sign(_LABEL + canonical(unsigned))
    return canonical(unsigned | {"signature": {"key": signing_key, "value": _b64(signature)}})


def read(data: bytes) -> Envelope:
    """Parse an envelope; raises EnvelopeInvalid. Who wrote it is not known before `verify`."""
    if len(data) > MAX_BYTES:
        raise EnvelopeInvalid("envelope_too_large", str(len(data)))
    try:
        members = parse(data, max_bytes=MAX_BYTES)
        if not isinstance(members, dict) or members.keys() != {"header", "keys", "nonce", "body", "signature"}:
            raise EnvelopeInvalid("envelope_form")
        if canonical(members) != data:
            raise EnvelopeInvalid("envelope_form", "not canonical")
        signature = members.pop("signature")
        keys = members["keys"]
        if not isinstance(keys, list) or len(keys) != 1:
            raise EnvelopeInvalid("envelope_field", "keys")
        return Envelope(
            header=_read_header(members["header"]),
            sealing_key=_text(keys[0], "key", _KEY),
            sealed=_bytes(keys[0], "sealed"),
            nonce=_bytes(members, "nonce"),
            ciphertext=_bytes(members, "body"),
            signing_key=_text(signature, "key", _KEY),
            signature=_bytes(signature, "value"),
            signed=_LABEL + canonical(members),
            hash=hash_of(data),
        )
    except JsonRefused as refused:
        raise EnvelopeInvalid("envelope_json", refused.code) from None


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


def unseal(envelope: Envelope, private: MLKEM768X25519PrivateKey) -> dict[str, Any]:
    """The payload; raises EnvelopeInvalid("envelope_seal") when the key does not open it or the body was altered."""
    head = canonical(envelope.header.as_json())
    try:
        key = _suite().decrypt(envelope.sealed, private, info=_info(head))
        plain = _unpad(AESGCM(key).decrypt(envelope.nonce, envelope.ciphertext, head))
        payload = parse(plain, max_bytes=MAX_BYTES)
    except (InvalidTag, ValueError, JsonRefused):
        raise EnvelopeInvalid("envelope_seal") from None
    if not isinstance(payload, dict):
        raise EnvelopeInvalid("envelope_seal", "payload")
    return payload


def hash_of(data: bytes) -> str:
    """Name of an envelope in the chain of its stream: SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _pad(plain: bytes) -> bytes:
    """Length, text, zeros up to the next power of two: a watcher of the line learns the size class alone."""
    bucket = SMALLEST_BUCKET
    while bucket < len(plain) + _LENGTH:
        bucket *= 2
    return len(plain).to_bytes(_LENGTH, "big") + plain + bytes(bucket - _LENGTH - len(plain))


def _unpad(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:_LENGTH], "big")
    if length > len(padded) - _LENGTH or any(padded[_LENGTH + length :]):
        raise ValueError("padding")
    return padded[_LENGTH : _LENGTH + length]


def _info(head: bytes) -> bytes:
    return _LABEL + hashlib.sha256(head).digest()


def _read_header(data: object) -> Header:
    if not isinstance(data, dict):
        raise EnvelopeInvalid("envelope_field", "header")
    if data.get("v") != VERSION:
        # Older suites are refused, newer ones wait for an upgrade: the sender keeps the message either way.
        raise EnvelopeInvalid("envelope_version", str(data.get("v"))[:20])
    if data.keys() != {"v", "id", "from", "to", "seq", "prev", "expires"}:
        raise EnvelopeInvalid("envelope_field", "header")
    seq = data["seq"]
    if type(seq) is not int or not 1 <= seq < 2**53:
        raise EnvelopeInvalid("envelope_field", "seq")
    try:
        header = Header(
            id=UUID(_text(data, "id")),
            sender=_text(data, "from", _NODE),
            recipient=_text(data, "to", _NODE),
            seq=seq,
            prev=_text(data, "prev", _HASH),
            expires=dt.datetime.fromisoformat(_text(data, "expires")),
        )
    except (ValueError, OverflowError):
        raise EnvelopeInvalid("envelope_field", "header") from None
    if header.as_json() != data:
        raise EnvelopeInvalid("envelope_field", "header")
    return header


def _text(data: object, name: str, form: re.Pattern[str] | None = None) -> str:
    value = data.get(name) if isinstance(data, dict) else None
    if not isinstance(value, str) or (form and not form.fullmatch(value)):
        raise EnvelopeInvalid("envelope_field", name)
    return value


def _bytes(data: object, name: str) -> bytes:
    try:
        return base64.b64decode(_text(data, name), validate=True)
    except ValueError:
        raise EnvelopeInvalid("envelope_field", name) from None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
