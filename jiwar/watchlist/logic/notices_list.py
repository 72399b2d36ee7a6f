"""Reader of notices on people as CSV, with the fields that INTERPOL's public notices have, by their names.

INTERPOL publishes no CSV: National Central Bureaus write one from what the network gives them. The first row names the
columns; several values in one cell stand between bars or semicolons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from . import list_dates
from .list_csv import Table, rows
from .listed import MAX_ENTRIES, Header, Item, ListError, Problem, Taker, Unread

_NEEDED: Final = ("entity_id", "name")
_SAID: Final = {
    "charge": "Charge", "charges": "Charge", "arrest_warrants": "Charge", "issuing_country_id": "Issued by",
    "distinguishing_marks": "Marks", "height": "Height", "eyes_colors_id": "Eyes", "hairs_id": "Hair",
    "languages_spoken_ids": "Languages", "notice_type": "Notice",
}  # fmt: skip
_KNOWN: Final = {
    "entity_id", "name", "forename", "alias", "name_at_birth", "original_script", "date_of_birth", "place_of_birth",
    "country_of_birth_id", "sex_id", "nationalities", "passport_number", "passport_country_id", "national_id_number",
    "national_id_country_id", "phone", "plate", "vin", "date_of_publication", *_SAID,
}  # fmt: skip
_SILENT: Final = {"weight", "thumbnail", "image", "url"}


def read_notices(file: BinaryIO) -> Iterator[Item]:
    """Read notices, with commas or semicolons as the header has them. Raises ListError."""
    start = file.read(4096)
    head = start.split(b"\n", 1)[0]
    lines = rows(_Again(start, file), delimiter=";" if head.count(b";") > head.count(b",") else ",")
    at, names = next(lines, (0, []))
    header = Table(names)
    if not header.has(*_NEEDED):
        raise ListError("not_the_list", at, ", ".join(names)[:60])
    yield Header(None)
    for name in names:
        if name and name.casefold() not in _KNOWN | _SILENT:
            yield Unread(at, name[:200], Problem.UNKNOWN_COLUMN, "")
    seen = 0
    for line, cells in lines:
        number = header.get(cells, "entity_id")
        seen += 1
        if seen > MAX_ENTRIES:
            raise ListError("too_many", line)
        if not number:
            yield Unread(line, "entity_id", Problem.EMPTY_REQUIRED, ",".join(cells)[:500])
            continue
        yield from _notice(Taker(line, number[:40]), header, cells)


def _notice(taker: Taker, header: Table, cells: list[str]) -> Iterator[Item]:
    def one(name: str) -> str:
        return header.get(cells, name)

    def several(name: str) -> list[str]:
        return [part.strip() for part in re.split(r"[|;]", one(name)) if part.strip()]

    taker.name("name", " ".join(filter(None, (one("forename"), one("name")))))
    for text in several("alias"):
        taker.name("alias", text, "alias")
    taker.name("name_at_birth", one("name_at_birth"), "former")
    taker.name("original_script", one("original_script"), "original_script")
    for text in several("date_of_birth"):
        taker.born("date_of_birth", text, list_dates.year_first)
    taker.place("place_of_birth", "birth", one("country_of_birth_id"), one("place_of_birth"))
    taker.sex("sex_id", one("sex_id"))
    for text in several("nationalities"):
        taker.nationality("nationalities", text)
    for type_, number, country in (
        ("Passport", "passport_number", "passport_country_id"),
        ("National identity number", "national_id_number", "national_id_country_id"),
    ):
        for text in several(number):
            taker.document(number, type_, one(country), text)
    for kind in ("phone", "plate", "vin"):
        for text in several(kind):
            taker.identifier(kind, kind, "", text)
    for name, heading in _SAID.items():
        if said := one(name):
            taker.comment(name, f"{heading}: {said}")
    taker.listed.listed_on = taker.day("date_of_publication", one("date_of_publication"), list_dates.year_first)
    yield from taker.given()


class _Again:
    """A file of which the beginning was read already."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self._start, self._file = start, file

    def read(self, size: int = -1) -> bytes:
        start, self._start = self._start, b""
        return start or self._file.read(size)
