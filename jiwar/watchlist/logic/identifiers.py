"""Numbers of things and of lines: how each is compared, what it is misread for, and whether it can be right at all.

A number that is not well formed stops nobody (rule R16); a check digit that some makers never set is a hint, no fault.

Sources: VIN ISO 3779:2009 and 49 CFR 565.15 (check digit, North America only); IMO number IMO resolution A.1117(30);
MMSI ITU-R M.585-9; call sign ITU Radio Regulations, article 19; IMEI 3GPP TS 23.003, 6.2 and annex B (Luhn);
IMSI ITU-T E.212; telephone numbers ITU-T E.164 and the numbering plans that the ten states filed with ITU; IBAN
ISO 13616-1:2020 and, for the lengths, the registry that SWIFT keeps for it; ICAO 24-bit address annex 10, volume III.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

CHECK_DIGIT_WRONG: Final = "check_digit_wrong"
WRONG_FORM: Final = "wrong_form"
LONGEST: Final = 100
"""Characters of a number as written; what is longer is cut before it is read."""

LINES: Final[Mapping[str, tuple[str, bool, range]]] = {
    "DZA": ("213", True, range(8, 10)),
    "EGY": ("20", True, range(8, 11)),
    "LBY": ("218", True, range(8, 10)),
    "MAR": ("212", True, range(9, 10)),
    "MLI": ("223", False, range(8, 9)),
    "MRT": ("222", False, range(8, 9)),
    "NER": ("227", False, range(8, 9)),
    "SDN": ("249", True, range(9, 10)),
    "TCD": ("235", False, range(8, 9)),
    "TUN": ("216", False, range(8, 9)),
}
"""By state: country code, whether a national call begins with a trunk zero, digits of a national number."""

_IBAN_LENGTHS: Final = {"EG": 29, "LY": 25, "MR": 27, "SD": 18, "TN": 24}
"""Of the ten states, those in the registry."""


def normal(kind: str, number: str, country: str = "") -> str:
    """How a number is compared: equal means the same number. "" where nothing is left of it.

    `country` (alpha-3) is where it is used; it lets a national telephone number be read. Reading a normal number again
    changes nothing.
    """
    return _normal(kind, number[:LONGEST], country)


def lookalike(kind: str, number: str, country: str = "") -> str:
    """`normal`, with what is misread for one another folded: equal means that it may be the same number.

    O, Q, D and 0; I, L and 1; Z and 2; S and 5; G and 6; B and 8. Of a plate the Arabic letters as Latin ones, of a
    telephone number the national part alone.
    """
    plain = normal(kind, number, country)
    if kind == "phone":
        return _national(plain)
    if kind == "plate":
        plain = plain.translate(_LATIN)
    return plain.translate(_MISREAD)


def fault(kind: str, number: str, country: str = "") -> str:
    """Why this can be no number of its kind: "wrong_form", "check_digit_wrong", or "" where it can be one."""
    return _FAULTS[kind](normal(kind, number, country), number)


def hint(kind: str, number: str) -> str:
    """What to look at again in a number without a fault: "check_digit_wrong" for a VIN from outside North America."""
    plain = normal(kind, number)
    if kind == "vin" and _VIN.fullmatch(plain) and not _vin_checks(plain):
        return CHECK_DIGIT_WRONG
    return ""


# How each is compared -------------------------------------------------------------------------------------------------

_MISREAD: Final = str.maketrans("OQDILZSGB", "000112568")
_NEVER: Final = str.maketrans("OQI", "001")
"""Letters that a VIN never has (ISO 3779), nor a hexadecimal address."""


def _ascii(text: str) -> str:
    """Capital ASCII letters and digits only; digits of any script count."""
    return re.sub(r"[^A-Z0-9]", "", _folded(text))


def _folded(text: str) -> str:
    upper = unicodedata.normalize("NFKC", text).upper()
    return "".join(str(unicodedata.digit(c)) if not c.isascii() and c.isdigit() else c for c in upper)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", _folded(text))


@lru_cache(maxsize=50_000)
def _normal(kind: str, number: str, country: str) -> str:
    if kind not in _FAULTS:
        raise ValueError(f"no kind of identifier: {kind}")
    if kind == "phone":
        return _phone(number, country)
    return _READ.get(kind, _ascii)(number)


def _device(text: str) -> str:
    """14 digits are the device: the check digit is never sent, and the two of the software version change."""
    digits = _digits(text)
    return digits[:14] if 14 <= len(digits) <= 16 else digits


# Plates ---------------------------------------------------------------------------------------------------------------

_ARABIC: Final = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "ؤ": "و", "ئ": "ي"}
_LATIN: Final = str.maketrans(dict(zip("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "ABTTJHKDDRZSSSDTZEGFQKLMNHWY", strict=True)))
_STATES: Final = frozenset(
    {"ليبيا", "الجزائر", "المغرب", "موريتانيا", "مصر", "السودان", "مالي", "النيجر", "تشاد"}
    | {"LIBYA", "ALGERIE", "ALGERIA", "MAROC", "MOROCCO", "MAURITANIE", "EGYPT", "SUDAN"}
    | {"MALI", "NIGER", "TCHAD", "CHAD"}
)
"""Names that a plate shows beside its number."""
_TUNIS: Final = frozenset({"تونس", "TUNIS", "TUNISIE", "TUN", "TU", "TN"})


def _plate(text: str) -> str:
    """Groups of digits and letters without what stands between them.

    Arabic is typed from either end, so letters stand before digits, and a Moroccan serial before its prefecture. The
    word between the two numbers of a Tunisian plate (123 تونس 4567) is TUN; the serial of an Algerian one
    (123-113-16) has five digits.
    """
    upper = "".join(
        _ARABIC.get(c, c) for c in _folded(text) if not unicodedata.combining(c) and c not in "\u0640\u0654\u0655"
    )
    tokens: list[str] = [t for t in re.findall(r"[0-9]+|[A-Z]+|[\u0621-\u064a]+", upper) if t not in _STATES]
    if len(tokens) == 3 and tokens[1] in _TUNIS and tokens[0].isdigit() and tokens[2].isdigit():
        return f"{tokens[0]}TUN{tokens[2]}"
    if [len(t) for t in tokens[1:]] == [3, 2] and all(t.isdigit() for t in tokens) and len(tokens[0]) <= 5:
        return "".join([tokens[0].zfill(5), *tokens[1:]])
    groups: list[str] = []
    for token in tokens:
        if groups and not token.isdigit() and not groups[-1].isdigit():
            groups[-1] += token
        else:
            groups.append(token)
    if any("\u0621" <= group[0] <= "\u064a" for group in groups) and _from_the_other_end(groups):
        groups.reverse()
    return "".join(groups)


def _from_the_other_end(groups: list[str]) -> bool:
    if not groups[0].isdigit():
        return False
    if len(groups) == 3:
        return groups[2].isdigit() and len(groups[0]) <= 2 < len(groups[2])
    return len(groups) == 2


# Telephone numbers ----------------------------------------------------------------------------------------------------


def _phone(text: str, country: str) -> str:
    """Digits of E.164 without the plus; national digits where neither the number nor `country` says the state."""
    digits = _digits(text)
    if "+" in _folded(text) or digits.startswith("00"):
        digits = digits.lstrip("0")
        return _without_trunk(digits)
    if country in LINES:
        code, trunk, lengths = LINES[country]
        if digits.startswith(code) and len(digits) - len(code) in lengths:
            return digits
        rest = digits[1:] if trunk and digits.startswith("0") else digits
        if len(rest) in lengths:
            return code + rest
    return _without_trunk(digits)


def _without_trunk(digits: str) -> str:
    """The zero that some write after the country code, +218 (0)91 ..., is dialled by nobody."""
    for code, trunk, lengths in LINES.values():
        rest = digits[len(code) + 1 :]
        if trunk and digits.startswith(f"{code}0") and len(rest) in lengths and rest[:1] != "0":
            return code + rest
    return digits


def _national(digits: str) -> str:
    for code, _, lengths in LINES.values():
        if digits.startswith(code) and len(digits) - len(code) in lengths:
            return digits[len(code) :]
    return digits.removeprefix("0")


_READ: Final[Mapping[str, Callable[[str], str]]] = {
    "iban": lambda text: _ascii(text).removeprefix("IBAN"),
    "icao24": lambda text: _ascii(text).translate(_NEVER).replace("L", "1"),
    "imei": _device,
    "imo": _digits,
    "imsi": _digits,
    "mmsi": _digits,
    "plate": _plate,
    "vin": lambda text: _ascii(text).removeprefix("VIN").translate(_NEVER),
}


# What can be no number of its kind ------------------------------------------------------------------------------------

_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_VALUES: Final = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def _vin_checks(vin: str) -> bool:
    total = sum(
        (int(c) if c.isdigit() else _VIN_VALUES[c]) * weight for c, weight in zip(vin, _VIN_WEIGHTS, strict=True)
    )
    return vin[8] == "0123456789X"[total % 11]


def _vin(plain: str, written: str) -> str:
    if not _VIN.fullmatch(plain) or len(set(plain)) == 1:
        return WRONG_FORM
    return CHECK_DIGIT_WRONG if plain[0] in "12345" and not _vin_checks(plain) else ""


def _imo(plain: str, written: str) -> str:
    if len(plain) != 7 or plain[0] == "0":
        return WRONG_FORM
    total = sum(int(digit) * weight for digit, weight in zip(plain[:6], range(7, 1, -1), strict=True))
    return "" if total % 10 == int(plain[6]) else CHECK_DIGIT_WRONG


def _mmsi(plain: str, written: str) -> str:
    """Nine digits; those of a ship begin with a country (201 to 775)."""
    if len(plain) != 9 or len(set(plain)) == 1:
        return WRONG_FORM
    return WRONG_FORM if "2" <= plain[0] <= "7" and not 201 <= int(plain[:3]) <= 775 else ""


def _imei(plain: str, written: str) -> str:
    digits = _digits(written)
    if not 14 <= len(digits) <= 16 or not digits.strip("0"):
        return WRONG_FORM
    return CHECK_DIGIT_WRONG if len(digits) == 15 and not luhn(digits) else ""


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it (ISO/IEC 7812-1, annex B)."""
    doubled = (int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _phone_fault(plain: str, written: str) -> str:
    if not 7 <= len(plain) <= 15:
        return WRONG_FORM
    if "+" in _folded(written) or _digits(written).startswith("00"):
        for code, _, lengths in LINES.values():
            if plain.startswith(code):
                return "" if len(plain) - len(code) in lengths else WRONG_FORM
    return ""


def _iban(plain: str, written: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", plain):
        return WRONG_FORM
    if len(plain) != _IBAN_LENGTHS.get(plain[:2], len(plain)):
        return WRONG_FORM
    as_number = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    # 97 and 98 less the remainder: check digits of 00, 01 and 99 are never given (ISO 7064, MOD 97-10).
    return "" if int(as_number) % 97 == 1 and plain[2:4] not in {"00", "01", "99"} else CHECK_DIGIT_WRONG


def _like(pattern: str) -> Callable[[str, str], str]:
    form = re.compile(pattern)
    return lambda plain, written: "" if form.fullmatch(plain) else WRONG_FORM


_FAULTS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "account": _like(r"(?=.*[0-9])[A-Z0-9]{4,34}"),
    "callsign": _like(r"(?:[A-Z]{2}|[A-Z][0-9]|[0-9][A-Z])[A-Z0-9]{1,5}"),
    "hull": _like(r"(?=.*[0-9])[A-Z0-9]{3,20}"),
    "iban": _iban,
    "icao24": _like(r"(?!0{6}|F{6})[0-9A-F]{6}"),
    "imei": _imei,
    "imo": _imo,
    "imsi": _like(r"(?:[2-7][0-9]{2}|901)[0-9]{11,12}"),
    "mmsi": _mmsi,
    "other": _like(r"(?=.*[0-9])[A-Z0-9]{4,40}"),
    "phone": _phone_fault,
    "plate": _like(r"(?=.*[0-9])[A-Z0-9\u0621-\u064a]{3,14}"),
    "serial": _like(r"(?=.*[0-9])[A-Z0-9]{4,40}"),
    "tail": _like(r"(?=.*[A-Z])[A-Z0-9]{3,8}"),
    "vin": _vin,
}

KINDS: Final = tuple(_FAULTS)
