"""What a state's root signs: canonical JSON (RFC 8785) with two signatures, Ed25519 and ML-DSA-65, that must both hold.

The signed bytes are a label that names format and version (`jiwar-certificate/1`), a line feed, and the canonical JSON
of the object without its member `signatures`.
"""

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from jiwar.wire.strict_json import JsonRefused, canonical, parse

STATE = re.compile(r"[A-Z]{3}")
HASH = re.compile(r"[0-9a-f]{64}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class PaperRefused(ValueError):
    """A root, request, certificate or list that is not to be believed: `code` says why, `field` where.

    `paper_too_large`, `paper_not_json`, `paper_of_other_format`, `paper_version_unknown`, `paper_field_missing`,
    `paper_field_unknown`, `paper_field_wrong`, `paper_signature_wrong`; others are named where they are raised.
    """

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(f"{code}: {field}" if field else code)
        self.code, self.field = code, field


def key_hash(public: bytes) -> str:
    """Full name of a key: SHA-256 over the raw public key, in hexadecimal; its first 16 digits are the key's id."""
    return hashlib.sha256(public).hexdigest()


def load(text: str, max_bytes: int) -> dict[str, Any]:
    """The object of a JSON text; raises PaperRefused."""
    try:
        data = parse(text.encode(errors="replace"), max_bytes=max_bytes)
    except JsonRefused as refused:
        code = "paper_too_large" if refused.code == "too_large" else "paper_not_json"
        raise PaperRefused(code, refused.code) from None
    if not isinstance(data, dict):
        raise PaperRefused("paper_not_json")
    return data


def check_form(data: object, format_: str, version: int, names: Iterable[str]) -> dict[str, Any]:
    """The object, when it is of this format and version and has exactly these further members."""
    if not isinstance(data, dict) or data.get("format") != format_:
        raise PaperRefused("paper_of_other_format", format_)
    if type(data.get("v")) is not int or data["v"] != version:
        raise PaperRefused("paper_version_unknown", str(data.get("v"))[:20])
    wanted = {"format", "v", *names}
    if missing := wanted - data.keys():
        raise PaperRefused("paper_field_missing", min(missing))
    if unknown := data.keys() - wanted:
        raise PaperRefused("paper_field_unknown", min(unknown)[:40])
    return data


def text_of(data: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    """A text member of this form."""
    value = data.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise PaperRefused("paper_field_wrong", name)
    return value


def instant_of(data: Mapping[str, Any], name: str) -> dt.datetime:
    """A time in whole seconds of UTC: `2026-11-23T12:00:00Z`."""
    try:
        return dt.datetime.fromisoformat(text_of(data, name, _INSTANT))
    except ValueError as error:
        if isinstance(error, PaperRefused):
            raise
        raise PaperRefused("paper_field_wrong", name) from None


def whole_of(data: Mapping[str, Any], name: str) -> int:
    """A whole number from 0."""
    value = data.get(name)
    if type(value) is not int or not 0 <= value < 2**31:
        raise PaperRefused("paper_field_wrong", name)
    return value


def bytes_of(data: Mapping[str, Any], name: str, length: int) -> bytes:
    """Bytes in base64, of exactly this length."""
    value = data.get(name)
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        raw = b""
    if len(raw) != length or base64.b64encode(raw).decode() != value:
        raise PaperRefused("paper_field_wrong", name)
    return raw


def write_instant(at: dt.datetime) -> str:
    """A time as `instant_of` reads it."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def b64(data: bytes) -> str:
    """Bytes as JSON holds them."""
    return base64.b64encode(data).decode()


def signed_bytes(label: str, data: Mapping[str, Any]) -> bytes:
    """What is signed of an object; raises PaperRefused for numbers that JSON may hold and nothing can sign."""
    plain = {name: value for name, value in data.items() if name != "signatures"}
    try:
        return label.encode() + b"\n" + canonical(plain)
    except JsonRefused as refused:
        raise PaperRefused("paper_not_json", refused.code) from None


def verify_both(
    signatures: object, ed25519: Ed25519PublicKey, ml_dsa_65: MLDSA65PublicKey, signed: bytes, field: str = "signatures"
) -> None:
    """Raise PaperRefused unless `signatures` holds a right one of each key."""
    if not isinstance(signatures, dict) or signatures.keys() != {"ed25519", "ml_dsa_65"}:
        raise PaperRefused("paper_field_wrong", field)
    try:
        ed25519.verify(bytes_of(signatures, "ed25519", 64), signed)
        ml_dsa_65.verify(bytes_of(signatures, "ml_dsa_65", 3309), signed)
    except InvalidSignature:
        raise PaperRefused("paper_signature_wrong", field) from None
