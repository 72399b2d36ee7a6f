"""Reader of a list that somebody keeps as a spreadsheet, by a mapping that a person made: nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Final

from . import list_dates
from .list_csv import Row
from .listed import MAX_ENTRIES, Header, Item, ListError, Problem, Taker, Unread
from .spreadsheets import sheet_rows

Put = Callable[[Taker, str, str, "Mapped"], None]


@dataclass(frozen=True, slots=True)
class Mapped:
    """What each column of a spreadsheet is. `columns`: (header, field), field "" where it is not used.

    `type`: what the rows are; `dates`: one of `list_dates.FORMS`; `separator`: between several values in a cell, "" for
    one value; `male`, `female`: the words for a sex; `head`: the number of the row that names the columns.
    """

    columns: tuple[tuple[str, str], ...]
    type: str
    dates: str
    separator: str = ""
    male: tuple[str, ...] = ("M",)
    female: tuple[str, ...] = ("F",)
    head: int = 1
    sheet: str = ""
    delimiter: str = ","
    encoding: str = "utf-8-sig"

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Mapped:
        """As `plain` gave it."""
        told = dict(kept)
        told["columns"] = tuple((str(header), str(field)) for header, field in told["columns"])
        told["male"], told["female"] = tuple(told["male"]), tuple(told["female"])
        return cls(**told)

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    def fault(self) -> str:
        """Why no list can be read by it: "reference_not_mapped", "name_not_mapped", "mapped_twice", or ""."""
        fields = [field for _, field in self.columns if field]
        if fields.count("reference") != 1:
            return "reference_not_mapped"
        if not {"name", "family_name"} & set(fields):
            return "name_not_mapped"
        if any(fields.count(field) > 1 for field in SINGLE):
            return "mapped_twice"
        return ""


def _sex(taker: Taker, path: str, text: str, mapped: Mapped) -> None:
    low = text.casefold()
    for code, words in (("M", mapped.male), ("F", mapped.female)):
        if low in {word.casefold() for word in words}:
            taker.sex(path, code)
            return
    taker.problem(path, Problem.UNKNOWN_SEX, text)


_IDENTIFIERS: Final = (
    "plate", "vin", "imo", "mmsi", "callsign", "hull", "tail", "icao24", "imei", "imsi", "phone", "iban", "account",
    "serial", "other",
)  # fmt: skip
_PUTS: Final[Mapping[str, Put]] = {
    "name": lambda taker, path, text, _: taker.name(path, text),
    "alias": lambda taker, path, text, _: taker.name(path, text, "alias"),
    "weak_alias": lambda taker, path, text, _: taker.name(path, text, "alias", "low"),
    "former_name": lambda taker, path, text, _: taker.name(path, text, "former"),
    "original_script": lambda taker, path, text, _: taker.name(path, text, "original_script"),
    "birth_date": lambda taker, path, text, mapped: taker.born(path, text, _dates(mapped)),
    "sex": _sex,
    "nationality": lambda taker, path, text, _: taker.nationality(path, text),
    "address": lambda taker, path, text, _: taker.place(path, "address", "", text),
    "programme": lambda taker, path, text, _: taker.programme(path, text),
    "designation": lambda taker, path, text, _: taker.designation(path, text),
    "comment": lambda taker, path, text, _: taker.comment(path, text),
    "relative": lambda taker, path, text, _: taker.relation(path, "relative", text),
    "related": lambda taker, path, text, _: taker.relation(path, "other", text),
}
_PARTS: Final = ("given_names", "father_name", "grandfather_name", "family_name")
"""Parts of a name, in the order in which a name is said."""
_TOGETHER: Final = (
    *_PARTS, "reference", "birth_country", "document_number", "document_type", "document_country", "id_country",
    "listed_on",
)  # fmt: skip
SINGLE: Final = frozenset(_TOGETHER)
FIELDS: Final = (
    "reference", "name", *_PARTS, "alias", "weak_alias", "former_name", "original_script", "birth_date",
    "place_of_birth", "birth_country", "sex", "nationality", "document_number", "document_type", "document_country",
    "address", "programme", "designation", "relative", "related", "comment", "listed_on",
    *(f"id_{kind}" for kind in _IDENTIFIERS), "id_country",
)  # fmt: skip
"""What a column can be; each is a word of the group `table_field`."""


def _dates(mapped: Mapped) -> list_dates.Read:
    """The form that was chosen; a day that the spreadsheet itself keeps as one comes in ISO 8601."""
    chosen = list_dates.FORMS[mapped.dates]
    return lambda text: list_dates.iso(text) if re.match("[0-9]{4}-[0-9]{2}-", text) else chosen(text)


def head_of(lines: Iterator[Row], mapped_head: int) -> tuple[int, list[str]]:
    """The row that names the columns; raises ListError where there is none."""
    for number, cells in lines:
        if number >= mapped_head:
            return number, cells
    raise ListError("not_the_list", mapped_head)


def read_table(file: BinaryIO, shape: str, mapped: Mapped) -> Iterator[Item]:
    """Read the rows below the header. Raises ListError, also where the header is another than was mapped."""
    lines = sheet_rows(file, shape, sheet=mapped.sheet, delimiter=mapped.delimiter, encoding=mapped.encoding)
    at, header = head_of(lines, mapped.head)
    if header != [name for name, _ in mapped.columns]:
        raise ListError("other_columns", at)
    yield Header(None)
    fields = [field for _, field in mapped.columns]
    for count, (line, cells) in enumerate(lines):
        if count >= MAX_ENTRIES:
            raise ListError("too_many", line)
        yield from _row(line, header, fields, cells, mapped)


def _row(
    line: int, header: Sequence[str], fields: Sequence[str], cells: Sequence[str], mapped: Mapped
) -> Iterator[Item]:
    one = {field: cells[place] for place, field in enumerate(fields) if field in SINGLE and place < len(cells)}
    reference = one.get("reference", "")
    if not reference:
        yield Unread(line, "reference", Problem.EMPTY_REQUIRED, " ".join(cells)[:500])
        return
    taker = Taker(line, reference[:40], mapped.type)
    if len(cells) > len(fields):
        taker.problem("", Problem.UNKNOWN_COLUMN, " ".join(cells[len(fields) :]))
    born_in = one.get("birth_country", "")
    taker.name("family_name", " ".join(filter(None, (one.get(part, "") for part in _PARTS))))
    for name, field, cell in zip(header, fields, cells, strict=False):
        for text in _several(cell, mapped.separator):
            if put := _PUTS.get(field):
                put(taker, name[:200], text, mapped)
            elif field == "place_of_birth":
                taker.place(name[:200], "birth", born_in, text)
            elif field.startswith("id_") and field not in SINGLE:
                taker.identifier(name[:200], field.removeprefix("id_"), one.get("id_country", ""), text)
    if not any(kind == "birth" for kind, _, _ in taker.listed.places):
        taker.place("birth_country", "birth", born_in, "")
    number = one.get("document_number", "")
    taker.document("document_number", one.get("document_type", ""), one.get("document_country", ""), number)
    taker.listed.listed_on = taker.day("listed_on", one.get("listed_on", ""), _dates(mapped))
    yield from taker.given()


def _several(cell: str, separator: str) -> list[str]:
    texts = cell.split(separator) if separator else [cell]
    return [text.strip() for text in texts if text.strip()]
