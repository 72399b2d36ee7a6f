"""Rows of a spreadsheet, CSV or XLSX. A small zip can inflate: its bytes are counted as they come out."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO, Final

from .list_csv import MAX_COLUMNS, Row, rows
from .listed import MAX_BYTES, MAX_FIELD, ListError

MOST_INFLATED: Final = 200 * 1024 * 1024
MOST_MEMBERS: Final = 1_000
MOST_ROWS: Final = 200_000
MOST_OUT: Final = 200_000_000
"""Characters of all cells: one long text may stand in many of them."""
DELIMITERS: Final = (",", ";", "\t", "|")
ENCODINGS: Final = ("utf-8-sig", "windows-1256", "windows-1252", "utf-16")
_CHUNK: Final = 64 * 1024


def sheet_rows(
    file: BinaryIO, shape: str, *, sheet: str = "", delimiter: str = ",", encoding: str = "utf-8-sig"
) -> Iterator[Row]:
    """Rows that are not empty, with their numbers: of a CSV the lines they begin on. Raises ListError.

    `sheet`: by its name; the first where none is named.
    """
    if shape == "csv":
        if delimiter not in DELIMITERS or encoding not in ENCODINGS:
            raise ListError("malformed", detail=f"{delimiter} {encoding}"[:60])
        yield from rows(file, delimiter=delimiter, encoding=encoding)
    elif shape == "xlsx":
        yield from _xlsx(file, sheet)
    else:
        raise ListError("not_the_list", detail=shape)


def sheets(file: BinaryIO) -> list[str]:
    """The names of a workbook's sheets. Raises ListError."""
    return list(_workbook(file).sheetnames)


def _xlsx(file: BinaryIO, sheet: str) -> Iterator[Row]:
    book = _workbook(file)
    if sheet and sheet not in book.sheetnames:
        raise ListError("not_the_list", detail=sheet[:60])
    try:
        page = book[sheet] if sheet else book.worksheets[0]
        yield from _cells(page.iter_rows(values_only=True, max_row=MOST_ROWS + 1))
    except ListError:
        raise
    except Exception as error:
        # Whatever a broken part of the archive does to the library, the file is not whole.
        raise ListError("malformed", detail=type(error).__name__) from error


def _cells(found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    out = 0
    for number, values in enumerate(found, 1):
        cells = [_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if number > MOST_ROWS or len(cells) > MAX_COLUMNS:
            raise ListError("too_many", number)
        out += sum(map(len, cells))
        if any(len(cell) > MAX_FIELD for cell in cells) or out > MOST_OUT:
            raise ListError("too_large", number)
        if cells:
            yield number, cells


def _workbook(file: BinaryIO) -> Any:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ListError("too_large")
    import openpyxl  # a fifth of a second, which only who reads a workbook waits for

    try:
        _weigh(data)
        return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except ListError:
        raise
    except Exception as error:
        raise ListError("malformed", detail=type(error).__name__) from error


def _weigh(data: bytes) -> None:
    """Let every member come out once, counted, and look for what makes an XML reader write a book out of a word."""
    out = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if len(archive.infolist()) > MOST_MEMBERS:
            raise ListError("too_many")
        for member in archive.infolist():
            if member.flag_bits & 1:
                raise ListError("forbidden", detail="encrypted")
            tail = b""
            try:
                with archive.open(member) as part:
                    while chunk := part.read(_CHUNK):
                        out += len(chunk)
                        if out > MOST_INFLATED:
                            raise ListError("too_large")
                        if member.filename.endswith((".xml", ".rels", ".vml")):
                            _no_declarations(tail + chunk)
                            tail = chunk[-16:]
            except (zlib.error, NotImplementedError, RuntimeError) as error:
                raise ListError("malformed", detail=type(error).__name__) from error


def _no_declarations(text: bytes) -> None:
    # An XML part in UTF-16 would hide them: no program writes one.
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:
        raise ListError("forbidden")


def _text(value: Any) -> str:
    """A cell as a person reads it: a whole number without its point, a day in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (value.date() if value.time() == time(0) else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return " ".join(str(value).split())
