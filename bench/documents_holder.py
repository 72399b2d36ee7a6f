"""What the comparison of a holder says on the few test images that there are; `python -m bench.holder_report` tells it.

Three faces and two fingers: too few for a rate of any kind, and none for a rate by group. What is measured is how far a
poorer picture of the same face or finger moves the score, and how near strangers come.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageFilter

from jiwar.documents.confined import JobFailed, run
from jiwar.documents.jobs import COMPARING
from jiwar.documents.logic.holder import Method, nearer

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "documents"
FACES = {
    "specimen": "bsi_tr03105_5/Datagroup2_face.img",
    "made_1": "vds/face_image_gen.jp2",
    "made_2": "vds/face_image_gen_female.jp2",
}
TEMPLATE, SAME, OTHER = (f"bsi_tr03105_5/finger_{name}" for name in ("pos2.iso19794-2", "pos2.png", "pos7.png"))
Poorer = Mapping[str, Callable[[Image.Image], Image.Image]]
WAYS: Poorer = {
    "turned by 10 degrees": lambda picture: picture.rotate(10, Image.Resampling.BICUBIC, fillcolor="grey"),
    "half as bright": lambda picture: picture.point(lambda tone: tone // 2),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(picture.width / 150)),
    "a third of the size": lambda picture: picture.resize((picture.width // 3, picture.height // 3)),
}
PRINTS: Poorer = {
    "turned by 10 degrees": lambda picture: picture.rotate(10, Image.Resampling.BICUBIC, fillcolor=255),
    "pale": lambda picture: picture.point(lambda tone: 128 + tone // 2),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "half of it": lambda picture: picture.crop((0, 0, picture.width, picture.height // 2)),
}


def benchmarks() -> Iterator[dict]:
    """Of each method the farthest same one, the nearest stranger, and how many fell on the wrong side."""
    for method, pairs in ((Method.FACE, _faces), (Method.FINGER, _fingers)):
        if COMPARING[method].missing or not DATA.exists():
            note = f"needs the extra `{COMPARING[method].extra}` and the test images"
            yield {"name": f"documents_holder.{method}_pairs", "value": 0, "unit": "pairs", "note": note}
            continue
        scores = [(same, _score(method, live, reference)) for same, live, reference in pairs()]
        said = [(same, score) for same, score in scores if score is not None]
        lower = method is Method.FACE
        own, strangers = ([score for same, score in said if same is who] for who in (True, False))
        rows: dict[str, Any] = {
            "own_pairs": len(own),
            "stranger_pairs": len(strangers),
            "refused": len(scores) - len(said),
            "farthest_own": max(own) if lower else min(own),
            "nearest_stranger": min(strangers) if lower else max(strangers),
            "own_beyond": sum(not nearer(method, score) for score in own),
            "strangers_within": sum(nearer(method, score) for score in strangers),
        }
        for name, value in rows.items():
            unit = "pairs" if isinstance(value, int) and "est" not in name else "score"
            yield {"name": f"documents_holder.{method}_{name}", "value": round(value, 3), "unit": unit}


def _score(method: Method, live: bytes, reference: bytes) -> float | None:
    """None where the picture is refused as too poor."""
    try:
        said = run(COMPARING[method], {}, [live, reference])
    except JobFailed:
        return None
    return said["distance"] if method is Method.FACE else said["score"]


def _faces() -> Iterator[tuple[bool, bytes, bytes]]:
    raw = {name: (DATA / path).read_bytes() for name, path in FACES.items()}
    for name, data in raw.items():
        with Image.open(io.BytesIO(data)) as opened:
            picture = opened.convert("RGB")
        for poorer in WAYS.values():
            live = _jpeg(poorer(picture))
            for other, reference in raw.items():
                yield other == name, live, reference


def _fingers() -> Iterator[tuple[bool, bytes, bytes]]:
    template = (DATA / TEMPLATE).read_bytes()
    for same, path in ((True, SAME), (False, OTHER)):
        with Image.open(DATA / path) as opened:
            picture = opened.convert("L")
        for poorer in PRINTS.values():
            live = io.BytesIO()
            poorer(picture).save(live, "PNG")
            yield same, live.getvalue(), template


def _jpeg(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=60)
    return made.getvalue()
