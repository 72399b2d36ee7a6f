"""Faces, fingers and irises on a chip: their headers, and where the picture itself begins (DG2 to DG4).

ICAO Doc 9303-10, 4.7.2 to 4.7.4 (CBEFF of ISO/IEC 7816-11); ISO/IEC 19794-5 and 39794-5 for faces, 19794-4 for
fingers. What a header says of a picture is shown and never believed: the codestream counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic import lds_files as lds
from jiwar.documents.logic.lds_files import TAGS, LdsUnreadable
from jiwar.documents.logic.tlv import Tlv

FACES, FINGERS, IRISES = 2, 3, 4
MOST_RECORDS: Final = 32
_GROUP_TEMPLATE, _TEMPLATE, _HEADER = 0x7F61, 0x7F60, 0xA1
_BLOCKS = (0x5F2E, 0x7F2E)
_KINDS = {0: "jpeg", 1: "jpeg2000", 2: "jpeg2000"}


@dataclass(frozen=True, slots=True)
class Face:
    """One portrait. `kind`, `width` and `height` are what the header says (0 and "" where it says nothing)."""

    picture: bytes
    kind: str
    width: int
    height: int
    format: str


@dataclass(frozen=True, slots=True)
class Finger:
    """One fingerprint by its header. `position`: 1 is the right thumb, 10 the left little finger (19794-4, table 5)."""

    position: int
    quality: int
    width: int
    height: int
    compression: int
    size: int


@dataclass(frozen=True, slots=True)
class Faces:
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class Fingers:
    """DG3 by its headers. No fingerprint is held here."""

    fingers: tuple[Finger, ...]


@dataclass(frozen=True, slots=True)
class Irises:
    """DG4: how many templates."""

    templates: int


def read_faces(data: bytes) -> Faces:
    """DG2. Raises LdsUnreadable."""
    found = [face for block in _blocks(FACES, data) for face in _faces(block)]
    if not found:
        raise LdsUnreadable("lds_missing", lds.group_name(FACES), {"found": 0})
    return Faces(tuple(found))


def read_fingers(data: bytes) -> Fingers:
    """DG3, which may hold none (9303-10, 4.7.3.1). Raises LdsUnreadable."""
    return Fingers(tuple(finger for block in _blocks(FINGERS, data) for finger in _fingers(block)))


def read_irises(data: bytes) -> Irises:
    """DG4. Raises LdsUnreadable."""
    return Irises(len(_blocks(IRISES, data)))


def _blocks(number: int, data: bytes) -> list[Tlv]:
    """The biometric data blocks of a group, each in its template behind a header."""
    name = lds.group_name(number)
    outer = lds.children(lds.whole(data, TAGS[number], name), name)
    parts = lds.children(lds.needed(outer, _GROUP_TEMPLATE, name), name)
    templates = lds.counted(parts, _TEMPLATE, name)
    if len(templates) > MOST_RECORDS:
        raise LdsUnreadable("lds_too_long", name, {"found": len(templates), "most": MOST_RECORDS})
    found = []
    for template in templates:
        inner = lds.children(template, name)
        lds.needed(inner, _HEADER, name)
        blocks = [part for part in inner if part.tag in _BLOCKS]
        if len(blocks) != 1:
            raise LdsUnreadable("lds_missing", name, {"tag": "5F2E", "found": len(blocks)})
        found.append(blocks[0])
    return found


class _Bytes:
    """Numbers and slices from a record, each within its end. Raises LdsUnreadable (``lds_value``)."""

    def __init__(self, data: bytes, number: int) -> None:
        self.data, self.at, self.name = data, 0, lds.group_name(number)

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise LdsUnreadable("lds_value", self.name, {"at": self.at, "found": len(self.data) - self.at})
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def magic(self, expected: bytes) -> None:
        if self.take(len(expected)) != expected:
            raise LdsUnreadable("lds_value", self.name, {"at": 0})


def _faces(block: Tlv) -> Iterator[Face]:
    name = lds.group_name(FACES)
    if block.tag == 0x7F2E or block.content[:1] == b"\x65":
        yield from _faces_39794(block, name)
        return
    record = _Bytes(block.content, FACES)
    record.magic(b"FAC\0")
    record.take(4)
    if record.number(4) != len(record.data):
        raise LdsUnreadable("lds_value", name, {"at": 8, "found": len(record.data)})
    count = record.number(2)
    if not 0 < count <= MOST_RECORDS:
        raise LdsUnreadable("lds_value", name, {"at": 12, "found": count})
    for _ in range(count):
        size, points = record.number(4), record.number(2)
        record.take(14 + 8 * points + 1)
        kind, width, height = record.number(1), record.number(2), record.number(2)
        record.take(6)
        yield Face(record.take(size - 32 - 8 * points), _KINDS.get(kind, ""), width, height, "iso19794-5")


def _faces_39794(block: Tlv, name: str) -> Iterator[Face]:
    """ISO/IEC 39794-5, annex A: FaceImageDataBlock [APPLICATION 5], its representations, the flat picture."""
    outer = lds.children(block, name)
    parts = lds.children(lds.needed(outer, 0x65, name), name) if any(part.tag == 0x65 for part in outer) else outer
    representations = lds.children(lds.needed(parts, 0xA1, name), name)
    if not 0 < len(representations) <= MOST_RECORDS:
        raise LdsUnreadable("lds_value", name, {"found": len(representations)})
    for representation in representations:
        part = representation
        for tag in (0xA1, 0xA0, 0xA0):  # image representation, base, two dimensions
            part = lds.needed(lds.children(part, name), tag, name)
        inner = lds.children(part, name)
        picture = lds.needed(inner, 0x80, name).content
        width, height = _size_39794(lds.optional(inner, 0xA1, name), name)
        yield Face(picture, "", width, height, "iso39794-5")


def _size_39794(information: Tlv | None, name: str) -> tuple[int, int]:
    size = None if information is None else lds.optional(lds.children(information, name), 0xA7, name)
    if size is None:
        return 0, 0
    sides = lds.children(size, name)
    width, height = (int.from_bytes(lds.needed(sides, tag, name).content[:4], "big") for tag in (0x80, 0x81))
    return width, height


def _fingers(block: Tlv) -> Iterator[Finger]:
    """ISO/IEC 19794-4, 7: the general header, then a header for each finger."""
    record = _Bytes(block.content, FINGERS)
    if record.data[:1] != b"F":
        # ISO/IEC 39794-4, or nothing but the random filler of an empty group (9303-10, 4.7.3.2).
        return
    record.magic(b"FIR\0")
    record.take(4)
    if record.number(6) != len(record.data):
        raise LdsUnreadable("lds_value", record.name, {"at": 8, "found": len(record.data)})
    record.take(4)
    count = record.number(1)
    record.take(10)
    compression = record.number(1)
    record.take(2)
    if count > MOST_RECORDS:
        raise LdsUnreadable("lds_value", record.name, {"at": 18, "found": count})
    for _ in range(count):
        size, position = record.number(4), record.number(1)
        record.take(2)
        quality = record.number(1)
        record.take(1)
        width, height = record.number(2), record.number(2)
        record.take(1)
        yield Finger(position, quality, width, height, compression, len(record.take(size - 14)))
