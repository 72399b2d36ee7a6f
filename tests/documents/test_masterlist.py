"""Lists that states sign: the two real ones whole, our own read as another state would, and each way to slip one in."""

import base64
import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from jiwar.documents.logic import cms, tlv
from jiwar.documents.logic.ldif import LdifInvalid, read_ldif
from jiwar.documents.logic.masterlist import (
    MASTER_LIST,
    MASTER_LIST_SIGNER,
    ListRefused,
    content_type,
    read_list,
    read_master_list,
    write_master_list,
)
from jiwar.documents.logic.pki import Certificate, SignatureWrong, read_certificate
from jiwar.documents.logic.trust import Anchor, Trust
from tests.documents.states import AT, DAY, YEAR, Authority

LISTS = {
    "DE_ML_2026-05-28-08-28-45.ml": ("DE_ROOT_CA_CSCA07.cer", 588),
    "NL_ML_2026-07-22.ml": ("NL_ROOT_CA.cer", 411),
}
FOR_LISTS = ((x509.ExtendedKeyUsage([x509.ObjectIdentifier(MASTER_LIST_SIGNER)]), True),)
NIGER, LIBYA = Authority("NE"), Authority("LY")
KEY, SIGNER = NIGER.signer("MLS", extensions=FOR_LISTS)
OWN = (NIGER.certificate, LIBYA.certificate)


def raw(key: ec.EllipticCurvePrivateKey) -> Any:
    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def own(at: dt.datetime = AT, signer: Certificate = SIGNER, key: Any = KEY, root: Certificate = OWN[0]) -> bytes:
    return write_master_list(OWN, signer, root, raw(key), at)


def refused(data: bytes, roots: tuple[Certificate, ...] = OWN[:1], at: dt.datetime = AT) -> str:
    with pytest.raises(ListRefused) as found:
        read_master_list(data, roots, at)
    return found.value.code


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "documents" / "masterlists"


@pytest.mark.parametrize("name", LISTS)
def test_every_key_of_a_real_list_loads(folder: Path, name: str) -> None:
    root, count = LISTS[name]
    read = read_master_list((folder / name).read_bytes(), [read_certificate((folder / root).read_bytes())], AT)
    assert (len(read.certificates), read.unread) == (count, ())
    assert read.signed.root.fingerprint == read_certificate((folder / root).read_bytes()).fingerprint
    assert read.signed.signed_at
    assert read.signed.signed_at.year == 2026


def test_the_two_real_lists_hold_what_is_known_of_them(folder: Path) -> None:
    pool: dict[str, Certificate] = {}
    for name, (root, _) in LISTS.items():
        read = read_master_list((folder / name).read_bytes(), [read_certificate((folder / root).read_bytes())], AT)
        pool |= {one.fingerprint: one for one in read.certificates}
    assert len(pool) == 627
    # 414 roots and 202 links are signed by a key of the pool; of the other 11 the issuer is not there, and none is
    # called forged for that, although all but a few share the name of an authority that is there.
    whole = Trust(tuple(Anchor(one, "list") for one in pool.values()))
    assert Counter(_issuer(whole, one) for one in pool.values()) == {"": 616, "issuer_unknown": 11}
    half = Trust(whole.anchors[::2])
    assert {_issuer(half, anchor.certificate) for anchor in whole.anchors[1::8]} == {"", "issuer_unknown"}
    assert sum(one.serial <= 0 for one in pool.values()) == 4
    assert sum(not one.is_ca for one in pool.values()) == 8
    assert sum(not one.authority_key_id for one in pool.values()) == 109
    assert sum(_signed_itself(one) for one in pool.values()) == 414
    assert all(len(one.country) == 2 and one.country.isupper() for one in pool.values())


def _issuer(trust: Trust, certificate: Certificate) -> str:
    """ "" where an anchor signed it, else why none did."""
    try:
        trust.anchor_of(certificate)
    except SignatureWrong as wrong:
        return wrong.code
    return ""


def _signed_itself(certificate: Certificate) -> bool:
    try:
        certificate.verify_issued_by(certificate)
    except SignatureWrong:
        return False
    return True


def test_a_real_list_under_another_root_is_no_list(folder: Path) -> None:
    data = (folder / "DE_ML_2026-05-28-08-28-45.ml").read_bytes()
    other = read_certificate((folder / "NL_ROOT_CA.cer").read_bytes())
    assert refused(data, (other,)) == "list_root_unknown"
    # The list brings its own authority: that is not a root.
    assert refused(data, ()) == "list_root_unknown"


def test_a_real_list_with_one_bit_turned(folder: Path) -> None:
    data = (folder / "NL_ML_2026-07-22.ml").read_bytes()
    root = (read_certificate((folder / "NL_ROOT_CA.cer").read_bytes()),)
    at = len(data) // 2
    assert refused(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], root) == "list_changed"
    assert refused(data[:-1] + bytes([data[-1] ^ 1]), root) == "list_signature_wrong"


def test_our_own_list_is_read_as_another_state_would() -> None:
    data = own()
    assert content_type(data) == MASTER_LIST
    read = read_master_list(data, OWN[:1], AT)
    assert set(read.certificates) == set(OWN)
    assert read.signed.signed_at == AT
    assert read.signed.signer == SIGNER
    # The members stand in the order of DER, whatever order they came in.
    members = tlv.read(read.signed.content).children()[1].children()
    assert [one.raw for one in members] == sorted(one.raw for one in members)


def test_who_may_sign_a_list() -> None:
    key, plain = NIGER.signer("DS")
    with pytest.raises(ListRefused, match="list_signer_use"):
        own(signer=plain, key=key)
    stranger = Authority("NE")
    key, signer = stranger.signer("MLS", extensions=FOR_LISTS)
    with pytest.raises(ListRefused, match="list_root_unknown"):
        own(signer=signer, key=key)
    with pytest.raises(ListRefused, match="list_signature_wrong"):
        own(key=key)
    assert refused(own(), at=SIGNER.not_after + DAY) == "list_signer_time"
    key, signer = NIGER.signer("MLS", extensions=FOR_LISTS, begins=AT + DAY, ends=AT + YEAR)
    with pytest.raises(ListRefused, match="list_signer_time"):
        own(signer=signer, key=key)
    with pytest.raises(ListRefused, match="list_signer_use"):
        own(signer=OWN[0], key=NIGER.key)


def test_another_kind_of_list_is_not_a_master_list() -> None:
    other = cms.write_signed_data("2.23.136.1.1.7", b"\x30\0", (SIGNER,), raw(KEY), AT)
    assert refused(other) == "list_other_kind"
    assert read_list(other, "2.23.136.1.1.7", "", OWN[:1], AT).content == b"\x30\0"


def test_a_certificate_that_cannot_be_read_is_named_and_the_others_taken() -> None:
    odd = b"\x30\x03\x02\x01\x05"
    content = tlv.write(tlv.SEQUENCE, tlv.write_integer(0), tlv.write(tlv.SET, odd, OWN[0].der, OWN[0].der))
    data = cms.write_signed_data(MASTER_LIST, content, (SIGNER,), raw(KEY), AT)
    read = read_master_list(data, OWN[:1], AT)
    assert read.certificates == OWN[:1]
    assert [(one.place, one.code) for one in read.unread] == [(1, "certificate_form")]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x30\0", b"\x30\x05\x02\x01\x01\x31\0", b"\x30\x05\x02\x01\0\x30\0", b"\x30\x80", b"\x30\x02\x02"],
)
def test_content_that_is_no_list(content: bytes) -> None:
    assert refused(cms.write_signed_data(MASTER_LIST, content, (SIGNER,), raw(KEY), AT)) == "list_form"


def test_bytes_that_are_nothing() -> None:
    assert refused(b"") == "list_form"
    assert refused(own() + b"\0") == "list_form"
    assert refused(bytes(33 << 20)) == "list_too_long"


# The directory --------------------------------------------------------------------------------------------------------


def entry(name: str, attribute: str, data: bytes) -> list[bytes]:
    told = base64.b64encode(data)
    folded = [told[at : at + 76] for at in range(0, len(told), 76)]
    first = f"{attribute}:: ".encode() + folded[0]
    return [
        f"dn: {name}\n".encode(),
        b"version: 1\n",
        first + b"\n",
        *(b" " + part + b"\r\n" for part in folded[1:]),
        b"\n",
    ]


def test_the_directory_gives_what_is_about_trust() -> None:
    crl = NIGER.crl(7)
    lines = [
        b"version: 1\n",
        b"# of the directory\n",
        b"dn: dc=data,dc=download,dc=pkd,dc=icao,dc=int\n",
        b"objectClass: top\n\n",
        *entry("cn=a,o=dsc,c=NE,dc=data", "userCertificate;binary", SIGNER.der),
        *entry("cn=b,o=ml,c=NE,dc=data", "pkdMasterListContent", own()),
        *entry("cn=c,o=crl,c=NE,dc=nc-data", "certificateRevocationList;binary", crl.signed),
    ]
    found = list(read_ldif(lines))
    assert [(one.kind, one.conformant) for one in found] == [
        ("certificate", True),
        ("master_list", True),
        ("crl", False),
    ]
    assert read_certificate(found[0].data) == SIGNER
    assert read_master_list(found[1].data, OWN[:1], AT).certificates
    assert (found[0].name, found[0].line) == ("cn=a,o=dsc,c=NE,dc=data", 7)


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        ([b"nothing\n"], "ldif_line", 1),
        ([b"dn: a\n", b"userCertificate;binary:: !!\n"], "ldif_base64", 2),
        ([b"dn: a\n", b"userCertificate;binary:< file:///etc/passwd\n"], "ldif_line", 2),
        ([b"dn: a\n"] + [b" " + bytes(1 << 20)] * 60, "ldif_too_long", 1),
    ],
)
def test_what_is_no_directory(lines: list[bytes], code: str, line: int) -> None:
    with pytest.raises(LdifInvalid) as found:
        list(read_ldif(lines))
    assert (found.value.code, found.value.line) == (code, line)
