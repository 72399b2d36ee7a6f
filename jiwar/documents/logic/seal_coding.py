"""How values stand in the messages of a seal: each coding writes a value and reads it back.

Values are what JSON can hold: texts, numbers, rows (name to text or number), lists of texts or of rows. A day is ISO
8601 (``2026-11-26``), with ``X`` for each digit that nobody knows where the coding allows it (``1987-XX-XX``, ISO
8601-2); a name is spelt as in a machine readable zone (``KHATTAR<<SALEM<OULD``).

From Doc 9303-13 come `c40`, `mrz`, `utf8`, `byte`, `bytes`, `date`; from Doc 9303-7 `stay`; from the ICAO Datastructure
for Barcode `masked_date`. Ours, for what such permits say in few bytes: `words`, `seasons`, `herd`, `people`, `load`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from jiwar.documents.logic.c40 import C40Invalid, decode_c40, encode_c40
from jiwar.documents.logic.seal import SealUnreadable, read_date

Row: TypeAlias = Mapping[str, str | int]
SealValue: TypeAlias = str | int | Row | list[str] | list[Row]
Codes: TypeAlias = Mapping[int, str]
"""What a byte may say: number in the seal and code."""

UNKNOWN_DAY = "XXXX-XX-XX"
MAX_COUNT = 0xFFFF
MAX_KILOGRAMS = 0xFFFFFF

# A month and a day that are whole are those of a calendar; of an unknown one each digit may stand alone (19XX, 1X).
_DAY = re.compile(r"([0-9X]{4})-(0[1-9]|1[0-2]|[01]X|X[0-9X])-(0[1-9]|[12][0-9]|3[01]|[0-3]X|X[0-9X])")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_LEAP_YEAR = 2_000  # a season may begin on 29 February
_STAY = ("days", "months", "years")


class BadValue(ValueError):
    """A value that its coding cannot hold, or bytes that say none; `expected` and `found` say what and why."""

    def __init__(self, expected: str | int, found: object) -> None:
        super().__init__(f"expected {expected}, found {found!r}")
        self.expected = expected
        self.found = str(found)[:60]


@dataclass(frozen=True, slots=True)
class Coding:
    """Both raise BadValue. `codes` are the choices of the field, for the codings that have some."""

    write: Callable[[SealValue, Codes], bytes]
    read: Callable[[bytes, Codes], SealValue]


# --- texts and numbers ------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadValue("text", value)
    return value


def _number(value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise BadValue(f"0-{most}", value)
    return value


def _write_c40(value: object) -> bytes:
    try:
        return encode_c40(_text(value))
    except C40Invalid as invalid:
        raise BadValue("A-Z 0-9", invalid.detail["found"]) from None


def _read_c40(data: bytes) -> str:
    try:
        return decode_c40(data)
    except C40Invalid as invalid:
        raise BadValue("C40", invalid.detail["found"]) from None


def _read_name(data: bytes) -> str:
    return _read_c40(data).replace(" ", "<")


def _read_utf8(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadValue("UTF-8", data.hex()) from None
    if not text.isprintable():
        raise BadValue("printable", ascii(text))
    return text


def _write_bytes(value: object) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError:
        raise BadValue("hexadecimal", value) from None


def _write_words(value: object) -> bytes:
    if not isinstance(value, list) or not value:
        raise BadValue("words", value)
    if bad := next((word for word in value if not re.fullmatch("[A-Z0-9]+", _text(word))), ""):
        raise BadValue("A-Z 0-9", bad)
    return _write_c40(" ".join(value))


def _read_words(data: bytes) -> list[str]:
    words = _read_c40(data).split(" ")
    if not all(words):
        raise BadValue("words", words)
    return words


# --- codes ------------------------------------------------------------------------------------------------------------


def _write_byte(value: SealValue, codes: Codes) -> bytes:
    return bytes([_of_code(value, codes) if codes else _number(value, 0xFF)])


def _read_byte(data: bytes, codes: Codes) -> str | int:
    (number,) = _exactly(1, data)
    return _code(number, codes) if codes else number


def _of_code(code: object, codes: Codes) -> int:
    found = next((number for number, said in codes.items() if said == code), None)
    if found is None:
        raise BadValue(", ".join(codes.values()), code)
    return found


def _code(number: int, codes: Codes) -> str:
    if number not in codes:
        raise BadValue(", ".join(codes.values()), number)
    return codes[number]


# --- days -------------------------------------------------------------------------------------------------------------


def write_date(day: date) -> bytes:
    """Three bytes, the number MMDDYYYY (Doc 9303-13, 2.3.1)."""
    return (day.month * 1_000_000 + day.day * 10_000 + day.year).to_bytes(3, "big")


def _write_day(value: object) -> bytes:
    try:
        return write_date(date.fromisoformat(_text(value)))
    except ValueError:
        raise BadValue("YYYY-MM-DD", value) from None


def _read_day(data: bytes) -> str:
    try:
        return read_date(_exactly(3, data), "date").isoformat()
    except SealUnreadable as unreadable:
        raise BadValue("MMDDYYYY", unreadable.detail["found"]) from None


def _write_masked(value: object) -> bytes:
    """A byte with a bit for each digit of MMDDYYYY that nobody knows, and the number with zeros for those."""
    found = _DAY.fullmatch(_text(value))
    if found is None:
        raise BadValue("YYYY-MM-DD, X", value)
    year, month, day = found.groups()
    digits = month + day + year
    if "X" not in digits:
        return b"\0" + _write_day(value)
    mask = sum(0x80 >> place for place, digit in enumerate(digits) if digit == "X")
    return bytes([mask]) + int(digits.replace("X", "0")).to_bytes(3, "big")


def _read_masked(data: bytes) -> str:
    mask = _exactly(4, data)[0]
    if not mask:
        return _read_day(data[1:])
    number = f"{int.from_bytes(data[1:], 'big'):08}"
    digits = "".join("X" if mask & 0x80 >> place else digit for place, digit in enumerate(number))
    day = f"{digits[4:]}-{digits[:2]}-{digits[2:4]}"
    if not _DAY.fullmatch(day):
        raise BadValue("YYYY-MM-DD, X", day)
    return day


def _write_stay(value: object) -> bytes:
    if not isinstance(value, Mapping):
        raise BadValue(", ".join(_STAY), value)
    return bytes(_number(value.get(unit, 0), 0xFF) for unit in _STAY)


def _read_stay(data: bytes) -> Row:
    return dict(zip(_STAY, _exactly(3, data), strict=True))


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(value: object) -> list[Row]:
    if not isinstance(value, list) or not value or not all(isinstance(row, Mapping) for row in value):
        raise BadValue("rows", value)
    return value


def _exactly(size: int, data: bytes) -> bytes:
    if len(data) != size:
        raise BadValue(size, len(data))
    return data


def _parts(data: bytes, size: int) -> Iterator[bytes]:
    if not data or len(data) % size:
        raise BadValue(f"n * {size}", len(data))
    return (data[at : at + size] for at in range(0, len(data), size))


def _write_seasons(value: object) -> bytes:
    """From a day of the year to another, the last one included; a season may span the new year."""
    return b"".join(_month_day(row.get(end)) for row in _rows(value) for end in ("from", "until"))


def _month_day(value: object) -> bytes:
    found = _MONTH_DAY.fullmatch(_text(value))
    if found is None:
        raise BadValue("MM-DD", value)
    return _real_day(bytes(int(part) for part in found.groups()))


def _real_day(data: bytes) -> bytes:
    try:
        date(_LEAP_YEAR, data[0], data[1])
    except ValueError:
        raise BadValue("MM-DD", data.hex()) from None
    return data


def _read_seasons(data: bytes) -> list[Row]:
    seasons: list[Row] = []
    for part in _parts(data, 4):
        first, last = _real_day(part[:2]), _real_day(part[2:])
        seasons.append({"from": f"{first[0]:02}-{first[1]:02}", "until": f"{last[0]:02}-{last[1]:02}"})
    return seasons


def _write_herd(value: SealValue, codes: Codes) -> bytes:
    return b"".join(
        bytes([_of_code(row.get("species"), codes)]) + _number(row.get("count"), MAX_COUNT).to_bytes(2, "big")
        for row in _rows(value)
    )


def _read_herd(data: bytes, codes: Codes) -> list[Row]:
    return [{"species": _code(part[0], codes), "count": int.from_bytes(part[1:], "big")} for part in _parts(data, 3)]


def _write_people(value: SealValue, codes: Codes) -> bytes:
    """Role, date of birth, name, document number or nothing: the two texts with their sizes before them."""
    return b"".join(
        bytes([_of_code(row.get("role"), codes)])
        + _write_masked(row.get("birth", UNKNOWN_DAY))
        + _sized(_write_c40(row.get("name") or None))
        + _sized(_write_c40(row.get("number", "")))
        for row in _rows(value)
    )


def _sized(data: bytes) -> bytes:
    if len(data) > 0xFF:
        raise BadValue(0xFF, len(data))
    return bytes([len(data)]) + data


def _read_people(data: bytes, codes: Codes) -> list[Row]:
    people: list[Row] = []
    at = 0
    while at < len(data):
        birth = _read_masked(data[at + 1 : at + 5])
        name, end = _after_size(data, at + 5)
        number, end = _after_size(data, end)
        row: dict[str, str | int] = {"role": _code(data[at], codes), "name": _read_name(name), "birth": birth}
        if number:
            row["number"] = _read_c40(number)
        people.append(row)
        at = end
    return people


def _after_size(data: bytes, at: int) -> tuple[bytes, int]:
    end = at + 1 + data[at] if at < len(data) else at + 1
    if end > len(data):
        raise BadValue(end, len(data))
    return data[at + 1 : end], end


def _write_load(value: object) -> bytes:
    """Goods by their headings in the Harmonized System (WCO), four digits, and what each weighs."""
    return b"".join(
        _heading(row.get("heading")) + _number(row.get("kilograms"), MAX_KILOGRAMS).to_bytes(3, "big")
        for row in _rows(value)
    )


def _heading(value: object) -> bytes:
    if not re.fullmatch("[0-9]{4}", _text(value)):
        raise BadValue("0000-9999", value)
    return int(_text(value)).to_bytes(2, "big")


def _read_load(data: bytes) -> list[Row]:
    goods: list[Row] = []
    for part in _parts(data, 5):
        heading = int.from_bytes(part[:2], "big")
        if heading > 9999:
            raise BadValue("0000-9999", heading)
        goods.append({"heading": f"{heading:04}", "kilograms": int.from_bytes(part[2:], "big")})
    return goods


def _plain(write: Callable[[object], bytes], read: Callable[[bytes], SealValue]) -> Coding:
    return Coding(lambda value, _: write(value), lambda data, _: read(data))


CODINGS: Mapping[str, Coding] = {
    "byte": Coding(_write_byte, _read_byte),
    "bytes": _plain(_write_bytes, bytes.hex),
    "c40": _plain(_write_c40, _read_c40),
    "date": _plain(_write_day, _read_day),
    "herd": Coding(_write_herd, _read_herd),
    "load": _plain(_write_load, _read_load),
    "masked_date": _plain(_write_masked, _read_masked),
    "mrz": _plain(_write_c40, _read_name),
    "people": Coding(_write_people, _read_people),
    "seasons": _plain(_write_seasons, _read_seasons),
    "stay": _plain(_write_stay, _read_stay),
    "utf8": _plain(lambda value: _text(value).encode(), _read_utf8),
    "words": _plain(_write_words, _read_words),
}
"""By the names that profiles use."""
