"""Signed JSON as it stands in a frame: 8 bytes id of the key, 64 bytes Ed25519 signature, canonical JSON (RFC 8785).

The signature covers a label that says what the JSON is (`jiwar-hello/2` and a line feed), then the JSON.
"""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.wire.strict_json import JsonRefused, canonical, parse_canonical

_ID, _SIGNATURE = 8, 64


class SignedInvalid(Exception):
    """Signed JSON that says nothing; `code` is the caller's prefix and `_form`, `_version` or `_signature`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Signed:
    """Parsed, not verified: `data` is the JSON object, `key` the id of the key said to have signed."""

    data: dict[str, Any]
    key: str
    signature: bytes
    text: bytes


def sign(label: bytes, data: dict[str, Any], key: str, private: Ed25519PrivateKey) -> bytes:
    """The bytes of signed JSON."""
    text = canonical(data)
    return bytes.fromhex(key) + private.sign(label + text) + text


def read(what: str, data: bytes, *, names: set[str], version: int, max_bytes: int) -> Signed:
    """Parse signed JSON with exactly these members; raises SignedInvalid with codes that begin with `what`."""
    text = data[_ID + _SIGNATURE :]
    try:
        value = parse_canonical(text, max_bytes=max_bytes)
    except JsonRefused as refused:
        raise SignedInvalid(f"{what}_form", refused.code) from None
    if not isinstance(value, dict):
        raise SignedInvalid(f"{what}_form")
    if value.get("v") != version:
        raise SignedInvalid(f"{what}_version", str(value.get("v"))[:20])
    if value.keys() != names:
        raise SignedInvalid(f"{what}_form", " ".join(sorted(value.keys() ^ names))[:100])
    return Signed(value, data[:_ID].hex(), data[_ID : _ID + _SIGNATURE], text)


def verify(what: str, label: bytes, signed: Signed, public: Ed25519PublicKey) -> None:
    """Raise SignedInvalid unless the key signed it."""
    try:
        public.verify(signed.signature, label + signed.text)
    except InvalidSignature:
        raise SignedInvalid(f"{what}_signature") from None
