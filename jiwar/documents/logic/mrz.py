"""Read the machine readable zone of a travel document (ICAO Doc 9303-3 to -7, 8th edition).

`read_mrz` takes what a keyboard-wedge reader or an officer typed. Text that has not the shape of a zone raises
`MrzUnreadable`. A zone whose check digits fail is still read: each `Check` names its field, and an officer can see
what to type again; nothing is corrected by guess.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from jiwar.documents.logic.codes import known_codes
from jiwar.documents.logic.mrz_dates import Century, PartialDate, read_date
from jiwar.documents.logic.mrz_layout import DOCUMENT_LETTERS, FILLER, LAYOUTS, Layout, MrzFormat, digit_of, values_of

MAX_CHARACTERS = 1_000

_LINE_BREAK = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
# Blanks, controls, and the invisible marks (soft hyphen, zero width, bidi, byte order) that keyboards and pastes add.
_NOISE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_TYPED = str.maketrans(
    {
        "«": "<<",
        "‹": "<",
        **dict(zip("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=True)),
        **dict(zip("٠١٢٣٤٥٦٧٨٩", "0123456789", strict=True)),
        **dict(zip("۰۱۲۳۴۵۶۷۸۹", "0123456789", strict=True)),
    }
)

# Lines as a reader gives them, with nothing to put right.
_PRINTED = re.compile(r"[A-Z0-9<]+(?:\n[A-Z0-9<]+){1,2}")
_LETTERS, _DIGITS, _ANY = (re.compile(rf"[^{allowed}<]") for allowed in ("A-Z", "0-9", "A-Z0-9"))
FORBIDDEN = {
    "document_code": _ANY,
    "issuer": _LETTERS,
    "name": _LETTERS,
    "number": _ANY,
    "number_check": _DIGITS,
    "nationality": _LETTERS,
    "birth_date": _DIGITS,
    "birth_date_check": _DIGITS,
    "sex": re.compile(r"[^MF<]"),
    "expiry": _DIGITS,
    "expiry_check": _DIGITS,
    "optional": _ANY,
    "optional_2": _ANY,
    "optional_check": _DIGITS,
    "composite_check": _DIGITS,
}
# By lines and width: the format of a document, and the format where the zone opens with the V of a visa.
_OF_SIZE = {
    (2, 44): (MrzFormat.TD3, MrzFormat.MRV_A),
    (2, 36): (MrzFormat.TD2, MrzFormat.MRV_B),
    (3, 30): (MrzFormat.TD1, MrzFormat.TD1),
}
_CODED = ("document_code", "issuer", "nationality")
_SEXES = {"M": "M", "F": "F", FILLER: "X"}


@dataclass(frozen=True, slots=True)
class Check:
    """One check digit: `expected` as computed ("" over an invalid character), `found` as printed.

    `field` is ``number``, ``birth_date``, ``expiry``, ``optional`` or ``composite`` (the digit over all the others).
    """

    field: str
    expected: str
    found: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """What the standard does not allow at this place; `line` and `position` count from 1, as the standard does.

    `code` is ``invalid_character``, ``impossible_date``, ``unknown_code`` or ``misplaced_filler``.
    """

    code: str
    field: str
    line: int
    position: int


class Mrz(NamedTuple):  # a frozen dataclass takes a quarter of the time of reading to make
    """A zone as read: codes, number and names without fillers (a filler inside stands for a space).

    `number` is whole, also where a TD1 or TD2 carries its end in the optional data; `optional` has two parts in a TD1
    and one elsewhere. `sex` is ``M``, ``F``, ``X`` (not stated) or "" (unreadable). A date is None where no such day
    exists. `name_truncated`: a letter stands in the last position of the name. `expired` is None where that cannot be
    known. `lines` are the characters as normalised.
    """

    format: MrzFormat
    lines: tuple[str, ...]
    document_code: str
    issuer: str
    nationality: str
    number: str
    surname: str
    given_names: str
    name_truncated: bool
    birth_date: PartialDate | None
    sex: str
    expiry: PartialDate | None
    expired: bool | None
    optional: tuple[str, ...]
    checks: tuple[Check, ...]
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The fields whose check digit is wrong; empty where the zone agrees with itself."""
        return tuple(check.field for check in self.checks if not check.ok)


class MrzUnreadable(ValueError):
    """The text has not the shape of a zone; `detail` holds ``expected`` and ``found``.

    `code` is ``empty``, ``too_long`` (characters), ``line_count`` or ``line_length``; `field` is ``text`` or the line
    at fault (``line_1`` ...).
    """

    def __init__(self, code: str, field: str, detail: Mapping[str, str | int]) -> None:
        super().__init__(f"{code} in {field}: expected {detail['expected']}, found {detail['found']}")
        self.code = code
        self.field = field
        self.detail = detail


def read_mrz(text: str, at: date) -> Mrz:
    """The zone that `text` holds, on the day `at` (it decides centuries and expiry). Raises MrzUnreadable.

    Taken as typed: lower case, blanks and invisible marks anywhere, any line break or none, ``«`` for ``<<``,
    Arabic digits.
    """
    layout, zone = _shape(text)
    raw = layout.cut(zone)
    values = values_of(zone)
    number, number_found, rest = _number(raw, layout)
    surname, _, given_names = raw["name"].rstrip(FILLER).partition("<<")
    birth_date = read_date(raw["birth_date"], Century.PAST, at)
    expiry = read_date(raw["expiry"], Century.NEAREST, at)
    optional = (_plain(rest), _plain(raw["optional_2"])) if "optional_2" in raw else (_plain(rest),)
    return Mrz(
        layout.format,
        layout.lines_of(zone),
        _plain(raw["document_code"]),
        _plain(raw["issuer"]),
        _plain(raw["nationality"]),
        _plain(number),
        _plain(surname),
        _plain(given_names),
        raw["name"][-1] != FILLER,
        birth_date,
        _SEXES.get(raw["sex"], ""),
        expiry,
        _expired(expiry, at),
        optional,
        _checks(layout, values, raw, number, number_found),
        _problems(layout, zone, raw, birth_date, expiry),
    )


def _shape(text: str) -> tuple[Layout, str]:
    if len(text) > MAX_CHARACTERS:
        raise MrzUnreadable("too_long", "text", {"expected": MAX_CHARACTERS, "found": len(text)})
    if _PRINTED.fullmatch(text):
        lines = text.split("\n")
    else:
        lines = [line for part in _LINE_BREAK.split(text) if (line := _NOISE.sub("", part).translate(_TYPED))]
    if not lines:
        raise MrzUnreadable("empty", "text", {"expected": "2-3", "found": 0})
    lengths = [len(line) for line in lines]
    zone = "".join(lines)
    size = next((size for size in _OF_SIZE if lengths in ([size[1]] * size[0], [size[0] * size[1]])), None)
    if size is None:
        raise _misshapen(lengths)
    document, visa = _OF_SIZE[size]
    return LAYOUTS[visa if zone[0] == "V" else document], zone


def _misshapen(lengths: list[int]) -> MrzUnreadable:
    if len(lengths) == 1:
        return MrzUnreadable("line_length", "text", {"expected": "72, 88, 90", "found": lengths[0]})
    if len(lengths) > 3:
        return MrzUnreadable("line_count", "text", {"expected": "2-3", "found": len(lengths)})
    # Two lines are measured against the width that more of their characters agree with.
    width = 30 if len(lengths) == 3 else min((44, 36), key=lambda width: sum(abs(length - width) for length in lengths))
    line, length = next((line, length) for line, length in enumerate(lengths, 1) if length != width)
    return MrzUnreadable("line_length", f"line_{line}", {"expected": width, "found": length})


def _number(raw: Mapping[str, str], layout: Layout) -> tuple[str, str, str]:
    """The document number, the check digit found for it, and the optional data that are left.

    A number of more than nine characters leaves a filler in the check digit's place, and its remainder, check digit
    and a filler open the optional data (Doc 9303-5, 4.2.2.1 note j; 9303-6, 4.2.2.1 note j).
    """
    number, found, optional = raw["number"], raw["number_check"], raw["optional"]
    if layout.format in (MrzFormat.TD1, MrzFormat.TD2) and found == FILLER and number[-1] != FILLER:
        remainder, _, rest = optional.partition(FILLER)
        if len(remainder) > 1:
            return number + remainder[:-1], remainder[-1], rest
    return number, found, optional


def _checks(layout: Layout, values: bytes, raw: Mapping[str, str], number: str, number_found: str) -> tuple[Check, ...]:
    fields = layout.fields
    whole = values[fields["number"]] if number is raw["number"] else values_of(number)
    checks = [
        _check("number", digit_of(whole), number_found),
        _check("birth_date", digit_of(values[fields["birth_date"]]), raw["birth_date_check"]),
        _check("expiry", digit_of(values[fields["expiry"]]), raw["expiry_check"]),
    ]
    if "optional_check" in raw:
        found = raw["optional_check"]
        if found == FILLER and not raw["optional"].strip(FILLER):
            # Doc 9303-4, 4.2.2.2: 0 or a filler where there are no data
            checks.append(_check("optional", FILLER, FILLER))
        else:
            checks.append(_check("optional", digit_of(values[fields["optional"]]), found))
    if layout.composite:
        under = b"".join([values[span] for span in layout.composite])
        checks.append(_check("composite", digit_of(under), raw["composite_check"]))
    return tuple(checks)


@lru_cache(maxsize=4096)
def _check(field: str, expected: str, found: str) -> Check:
    return Check(field, expected, found, ok=expected == found)


def _problems(
    layout: Layout, zone: str, raw: Mapping[str, str], birth_date: PartialDate | None, expiry: PartialDate | None
) -> tuple[Problem, ...]:
    bad = {} if _allowed(layout.format).fullmatch(zone) else _characters(layout, raw)
    found = [
        (layout.fields[field].start + offset, "invalid_character", field) for field in bad for offset in bad[field]
    ]
    for field, read in (("birth_date", birth_date), ("expiry", expiry)):
        if read is None and field not in bad:
            found.append((layout.fields[field].start, "impossible_date", field))
    unknown = [field for field in _CODED if field not in bad and _is_unknown_code(layout, field, raw[field])]
    found += [(layout.fields[field].start, "unknown_code", field) for field in unknown]
    if "name" not in bad and (offset := _misplaced_filler(raw["name"])) is not None:
        found.append((layout.fields["name"].start + offset, "misplaced_filler", "name"))
    if not found:
        return ()
    return tuple([Problem(code, field, *layout.place(offset)) for offset, code, field in sorted(found)])


@cache
def _allowed(form: MrzFormat) -> re.Pattern[str]:
    """What every field of a format may hold, in one pattern."""
    fields = sorted(LAYOUTS[form].fields.items(), key=lambda item: item[1].start)
    classes = (FORBIDDEN[field].pattern.replace("[^", "[") for field, _ in fields)
    return re.compile(
        "".join(f"{allowed}{{{span.stop - span.start}}}" for allowed, (_, span) in zip(classes, fields, strict=True))
    )


def _characters(layout: Layout, raw: Mapping[str, str]) -> dict[str, list[int]]:
    """Where in each field stands what it cannot hold."""
    places = {field: [match.start() for match in FORBIDDEN[field].finditer(raw[field])] for field in layout.fields}
    return {field: offsets for field, offsets in places.items() if offsets}


def _is_unknown_code(layout: Layout, field: str, text: str) -> bool:
    if field == "document_code":
        return text[0] not in DOCUMENT_LETTERS[layout.format]
    return text.rstrip(FILLER) not in known_codes()


def _misplaced_filler(name: str) -> int | None:
    """Where a second pair of fillers, or three in a row, stand among the letters (Doc 9303-3, 4.6)."""
    used = name.rstrip(FILLER)
    first = used.find("<<")
    again = used.find("<<", first + 1) if first >= 0 else -1
    return again if again >= 0 else None


def _expired(expiry: PartialDate | None, at: date) -> bool | None:
    if expiry is None or expiry.year is None:
        return None
    if expiry.month is not None and expiry.day is not None:
        return (expiry.year, expiry.month, expiry.day) < (at.year, at.month, at.day)
    assert expiry.earliest is not None  # its year is known
    assert expiry.latest is not None
    if expiry.latest < at:
        return True
    return False if expiry.earliest >= at else None


def _plain(text: str) -> str:
    """Without outer fillers, and a space for each run of inner ones."""
    bare = text.strip(FILLER)
    # A blank can stand in it only where a character is wrong.
    return " ".join(bare.replace(FILLER, " ").split()) if FILLER in bare else bare
