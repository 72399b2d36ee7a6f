"""Signed notes (https://c2sp.org/signed-note): a text, and below it lines of signatures.

A line is `— NAME BASE64`: the key's name, and its id (four bytes) followed by the signature. A verifier passes over the
lines of keys that it does not know, as the standard asks. Three types of key:

    0x01                    Ed25519 over the text
    0x04                    Ed25519 of a witness, with a time (https://c2sp.org/tlog-cosignature)
    0xff jiwar-ml-dsa-65    ML-DSA-65 (FIPS 204, empty context) over `jiwar-checkpoint/1`, a line feed, and the text

The standard registers no ML-DSA-65: it leaves 0xff, followed by a longer name, to what it does not register.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

ED25519 = b"\x01"
COSIGNATURE = b"\x04"
MLDSA65 = b"\xffjiwar-ml-dsa-65"
MLDSA65_PREFIX = b"jiwar-checkpoint/1\n"
MAX_CHARACTERS = 16_384
MAX_SIGNATURES = 64
KEY_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_KEY_ID_BYTES = 4
_NO_TEXT = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
"""Control characters but the line feed, and halves of surrogate pairs."""
_LINE = re.compile(r"— (\S{1,200}) ([A-Za-z0-9+/]{8,}={0,2})")


class CheckpointInvalid(Exception):
    """A checkpoint that must not be believed.

    `code`: `too_long`, `characters`, `form`, `origin`, `size`, `root`, `extension`, `at`, `epoch`, `signature_line`,
    `unsigned` (no signature by the key), `uncosigned` (none by its ML-DSA-65 key), `signature` (one that does not
    hold), `proof` (what came with it proves nothing), `member` (what came around it has not the form).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Line(NamedTuple):
    """A signature line: its key's name and id, the signature, and the line itself."""

    name: str
    key_id: bytes
    signature: bytes
    text: str


def key_id(name: str, key_type: bytes, public: bytes) -> bytes:
    """The four bytes that name a key in a note: SHA-256(name || 0x0A || type || key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + key_type + public).digest()[:_KEY_ID_BYTES]


def write_line(name: str, key: bytes, signature: bytes) -> str:
    """A signature line, without its end."""
    return f"— {name} {encode(key + signature)}"


def write(body: str, lines: Sequence[str]) -> str:
    """A note. Raises ValueError for one that is too long to be read."""
    note = body + "\n" + "".join(f"{line}\n" for line in lines)
    if len(note) > MAX_CHARACTERS:
        raise ValueError(f"{len(note)} characters > {MAX_CHARACTERS}")
    return note


def read(note: str) -> tuple[str, list[Line]]:
    """The text, its final line feed included, and the signature lines. Raises CheckpointInvalid."""
    if len(note) > MAX_CHARACTERS:
        raise CheckpointInvalid("too_long")
    if _NO_TEXT.search(note):
        raise CheckpointInvalid("characters")
    body, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise CheckpointInvalid("form")
    texts = lines[:-1].split("\n")
    if len(texts) > MAX_SIGNATURES:
        raise CheckpointInvalid("signature_line")
    return body + "\n", [read_line(text) for text in texts]


def read_line(text: str) -> Line:
    """One signature line. Raises CheckpointInvalid."""
    parts = _LINE.fullmatch(text)
    blob = decode(parts[2]) if parts else None
    if not parts or not blob or not KEY_NAME.fullmatch(parts[1]):
        raise CheckpointInvalid("signature_line")
    return Line(parts[1], blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:], text)


def the_line(lines: Sequence[Line], name: str, key: bytes) -> Line | None:
    """The line of one key, if it is there. Raises CheckpointInvalid where there are two: one key, one line."""
    found = [line for line in lines if line.name == name and line.key_id == key]
    if len(found) > 1:
        raise CheckpointInvalid("signature_line")
    return found[0] if found else None


def encode(data: bytes) -> str:
    """Base64 (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes | None:
    """The bytes, or None for text that is not the one standard encoding of any."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if encode(data) == text else None
