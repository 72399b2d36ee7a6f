"""What every reader of a list gives: a header, the entries, and all that was not understood. Nothing goes in silence.

A reader is a pure generator over open files. It yields one `Header`, then `Listed` and `Unread` in the order of the
file, and raises `ListError` where the file as a whole cannot be read: take the whole before using any of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from .countries import alpha3
from .dates import PartialDate

MAX_BYTES: Final = 128 * 1024 * 1024
"""Of one file, as bytes come out of it."""
MAX_ENTRIES: Final = 500_000
MAX_FIELD: Final = 20_000
MAX_UNREAD: Final = 50_000
"""Lines of a report: a file with more of them is another file than it is taken for."""


class ListError(Exception):
    """The file as a whole cannot be read; `code` is "too_large", "too_deep", "too_many", "too_strange", "forbidden",
    "malformed", "not_the_list" or "advanced_form", `line` where it was found (0 where no line says it)."""

    def __init__(self, code: str, line: int = 0, detail: str = "") -> None:
        super().__init__(f"{code} at line {line}: {detail}" if detail else f"{code} at line {line}")
        self.code = code
        self.line = line
        self.detail = detail


class Problem(StrEnum):
    """Why a value was not read."""

    EMPTY_REQUIRED = "empty_required"
    REPEATED = "repeated"
    UNKNOWN_ATTRIBUTE = "unknown_attribute"
    UNKNOWN_COLUMN = "unknown_column"
    UNKNOWN_COUNTRY = "unknown_country"
    UNKNOWN_DATE = "unknown_date"
    UNKNOWN_ELEMENT = "unknown_element"
    UNKNOWN_ENTRY = "unknown_entry"
    UNKNOWN_QUALITY = "unknown_quality"
    UNKNOWN_REMARK = "unknown_remark"
    UNKNOWN_SEX = "unknown_sex"
    UNKNOWN_TYPE = "unknown_type"
    UNREADABLE_TEXT = "unreadable_text"


@dataclass(frozen=True, slots=True)
class Unread:
    """Something not understood: the line it begins on, where ("INDIVIDUALS/INDIVIDUAL/GENDER"), why, and what it says.

    `reference` is the entry's reference number, or "" outside an entry.
    """

    line: int
    path: str
    code: Problem
    value: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """`generated` is None where the list does not say when."""

    generated: datetime | None


@dataclass(slots=True)
class Listed:
    """One entry of a list in the words of `kinds.SubjectFacts`.

    `names` (text, kind, quality), `documents` (type, country, number), `identifiers` (kind, country, number), `places`
    (kind, country, text), `relations` (kind, name); countries by ISO 3166-1 alpha-3 or "".
    """

    line: int
    reference: str
    type: str = "person"
    names: list[tuple[str, str, str]] = field(default_factory=list)
    birth_dates: list[PartialDate] = field(default_factory=list)
    sexes: list[str] = field(default_factory=list)
    nationalities: list[str] = field(default_factory=list)
    documents: list[tuple[str, str, str]] = field(default_factory=list)
    identifiers: list[tuple[str, str, str]] = field(default_factory=list)
    places: list[tuple[str, str, str]] = field(default_factory=list)
    relations: list[tuple[str, str]] = field(default_factory=list)
    programmes: list[str] = field(default_factory=list)
    designations: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    listed_on: date | None = None
    updated_on: date | None = None


Item = Header | Listed | Unread
ReadDate = Callable[[str], PartialDate]
# Marks that turn the direction of what follows: no name needs them, and a page would read otherwise than it is.
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SEXES: Final = {"m": "M", "male": "M", "f": "F", "female": "F", "x": "X"}
_NO_SEX: Final = frozenset({"", "unknown", "u"})


class Taker:
    """Puts the values of one entry where they belong, each once; what is not understood is kept by its place."""

    def __init__(self, line: int, reference: str, type_: str = "person") -> None:
        self.listed = Listed(line, reference, type_)
        self.unread: list[Unread] = []
        self.line = line
        """Where the values stand that come next: an entry may take several lines."""

    def given(self) -> Iterator[Listed | Unread]:
        """The entry, where it has a name, and after it what of it was not understood."""
        if self.listed.names:
            yield self.listed
        else:
            self.problem("name", Problem.EMPTY_REQUIRED, "")
        yield from self.unread

    def problem(self, path: str, code: Problem, value: str) -> None:
        self.unread.append(Unread(self.line, path, code, value[:500], self.listed.reference))

    def text(self, path: str, value: str) -> str:
        """One line of text without what no page can show; "" where nothing is left."""
        text = " ".join(value.split())
        if text.isprintable():
            return text
        if _TURNING.search(text) or any(unicodedata.category(c) in {"Cc", "Cs", "Cn"} for c in text):
            self.problem(path, Problem.UNREADABLE_TEXT, ascii(text)[1:-1])
            return ""
        return text

    def name(self, path: str, value: str, kind: str = "name", quality: str = "good") -> None:
        """`kind` is a `NameKind`; the second "name" of an entry is an alias."""
        text = self.text(path, value)
        if not text or any(text == known for known, _, _ in self.listed.names):
            return
        if kind == "name" and any(known == "name" for _, known, _ in self.listed.names):
            kind = "alias"
        place = 0 if kind == "name" else len(self.listed.names)
        self.listed.names.insert(place, (text, kind, quality))

    def born(self, path: str, value: str, read: ReadDate) -> None:
        text = self.text(path, value)
        if not text:
            return
        try:
            born = read(text)
        except ValueError:
            self.problem(path, Problem.UNKNOWN_DATE, text)
            return
        _once(self.listed.birth_dates, born)

    def sex(self, path: str, value: str) -> None:
        text = self.text(path, value)
        if code := _SEXES.get(text.casefold()):
            _once(self.listed.sexes, code)
        elif text.casefold() not in _NO_SEX:
            self.problem(path, Problem.UNKNOWN_SEX, text)

    def country(self, path: str, value: str) -> str:
        """The code of a country's name or code; "" where it is none, which is reported."""
        text = self.text(path, value)
        code = alpha3(text) if text else ""
        if text and not code:
            self.problem(path, Problem.UNKNOWN_COUNTRY, text)
        return code

    def nationality(self, path: str, value: str) -> None:
        if code := self.country(path, value):
            _once(self.listed.nationalities, code)

    def document(self, path: str, type_: str, country: str, number: str) -> None:
        """`country` as the list writes it."""
        if shown := self.text(path, number):
            _once(self.listed.documents, (self.text(path, type_), self.country(path, country), shown))

    def identifier(self, path: str, kind: str, country: str, number: str) -> None:
        """`kind` is one of `kinds.IdentifierFact`."""
        if shown := self.text(path, number):
            _once(self.listed.identifiers, (kind, self.country(path, country), shown))

    def place(self, path: str, kind: str, country: str, value: str) -> None:
        """Something is a place where a text or a country says where."""
        code, text = self.country(path, country), self.text(path, value)
        if code or text:
            _once(self.listed.places, (kind, code, text or code))

    def relation(self, path: str, kind: str, value: str) -> None:
        if text := self.text(path, value):
            _once(self.listed.relations, (kind, text))

    def programme(self, path: str, value: str) -> None:
        if text := self.text(path, value):
            _once(self.listed.programmes, text)

    def designation(self, path: str, value: str) -> None:
        if text := self.text(path, value):
            _once(self.listed.designations, text)

    def comment(self, path: str, value: str) -> None:
        if text := self.text(path, value):
            _once(self.listed.comments, text)

    def day(self, path: str, value: str, read: ReadDate) -> date | None:
        """A whole day, or None; what is none is reported."""
        text = self.text(path, value)
        if not text:
            return None
        try:
            found = read(text)
            return date(found.year, found.month or 0, found.day or 0)
        except ValueError:
            self.problem(path, Problem.UNKNOWN_DATE, text)
            return None


def _once(held: list[Any], value: Any) -> None:
    if value not in held:
        held.append(value)
