"""Barcodes of seals: written as modules for whoever prints them, and read from a picture.

DataMatrix (ISO/IEC 16022), Aztec (ISO/IEC 24778) and QR (ISO/IEC 18004), as Doc 9303-13, 2.1 allows. They hold bytes.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from jiwar.documents.confined import Job, JobFailed, run
from jiwar.documents.logic.image_head import ImageUnreadable, read_image_head
from jiwar.documents.logic.seal import MAX_BYTES
from jiwar.wire.faults import Fault, Refused

READING: Final = Job("jiwar.documents.jobs.barcode", seconds=20.0, memory=2_000_000_000)
MODULE_MM: Final = 5 / 300 * 25.4
"""The side of a module, five dots at 300 dpi: a telephone reads it from a worn printer too (tests/documents/paper.py).
The standard asks for four on an inkjet printer (Doc 9303-13, 2.1)."""
QUIET: Final = 4
"""Modules of white around it; DataMatrix asks for one, QR for four."""


class Symbology(StrEnum):
    AZTEC = "aztec"
    DATA_MATRIX = "data_matrix"
    QR = "qr"


_FORMATS = {
    Symbology.AZTEC: zxingcpp.BarcodeFormat.Aztec,
    Symbology.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Symbology.QR: zxingcpp.BarcodeFormat.QRCode,
}


@dataclass(frozen=True, slots=True)
class Barcode:
    symbology: Symbology
    data: bytes


def barcodes_of(picture: bytes) -> tuple[Barcode, ...]:
    """The barcodes in a JPEG, PNG, JPEG 2000 or WebP, whichever way it lies; () where there is none. Takes a process.

    Raises Refused at the field ``image``: codes of ImageUnreadable (a picture of 30,000 x 30,000 pixels is refused by
    its head, unread) and of JobFailed, or ``barcodes_too_many``.
    """
    try:
        read_image_head(picture)
        said = run(READING, {}, [picture])
    except (ImageUnreadable, JobFailed) as error:
        raise Refused(Fault(error.code, "image", error.detail)) from None
    return tuple(Barcode(Symbology(one["symbology"]), bytes.fromhex(one["data"])) for one in said["barcodes"])


def modules(data: bytes, symbology: Symbology = Symbology.DATA_MATRIX) -> NDArray[np.bool_]:
    """The barcode of `data`, True where ink stands, without quiet zone. A DataMatrix of few bytes may be no square.

    Raises Refused with ``barcode_too_long`` where the symbology cannot hold so much.
    """
    if not 0 < len(data) <= MAX_BYTES:
        raise Refused(Fault("barcode_too_long", "barcode", str(len(data))))
    try:
        made = zxingcpp.create_barcode(data, _FORMATS[symbology])
        drawn: Any = np.asarray(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))
    except (RuntimeError, ValueError):
        raise Refused(Fault("barcode_too_long", "barcode", str(len(data)))) from None
    return np.asarray(drawn < 128)


def side_mm(data: bytes, symbology: Symbology = Symbology.DATA_MATRIX, module_mm: float = MODULE_MM) -> float:
    """How long the longer side of the printed barcode is, with its quiet zone."""
    return (max(modules(data, symbology).shape) + 2 * QUIET) * module_mm
