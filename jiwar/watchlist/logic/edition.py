"""The file of an edition: what a state's lists say, whole or as changes, for its posts.

    "jiwar-edition/1" LF
    blocks: u8 kind, u32 count, u32 length (big-endian), that many bytes
        "-"  subjects that are removed
        "+"  subjects that are added, or replaced by what is said now
        "."  the end, with the number of each: u64, u64

Removals come first; the ids of each kind rise strictly, so that one pass merges two files. What is said of a subject is
JSON, and stands in columns: all values of one path one after another, its distinct shapes once. Like stands beside
like, which is why a thousand changes fit into 34 kilobytes. An id is a UUID of version 7 (RFC 9562): its 48 bits of
time shrink to one or two bytes, its 74 random bits are ten bytes and stay. No change says what it replaces: twice is
as once.
"""

import bz2
import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeVar
from uuid import UUID

FORMAT: Final = b"jiwar-edition/1\n"
BLOCK: Final = 4096
"""Most subjects of one block: what is in memory at once."""
MOST: Final = 20_000_000
"""Most subjects of a file."""
_HEAD: Final = struct.Struct(">cII")
_END: Final = struct.Struct(">QQ")
_PATH: Final = struct.Struct(">HI")
_LONGEST: Final = 24 << 20
"""Bytes of a block, and of one as it comes out."""
_PATHS: Final = 100
_DEEP: Final = 8
_TIME, _TAIL = 6, 10
_STRING, _NUMBER = 0, 1
"""What stands in a shape in place of a value."""
_NAME: Final = re.compile("[a-z][a-z0-9_]{0,39}")
_T = TypeVar("_T")

CLUSTER: Final = "together"
"""What is said of a cluster: the ids of those who are one subject. Its own id is a UUIDv8, a record's is a UUIDv7."""
Said = dict[str, Any]
"""JSON: objects, lists, strings without NUL, integers, booleans, null."""
Change = tuple[UUID, Said | None]
"""A subject and what is said of it; None: it is removed."""


class EditionInvalid(ValueError):
    """Bytes that are no edition; `code`: "edition_form", "edition_cut", "edition_version", "edition_too_large"."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


# Writing --------------------------------------------------------------------------------------------------------------


def write(removed: Iterable[UUID], put: Iterable[tuple[UUID, Said]]) -> Iterator[bytes]:
    """The file in pieces; both rise by id, and no id is in both. Raises ValueError for what it cannot say."""
    yield FORMAT
    gone = there = 0
    for some in _some(removed):
        gone += len(some)
        yield _block(b"-", len(some), _write_ids(some))
    for pairs in _some(put):
        there += len(pairs)
        yield _block(b"+", len(pairs), _write_ids([uid for uid, _ in pairs]) + _write_said([said for _, said in pairs]))
    yield _block(b".", 0, _END.pack(gone, there))


def _some(items: Iterable[_T]) -> Iterator[list[_T]]:
    some: list[_T] = []
    for item in items:
        some.append(item)
        if len(some) == BLOCK:
            yield some
            some = []
    if some:
        yield some


def _block(kind: bytes, count: int, body: bytes) -> bytes:
    if len(body) > _LONGEST:
        raise ValueError("too much is said of some subjects")
    return _HEAD.pack(kind, count, len(body)) + body


def _write_ids(uids: list[UUID]) -> bytes:
    """Tails as they are; times byte by byte, the highest of all first, which packs well because they rise."""
    times = bz2.compress(b"".join(bytes(uid.bytes[at] for uid in uids) for at in range(_TIME)))
    return b"".join(uid.bytes[_TIME:] for uid in uids) + struct.pack(">I", len(times)) + times


def _write_said(said: list[Said]) -> bytes:
    columns: dict[str, list[str]] = {}
    shapes: dict[str, int] = {}
    numbers = bytearray()
    for one in said:
        shape = json.dumps(_shape(one, "", columns), separators=(",", ":"))
        numbers += shapes.setdefault(shape, len(shapes)).to_bytes(2, "big")
    packed = {path: "".join(f"{text}\0" for text in texts).encode() for path, texts in columns.items()}
    packed[""] = "".join(f"{shape}\0" for shape in shapes).encode()
    packed["#"] = bytes(numbers[0::2]) + bytes(numbers[1::2])
    out = [struct.pack(">H", len(packed))]
    for path, plain in sorted(packed.items()):
        data = bz2.compress(plain)
        out += [_PATH.pack(len(path.encode()), len(data)), path.encode(), data]
    return b"".join(out)


def _shape(value: Any, path: str, columns: dict[str, list[str]]) -> Any:
    match value:
        case dict():
            return {name: _shape(member, f"{path}.{name}", columns) for name, member in value.items()}
        case list() | tuple():
            return [_shape(item, path, columns) for item in value]
        case None | bool():
            return value
        case str() if "\0" not in value:
            columns.setdefault(path, []).append(value)
            return _STRING
        case int():
            columns.setdefault(path, []).append(str(value))
            return _NUMBER
    raise ValueError(f"{path}: an edition cannot say {type(value).__name__}")


# Reading --------------------------------------------------------------------------------------------------------------


def read(pieces: Iterable[bytes]) -> Iterator[Change]:
    """Every change of a file, removals first, each kind rising by id; raises EditionInvalid, in the midst too.

    What was read before is to be used only when nothing was raised up to the end.
    """
    for kind, ids, rest in _blocks(pieces):
        uids = [UUID(bytes=one) for one in ids]
        if kind == b"-":
            if rest.left():
                raise EditionInvalid("edition_form", "removals")
            yield from ((uid, None) for uid in uids)
        else:
            yield from zip(uids, _read_said(rest, len(uids)), strict=True)


def among(pieces: Iterable[bytes], wanted: AbstractSet[UUID]) -> set[UUID]:
    """Which of these a file adds or replaces; what it says of them is not unpacked."""
    asked = {uid.bytes for uid in wanted}
    found = (asked.intersection(ids) for kind, ids, _ in _blocks(pieces) if kind == b"+")
    return {UUID(bytes=one) for some in found for one in some}


def is_cluster(uid: UUID) -> bool:
    """Whether this is the id of a cluster."""
    return uid.bytes[6] >> 4 == 8


def clusters(pieces: Iterable[bytes]) -> set[UUID]:
    """The clusters that a file adds; nothing that it says is unpacked."""
    found = (one for kind, ids, _ in _blocks(pieces) if kind == b"+" for one in ids if one[6] >> 4 == 8)
    return {UUID(bytes=one) for one in found}


def merged(whole: Iterable[tuple[UUID, Said]], changes: Mapping[UUID, Said | None]) -> Iterator[tuple[UUID, Said]]:
    """A whole file's subjects with the changes put on, rising by id."""
    waiting = sorted(changes, reverse=True)
    for uid, said in whole:
        while waiting and waiting[-1] < uid:
            if (new := changes[added := waiting.pop()]) is not None:
                yield added, new
        if waiting and waiting[-1] == uid:
            if (new := changes[waiting.pop()]) is not None:
                yield uid, new
        else:
            yield uid, said
    for uid in reversed(waiting):
        if (new := changes[uid]) is not None:
            yield uid, new


class _Bytes:
    """Bytes that come in pieces, given out in the lengths that are asked for."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._held, self._at = iter(pieces), b"", 0

    def take(self, count: int) -> bytes:
        while len(self._held) - self._at < count:
            piece = next(self._pieces, None)
            if piece is None:
                raise EditionInvalid("edition_cut")
            self._held, self._at = self._held[self._at :] + piece, 0
        self._at += count
        return self._held[self._at - count : self._at]

    def unpack(self, form: struct.Struct) -> tuple[Any, ...]:
        return form.unpack(self.take(form.size))

    def left(self) -> bool:
        """Whether anything is left."""
        return len(self._held) > self._at or any(self._pieces)


def _blocks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, list[bytes], _Bytes]]:
    """Kind, ids of sixteen bytes, and what follows them in the block."""
    file = _Bytes(pieces)
    head = file.take(len(FORMAT))
    if head != FORMAT:
        raise EditionInvalid("edition_version" if head.startswith(FORMAT[:14]) else "edition_form", "magic")
    counts, last, order = {b"-": 0, b"+": 0}, {b"-": b"", b"+": b""}, b"-"
    while True:
        kind, count, length = file.unpack(_HEAD)
        if length > _LONGEST:
            raise EditionInvalid("edition_too_large", "block")
        body = _Bytes([file.take(length)])
        if kind == b".":
            break
        if kind not in counts or not 1 <= count <= BLOCK or (order, kind) == (b"+", b"-"):
            raise EditionInvalid("edition_form", "block")
        order = kind
        uids = _read_ids(body, count)
        before = last[kind]
        for uid in uids:
            if uid <= before:
                raise EditionInvalid("edition_form", "order")
            before = uid
        last[kind] = before
        counts[kind] += count
        if sum(counts.values()) > MOST:
            raise EditionInvalid("edition_too_large", "subjects")
        yield kind, uids, body
    if count or length != _END.size or body.unpack(_END) != (counts[b"-"], counts[b"+"]) or file.left():
        raise EditionInvalid("edition_form", "end")


def _read_ids(body: _Bytes, count: int) -> list[bytes]:
    tails = body.take(_TAIL * count)
    (length,) = body.unpack(struct.Struct(">I"))
    times = _unpack(body.take(length), _TIME * count)
    if len(times) != _TIME * count:
        raise EditionInvalid("edition_form", "ids")
    heads = zip(*(times[at * count : (at + 1) * count] for at in range(_TIME)), strict=True)
    return [bytes(head) + tails[_TAIL * n : _TAIL * (n + 1)] for n, head in enumerate(heads)]


def _read_said(body: _Bytes, count: int) -> Iterator[Said]:
    columns = _columns(body)
    shapes = [_Shape(text) for text in _cells(columns.pop("", b""))]
    numbers = columns.pop("#", b"")
    if len(numbers) != 2 * count:
        raise EditionInvalid("edition_form", "shapes")
    cells = {path: iter(_cells(plain)) for path, plain in columns.items()}
    try:
        for number in map(int.from_bytes, zip(numbers[:count], numbers[count:], strict=True)):
            yield shapes[number].filled(cells)
    except (IndexError, KeyError, StopIteration):
        raise EditionInvalid("edition_form", "values") from None
    if any(next(left, None) is not None for left in cells.values()):
        raise EditionInvalid("edition_form", "values")


def _columns(body: _Bytes) -> dict[str, bytes]:
    (many,) = body.unpack(struct.Struct(">H"))
    if many > _PATHS:
        raise EditionInvalid("edition_too_large", "columns")
    columns: dict[str, bytes] = {}
    room = _LONGEST
    for _ in range(many):
        path, length = body.unpack(_PATH)
        name = _text(body.take(path))
        if name in columns:
            raise EditionInvalid("edition_form", "column twice")
        columns[name] = _unpack(body.take(length), room)
        room -= len(columns[name])
    if body.left():
        raise EditionInvalid("edition_form", "columns")
    return columns


def _unpack(data: bytes, most: int) -> bytes:
    reader = bz2.BZ2Decompressor()
    try:
        plain = reader.decompress(data, most + 1)
    except (OSError, ValueError, EOFError):
        raise EditionInvalid("edition_form", "packing") from None
    if len(plain) > most:
        raise EditionInvalid("edition_too_large", "column")
    if not reader.eof or reader.unused_data:
        raise EditionInvalid("edition_form", "packing")
    return plain


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise EditionInvalid("edition_form", "text") from None


def _cells(plain: bytes) -> list[str]:
    cells = _text(plain).split("\0")
    if cells.pop():
        raise EditionInvalid("edition_form", "column")
    return cells


class _Shape:
    """What is said without its values, and where to take each from."""

    def __init__(self, text: str) -> None:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise EditionInvalid("edition_form", "shape") from None
        if not isinstance(value, dict):
            raise EditionInvalid("edition_form", "shape")
        self._value = _planned(value, "", _DEEP)

    def filled(self, cells: Mapping[str, Iterator[str]]) -> Said:
        """The next subject; raises KeyError and StopIteration where a value is missing."""
        filled: Said = _fill(self._value, cells)
        return filled


class _Place:
    __slots__ = ("number", "path")

    def __init__(self, path: str, kind: object) -> None:
        self.path, self.number = path, kind == _NUMBER


def _planned(value: Any, path: str, deep: int) -> Any:
    if deep == 0:
        raise EditionInvalid("edition_form", "depth")
    match value:
        case None | bool():
            return value
        case int() if value in {_STRING, _NUMBER}:
            return _Place(path, value)
        case list():
            return [_planned(item, path, deep - 1) for item in value]
        case dict() if all(map(_NAME.fullmatch, value)):
            return {name: _planned(member, f"{path}.{name}", deep - 1) for name, member in value.items()}
    raise EditionInvalid("edition_form", "shape")


def _fill(value: Any, cells: Mapping[str, Iterator[str]]) -> Any:
    if type(value) is _Place:
        text = next(cells[value.path])
        return _number(text) if value.number else text
    if type(value) is dict:
        return {name: _fill(member, cells) for name, member in value.items()}
    if type(value) is list:
        return [_fill(item, cells) for item in value]
    return value


def _number(text: str) -> int:
    if not re.fullmatch("-?[0-9]{1,18}", text):
        raise EditionInvalid("edition_form", "number")
    return int(text)
