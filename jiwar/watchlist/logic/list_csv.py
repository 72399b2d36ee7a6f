"""Lists in rows: CSV with limits on bytes, rows, columns and cells, each row with the line it begins on."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from .listed import MAX_BYTES, MAX_FIELD, ListError

MAX_ROWS: Final = 1_000_000
MAX_COLUMNS: Final = 300
_CHUNK: Final = 256 * 1024


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes: ...


Row = tuple[int, list[str]]
"""The line that a row begins on, and its cells."""


def rows(file: Readable, *, delimiter: str = ",", encoding: str = "utf-8-sig") -> Iterator[Row]:
    """Rows that are not empty, cells without spaces around them. Raises ListError."""
    count, begins = 0, 1
    # In what is taken for Latin-1 and may be UTF-8, the last byte of a name can look like a space.
    blank = " \t\r\n" if encoding == "latin-1" else None
    reader = csv.reader(_lines(file, encoding), delimiter=delimiter, strict=False)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            code = "too_large" if "field larger" in str(error) else "malformed"
            raise ListError(code, reader.line_num, str(error)[:200]) from None
        line, begins = begins, reader.line_num + 1
        if len(cells) > MAX_COLUMNS:
            raise ListError("too_many", line)
        cells = [cell.strip(blank) for cell in cells]
        if not any(cells):
            continue
        if any(len(cell) > MAX_FIELD for cell in cells):
            raise ListError("too_large", line)
        count += 1
        if count > MAX_ROWS:
            raise ListError("too_many", line)
        yield line, cells


def _lines(file: Readable, encoding: str) -> Iterator[str]:
    """Lines with their ends. A byte that is none of the encoding refuses the file: a name is never half read."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise ListError("malformed", detail=str(error)) from None
    taken, left, number = 0, "", 0
    while True:
        chunk = file.read(_CHUNK)
        taken += len(chunk)
        if taken > MAX_BYTES:
            raise ListError("too_large")
        if b"\0" in chunk and not encoding.startswith("utf-16"):
            raise ListError("malformed", number, "NUL")
        try:
            text = left + decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:
            raise ListError("malformed", number + 1, str(error)[:200]) from None
        *pieces, left = text.split("\n")
        if not chunk and left:
            pieces, left = [*pieces, left], ""
        if len(left) > MAX_FIELD * 20:
            raise ListError("too_large", number + 1)
        for piece in pieces:
            number += 1
            yield f"{piece}\n"
        if not chunk:
            return


class Table:
    """Rows under a header: `row.get("DOB")`, and afterwards the columns that nobody asked for."""

    def __init__(self, header: Sequence[str]) -> None:
        self.columns = {name.casefold(): place for place, name in reversed(list(enumerate(header))) if name}
        self.names = list(header)

    def has(self, *names: str) -> bool:
        """Whether every one of these columns is there."""
        return all(name.casefold() in self.columns for name in names)

    def get(self, cells: Sequence[str], name: str, otherwise: str = "") -> str:
        """What a row says in a column."""
        place = self.columns.get(name.casefold())
        return cells[place] if place is not None and place < len(cells) else otherwise
