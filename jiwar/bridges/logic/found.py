"""What a foreign file says of people and organisations, as values that an officer can use.

Nothing here decides anything: it is read by a person before it becomes a listing. No field exists for religion,
ethnicity, politics or health (rule R4); what a source says of them is dropped, and only that it did is told.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import pycountry

from jiwar.bridges.logic.lost import Losses, Lost, Why
from jiwar.bridges.logic.statement import Signed

MOST_BYTES: Final = 20_000_000
MOST_OBJECTS: Final = 20_000
MOST_ITEMS: Final = 1_000_000
MOST_SUBJECTS: Final = 5_000
MOST_TEXT: Final = 1_000
"""Characters of one thing that is said of a subject."""
REFERENCE: Final = 80
STRICTNESS: Final = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
_MOST: Final = {"names": 50, "birth_dates": 20, "nationalities": 20, "documents": 50, "identifiers": 50, "said": 60}
# Marks that turn the direction of what follows: no name needs them, and a page would read otherwise than it is.
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(slots=True)
class Subject:
    """One person, organisation or, by its `type`, thing of a file. `birth_dates` as "1974-12-05", "1974-12", "1974".

    `documents` (type, country, number); `identifiers` (kind, number); `said` (code of the words group `foreign_said`,
    text). `ended`: the source took it back.
    """

    reference: str
    organisation: bool
    names: list[tuple[str, str, str]] = field(default_factory=list)
    birth_dates: list[str] = field(default_factory=list)
    place_of_birth: str = ""
    sexes: list[str] = field(default_factory=list)
    nationalities: list[str] = field(default_factory=list)
    documents: list[tuple[str, str, str]] = field(default_factory=list)
    type: str = ""
    identifiers: list[tuple[str, str]] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    said_at: dt.datetime | None = None
    tlp: str = ""
    ended: bool = False

    def facts(self) -> dict[str, Any]:
        """`watchlist.kinds.SubjectFacts`, as plain data."""
        return {
            "type": self.type or ("organisation" if self.organisation else "person"),
            "names": [{"text": text, "kind": kind, "quality": quality} for text, kind, quality in self.names],
            "birth_dates": [{"date": born} for born in self.birth_dates],
            "sexes": self.sexes,
            "nationalities": self.nationalities,
            "documents": [{"type": t, "country": c, "number": n} for t, c, n in self.documents],
            "place_of_birth": self.place_of_birth,
        } | ({"identifiers": [{"kind": kind, "number": n} for kind, n in self.identifiers]} if self.identifiers else {})


@dataclass(frozen=True, slots=True)
class Found:
    """A file read whole: subjects, signed statements that travelled inside, and everything that was not understood."""

    subjects: tuple[Subject, ...] = ()
    statements: tuple[Signed, ...] = ()
    lost: tuple[Lost, ...] = ()


class Taker:
    """Puts values into one subject, each checked and bounded; what does not fit is lost by its path."""

    def __init__(self, losses: Losses, reference: str, *, organisation: bool) -> None:
        self._losses = losses
        self.subject = Subject(short_reference(reference), organisation)

    def name(self, path: str, value: object, kind: str = "name", *, weak: bool = False) -> None:
        """`kind` is a `NameKind` of the watchlist; the second "name" is an alias."""
        text = self._line(path, value, 200)
        if not text or any(text == known for known, _, _ in self.subject.names):
            return
        if kind == "name" and any(known == "name" for _, known, _ in self.subject.names):
            kind = "alias"
        self._put("names", path, (text, kind, "low" if weak else "good"))

    def born(self, path: str, value: object) -> None:
        if text := self._line(path, value, 40):
            if born := a_date(text):
                if born not in self.subject.birth_dates:
                    self._put("birth_dates", path, born)
            else:
                self._losses.add(path, Why.NOT_A_DATE, text)

    def born_at(self, path: str, value: object) -> None:
        if text := self._line(path, value, 200):
            if not self.subject.place_of_birth:
                self.subject.place_of_birth = text
            elif text != self.subject.place_of_birth:
                self.say(path, "birth_place", text)

    def sex(self, path: str, value: object) -> None:
        text = self._line(path, value, 40).lower()
        code = {"m": "M", "male": "M", "f": "F", "female": "F", "x": "X", "other": "X"}.get(text)
        if code and code not in self.subject.sexes:
            self.subject.sexes.append(code)
        elif text and code is None and text not in {"unknown", "prefer not to say"}:
            self._losses.add(path, Why.WRONG_FORM, text)

    def nationality(self, path: str, value: object) -> None:
        if text := self._line(path, value, 100):
            if code := alpha3(text):
                if code not in self.subject.nationalities:
                    self._put("nationalities", path, code)
            else:
                self._losses.add(path, Why.NOT_A_COUNTRY, text)

    def document(self, path: str, type_: object, country: object, number: object) -> None:
        shown = self._line(path, number, 100)
        if not shown:
            return
        state = self._line(path, country, 100)
        code = alpha3(state) if state else ""
        if state and not code:
            self._losses.add(path, Why.NOT_A_COUNTRY, state)
        paper = (self._line(path, type_, 100), code, shown)
        if paper not in self.subject.documents:
            self._put("documents", path, paper)

    def identifier(self, path: str, kind: str, value: object) -> None:
        """A number of a thing or a line; `kind` is one of `watchlist.kinds.IdentifierFact`."""
        shown = self._line(path, value, 100)
        if shown and (kind, shown) not in self.subject.identifiers:
            self._put("identifiers", path, (kind, shown))

    def say(self, path: str, what: str, value: object) -> None:
        """What has no field, as text under a heading."""
        text = self._text(path, value)
        if text and (what, text) not in self.subject.said:
            self._put("said", path, (what, text))

    def mark(self, tlp: str) -> None:
        """The stricter of what was marked before and this."""
        self.subject.tlp = max(self.subject.tlp or "CLEAR", tlp, key=STRICTNESS.index)

    def lose(self, path: str, why: Why, value: object = "") -> None:
        self._losses.add(path, why, value)

    def _put(self, where: str, path: str, value: Any) -> None:
        held = getattr(self.subject, where)
        if len(held) >= _MOST[where]:
            self._losses.add(path, Why.CUT, value if isinstance(value, str) else " ".join(value))
            return
        held.append(value)

    def _line(self, path: str, value: object, most: int) -> str:
        return clean(self._losses, path, value, most, lines=False)

    def _text(self, path: str, value: object) -> str:
        return clean(self._losses, path, value, MOST_TEXT, lines=True)


def clean(losses: Losses, path: str, value: object, most: int, *, lines: bool) -> str:
    """Text without control characters, in at most so many characters; "" where there is none. What is cut is told."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        losses.add(path, Why.WRONG_FORM, value)
        return ""
    text = str(value).replace("\r\n", "\n")
    if _TURNING.search(text) or any(unicodedata.category(c) in {"Cc", "Cs", "Cn"} and c not in "\n\t" for c in text):
        losses.add(path, Why.WRONG_FORM, text)
        return ""
    text = text.strip() if lines else " ".join(text.split())
    if len(text) > most:
        losses.add(path, Why.CUT, text)
        text = text[:most].strip()
    return text


def a_date(text: str) -> str:
    """The calendar part of an ISO 8601 date of any precision; "" where it is none."""
    found = re.fullmatch(
        r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ][0-9:.]{2,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?", text
    )
    if not found:
        return ""
    year, month, day = found.groups()
    try:
        dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return ""
    if not 1850 <= int(year) <= 2200:
        return ""
    return "-".join(filter(None, (year, month, day)))


def an_instant(value: object) -> dt.datetime | None:
    """A timestamp of RFC 3339, or whole seconds since 1970 as MISP writes them."""
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,11}", value):
            return dt.datetime.fromtimestamp(int(value), dt.UTC)
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?Z", value):
            whole, _, part = value.removesuffix("Z").partition(".")
            return dt.datetime.fromisoformat(f"{whole}.{(part + '000000')[:6]}+00:00")
    except (ValueError, OverflowError, OSError):
        return None
    return None


@lru_cache(maxsize=2_000)
def alpha3(text: str) -> str:
    """The ISO 3166-1 alpha-3 code of a country's code or English name; "" where it is none of today's."""
    try:
        return str(pycountry.countries.lookup(text).alpha_3)
    except LookupError:
        return ""


@lru_cache(maxsize=300)
def alpha2(code: str) -> str:
    """The alpha-2 code of an alpha-3 one, in small letters; "" where there is none."""
    country = pycountry.countries.get(alpha_3=code)
    return str(country.alpha_2).lower() if country else ""


def short_reference(reference: str) -> str:
    """The source's own identifier; one that is too long, or that no page shows well, by its hash."""
    if re.fullmatch(rf"[!-~]{{1,{REFERENCE}}}", reference):
        return reference
    return hashlib.sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()
