"""checkpoint: a fixed key's known answer, Go's published key, and every changed byte."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import example, given
from hypothesis import strategies as st

from jiwar.audit.logic.checkpoint import (
    MAX_CHARACTERS,
    Checkpoint,
    CheckpointInvalid,
    key_id,
    open_checkpoint,
    sign_checkpoint,
)
from jiwar.audit.logic.notes import MAX_SIGNATURES

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOT = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
TEXT = "jiwar/LBY\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\nat 2026-11-23T12:00:00.000000Z\n"
SIGNATURE = "— jiwar/LBY yk06e1xIFev7ml6JRo8IK4uxd+WeQv35Zal/hgVB8xLiemmKiR7X1T6gMj4rVfo7xzgaBukt3w8/liZbOUjHPfGqPwQ=\n"
NOTE = f"{TEXT}\n{SIGNATURE}"


def code_of(text: str, key: Ed25519PublicKey = PUBLIC, origin: str = "jiwar/LBY") -> str:
    with pytest.raises(CheckpointInvalid) as caught:
        open_checkpoint(text, key, origin)
    return caught.value.code


def signed(text: str, key: Ed25519PrivateKey = KEY, name: str = "jiwar/LBY") -> str:
    """`text` as a note with a good signature, whatever it says."""
    return f"{text}\n{signature_line(text, key, name)}"


def signature_line(text: str, key: Ed25519PrivateKey, name: str) -> str:
    blob = key_id(name, key.public_key()) + key.sign(text.encode())
    return f"— {name} {base64.b64encode(blob).decode()}\n"


def test_known_answer():
    assert sign_checkpoint("jiwar/LBY", 8, ROOT, AT, KEY) == NOTE
    assert open_checkpoint(NOTE, PUBLIC, "jiwar/LBY") == Checkpoint("jiwar/LBY", 8, ROOT, AT)


def test_key_id_of_the_key_in_go_s_note_package():
    """golang.org/x/mod/sumdb/note: PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW."""
    typed_key = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert typed_key[0] == 1
    assert key_id("PeterNeumann", Ed25519PublicKey.from_public_bytes(typed_key[1:])).hex() == "c74f20a3"


@given(
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.sampled_from(["header x", "ليبيا", "size 5", "—"]), max_size=3),
)
def test_what_is_signed_opens(size, root, at, extensions):
    note = sign_checkpoint("jiwar/NER-MADAMA", size, root, at, KEY, extensions=extensions)
    opened = open_checkpoint(note, PUBLIC, "jiwar/NER-MADAMA")
    assert opened == Checkpoint("jiwar/NER-MADAMA", size, root, at, tuple(extensions))


def test_the_instant_is_written_in_utc():
    at = AT.astimezone(timezone(timedelta(hours=2)))
    assert sign_checkpoint("jiwar/LBY", 8, ROOT, at, KEY) == NOTE


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(position, mask):
    data = bytearray(NOTE.encode())
    data[position] ^= mask
    code_of(data.decode("utf-8", "surrogateescape"))


def test_the_signature_s_spare_bits_are_not_free():
    """The last character before the padding carries two bits that decode to nothing."""
    assert NOTE.endswith("PwQ=\n")
    assert code_of(NOTE.replace("PwQ=\n", "PwR=\n")) == "signature_line"


@given(st.text(max_size=200))
@example("")
@example("\n\n")
@example("\n\n\n")
@example("a\n\n— a b\n")
def test_arbitrary_text_raises_nothing_else(text):
    code_of(text)
    code_of(f"{TEXT}\n{text}")


def test_other_keys_and_names_are_unsigned():
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert code_of(NOTE, other.public_key()) == "unsigned"
    assert code_of(NOTE, origin="jiwar/NER") == "unsigned"
    assert code_of(NOTE.replace(SIGNATURE, signature_line(TEXT, other, "jiwar/LBY"))) == "unsigned"


def test_a_signature_for_another_text_does_not_hold():
    assert code_of(NOTE.replace("\n8\n", "\n9\n")) == "signature"


def test_a_note_of_another_origin_by_the_same_key_is_refused():
    assert code_of(signed(TEXT.replace("jiwar/LBY", "jiwar/NER"))) == "origin"


def test_witnesses_are_named_and_passed_over():
    witness = Ed25519PrivateKey.from_private_bytes(bytes(32))
    note = NOTE + signature_line(TEXT, witness, "jiwar/NER")
    assert open_checkpoint(note, PUBLIC, "jiwar/LBY").cosigners == ("jiwar/NER",)
    assert code_of(NOTE + SIGNATURE * MAX_SIGNATURES) == "signature_line"
    assert code_of(NOTE + SIGNATURE) == "signature_line"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TEXT.replace("\n8\n", "\n08\n"), "size"),
        (TEXT.replace("\n8\n", "\n-8\n"), "size"),
        (TEXT.replace("\n8\n", "\n٨\n"), "size"),
        (TEXT.replace("\n8\n", "\n9999999999999999999\n"), "size"),
        (TEXT.replace("Qyg=", "Qyh="), "root"),  # spare bits
        (TEXT.replace("Qyg=", "Qw=="), "root"),
        (TEXT.replace("at 2026", "on 2026"), "at"),
        (TEXT.replace(".000000Z", "Z"), "at"),
        (TEXT.replace(".000000Z", ".000000+00:00"), "at"),
        (TEXT.replace("11-23", "13-23"), "at"),
        (TEXT + "at 2026-11-23T12:00:00.000000Z\n", "at"),
        (TEXT.replace("at 2026-11-23T12:00:00.000000Z\n", ""), "at"),
        (TEXT.replace("at 2026", "\nat 2026"), "extension"),
        ("jiwar/LBY\n8\n", "form"),
        (TEXT.replace("LBY\n", "LBY\r\n"), "characters"),
        (TEXT + "tab\there\n", "characters"),
        (TEXT + "x" * MAX_CHARACTERS + "\n", "too_long"),
        (TEXT[:-1] + "\n\n" + TEXT, "origin"),
    ],
)
def test_well_signed_nonsense_is_refused(text, code):
    if code == "origin":
        text = text.replace("jiwar/LBY", "jiwar/TUN", 1)
    assert code_of(signed(text)) == code


def test_form():
    assert code_of(NOTE[:-1]) == "form"
    assert code_of(TEXT) == "form"
    assert code_of(NOTE + "\n") == "form"
    assert code_of(NOTE.replace("— jiwar", "- jiwar")) == "signature_line"
    assert code_of(NOTE.replace("— jiwar/LBY ", "— jiwar/LBY  ")) == "signature_line"
    assert code_of(NOTE + "— a+b yk06e1xIFev7\n") == "signature_line"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"origin": "jiwar LBY"}, "origin"),
        ({"origin": "jiwar+LBY"}, "origin"),
        ({"origin": ""}, "origin"),
        ({"size": -1}, "size"),
        ({"size": 2**63}, "size"),
        ({"root": ROOT[:31]}, "root"),
        ({"at": datetime(2026, 11, 23)}, "naive"),
        ({"extensions": [""]}, "extension"),
        ({"extensions": ["a\nb"]}, "extension"),
        ({"extensions": ["at noon"]}, "extension"),
        ({"extensions": ["x" * MAX_CHARACTERS]}, "characters"),
    ],
)
def test_what_cannot_be_signed(change, field):
    parts = {"origin": "jiwar/LBY", "size": 8, "root": ROOT, "at": AT, "private_key": KEY} | change
    with pytest.raises(ValueError, match=field):
        sign_checkpoint(**parts)
