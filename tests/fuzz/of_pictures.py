"""Images, before they are decoded."""

import io

from PIL import Image

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
