"""Write a machine readable zone (ICAO Doc 9303-3 to -7): documents that a state issues, test and demo documents."""

import re
from collections.abc import Mapping
from datetime import date
from functools import partial

from jiwar.documents.logic.mrz_dates import PartialDate, write_date
from jiwar.documents.logic.mrz_layout import FILLER, LAYOUTS, MrzFormat, check_digit
from jiwar.documents.logic.mrz_letters import latin_to_mrz
from jiwar.documents.logic.transliteration import NotTransliterable

_ANY = re.compile(r"[A-Z0-9<]*")
_GAP = re.compile(r"[\s\-]+")
# The last letter of the last part of two letters or more.
_SPARE_LETTER = re.compile(r"[A-Z]([A-Z])<(?!.*[A-Z][A-Z]<)")


class MrzUnwritable(ValueError):
    """A value that its field cannot hold; `code` is ``invalid_character``, ``too_long`` or ``empty``."""

    def __init__(self, code: str, field: str, detail: Mapping[str, str | int]) -> None:
        super().__init__(f"{code} in {field}: {dict(detail)}")
        self.code = code
        self.field = field
        self.detail = detail


def write_mrz(
    mrz_format: MrzFormat,
    *,
    document_code: str,
    issuer: str,
    nationality: str,
    number: str,
    surname: str,
    given_names: str = "",
    birth_date: date | PartialDate | None,
    sex: str = "X",
    expiry: date | PartialDate | None,
    optional: str = "",
    optional_2: str = "",
) -> str:
    """The lines of a zone, joined by a line feed, with every check digit. Raises MrzUnwritable.

    Names are Latin, spelt by Doc 9303-3, 6.A (`mrz_letters`; an Arabic or Cyrillic name by its own table first), and
    truncated where they do not fit. A TD1 or TD2 number may have more than nine characters; other values must fit.
    `optional_2` is for TD1.
    """
    layout = LAYOUTS[mrz_format]
    zone = [FILLER] * (layout.lines * layout.width)

    def put(field: str, text: str) -> None:
        if field not in layout.fields and not text:
            return
        span = layout.fields.get(field, slice(0, 0))
        room = span.stop - span.start
        if len(text) > room:
            raise MrzUnwritable("too_long", field, {"expected": room, "found": len(text)})
        zone[span] = text.ljust(room, FILLER)

    digits = _value(number, "number")
    remainder = digits[9:] if mrz_format in (MrzFormat.TD1, MrzFormat.TD2) else ""
    if not digits:
        raise MrzUnwritable("empty", "number", {"expected": 1, "found": 0})
    values = {
        "document_code": _value(document_code, "document_code"),
        "issuer": _value(issuer, "issuer"),
        "nationality": _value(nationality, "nationality"),
        "number": digits[:9] if remainder else digits,
        "birth_date": write_date(birth_date),
        "sex": {"X": FILLER}.get(sex, _value(sex, "sex")),
        "expiry": write_date(expiry),
        "optional": _value(optional, "optional"),
        "optional_2": _value(optional_2, "optional_2"),
    }
    if remainder:
        values["optional"] = remainder + check_digit(digits) + FILLER + values["optional"]
        values["optional"] = values["optional"].rstrip(FILLER)
    for field, text in values.items():
        put(field, text)
    name = layout.fields["name"]
    zone[name] = _name(_letters(surname, "surname"), _letters(given_names, "given_names"), name.stop - name.start)
    for field in ("number", "birth_date", "expiry", "optional"):
        if f"{field}_check" in layout.fields and not (field == "number" and remainder):
            put(f"{field}_check", check_digit("".join(zone[layout.fields[field]])))
    if layout.composite:
        put("composite_check", check_digit("".join("".join(zone[span]) for span in layout.composite)))
    text = "".join(zone)
    return "\n".join(text[start : start + layout.width] for start in range(0, len(text), layout.width))


make_td1 = partial(write_mrz, MrzFormat.TD1, document_code="I")
make_td2 = partial(write_mrz, MrzFormat.TD2, document_code="I")
make_td3 = partial(write_mrz, MrzFormat.TD3, document_code="P")
make_mrv_a = partial(write_mrz, MrzFormat.MRV_A, document_code="V")
make_mrv_b = partial(write_mrz, MrzFormat.MRV_B, document_code="V")


def _value(text: str, field: str) -> str:
    value = _GAP.sub(FILLER, text.strip().upper())
    if not _ANY.fullmatch(value):
        raise MrzUnwritable("invalid_character", field, {"expected": "A-Z 0-9", "found": text})
    return value.rstrip(FILLER)


def _letters(name: str, field: str) -> str:
    try:
        return latin_to_mrz(name)
    except NotTransliterable as error:
        if error.code == "too_long":
            raise MrzUnwritable("too_long", field, {"expected": error.position, "found": len(name)}) from None
        raise MrzUnwritable("invalid_character", field, {"expected": "A-Z", "found": name}) from None


def _name(surname: str, given_names: str, room: int) -> str:
    """The name field; a name that does not fit ends with a letter, and keeps the first given letter (9303-3, 4.6.1)."""
    if given_names and len(surname) + len(given_names) + 2 > room:
        surname = _cut(surname, room - 3).rstrip(FILLER)
    return _cut(f"{surname}<<{given_names}" if given_names else surname, room).ljust(room, FILLER)


def _cut(name: str, room: int) -> str:
    """At most `room` characters. Where the cut falls on a filler, the last part that can spare a letter loses one.

    Initials can spare none: a name of initials alone can end with the filler.
    """
    if len(name) > room and name[room - 1] == FILLER and (spare := _SPARE_LETTER.search(name[:room])):
        name = name[: spare.start(1)] + name[spare.end(1) :]
    return name[:room]
