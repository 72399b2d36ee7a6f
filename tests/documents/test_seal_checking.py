"""What the check of a seal proves, what it leaves open, and what the standard calls each (Doc 9303-13, appendix D)."""

import ast
import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jiwar.documents.logic import seal_checking, seal_icb, seal_parts, seal_status, seal_zone
from jiwar.documents.logic.mrz import read_mrz
from jiwar.documents.logic.mrz_writing import make_mrv_a, make_td2
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.logic.report import Check, Result
from jiwar.documents.logic.seal import Seal
from jiwar.documents.logic.seal_checking import check_seal
from jiwar.documents.logic.seal_parts import hash_for
from jiwar.documents.logic.seal_status import unread_seal
from jiwar.documents.logic.trust import Trust
from jiwar.documents.seal_catalogue import profiles
from jiwar.records.words import words
from tests.documents.seals import CONVOY, NOMAD, NOW, key, niger, samples, signs

PAPER = "PUNERKHATTAR<<SALEM<<<<<<<<<<<<<<<<<NE26004418NER7401019M2711195<<<<<<<0"


def check(raw: bytes, trust: Trust | None = None, at: dt.datetime = NOW, revoked: bool | None = False) -> Check:
    return check_seal(raw, trust or niger().trust(), at, profiles(), lambda seal: revoked)


def fails(found: Check) -> dict[str, str]:
    """The leaves that did not succeed, by their ids."""
    leaves = [leaf for leaf in found.walk() if not leaf.children]
    return {leaf.id: f"{leaf.result} {leaf.code}" for leaf in leaves if leaf.result is not Result.SUCCESSFUL}


def test_a_permit_of_a_state_that_is_trusted_is_valid() -> None:
    found = check(niger().permit())
    assert fails(found) == {}
    assert found.result is Result.SUCCESSFUL
    assert (found.detail["status"], found.detail["fraud"]) == ("VALID", "none")
    assert (found.detail["profile"], found.detail["country"]) == ("crossing_permit", "NER")
    assert {child.id for child in found.children} == {
        "seal.format", "seal.content", "seal.certificate", "seal.signature", "seal.document_type", "seal.chain",
        "seal.dates", "seal.validity", "seal.revocation",
    }  # fmt: skip


def test_a_convoy_is_valid() -> None:
    found = check(niger().permit(CONVOY, "convoy_permit"))
    assert (found.result, found.detail["profile"]) == (Result.SUCCESSFUL, "convoy_permit")


def test_every_changed_byte_fails_or_leaves_the_signer_unknown() -> None:
    raw = niger().permit()
    trust = niger().trust()
    for at in range(0, len(raw), 3):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        found = check(changed, trust)
        assert found.result is not Result.SUCCESSFUL, at
        assert found.detail["fraud"] == "high", at
        if found.find("seal.signature"):
            assert fails(found)["seal.signature"] == "failed seal_signature_wrong", at


def test_the_twin_of_a_signature_signs_the_same() -> None:
    """(r, n - s) is as good: a list of revocations must not go by the signature."""
    raw = niger().permit()
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    twin = raw[:-32] + (n - int.from_bytes(raw[-32:], "big")).to_bytes(32, "big")
    assert check(twin).result is Result.SUCCESSFUL


def test_a_seal_of_a_stranger_with_the_name_of_a_signer_is_forged() -> None:
    forged = replace(niger(), signer_key=key(type(niger().signer_key.curve)())).permit()
    found = check(forged)
    assert fails(found) == {"seal.signature": "failed seal_signature_wrong"}
    assert (found.result, found.detail["status"]) == (Result.FAILED, "INVALID_SIGNATURE")


@pytest.mark.parametrize(
    ("header", "values", "leaf", "outcome", "status"),
    [
        ({"certificate": "99"}, {}, "seal.certificate", "undetermined seal_certificate_unknown", "UNKNOWN_CERTIFICATE"),
        ({"certificate": "00"}, {}, "seal.certificate", "undetermined seal_certificate_unknown", "UNKNOWN_CERTIFICATE"),
        ({"certificate": "X"}, {}, "seal.certificate", "undetermined seal_certificate_unknown", "UNKNOWN_CERTIFICATE"),
        ({"signer": "NES2"}, {}, "seal.certificate", "undetermined seal_certificate_unknown", "UNKNOWN_CERTIFICATE"),
        ({"country": "LBY"}, {}, "seal.certificate", "undetermined seal_signer_of_another_state",
         "UNTRUSTED_CERTIFICATE"),
        ({"signed": NOW.date() + dt.timedelta(days=2)}, {}, "seal.dates", "failed seal_signed_later", ""),
        ({"signed": dt.date(2026, 10, 1)}, {}, "seal.dates", "failed seal_signed_outside", ""),
        ({}, {"valid_until": "2026-11-25"}, "seal.validity", "failed document_expired", ""),
        ({}, {"valid_from": "2026-11-27"}, "seal.validity", "failed document_not_yet_valid", ""),
        ({}, {"seasons": [{"from": "07-01", "until": "11-25"}]}, "seal.validity", "failed permit_out_of_season", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(
    header: dict[str, Any], values: dict[str, Any], leaf: str, outcome: str, status: str
) -> None:
    found = check(niger().permit(NOMAD | values, **header))
    assert fails(found)[leaf] == outcome
    assert found.detail["status"] == status
    assert found.result is (Result.FAILED if outcome.startswith("failed") else Result.UNDETERMINED)


@pytest.mark.parametrize(
    "season",
    [{"from": "11-26", "until": "11-26"}, {"from": "11-15", "until": "03-31"}, {"from": "01-01", "until": "12-31"}],
)
def test_a_season_has_both_its_ends_and_may_span_the_new_year(season: dict[str, str]) -> None:
    assert fails(check(niger().permit(NOMAD | {"seasons": [season]}))) == {}


def test_no_authority_no_list_no_revocations_leave_it_open() -> None:
    state = niger()
    lone = Trust((), (), state.trust().signers)
    found = check(state.permit(), lone, revoked=None)
    assert found.result is Result.UNDETERMINED
    assert fails(found) == {
        "seal.chain.signature": "undetermined issuer_unknown",
        "seal.chain.revocation": "undetermined crl_missing",
        "seal.revocation": "undetermined seal_revocations_missing",
    }
    assert (found.detail["status"], found.detail["fraud"]) == ("UNTRUSTED_CERTIFICATE", "high")


def test_a_revoked_signer_and_a_revoked_permit_are_refused() -> None:
    state = niger()
    found = check(state.permit(), state.trust(state.crl(state.signer.serial_number)))
    assert fails(found) == {"seal.chain.revocation": "failed certificate_revoked"}
    assert (found.detail["status"], found.detail["fraud"]) == ("REVOKED_CERTIFICATE", "high")
    permit = check(state.permit(), revoked=True)
    assert fails(permit) == {"seal.revocation": "failed seal_revoked"}
    assert (permit.detail["status"], permit.detail["fraud"]) == ("", "")


@pytest.mark.parametrize(
    ("profile", "values", "asked"),
    [
        ("crossing_permit", NOMAD, "undetermined seal_revocations_missing"),
        ("emergency_travel_document", {"mrz": PAPER}, "undetermined seal_revocations_missing"),
        ("permanent_residence", {"document_number": "AB1", "passport_number": "CD2"}, None),
    ],
)
def test_without_a_list_only_what_a_state_would_list_is_left_open(
    profile: str, values: dict[str, Any], asked: str | None
) -> None:
    raw = niger().permit(values, profile)
    assert fails(check(raw, revoked=None)).get("seal.revocation") == asked
    assert fails(check(raw, revoked=True))["seal.revocation"] == "failed seal_revoked"


def test_the_list_of_revocations_is_asked_for_the_seal_itself() -> None:
    asked: list[Seal] = []
    check_seal(niger().permit(), niger().trust(), NOW, profiles(), lambda seal: bool(asked.append(seal)))
    assert [seal.header.country for seal in asked] == ["NER"]


def test_an_expired_signer_has_a_medium_potential() -> None:
    state = niger()
    later = state.signer.not_valid_after_utc + dt.timedelta(days=1)
    raw = state.permit(NOMAD | {"valid_until": "2040-01-01", "seasons": [{"from": "01-01", "until": "12-31"}]})
    found = check(raw, state.trust(state.crl(at=later)), at=later)
    assert fails(found) == {"seal.chain.validity": "failed certificate_expired"}
    assert (found.detail["status"], found.detail["fraud"]) == ("EXPIRED_CERTIFICATE", "medium")


def test_a_signer_of_permits_may_seal_no_visa() -> None:
    """The certificate says which types of document its key signs; V is none of them, PU is."""
    zone = "VCD<<DENT<<ARTHUR<PHILIP<<<<<<<<<<<<1234567XY7GBR5203116M2005250"
    values = {"mrz_b": zone, "stay": {"days": 30, "months": 0, "years": 0}, "passport_number": "47110815P"}
    found = check(niger().permit(values, "visa"))
    assert fails(found)["seal.document_type"] == "failed seal_document_type"
    assert found.detail["status"] == "INVALID_DOCUMENTTYPE"
    paper = {"mrz": PAPER}
    assert check(niger().permit(paper, "emergency_travel_document")).result is Result.SUCCESSFUL


def test_a_feature_that_nobody_knows_does_not_make_a_seal_invalid() -> None:
    state = niger()
    sign = signs(state.signer_key)
    raw = state.permit()
    body = raw[: raw.rindex(b"\xff\x40", 0, -64)] + b"\x63\x02ok"
    found = check(body + b"\xff\x40" + sign(body))
    assert found.result is Result.SUCCESSFUL
    content = found.find("seal.content")
    assert content is not None
    assert (content.code, content.detail["tags"], found.detail["status"]) == ("seal_unknown_feature", "63", "VALID")


def test_a_kind_of_seal_that_nobody_knows_is_left_open() -> None:
    state = niger()
    raw = bytearray(state.permit()[:-66])
    place = bytes(raw).index(b"\xa1\x02")
    raw[place : place + 2] = b"\x77\x76"
    found = check(bytes(raw) + b"\xff\x40" + signs(state.signer_key)(bytes(raw)))
    assert fails(found) == {"seal.content": "undetermined seal_profile_unknown"}
    assert found.detail["status"] == "WRONG_FORMAT"


@pytest.mark.parametrize("raw", [b"", b"\xdc", b"hello", bytes(4_000)])
def test_what_is_no_seal_has_a_wrong_format(raw: bytes) -> None:
    found = check(raw)
    assert (found.result, found.detail["status"], found.detail["fraud"]) == (Result.FAILED, "WRONG_FORMAT", "high")


def test_what_could_not_be_read_has_a_medium_potential() -> None:
    found = unread_seal("no_barcode")
    assert (found.result, found.detail["status"], found.detail["fraud"]) == (Result.ABORTED, "READ_ERROR", "medium")


@pytest.mark.parametrize(
    ("bits", "name"),
    [
        (192, "sha224"),
        (224, "sha224"),
        (225, "sha256"),
        (256, "sha256"),
        (384, "sha384"),
        (512, "sha512"),
        (521, "sha512"),
    ],
)
def test_the_hash_goes_with_the_length_of_the_order(bits: int, name: str) -> None:
    assert hash_for(bits) == name


def test_thirteen_real_samples_verify_and_each_other_says_why_not(shared_data: Path) -> None:
    folder = shared_data / "documents" / "vds"
    signers = tuple(read_certificate(path.read_bytes()) for path in sorted(folder.glob("cert_*.der")))
    verified, others = [], {}
    for sample in samples(shared_data).values():
        found = check(sample.raw, Trust((), (), signers))
        signature = found.find("seal.signature")
        if signature and signature.result is Result.SUCCESSFUL:
            verified.append(sample.name)
            tampered = check(sample.raw[:-1] + bytes([sample.raw[-1] ^ 1]), Trust((), (), signers))
            assert fails(tampered)["seal.signature"] == "failed seal_signature_wrong"
        else:
            others[sample.name] = found.children[0].code or found.children[2].code
    assert len(verified) == 13
    # Its signer names the certificate by a hash, so the list of samples could not say whose it is.
    assert {name for name in verified if not samples(shared_data)[name].certificate} == {"rawSeal"}
    assert others == {
        "arrivalAttestationV02": "seal_certificate_unknown",
        "ankunftsnwPapier": "seal_certificate_unknown",
        "meldebescheinigung": "seal_certificate_unknown",
        "utoVisa": "seal_wrong_format",
    }


# The worked example of Doc 9303-8, appendix B; its signer's certificate is with the samples.
WORKED = bytes.fromhex(
    "dc03d9c5d9cac8a73a995d913a7d9c575e030230bab3d2b3c549cd1da93c5bd458135c6f57fc133c133c133c6b38208a4d0d4a32b0c11ae626"
    "8427153f7c453c133c1345ff4039034e85da183c1cc0d3ac16732d7ee2c20d7aef7b381c0ae509f10a97890d511c3c47b94807a4d0f67ce908"
    "3a7f206f04fb35afdb8ab9658a93327a4e0ee6ed"
)
WORKED_ZONE = "PUUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F2606277<<<<<<<8"


def test_the_worked_example_of_the_standard_verifies(shared_data: Path) -> None:
    certificate = read_certificate((shared_data / "documents" / "vds" / "cert_utts5b.der").read_bytes())
    at = dt.datetime(2026, 6, 20, tzinfo=dt.UTC)
    found = check_seal(WORKED, Trust((), (), (certificate,)), at, profiles(), lambda seal: False, WORKED_ZONE)
    assert fails(found) == {
        "seal.chain.signature": "undetermined issuer_unknown",
        "seal.chain.revocation": "undetermined crl_missing",
    }
    assert {"seal.signature", "seal.printed"} <= {child.id for child in found.children}
    assert read_mrz(WORKED_ZONE, at.date()).problems == ()  # a P of size TD2
    later = check_seal(WORKED, Trust((), (), (certificate,)), NOW, profiles())
    assert fails(later)["seal.validity"] == "failed document_expired"


@pytest.mark.parametrize(
    ("printed", "outcome"),
    [
        (WORKED_ZONE.replace("ANNA", "ANNE"), "failed seal_document_mismatch"),
        (WORKED_ZONE.replace("\n", ""), None),
        (WORKED_ZONE.replace("F", "M"), "failed seal_document_mismatch"),
        ("PUUTOERIKSSON", "undetermined seal_not_compared"),
        ("", None),
    ],
)
def test_the_printed_zone_is_compared_with_the_seal(printed: str, outcome: str | None) -> None:
    found = check_seal(WORKED, Trust(()), dt.datetime(2026, 6, 20, tzinfo=dt.UTC), profiles(), printed=printed)
    assert fails(found).get("seal.printed") == outcome
    assert bool(found.find("seal.printed")) is bool(printed)


def test_a_zone_in_a_seal_whose_digits_are_wrong_fails() -> None:
    paper = {"mrz": PAPER[:-1] + "1"}
    found = check(niger().permit(paper, "emergency_travel_document"))
    assert fails(found) == {"seal.mrz": "failed seal_mrz_wrong"}
    assert (found.detail["status"], found.detail["fraud"]) == ("INVALID_SEAL_MRZ", "high")


def test_a_zone_of_another_state_than_the_seal_is_left_open() -> None:
    zone = make_td2(document_code="PU", issuer="LBY", nationality="LBY", number="LY2600441", surname="KHATTAR",
                    birth_date=dt.date(1974, 1, 1), expiry=dt.date(2027, 11, 19))  # fmt: skip
    found = check(niger().permit({"mrz": zone.replace("\n", "")}, "emergency_travel_document"))
    assert fails(found) == {"seal.issuer": "undetermined seal_zone_of_another_state"}
    assert (found.result, found.detail["fraud"]) == (Result.UNDETERMINED, "high")


def test_a_visa_keeps_its_second_line_up_to_the_expiry() -> None:
    zone = make_mrv_a(issuer="NER", nationality="LBY", number="V12345678", surname="DENT", given_names="ARTHUR",
                      birth_date=dt.date(1990, 1, 1), sex="M", expiry=dt.date(2027, 1, 1), optional="ABC")  # fmt: skip
    kept = zone.replace("\n", "")[:72]
    values = {"mrz_a": kept, "stay": {"days": 30, "months": 0, "years": 0}, "passport_number": "47110815P"}
    found = check_seal(niger().permit(values, "visa"), niger().trust(), NOW, profiles(), printed=zone)
    assert fails(found) == {"seal.document_type": "failed seal_document_type"}
    assert {"seal.mrz", "seal.printed"} <= {child.id for child in found.children}


def test_every_code_of_these_checks_has_words() -> None:
    said = {
        node.value
        for module in (seal_checking, seal_icb, seal_parts, seal_status, seal_zone)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    codes = {text for text in said if text.startswith(("seal_", "document_", "permit_"))}
    assert len(codes) > 12
    assert sorted(codes - set(words()["document_check"])) == []
