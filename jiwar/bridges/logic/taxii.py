"""TAXII 2.1 (OASIS Standard, 10 June 2021) without a network: media types, filters, places in a collection, answers."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MEDIA_TYPE: Final = "application/taxii+json;version=2.1"
STIX_TYPE: Final = "application/stix+json;version=2.1"
MOST_OBJECTS: Final = 1_000
"""Objects in one answer."""
MOST_CONTENT: Final = 10_000_000
"""Bytes of one message (`max_content_length`)."""
_STAMP: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z")
_ID: Final = re.compile(r"[a-z0-9-]{1,60}--[0-9a-fA-F-]{36}")
_TYPE: Final = re.compile(r"[a-z0-9-]{1,60}")
_MOST_VALUES: Final = 100


class BadRequest(Exception):
    """A parameter that is not understood: `field` is its name (section 3.6.1: 400)."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a request (section 3.4). `after` is the place of the last object already had.

    `versions` is "last", "first", "all" or instants; empty tuples filter nothing.
    """

    after: dt.datetime | None = None
    paged: bool = False
    limit: int = MOST_OBJECTS
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: tuple[str | dt.datetime, ...] = ("last",)
    spec_versions: tuple[str, ...] = ()


def accepts(header: str) -> bool:
    """Whether an `Accept` header takes our media type (section 1.6.8); without one, anything is taken."""
    if not header.strip():
        return True
    for part in header[:1_000].split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        told = dict(p.replace(" ", "").partition("=")[::2] for p in parameters)
        if name in {"application/taxii+json", "application/*", "*/*"} and told.get("version", "2.1") == "2.1":
            return True
    return False


def is_ours(content_type: str) -> bool:
    """Whether a message is of our media type and version."""
    name, *parameters = (piece.strip().lower().replace(" ", "") for piece in content_type[:200].split(";"))
    return name == "application/taxii+json" and "version=2.1" in parameters


def read_asked(given: Mapping[str, str]) -> Asked:
    """The parameters of a request; those that are none of TAXII's are left alone. Raises BadRequest."""
    after = instant(given["added_after"], "added_after") if given.get("added_after") else None
    place = read_place(given["next"]) if given.get("next") else None
    limit = given.get("limit", "")
    if limit and not re.fullmatch(r"0*[1-9][0-9]{0,8}", limit):
        raise BadRequest("limit")
    return Asked(
        after=max(filter(None, (after, place)), default=None),
        paged=place is not None,
        limit=min(int(limit or MOST_OBJECTS), MOST_OBJECTS),
        ids=_values(given, "match[id]", _ID),
        types=_values(given, "match[type]", _TYPE),
        versions=_versions(given.get("match[version]", "")),
        spec_versions=_values(given, "match[spec_version]", re.compile(r"2\.[0-9]")),
    )


def instant(text: str, field: str) -> dt.datetime:
    """A timestamp (section 3.1); digits beyond the microsecond are cut. Raises BadRequest."""
    if not _STAMP.fullmatch(text):
        raise BadRequest(field)
    whole, _, part = text.removesuffix("Z").partition(".")
    try:
        return dt.datetime.fromisoformat(f"{whole}.{(part + '000000')[:6]}+00:00")
    except ValueError:
        raise BadRequest(field) from None


def stamp(moment: dt.datetime) -> str:
    """A timestamp, always to the microsecond."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def place(moment: dt.datetime) -> str:
    """The value of `next`: opaque to the client, a moment to us."""
    return base64.urlsafe_b64encode(stamp(moment).encode()).decode()


def read_place(text: str) -> dt.datetime:
    """Raises BadRequest."""
    try:
        return instant(base64.urlsafe_b64decode(text[:100].encode()).decode(), "next")
    except (binascii.Error, ValueError):
        raise BadRequest("next") from None


def envelope(objects: Iterable[Any], following: str, name: str = "objects") -> dict[str, Any]:
    """An envelope (section 3.7), a manifest (5.5) or versions (5.8): empty members are left out."""
    found = list(objects)
    page: dict[str, Any] = {name: found} if found else {}
    return page | ({"more": True, "next": following} if following else {})


def _values(given: Mapping[str, str], name: str, form: re.Pattern[str]) -> tuple[str, ...]:
    if not given.get(name):
        return ()
    values = tuple(given[name].split(","))
    if len(values) > _MOST_VALUES or not all(form.fullmatch(value) for value in values):
        raise BadRequest(name)
    return values


def _versions(text: str) -> tuple[str | dt.datetime, ...]:
    if not text:
        return ("last",)
    values = text.split(",")
    if len(values) > _MOST_VALUES or ("all" in values and len(values) > 1):
        raise BadRequest("match[version]")
    return tuple(v if v in {"all", "first", "last"} else instant(v, "match[version]") for v in values)
