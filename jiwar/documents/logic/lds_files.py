"""The files of a chip (ICAO Doc 9303-10, LDS 1.7 and 1.8): which there are, and EF.COM and DG1 among them.

`read_group` gives a data group as a typed value. A file that is not what the standard says raises LdsUnreadable;
nothing is guessed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic import tlv
from jiwar.documents.logic.tlv import Tlv, TlvInvalid

COM, SOD, CARD_ACCESS, CARD_SECURITY = "EF.COM", "EF.SOD", "EF.CardAccess", "EF.CardSecurity"
MOST_BYTES: Final = 4 << 20
"""Of one file; READ BINARY reaches 32 KiB plainly and further with odd instructions, chips hold some hundred KiB."""
MOST_TEXT: Final = 2_000
TAGS: Final = dict(zip(range(1, 17), (0x61, 0x75, 0x63, 0x76, *range(0x65, 0x6E), 0x6E, 0x6F, 0x70), strict=True))
"""The tag of each data group (9303-10, table 33)."""
COM_TAG, SOD_TAG = 0x60, 0x77
_COUNT = 0x02
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


class LdsUnreadable(ValueError):
    """A file of a chip that is not what the standard says; `field` names the file or a part of it.

    `code`: ``lds_structure`` (`detail` has ``why`` and ``at`` of the TLV), ``lds_tag``, ``lds_missing``,
    ``lds_value``, ``lds_too_long``, ``lds_unknown``.
    """

    def __init__(self, code: str, field: str, detail: Mapping[str, str | int] | None = None) -> None:
        super().__init__(f"{code} in {field}: {dict(detail or {})}")
        self.code = code
        self.field = field
        self.detail = detail or {}


@dataclass(frozen=True, slots=True)
class Contents:
    """EF.COM: versions as four and six digits, and the numbers of the data groups that it says are there."""

    lds_version: str
    unicode_version: str
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """DG1: the machine readable zone, its lines one after another (72, 88 or 90 characters)."""

    text: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """A group whose content is another's matter (DG8 to DG10, DG13)."""

    size: int


def group_name(number: int) -> str:
    return f"EF.DG{number}"


def group_number(name: str) -> int | None:
    """The number of the data group with this name; None for another file."""
    return int(name[5:]) if name.startswith("EF.DG") else None


def groups(files: Mapping[str, bytes]) -> dict[int, bytes]:
    """The data groups among the files of a chip."""
    found = {group_number(name): data for name, data in files.items()}
    return {number: found[number] for number in sorted(number for number in found if number is not None)}


TRANSCRIPT: Final = "transcript.json"
ZONE: Final = "zone.txt"
"""What lies in a folder beside a chip's files: what its reader said, and the printed zone."""


def name_of(path_name: str) -> str | None:
    """The file of a chip that a folder's file holds, by the names in use (``EF_SOD.bin``, ``DG1``)."""
    stem = path_name.upper().rpartition("/")[2]
    stem = re.sub(r"\.(?:BIN|DER|DAT|TLV)$", "", stem)
    plain = re.sub(r"^EF|[._ -]", "", stem)
    if known := {"COM": COM, "SOD": SOD, "CARDACCESS": CARD_ACCESS, "CARDSECURITY": CARD_SECURITY}.get(plain):
        return known
    found = re.fullmatch(r"(?:DG|DATAGROUP)0*([0-9]{1,2})", plain)
    return group_name(int(found[1])) if found and int(found[1]) in TAGS else None


def read_com(data: bytes) -> Contents:
    """EF.COM (9303-10, 4.6.1). Raises LdsUnreadable."""
    parts = children(whole(data, COM_TAG, COM), COM)
    numbers = {tag: number for number, tag in TAGS.items()}
    listed = needed(parts, 0x5C, COM).content
    if unknown := [tag for tag in listed if tag not in numbers]:
        raise LdsUnreadable("lds_value", COM, {"found": f"{unknown[0]:02X}"})
    return Contents(
        lds_version=_digits(needed(parts, 0x5F01, COM), 4),
        unicode_version=_digits(needed(parts, 0x5F36, COM), 6),
        groups=tuple(sorted({numbers[tag] for tag in listed})),
    )


def read_zone(data: bytes) -> Zone:
    """DG1 (9303-10, 4.7.1). Raises LdsUnreadable."""
    field = group_name(1)
    content = needed(children(whole(data, TAGS[1], field), field), 0x5F1F, field).content
    if not re.fullmatch(rb"[A-Z0-9<]+", content) or len(content) not in (72, 88, 90):
        raise LdsUnreadable("lds_value", field, {"found": len(content)})
    return Zone(content.decode("ascii"))


def read_opaque(number: int, data: bytes) -> Opaque:
    found = whole(data, TAGS[number], group_name(number))
    return Opaque(found.stop - found.body)


# What the readers of all files share ----------------------------------------------------------------------------------


def whole(data: bytes, tag: int, field: str) -> Tlv:
    """The one element that a file is. Bytes after it are refused. Raises LdsUnreadable."""
    if len(data) > MOST_BYTES:
        raise LdsUnreadable("lds_too_long", field, {"found": len(data), "most": MOST_BYTES})
    try:
        found = tlv.read(data)
    except TlvInvalid as wrong:
        raise misshapen(wrong, field) from None
    if found.tag != tag:
        raise LdsUnreadable("lds_tag", field, {"found": f"{found.tag:X}", "expected": f"{tag:X}"})
    return found


def children(parent: Tlv, field: str) -> list[Tlv]:
    try:
        return parent.children()
    except TlvInvalid as wrong:
        raise misshapen(wrong, field) from None


def misshapen(wrong: TlvInvalid, field: str) -> LdsUnreadable:
    return LdsUnreadable("lds_structure", field, {"why": wrong.code, "at": wrong.at})


def needed(parts: list[Tlv], tag: int, field: str) -> Tlv:
    """The one part with this tag. Raises LdsUnreadable where there is none, or another of the same."""
    found = [part for part in parts if part.tag == tag]
    if len(found) != 1:
        raise LdsUnreadable(
            "lds_missing" if not found else "lds_value", field, {"tag": f"{tag:X}", "found": len(found)}
        )
    return found[0]


def optional(parts: list[Tlv], tag: int, field: str) -> Tlv | None:
    return needed(parts, tag, field) if any(part.tag == tag for part in parts) else None


def counted(parts: list[Tlv], tag: int, field: str) -> list[Tlv]:
    """The parts with this tag, as many as the count before them says (9303-10, 4.7). Raises LdsUnreadable."""
    said = int.from_bytes(needed(parts, _COUNT, field).content, "big")
    found = [part for part in parts if part.tag == tag]
    if said != len(found):
        raise LdsUnreadable("lds_value", field, {"found": len(found), "expected": said})
    return found


def text(part: Tlv, field: str) -> str:
    """UTF-8, or Latin-1 as older chips have it; controls are spaces. Raises LdsUnreadable (``lds_too_long``)."""
    raw = part.content
    if len(raw) > MOST_TEXT:
        raise LdsUnreadable("lds_too_long", field, {"found": len(raw), "most": MOST_TEXT})
    try:
        found = raw.decode("utf-8")
    except UnicodeDecodeError:
        found = raw.decode("latin-1")
    return _SPACE.sub(" ", found).strip()


def _digits(part: Tlv, count: int) -> str:
    if not re.fullmatch(rb"[0-9]{%d}" % count, part.content):
        raise LdsUnreadable("lds_value", COM, {"tag": f"{part.tag:X}"})
    return part.content.decode("ascii")
