"""What a chip says in words: DG7, DG11, DG12 and DG16 (ICAO Doc 9303-10, 4.7.7 to 4.7.16)."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from jiwar.documents.logic import lds_files as lds
from jiwar.documents.logic.lds_files import TAGS, LdsUnreadable
from jiwar.documents.logic.report import evidence
from jiwar.documents.logic.tlv import Tlv

_OTHERS = 0xA0
_HOLDER: Final = {
    0x5F0E: "name",
    0x5F10: "personal_number",
    0x5F2B: "birth_date",
    0x5F11: "birth_place",
    0x5F42: "address",
    0x5F12: "telephone",
    0x5F13: "profession",
    0x5F14: "title",
    0x5F15: "summary",
    0x5F16: "citizenship_proof",
    0x5F17: "other_documents",
    0x5F18: "custody",
}
_DOCUMENT: Final = {
    0x5F19: "authority",
    0x5F26: "issued",
    0x5F1B: "endorsements",
    0x5F1C: "tax_or_exit",
    0x5F1D: "front",
    0x5F1E: "rear",
    0x5F55: "personalised",
    0x5F56: "system",
}
_IMAGES: Final = frozenset({"citizenship_proof", "front", "rear"})
_DATES: Final = frozenset({"birth_date", "issued"})


@dataclass(frozen=True, slots=True)
class Details:
    """DG11 or DG12: texts by name as the chip has them, fillers and all; dates as YYYY-MM-DD, or as far as known.

    `others`: further names (DG11), or further persons that the document is for (DG12). `images`: SHA-256 in hex by
    name. The text of an unknown tag is left out; passive authentication covers it all the same.
    """

    values: Mapping[str, str]
    others: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Images:
    """DG5 and DG7: the displayed portraits or signatures, each by its SHA-256 in hex."""

    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """DG16: one person to notify. `recorded` as YYYY-MM-DD."""

    recorded: str
    name: str
    telephone: str
    address: str


def read_holder(data: bytes) -> Details:
    """DG11. Raises LdsUnreadable."""
    return _details(11, data, _HOLDER, 0x5F0F)


def read_document(data: bytes) -> Details:
    """DG12. Raises LdsUnreadable."""
    return _details(12, data, _DOCUMENT, 0x5F1A)


def read_images(number: int, data: bytes) -> Images:
    """DG5 or DG7. Raises LdsUnreadable."""
    name = lds.group_name(number)
    parts = lds.children(lds.whole(data, TAGS[number], name), name)
    return Images(tuple(evidence(part.content) for part in lds.counted(parts, {5: 0x5F40, 7: 0x5F43}[number], name)))


def read_contacts(data: bytes) -> tuple[Contact, ...]:
    """DG16. Raises LdsUnreadable."""
    name = lds.group_name(16)
    parts = lds.children(lds.whole(data, TAGS[16], name), name)
    count = int.from_bytes(lds.needed(parts, 0x02, name).content, "big")
    templates = [part for part in parts if part.tag != 0x02]
    if [part.tag for part in templates] != list(range(0xA1, 0xA1 + count)):
        raise LdsUnreadable("lds_value", name, {"found": len(templates), "expected": count})
    return tuple(_contact(lds.children(template, name), name) for template in templates)


def _contact(parts: list[Tlv], name: str) -> Contact:
    said = {tag: lds.optional(parts, tag, name) for tag in (0x5F50, 0x5F51, 0x5F52, 0x5F53)}
    recorded, *texts = said.values()
    who, telephone, address = ("" if part is None else lds.text(part, name) for part in texts)
    return Contact("" if recorded is None else _date(recorded, name), who, telephone, address)


def _details(number: int, data: bytes, names: Mapping[int, str], other: int) -> Details:
    """The tag list 5C says what follows; what it does not list is refused, and what it lists must be there."""
    name = lds.group_name(number)
    parts = lds.children(lds.whole(data, TAGS[number], name), name)
    listed = _tag_list(lds.needed(parts, 0x5C, name).content, name)
    there = [part.tag for part in parts if part.tag not in (0x5C, _OTHERS)]
    if len(there) != len(set(there)):
        raise LdsUnreadable("lds_value", name, {"found": "a tag twice"})
    # The names of others stand in a template of their own, which some lists name by its tag and some by theirs.
    if missing := [tag for tag in listed if tag in names and tag not in there]:
        raise LdsUnreadable("lds_missing", name, {"tag": f"{missing[0]:X}", "found": 0})
    values, images = {}, {}
    for part in parts:
        if (what := names.get(part.tag)) is None:
            continue
        if what in _IMAGES:
            images[what] = evidence(part.content)
        elif what in _DATES:
            values[what] = _date(part, name)
        elif what == "personalised":
            values[what] = _moment(part, name)
        else:
            values[what] = lds.text(part, name)
    template = lds.optional(parts, _OTHERS, name)
    others = [] if template is None else lds.counted(lds.children(template, name), other, name)
    return Details(values, tuple(lds.text(part, name) for part in others), images)


def _tag_list(content: bytes, name: str) -> list[int]:
    found, at = [], 0
    while at < len(content):
        size = 2 if content[at] & 0x1F == 0x1F else 1
        if at + size > len(content):
            raise LdsUnreadable("lds_value", name, {"tag": "5C"})
        found.append(int.from_bytes(content[at : at + size], "big"))
        at += size
    return found


def _numerals(part: Tlv, sizes: tuple[int, ...], name: str) -> str:
    """Digits in BCD, or as text as the first chips have them."""
    raw = part.content
    digits = raw.decode("ascii", "replace") if len(raw) in sizes else raw.hex() if 2 * len(raw) in sizes else ""
    if not re.fullmatch("[0-9]+", digits):
        raise LdsUnreadable("lds_value", name, {"tag": f"{part.tag:X}"})
    return digits


def _date(part: Tlv, name: str) -> str:
    """YYYYMMDD; zeros stand where a part is not known (9303-10, 4.7.11)."""
    digits = _numerals(part, (8,), name)
    year, month, day = digits[:4], digits[4:6], digits[6:]
    if month == "00":
        return year
    try:
        dt.date(int(year), int(month), 1 if day == "00" else int(day))
    except ValueError:
        raise LdsUnreadable("lds_value", name, {"tag": f"{part.tag:X}"}) from None
    return f"{year}-{month}" if day == "00" else f"{year}-{month}-{day}"


def _moment(part: Tlv, name: str) -> str:
    digits = _numerals(part, (14,), name)
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}"
