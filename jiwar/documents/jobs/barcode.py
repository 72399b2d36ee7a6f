"""The barcodes in a picture: runs in a process of its own (`jiwar.documents.confined`).

A picture is looked at as it is, then smoothed (grain of sensor and paper), then twice as large (few pixels a module),
and the first look that finds something ends it. What stands in a barcode is bytes, never text.
"""

from collections.abc import Iterator
from typing import Any

from jiwar.documents.confined import JobFailed
from jiwar.documents.jobs.picture import decoded

MOST = 8
"""Barcodes of one picture; a page with more of them is no document."""
LARGEST = 12_000_000
"""Pixels that are looked at; a larger picture is made smaller. A4 at 300 dpi has nine million."""
SMALL = 3_000_000
"""Pixels up to which a picture is looked at twice as large too."""
SYMBOLOGIES = {"DataMatrix": "data_matrix", "Aztec": "aztec", "QRCode": "qr"}


def work(_told: dict[str, Any], parts: list[bytes]) -> dict[str, Any]:
    """`{"barcodes": [{"symbology", "data"}]}`, data in hexadecimal, in the order of the page."""
    return {"barcodes": found_in(decoded(parts[0]).convert("L"))}


def found_in(picture: Any) -> list[dict[str, str]]:
    """The barcodes of a Pillow picture in grey, each once."""
    import zxingcpp

    wanted = zxingcpp.BarcodeFormats(tuple(getattr(zxingcpp.BarcodeFormat, name) for name in SYMBOLOGIES))
    for look in _looks(picture):
        codes = {(str(code.format).replace(" ", ""), code.bytes) for code in zxingcpp.read_barcodes(look, wanted)}
        known = sorted((SYMBOLOGIES[name], data.hex()) for name, data in codes if name in SYMBOLOGIES and data)
        if len(known) > MOST:
            raise JobFailed("barcodes_too_many", str(len(known)))
        if known:
            return [{"symbology": symbology, "data": data} for symbology, data in known]
    return []


def _looks(picture: Any) -> Iterator[Any]:
    import numpy as np
    from PIL import Image, ImageFilter

    if picture.width * picture.height > LARGEST:
        scale = (LARGEST / (picture.width * picture.height)) ** 0.5
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BOX)
    yield np.asarray(picture)
    yield np.asarray(picture.filter(ImageFilter.MedianFilter(3)))
    if picture.width * picture.height <= SMALL:
        twice = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC)
        yield np.asarray(twice.filter(ImageFilter.UnsharpMask(6, 200, 0)))
    else:
        yield np.asarray(picture.filter(ImageFilter.UnsharpMask(3, 200, 0)))
