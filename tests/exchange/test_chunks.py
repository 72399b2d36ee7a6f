"""Sealed chunks, names of files, and what a file is by its first bytes."""

import hashlib
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from jiwar.exchange.logic.chunks import (
    CHUNK,
    LARGEST,
    LONGEST_NAME,
    MEDIA_TYPES,
    MOST,
    ChunkInvalid,
    blob_of,
    clean_name,
    count_of,
    hash_of,
    media_type,
    seal,
    unseal,
)

KEY = bytes(range(32))


@given(st.binary(max_size=5000), st.integers(0, MOST - 1), st.booleans())
def test_what_is_sealed_opens_at_its_own_place_alone(plain: bytes, number: int, last: bool) -> None:
    sealed = seal(KEY, number, plain, last=last)
    assert unseal(KEY, number, sealed, last=last) == plain
    assert len(sealed) == len(plain) + 16
    for key, place, end in ((KEY, number + 1, last), (KEY, number, not last), (bytes(32), number, last)):
        with pytest.raises(ChunkInvalid):
            unseal(key, place, sealed, last=end)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_flipped_bit_anywhere_is_refused(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, 3, plain, last=True))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ChunkInvalid):
        unseal(KEY, 3, bytes(sealed), last=True)


def test_a_chunk_is_sealed_as_the_protocol_says() -> None:
    # An independent reading of docs/protocol.md, by the primitive alone.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = seal(KEY, 258, b"page", last=True)
    nonce = b"\0" * 10 + b"\x01\x02"
    assert AESGCM(KEY).decrypt(nonce, sealed, b"jiwar-attachment/1\n\x00\x00\x01\x02last") == b"page"
    hashes = [hash_of(sealed), hash_of(b"x")]
    assert hashes[0] == hashlib.sha256(sealed).hexdigest()
    assert blob_of(hashes) == hashlib.sha256(b"jiwar-attachment/1\n" + bytes.fromhex("".join(hashes))).hexdigest()


@pytest.mark.parametrize(
    ("size", "count"), [(1, 1), (CHUNK - 1, 1), (CHUNK, 1), (CHUNK + 1, 2), (2 * CHUNK, 2), (LARGEST, MOST)]
)
def test_chunks_of_a_size(size: int, count: int) -> None:
    assert count_of(size) == count


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\amal\\محضر التحقيق.pdf", "محضر التحقيق.pdf"),
        ("photo\u202egpj.exe", "photogpj.exe"),  # U+202E would show photoexe.jpg
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie_ x.pdf"),
        ("a\0b\x1b[31m.txt", "ab[31m.txt"),
        ('re: "warrant" <1>?.docx', "re_ _warrant_ _1__.docx"),
        ("...hidden", "hidden"),
        ("name. ", "name"),
        ("", "file"),
        ("///", "file"),
        ("\u200b\u200d", "file"),
        ("e\u0301tat.txt", "\u00e9tat.txt"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
        ("." + "y" * 300, "y" * LONGEST_NAME),
    ],
)
def test_a_name_is_made_safe_to_show_and_to_save(given_: str, kept: str) -> None:
    assert clean_name(given_) == kept


@given(st.text(max_size=400))
@example("a/.")
@example(". .")
@example("\u00a0x.\u2028")
def test_a_clean_name_is_clean_and_stays_so(name: str) -> None:
    assume(not any("\ud800" <= c <= "\udfff" for c in name))
    clean = clean_name(name)
    assert clean == clean_name(clean)
    assert 0 < len(clean) <= LONGEST_NAME
    assert not set(clean) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(c)[0] == "C" for c in clean)
    assert clean == clean.strip(". ")


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("head", "said", "is_"),
    [
        (b"%PDF-1.7\n", "image/png", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0", "", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "text/html", "image/jpeg"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "", "audio/wav"),
        (b"RIFF\x24\0\0\0AVI LIST", "", "application/octet-stream"),
        (b"\0\0\0\x18ftypmp42", "", "video/mp4"),
        (b"PK\x03\x04\x14\0", "", "application/zip"),
        (b"PK\x03\x04\x14\0", DOCX, DOCX),
        (b"PK\x03\x04\x14\0", "text/html", "application/zip"),
        (b"MZ\x90\0\x03", DOCX, "application/octet-stream"),
        (b"MZ\x90\0\x03", "application/pdf", "application/octet-stream"),
        # A page is text here, and text runs nowhere.
        (b"<!doctype html><script>alert(1)</script>", "text/html", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml", "text/plain"),
        ("اسم;name\r\n".encode(), "text/csv", "text/plain"),
        ("é".encode()[:1], "", "text/plain"),  # cut in the midst of a character
        (b"\xe9t\xe9 in Latin-1", "text/plain", "application/octet-stream"),
        (b"text with \0 inside", "text/plain", "application/octet-stream"),
        (b" %PDF-1.7", "application/pdf", "text/plain"),
    ],
)
def test_a_file_is_what_its_first_bytes_say(head: bytes, said: str, is_: str) -> None:
    assert media_type(head, said) == is_


@given(st.binary(max_size=100), st.text(max_size=30))
def test_whatever_is_said_the_list_is_fixed(head: bytes, said: str) -> None:
    assert media_type(head, said) in MEDIA_TYPES
    assert not {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"} & set(MEDIA_TYPES)
