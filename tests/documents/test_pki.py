"""Certificates, curves and signatures: what states really write is read, and what only looks like it is not."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.documents.logic import curves, pki, tlv
from jiwar.documents.logic.crl import CrlUnreadable, read_crl
from jiwar.documents.logic.curves import BY_NAME, CURVES, Curve, CurveUnknown
from jiwar.documents.logic.pki import (
    Algorithm,
    CertificateUnreadable,
    SignatureWrong,
    read_certificate,
    read_key,
    verify_raw,
    verify_signature,
)
from jiwar.documents.logic.tlv import MOST_BYTES, TlvInvalid
from tests.documents.states import AT, YEAR, Authority

KNOWN = [curve for curve in CURVES if curve.known]
OWN = [curve for curve in CURVES if not curve.known]
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
RSA_SHA256 = "1.2.840.113549.1.1.11"


def spelled_out(curve: Curve, **other: Any) -> bytes:
    told = {"p": curve.p, "a": curve.a, "b": curve.b, "g": curve.g, "n": curve.n, "h": 1, "compressed": False} | other
    point = curve.encode(told["g"])
    if told["compressed"]:
        point = bytes([2 + (told["g"][1] & 1)]) + point[1 : 1 + curve.size]
    return tlv.write(
        tlv.SEQUENCE,
        tlv.write_integer(1),
        tlv.write(tlv.SEQUENCE, tlv.write_oid(curves.PRIME_FIELD), tlv.write_integer(told["p"])),
        tlv.write(
            tlv.SEQUENCE,
            tlv.write(tlv.OCTET_STRING, told["a"].to_bytes(curve.size, "big")),
            tlv.write(tlv.OCTET_STRING, told["b"].to_bytes(curve.size, "big")),
        ),
        tlv.write(tlv.OCTET_STRING, point),
        tlv.write_integer(told["n"]),
        tlv.write_integer(told["h"]) if told["h"] else b"",
    )


def key_info(parameters: bytes, point: bytes) -> tlv.Tlv:
    named = tlv.write(tlv.SEQUENCE, tlv.write_oid(curves.EC_PUBLIC_KEY), parameters)
    return tlv.read(tlv.write(tlv.SEQUENCE, named, tlv.write(tlv.BIT_STRING, b"\0", point)))


# Curves ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_the_table_of_curves_is_right(curve: Curve) -> None:
    """The generator is on the curve and of the order that stands there, which is prime, as is the field."""
    assert curve.point(curve.encode(curve.g)) == curve.g
    assert curve.multiply(curve.n, curve.g) is None
    assert curve.multiply(curve.n - 1, curve.g) == (curve.g[0], curve.p - curve.g[1])
    assert all(pow(2, number - 1, number) == 1 for number in (curve.p, curve.n))
    assert abs(curve.n - curve.p - 1) <= 2 * 2 ** (curve.p.bit_length() // 2 + 1)


@pytest.mark.parametrize("curve", KNOWN, ids=lambda curve: curve.name)
def test_the_table_agrees_with_openssl(curve: Curve) -> None:
    private = ec.derive_private_key(123456789, curve.known())
    numbers = private.public_key().public_numbers()
    assert curve.multiply(123456789, curve.g) == (numbers.x, numbers.y)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_curve_is_found_by_name_and_spelled_out(curve: Curve) -> None:
    assert curves.find(tlv.read(tlv.write_oid(curve.oid))) is curve
    assert curves.find(tlv.read(spelled_out(curve))) is curve
    assert curves.find(tlv.read(spelled_out(curve, h=0))) is curve


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_curve_that_differs_in_anything_is_refused(curve: Curve) -> None:
    """CVE-2020-0601: a generator of the forger's choice makes any public key his."""
    forged = curve.multiply(7, curve.g)
    for other in (
        {"g": forged},
        {"a": curve.a ^ 1},
        {"b": curve.b ^ 1},
        {"p": curve.p + 2},
        {"n": curve.n + 2},
        {"h": 2},
    ):
        with pytest.raises(CurveUnknown):
            curves.find(tlv.read(spelled_out(curve, **other)))


def test_a_compressed_generator_is_the_same_generator() -> None:
    assert curves.find(tlv.read(spelled_out(BY_NAME["brainpoolP384r1"], compressed=True))).name == "brainpoolP384r1"


def test_a_curve_of_another_field_or_none_is_refused() -> None:
    for parameters in (b"\x05\0", tlv.write_oid("1.3.132.0.10"), tlv.write_oid("1.2.3")):
        with pytest.raises(CurveUnknown):
            curves.find(tlv.read(parameters))


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_point_off_the_curve_is_no_key(curve: Curve) -> None:
    x, y = curve.g
    for point in (
        curve.encode((x, y ^ 1)),
        curve.encode((x, curve.g[1]))[:-1],
        b"\0",
        b"",
        b"\x04" + bytes(2 * curve.size),
    ):
        with pytest.raises(CurveUnknown):
            read_key(key_info(tlv.write_oid(curve.oid), point))


@pytest.mark.parametrize("curve", [BY_NAME["secp224r1"], BY_NAME["brainpoolP256r1"], BY_NAME["secp521r1"]])
def test_our_own_arithmetic_verifies_what_openssl_signs(curve: Curve) -> None:
    """It serves the curves that OpenSSL lacks here; so it is tried on those that it has."""
    private = ec.generate_private_key(curve.known())
    numbers = private.public_key().public_numbers()
    r, s = decode_dss_signature(private.sign(b"data", ec.ECDSA(hashes.SHA512())))
    hashed = hashlib.sha512(b"data").digest()
    point = (numbers.x, numbers.y)
    assert curve.verifies(point, hashed, r, s)
    assert not curve.verifies(point, hashlib.sha512(b"other").digest(), r, s)
    for wrong in ((r ^ 1, s), (0, s), (r, 0), (curve.n, s), (r, curve.n), (r + curve.n, s)):
        assert not curve.verifies(point, hashed, *wrong)


@pytest.mark.parametrize("curve", OWN, ids=lambda curve: curve.name)
def test_a_curve_that_openssl_lacks_verifies_all_the_same(curve: Curve) -> None:
    secret, nonce = 0x1234567, 0x7654321
    public = curve.multiply(secret, curve.g)
    shared = curve.multiply(nonce, curve.g)
    assert public
    assert shared
    e = int.from_bytes(hashlib.sha256(b"data").digest(), "big") >> max(0, 256 - curve.n.bit_length())
    r = shared[0] % curve.n
    s = pow(nonce, -1, curve.n) * (e + r * secret) % curve.n
    key = read_key(key_info(tlv.write_oid(curve.oid), curve.encode(public)))
    assert key.loaded is None
    size = (curve.n.bit_length() + 7) // 8
    raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    key.verify_raw(raw, b"data", "sha256")
    der = tlv.write(tlv.SEQUENCE, tlv.write_integer(r), tlv.write_integer(s))
    key.verify(der, b"data", Algorithm(ECDSA_SHA256))
    for wrong in (raw[:-1] + bytes([raw[-1] ^ 1]), raw[:-1], raw + b"\0", bytes(2 * size)):
        with pytest.raises(SignatureWrong):
            key.verify_raw(wrong, b"data", "sha256")


# Signatures -----------------------------------------------------------------------------------------------------------

SIGNER = ec.generate_private_key(ec.SECP256R1())
STATE = Authority("NE")
CERTIFICATE = STATE.certify(SIGNER.public_key(), "01")


def code_of(*told: Any) -> str:
    with pytest.raises(SignatureWrong) as found:
        verify_signature(*told)
    return found.value.code


def test_ecdsa_in_both_forms() -> None:
    signature = SIGNER.sign(b"data", ec.ECDSA(hashes.SHA256()))
    key = CERTIFICATE.key
    verify_signature(key, ECDSA_SHA256, b"", signature, b"data")
    verify_signature(key, curves.EC_PUBLIC_KEY, b"", signature, b"data", "sha256")
    r, s = decode_dss_signature(signature)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    verify_raw(CERTIFICATE, "sha256", raw, b"data")
    verify_signature(key, "0.4.0.127.0.7.1.1.4.1.3", b"", raw, b"data")
    assert code_of(key, "0.4.0.127.0.7.1.1.4.1.3", b"", raw, b"date") == "signature_wrong"
    assert code_of(key, "0.4.0.127.0.7.1.1.4.1.3", b"", signature, b"data") == "signature_out_of_range"
    assert code_of(key, ECDSA_SHA256, b"", signature, b"date") == "signature_wrong"
    assert code_of(key, "1.2.840.10045.4.3.3", b"", signature, b"data") == "signature_wrong"
    assert code_of(key, ECDSA_SHA256, b"", raw, b"data") == "signature_wrong"
    assert code_of(key, ECDSA_SHA256, b"", signature + b"\0", b"data") == "signature_wrong"
    assert code_of(key, curves.EC_PUBLIC_KEY, b"", signature, b"data") == "algorithm_unknown"
    assert code_of(key, RSA_SHA256, b"", signature, b"data") == "key_mismatch"
    assert code_of(key, "1.2.840.113549.1.1.4", b"", signature, b"data") == "algorithm_unknown"
    with pytest.raises(SignatureWrong, match="signature_out_of_range"):
        verify_raw(CERTIFICATE, "sha256", raw + b"\0", b"data")
    with pytest.raises(SignatureWrong, match="algorithm_unknown"):
        verify_raw(CERTIFICATE, "md5", raw, b"data")


def test_rsa_in_each_form() -> None:
    private = rsa.generate_private_key(65537, 2048)
    key = STATE.certify(private.public_key(), "02").key
    signature = private.sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    verify_signature(key, RSA_SHA256, b"\x05\0", signature, b"data")
    verify_signature(key, pki.RSA, b"\x05\0", signature, b"data", "sha256")
    assert code_of(key, pki.RSA, b"", signature, b"data") == "algorithm_unknown"
    assert code_of(key, ECDSA_SHA256, b"", signature, b"data") == "key_mismatch"
    # PSS without parameters is SHA-1 and twenty bytes of salt (RFC 4055, 3.1).
    old = private.sign(b"data", padding.PSS(padding.MGF1(hashes.SHA1()), 20), hashes.SHA1())
    verify_signature(key, pki.PSS, b"", old, b"data")
    verify_signature(key, pki.PSS, b"\x30\0", old, b"data")
    assert code_of(key, pki.PSS, b"", signature, b"data") == "signature_wrong"
    long_salt = tlv.write(tlv.SEQUENCE, tlv.write(0xA2, tlv.write_integer(30_000)))
    assert code_of(key, pki.PSS, long_salt, old, b"data") == "signature_wrong"
    for odd in (b"\x05\0", b"\x30\x02\xa0\0", b"\x30\x04\xa0\x02\x30\0"):
        assert code_of(key, pki.PSS, odd, old, b"data") == "algorithm_unknown"


def test_pss_says_its_hash_and_the_hash_of_its_mask() -> None:
    private = rsa.generate_private_key(65537, 2048)
    key = STATE.certify(private.public_key(), "03").key
    named = tlv.write(tlv.SEQUENCE, tlv.write_oid("2.16.840.1.101.3.4.2.1"))
    mask = tlv.write(tlv.SEQUENCE, tlv.write_oid("1.2.840.113549.1.1.8"), named)
    told = tlv.write(
        tlv.SEQUENCE, tlv.write(0xA0, named), tlv.write(0xA1, mask), tlv.write(0xA2, tlv.write_integer(32))
    )
    signature = private.sign(b"data", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    verify_signature(key, pki.PSS, told, signature, b"data")
    other = private.sign(b"data", padding.PSS(padding.MGF1(hashes.SHA1()), 32), hashes.SHA256())
    assert code_of(key, pki.PSS, told, other, b"data") == "signature_wrong"


# Certificates ---------------------------------------------------------------------------------------------------------


def test_what_a_certificate_says() -> None:
    made = Authority("ne", "CSCA, Niamey").certificate
    assert (made.country, made.subject) == ("NE", "C=ne,CN=CSCA\\, Niamey")
    assert (made.is_ca, made.path_length, made.key_usage) == (True, 0, frozenset({5, 6}))
    assert (made.not_before, made.not_after) == (AT - 2 * YEAR, AT + 10 * YEAR)
    assert made.authority_key_id == made.subject_key_id
    assert made.fingerprint == hashlib.sha256(made.der).hexdigest()
    assert made.self_issued
    assert made.issuer == made.subject
    made.verify_issued_by(made)
    with pytest.raises(SignatureWrong):
        made.verify_issued_by(STATE.certificate)


def test_a_certificate_with_a_byte_more_or_less_is_none() -> None:
    der = CERTIFICATE.der
    for wrong in (der + b"\0", der[:-1], b"", b"\x30\0", der[1:], b"\x30\x80" + der, bytes(65_537)):
        with pytest.raises(CertificateUnreadable) as found:
            read_certificate(wrong)
        assert found.value.code in {"certificate_form", "certificate_too_long"}


def test_two_algorithms_or_an_extension_twice_are_no_certificate() -> None:
    other = CERTIFICATE.der.replace(b"\x2a\x86\x48\xce\x3d\x04\x03\x02", b"\x2a\x86\x48\xce\x3d\x04\x03\x03", 1)
    twice = CERTIFICATE.der.replace(b"\x55\x1d\x0e", b"\x55\x1d\x0f", 1)
    for wrong in (other, twice):
        with pytest.raises(CertificateUnreadable, match="certificate_form"):
            read_certificate(wrong)


def test_a_key_that_is_too_weak_or_of_no_kind() -> None:
    def info(modulus: int, exponent: int) -> tlv.Tlv:
        key = tlv.write(tlv.SEQUENCE, tlv.write_integer(modulus), tlv.write_integer(exponent))
        named = tlv.write(tlv.SEQUENCE, tlv.write_oid(pki.RSA), b"\x05\0")
        return tlv.read(tlv.write(tlv.SEQUENCE, named, tlv.write(tlv.BIT_STRING, b"\0", key)))

    modulus = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    assert read_key(info(modulus, 65537)).bits == 2048
    assert read_key(info(modulus - (1 << 2048), 65537)).bits == 2048  # without its zero in front, as some write it
    for wrong in ((modulus, 1), (modulus, 2), (modulus - 1, 3), ((1 << 511) | 1, 3), ((1 << 9000) | 1, 3)):
        with pytest.raises(CertificateUnreadable, match="key_weak"):
            read_key(info(*wrong))
    unknown = tlv.write(tlv.SEQUENCE, tlv.write_oid("1.3.101.112"))
    with pytest.raises(CertificateUnreadable, match="key_unknown"):
        read_key(tlv.read(tlv.write(tlv.SEQUENCE, unknown, tlv.write(tlv.BIT_STRING, bytes(33)))))


def test_a_certificate_on_a_curve_of_its_own_is_unreadable() -> None:
    curve = BY_NAME["secp256r1"]
    named = tlv.write_oid(curve.oid)
    forged = spelled_out(curve, g=curve.multiply(7, curve.g))
    parts = [one.raw for one in tlv.read(CERTIFICATE.der).children()]
    inner = tlv.read(parts[0]).children()
    key = inner[6].raw.replace(named, forged)
    bits = tlv.read(inner[6].raw).children()[1].raw
    key = tlv.write(tlv.SEQUENCE, tlv.write(tlv.SEQUENCE, tlv.write_oid(curves.EC_PUBLIC_KEY), forged), bits)
    signed = tlv.write(tlv.SEQUENCE, *(one.raw for one in inner[:6]), key, *(one.raw for one in inner[7:]))
    with pytest.raises(CertificateUnreadable) as found:
        read_certificate(tlv.write(tlv.SEQUENCE, signed, *parts[1:]))
    assert (found.value.code, found.value.field) == ("curve_unknown", "key")


def test_real_signers_are_read(shared_data: Path) -> None:
    folder = shared_data / "documents" / "pymrtd_tests" / "pki" / "certs"
    read = [read_certificate(path.read_bytes()) for path in sorted(folder.iterdir())]
    assert [(one.country, one.is_ca, one.key.kind, one.document_types) for one in read] == [
        ("DE", False, "rsa", ()),
        ("DE", False, "rsa", ()),
    ]


# Revocations ----------------------------------------------------------------------------------------------------------


def test_a_list_of_revocations() -> None:
    made = STATE.crl(3, 4)
    assert (made.country, made.number, sorted(made.revoked)) == ("NE", 7, [3, 4])
    assert made.next_update == made.this_update + dt.timedelta(days=90)
    made.verify_issued_by(STATE.certificate)
    assert STATE.crl().revoked == {}
    for wrong in (b"", b"\x30\0", CERTIFICATE.der, bytes(17 << 20)):
        with pytest.raises(CrlUnreadable):
            read_crl(wrong)


# Tags, lengths, values ------------------------------------------------------------------------------------------------


trees = st.recursive(
    st.tuples(st.sampled_from([0x02, 0x04, 0x0C, 0x5F1F]), st.binary(max_size=200)),
    lambda inner: st.tuples(st.sampled_from([0x30, 0x31, 0xA0, 0x7F61]), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def written(tree: Any, *, indefinite: bool = False) -> bytes:
    tag, content = tree
    if isinstance(content, bytes):
        return tlv.write(tag, content)
    inner = [written(one, indefinite=indefinite) for one in content]
    if indefinite:
        return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + b"\x80" + b"".join(inner) + b"\0\0"
    return tlv.write(tag, *inner)


@given(trees)
@settings(max_examples=60)
def test_what_is_written_is_read_with_lengths_told_or_not(tree: Any) -> None:
    whole = written(tree)
    assert tlv.definite(tlv.read(whole, der=True)) == whole
    assert tlv.definite(tlv.read(written(tree, indefinite=True))) == whole


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "tlv_cut"),
        (b"\x30", "tlv_cut"),
        (b"\x30\x05\0", "tlv_cut"),
        (b"\x30\x84\xff\xff\xff\xff", "tlv_cut"),
        (b"\x30\x85\0\0\0\0\0", "tlv_length"),
        (b"\x04\x80\0\0", "tlv_length"),
        (b"\x30\x80" * 30 + b"\0\0" * 30, "tlv_too_deep"),
        (b"\x30\x80\x30\x80\0\0", "tlv_cut"),
        (b"\x5f\xff\xff\xff\x01\0", "tlv_tag"),
        (b"\x30\x80" + b"\x05\0" * 100_001 + b"\0\0", "tlv_too_many"),
        (b"\x05\0\0", "tlv_trailing"),
        (bytes(MOST_BYTES + 1), "tlv_too_long"),
    ],
)
def test_what_cannot_be_read(data: bytes, code: str) -> None:
    with pytest.raises(TlvInvalid) as found:
        tlv.read(data)
    assert found.value.code == code


def test_der_has_one_way_to_tell_a_length() -> None:
    for data in (b"\x30\x81\x02\x05\0", b"\x30\x82\0\x02\x05\0", b"\x30\x80\x05\0\0\0"):
        assert tlv.read(data).children()[0].tag == tlv.NULL
        with pytest.raises(TlvInvalid, match="tlv_length"):
            tlv.read(data, der=True)


def test_members_are_counted() -> None:
    many = tlv.write(tlv.SEQUENCE, b"\x05\0" * 20_001)
    with pytest.raises(TlvInvalid, match="tlv_too_many"):
        tlv.read(many).children()


@pytest.mark.parametrize(
    ("written_as", "expected"),
    [
        (b"\x17\x0d261126120000Z", AT),
        (b"\x17\x0b2611261200Z", AT),
        (b"\x17\x11261126130000+0100", AT),
        (b"\x18\x0f20261126120000Z", AT),
        (b"\x18\x1320261126120000.000Z", AT),
        (b"\x17\x0d500101000000Z", dt.datetime(1950, 1, 1, tzinfo=dt.UTC)),
    ],
)
def test_instants(written_as: bytes, expected: dt.datetime) -> None:
    assert tlv.instant(tlv.read(written_as)) == expected


@pytest.mark.parametrize(
    "told", [b"\x17\x0d261326120000Z", b"\x18\x0f00001126120000Z", b"\x17\x05hello", b"\x18\x1100010101000000+2359"]
)
def test_an_instant_that_is_none(told: bytes) -> None:
    with pytest.raises(TlvInvalid):
        tlv.instant(tlv.read(told))


@given(st.integers(-(2**100), 2**100))
def test_integers(value: int) -> None:
    assert tlv.integer(tlv.read(tlv.write_integer(value))) == value


@given(st.lists(st.integers(0, 2**40), max_size=8), st.integers(0, 2), st.integers(0, 39))
def test_identifiers(arcs: list[int], first: int, second: int) -> None:
    text = ".".join(map(str, [first, second, *arcs]))
    assert tlv.oid(tlv.read(tlv.write_oid(text))) == text


def test_keys_of_openssl_are_read_the_same() -> None:
    der = SIGNER.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert read_key(tlv.read(der)) == CERTIFICATE.key
