"""What a mapping could not carry over: named path by path, never dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MOST_LOST: Final = 20_000
MOST_VALUE: Final = 300


class Why(StrEnum):
    """Why a value is not where a reader would look for it. The words stand in the group `lost`."""

    # going out
    AS_TEXT = "as_text"
    ONLY_SIGNED = "only_signed"
    # coming in
    CUT = "cut"
    GRANULAR_MARKING = "granular_marking"
    NO_NAME = "no_name"
    NO_SUBJECT = "no_subject"
    NOT_A_COUNTRY = "not_a_country"
    NOT_A_DATE = "not_a_date"
    NOT_A_SUBJECT = "not_a_subject"
    PRODUCER = "producer"
    SAID_TWICE = "said_twice"
    SENSITIVE = "sensitive"
    UNKNOWN_MARKING = "unknown_marking"
    UNKNOWN_PROPERTY = "unknown_property"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    VICTIM = "victim"
    WRONG_FORM = "wrong_form"
    WRONG_ID = "wrong_id"


@dataclass(frozen=True, slots=True)
class Lost:
    """`path` is dotted, from the top of the file or of the statement; `value` what stands there, cut, "" if it is not
    to be kept."""

    path: str
    why: Why
    value: str = ""


class Unreadable(Exception):
    """A file that is not read at all: nothing of it is used. `code` is of the words group `fault`."""

    def __init__(self, code: str, path: str = "", detail: str = "") -> None:
        super().__init__(f"{code} {path} {detail}".strip())
        self.code, self.path, self.detail = code, path, detail


class Losses:
    """Collects what a reader did not understand. Raises Unreadable past MOST_LOST: such a file is another's format."""

    def __init__(self) -> None:
        self.found: list[Lost] = []

    def add(self, path: str, why: Why, value: object = "") -> None:
        if len(self.found) >= MOST_LOST:
            raise Unreadable("too_many_unread", path[:200], str(MOST_LOST))
        text = value if isinstance(value, str) else "" if value is None else repr(value)
        self.found.append(Lost(path[:300], why, _printable(text[:MOST_VALUE])))


def losses(told: Mapping[str, Any], native: Collection[str], as_text: Collection[str]) -> tuple[Lost, ...]:
    """What of a statement's members has no field of its own in the other format.

    `native` are dotted paths that have one, `as_text` those that stand in running text. A member of which nothing is
    said anywhere but in the signed statement is named once, at its top.
    """
    said = {*native, *as_text}
    above = {path[: i.start()] for path in said for i in re.finditer(r"\.", path)}
    return tuple(_losses(told, "", frozenset(native), frozenset(as_text), frozenset(above), in_text=False))


def _losses(
    value: Any, at: str, native: frozenset[str], as_text: frozenset[str], above: frozenset[str], *, in_text: bool
) -> Iterator[Lost]:
    if value in (None, "", [], {}, ()) or at in native:
        return
    in_text = in_text or at in as_text
    inside = _members(value)
    if inside and (not at or at in above):
        for name, member in inside:
            yield from _losses(member, f"{at}.{name}" if at else name, native, as_text, above, in_text=in_text)
        return
    yield Lost(at, Why.AS_TEXT if in_text else Why.ONLY_SIGNED)


def _members(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple):
        return [(str(i), member) for i, member in enumerate(value)]
    return []


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
