"""Images before they are decoded, and templates of minutiae."""

import io

from PIL import Image

from jiwar.documents.logic.finger_template import MAGIC, TemplateUnreadable, read_template
from jiwar.documents.logic.image_head import MAX_SIDE, ImageUnreadable, read_image_head
from tests.fuzz.target import target


def _images() -> list[bytes]:
    made = []
    for kind in ("JPEG", "PNG", "JPEG2000", "WEBP"):
        into = io.BytesIO()
        Image.new("RGB", (9, 7), "navy").save(into, kind)
        made.append(into.getvalue())
    return made


@target("jiwar.documents.logic.image_head", corpus=_images)
def image_head(data: bytes) -> None:
    try:
        head = read_image_head(data)
    except ImageUnreadable as unreadable:
        assert unreadable.code
        return
    assert 0 < head.width <= MAX_SIDE
    assert 0 < head.height <= MAX_SIDE


_VIEW = b"\x02\0\x50\x02" + b"\x40\x10\0\x20\x30\x50" * 2 + b"\0\0"


@target("jiwar.documents.logic.finger_template",
        corpus=lambda: [MAGIC + b"\0\0\0\x2a\0\0\1\x2c\1\x90\0\xc5\0\xc5\1\0" + _VIEW])  # fmt: skip
def finger_template(data: bytes) -> None:
    try:
        found = read_template(data)
    except TemplateUnreadable as unreadable:
        assert unreadable.code
        return
    assert 0 < found.count <= 255
