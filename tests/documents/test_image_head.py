"""How large an image says it is: against a decoder, on real images, and on heads that lie."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jiwar.documents.logic.image_head import MAX_BYTES, ImageFormat, ImageHead, ImageUnreadable, read_image_head

KINDS = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True, "comment": b"x" * 300}),
    ("PNG", {}),
    ("JPEG2000", {}),
    ("JPEG2000", {"no_jp2": True}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
    ("WEBP", {"exif": b"Exif\0\0" + b"\0" * 20}),
]
OF = {
    "JPEG": ImageFormat.JPEG,
    "PNG": ImageFormat.PNG,
    "JPEG2000": ImageFormat.JPEG_2000,
    "WEBP": ImageFormat.WEBP,
}


def drawn(kind: str, size: tuple[int, int] = (37, 21), **how: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "navy").save(made, kind, **how)
    return made.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG of some bytes that says it is so large: what a decoder would take all memory for."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + body + struct.pack(">I", zlib.crc32(b"IHDR" + body))


def jpeg_of(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"


def told(data: bytes) -> ImageHead | str:
    try:
        return read_image_head(data)
    except ImageUnreadable as refused:
        return refused.code


@pytest.mark.parametrize(("kind", "how"), KINDS)
def test_the_head_says_what_the_decoder_finds(kind: str, how: dict) -> None:
    assert read_image_head(drawn(kind, **how)) == ImageHead(OF[kind], 37, 21)


@given(st.sampled_from(KINDS), st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=25, deadline=None)
def test_any_size_is_read(kind: tuple[str, dict], width: int, height: int) -> None:
    head = read_image_head(drawn(kind[0], (width, height), **kind[1]))
    assert (head.width, head.height) == (width, height)


@pytest.mark.parametrize("bomb", [png_of, jpeg_of])
def test_thirty_thousand_by_thirty_thousand_is_refused_unread(bomb: object) -> None:
    with pytest.raises(ImageUnreadable) as refused:
        read_image_head(bomb(30_000, 30_000))  # type: ignore[operator]
    assert refused.value.code == "image_too_large"
    assert refused.value.detail == "30000 x 30000"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_empty"),
        (b"\xff\xd8" + b"\0" * MAX_BYTES, "image_too_long"),
        (b"GIF89a" + b"\0" * 40, "image_format"),
        (b"RIFF\0\0\0\0WAVEfmt ", "image_format"),
        (b"\xff\xd8\xff\xe0\0\0" + b"\0" * 40, "image_broken"),
        (b"\xff\xd8\xff\xda\0\x08" + b"\0" * 40, "image_broken"),
        (b"\xff\xd8" + b"\xff\xe0\0\x02" * 3000, "image_broken"),
        (b"\xff\xd8" + b"\xff" * 5000, "image_broken"),
        (png_of(0, 10), "image_broken"),
        (png_of(60_000, 2), "image_too_large"),
        (jpeg_of(65_000, 0), "image_broken"),
        (drawn("JPEG2000")[:40], "image_broken"),
    ],
)
def test_what_is_no_image_that_can_be_taken_is_named(data: bytes, code: str) -> None:
    with pytest.raises(ImageUnreadable) as refused:
        read_image_head(data)
    assert refused.value.code == code


@pytest.mark.parametrize(("kind", "how"), KINDS)
def test_a_head_that_ends_early_is_broken(kind: str, how: dict) -> None:
    whole = drawn(kind, **how)
    for length in range(1, 60):
        assert told(whole[:length]) in (ImageHead(OF[kind], 37, 21), "image_broken", "image_format")


def test_the_images_of_real_documents_have_the_size_of_their_codestream(shared_data: Path) -> None:
    """The face of the BSI's specimen: 413 x 531, where the record around it says 337 x 449."""
    folder = shared_data / "documents"
    face = read_image_head((folder / "bsi_tr03105_5" / "Datagroup2_face.img").read_bytes())
    assert (face.width, face.height) == (413, 531)
    for name in ("face_image_gen.jp2", "face_image_gen_female.jp2"):
        with Image.open(folder / "vds" / name) as decoded:
            head = read_image_head((folder / "vds" / name).read_bytes())
            assert (head.format, head.width, head.height) == (ImageFormat.JPEG_2000, *decoded.size)
