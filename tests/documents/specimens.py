"""Pages of documents as a telephone or a scanner sees them, drawn from the standard's sample lines in OCR-B."""

import io
import random
import re
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

OCR_B = Path("/usr/share/fonts/opentype/ocr-b/OCRB.otf")
PLAIN = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
PAPER, TABLE, INK = (236, 232, 222), (90, 80, 70), (25, 25, 30)
CONDITIONS = ("scanner", "turned", "telephone", "poor light")
# Millimetres of a page by the width of its lines (Doc 9303-4, -5, -6), and of the pitch of OCR-B size 1 (ISO 1073-2).
SIZES = {44: (125, 88), 36: (105, 74), 30: (85.6, 54)}
PITCH = 2.54

need_ocr_b = pytest.mark.skipif(not OCR_B.exists(), reason="needs Debian's fonts-ocr-b")

_LOWER = {
    "TD3": ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", "HA672242<6UTO5802254M9601086<<<<<<<<<<<<<<08"),
    "MRV-A": ("L8988901C4XXX7408122F96121096ZE184226B<<<<<<", "L898902C<3UTO6908061F9406236ZE184226B<<<<<<<"),
    "TD2": ("D231458907UTO7408122F1204159<<<<<<<6", "D231458907UTO7408122F1204159<<<<<<<6"),
    "MRV-B": ("L8988901C4XXX7408122F9612109<<<<<<<<", "1234567XY7GBR5203116M2105253<<<<<<<<"),
}
_CARD = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6")


def zones(samples: Path) -> list[str]:
    """Whole zones: each name line among the standard's samples, with a lower line of its format."""
    lines = {line.split(":")[-1].strip().split(" ")[0] for line in samples.read_text("utf-8").splitlines()}
    lower = {name: cycle(two) for name, two in _LOWER.items()}
    made = []
    for line in sorted(lines):
        kind = {("P", 44): "TD3", ("V", 44): "MRV-A", ("I", 36): "TD2", ("V", 36): "MRV-B"}.get((line[:1], len(line)))
        if kind and re.match(r"[PIV]<UTO", line):
            made.append(f"{line}\n{next(lower[kind])}")
        elif len(line) == 30 and re.match(r"[A-Z]{3}[A-Z<]*<<[A-Z]", line):
            made.append("\n".join((*_CARD, line)))
    return made


def page(zone: str, seed: int = 0) -> Image.Image:
    """The page of a document at 300 dots an inch: guilloche, a face's place, some text, and its zone."""
    chance, lines, mm = random.Random(seed), zone.split("\n"), 300 / 25.4
    width, height = (int(side * mm) for side in SIZES[len(lines[0])])
    made = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(made)
    for wave in range(50):
        tone, middle, swing = chance.randrange(190, 225), chance.randrange(height), chance.randrange(5, 40)
        points = [(x, middle + swing * np.sin(x / (20 + wave))) for x in range(0, width, 8)]
        draw.line(points, fill=(tone, tone, tone - 20), width=2)
    top = height - (len(lines) * 6.0 + 3.5) * mm
    draw.rectangle([4 * mm, 8 * mm, 30 * mm, top - 2 * mm], fill=(170, 160, 150))
    small = ImageFont.truetype(PLAIN, int(2.8 * mm)) if PLAIN.exists() else ImageFont.load_default(int(2.8 * mm))
    for row, text in enumerate(("UTOPIA  PASSPORT", "Surname / Nom", "ERIKSSON", "12 AUG/AOUT 74   F   ZENITH")):
        draw.text((width * 0.38, 3 * mm + row * 5.5 * mm), text, fill=(60, 40, 90), font=small)
    letters = ImageFont.truetype(OCR_B, int(3.85 * mm))
    left = (width - PITCH * mm * len(lines[0])) / 2
    for row, line in enumerate(lines):
        for place, character in enumerate(line):
            draw.text((left + place * PITCH * mm, top + row * 6.0 * mm), character, fill=INK, font=letters)
    return made


def taken(made: Image.Image, condition: str, seed: int = 0) -> bytes:
    """A JPEG of the page under one of CONDITIONS; the seed decides the angle, the light and the noise."""
    chance = random.Random(f"{condition} {seed}")
    width, height = made.size
    seen = Image.new("RGB", (int(width * 1.3), int(height * 1.4)), TABLE)
    seen.paste(made, (int(width * 0.15), int(height * 0.2)))
    skew = {"scanner": 1.5, "turned": 4, "telephone": 8, "poor light": 8}[condition]
    if condition in ("telephone", "poor light"):
        corners = [(0, 0), (0, seen.height), seen.size, (seen.width, 0)]
        quad = [axis + chance.uniform(-0.05, 0.05) * width for corner in corners for axis in corner]
        seen = seen.transform(seen.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    seen = seen.rotate(chance.uniform(-skew, skew), Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE)
    if condition != "scanner":
        seen = seen.rotate(90 * chance.randrange(4), expand=True)
    blur, noise = {"scanner": (0.6, 3), "turned": (0.9, 5), "telephone": (1.6, 9), "poor light": (2.6, 16)}[condition]
    seen = seen.filter(ImageFilter.GaussianBlur(blur * chance.uniform(0.7, 1.2)))
    pixels = np.asarray(seen).astype(float)
    if condition == "poor light":
        pixels *= np.linspace(chance.uniform(0.3, 0.6), 1.0, pixels.shape[1])[None, :, None]
    pixels += np.random.default_rng(seed).normal(0, noise, pixels.shape)
    into = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype("uint8")).save(into, "JPEG", quality=chance.randrange(55, 90))
    return into.getvalue()
