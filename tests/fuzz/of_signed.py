"""What chips, states and the ICAO directory bring in: certificates, revocations, signed lists of both kinds."""

from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from jiwar.documents.logic import curves, tlv
from jiwar.documents.logic.crl import CrlUnreadable, read_crl
from jiwar.documents.logic.curves import CurveUnknown
from jiwar.documents.logic.ldif import LdifInvalid, read_ldif
from jiwar.documents.logic.masterlist import MASTER_LIST_SIGNER, ListRefused, read_master_list
from jiwar.documents.logic.passive import check_passive
from jiwar.documents.logic.pki import CertificateUnreadable, SignatureWrong, read_certificate
from jiwar.documents.logic.report import Result
from jiwar.documents.logic.sod import SodUnreadable, read_sod
from jiwar.documents.logic.tlv import TlvInvalid
from jiwar.documents.logic.trust import Anchor, Trust, check_chain
from jiwar.records.words import words
from tests.documents.chips import GROUPS, Chip
from tests.documents.states import AT, Authority
from tests.fuzz.target import storable, target

FOR_LISTS = ((x509.ExtendedKeyUsage([x509.ObjectIdentifier(MASTER_LIST_SIGNER)]), True),)
SPELLED_OUT = tlv.write(
    tlv.SEQUENCE,
    tlv.write_integer(1),
    tlv.write(tlv.SEQUENCE, tlv.write_oid(curves.PRIME_FIELD), tlv.write_integer(curves.BY_NAME["secp256r1"].p)),
    tlv.write(
        tlv.SEQUENCE,
        *(
            tlv.write(tlv.OCTET_STRING, value.to_bytes(32, "big"))
            for value in (curves.BY_NAME["secp256r1"].a, curves.BY_NAME["secp256r1"].b)
        ),
    ),
    tlv.write(tlv.OCTET_STRING, curves.BY_NAME["secp256r1"].encode(curves.BY_NAME["secp256r1"].g)),
    tlv.write_integer(curves.BY_NAME["secp256r1"].n),
    tlv.write_integer(1),
)


@cache
def state() -> Authority:
    return Authority("NE", key=ec.derive_private_key(7, ec.SECP256R1()))


@cache
def trust() -> Trust:
    return Trust((Anchor(state().certificate, "fuzz"),), (state().crl(5),))


@cache
def chip() -> Chip:
    key, signer = state().signer(key=ec.derive_private_key(8, ec.SECP256R1()), serial=9)
    return Chip(key, signer)


def elements() -> list[bytes]:
    return [
        chip().sod(),
        Chip(chip().key, chip().signer, indefinite=True).sod(),
        b"\x7f\x61\x82\x00\x01\x00",
        SPELLED_OUT,
    ]


@target("jiwar.documents.logic.tlv", corpus=elements)
def ber_element(data: bytes) -> None:
    """What can be read can be written again, and is then read the same."""
    try:
        read = tlv.read(data)
        again = tlv.definite(read)
    except TlvInvalid as invalid:
        storable(invalid.found)
        return
    assert tlv.definite(tlv.read(again)) == again


@target("jiwar.documents.logic.curves", corpus=lambda: [SPELLED_OUT, tlv.write_oid("1.3.36.3.3.2.8.1.1.7")])
def named_curve(data: bytes) -> None:
    try:
        found = curves.find(tlv.read(data))
    except (CurveUnknown, TlvInvalid):
        return
    assert curves.BY_NAME[found.name] is found


@target(
    "jiwar.documents.logic.pki",
    "jiwar.documents.logic.trust",
    corpus=lambda: [chip().signer.der, state().certificate.der],
)
def document_certificate(data: bytes) -> None:
    try:
        found = read_certificate(data)
    except CertificateUnreadable as unreadable:
        storable(unreadable.code)
        storable(dict(unreadable.detail))
        return
    for told in (found.subject, found.issuer, found.country, found.not_before, found.not_after, found.fingerprint):
        storable(told)
    good = check_chain(found, trust(), AT).result is Result.SUCCESSFUL
    assert not good or found.signed in (chip().signer.der + state().certificate.der)


@target("jiwar.documents.logic.crl", corpus=lambda: [crl_bytes()])
def revocations(data: bytes) -> None:
    try:
        found = read_crl(data)
    except CrlUnreadable as unreadable:
        storable(dict(unreadable.detail))
        return
    storable(found.country)
    storable(found.issuer)
    storable(list(found.revoked.values()))
    try:
        found.verify_issued_by(state().certificate)
    except SignatureWrong as wrong:
        storable(wrong.found)


def crl_bytes() -> bytes:
    made = state().crl(5, 6)
    return tlv.write(
        tlv.SEQUENCE,
        made.signed,
        tlv.write(tlv.SEQUENCE, tlv.write_oid(made.algorithm.oid)),
        tlv.write(tlv.BIT_STRING, b"\0", made.signature),
    )


def sods() -> list[bytes]:
    told = ({}, {"indefinite": True}, {"plain": True}, {"by_key_id": True}, {"group_hash": "sha512"})
    return [Chip(chip().key, chip().signer, **one).sod() for one in told]  # type: ignore[arg-type]


@target("jiwar.documents.logic.sod", "jiwar.documents.logic.cms", "jiwar.documents.logic.passive", corpus=sods, cost=4)
def security_object(data: bytes) -> None:
    """No bytes raise, each code has words, and what is good has the very hashes that were signed."""
    found = check_passive(data, GROUPS, trust(), AT)
    known = words()["document_check"]
    for check in found.walk():
        storable(dict(check.detail))
        assert not check.code or check.code in known
        for text in known.get(check.code, {}).values():
            text.format_map(check.detail)
    try:
        read = read_sod(data)
    except SodUnreadable:
        assert found.result is Result.ABORTED
        return
    if found.result is Result.SUCCESSFUL:
        # SHA-1 is not among what is begun with: nothing else than what was signed may come out.
        assert read.signed.content in {chip().content(), Chip(chip().key, chip().signer, group_hash="sha512").content()}


def lists() -> list[bytes]:
    from tests.documents.test_masterlist import own

    return [own()]


@target("jiwar.documents.logic.masterlist", corpus=lists, cost=4)
def master_list(data: bytes) -> None:
    from tests.documents.test_masterlist import OWN

    try:
        found = read_master_list(data, OWN[:1], AT)
    except ListRefused as refused:
        storable(dict(refused.detail))
        return
    assert set(found.certificates) == set(OWN)


@target("jiwar.documents.logic.ldif", corpus=lambda: [b"dn: a,c=NE\nuserCertificate;binary:: AAAA\n AAAA\n\n# x\n"])
def directory(data: bytes) -> None:
    try:
        for entry in read_ldif(data.splitlines(keepends=True)):
            assert entry.kind
            assert entry.line >= 1
    except LdifInvalid as invalid:
        assert invalid.line >= 1
