"""A table of questions, one a row, as comma-separated text (RFC 4180): read row by row, each row good or refused.

UTF-8, with or without a byte order mark. A row that cannot be read costs itself and no other. Nothing is kept but the
row under way, so that a table may be of any length.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final, NamedTuple

from jiwar.wire.faults import Fault, Refused

from .dates import PartialDate
from .evidence import Document, Query

NAMES: Final = ("name", "name_2", "name_3", "name_4", "name_5")
FIELDS: Final = (*NAMES, "birth_date", "sex", "nationality", "document", "document_country", "document_type")
"""What a column may say; a table has at least a name or a document."""
MOST_COLUMNS: Final = 200
MOST_LINE: Final = 20_000
"""Bytes of a line. A cell over several lines has at most `csv.field_size_limit()` characters, 131,072."""
LONGEST: Final = 200
"""Characters of a cell that is used."""

_TOO_LONG: Final = "\udc00"
"""Stands for a line that was not kept. No text has it: undecodable bytes become U+DC80 to U+DCFF."""
_OTHER_UNICODE: Final = (b"\xff\xfe", b"\xfe\xff")
_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_STATE: Final = re.compile("[A-Z]{3}")


class Row(NamedTuple):
    """A row as a spreadsheet numbers it, the header being 1. `query` is None where there are faults.

    A fault's field is the title of its column.
    """

    number: int
    query: Query | None
    faults: tuple[Fault, ...] = ()


class Table:
    """The rows of one file, from where it stands; `read` bytes of it are behind."""

    def __init__(self, file: BinaryIO, named: Mapping[str, str] | None = None, delimiter: str = ",") -> None:
        """Read the header. `named`: titles of columns by field, where they are not the field's own name.

        Raises Refused: not_utf8, nul, too_long, too_many, wrong_quotes, unknown_field, unknown_column, taken,
        columns_missing, wrong_form (the delimiter).
        """
        if len(delimiter) != 1 or delimiter in '"\r\n\0' or not delimiter.isascii():
            raise Refused(Fault("wrong_form", "delimiter"))
        self.read = 0
        self._file = file
        self._rows = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        title = self._next()
        if isinstance(title, Fault):
            raise Refused(title)
        self._titles = [cell.strip() for cell in title or ()]
        self._places = _places(self._titles, named or {})

    @property
    def columns(self) -> dict[str, str]:
        """The titles of the columns that are used, by field."""
        return {field: self._titles[place] for field, place in self._places.items()}

    def __iter__(self) -> Iterator[Row]:
        number = 1
        while (cells := self._next()) is not None:
            number += 1
            if isinstance(cells, Fault):
                yield Row(number, None, (cells,))
            elif cells:  # a line with nothing on it says nothing
                yield self._row(number, cells)

    def _next(self) -> list[str] | Fault | None:
        """The cells of the next row, what is wrong with it, or None at the end."""
        try:
            cells = next(self._rows)
        except StopIteration:
            return None
        except csv.Error:
            return Fault("wrong_quotes")
        text = "".join(cells)
        if _TOO_LONG in text:
            return Fault("too_long", "", str(MOST_LINE))
        if _UNDECODED.search(text):
            return Fault("not_utf8")
        return Fault("nul") if "\0" in text else cells

    def _lines(self) -> Iterator[str]:
        first = True
        while line := self._file.readline(MOST_LINE + 1):
            if first and line.startswith(_OTHER_UNICODE):
                raise Refused(Fault("not_utf8"))
            kept = line.endswith(b"\n") or len(line) <= MOST_LINE
            self.read += len(line)
            while not line.endswith(b"\n") and len(line) > MOST_LINE:
                line = self._file.readline(MOST_LINE + 1)
                self.read += len(line)
            text = line.decode("utf-8", "surrogateescape") if kept else f"{_TOO_LONG}\n"
            yield text.removeprefix("\ufeff") if first else text
            first = False

    def _row(self, number: int, cells: Sequence[str]) -> Row:
        if len(cells) != len(self._titles):
            return Row(number, None, (Fault("wrong_cells", "", f"{len(cells)}/{len(self._titles)}"),))
        given = {field: " ".join(cells[place].split()) for field, place in self._places.items()}
        faults = [Fault("too_long", self.columns[field]) for field, cell in given.items() if len(cell) > LONGEST]
        names = tuple(given[field] for field in NAMES if given.get(field))
        born, sex, nationality = (given.get(field, "") for field in ("birth_date", "sex", "nationality"))
        country, state = given.get("document_country", "").upper(), nationality.upper()
        try:
            birth_date = PartialDate.parse(born) if born else None
        except ValueError:
            birth_date = None
            faults.append(Fault("wrong_form", self.columns["birth_date"], "1971-03-09"))
        if sex.upper() not in {"", "M", "F"}:
            faults.append(Fault("not_in_list", self.columns["sex"], "M, F"))
        for field, code in (("nationality", state), ("document_country", country)):
            if code and not _STATE.fullmatch(code):
                faults.append(Fault("wrong_form", self.columns[field], "LBY"))
        if faults:
            return Row(number, None, tuple(faults))
        document = given.get("document", "")
        documents = (Document(given.get("document_type", ""), country, document),) if document else ()
        return Row(number, Query(names, birth_date, sex.upper(), state, documents))


def _places(titles: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    if len(titles) > MOST_COLUMNS:
        raise Refused(Fault("too_many", "", str(MOST_COLUMNS)))
    if unknown := [Fault("unknown_field", field[:100]) for field in named if field not in FIELDS]:
        raise Refused(*unknown)
    lower = [title.lower() for title in titles]
    places, faults = {}, []
    for field in FIELDS:
        title = named.get(field, field)
        found = [place for place, each in enumerate(titles if field in named else lower) if each == title]
        if len(found) > 1:
            faults.append(Fault("taken", title[:100]))
        elif found:
            places[field] = found[0]
        elif field in named:
            faults.append(Fault("unknown_column", title[:100]))
    if not faults and not {"name", "document"} & places.keys():
        faults.append(Fault("columns_missing", "", ", ".join(FIELDS)))
    if faults:
        raise Refused(*faults)
    return places
