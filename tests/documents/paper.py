"""A barcode printed at 300 dpi and photographed by a telephone, in simulation."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

PAPER, INK = 225, 45
DOTS_PER_MM = 300 / 25.4


@dataclass(frozen=True)
class Shot:
    """How a picture was taken: pixels of the camera per millimetre of paper (12 megapixels over a whole A4 page give
    13.6, over a card 35), how the paper lay, how sharp the picture is (`blur` in millimetres on the paper, one standard
    deviation), how uneven the light, how noisy the sensor, and how the telephone compressed it."""

    scale: float = 20.0
    degrees: float = 0.0
    tilt: float = 0.0  # of the far edge: 0.1 is a tenth shorter than the near one
    blur: float = 0.08
    shade: float = 0.3  # of the light lost from one corner to the other
    noise: float = 6.0
    quality: int = 80


def printed(modules: np.ndarray, dots: int, gain: float = 0.35) -> np.ndarray:
    """Grey paper with `dots` printer dots a module and four modules of quiet zone; ink spreads by `gain` dots."""
    page = np.kron(np.pad(modules, 4, constant_values=255), np.ones((dots, dots), dtype=np.uint8))
    spread = Image.fromarray(page).filter(ImageFilter.GaussianBlur(gain))
    # What a dot's edge wets turns dark: the threshold stands above the middle.
    return np.where(np.asarray(spread) > 150, PAPER, INK).astype(np.uint8)


def photographed(page: np.ndarray, shot: Shot, seed: int = 1) -> bytes:
    """A JPEG of the page, which lies in the middle of a desk."""
    random = np.random.default_rng(seed)
    zoom = shot.scale / DOTS_PER_MM
    paper = Image.fromarray(page)
    width, height = (round(side * zoom) for side in paper.size)
    paper = paper.resize((width, height), Image.Resampling.BICUBIC)
    side = round(1.6 * max(width, height))
    desk = Image.new("L", (side, side), 190)
    sheet = Image.new("L", (round(width * 1.06), round(height * 1.06)), PAPER)
    sheet.paste(paper, (round(width * 0.03), round(height * 0.03)))
    desk.paste(sheet, ((side - sheet.width) // 2, (side - sheet.height) // 2))
    desk = desk.rotate(shot.degrees, Image.Resampling.BICUBIC, fillcolor=190)
    if shot.tilt:
        desk = desk.transform(
            desk.size, Image.Transform.PERSPECTIVE, _tilted(side, shot.tilt), Image.Resampling.BICUBIC, fillcolor=190
        )
    desk = desk.filter(ImageFilter.GaussianBlur(shot.blur * shot.scale))
    grey = np.asarray(desk, dtype=np.float64)
    ramp = np.linspace(1.0, 1.0 - shot.shade, side)
    grey = grey * np.sqrt(ramp[:, None] * ramp[None, :]) + random.normal(0, shot.noise, grey.shape)
    out = io.BytesIO()
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=shot.quality)
    return out.getvalue()


def _tilted(side: int, tilt: float) -> list[float]:
    """The eight numbers of a perspective whose far edge is shorter by `tilt` (Pillow: result to source)."""
    inset = side * tilt / 2
    source = [(0, 0), (side, 0), (side, side), (0, side)]
    result = [(inset, inset), (side - inset, inset), (side, side), (0, side)]
    rows = []
    for (x, y), (u, v) in zip(result, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    answer = np.array([place for point in source for place in point], dtype=float)
    return list(np.linalg.solve(np.array(rows, dtype=float), answer))
