"""How completely a subject is described, 0 to 100, and whether that is enough to stop anyone (rule R16). Pure.

The rules are data: for each type of subject what counts, for how many points, and which of it suffices. The words group
`quality` says of each why it counts. The facts may be half typed: what cannot be read counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from . import identifiers
from .dates import PartialDate
from .evidence import document_number
from .names import read_name

Facts = Mapping[str, Any]
"""`kinds.SubjectFacts` in JSON form, complete or not."""
LEAST_NUMBER: Final = 4
"""Characters of a document's number: shorter ones are shared."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that counts; `code` of the words group `quality`."""

    code: str
    points: int
    met: bool


@dataclass(frozen=True, slots=True)
class Quality:
    """`score` 0 to 100. `stops`: enough to stop anyone; if not, any one of `needs` would be, each all of its codes."""

    score: int
    stops: bool
    items: tuple[Item, ...]
    needs: tuple[tuple[str, ...], ...]

    @property
    def missing(self) -> tuple[Item, ...]:
        """What would raise the score, the most first."""
        return tuple(sorted((item for item in self.items if not item.met), key=lambda item: -item.points))


def quality(subject: Facts) -> Quality:
    """What is known of a subject, counted by the rules of its type; an unknown type is read as a person."""
    rules, enough = _RULES.get(str(subject.get("type") or "person"), _RULES["person"])
    items = tuple(Item(code, points, _MEASURES[code](subject)) for code, points in rules.items())
    met = {item.code for item in items if item.met}
    return Quality(
        score=sum(item.points for item in items if item.met),
        stops=any(met.issuperset(way) for way in enough),
        items=items,
        needs=enough,
    )


# What is looked at ----------------------------------------------------------------------------------------------------


def _rows(subject: Facts, group: str) -> list[Mapping[str, Any]]:
    rows = subject.get(group)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []


def _parts(subject: Facts) -> int:
    """Parts of the longest name that is not of low quality."""
    names = [str(n.get("text") or "")[:200] for n in _rows(subject, "names") if n.get("quality") != "low"]
    return max((len(read_name(name).parts) for name in names), default=0)


def _scripts(subject: Facts) -> bool:
    """Whether the name stands in Arabic letters and in Latin ones."""
    text = " ".join(str(name.get("text") or "")[:200] for name in _rows(subject, "names"))
    return any("\u0600" <= c <= "\u06ff" for c in text) and any(c.isascii() and c.isalpha() for c in text)


def _spellings(subject: Facts) -> int:
    return len({str(name.get("text")).casefold() for name in _rows(subject, "names") if name.get("text")})


def _births(subject: Facts) -> list[PartialDate]:
    found = []
    for born in _rows(subject, "birth_dates"):
        try:
            found.append(PartialDate.parse(f"{'~' if born.get('approximate') else ''}{born.get('date')}"))
        except ValueError:
            continue
    return found


def _documents(subject: Facts) -> list[Mapping[str, Any]]:
    papers = _rows(subject, "documents")
    return [paper for paper in papers if len(document_number(str(paper.get("number") or ""))) >= LEAST_NUMBER]


def _numbers(subject: Facts) -> list[Mapping[str, Any]]:
    """Numbers of things and lines that can be right."""
    return [
        row
        for row in _rows(subject, "identifiers")
        if row.get("kind") in identifiers.KINDS
        and row.get("number")
        and not identifiers.fault(
            row["kind"], str(row["number"])[: identifiers.LONGEST], str(row.get("country") or "")
        )
    ]  # fmt: skip


_MEASURES: Final[Mapping[str, Callable[[Facts], bool]]] = {
    "birth_date": lambda s: bool(_births(s)),
    "birth_day": lambda s: any(born.exact for born in _births(s)),
    "description": lambda s: _spellings(s) > 0,
    "document": lambda s: bool(_documents(s)),
    "document_country": lambda s: any(paper.get("country") for paper in _documents(s)),
    "document_type": lambda s: any(paper.get("type") for paper in _documents(s)),
    "name": lambda s: _parts(s) >= 1,
    "name_of_three": lambda s: _parts(s) >= 3,
    "name_of_two": lambda s: _parts(s) >= 2,
    "nationality": lambda s: bool(s.get("nationalities")),
    "number": lambda s: bool(_numbers(s)),
    "number_country": lambda s: any(number.get("country") for number in _numbers(s)),
    "number_or_document": lambda s: bool(_numbers(s) or _documents(s)),
    "other_name": lambda s: _spellings(s) > 1,
    "other_number": lambda s: len({(row["kind"], row["number"]) for row in _numbers(s)}) > 1,
    "place": lambda s: bool(_rows(s, "places")),
    "place_of_birth": lambda s: bool(
        s.get("place_of_birth") or any(place.get("kind") == "birth" for place in _rows(s, "places"))
    ),
    "relation": lambda s: bool(_rows(s, "relations")),
    "sex": lambda s: bool(s.get("sexes")),
    "two_scripts": _scripts,
}  # fmt: skip

# What counts, by type -------------------------------------------------------------------------------------------------

_Rules = tuple[dict[str, int], tuple[tuple[str, ...], ...]]
_GROUP: Final[_Rules] = (
    {
        "name": 35, "two_scripts": 15, "other_name": 15, "document": 10, "place": 10, "relation": 10, "number": 5,
    },
    (("name",), ("document",)),
)  # fmt: skip
_THING: Final[_Rules] = (
    {"number": 50, "other_number": 15, "number_country": 10, "description": 10, "relation": 15},
    (("number",),),
)
_RULES: Final[Mapping[str, _Rules]] = {
    "person": (
        {
            "name": 10, "name_of_two": 15, "name_of_three": 5, "two_scripts": 10, "birth_date": 15, "birth_day": 10,
            "document": 15, "nationality": 10, "place_of_birth": 5, "sex": 5,
        },
        (("document",), ("name_of_two",), ("name", "birth_date")),
    ),
    "organisation": _GROUP,
    "armed_group": _GROUP,
    "vehicle": _THING,
    "vessel": (
        {"number": 50, "name": 15, "two_scripts": 5, "other_number": 10, "number_country": 10, "relation": 10},
        (("number",),),
    ),
    "aircraft": _THING,
    "device": _THING,
    "account": _THING,
    "object": _THING,
    "document": (
        {"number_or_document": 50, "document_country": 20, "document_type": 20, "relation": 10},
        (("number_or_document",),),
    ),
}  # fmt: skip
RULE_CODES: Final = tuple(sorted(_MEASURES))
