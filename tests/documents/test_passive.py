"""Passive authentication: what states sign, in every way in which they do, and each way to tamper with it."""

import datetime as dt
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from jiwar.documents.logic import tlv
from jiwar.documents.logic.passive import check_card_security, check_passive
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.logic.report import Check, Result
from jiwar.documents.logic.sod import read_sod
from jiwar.documents.logic.trust import Anchor, Defect, Trust
from jiwar.records.words import words
from tests.documents.chips import GROUPS, Chip, zone_file
from tests.documents.states import AT, Authority

STATE = Authority("NE")
TRUST = Trust((Anchor(STATE.certificate, "bilateral"),), (STATE.crl(),))
KEY, SIGNER = STATE.signer()
CHIP = Chip(KEY, SIGNER)


@cache
def rsa_signer() -> tuple[Any, Any]:
    return STATE.signer(key=rsa.generate_private_key(65537, 2048))


def check(sod: bytes, groups: dict[int, bytes] = GROUPS, trust: Trust = TRUST, at: dt.datetime = AT) -> Check:
    found = check_passive(sod, groups, trust, at)
    assert found == check_passive(sod, groups, trust, at)
    known = words()["document_check"]
    for one in found.walk():
        assert not one.code or one.code in known
        for text in known.get(one.code, {}).values():
            text.format_map(one.detail)
    return found


def why(found: Check) -> set[tuple[str, str]]:
    """The leaves that make the whole what it is."""
    leaves = [one for one in found.walk() if not one.children and one.result is found.result]
    return {(one.id.removeprefix("chip.passive."), one.code) for one in leaves}


def test_a_genuine_chip_is_good_in_every_question() -> None:
    found = check(CHIP.sod())
    assert found.result is Result.SUCCESSFUL
    assert [child.id for child in found.children] == [
        f"chip.passive.{name}" for name in ("sod", "content", "signature", "chain", "state", "groups")
    ]
    assert [one.id for one in found.find("chip.passive.groups").children] == [
        f"chip.passive.group.{number}" for number in (1, 2, 14)
    ]
    assert not [one for one in found.walk() if one.code]


# Each way in which states write it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "deviations"),
    [
        ({"content_type": "1.3.27.1.1.1"}, {"defect_content_type"}),
        ({"content_type": "1.2.528.1.1006.1.20.1"}, {"defect_content_type"}),
        ({"content_type": "1.2.840.113549.1.7.1"}, {"defect_content_type"}),
        ({"indefinite": True}, {"defect_indefinite_length"}),
        ({"hash": "sha1"}, {"defect_hash_weak"}),
        ({"group_hash": "sha1"}, {"defect_hash_weak"}),
        ({"group_hash": "sha512", "hash": "sha384"}, set()),
        ({"signer_serial": 77}, {"defect_signer_id"}),
        ({"version": 1}, {"defect_version"}),
        ({"lds_version": 1}, set()),
        ({"by_key_id": True}, set()),
        ({"scheme": "plain"}, set()),
        ({"plain": True}, set()),
    ],
)
def test_what_a_state_does_otherwise_is_borne_and_said(told: dict[str, Any], deviations: set[str]) -> None:
    found = check(replace(CHIP, **told).sod())
    assert found.result is Result.SUCCESSFUL
    assert {one.code for one in found.walk() if one.code} == deviations


@pytest.mark.parametrize("scheme", ["", "pss", "plain"])
def test_rsa_in_its_three_ways(scheme: str) -> None:
    key, signer = rsa_signer()
    assert check(Chip(key, signer, scheme=scheme).sod()).result is Result.SUCCESSFUL


@pytest.mark.parametrize("curve", [ec.SECP384R1, ec.SECP521R1, ec.BrainpoolP256R1, ec.BrainpoolP512R1, ec.SECP224R1])
def test_signers_on_every_curve(curve: type[ec.EllipticCurve]) -> None:
    key, signer = STATE.signer(key=ec.generate_private_key(curve()))
    assert check(Chip(key, signer).sod()).result is Result.SUCCESSFUL


def test_a_signer_that_the_chip_does_not_carry_is_taken_from_the_store() -> None:
    sod = replace(CHIP, certificates=[]).sod()
    assert why(check(sod)) == {("signature", "signer_missing")}
    assert check(sod).result is Result.UNDETERMINED
    assert check(sod, trust=replace(TRUST, signers=(SIGNER,))).result is Result.SUCCESSFUL


def test_of_two_certificates_the_one_that_the_signature_names() -> None:
    _, other = STATE.signer()
    assert check(replace(CHIP, certificates=[other.der, SIGNER.der]).sod()).result is Result.SUCCESSFUL
    unnamed = check(replace(CHIP, certificates=[other.der, SIGNER.der], signer_serial=77).sod())
    assert why(unnamed) == {("signature", "signer_missing")}


# Each way to tamper ---------------------------------------------------------------------------------------------------


def tampered(sod: bytes, piece: bytes, place: int = -1) -> bytes:
    """The same with one bit of one byte of the piece turned."""
    at = sod.index(piece) + place % len(piece)
    return sod[:at] + bytes([sod[at] ^ 1]) + sod[at + 1 :]


def test_a_file_that_was_changed_fails() -> None:
    found = check(CHIP.sod(), {**GROUPS, 1: GROUPS[1] + b"x"})
    assert why(found) == {("group.1", "group_hash_wrong")}
    assert found.result is Result.FAILED


def test_a_hash_that_was_changed_fails() -> None:
    sod = CHIP.sod()
    hashed = read_sod(sod).hashes[1]
    found = check(tampered(sod, hashed))
    assert why(found) == {("content", "content_wrong"), ("group.1", "group_hash_wrong")}


def test_a_signed_attribute_that_was_changed_fails() -> None:
    sod = CHIP.sod()
    found = check(tampered(sod, read_sod(sod).signed.signers[0].digest))
    assert why(found) == {("content", "content_wrong"), ("signature", "signature_wrong")}
    other = replace(CHIP, attribute_type="1.2.840.113549.1.7.1").sod()
    assert why(check(other)) == {("content", "content_type_wrong")}


def test_a_signature_that_was_changed_fails() -> None:
    sod = CHIP.sod()
    assert why(check(tampered(sod, read_sod(sod).signed.signers[0].signature))) == {("signature", "signature_wrong")}


def test_a_certificate_that_was_changed_fails() -> None:
    sod = CHIP.sod()
    assert ("chain.signature", "certificate_signature_wrong") in why(check(tampered(sod, SIGNER.signature)))
    key_moved = tampered(sod, SIGNER.subject_key_id)
    assert ("chain.signature", "certificate_signature_wrong") in why(check(key_moved))


def test_no_bit_but_those_that_nobody_signs_can_be_turned() -> None:
    """Those are the version and the hashes that CMS lists before the content, and how the signer is named."""
    sod = CHIP.sod()
    content, names = sod.index(CHIP.content()), sod.rindex(SIGNER.issuer_name)
    named = len(SIGNER.issuer_name) + len(tlv.write_integer(SIGNER.serial))
    free = {*range(20, content - 17), *range(names - 9, names + named)}
    for place in set(range(len(sod))) - free:
        turned = sod[:place] + bytes([sod[place] ^ 1]) + sod[place + 1 :]
        assert check_passive(turned, GROUPS, TRUST, AT).result is not Result.SUCCESSFUL, place


def test_a_file_that_no_hash_is_for_fails() -> None:
    assert why(check(CHIP.sod(), {**GROUPS, 15: b"\x6f\0"})) == {("group.15", "group_not_signed")}


def test_what_was_not_read_is_said() -> None:
    found = check(CHIP.sod(), {1: GROUPS[1]})
    assert found.result is Result.SUCCESSFUL
    assert found.find("chip.passive.group.2").result is Result.NOT_SUPPORTED
    without = check(CHIP.sod(), {2: GROUPS[2]})
    assert why(without) == {("group.1", "group_not_read")}
    assert without.result is Result.UNDETERMINED


def test_a_stranger_who_signs_as_the_state_is_undetermined_and_never_good() -> None:
    stranger = Authority("NE")
    key, signer = stranger.signer()
    found = check(Chip(key, signer).sod())
    assert found.result is Result.UNDETERMINED
    assert ("chain.signature", "issuer_unknown") in why(found)


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("NER", (Result.SUCCESSFUL, "")),
        ("LBY", (Result.FAILED, "signer_of_other_state")),
        ("D", (Result.FAILED, "signer_of_other_state")),
        ("XXX", (Result.UNDETERMINED, "state_unknown")),
    ],
)
def test_a_state_signs_its_own_passports_alone(issuer: str, expected: tuple[Result, str]) -> None:
    """A key of one trusted state, stolen or lent, makes no passport of another."""
    groups = {**GROUPS, 1: zone_file(issuer)}
    found = check(Chip(KEY, SIGNER, groups=groups).sod(), groups)
    state = found.find("chip.passive.state")
    assert (state.result, state.code) == expected
    assert found.result is expected[0]


@pytest.mark.parametrize(
    ("country", "issuer"),
    [("DE", "D"), ("GB", "GBD"), ("BM", "GBD"), ("HK", "CHN"), ("KS", "RKS"), ("UN", "UNO"), ("EU", "EUE")],
)
def test_states_whose_code_is_another_in_the_zone(country: str, issuer: str) -> None:
    state = Authority(country)
    key, signer = state.signer()
    groups = {**GROUPS, 1: zone_file(issuer)}
    trust = Trust((Anchor(state.certificate, ""),), (state.crl(),))
    assert check(Chip(key, signer, groups=groups).sod(), groups, trust).result is Result.SUCCESSFUL


@pytest.mark.parametrize(
    ("types", "expected"),
    [("P", Result.SUCCESSFUL), ("PP", Result.UNDETERMINED), ("ID", Result.UNDETERMINED), ("I P", Result.SUCCESSFUL)],
)
def test_a_signer_signs_the_types_that_its_certificate_names(types: str, expected: Result) -> None:
    listed = tlv.write_set(*(tlv.write(0x13, one.encode()) for one in types.split()))
    said = tlv.write(tlv.SEQUENCE, tlv.write_integer(0), listed)
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.23.136.1.1.6.2"), said)
    key, signer = STATE.signer(extensions=((extension, False),))
    assert signer.document_types == tuple(types.split())
    found = check(Chip(key, signer).sod())
    assert found.result is expected
    assert found.find("chip.passive.type").result is expected


def test_a_stranger_behind_a_wrong_name_gets_nowhere() -> None:
    """The one certificate is used where the signature names another: so the chain is what must hold."""
    stranger = Authority("NE")
    key, signer = stranger.signer()
    found = check(replace(Chip(key, signer), signer_serial=1).sod())
    assert found.result is Result.UNDETERMINED
    genuine = replace(CHIP, key=key, signer_serial=1).sod()
    assert why(check(genuine)) == {("signature", "signature_wrong")}


# What may not pass in silence -----------------------------------------------------------------------------------------


def test_a_signature_out_of_range_is_a_defect_only_where_it_is_known_and_never_good() -> None:
    """Lithuania: numbers that the stated curve cannot give. A forger can write them as well."""
    n = SIGNER.key.curve.n
    beyond = tlv.write(tlv.SEQUENCE, tlv.write_integer(n + 5), tlv.write_integer(9))
    sod = replace(CHIP, signature=beyond).sod()
    assert why(check(sod)) == {("signature", "signature_out_of_range")}
    assert check(sod).result is Result.FAILED
    for code in ("signature_out_of_range", "signature_wrong"):
        known = replace(TRUST, defects=(Defect("NE", code, SIGNER.fingerprint, "list 4"),))
        found = check(sod, trust=known)
        assert why(found) == {("signature", "known_defect")}
        assert found.result is Result.UNDETERMINED


@pytest.mark.parametrize("r", [0, -1])
def test_zero_and_negative_numbers_sign_nothing(r: int) -> None:
    sod = replace(CHIP, signature=tlv.write(tlv.SEQUENCE, tlv.write_integer(r), tlv.write_integer(9))).sod()
    assert why(check(sod)) == {("signature", "signature_out_of_range")}


@pytest.mark.parametrize(
    ("sod", "found"),
    [
        (b"", "sod_form tlv_cut 0"),
        (b"\x77\x02\x30\0", "sod_form tlv_cut 2"),
        (CHIP.sod() + b"\0", "sod_form tlv_trailing"),
        (replace(CHIP, twice=True).sod(), "sod_group_twice 1"),
        (b"\x77\x84\xff\xff\xff\xff", "sod_form tlv_cut 0"),
        (b"\x77\x80" + b"\x30\x80" * 60, "sod_form tlv_too_deep"),
        (bytes(200_000), "sod_too_long"),
    ],
)
def test_what_cannot_be_read_is_aborted(sod: bytes, found: str) -> None:
    read = check(sod)
    assert read.result is Result.ABORTED
    assert read.children[0].detail["found"].startswith(found)


def test_a_certificate_that_cannot_be_read_leaves_it_open() -> None:
    found = check(replace(CHIP, certificates=[b"\x30\x03\x02\x01\x01"]).sod())
    assert why(found) == {("signature", "certificate_unreadable")}
    assert found.result is Result.UNDETERMINED


# Documents of real tools ----------------------------------------------------------------------------------------------


@pytest.fixture
def bsi(shared_data: Path) -> tuple[bytes, dict[int, bytes]]:
    """The reference passport of BSI TR-03105-5."""
    folder = shared_data / "documents" / "bsi_tr03105_5"
    groups = {number: (folder / f"Datagroup{number}.bin").read_bytes() for number in (1, 2, 3, 4, 14)}
    return (folder / "EF_SOD.bin").read_bytes(), groups


ISSUED = dt.datetime(2014, 3, 1, tzinfo=dt.UTC)


def test_the_reference_passport_is_undetermined_for_want_of_its_authority_alone(bsi: Any) -> None:
    sod, groups = bsi
    found = check(sod, groups, at=ISSUED)
    assert found.result is Result.UNDETERMINED
    assert {code for _, code in why(found)} == {"issuer_unknown", "crl_missing"}
    for name in ("content", "signature", "groups"):
        assert found.find(f"chip.passive.{name}").result is Result.SUCCESSFUL
    assert check(sod, {**groups, 3: groups[3][:-1] + b"\0"}, at=ISSUED).result is Result.FAILED


@pytest.mark.parametrize("piece", ["hash", "attribute", "signature", "certificate", "key"])
def test_the_reference_passport_tampered_with(bsi: Any, piece: str) -> None:
    sod, groups = bsi
    signed = read_sod(sod).signed
    [der] = signed.certificates
    pieces = {
        "hash": read_sod(sod).hashes[2],
        "attribute": signed.signers[0].digest,
        "signature": signed.signers[0].signature,
        "certificate": read_certificate(der).signature,
        "key": read_certificate(der).key.loaded.public_numbers().n.to_bytes(256, "big")[:200],
    }
    found = check(tampered(sod, pieces[piece]), groups, at=ISSUED)
    # Whether its authority signed the certificate cannot be told without the authority; never is it good.
    assert found.result is (Result.UNDETERMINED if piece == "certificate" else Result.FAILED)


def test_the_published_files_fit_or_do_not(shared_data: Path) -> None:
    """The prototype passport of ETSI TR 103 200 with its files, and with what was changed in each."""
    text = (shared_data / "documents" / "pymrtd_tests" / "ef" / "sod_test.py").read_text()
    sods = [bytes.fromhex(found) for found in re.findall(r"'(77[0-9A-Fa-f]{1500,})'", text)]
    files = re.findall(r"DG([0-9]+)\.load\(bytes\.fromhex\('([0-9A-Fa-f]+)'", text)
    good = {int(number): bytes.fromhex(data) for number, data in files[3:6]}
    at = dt.datetime(2011, 9, 1, tzinfo=dt.UTC)
    assert {code for _, code in why(check(sods[1], good, at=at))} == {"issuer_unknown", "crl_missing"}
    fits = []
    for number, data in files:
        found = check(sods[1], {**good, int(number): bytes.fromhex(data)}, at=at)
        fits.append(found.find(f"chip.passive.group.{number}").result is Result.SUCCESSFUL)
        assert fits[-1] == (bytes.fromhex(data) == good[int(number)])
    assert 0 < sum(fits) < len(fits)


def test_the_published_vectors(shared_data: Path) -> None:
    """Two genuine lists of hashes and what their publishers changed in them, in the order of the file."""
    text = (shared_data / "documents" / "pymrtd_tests" / "ef" / "sod_test.py").read_text()
    sods = [bytes.fromhex(found) for found in re.findall(r"'(77[0-9A-Fa-f]{1500,})'", text)]
    codes = [
        {one.code for one in check(sod, {}, at=ISSUED).walk() if ".chain" not in one.id and ".group." not in one.id}
        for sod in sods
    ]
    assert [found - {""} for found in codes] == VECTORS


PLAIN = {"signature_wrong", "defect_content_type"}
OTHER = {"signature_wrong", "content_type_wrong"}
VERSION = {"defect_version"}
CHANGED = {"content_wrong"}
VECTORS: list[set[str]] = [
    *(set(), set()),  # the two genuine ones
    PLAIN,  # content type changed to plain data, in the signed attributes too
    *({"sod_unreadable"}, {"sod_unreadable"}),  # no signed data
    *(VERSION, VERSION, VERSION),  # version of CMS, which nobody signs
    *(PLAIN, OTHER, OTHER),  # content type changed to what is no list of hashes
    *(CHANGED | VERSION, CHANGED | VERSION),  # version of the list, which is signed
    {"sod_unreadable"},  # a byte more
    CHANGED,  # the hash of DG1
    {"signature_wrong"},
    CHANGED,  # the hash of DG14
    *(set(), set()),  # genuine, beside files that were changed
]


# EF.CardSecurity ------------------------------------------------------------------------------------------------------


def card_security(**told: Any) -> bytes:
    """The same signature over a list of keys."""
    sod = replace(CHIP, **{"content_type": "0.4.0.127.0.7.3.2.1", **told}).sod()
    return tlv.read(sod).only().raw


def test_the_keys_of_a_chip_are_what_its_state_signed() -> None:
    found = check_card_security(card_security(), GROUPS[1], TRUST, AT)
    assert found.result is Result.SUCCESSFUL
    assert [one.id for one in found.children] == [
        f"chip.card_security.{name}" for name in ("content", "signature", "chain", "state")
    ]


def test_the_keys_of_a_chip_that_were_changed() -> None:
    data = card_security()
    content = CHIP.content()
    turned = data.replace(content, content[:-1] + bytes([content[-1] ^ 1]))
    other = card_security(content_type="2.23.136.1.1.1")
    stranger = replace(CHIP, key=STATE.signer()[0], content_type="0.4.0.127.0.7.3.2.1").sod()
    for wrong, code in (
        (turned, "content_wrong"),
        (other, "content_type_wrong"),
        (tlv.read(stranger).only().raw, "signature_wrong"),
    ):
        found = check_card_security(wrong, GROUPS[1], TRUST, AT)
        assert found.result is Result.FAILED
        assert [one.code for one in found.children if one.result is Result.FAILED] == [code]
    assert check_card_security(data, zone_file("LBY"), TRUST, AT).result is Result.FAILED
    assert check_card_security(data, b"a\0", TRUST, AT).result is Result.UNDETERMINED
    for nothing in (b"", data[:-1], data + b"\0"):
        found = check_card_security(nothing, None, TRUST, AT)
        assert (found.result, found.code) == (Result.ABORTED, "card_security_unreadable")
        assert found.code in words()["document_check"]
