"""Reading seals (ICAO Doc 9303-13; BSI TR-03137): real ones, our own, and what is none."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.seal import MAX_BYTES, SealUnreadable, read_seal
from jiwar.documents.logic.seal_profiles import profile_of, read_content
from jiwar.documents.seal_catalogue import profiles
from tests.documents.seals import samples

# A visa of version 4 and a social insurance card of version 3, as printed in the samples of a seal reader.
VISA = bytes.fromhex(
    "dc03d9c56d32c8a72cb10f71347d00175d01022cdd52134a74da1347c6fed95cb89f9fce133c133c133c133c203833734aaf47f0c32f1a1e20"
    "eb2625393afe310403a00000050633be1fed20c6ff389fd029c66fb2e4bf361cdbffd8f5931b6259f645b077702c617f453d0b898a55e6e787"
    "0974ffe7b3ac416acde6b03b3c3a8cb5a22b456816"
)
CARD = bytes.fromhex(
    "dc02d9c56d32c8a519fc0f71346f1d67fc0401083fee456d2de019a8020b506572736368776569c39f03054f7363617204134ac3a2636f62c3"
    "a96e69646963747572697573ff401dce81e863b01cffe5b099a5bbfca60730ec9e090a1c82fa00580eb592a9fc921d5f02ce8d1ec4e3aa3cb4"
    "cea3afef1c382b44ed8da7105372fc1d2e8d91a393"
)
HEADER_SIZE = 18  # of the visa, up to its first message


def test_a_visa_of_version_4() -> None:
    seal = read_seal(VISA)
    assert (seal.header.version, seal.header.country) == (4, "UTO")
    assert (seal.header.signer, seal.header.certificate) == ("DETS", "32")
    assert (seal.header.issued, seal.header.signed) == (date(2020, 1, 1), date(2023, 8, 19))
    profile = profile_of(profiles(), seal.header.profile)
    assert profile is not None
    assert profile.name == "visa"
    content = read_content(seal, profile)
    assert content.values == {
        "mrz_b": "VCD<<DENT<<ARTHUR<PHILIP<<<<<<<<<<<<1234567XY7GBR5203116M2005250",
        "stay": {"days": 160, "months": 0, "years": 0},
        "passport_number": "47110815P",
    }
    assert content.unknown == ()
    assert seal.signed + b"\xff\x38" + seal.signature == VISA


def test_a_card_of_version_3() -> None:
    seal = read_seal(CARD)
    assert (seal.header.version, seal.header.signer, seal.header.certificate) == (3, "DETS", "00027")
    content = read_content(seal, profiles()["social_insurance_card"])
    assert content.values == {
        "insurance_number": "65170839J003",
        "surname": "Perschweiß",
        "first_name": "Oscar",
        "birth_name": "Jâcobénidicturius",
    }


def test_every_real_sample_is_read_but_one(shared_data: Path) -> None:
    refused = {}
    for sample in samples(shared_data).values():
        try:
            seal = read_seal(sample.raw)
        except SealUnreadable as unreadable:
            refused[sample.name] = (unreadable.code, unreadable.field)
            continue
        profile = profile_of(profiles(), seal.header.profile)
        assert profile is not None, sample.name
        assert read_content(seal, profile).unknown == (), sample.name
    # Its header says version 4 and its one long message has a length of version 3 (0x80), which DER does not allow.
    assert refused == {"utoVisa": ("bad_length", "message 03")}


def _with(seal: bytes, at: int, *put: int) -> bytes:
    return seal[:at] + bytes(put) + seal[at + len(put) :]


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (b"", "cut_short", "magic"),
        (b"\xdc", "cut_short", "version"),
        (_with(VISA, 0, 0xDD), "not_a_seal", "magic"),
        (_with(VISA, 1, 4), "unknown_version", "version"),
        (_with(VISA, 2, 0xFF, 0xFF), "not_c40", "country"),
        (_with(VISA, 2, 0x13, 0x3C), "not_c40", "country"),
        (_with(VISA, 6, 0xD9, 0xC5), "bad_reference", "certificate"),  # the length of the reference is no number
        (_with(VISA, 10, 0, 0, 0), "impossible_date", "issued"),
        (_with(VISA, 13, 0xFF, 0xFF, 0xFF), "impossible_date", "signed"),
        (_with(VISA, HEADER_SIZE + 1, 0x80), "bad_length", "message 02"),
        (_with(VISA, HEADER_SIZE + 1, 0x81, 0x10), "bad_length", "message 02"),
        (_with(VISA, HEADER_SIZE + 1, 0x84, 0xFF, 0xFF, 0xFF, 0xFF), "bad_length", "message 02"),
        (_with(VISA, HEADER_SIZE + 1, 0x82, 0x7F, 0xFF), "cut_short", "message 02"),
        (_with(VISA, HEADER_SIZE + 46, 0x02), "repeated", "message 02"),
        (VISA[:-58], "unsigned", "signature"),
        (VISA[:-1], "unsigned", "signature"),
        (VISA[:-57] + b"\x01\x00", "bad_signature", "signature"),
        (VISA + b"\0", "after_end", "seal"),
        (bytes(MAX_BYTES + 1), "too_long", "seal"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_seal_is_refused_with_the_place(raw: bytes, code: str, field: str) -> None:
    with pytest.raises(SealUnreadable) as refused:
        read_seal(raw)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_more_messages_than_any_profile_has_are_refused() -> None:
    many = b"".join(bytes([tag, 0]) for tag in range(65))
    with pytest.raises(SealUnreadable, match="too_many"):
        read_seal(VISA[:HEADER_SIZE] + many + VISA[-58:])


@given(st.binary(max_size=200))
def test_any_bytes_after_a_good_head_are_read_or_refused(tail: bytes) -> None:
    try:
        seal = read_seal(VISA[:HEADER_SIZE] + tail)
    except SealUnreadable:
        return
    assert seal.signed.startswith(VISA[:HEADER_SIZE])


@pytest.mark.parametrize(
    ("messages", "code", "field"),
    [
        ({5: b"\x33\xbe\x1f\xed\x20\xc6", 4: b"\xa0\0\0"}, "missing", "mrz_a"),
        (
            {1: b"\x13\x3c" * 24, 2: b"\x13\x3c" * 22, 5: b"\x33\xbe\x1f\xed\x20\xc6", 4: b"\xa0\0\0"},
            "missing",
            "mrz_a",
        ),
        ({2: b"\x13\x3c" * 22, 4: b"\xa0\0\0"}, "missing", "passport_number"),
        ({2: b"\x13\x3c" * 22, 4: b"\xa0\0\0", 5: b"\x33\xbe"}, "bad_value", "passport_number"),
        ({2: b"\xff\xff" * 22, 4: b"\xa0\0\0", 5: b"\x33\xbe\x1f\xed\x20\xc6"}, "bad_value", "mrz_b"),
    ],
)
def test_a_message_that_its_profile_does_not_allow_is_refused(
    messages: dict[int, bytes], code: str, field: str
) -> None:
    body = b"".join(bytes([tag, len(data)]) + data for tag, data in messages.items())
    seal = read_seal(VISA[:HEADER_SIZE] + body + VISA[-58:])
    with pytest.raises(SealUnreadable) as refused:
        read_content(seal, profiles()["visa"])
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_message_that_a_profile_does_not_know_is_counted_and_kept_out() -> None:
    seal = read_seal(VISA[:-58] + b"\x63\x01A" + VISA[-58:])
    content = read_content(seal, profiles()["visa"])
    assert content.unknown == (0x63,)
    assert set(content.values) == {"mrz_b", "stay", "passport_number"}
