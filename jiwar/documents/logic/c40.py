"""C40, the text of seals: capitals, digits and spaces, three characters in two bytes (ICAO Doc 9303-13, 2.6).

A filler ``<`` is written as a space. Two characters left over are padded with Shift 1; one left over is written as an
Unlatch and its ASCII code plus one. The other shifts of C40 (ISO/IEC 16022, 5.2.5) are not allowed in a seal.
"""

import re
from collections.abc import Mapping

_ALPHABET = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FIRST = 3  # below it stand the three shifts
_SHIFT_1 = 0
_UNLATCH = 0xFE
_VALUES = {character: value for value, character in enumerate(_ALPHABET, _FIRST)} | {"<": _FIRST}
_WRITABLE = re.compile("[A-Z0-9 <]*")
# What each value of three characters says; the pad, and all that may not stand, is NUL.
_CHARACTERS = "\0" * _FIRST + _ALPHABET


class C40Invalid(ValueError):
    """Bytes that are no C40 of a seal, or a text that it cannot hold.

    `code` is ``odd_length``, ``shifted``, ``after_end`` or ``invalid_character``; `field` is ``c40``; `detail` has
    ``found`` and ``position``.
    """

    def __init__(self, code: str, found: str | int, position: int) -> None:
        super().__init__(f"{code}: {found!r} at {position}")
        self.code = code
        self.field = "c40"
        self.detail: Mapping[str, str | int] = {"found": found, "position": position}


def encode_c40(text: str) -> bytes:
    """The bytes of `text`, two for each three characters begun. Raises C40Invalid."""
    if (good := _WRITABLE.match(text)) is None or good.end() < len(text):
        at = good.end() if good else 0
        raise C40Invalid("invalid_character", text[at], at)
    values = [_VALUES[character] for character in text]
    whole = len(values) - len(values) % 3
    out = b"".join(_triple(*values[at : at + 3]) for at in range(0, whole, 3))
    match values[whole:]:
        case [one, two]:
            return out + _triple(one, two, _SHIFT_1)
        case [_]:
            return out + bytes([_UNLATCH, ord(text[-1].replace("<", " ")) + 1])
    return out


def encoded_size(characters: int) -> int:
    """How many bytes a text of so many characters takes."""
    return (characters + 2) // 3 * 2


def decode_c40(data: bytes) -> str:
    """The text, with a space where a filler or a space was written. Raises C40Invalid."""
    if len(data) % 2:
        raise C40Invalid("odd_length", len(data), 0)
    out = []
    last = len(data) - 2
    for at in range(0, len(data), 2):
        if data[at] == _UNLATCH:
            out.append(_single(data, at))
            continue
        number = (data[at] << 8 | data[at + 1]) - 1
        first, rest = divmod(number, 1600)
        second, third = divmod(rest, 40)
        if number < 0 or first > 39:
            raise C40Invalid("shifted", data[at : at + 2].hex(), at)
        part = _CHARACTERS[first] + _CHARACTERS[second] + _CHARACTERS[third]
        if "\0" in part:
            if at != last or third != _SHIFT_1 or "\0" in part[:2]:
                raise C40Invalid("shifted", data[at : at + 2].hex(), at)
            part = part[:2]
        out.append(part)
    return "".join(out)


def _single(data: bytes, at: int) -> str:
    if at != len(data) - 2:
        raise C40Invalid("after_end", len(data) - at - 2, at)
    character = chr(data[at + 1] - 1) if data[at + 1] else "\0"
    if character not in _ALPHABET:
        raise C40Invalid("invalid_character", data[at + 1], at)
    return character


def _triple(first: int, second: int, third: int) -> bytes:
    return (1600 * first + 40 * second + third + 1).to_bytes(2, "big")
