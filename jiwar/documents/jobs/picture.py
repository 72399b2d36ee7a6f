"""Lines of text in a picture, read both ways round: runs in a process of its own (`jiwar.documents.confined`).

The lines of a zone are the longest of a page, so long boxes alone are read. Nothing says which way up a page lies: each
strip is read along its box and against it, and whoever knows what a zone looks like takes one (`logic.mrz_finding`).
"""

import io
import math
from typing import Any

from jiwar.documents.confined import JobFailed

DETECTED_SIDE = 1_800
"""Pixels of the longer side of the copy in which boxes are looked for."""
LONGEST_SIDE = 5_000
STRIPS = 16
SLIMMEST = 5.0
"""Length of a box by its height: a zone's line has 15 to 22, and a half of one still 6."""
STRIP_HEIGHT = 48

Point = tuple[float, float]


def work(_told: dict[str, Any], parts: list[bytes]) -> dict[str, Any]:
    """`{"lines": [{"along", "against", "x", "y", "height"}]}` with x along the lines and y across, in pixels."""
    picture = decoded(parts[0])
    import numpy as np
    from rapidocr import RapidOCR

    engine: Any = RapidOCR(params={
        "Global.log_level": "critical",
        "Global.text_score": 0.0,
        "Global.max_side_len": DETECTED_SIDE,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    })  # fmt: skip

    def pixels(image: Any) -> Any:
        return np.asarray(image)[:, :, ::-1]  # blue first, as the models were taught

    small = picture.copy()
    small.thumbnail((DETECTED_SIDE, DETECTED_SIDE))
    scale = picture.width / small.width
    found = engine(pixels(small), use_det=True, use_cls=False, use_rec=False).boxes
    boxes = [] if found is None else [[(x * scale, y * scale) for x, y in box.tolist()] for box in found]
    lines = []
    for box, angle in _long(boxes):
        corners, x, y, height = _laid(box, angle)
        strip = _strip(picture, corners)
        along, against = (
            engine(pixels(way), use_det=False, use_cls=False, use_rec=True) for way in (strip, strip.rotate(180))
        )
        lines.append({"along": _text(along), "against": _text(against), "x": x, "y": y, "height": height})
    return {"lines": lines}


def decoded(data: bytes) -> Any:
    """The picture in RGB, upright as its camera noted, no larger than is of use. Raises JobFailed."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the head was measured before (logic.image_head), and this process has its limits
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "JPEG2000", "WEBP"))
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, ArithmeticError) as error:
        raise JobFailed("image_broken", type(error).__name__) from None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture


def _text(read: Any) -> str:
    return "".join(read.txts or ())[:200]


def _long(boxes: list[list[Point]]) -> list[tuple[list[Point], float]]:
    """The longest boxes that are slim enough, and the one direction in which all are read: that of the longest."""
    sized = sorted(((*_sides(box), box) for box in boxes), key=lambda sides: -sides[0])
    slim = [box for length, height, box in sized if height >= 1 and length / height >= SLIMMEST][:STRIPS]
    return [(box, _angle(slim[0])) for box in slim]


def _sides(box: list[Point]) -> tuple[float, float]:
    first, second = math.dist(box[0], box[1]), math.dist(box[1], box[2])
    return max(first, second), min(first, second)


def _angle(box: list[Point]) -> float:
    start, end = (box[0], box[1]) if math.dist(box[0], box[1]) >= math.dist(box[1], box[2]) else (box[1], box[2])
    return math.atan2(end[1] - start[1], end[0] - start[0])


def _laid(box: list[Point], angle: float) -> tuple[list[Point], float, float, float]:
    """The corners from the top left clockwise, as one sees them who reads in the direction `angle`; where it lies."""
    cos, sin = math.cos(angle), math.sin(angle)
    seen = [(x * cos + y * sin, y * cos - x * sin) for x, y in box]
    # Clockwise already; it begins with the corner whose next one lies straight ahead, with the longer side before it.
    steps = [(seen[(k + 1) % 4][0] - seen[k][0], k) for k in range(4)]
    first = max(steps)[1]
    order = [(first + k) % 4 for k in range(4)]
    middle_x, middle_y = (sum(point[axis] for point in seen) / 4 for axis in (0, 1))
    return [box[k] for k in order], middle_x, middle_y, _sides(box)[1]


def _strip(picture: Any, corners: list[Point]) -> Any:
    """What the corners enclose, straightened, of the height that the reader was taught."""
    from PIL import Image

    top_left, top_right, bottom_right, bottom_left = corners
    length = max(math.dist(top_left, top_right), math.dist(bottom_left, bottom_right))
    height = max(math.dist(top_left, bottom_left), math.dist(top_right, bottom_right), 1.0)
    size = max(1, round(length)), max(1, round(height))
    quad = [place for corner in (top_left, bottom_left, bottom_right, top_right) for place in corner]
    flat = picture.transform(size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    return flat.resize(
        (max(1, min(4_000, round(length * STRIP_HEIGHT / height))), STRIP_HEIGHT), Image.Resampling.LANCZOS
    )
