"""What a new version of a list changes: fields of an entry, and whether it removes so many that two must agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_SUBJECT: Final = "subject"


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The fields that differ, those of the subject by their own names, in alphabetical order.

    The order of values in a list is none of a change: publishers sort them anew.
    """
    found = {name for name in {*old, *new} - {_SUBJECT} if _plain(old.get(name)) != _plain(new.get(name))}
    before, after = old.get(_SUBJECT, {}), new.get(_SUBJECT, {})
    found |= {name for name in {*before, *after} if _plain(before.get(name)) != _plain(after.get(name))}
    return sorted(found)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return sorted(repr(_plain(each)) for each in value)
    if isinstance(value, Mapping):
        return sorted((name, repr(_plain(each))) for name, each in value.items())
    return value if value is not None else ""


@dataclass(frozen=True, slots=True)
class Said:
    """One value of an entry for people: as the list writes it, and codes as (group of words, code)."""

    text: str
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Amended:
    """One field of an entry that a new version words otherwise: what goes, what comes; what stays is left out."""

    field: str
    before: tuple[Said, ...]
    after: tuple[Said, ...]


_OF_KIND: Final = {
    "identifiers": "identifier_kind",
    "names": "name_kind",
    "places": "place_kind",
    "relations": "relation_kind",
}


def amended(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Amended]:
    """The fields of `changed_fields` with what each says before and after (kinds.Listing as plain data)."""
    return [
        Amended(field, tuple(v for v in before if v not in after), tuple(v for v in after if v not in before))
        for field in changed_fields(old, new)
        for before, after in [(_values(old, field), _values(new, field))]
    ]


def _values(body: Mapping[str, Any], field: str) -> list[Said]:
    subject = body.get(_SUBJECT, {})
    value = subject[field] if field in subject else body.get(field)
    each = value if isinstance(value, list | tuple) else [value]
    return [_said(field, one) for one in each if one not in (None, "")]


def _said(field: str, value: Any) -> Said:
    if field == "sexes":
        return Said("", (("sex", value),))
    if field == "type":
        return Said("", (("subject_type", value),))
    if not isinstance(value, Mapping):
        return Said(str(value))
    words = [(_OF_KIND[field], value["kind"])] if field in _OF_KIND and value.get("kind") != "name" else []
    if value.get("quality") == "low":
        words.append(("name_quality", "low"))
    left = {"kind", "quality", "script", "target" if value.get("name") else ""}
    texts = [str(said) for name, said in value.items() if name not in left and said and said is not True]
    return Said(("≈ " if value.get("approximate") else "") + " ".join(texts), tuple(words))


def takes_two(removed: int, held: int, *, number: int, share: float) -> bool:
    """Whether so many of those in force are removed that a second person confirms it."""
    return removed > number and removed > share * held
