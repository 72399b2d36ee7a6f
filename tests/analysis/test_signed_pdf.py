"""The signature in a PDF: it holds, and no byte of the file can change unseen."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from jiwar.analysis.logic.signed_pdf import BriefInvalid, sign, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
PDF = (
    b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n"
    b"trailer\n<< /Size 2 /Root 1 0 R >>\nstartxref\n45\n%%EOF\n"
)


def signed(pdf: bytes = PDF) -> bytes:
    return sign(pdf, node="LBY", brief="b", made_at=AT, content="c" * 64, key=KEY)


def test_a_signature_says_who_made_what_and_when() -> None:
    said = verify(signed(), KEY.public_key().public_bytes_raw())
    assert (said.node, said.brief, said.made_at, said.content) == ("LBY", "b", AT, "c" * 64)
    assert signed().startswith(PDF)
    assert verify(signed(signed())).sha256 != said.sha256  # a signature over a signed file covers it too


@given(st.integers(0, len(signed()) - 1), st.integers(1, 255))
def test_no_byte_can_change(place: int, change: int) -> None:
    data = bytearray(signed())
    data[place] ^= change
    with pytest.raises(BriefInvalid):
        verify(bytes(data), KEY.public_key().public_bytes_raw())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_pdf"),
        (PDF, "unsigned"),
        (signed() + b"\n", "changed"),
        (signed()[:-1], "changed"),
        (b"%PDF-1.7\n" + b" " * 20_000_000, "too_large"),
        (signed().replace(PDF, PDF.replace(b"Catalog", b"Katalog")), "changed"),
    ],
)
def test_what_proves_nothing_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(BriefInvalid) as refused:
        verify(data)
    assert refused.value.code == code


def test_another_key_is_refused() -> None:
    with pytest.raises(BriefInvalid) as refused:
        verify(signed(), bytes(32))
    assert refused.value.code == "key"
    with pytest.raises(BriefInvalid):
        sign(b"%PDF-1.7 no end", node="LBY", brief="b", made_at=AT, content="c", key=KEY)
