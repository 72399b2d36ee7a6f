"""Normal forms of keys: both sides must write a key alike, or it matches nothing.

What each reader takes and gives is written in docs/protocol.md; a change of a normal form is a new version of LABEL.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from jiwar.matching.logic.key_types import KeyType

LABEL = "jiwar-match/1"
LONGEST = 200
COLUMNS = {
    KeyType.DOCUMENT: ("country", "number"),
    KeyType.IBAN: ("iban",),
    KeyType.IMEI: ("imei",),
    KeyType.NAME_BIRTH: ("name", "birth_date"),
    KeyType.PHONE: ("phone",),
    KeyType.PLATE: ("country", "plate"),
    KeyType.VIN: ("vin",),
    KeyType.WEAPON: ("make", "serial"),
}
"""What a key is given by, in this order."""

Skeletons = Callable[[str], tuple[str, ...]]

_LOOKALIKE = str.maketrans("OQI", "001")
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUE = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True))


class KeyInvalid(ValueError):
    """What is no key of its type; `field` is a column, `detail` safe to show.

    `code`: `missing`, `too_long`, `columns_wrong`, `country_unknown`, `number_wrong_form`, `check_digit_wrong`,
    `birth_date_not_full`, `name_too_short`.
    """

    def __init__(self, code: str, field: str, detail: str = "") -> None:
        super().__init__(f"{code} {field} {detail}".strip())
        self.code, self.field, self.detail = code, field, detail


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads keys. `countries`: codes of states; `skeletons`: what the spellings of a name have in common."""

    countries: Collection[str]
    skeletons: Skeletons

    def read(self, key_type: KeyType, values: Sequence[str]) -> tuple[str, ...]:
        """The normal forms of one key, one or more (a name has several); raises KeyInvalid."""
        columns = COLUMNS[key_type]
        if len(values) != len(columns):
            raise KeyInvalid("columns_wrong", "", str(len(columns)))
        for column, value in zip(columns, values, strict=True):
            if not value.strip():
                raise KeyInvalid("missing", column)
            if len(value) > LONGEST:
                raise KeyInvalid("too_long", column)
        match key_type:
            case KeyType.NAME_BIRTH:
                return self._name_birth(*values)
            case KeyType.DOCUMENT:
                return (f"{self._country(values[0])} {_document(values[1])}",)
            case KeyType.PLATE:
                return (f"{self._country(values[0])} {_plate(values[1])}",)
        return (_OF_NO_STATE[key_type](*values),)

    def _country(self, code: str) -> str:
        code = _letters(code)
        if code not in self.countries:
            raise KeyInvalid("country_unknown", "country", code[:10])
        return code

    def _name_birth(self, name: str, born: str) -> tuple[str, ...]:
        date = _full_date(_ascii_digits(born).strip())
        found = self.skeletons(name)
        if not found:
            raise KeyInvalid("name_too_short", "name")
        return tuple(f"{date} {skeleton}" for skeleton in found)


def message(key_type: KeyType, asker: str, responder: str, key: str) -> bytes:
    """What the function is applied to: the key for this type, between these two states, in this direction."""
    return f"{LABEL}\n{key_type}\n{asker}\n{responder}\n{key}".encode()


def _document(number: str) -> str:
    """ICAO Doc 9303: capitals and digits; fillers, spaces and hyphens say nothing."""
    return _checked(_letters(number), r"[A-Z0-9]{4,20}", "number")


def _plate(plate: str) -> str:
    """As the state writes it, without spaces and marks; Arabic letters stay letters, Arabic digits become ASCII."""
    return _checked(_squeezed(plate, r"[^A-Z0-9\u0621-\u064a]"), r"[A-Z0-9\u0621-\u064a]{2,15}", "plate")


def _vin(vin: str) -> str:
    """ISO 3779: 17 characters without I, O and Q, which are read as the digits that they look like.

    The check digit is demanded where the law of the maker's region does (49 CFR 565: first character 1 to 5;
    GB 16735: L).
    """
    vin = _checked(_letters(vin).translate(_LOOKALIKE), r"[A-HJ-NPR-Z0-9]{17}", "vin")
    weighed = sum(_VIN_VALUE[c] * weight for c, weight in zip(vin, _VIN_WEIGHTS, strict=True))
    if vin[0] in "12345L" and "0123456789X"[weighed % 11] != vin[8]:
        raise KeyInvalid("check_digit_wrong", "vin")
    return vin


def _imei(imei: str) -> str:
    """3GPP TS 23.003: type and serial number, 14 digits; of 15 digits the last is a Luhn check, of 16 a version."""
    digits = _checked(_letters(imei), r"[0-9]{14,16}", "imei")
    if len(digits) == 15 and _luhn(digits) != 0:
        raise KeyInvalid("check_digit_wrong", "imei")
    return digits[:14]


def _iban(iban: str) -> str:
    """ISO 13616: two letters, two check digits (ISO 7064 mod 97-10), the account as the bank writes it."""
    iban = _checked(_letters(iban), r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", "iban")
    remainder = int("".join(str(int(c, 36)) for c in iban[4:] + iban[:2] + "00")) % 97
    if int(iban[2:4]) != 98 - remainder:
        raise KeyInvalid("check_digit_wrong", "iban")
    return iban


def _phone(phone: str) -> str:
    """E.164: a plus sign (or 00), the country code and the number, 8 to 15 digits."""
    plain = re.sub(r"[\s().\-/\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", _ascii_digits(phone))
    return _checked(re.sub(r"^00", "+", plain), r"\+[1-9][0-9]{7,14}", "phone")


def _weapon(make: str, serial: str) -> str:
    """Make and serial number; letters that are misread for digits are read as digits: a match is a hint to compare."""
    made = _checked(_letters(make), r"[A-Z0-9]{2,40}", "make")
    number = _checked(_squeezed(serial, r"[^A-Z0-9\u0400-\u04ff]"), r"[A-Z0-9\u0400-\u04ff]{2,30}", "serial")
    return f"{made} {number.translate(_LOOKALIKE)}"


_OF_NO_STATE: dict[KeyType, Callable[..., str]] = {
    KeyType.IBAN: _iban,
    KeyType.IMEI: _imei,
    KeyType.PHONE: _phone,
    KeyType.VIN: _vin,
    KeyType.WEAPON: _weapon,
}


def _full_date(text: str) -> str:
    # The first of January is what registries write for an unknown day.
    try:
        date = dt.date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        date = None
    if date is None or (date.month, date.day) == (1, 1):
        raise KeyInvalid("birth_date_not_full", "birth_date")
    return date.isoformat()


def _letters(text: str) -> str:
    return _squeezed(text, r"[\s<.\-/_]")


def _squeezed(text: str, drop: str) -> str:
    return re.sub(drop, "", _ascii_digits(text).upper())


def _ascii_digits(text: str) -> str:
    """Compatibility forms undone, digits of every script as ASCII."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST])[: 2 * LONGEST]
    return "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in plain)


def _checked(text: str, form: str, field: str) -> str:
    if not re.fullmatch(form, text):
        raise KeyInvalid("number_wrong_form", field)
    return text


def _luhn(digits: str) -> int:
    """ISO/IEC 7812-1 annex B: 0 for a number with a right last digit."""
    doubled = (int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10
