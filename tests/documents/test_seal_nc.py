"""Seals of JSON (ICAO Technical Report VDS-NC): the report's own example, our own, and what is none."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from jiwar.documents.logic import seal_signers
from jiwar.documents.logic.report import Check, Result
from jiwar.documents.logic.seal import SealUnreadable
from jiwar.documents.logic.seal_checking import check_seal
from jiwar.documents.logic.seal_nc import nc_bytes, read_nc
from jiwar.documents.logic.trust import Trust
from jiwar.documents.seal_catalogue import profiles
from tests.documents.seals import NOW, key, niger, signs

# The worked example of the report; nobody has the certificate of its authority.
EXAMPLE = (
    b'{"data":{"hdr":{"t":"icao.vacc","v":1,"is":"UTO"},"msg":{"uvci":"U32870","pid":{"n":"Smith Bill","dob":"1990-01-'
    b'02","sex":"M","i":"A1234567Z","ai":"L4567890Z"},"ve":[{"des":"XM68M6","nam":"Comirnaty","dis":"RA01.0","vd":[{"dv'
    b'c":"2021-03-03","seq":1,"ctr":"UTO","adm":"RIVM","lot":"VC35679","dvn":"2021-03-24"},{"dvc":"2021-03-24","seq":2,'
    b'"ctr":"UTO","adm":"RIVM","lot":"VC87540"}]}]}},"sig":{"alg":"ES 256","cer":"MIIBeTCCAR2gAwIBAgIBaDAMBggqhkjOPQQDA'
    b"gUAMB0xCzAJBgNVBAYTAlVUMQ4wDAYDVQQDDAVVVCBDQTAeFw0yMTA0MDcwNDMwMjZaFw0yNjEwMDcwNDMwMjZaMBoxCzAJBgNVBAYTAlVUMQswCQ"
    b"YDVQQDEwIwNjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI5bRQ3-vabXhHAs2IPi-k9rP_TS2J8aq5fTtUG1iOwXdBxx2n6c38TJ2MzBWT5PHCK"
    b"Vlq5JOCyJ1nDlCPd1S2yjTzBNMBIGA1UdJQQLMAkGB2eBCAEBDgIwHwYDVR0jBBgwFoAUymyksnX8rywn0RH7nDq-Bs2QOqowFgYHZ4EIAQEGAgQL"
    b"MAkCAQAxBBMCTlYwDAYIKoZIzj0EAwIFAANIADBFAiBVaaJVHvWLX756yAGt04C89ZEWGr-BsHDgaRb0EH3d9gIhAO2UNvLNhEoUWT1I_zj_cG5mh"
    b'2U-lWCMBUQ3zSQqWUcs","sigvl":"cxfyi2vq2XJfZF7ksEkIZJtKbGrRE570UZc_rNAlpfRHD_Xjq57r2h-QLvd_tCQGitsZevFmB0iXzEFdeeZ4'
    b'zA=="}}'
)
MESSAGE: dict[str, Any] = {"pid": {"n": "محمدو سالم", "dob": "1990-01-02"}, "num": 4.5, "uvci": "N1"}


def check(raw: bytes, trust: Trust | None = None) -> Check:
    return check_seal(raw, trust or niger().trust(), NOW, profiles())


def fails(found: Check) -> dict[str, str]:
    leaves = [leaf for leaf in found.walk() if not leaf.children]
    return {leaf.id: f"{leaf.result} {leaf.code}" for leaf in leaves if leaf.result is not Result.SUCCESSFUL}


def test_the_example_of_the_report_verifies_and_its_authority_is_unknown() -> None:
    found = check_seal(EXAMPLE, Trust(()), NOW.replace(year=2026, month=9), profiles())
    assert fails(found) == {
        "seal.chain.signature": "undetermined issuer_unknown",
        "seal.chain.revocation": "undetermined crl_missing",
    }
    assert (found.detail["status"], found.detail["fraud"]) == ("UNTRUSTED_CERTIFICATE", "high")
    assert {"seal.signature", "seal.document_type"} <= {child.id for child in found.children}
    seal = read_nc(EXAMPLE)
    assert (seal.kind, seal.version, seal.issuer, seal.algorithm) == ("icao.vacc", 1, "UTO", "ES256")
    assert seal.message["pid"]["n"] == "Smith Bill"


def test_the_order_of_members_and_blanks_do_not_matter_and_a_changed_letter_does() -> None:
    said = json.loads(EXAMPLE)
    turned = json.dumps(
        {"sig": said["sig"], "data": {"msg": said["data"]["msg"], "hdr": said["data"]["hdr"]}}, indent=1
    )
    assert "seal.signature" not in fails(check(turned.encode()))
    changed = fails(check(EXAMPLE.replace(b"Smith", b"Smyth")))
    assert changed["seal.signature"] == "failed seal_signature_wrong"


@pytest.mark.parametrize(("curve", "algorithm"), [(ec.SECP256R1, "ES256"), (ec.SECP384R1, "ES384")])
def test_what_is_written_is_read_and_verified(curve: type[ec.EllipticCurve], algorithm: str) -> None:
    state = niger()
    if algorithm == "ES256":
        certificate, private = state.signer, state.signer_key
    else:  # the report allows larger keys; the authority is then its own signer, which the chain refuses
        private = key(curve())
        certificate = seal_signers.make_authority(private, "NE", "NER", 9, NOW)
    raw = nc_bytes("icao.test", "NER", MESSAGE, seal_signers.der(certificate), signs(private), algorithm)
    assert read_nc(raw).message == MESSAGE
    found = check(raw)
    signature = found.find("seal.signature")
    assert signature is not None
    assert signature.result is Result.SUCCESSFUL
    # Our signers seal permits, and say so in their certificates.
    assert fails(found).get("seal.document_type") == ("failed seal_document_type" if algorithm == "ES256" else None)
    assert found.result is Result.FAILED


def test_a_type_that_nobody_knows_and_a_signer_of_another_state_are_left_open() -> None:
    state = niger()
    raw = nc_bytes("ner.permit", "LBY", MESSAGE, seal_signers.der(state.signer), signs(state.signer_key))
    assert fails(check(raw)) == {
        "seal.content": "undetermined seal_profile_unknown",
        "seal.certificate": "undetermined seal_signer_of_another_state",
    }


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "not_json"),
        (b'{"data":1,"data":2}', "not_json"),
        (b"{}", "bad_value"),
        (EXAMPLE[:-1] + b',"more":1}', "bad_value"),  # what no signature covers
        (EXAMPLE.replace(b'"v":1', b'"v":true'), "bad_value"),
        (EXAMPLE.replace(b"ES 256", b"none"), "bad_value"),
        (EXAMPLE.replace(b'"cer":"MII', b'"cer":"!II'), "bad_value"),
        (EXAMPLE.replace(b'"cer":"MII', b'"cer":"AII'), "bad_value"),
        (b"{" + b" " * 4_000, "too_long"),
        (EXAMPLE.replace(b'"seq":1', b'"seq":-9223372036854775809'), "not_json"),  # found by the fuzzer
        (b'{"data":' + b"[" * 50, "not_json"),
    ],
)
def test_what_is_no_such_seal_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(SealUnreadable) as refused:
        read_nc(raw)
    assert refused.value.code == code
    found = check(raw)
    assert (found.result, found.detail["status"]) == (Result.FAILED, "WRONG_FORMAT")
