"""A PDF with the node's signature in it: an incremental update (ISO 32000-1, 7.5.6) that readers of PDF pass over.

The update is one stream object of type JiwarSignature and a cross-reference stream. Its two lines are a canonical JSON
statement, which has the SHA-256 of every byte before the update, and the Ed25519 signature of `PREFIX` with that
statement, in base64. The file is whole if writing the update again gives the same bytes: nothing before, in or after
it can change unseen.
"""

import base64
import binascii
import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.wire.strict_json import JsonRefused, canonical, parse_canonical

FORMAT: Final = "jiwar-brief"
VERSION: Final = 1
PREFIX: Final = b"jiwar-brief-v1\n"
MOST_BYTES: Final = 20_000_000
_MOST_PAYLOAD: Final = 4_000
_MEMBERS: Final = {"brief", "content", "format", "key", "made_at", "node", "sha256", "v"}
_FORMS: Final = {
    "brief": re.compile(r"[0-9a-f-]{1,36}"),
    "content": re.compile(r"[0-9a-f]{64}"),
    "made_at": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00"),
    "node": re.compile(r"[A-Z]{3}(-[A-Z0-9]{2,20})?"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
}
_END = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*\Z")
_KEPT = re.compile(rb"/(?:Root|Info) [0-9]{1,7} [0-9]{1,5} R")
_UPDATE = re.compile(rb"([0-9]{1,7}) 0 obj\n<< /Type /JiwarSignature /Length ([0-9]{1,4}) >>\nstream\n")


class BriefInvalid(Exception):
    """A file that proves nothing: `code` is too_large, not_a_pdf, unsigned, changed, version, key or signature."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature says: which node made which brief when; `content` is the hash that stands on its pages.

    `sha256` is that of the PDF before it was signed, `key` the raw public key that signed.
    """

    node: str
    brief: str
    made_at: dt.datetime
    content: str
    sha256: str
    key: bytes


def sign(pdf: bytes, *, node: str, brief: str, made_at: dt.datetime, content: str, key: Ed25519PrivateKey) -> bytes:
    """The PDF with its signature; BriefInvalid("not_a_pdf") where it has no end of its own."""
    statement = canonical(
        {
            "format": FORMAT,
            "v": VERSION,
            "node": node,
            "brief": brief,
            "made_at": made_at.astimezone(dt.UTC).isoformat(timespec="seconds"),
            "content": content,
            "sha256": hashlib.sha256(pdf).hexdigest(),
            "key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        }
    )
    return pdf + _update(pdf, statement + b"\n" + base64.b64encode(key.sign(PREFIX + statement)))


def verify(data: bytes, expected: bytes | None = None) -> Signed:
    """What a brief's signature says; `expected` is the raw Ed25519 key it must be by. Raises BriefInvalid."""
    if len(data) > MOST_BYTES:
        raise BriefInvalid("too_large")
    if not data.startswith(b"%PDF-"):
        raise BriefInvalid("not_a_pdf")
    found = list(_UPDATE.finditer(data))
    if not found:
        raise BriefInvalid("unsigned")
    start, length = found[-1].start(), int(found[-1][2])
    payload = data[found[-1].end() : found[-1].end() + length]
    if data[start:] != _update(data[:start], payload):
        raise BriefInvalid("changed")
    statement, _, signature = payload.partition(b"\n")
    said = _read(statement)
    if said["sha256"] != hashlib.sha256(data[:start]).hexdigest():
        raise BriefInvalid("changed")
    try:
        key = base64.b64decode(said["key"], validate=True)
        made_at = dt.datetime.fromisoformat(said["made_at"])
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature, validate=True), PREFIX + statement)
    except (InvalidSignature, binascii.Error, ValueError):
        raise BriefInvalid("signature") from None
    if expected is not None and key != expected:
        raise BriefInvalid("key")
    return Signed(said["node"], said["brief"], made_at, said["content"], said["sha256"], key)


def _read(statement: bytes) -> dict[str, Any]:
    try:
        said = parse_canonical(statement)
    except JsonRefused:
        raise BriefInvalid("signature") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise BriefInvalid("signature")
    if said.get("v") != VERSION:
        raise BriefInvalid("version")
    if set(said) != _MEMBERS or not all(isinstance(said[name], str) for name in _MEMBERS - {"v"}):
        raise BriefInvalid("signature")
    if not all(form.fullmatch(said[name]) for name, form in _FORMS.items()):
        raise BriefInvalid("signature")
    return said


def _update(pdf: bytes, payload: bytes) -> bytes:
    """The update that adds the payload to a PDF."""
    end = _END.search(pdf[-64:])
    previous = int(end[1]) if end else len(pdf)
    trailer = pdf[previous : previous + 4000] if previous < len(pdf) else b""
    size = re.search(rb"/Size ([0-9]{1,7})", trailer)
    if size is None or b"/Root " not in trailer or len(payload) > _MOST_PAYLOAD:
        raise BriefInvalid("not_a_pdf")
    number, at = int(size[1]), len(pdf)
    head = b"%d 0 obj\n<< /Type /JiwarSignature /Length %d >>\nstream\n" % (number, len(payload))
    signature = head + payload + b"\nendstream\nendobj\n"
    reference = at + len(signature)
    table = b"".join(b"\x01" + place.to_bytes(4, "big") + b"\x00" for place in (at, reference))
    kept = b"".join(b" " + part[0] for part in _KEPT.finditer(trailer))
    entry = b"%d 0 obj\n<< /Type /XRef /Size %d /Index [%d 2] /W [1 4 1]%s /Prev %d /Length %d >>\nstream\n" % (
        number + 1, number + 2, number, kept, previous, len(table),
    )  # fmt: skip
    return signature + entry + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % reference
