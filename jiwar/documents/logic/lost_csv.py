"""A table of lost, stolen and invalid documents, read line by line: millions of them pass through no memory.

The first line names the columns, in any order: ``type``, ``number``, ``status``, ``since``, and ``last`` for a series.
They are parted by commas, semicolons or tabs, in UTF-8. A line that is wrong is told of and passed over.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from jiwar.documents.logic.lost import LostStatus, LostType, NumberInvalid, check_series, plain_number

COLUMNS = ("type", "number", "last", "status", "since")
NEEDED = frozenset(COLUMNS) - {"last"}
LONGEST = 1_000
"""Bytes of a line."""
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DAY_FIRST = re.compile(r"([0-9]{2})[/.]([0-9]{2})[/.]([0-9]{4})")
_FIRST = date(1950, 1, 1)
_TYPES, _STATUSES = {kind.value: kind for kind in LostType}, {status.value: status for status in LostStatus}
_WITH_SERIES = {LostStatus.STOLEN_BLANK, LostStatus.INVALID}


class TableInvalid(ValueError):
    """A head that names not the columns; `code`: "column_missing", "column_unknown", "not_utf8", "empty"."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Document:
    """A line that is right."""

    type: LostType
    number: str
    last: str
    status: LostStatus
    since: date


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that is not taken: its number from 1, the column, and a code of the words group ``fault``."""

    line: int
    field: str
    code: str


def read_table(lines: Iterable[bytes], today: date) -> Iterator[Document | Wrong]:
    """Each line of a table as bytes, blank ones passed over; raises TableInvalid for its head."""
    places: dict[str, int] | None = None
    parted = ","
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        cells = _cells(raw, parted) if places is not None else ""
        if places is None:
            parted, places = _head(raw)
        elif isinstance(cells, str):
            yield Wrong(number, "", cells)
        elif len(cells) != len(places):
            yield Wrong(number, "", "cells_missing" if len(cells) < len(places) else "cells_beyond")
        else:
            yield _document(number, {name: cells[place].strip() for name, place in places.items()}, today)
    if places is None:
        raise TableInvalid("empty")


def _head(raw: bytes) -> tuple[str, dict[str, int]]:
    try:
        text = raw[:LONGEST].decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise TableInvalid("not_utf8") from None
    parted = max(",;\t", key=text.count)
    names = [name.strip().strip('"').lower() for name in text.split(parted)]
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            raise TableInvalid("column_unknown", name[:40])
    if missing := NEEDED.difference(names):
        raise TableInvalid("column_missing", ", ".join(sorted(missing)))
    return parted, {name: place for place, name in enumerate(names)}


def _cells(raw: bytes, parted: str) -> list[str] | str:
    """The cells of a line, or the code of what is wrong with it."""
    if len(raw) > LONGEST:
        return "too_long"
    if b"\0" in raw:
        return "wrong_form"
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return "not_utf8"
    if '"' not in text:
        return text.rstrip("\r\n").split(parted)
    try:
        return next(csv.reader([text], delimiter=parted, strict=True))
    except (csv.Error, StopIteration):
        return "wrong_form"


def _document(line: int, cells: dict[str, str], today: date) -> Document | Wrong:
    if (kind := _TYPES.get(cells["type"])) is None:
        return Wrong(line, "type", "not_in_list")
    if (status := _STATUSES.get(cells["status"])) is None:
        return Wrong(line, "status", "not_in_list")
    since = _day(cells["since"])
    if since is None or not _FIRST <= since <= today:
        return Wrong(line, "since", "wrong_form" if since is None else "out_of_range")
    stated = cells.get("last", "")
    if stated and status not in _WITH_SERIES:
        return Wrong(line, "last", "series_not_allowed")
    try:
        number = plain_number(cells["number"])
        last = plain_number(stated, "last") if stated else ""
        if last:
            check_series(number, last)
    except NumberInvalid as invalid:
        return Wrong(line, invalid.field, invalid.code)
    return Document(kind, number, last, status, since)


def _day(text: str) -> date | None:
    found = _ISO.fullmatch(text)
    parts = found.groups() if found else None
    if parts is None:
        found = _DAY_FIRST.fullmatch(text)
        parts = found.groups()[::-1] if found else None
    try:
        return date(*map(int, parts)) if parts else None
    except ValueError:
        return None
