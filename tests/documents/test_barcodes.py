"""Barcodes of seals: what is written is read, from paper too; what is no picture is refused unread."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from jiwar.documents.barcodes import QUIET, Barcode, Symbology, barcodes_of, modules, side_mm
from jiwar.documents.jobs.barcode import found_in
from jiwar.wire.faults import Refused
from tests.documents.paper import Shot, photographed, printed
from tests.documents.seals import NOMAD, niger


def picture(data: bytes, symbology: Symbology = Symbology.DATA_MATRIX, dots: int = 4) -> Image.Image:
    ink = np.pad(modules(data, symbology), QUIET)
    return Image.fromarray(np.kron(np.where(ink, 0, 255).astype(np.uint8), np.ones((dots, dots), dtype=np.uint8)))


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("symbology", Symbology)
@pytest.mark.parametrize("data", [b"\0", b"\xdc\x03" + bytes(range(256)), bytes(255) + b"\xff" * 300, b"12345678"])
def test_bytes_come_back_as_they_were(data: bytes, symbology: Symbology) -> None:
    assert found_in(picture(data, symbology)) == [{"symbology": symbology.value, "data": data.hex()}]


def test_a_picture_is_read_in_a_process_of_its_own() -> None:
    raw = niger().permit()
    page = Image.new("L", (1_400, 800), 255)
    page.paste(picture(raw), (40, 40))
    page.paste(picture(b"another", Symbology.QR), (900, 60))
    assert barcodes_of(png(page)) == (Barcode(Symbology.DATA_MATRIX, raw), Barcode(Symbology.QR, b"another"))


@pytest.mark.parametrize(
    "shot",
    [
        Shot(scale=13.6),  # the whole of an A4 page in the picture
        Shot(scale=13.6, degrees=200, blur=0.12),
        Shot(scale=20, degrees=33, tilt=0.08, blur=0.12),
        Shot(scale=20, degrees=90, tilt=0.1, shade=0.5, noise=12, quality=50),
        Shot(scale=24, degrees=-7, blur=0.12),
    ],
    ids=str,
)
def test_a_nomad_with_a_family_of_eight_is_read_from_a_photograph_of_paper(shot: Shot) -> None:
    raw = niger().permit()
    ink = modules(raw)
    assert len(NOMAD["family"]) == 8
    assert ink.shape == (80, 80)
    assert side_mm(raw) < 38
    page = printed(np.where(ink, 0, 255).astype(np.uint8), dots=5)
    photograph = Image.open(io.BytesIO(photographed(page, shot)))
    assert {"symbology": "data_matrix", "data": raw.hex()} in found_in(photograph)


def test_a_photograph_of_a_changed_module_is_mended_and_of_a_torn_off_half_is_not() -> None:
    raw = niger().permit()
    ink = modules(raw).copy()
    ink[20:28, 20:28] = ~ink[20:28, 20:28]  # a stain
    page = np.kron(np.pad(np.where(ink, 0, 255).astype(np.uint8), 4, constant_values=255), np.ones((4, 4), np.uint8))
    assert found_in(Image.fromarray(page)) == [{"symbology": "data_matrix", "data": raw.hex()}]
    page[:, page.shape[1] // 2 :] = 255
    assert found_in(Image.fromarray(page)) == []


def test_a_picture_of_nothing_has_no_barcode() -> None:
    assert barcodes_of(png(Image.new("L", (300, 200), 255))) == ()


def _png_head(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_empty"),
        (b"GIF89a" + bytes(50), "image_format"),
        (_png_head(30_000, 30_000), "image_too_large"),
        (bytes(25_000_001), "image_too_long"),
        (_png_head(100, 100) + bytes(100), "image_broken"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        barcodes_of(data)
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [(code, "image")]


@pytest.mark.parametrize(("symbology", "size"), [("data_matrix", 1_560), ("aztec", 1_920), ("qr", 2_960), ("qr", 0)])
def test_more_than_a_symbology_holds_is_refused(symbology: str, size: int) -> None:
    with pytest.raises(Refused, match="barcode_too_long"):
        modules(b"\xff" * size, Symbology(symbology))
