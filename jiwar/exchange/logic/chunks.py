"""An attachment in sealed chunks, and what its name and its first bytes say that it is.

A file of 1 to 52,428,800 bytes is cut into chunks of 262,144 bytes. Each is sealed with AES-256-GCM (NIST SP 800-38D)
under a key of its own file; the nonce is the chunk's number in 12 bytes, the associated data name the format, the
number, and whether it is the last, so that no chunk can be altered, moved or cut off unseen. The file's name here, its
*blob*, is a hash over the hashes of its sealed chunks.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT: Final = b"jiwar-attachment/1\n"
CHUNK: Final = 1 << 18
LARGEST: Final = 50 << 20
MOST: Final = LARGEST // CHUNK
SEALED: Final = CHUNK + 16
"""Bytes of a sealed chunk; the last may have fewer."""
LONGEST_NAME: Final = 120
HEAD: Final = 4096
"""First bytes that say what a file is."""


class ChunkInvalid(ValueError):
    """A chunk that is not what its key, number and place say."""


def seal(key: bytes, number: int, plain: bytes, *, last: bool) -> bytes:
    """The sealed chunk. A key seals one file: the nonce is the number, never to be used twice under one key."""
    return AESGCM(key).encrypt(_nonce(number), plain, _associated(number, last=last))


def unseal(key: bytes, number: int, sealed: bytes, *, last: bool) -> bytes:
    """The plain chunk; raises ChunkInvalid."""
    try:
        return AESGCM(key).decrypt(_nonce(number), sealed, _associated(number, last=last))
    except InvalidTag:
        raise ChunkInvalid(f"chunk {number}") from None


def hash_of(sealed: bytes) -> str:
    """SHA-256 of a sealed chunk in hexadecimal."""
    return hashlib.sha256(sealed).hexdigest()


def blob_of(hashes: Sequence[str]) -> str:
    """SHA-256 in hexadecimal over the format's name and the chunks' hashes, 32 bytes each, in their order."""
    return hashlib.sha256(FORMAT + b"".join(map(bytes.fromhex, hashes))).hexdigest()


def count_of(size: int) -> int:
    """Chunks of a file of `size` bytes."""
    return -(-size // CHUNK)


def clean_name(name: str) -> str:
    """A file's name that is safe to show and to save: no folder, nothing invisible, nothing that turns the reading
    direction, at most LONGEST_NAME characters with its ending kept; `file` where nothing is left.
    """
    # What is invisible goes first: without it, letters may come to stand beside the marks that they are written with.
    shown = "".join(" " if c.isspace() else c for c in name[-1000:] if c.isspace() or unicodedata.category(c)[0] != "C")
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", shown))[-1]
    plain = re.sub(r'[<>:"|?*]', "_", " ".join(last.split())).strip(". ")
    while (fitted := _fitted(plain)) != plain:  # a cut may leave another ending
        plain = fitted
    return plain or "file"


def _fitted(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if stem and dot and len(ending) <= 10:
        return f"{stem[: LONGEST_NAME - len(ending) - 1].rstrip('. ')}.{ending}"
    return name[:LONGEST_NAME].strip(". ")


_SIGNATURES: Final = (
    ("application/pdf", 0, b"%PDF-"),
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/tiff", 0, b"II*\0"),
    ("image/tiff", 0, b"MM\0*"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/webp", 8, b"WEBP"),
    ("audio/wav", 8, b"WAVE"),
    ("audio/mpeg", 0, b"ID3"),
    ("video/mp4", 4, b"ftyp"),
    ("application/zip", 0, b"PK\x03\x04"),
)
_ZIPPED: Final = (
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
)
UNKNOWN: Final = "application/octet-stream"
TEXT: Final = "text/plain"
MEDIA_TYPES: Final = (*dict.fromkeys(name for name, _, _ in _SIGNATURES), *_ZIPPED, TEXT, UNKNOWN)
"""Everything that an attachment may be said to be. Nothing here is run or shown by a browser as a page."""


def media_type(head: bytes, said: str = "") -> str:
    """What a file is by its first bytes. What its sender says counts only among the formats that are zip files."""
    for name, at, signature in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return said if name == "application/zip" and said in _ZIPPED else name
    return TEXT if _is_text(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut at the end of the head, nowhere else.
        if error.reason != "unexpected end of data" or error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return not any(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f" for c in text)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _associated(number: int, *, last: bool) -> bytes:
    return FORMAT + number.to_bytes(4, "big") + (b"last" if last else b"more")
