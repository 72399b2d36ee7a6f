"""The text of seals (ICAO Doc 9303-13, 2.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.c40 import C40Invalid, decode_c40, encode_c40, encoded_size

TEXT = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ", max_size=100)


@pytest.mark.parametrize(
    ("text", "data"),
    [("VISA01", "de515826"), ("XK<CD", "eb0466a9"), ("D<<", "6abc"), ("UTO", "d9c5"), ("D", "fe45"), ("5B", "3a99")],
)
def test_what_the_standard_writes_is_written_and_read(text: str, data: str) -> None:
    assert encode_c40(text).hex() == data
    assert decode_c40(bytes.fromhex(data)) == text.replace("<", " ")


@given(TEXT)
def test_every_text_comes_back(text: str) -> None:
    data = encode_c40(text)
    assert len(data) == encoded_size(len(text))
    assert decode_c40(data) == text


@given(st.binary(max_size=60))
def test_bytes_are_refused_or_written_as_they_were(data: bytes) -> None:
    try:
        text = decode_c40(data)
    except C40Invalid:
        return
    assert encode_c40(text) == data


@pytest.mark.parametrize("text", ["a", "É", "A-B", "٣", "A\n", "AB\x00"])
def test_a_character_that_it_has_not_is_refused(text: str) -> None:
    with pytest.raises(C40Invalid) as refused:
        encode_c40(text)
    assert refused.value.code == "invalid_character"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("00", "odd_length"),
        ("0000", "shifted"),
        ("ffff", "shifted"),
        ("3a991a62", "shifted"),  # two characters and a pad, and then more
        ("fe45fe45", "after_end"),
        ("fe00", "invalid_character"),
        ("fe2e", "invalid_character"),
    ],
)
def test_bytes_that_no_writer_makes_are_refused(data: str, code: str) -> None:
    with pytest.raises(C40Invalid) as refused:
        decode_c40(bytes.fromhex(data))
    assert refused.value.code == code
