"""What a new version of a list changes: fields of an entry, and whether it removes so many that two must agree."""

from __future__ import annotations

from collections.abc import Mapping
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


def takes_two(removed: int, held: int, *, number: int, share: float) -> bool:
    """Whether so many of those in force are removed that a second person confirms it."""
    return removed > number and removed > share * held
