"""Templates of minutiae: the standard's record, the matcher's, and lengths that lie."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.finger_template import MAGIC, MAX_BYTES, FingerTemplate, TemplateUnreadable, read_template

MINUTIAE = st.binary(min_size=6, max_size=255 * 6).map(lambda data: data[: len(data) // 6 * 6])


def template(minutiae: bytes, views: int = 1, extra: bytes = b"") -> bytes:
    """The standard's record: head of 24 bytes, then views of 4 bytes, minutiae and what a vendor adds."""
    view = bytes([2, 0, 80, len(minutiae) // 6]) + minutiae + len(extra).to_bytes(2, "big") + extra
    body = b"\0\0" + (300).to_bytes(2, "big") + (400).to_bytes(2, "big") + b"\0\xc5\0\xc5" + bytes([views, 0])
    return MAGIC + (24 + len(view) * views).to_bytes(4, "big") + body + view * views


def code_of(data: bytes) -> str:
    with pytest.raises(TemplateUnreadable) as refused:
        read_template(data)
    return refused.value.code


@given(MINUTIAE, st.binary(max_size=40))
def test_a_record_of_the_standard_gives_its_minutiae(minutiae: bytes, extra: bytes) -> None:
    found = read_template(template(minutiae, extra=extra))
    assert found == FingerTemplate(300, 400, minutiae)
    assert found.count == len(minutiae) // 6


@given(st.integers(8, 99))
def test_a_template_that_ends_early_is_broken(length: int) -> None:
    assert code_of(template(b"\x40\x10\0\x20\x30\x50" * 12)[:length]) == "template_broken"


@given(st.binary(max_size=300))
def test_any_bytes_after_the_name_are_read_or_refused(rest: bytes) -> None:
    data = MAGIC + (12 + len(rest)).to_bytes(4, "big") + rest
    try:
        found = read_template(data)
    except TemplateUnreadable as refused:
        assert refused.code.startswith("template_")  # noqa: PT017
    else:
        assert data.endswith(found.minutiae) or found.minutiae in data


def test_lengths_that_lie_are_broken() -> None:
    whole = bytearray(template(b"\x40\x10\0\x20\x30\x50" * 3))
    whole[27] = 4  # one minutia more than there is room for
    assert code_of(bytes(whole)) == "template_broken"
    assert code_of(bytes(template(b"\0" * 6)) + b"\0") == "template_broken"


def test_what_is_no_template_of_one_finger_is_named() -> None:
    assert code_of(b"") == code_of(b"\x89PNG\r\n\x1a\n") == "template_format"
    assert code_of(template(b"\0" * 6, views=2)) == "template_several"
    assert code_of(template(b"")) == "template_empty"
    assert code_of(MAGIC + b"\0" * MAX_BYTES) == "template_too_long"


def test_the_template_beside_the_bsi_s_specimen_is_read(shared_data: Path) -> None:
    data = (shared_data / "documents" / "bsi_tr03105_5" / "finger_pos2.iso19794-2").read_bytes()
    found = read_template(data)
    assert (found.width, found.height, found.count) == (620, 620, 75)
    assert found == FingerTemplate(620, 620, data[26:])
