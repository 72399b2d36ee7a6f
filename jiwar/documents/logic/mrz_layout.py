"""Where each field of a machine readable zone stands, and its check digit (ICAO Doc 9303-3 to -7).

Positions are written as the standard prints them, line by line, counted from 1, and kept as slices of the joined lines.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from operator import itemgetter

FILLER = "<"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {character: value for value, character in enumerate(ALPHABET)} | {FILLER: 0}
_NONE = 255
_TABLE = bytes(_VALUES.get(chr(code), _NONE) for code in range(256))


class MrzFormat(StrEnum):
    """The five sizes of zone that Doc 9303 defines."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"


@dataclass(frozen=True, slots=True)
class Layout:
    """One format: `lines` of `width` characters, a slice per field, and the slices under the composite check digit."""

    format: MrzFormat
    lines: int
    width: int
    fields: Mapping[str, slice]
    composite: tuple[slice, ...]

    def cut(self, zone: str) -> dict[str, str]:
        """Each field of the joined lines."""
        return dict(zip(self.fields, _cutter(self.format)(zone), strict=True))

    def lines_of(self, zone: str) -> tuple[str, ...]:
        """The joined lines apart."""
        width = self.width
        return tuple([zone[start : start + width] for start in range(0, len(zone), width)])

    def place(self, offset: int) -> tuple[int, int]:
        """Line and position in the line, both from 1, of an offset into the joined lines."""
        line, column = divmod(offset, self.width)
        return line + 1, column + 1


def _layout(
    name: MrzFormat,
    lines: int,
    width: int,
    fields: dict[str, tuple[int, int, int]],
    composite: list[tuple[int, int, int]] | None = None,
) -> Layout:
    def span(line: int, first: int, last: int) -> slice:
        return slice((line - 1) * width + first - 1, (line - 1) * width + last)

    spans = {field: span(*place) for field, place in fields.items()}
    return Layout(name, lines, width, spans, tuple(span(*place) for place in composite or []))


_UPPER_LINE = {"document_code": (1, 1, 2), "issuer": (1, 3, 5)}
_LOWER_LINE = {
    "number": (2, 1, 9),
    "number_check": (2, 10, 10),
    "nationality": (2, 11, 13),
    "birth_date": (2, 14, 19),
    "birth_date_check": (2, 20, 20),
    "sex": (2, 21, 21),
    "expiry": (2, 22, 27),
    "expiry_check": (2, 28, 28),
}

LAYOUTS: Mapping[MrzFormat, Layout] = {
    layout.format: layout
    for layout in (
        _layout(  # Doc 9303-5, 4.2.2
            MrzFormat.TD1,
            3,
            30,
            _UPPER_LINE
            | {
                "number": (1, 6, 14),
                "number_check": (1, 15, 15),
                "optional": (1, 16, 30),
                "birth_date": (2, 1, 6),
                "birth_date_check": (2, 7, 7),
                "sex": (2, 8, 8),
                "expiry": (2, 9, 14),
                "expiry_check": (2, 15, 15),
                "nationality": (2, 16, 18),
                "optional_2": (2, 19, 29),
                "composite_check": (2, 30, 30),
                "name": (3, 1, 30),
            },
            [(1, 6, 30), (2, 1, 7), (2, 9, 15), (2, 19, 29)],
        ),
        _layout(  # Doc 9303-6, 4.2.2
            MrzFormat.TD2,
            2,
            36,
            _UPPER_LINE
            | {"name": (1, 6, 36)}
            | _LOWER_LINE
            | {"optional": (2, 29, 35), "composite_check": (2, 36, 36)},
            [(2, 1, 10), (2, 14, 20), (2, 22, 35)],
        ),
        _layout(  # Doc 9303-4, 4.2.2
            MrzFormat.TD3,
            2,
            44,
            _UPPER_LINE
            | {"name": (1, 6, 44)}
            | _LOWER_LINE
            | {"optional": (2, 29, 42), "optional_check": (2, 43, 43), "composite_check": (2, 44, 44)},
            [(2, 1, 10), (2, 14, 20), (2, 22, 43)],
        ),
        # Doc 9303-7, 4.2.2 and 5.2.2: visas have neither a check on optional data nor a composite one.
        _layout(MrzFormat.MRV_A, 2, 44, _UPPER_LINE | {"name": (1, 6, 44)} | _LOWER_LINE | {"optional": (2, 29, 44)}),
        _layout(MrzFormat.MRV_B, 2, 36, _UPPER_LINE | {"name": (1, 6, 36)} | _LOWER_LINE | {"optional": (2, 29, 36)}),
    )
}

# First letters that Doc 9303 gives to each format (parts 4 to 7, document code). A P of size TD2 is an emergency travel
# document, PU (9303-8, 4.1.5 and appendix B).
DOCUMENT_LETTERS: Mapping[MrzFormat, str] = {
    MrzFormat.TD1: "ACI",
    MrzFormat.TD2: "ACIP",
    MrzFormat.TD3: "P",
    MrzFormat.MRV_A: "V",
    MrzFormat.MRV_B: "V",
}


@cache
def _cutter(form: MrzFormat) -> Callable[[str], tuple[str, ...]]:
    return itemgetter(*LAYOUTS[form].fields.values())


def values_of(text: str) -> bytes:
    """The value of each character (Doc 9303-3, 4.9); 255 for one outside ``0-9 A-Z <``."""
    return text.encode("ascii", "replace").translate(_TABLE)


def digit_of(values: bytes) -> str:
    """The check digit of characters by their values, weighed by 7, 3, 1; "" where one has no value."""
    if _NONE in values:
        return ""
    return ALPHABET[(7 * sum(values[::3]) + 3 * sum(values[1::3]) + sum(values[2::3])) % 10]


def check_digit(text: str) -> str:
    """The check digit of `text` (Doc 9303-3, 4.9): values by weights 7, 3, 1, modulo 10.

    Raises KeyError on a character outside ``0-9 A-Z <``. Two characters whose values are equal modulo 10
    (``<``, ``0``, ``A``, ``K``, ``U``; ``1``, ``B``, ``L``, ``V``; ...) cannot be told apart by it.
    """
    if not (digit := digit_of(values_of(text))):
        raise KeyError(text)
    return digit
