"""A zone out of the bytes that a serial reader sends: lines that end with CR, LF or both, some between STX and ETX."""

import re
from typing import Final

MOST: Final = 400
"""Bytes of one document; with more a reader sends something else, and the oldest are forgotten."""
WHOLE: Final = ((44, 44), (36, 36), (30, 30, 30))
_CONTROL = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xff]+")
_ENDS = re.compile(rb"[\r\n]+")


class Framing:
    """What came so far of one document."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def begun(self) -> bool:
        return bool(self._held.strip())

    def take(self, data: bytes) -> str:
        """The zone when `data` makes it whole, else "". Its last line may lack its end."""
        self._held = (self._held + _CONTROL.sub(b"", data))[-MOST:]
        lines = self._lines()
        for widths in WHOLE:
            last = lines[-len(widths) :]
            if tuple(map(len, last)) == widths:
                self._held = b""
                return "\n".join(last)
        return ""

    def rest(self) -> str:
        """What came, though it has not the shape of a zone: whoever reads it says what is wrong with it."""
        lines, self._held = self._lines(), b""
        return "\n".join(lines)

    def _lines(self) -> list[str]:
        return [line.decode("ascii").strip() for line in _ENDS.split(self._held) if line.strip()]
