"""A fingerprint's template of minutiae (ISO/IEC 19794-2:2005, 7): every length checked, one finger, one view.

Two forms are read: the standard's record, and the shorter one that the matcher `nbis` writes under the same name (no
resolution, no number of views, 26 bytes before the minutiae). A minutia has the same six bytes in both: kind and x, y
from the upper left, angle counter-clockwise in 256ths of a turn, quality.
"""

from dataclasses import dataclass
from typing import Final

MAX_BYTES: Final = 20_000
MAGIC: Final = b"FMR\0 20\0"
MINUTIA: Final = 6
SHORT_HEAD: Final = 26
_HEAD, _VIEW = 24, 4


@dataclass(frozen=True, slots=True)
class FingerTemplate:
    """`width` and `height` in pixels; `minutiae`, six bytes each."""

    width: int
    height: int
    minutiae: bytes

    @property
    def count(self) -> int:
        return len(self.minutiae) // MINUTIA


class TemplateUnreadable(ValueError):
    """`code`: ``template_format`` (no such record), ``template_too_long``, ``template_broken`` (lengths disagree),
    ``template_several`` (views, so that nobody knows which finger is meant) or ``template_empty``.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.field = "reference"
        self.detail = detail


def read_template(data: bytes) -> FingerTemplate:
    """The one view of a record. Raises TemplateUnreadable."""
    if not data.startswith(MAGIC):
        raise TemplateUnreadable("template_format")
    if len(data) > MAX_BYTES:
        raise TemplateUnreadable("template_too_long", f"{len(data)} > {MAX_BYTES}")
    if len(data) < SHORT_HEAD or int.from_bytes(data[8:12], "big") != len(data):
        raise TemplateUnreadable("template_broken", f"{len(data)} bytes")
    minutiae = _short(data) if not data[22] else _standard(data)
    if not minutiae:
        raise TemplateUnreadable("template_empty")
    width, height = (int.from_bytes(data[place : place + 2], "big") for place in (14, 16))
    return FingerTemplate(width, height, minutiae)


def _standard(data: bytes) -> bytes:
    if data[22] != 1:
        raise TemplateUnreadable("template_several", str(data[22]))
    if len(data) < _HEAD + _VIEW:
        raise TemplateUnreadable("template_broken", f"{len(data)} bytes")
    end = _HEAD + _VIEW + data[_HEAD + 3] * MINUTIA
    extra = int.from_bytes(data[end : end + 2], "big")  # what a vendor adds
    if len(data) != end + 2 + extra:
        raise TemplateUnreadable("template_broken", f"{len(data)} of {end + 2 + extra} bytes")
    return data[_HEAD + _VIEW : end]


def _short(data: bytes) -> bytes:
    if len(data) != SHORT_HEAD + data[SHORT_HEAD - 1] * MINUTIA:
        raise TemplateUnreadable("template_broken", f"{len(data)} bytes")
    return data[SHORT_HEAD:]
