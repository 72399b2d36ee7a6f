"""Seals in the ICAO Datastructure for Barcode: a real one, and what is made of it."""

import base64
import datetime as dt
import zlib
from pathlib import Path

import pytest

from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.logic.report import Check, Result
from jiwar.documents.logic.seal import SealUnreadable
from jiwar.documents.logic.seal_checking import check_seal
from jiwar.documents.logic.seal_icb import read_icb
from jiwar.documents.logic.trust import Trust
from jiwar.documents.seal_catalogue import profiles
from tests.documents.seals import NOW

# A certificate of permanent residence, as a public reader of such barcodes has it among its samples.
RESIDENCE = (
    b"RDB1BNK6ADJL2PECXOABAHIMWCFMCAYQDQM3TI2XIGCCZ5EQDQM3TNUSIMAIQP5AIZJ6II7FQTQ2UNWUMTMXIXETVCSSXKBK7RFWGXX3JBLHXTPV"
    b"26M2GBN42UWTEQB45P4C4X7JK5WI2VQW5IBV3YNDPHELTYIU54PQ4P4"
)
UNSIGNED = b"RDB1ANK6GCEQFCCYLDMVTWS23NN5YXG5LXPF5X27Q"


def unpacked(text: bytes) -> bytes:
    return base64.b32decode(text[5:] + b"=" * (-len(text[5:]) % 8))


def packed(data: bytes, letter: bytes = b"B") -> bytes:
    return b"RDB1" + letter + base64.b32encode(data).rstrip(b"=")


def check(raw: bytes, trust: Trust, printed: str = "", at: dt.datetime = NOW) -> Check:
    return check_seal(raw, trust, at, profiles(), printed=printed)


def fails(found: Check) -> dict[str, str]:
    leaves = [leaf for leaf in found.walk() if not leaf.children]
    return {leaf.id: f"{leaf.result} {leaf.code}" for leaf in leaves if leaf.result is not Result.SUCCESSFUL}


@pytest.fixture
def trust(shared_data: Path) -> Trust:
    certificate = (shared_data / "documents" / "vds" / "cert_utts5b.der").read_bytes()
    return Trust((), (), (read_certificate(certificate),))


def test_a_real_one_is_read() -> None:
    seal = read_icb(RESIDENCE)
    assert (seal.country, seal.hash_name, seal.signed_on) == ("D", "sha256", "2025-02-11")
    assert seal.reference.hex() == "a57a790577"
    assert {tag: len(data) for tag, data in seal.messages.items()} == {0x82: 6, 0x83: 8, 0x86: 1}


def test_a_real_one_verifies(trust: Trust) -> None:
    found = check(RESIDENCE, trust)
    assert fails(found) == {
        "seal.certificate": "undetermined seal_signer_of_another_state",  # Utopia signed for Germany
        "seal.chain.signature": "undetermined issuer_unknown",
        "seal.chain.revocation": "undetermined crl_missing",
    }
    assert "seal.signature" in {child.id for child in found.children}
    assert fails(check(RESIDENCE, trust, at=dt.datetime(2025, 2, 9, tzinfo=dt.UTC)))["seal.dates"]


def test_it_verifies_zipped_too_and_a_changed_byte_fails(trust: Trust) -> None:
    data = unpacked(RESIDENCE)
    assert fails(check(packed(zlib.compress(data), b"D"), trust)) == fails(check(RESIDENCE, trust))
    changed = data[:20] + bytes([data[20] ^ 1]) + data[21:]
    assert fails(check(packed(changed), trust))["seal.signature"] == "failed seal_signature_wrong"


def test_without_its_certificate_it_is_left_open() -> None:
    found = check(RESIDENCE, Trust(()))
    assert fails(found) == {"seal.certificate": "undetermined seal_certificate_unknown"}
    assert found.detail["status"] == "UNKNOWN_CERTIFICATE"


def test_one_that_is_not_signed_proves_nothing() -> None:
    found = check(UNSIGNED, Trust(()))
    assert fails(found)["seal.signature"] == "undetermined seal_unsigned"
    assert (found.result, found.detail["status"]) == (Result.UNDETERMINED, "")
    assert check(packed(zlib.compress(unpacked(UNSIGNED)), b"C"), Trust(())).detail["status"] == ""


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"RDB1", "not_a_seal"),
        (b"RDB1E" + RESIDENCE[5:], "not_a_seal"),
        (b"RDB1B" + RESIDENCE[5:].lower(), "not_base32"),
        (b"RDB1A" + RESIDENCE[5:], "bad_length"),  # without a signature, the header is two bytes long
        (b"RDB1B" + UNSIGNED[5:], "bad_value"),
        (packed(unpacked(RESIDENCE)[:-66]), "unsigned"),
        (packed(unpacked(RESIDENCE), b"D"), "not_zlib"),
        (packed(zlib.compress(bytes(100_000)), b"D"), "too_long"),
        (packed(zlib.compress(unpacked(RESIDENCE))[:-3], b"D"), "not_zlib"),
        (packed(unpacked(RESIDENCE)[:12] + b"\x7f\x01A"), "missing"),
        (b"RDB1B" + b"A" * 4_400, "too_long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_such_seal_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(SealUnreadable) as refused:
        read_icb(raw)
    assert refused.value.code == code
    assert check(raw, Trust(())).detail["status"] == "WRONG_FORMAT"
