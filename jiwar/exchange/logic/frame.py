"""The frame: what passes between two nodes, the same over every transport.

    "JWF" 0x02
    items: u8 kind, u32 length (big-endian), that many bytes

The first item is the sender's hello; then come receipts, envelopes and chunks of attachments, in any number. Nothing
in a frame is believed for standing there: each item proves itself.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

VERSION = 2
MAGIC = b"JWF" + bytes([VERSION])
MAX_BYTES = 4_000_000
MAX_ITEMS = 2_000
HELLO = b"h"
_PLACES = {b"r": "receipts", b"o": "own", b"e": "envelopes", b"c": "chunks"}
"""Kinds of items after the hello, in the order in which they are written."""


class FrameInvalid(Exception):
    """Bytes that are no frame; `code`: `frame_too_large`, `frame_form`, `frame_version`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Frame:
    """A frame taken apart. `own`: envelopes that the reader itself once sealed, shown to it as evidence."""

    hello: bytes
    receipts: list[bytes] = field(default_factory=list)
    envelopes: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    own: list[bytes] = field(default_factory=list)

    @property
    def is_bare(self) -> bool:
        """Whether it carries nothing but its hello."""
        return not (self.receipts or self.envelopes or self.chunks or self.own)


def write(frame: Frame) -> bytes:
    """The frame's bytes."""
    return MAGIC + b"".join(_item(kind, data) for kind, data in _items(frame))


def read(data: bytes) -> Frame:
    """Take a frame apart; raises FrameInvalid."""
    if len(data) > MAX_BYTES:
        raise FrameInvalid("frame_too_large", str(len(data)))
    if data[:3] != MAGIC[:3] or len(data) < len(MAGIC):
        raise FrameInvalid("frame_form", "magic")
    if data[3] != VERSION:
        raise FrameInvalid("frame_version", str(data[3]))
    at, frame, count = len(MAGIC), Frame(b""), 0
    while at < len(data):
        count += 1
        if count > MAX_ITEMS or at + 5 > len(data):
            raise FrameInvalid("frame_form", "items")
        kind, (length,) = data[at : at + 1], struct.unpack_from(">I", data, at + 1)
        item = data[at + 5 : at + 5 + length]
        at += 5 + length
        if at > len(data):
            raise FrameInvalid("frame_form", "cut")
        if (kind == HELLO) != (count == 1):
            raise FrameInvalid("frame_form", "hello")
        if kind == HELLO:
            frame.hello = item
        elif (place := _PLACES.get(kind)) is not None:
            getattr(frame, place).append(item)
        else:
            raise FrameInvalid("frame_form", "kind")
    if not count:
        raise FrameInvalid("frame_form", "empty")
    return frame


def _items(frame: Frame) -> Iterator[tuple[bytes, bytes]]:
    yield HELLO, frame.hello
    for kind, place in _PLACES.items():
        for item in getattr(frame, place):
            yield kind, item


def _item(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack(">I", len(data)) + data
