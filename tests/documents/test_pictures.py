"""Pictures of documents read by the real reader, in its own process."""

from datetime import date

import pytest

from jiwar.documents import pictures
from jiwar.documents.confined import Job
from jiwar.wire.faults import Refused
from tests.documents import specimens
from tests.documents.test_image_head import drawn, jpeg_of, png_of

AT = date(2026, 11, 26)
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
need_reader = pytest.mark.skipif(pictures.READING.missing, reason="the extra `ocr` is not installed")


def refusal(picture: bytes) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        pictures.zone_of(picture, AT)
    [fault] = refused.value.faults
    assert fault.field == "image"
    return fault.code, fault.detail


@need_reader
@specimens.need_ocr_b
@pytest.mark.parametrize(("zone", "condition", "seed"), [(TD3, "telephone", 3), (TD1, "turned", 1)])
def test_a_document_is_read_whichever_way_it_lies(zone: str, condition: str, seed: int) -> None:
    """By telephone at an angle and on its side; a card upside down."""
    found = pictures.zone_of(specimens.taken(specimens.page(zone, seed), condition, seed), AT)
    assert found.text == zone
    assert found.zone.failed == ()
    # The reader takes the O of UTO for a zero: no digit can stand there, and the change is shown.
    assert {(change.found, change.put) for change in found.changes} <= {("0", "O")}


@need_reader
def test_a_picture_without_a_zone_is_said_to_hold_none() -> None:
    assert refusal(drawn("JPEG", (400, 300))) == ("picture_no_zone", "")


@need_reader
def test_an_image_that_breaks_off_is_damaged() -> None:
    whole = drawn("PNG", (400, 300))
    assert refusal(whole[: len(whole) // 2])[0] == "image_broken"


@pytest.mark.parametrize("bomb", [png_of, jpeg_of])
def test_a_bomb_is_refused_before_a_process_starts(bomb: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "READING", Job("tests.documents.apart", 1, 1, ("a_module_that_nobody_has",)))
    assert refusal(bomb(30_000, 30_000)) == ("image_too_large", "30000 x 30000")  # type: ignore[operator]
    assert refusal(b"GIF89a") == ("image_format", "")


def test_a_node_without_the_reader_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job("tests.documents.apart", 1, 1, ("a_module_that_nobody_has",), "ocr")
    monkeypatch.setattr(pictures, "READING", job)
    assert refusal(drawn("JPEG")) == ("extra_missing", "ocr")
