"""How many minutiae of a live print fit a template: runs in a process of its own (`jiwar.documents.confined`)."""

import io
from typing import Any

from jiwar.documents.confined import JobFailed
from jiwar.documents.jobs.picture import decoded
from jiwar.documents.logic.finger_template import MAGIC, SHORT_HEAD, FingerTemplate, read_template

FEWEST = 12
"""Minutiae of a live print; with fewer a comparison says nothing."""
LONGEST_SIDE = 1_500
"""Pixels; four fingers at 500 dots an inch."""


def work(_told: dict[str, Any], parts: list[bytes]) -> dict[str, Any]:
    """`{"score", "quality"}`: bozorth3 and NFIQ 2 of the live picture (500 dots an inch), template second."""
    picture = decoded(parts[0]).convert("L")
    if max(picture.size) > LONGEST_SIDE:
        raise JobFailed("image_too_large", f"{picture.width} x {picture.height}")
    import nbis

    told = nbis.NbisExtractorSettings(
        min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=True, ppi=None
    )
    extractor = nbis.new_nbis_extractor(told)
    plain = io.BytesIO()
    picture.save(plain, "PNG")  # the decoder of the extractor is asked nothing but this
    try:
        live = extractor.extract_minutiae(plain.getvalue())
    except nbis.NbisError:
        raise JobFailed("finger_too_poor", "live") from None
    if len(live.get()) < FEWEST:
        raise JobFailed("finger_too_poor", "live")
    template = extractor.load_iso_19794_2_2005(_short(read_template(parts[1])))
    return {"score": int(live.compare(template)), "quality": int(live.quality().score)}


def _short(template: FingerTemplate) -> bytes:
    """As this matcher writes templates: a record of the standard it reads as one without minutiae, unsaid."""
    sides = template.width.to_bytes(2, "big") + template.height.to_bytes(2, "big")
    length = SHORT_HEAD + len(template.minutiae)
    return MAGIC + length.to_bytes(4, "big") + b"\0\0" + sides + b"\0" * 7 + bytes([template.count]) + template.minutiae
