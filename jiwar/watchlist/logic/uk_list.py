"""Readers of the United Kingdom's lists: the UK Sanctions List (FCDO) and OFSI's consolidated list, CSV and XML.

Since 28 January 2026 the first is the only one that is kept up; the second is read for what a state still holds. A
designation takes as many rows as it has names and addresses. Fields: https://www.gov.uk/government/publications/the-uk-sanctions-list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO, Final

from . import list_dates
from .dates import PartialDate
from .list_csv import Table, rows
from .list_xml import Element, Reader, elements
from .listed import MAX_ENTRIES, Header, Item, ListError, Problem, Taker, Unread
from .uk_fields import LEAVES, NEW, OF_ADDRESS, OF_NAME, OLD, OLD_LEAVES, SAID, SILENT

_TYPES: Final = {"individual": "person", "entity": "organisation", "ship": "vessel", "vessel": "vessel"}
_ALIASES: Final = {
    "primary name": "name", "primary name variation": "alias", "alias": "alias", "aka": "alias", "a.k.a": "alias",
    "a.k.a.": "alias", "fka": "former", "f.k.a": "former", "f.k.a.": "former", "": "name",
}  # fmt: skip
_QUALITIES: Final = {
    "": "good", "good": "good", "good quality": "good", "good quality a.k.a": "good", "good quality a.k.a.": "good",
    "low": "low", "low quality": "low", "low quality a.k.a": "low", "low quality a.k.a.": "low",
}  # fmt: skip
_NAMES: Final = ("Name 1", "Name 2", "Name 3", "Name 4", "Name 5", "Name 6")


def read_uk_csv(file: BinaryIO) -> Iterator[Item]:
    """Read UK-Sanctions-List.csv or ConList.csv. Raises ListError."""
    lines = rows(file)
    header, generated, at = _begin(lines)
    fields = NEW if header.has("Unique ID", "Designation Type") else OLD
    if not header.has(fields["id"], fields["type"], "Name 6"):
        raise ListError("not_the_list", at, ", ".join(header.names)[:60])
    yield generated
    known = {field.casefold() for field in (*fields.values(), *_NAMES, *SAID)} | SILENT
    known |= {fields["address"].format(line).casefold() for line in range(1, 7)}
    for name in header.names:
        if name and name.casefold() not in known:
            yield Unread(at, name[:200], Problem.UNKNOWN_COLUMN, "")
    # Rows of one designation mostly stand together, and nothing promises it.
    takers: dict[str, Taker] = {}
    for line, cells in lines:
        row = _Row(partial(header.get, cells), fields)
        number = row("id")
        if not number:
            yield Unread(line, fields["id"], Problem.EMPTY_REQUIRED, ",".join(cells)[:500])
            continue
        taker = takers.get(number)
        if taker is None:
            if len(takers) >= MAX_ENTRIES:
                raise ListError("too_many", line)
            taker = takers[number] = _taker(line, number, row("type"), fields["type"])
        taker.line = line
        _take(taker, row, fields)
    for taker in takers.values():
        yield from taker.given()


def _begin(lines: Iterator[tuple[int, list[str]]]) -> tuple[Table, Header, int]:
    """The header; above it a line says of what day: "Report Date: 13-Feb-2026", or "Last Updated,13/02/2026"."""
    line, cells = next(lines, (0, []))
    generated = None
    said = " ".join(filter(None, cells))
    if found := re.fullmatch(r"(?:Report Date: ?|Last Updated )(.+)", said):
        generated = _moment(found[1])
        line, cells = next(lines, (line, []))
    return Table(cells), Header(generated), line


def _moment(text: str) -> datetime | None:
    for form in ("%d-%b-%Y", "%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip()[:11], form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


class _Row:
    """`row("born")`: what a row says in one of our fields."""

    def __init__(self, get: Callable[[str, str], str], fields: Mapping[str, str]) -> None:
        self._get, self._fields = get, fields

    def __call__(self, field: str) -> str:
        name = self._fields.get(field)
        return self.column(name) if name else ""

    def column(self, name: str) -> str:
        text = self._get(name, "")
        return "" if text.casefold() in {"n/a", "unknown"} else text


def _taker(line: int, number: str, type_: str, path: str) -> Taker:
    kind = _TYPES.get(type_.casefold(), "")
    taker = Taker(line, number[:40], kind or "organisation")
    if not kind:
        taker.problem(path, Problem.UNKNOWN_TYPE, type_)
    return taker


def _several(text: str) -> list[str]:
    """(1) Russia (2) Cyprus: several values in one cell, numbered; or between bars."""
    if re.match(r"\(1\)", text):
        return [one.strip(" ;,") for one in re.split(r"\([0-9]{1,2}\)", text) if one.strip(" ;,")]
    return [one.strip() for one in text.split("|") if one.strip()]


def _quality(taker: Taker, path: str, kind: str, quality: str) -> tuple[str, str]:
    """The codes of a name's kind and quality."""
    codes = _ALIASES.get(kind.casefold(), ""), _QUALITIES.get(quality.casefold(), "")
    if not all(codes):
        taker.problem(path, Problem.UNKNOWN_QUALITY, f"{kind} {quality}")
    return codes[0] or "alias", codes[1] or "good"


Put = Callable[[Taker, str, str], None]


def _related(taker: Taker, path: str, text: str) -> None:
    taker.relation(path, "other", text)
    taker.comment(path, f"{path}: {text}")


_PUTS: Final[Mapping[str, Put]] = {
    "born": lambda taker, path, text: taker.born(path, text, _date),
    "nationality": Taker.nationality,
    "gender": Taker.sex,
    "passport": lambda taker, path, text: taker.document(path, "Passport", "", text),
    "national": lambda taker, path, text: taker.document(path, "National identification number", "", text),
    "registration": lambda taker, path, text: taker.document(path, "Business registration number", "", text),
    "imo": lambda taker, path, text: taker.identifier(path, "imo", "", text),
    "hull": lambda taker, path, text: taker.identifier(path, "hull", "", text),
    "phone": lambda taker, path, text: taker.identifier(path, "phone", "", text),
    "owner": _related,
    "former_owner": _related,
    "parent": _related,
    "subsidiary": _related,
    "position": Taker.designation,
    "title": Taker.designation,
    "flag": lambda taker, path, text: taker.place(path, "other", text, text),
}
"""What becomes of the values of a field; a cell may hold several."""


def _take(taker: Taker, row: _Row, fields: Mapping[str, str]) -> None:
    kind, quality = _quality(taker, fields["alias"], row("alias"), row("quality"))
    taker.name("Name 6", " ".join(filter(None, map(row.column, _NAMES))), kind, quality)
    taker.name(fields["original"], row("original"), "original_script")
    taker.programme(fields["regime"], row("regime"))
    for field, put in _PUTS.items():
        for one in _several(row(field)):
            put(taker, fields[field], one)
    town, country = row("town"), row("country_of_birth")
    code = country if len(_several(country)) == 1 else ""
    taker.place(fields["town"], "birth", code, ", ".join(filter(None, (town, country))))
    lines = [row.column(fields["address"].format(number)) for number in range(1, 7)]
    country = row("country")
    taker.place(fields["country"], "address", country, ", ".join(filter(None, (*lines, row("postcode"), country))))
    for field in ("passport_more", "national_more"):
        taker.comment(fields.get(field, ""), row(field))
    for name in SAID:
        said = row.column(name)
        taker.comment(name, f"{name}: {said}" if said else "")
    _days(taker, row("designated"), row("updated"))


def _date(text: str) -> PartialDate:
    return list_dates.iso(text) if re.match("[0-9]{4}-", text) else list_dates.day_first(text)


def _days(taker: Taker, designated: str, updated: str) -> None:
    listed = taker.listed
    listed.listed_on = listed.listed_on or taker.day("Date Designated", designated, _date)
    day = taker.day("Last Updated", updated, _date)
    if day and (listed.updated_on is None or day > listed.updated_on):
        listed.updated_on = day


# XML ------------------------------------------------------------------------------------------------------------------

_DATES: Final = {"DateGenerated", "ReportDate"}


def read_uk_xml(file: BinaryIO) -> Iterator[Item]:
    """Read UK-Sanctions-List.xml or ConList.xml. Raises ListError."""
    header: Header | None = None
    takers: dict[str, Taker] = {}
    for element in elements(file, {"Designations", "ArrayOfFinancialSanctionsTarget"}):
        if element.path in _DATES and header is None:
            header = Header(_moment(element.text))
            yield header
        elif element.path in {"Designation", "FinancialSanctionsTarget"}:
            if header is None:
                header = Header(None)
                yield header
            new = element.path == "Designation"
            yield from (_designation if new else _target)(element, takers)
        elif element.path not in {"Designations", "ArrayOfFinancialSanctionsTarget"} or element.text.strip():
            yield Unread(element.line, element.path, Problem.UNKNOWN_ELEMENT, element.whole_text()[:500])
    if header is None:
        yield Header(None)
    for taker in takers.values():
        yield from taker.given()


def _target(element: Element, takers: dict[str, Taker]) -> Iterator[Item]:
    """One name of OFSI's list."""
    said = {OLD_LEAVES.get(child.tag, child.tag): " ".join(child.text.split()) for child in element.children}
    yield from _put(element.line, [said], OLD, takers)


def _designation(element: Element, takers: dict[str, Taker]) -> Iterator[Item]:
    """One entry of the UK Sanctions List: its first row says everything, further ones names and addresses alone."""
    reader = Reader(element)
    said: list[dict[str, str]] = [{}]
    for group, item, leaves in (("Names", "Name", OF_NAME), ("Addresses", "Address", OF_ADDRESS)):
        below = [one for many in reader.groups(group) for one in reader.groups(item, many)]
        for place, one in enumerate(below):
            if place == len(said):
                said.append({})
            said[place] |= {leaves.get(child.tag, child.tag): " ".join(child.text.split()) for child in one.children}
    for many in reader.groups("NonLatinNames"):
        for place, one in enumerate(reader.groups("NonLatinName", many)):
            if place == len(said):
                said.append({})
            said[place]["Name non-latin script"] = reader.one("NameNonLatinScript", one)
    reader.groups("SanctionsImposedIndicators")  # SanctionsImposed says the same in words
    for leaf in _leaves(element):
        name = LEAVES.get(leaf.tag, leaf.tag)
        text = " ".join(leaf.text.split())
        said[0][name] = f"{said[0][name]}|{text}" if said[0].get(name) else text
    for more in said[1:]:
        more |= {name: said[0].get(name, "") for name in ("Unique ID", "Designation Type")}
    yield from _put(element.line, said, NEW, takers)


def _leaves(element: Element) -> Iterator[Element]:
    for child in element.children:
        if child.children:
            yield from _leaves(child)
        elif child.text.strip():
            yield child


def _put(line: int, said: list[dict[str, str]], fields: Mapping[str, str], takers: dict[str, Taker]) -> Iterator[Item]:
    known = {*fields.values(), *_NAMES, *SAID, *(fields["address"].format(number) for number in range(1, 7))}
    number = said[0].get(fields["id"], "")
    if not number:
        yield Unread(line, fields["id"], Problem.EMPTY_REQUIRED, " ".join(said[0].values())[:500])
        return
    taker = takers.get(number)
    if taker is None:
        if len(takers) >= MAX_ENTRIES:
            raise ListError("too_many", line)
        taker = takers[number] = _taker(line, number, said[0].get(fields["type"], ""), fields["type"])
    taker.line = line
    for each in said:
        _take(taker, _Row(each.get, fields), fields)
        for name, text in each.items():
            if text and name not in known and name.casefold() not in SILENT:
                taker.problem(name[:200], Problem.UNKNOWN_ELEMENT, text)
