"""How large an image says it is, read from its head before any of it is decoded.

JPEG (ITU-T T.81, B.1 and B.2), PNG (W3C PNG 5 and 11.2.2), JPEG 2000 (ITU-T T.800, annexes A.5 and I.5) and WebP
(RFC 9649). For JPEG 2000 the codestream counts, not the boxes around it: those are wrong in real documents.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

MAX_BYTES = 25_000_000
MAX_SIDE = 16_000
"""Pixels of one side; a telephone's largest panorama is below."""
MAX_PIXELS = 60_000_000
MAX_SEGMENTS = 2_000
"""Of a JPEG before its frame, and boxes of a JPEG 2000 before its codestream."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"
# Start of frame 0 to 15; C4, C8 and CC are other markers (T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})


class ImageFormat(StrEnum):
    JPEG = "jpeg"
    JPEG_2000 = "jpeg2000"
    PNG = "png"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class ImageHead:
    """`width` and `height` in pixels, as the image is stored (a camera may have noted that it is to be turned)."""

    format: ImageFormat
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


class ImageUnreadable(ValueError):
    """No image that is taken. `detail` holds what was found.

    `code` is ``image_empty``, ``image_too_long`` (bytes), ``image_format`` (none of the four), ``image_broken`` (its
    head ends early or says nothing true) or ``image_too_large`` (pixels).
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.field = "image"
        self.detail = detail


def read_image_head(data: bytes) -> ImageHead:
    """Format and size of an image that may be decoded. Raises ImageUnreadable; reads the head alone."""
    if not data:
        raise ImageUnreadable("image_empty")
    if len(data) > MAX_BYTES:
        raise ImageUnreadable("image_too_long", f"{len(data)} > {MAX_BYTES}")
    read = next((reader for magic, reader in _READERS if data.startswith(magic)), None)
    if read is None or (read is _webp and data[8:12] != b"WEBP"):
        raise ImageUnreadable("image_format")
    try:
        head = read(data)
    except IndexError:
        raise ImageUnreadable("image_broken", "the head ends early") from None
    if head.width < 1 or head.height < 1:
        raise ImageUnreadable("image_broken", f"{head.width} x {head.height}")
    if max(head.width, head.height) > MAX_SIDE or head.pixels > MAX_PIXELS:
        raise ImageUnreadable("image_too_large", f"{head.width} x {head.height}")
    return head


def _number(data: bytes, start: int, length: int) -> int:
    """Big-endian; a slice that ends early would be read as a smaller number."""
    if start + length > len(data):
        raise IndexError
    return int.from_bytes(data[start : start + length], "big")


def _little(data: bytes, start: int, length: int) -> int:
    if start + length > len(data):
        raise IndexError
    return int.from_bytes(data[start : start + length], "little")


def _jpeg(data: bytes) -> ImageHead:
    at = 2
    for _ in range(MAX_SEGMENTS):
        if data[at] != 0xFF:
            raise ImageUnreadable("image_broken", "no marker where one must stand")
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes (B.1.1.2)
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            return ImageHead(ImageFormat.JPEG, _number(data, at + 7, 2), _number(data, at + 5, 2))
        elif marker in (0xD9, 0xDA):
            raise ImageUnreadable("image_broken", "a scan before its frame")
        else:
            length = _number(data, at + 2, 2)
            if length < 2:
                raise ImageUnreadable("image_broken", "a segment without a length")
            at += 2 + length
    raise ImageUnreadable("image_broken", "too many segments")


def _png(data: bytes) -> ImageHead:
    if data[12:16] != b"IHDR":
        raise ImageUnreadable("image_broken", "no IHDR at its place")
    return ImageHead(ImageFormat.PNG, _number(data, 16, 4), _number(data, 20, 4))


def _jp2(data: bytes) -> ImageHead:
    at = 0
    for _ in range(MAX_SEGMENTS):
        length, kind, head = _number(data, at, 4), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = _number(data, at + 8, 8), 16
        if kind == b"jp2c":
            return _codestream(data, at + head)
        if length < head:  # 0 is a box that goes on to the end, and that is not the codestream
            raise ImageUnreadable("image_broken", "a box without a length")
        at += length
    raise ImageUnreadable("image_broken", "too many boxes")


def _codestream(data: bytes, start: int = 0) -> ImageHead:
    """SIZ (A.5.1): the reference grid less its offset is the image."""
    if data[start : start + 4] != _CODESTREAM:
        raise ImageUnreadable("image_broken", "no SIZ at its place")
    right, bottom, left, top = (_number(data, start + 8 + 4 * place, 4) for place in range(4))
    return ImageHead(ImageFormat.JPEG_2000, right - left, bottom - top)


def _webp(data: bytes) -> ImageHead:
    """The first chunk says it: lossy, lossless or extended (RFC 9649, 2.5 to 2.7)."""
    kind, body = data[12:16], 20
    if kind == b"VP8 ":
        if data[body + 3 : body + 6] != b"\x9d\x01\x2a":
            raise ImageUnreadable("image_broken", "no key frame")
        return ImageHead(ImageFormat.WEBP, _little(data, body + 6, 2) & 0x3FFF, _little(data, body + 8, 2) & 0x3FFF)
    if kind == b"VP8L":
        bits = _little(data, body + 1, 4)
        return ImageHead(ImageFormat.WEBP, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        return ImageHead(ImageFormat.WEBP, _little(data, body + 4, 3) + 1, _little(data, body + 7, 3) + 1)
    raise ImageUnreadable("image_broken", "no chunk of an image")


_READERS: tuple[tuple[bytes, Callable[[bytes], ImageHead]], ...] = (
    (b"\xff\xd8", _jpeg),
    (_PNG, _png),
    (_JP2, _jp2),
    (_CODESTREAM, _codestream),
    (b"RIFF", _webp),
)
