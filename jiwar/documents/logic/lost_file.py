"""The file of the registry of lost documents: 20 million rows in a few hundred megabytes, one row found in one block.

    "jiwar-lost/1" LF
    blocks: lines, packed with zlib (RFC 1950), one after another
    index:  for each block: its first key (32 bytes, NUL behind), u64 offset, u32 length, u32 rows (big-endian)
    end:    u64 offset of the index, u32 blocks, u64 rows, u64 of them removals, "jiwar-lost-end" LF

A line is: key, type, number, last, record, status, since, until; parted by tabs, ended by a line feed, in ASCII. The
key is the issuing state and the number with look-alikes made one (`lost.fold`); of a series it has ``~`` before, so
that series stand together at the end. Lines rise strictly by their first five fields, and lines of one key are in one
block. Changes are a file of the same form, where the status ``-`` takes a line away. To put changes on is to pack anew
the blocks that they touch and to copy the rest as they are.
"""

import re
import struct
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby
from typing import Final, Protocol
from uuid import UUID

from jiwar.documents.logic.lost import STATUS_LETTERS, STATUSES, TYPE_LETTERS, TYPES, LostEntry, fold

FORMAT: Final = b"jiwar-lost/1\n"
BLOCK: Final = 1024
"""Rows of a block, about: those of one key stay together."""
MOST: Final = 25_000_000
"""Most rows of a file."""
MOST_SERIES: Final = 100_000
REMOVED: Final = "-"
_KEY: Final = 32
_INDEX: Final = struct.Struct(f">{_KEY}sQII")
_END: Final = struct.Struct(">QIQQ15s")
_MARK: Final = b"jiwar-lost-end\n"
_ROOM: Final = 1 << 20
"""Most bytes of a block, as it comes out."""
_SAME: Final = 2000
"""Most rows of one key."""
_SERIES: Final = b"~"
_LINE: Final = re.compile(
    rb"~?[A-Z]{3}[A-Z0-9]{1,24}\t[A-Z]\t[A-Z0-9]{1,24}\t[A-Z0-9]{0,24}\t[0-9a-f]{32}\t[A-Z-]\t[0-9]{8}\t[0-9]{8}"
)


class LostFileInvalid(ValueError):
    """Bytes that are no registry; `code`: "lost_file_form", "lost_file_version", "lost_file_too_large"."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


class Bytes(Protocol):
    """Bytes in memory, or a file that is mapped into it."""

    def __len__(self) -> int: ...
    def __getitem__(self, span: slice, /) -> bytes: ...


def line_of(entry: LostEntry) -> bytes:
    """The line of an entry, without its line feed."""
    return line(
        entry.issuer,
        TYPE_LETTERS[entry.type],
        entry.number,
        entry.last,
        entry.record.hex,
        STATUS_LETTERS[entry.status],
        entry.since.strftime("%Y%m%d"),
        entry.until.strftime("%Y%m%d"),
    )


def line(issuer: str, kind: str, number: str, last: str, record: str, status: str, since: str, until: str) -> bytes:
    """A line of plain values: letters of type and status, the record in hex, days as ``YYYYMMDD``."""
    head = f"~{issuer}" if last else issuer
    return f"{head}{fold(number)}\t{kind}\t{number}\t{last}\t{record}\t{status}\t{since}\t{until}".encode("ascii")


# Writing --------------------------------------------------------------------------------------------------------------


class _Writer:
    def __init__(self) -> None:
        self._at, self._index, self._blocks, self._rows, self._removed = len(FORMAT), bytearray(), 0, 0, 0

    def pack(self, lines: list[bytes]) -> bytes:
        """A block of these lines."""
        removed = sum(map(_removes, lines))
        plain = b"\n".join(lines) + b"\n"
        if len(plain) > _ROOM:
            raise ValueError("too many rows of one key")
        return self.add(zlib.compress(plain), _key(lines[0]), len(lines), removed)

    def add(self, packed: bytes, first: bytes, rows: int, removed: int = 0) -> bytes:
        """A block that is packed already."""
        self._index += _INDEX.pack(first, self._at, len(packed), rows)
        self._at, self._blocks = self._at + len(packed), self._blocks + 1
        self._rows, self._removed = self._rows + rows, self._removed + removed
        if self._rows > MOST:
            raise ValueError("too many rows")
        return packed

    def end(self) -> bytes:
        return bytes(self._index) + _END.pack(self._at, self._blocks, self._rows, self._removed, _MARK)


def write(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The file of lines that rise, in pieces. Raises ValueError where they do not."""
    writer = _Writer()
    yield FORMAT
    for block in _blocks(lines):
        yield writer.pack(block)
    yield writer.end()


def _blocks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Lines in blocks that part no key; raises ValueError where they do not rise."""
    block: list[bytes] = []
    before, key = b"", b""
    for one in lines:
        identity = _identity(one)
        if identity <= before:
            raise ValueError("rows do not rise")
        before = identity
        if len(block) >= BLOCK and not one.startswith(key):
            yield block
            block = []
        key = one[: one.index(b"\t") + 1]
        block.append(one)
    if block:
        yield block


def _identity(line: bytes) -> bytes:
    return line.rsplit(b"\t", 3)[0]


def _key(line: bytes) -> bytes:
    return line[: line.index(b"\t")]


def _removes(line: bytes) -> bool:
    """Whether a line takes another away: the status stands before the two days that end every line."""
    return line[-19:-17] == b"-\t"


# Reading --------------------------------------------------------------------------------------------------------------


class LostFile:
    """A file over bytes that are there as a whole (a mapped file). Raises LostFileInvalid here and wherever it reads.

    `blocks`, `rows`: how many; `removals`: those that take one away, none in a whole registry.
    """

    def __init__(self, data: Bytes) -> None:
        self._data = data
        if data[: len(FORMAT)] != FORMAT:
            raise LostFileInvalid("lost_file_version" if data[:11] == FORMAT[:11] else "lost_file_form", "magic")
        size = len(data)
        if size < len(FORMAT) + _END.size:
            raise LostFileInvalid("lost_file_form", "cut")
        end: tuple[int, int, int, int, bytes] = _END.unpack(data[size - _END.size : size])
        self._index, self.blocks, self.rows, self.removals, mark = end
        if mark != _MARK or self._index + self.blocks * _INDEX.size + _END.size != size:
            raise LostFileInvalid("lost_file_form", "end")
        if self.rows > MOST:
            raise LostFileInvalid("lost_file_too_large", "rows")
        self._series: dict[tuple[str, int], _Series] | None = None

    def find(self, issuer: str, number: str) -> list[LostEntry]:
        """Entries of an issuer whose number is this one or looks like it; series that hold either."""
        folded = fold(number)
        key = f"{issuer}{folded}".encode("ascii", "replace")
        found = []
        if (place := self._place(key)) is not None:
            text = b"\n" + self._plain(place)
            at = text.find(b"\n" + key + b"\t")
            while at >= 0:
                end = text.index(b"\n", at + 1)
                found.append(_entry(text[at + 1 : end]))
                at = text.find(b"\n" + key + b"\t", end)
        series = {id(one): one for asked in {number, folded} for one in self._in_series(issuer, asked)}
        return found + list(series.values())

    def _in_series(self, issuer: str, number: str) -> Iterator[LostEntry]:
        """Series that a number is in. Those that begin after it are not looked at, nor any before the last that is long
        enough to reach it."""
        if self._series is None:
            self._series = self._read_series()
        if (some := self._series.get((issuer, len(number)))) is None:
            return
        at = bisect_right(some.firsts, number)
        while at and some.reach[at - 1] >= number:
            at -= 1
            if some.entries[at].covers(number):
                yield some.entries[at]

    def _read_series(self) -> "dict[tuple[str, int], _Series]":
        found: dict[tuple[str, int], _Series] = {}
        count = 0
        for place in range(self._place(_SERIES) or 0, self.blocks):
            for one in self._lines(place):
                if one.startswith(_SERIES):
                    count += 1
                    entry = _entry(one)
                    found.setdefault((entry.issuer, len(entry.number)), _Series([], [], [])).entries.append(entry)
            if count > MOST_SERIES:
                raise LostFileInvalid("lost_file_too_large", "series")
        for some in found.values():
            some.entries.sort(key=lambda entry: entry.number)
            some.firsts.extend(entry.number for entry in some.entries)
            some.reach.extend(accumulate((entry.last for entry in some.entries), max))
        return found

    def lines(self) -> Iterator[bytes]:
        """Every line. What it raises at the end holds for what it gave before: use nothing of it then."""
        before, rows, removed = b"", 0, 0
        for place in range(self.blocks):
            lines = self._lines(place)
            first, stated = self._entry(place)[0], self._entry(place)[3]
            if len(lines) != stated or not lines or _key(lines[0]) != first or _key(lines[0]) == _key(before + b"\t"):
                raise LostFileInvalid("lost_file_form", "block")
            for one in lines:
                if not _LINE.fullmatch(one) or _identity(one) <= _identity(before):
                    raise LostFileInvalid("lost_file_form", "line")
                before = one
                removed += _removes(one)
            rows += len(lines)
            yield from lines
        if (rows, removed) != (self.rows, self.removals):
            raise LostFileInvalid("lost_file_form", "count")

    def merged(self, changes: "LostFile") -> Iterator[bytes]:
        """The file with changes put on, in pieces: only blocks that they touch are packed anew."""
        writer = _Writer()
        yield FORMAT
        waiting = groupby(changes.lines(), key=_key)
        following = next(waiting, None)
        for place in range(max(self.blocks, 1)):
            bound = self._entry(place + 1)[0] if place + 1 < self.blocks else None
            touched: dict[bytes, bytes] = {}
            while following is not None and (bound is None or following[0] < bound):
                touched |= {_identity(one): one for one in following[1]}
                following = next(waiting, None)
            if touched:
                held = {_identity(one): one for one in self._lines(place)} if self.blocks else {}
                held |= touched
                rows = (held[key] for key in sorted(held))
                for block in _blocks(one for one in rows if not _removes(one)):
                    yield writer.pack(block)
            elif self.blocks:
                first, at, length, count = self._entry(place)
                yield writer.add(self._data[at : at + length], first, count)
        yield writer.end()

    def _place(self, key: bytes) -> int | None:
        """The block that would hold a key; None where all begin behind it."""
        at = bisect_left(_Firsts(self), key, 0, self.blocks)
        if at < self.blocks and self._entry(at)[0] == key:
            return at
        return at - 1 if at else None

    def _entry(self, place: int) -> tuple[bytes, int, int, int]:
        start = self._index + place * _INDEX.size
        first, at, length, rows = _INDEX.unpack(self._data[start : start + _INDEX.size])
        return first.rstrip(b"\0"), at, length, rows

    def _plain(self, place: int) -> bytes:
        _, at, length, rows = self._entry(place)
        if not len(FORMAT) <= at <= at + length <= self._index or not 1 <= rows <= BLOCK + _SAME:
            raise LostFileInvalid("lost_file_form", "index")
        reader = zlib.decompressobj()
        try:
            plain = reader.decompress(self._data[at : at + length], _ROOM + 1)
        except zlib.error:
            raise LostFileInvalid("lost_file_form", "packing") from None
        if len(plain) > _ROOM:
            raise LostFileInvalid("lost_file_too_large", "block")
        if not reader.eof or reader.unused_data or not plain.endswith(b"\n"):
            raise LostFileInvalid("lost_file_form", "packing")
        return plain

    def _lines(self, place: int) -> list[bytes]:
        return self._plain(place)[:-1].split(b"\n")


@dataclass(frozen=True, slots=True)
class _Series:
    """Series of one issuer and length by their first numbers; `reach`: the greatest last number of all up to each.

    Numbers of one length compare as text: what stands before the digits first, then the digits.
    """

    entries: list[LostEntry]
    firsts: list[str]
    reach: list[str]


class _Firsts:
    """First keys, for a search by halves that unpacks no more than it looks at."""

    def __init__(self, file: LostFile) -> None:
        self._file = file

    def __len__(self) -> int:
        return self._file.blocks

    def __getitem__(self, place: int) -> bytes:
        return self._file._entry(place)[0]


def _entry(text: bytes) -> LostEntry:
    if not _LINE.fullmatch(text):
        raise LostFileInvalid("lost_file_form", "line")
    key, kind, number, last, record, status, since, until = text.decode("ascii").split("\t")
    try:
        return LostEntry(
            issuer=key.removeprefix("~")[:3],
            type=TYPES[kind],
            number=number,
            last=last,
            status=STATUSES[status],
            since=date.fromisoformat(since),
            until=date.fromisoformat(until),
            record=UUID(record),
        )
    except (KeyError, ValueError):
        raise LostFileInvalid("lost_file_form", "line") from None
