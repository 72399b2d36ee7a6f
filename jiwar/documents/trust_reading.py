"""What a file about trust holds: told by its bytes, verified under what is pinned, and what of it is not taken and why.

Nothing is stored here.
"""

import base64
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pycountry
from django.utils import timezone

from jiwar.documents.logic import crl as crls
from jiwar.documents.logic import known_defects, ldif, masterlist, tlv
from jiwar.documents.logic.crl import Crl, CrlUnreadable
from jiwar.documents.logic.known_defects import DefectsUnreadable
from jiwar.documents.logic.ldif import LdifInvalid
from jiwar.documents.logic.masterlist import ListRefused, SignedList
from jiwar.documents.logic.pem import PemInvalid, is_pem, read_pem
from jiwar.documents.logic.pki import Certificate, CertificateUnreadable, SignatureWrong, read_certificate
from jiwar.documents.logic.tlv import TlvInvalid
from jiwar.documents.trust_kinds import LONGEST_CERTIFICATE, LONGEST_CRL, MOST_DEFECTS, Defect, OfferedCertificate
from jiwar.records.queries import newest_version
from jiwar.wire.faults import Fault, Refused

LONGEST_FILE: Final = 64_000_000
"""Bytes of a file that is read in: the directory's master lists and revocations are 25 MB, its signers more."""
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_DEVIATION_SIGNER = "2.23.136.1.1.8"
_MOST_SAID = 600_000
"""Bytes that a list of defects takes in a record."""
_TWO_LETTERS = re.compile(r"[A-Z]{2}")
_NOTHING = Fault("trust_form_unknown", "file")
_SIGNER_NAME = re.compile(r"[A-Za-z0-9]{2}")
Anchors = Mapping[str, Sequence[Certificate]]


@dataclass(frozen=True, slots=True)
class ListRead:
    """A master list that a pinned root vouches for; `publisher` is that root's fingerprint."""

    source: str
    publisher: str
    signed_at: dt.datetime | None
    certificates: tuple[Certificate, ...]


@dataclass(slots=True)
class FileRead:
    """What of a file can be taken. `form` is of the words group ``trust_form``; `defects` by who says so.

    `signed_at` is the time of its one list, where it has one. `faults` name what is not taken: `field` says where.
    """

    form: str
    source: str = "authority"
    publisher: str = ""
    signed_at: dt.datetime | None = None
    lists: list[ListRead] = field(default_factory=list)
    signers: list[Certificate] = field(default_factory=list)
    crls: list[Crl] = field(default_factory=list)
    raw_crls: list[bytes] = field(default_factory=list)
    defects: dict[str, tuple[Defect, ...]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a certificate says of itself, in words for a page."""

    country: str
    subject: str
    issuer: str
    serial: str
    not_before: dt.datetime
    not_after: dt.datetime
    key: str
    key_id: str
    fingerprint: str


def summary(der: bytes) -> Summary:
    """Of a certificate that was read before."""
    found = read_certificate(der)
    kind = found.key.curve.name if found.key.curve else f"{found.key.kind.upper()} {found.key.bits}"
    serial = f"{'-' if found.serial < 0 else ''}{abs(found.serial):x}"
    key_id = found.subject_key_id.hex()
    return Summary(
        found.country, found.subject, found.issuer, serial, found.not_before, found.not_after, kind, key_id,
        found.fingerprint,
    )  # fmt: skip


# One certificate ------------------------------------------------------------------------------------------------------


def is_one_certificate(data: bytes) -> bool:
    """Whether a file holds one certificate and nothing else."""
    try:
        blocks = _blocks(data)
    except Refused:
        return False
    return len(blocks) == 1 and _kind(blocks[0]) == "certificate"


def one_certificate(data: bytes) -> Certificate:
    """The certificate that a file is, in DER or PEM. Raises Refused."""
    if len(data) > 100_000:
        raise Refused(Fault("trust_file_too_large", "file", "100 kB"))
    blocks = _blocks(data)
    if len(blocks) != 1:
        raise Refused(Fault("trust_certificate_unreadable", "file", f"{len(blocks)}"))
    return _certificate(blocks[0], "file")


def offered(body: OfferedCertificate, state: str) -> Certificate:
    """The certificate that a neighbour's record shows. Raises Refused where it is not one of that state."""
    certificate = _certificate(base64.b64decode(body.der), "body.der")
    if certificate.fingerprint != body.fingerprint:
        raise Refused(Fault("trust_fingerprint_wrong", "body.fingerprint", body.fingerprint))
    own = pycountry.countries.get(alpha_3=state)
    if own is not None and certificate.country != own.alpha_2:
        raise Refused(Fault("trust_of_other_state", "body.der", certificate.country))
    if not certificate.is_ca:
        raise Refused(Fault("trust_not_an_authority", "body.der", certificate.subject[:100]))
    return certificate


def offered_certificate(record: str) -> OfferedCertificate | None:
    """What a neighbour's record in force shows; one query."""
    if not re.fullmatch(r"[0-9a-f-]{36}", record):
        return None
    found = newest_version(record)
    if found is None or found.kind != "document.authority" or found.state != "in_force":
        return None
    return OfferedCertificate.model_validate(found.body)


def _certificate(der: bytes, where: str) -> Certificate:
    try:
        found = read_certificate(der)
    except CertificateUnreadable as unreadable:
        raise Refused(Fault("trust_certificate_unreadable", where, unreadable.code)) from None
    if not _TWO_LETTERS.fullmatch(found.country):
        raise Refused(Fault("trust_country_missing", where, found.subject[:100]))
    return found


# Files ----------------------------------------------------------------------------------------------------------------


def _blocks(data: bytes) -> list[bytes]:
    """The DER texts of a file: itself, or those of its PEM."""
    if not is_pem(data):
        return [data]
    try:
        return list(read_pem(data))
    except PemInvalid as invalid:
        code = "trust_form_unknown" if invalid.code == "pem_form" else "trust_file_too_large"
        raise Refused(Fault(code, "file", "")) from None


def _kind(der: bytes) -> str:
    """``cms``, ``certificate``, ``crl`` or ""."""
    try:
        first = next(tlv.read(der).expect(tlv.SEQUENCE).each())
        if first.tag == tlv.OID:
            return "cms" if tlv.oid(first) == _SIGNED_DATA else ""
        # Only a list of revocations has a time among its own members.
        inner = [part.tag for part in list(first.expect(tlv.SEQUENCE).each())[:4]]
    except (TlvInvalid, StopIteration):
        return ""
    return "crl" if {tlv.UTC_TIME, tlv.GENERALIZED_TIME} & set(inner) else "certificate"


def read_file(data: bytes, pinned: Sequence[Certificate], anchors: Anchors) -> FileRead:
    """Whatever a file holds, told by its bytes. Raises Refused where nothing of it can be taken."""
    if len(data) > LONGEST_FILE:
        raise Refused(Fault("trust_file_too_large", "file", f"{LONGEST_FILE // 1_000_000} MB"))
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    if data.lstrip()[:8].lower().startswith((b"version:", b"dn:")):
        return _directory(data, pinned, anchors)
    blocks = _blocks(data)
    kinds = {_kind(block) for block in blocks}
    if kinds == {"cms"} and len(blocks) == 1:
        return _signed(blocks[0], pinned)
    if kinds == {"crl"}:
        read = FileRead("crl")
        for count, block in enumerate(blocks):
            _take_crl(read, block, f"CRL {count + 1}", anchors)
    elif kinds == {"certificate"}:
        read = FileRead("signers")
        for count, block in enumerate(blocks):
            certificate = _certificate(block, f"{count + 1}")
            if certificate.is_ca:
                raise Refused(Fault("trust_needs_two", "file"))
            _take_signer(read, certificate, f"{count + 1}", anchors)
    else:
        raise Refused(Fault("trust_form_unknown", "file"))
    if read.faults and not (read.crls or read.signers):
        raise Refused(*(Fault(fault.code, "file", fault.detail) for fault in read.faults[:20]))
    return read


def _take_crl(read: FileRead, der: bytes, where: str, anchors: Anchors) -> None:
    """Take a list of revocations that a trusted authority of its state signed."""
    if len(der) > LONGEST_CRL:
        read.faults.append(Fault("trust_crl_too_large", where, f"{len(der) // 1000} kB"))
        return
    try:
        crl = crls.read_crl(der)
    except CrlUnreadable as unreadable:
        read.faults.append(Fault("trust_file_unreadable", where, unreadable.code))
        return
    code = _vouched(crl, anchors.get(crl.country, ()))
    if code:
        read.faults.append(Fault("trust_crl_issuer_unknown", where, crl.country or crl.issuer[:60]))
        return
    read.crls.append(crl)
    read.raw_crls.append(der)


def _take_signer(read: FileRead, certificate: Certificate, where: str, anchors: Anchors) -> None:
    """Take the certificate of a signer of seals that a trusted authority of its state signed."""
    if _vouched(certificate, anchors.get(certificate.country, ())):
        read.faults.append(Fault("trust_signer_unknown", where, f"{certificate.country} {certificate.serial:x}"))
        return
    read.signers.append(certificate)


def _vouched(signed: Certificate | Crl, issuers: Iterable[Certificate]) -> str:
    """ "" where one of the issuers signed it, else a code."""
    for issuer in issuers:
        try:
            signed.verify_issued_by(issuer)
        except SignatureWrong:
            continue
        return ""
    return "issuer_unknown"


def is_seal_signer(certificate: Certificate) -> bool:
    """Whether it signs seals: its common name is the two characters that stand in a seal (Doc 9303-13, 4).

    The others of the directory sign chips, and each chip brings its own.
    """
    names = [part[3:] for part in certificate.subject.split(",") if part.startswith("CN=")]
    return not certificate.is_ca and len(names) == 1 and bool(_SIGNER_NAME.fullmatch(names[0]))


# Lists that a root vouches for, and the directory ---------------------------------------------------------------------


def _signed(der: bytes, pinned: Sequence[Certificate]) -> FileRead:
    """A list that a pinned root vouches for. Raises Refused."""
    at = timezone.now()
    try:
        kind = masterlist.content_type(der)
        if kind == masterlist.MASTER_LIST:
            read = FileRead("master_list")
            read.lists.append(_list(read, der, pinned, at))
            [listed] = read.lists
            read.source, read.publisher, read.signed_at = listed.source, listed.publisher, listed.signed_at
            return read
        use = _DEVIATION_SIGNER if kind == known_defects.DEVIATION_LIST else ""
        signed = masterlist.read_list(der, kind, use, pinned, at)
    except ListRefused as refused:
        raise Refused(Fault(_of_list(refused), "file", _said(refused))) from None
    form = "deviation_list" if use else "defect_list"
    source = f"list:{signed.root.country}"
    return FileRead(form, source, signed.root.fingerprint, signed.signed_at, defects={source: _defects(signed)})


def _list(read: FileRead, der: bytes, pinned: Sequence[Certificate], at: dt.datetime, where: str = "") -> ListRead:
    found = masterlist.read_master_list(der, pinned, at)
    root = found.signed.root
    read.faults += [
        Fault("trust_certificate_unreadable", f"{where}{each.place}", f"{each.code} {each.found}".strip())
        for each in found.unread
    ]
    taken = []
    for certificate in found.certificates:
        if not _TWO_LETTERS.fullmatch(certificate.country):
            read.faults.append(Fault("trust_country_missing", where, certificate.subject[:100]))
        elif len(certificate.der) > LONGEST_CERTIFICATE:
            read.faults.append(Fault("trust_file_too_large", where, certificate.subject[:100]))
        else:
            taken.append(certificate)
    return ListRead(f"list:{root.country}", root.fingerprint, found.signed.signed_at, tuple(taken))


def _defects(signed: SignedList) -> tuple[Defect, ...]:
    try:
        known = known_defects.read_defects(signed.content_type, signed.content)
    except DefectsUnreadable as unreadable:
        raise Refused(Fault("trust_file_unreadable", "file", unreadable.code)) from None
    found = tuple(
        Defect(country=country, code=each.code, about=each.about[:20], text=each.text[:300])
        for each in known
        if _TWO_LETTERS.fullmatch(country := each.country or signed.root.country)
    )
    if len(found) > MOST_DEFECTS or sum(len(each.model_dump_json()) for each in found) > _MOST_SAID:
        raise Refused(Fault("trust_file_too_large", "file", str(len(found))))
    return found


def _of_list(refused: ListRefused) -> str:
    """The fault that a refusal of a list is."""
    if refused.code in {"list_root_unknown", "list_signer_missing"}:
        return "trust_publisher_unknown"
    if refused.code == "list_signer_time":
        return "trust_list_signer_expired"
    forged = refused.code in {"list_signature_wrong", "list_changed", "list_signer_use"}
    return "trust_list_forged" if forged else "trust_file_unreadable"


def _said(refused: ListRefused) -> str:
    return " ".join([refused.code, str(refused.detail.get("found", ""))])[:150].strip()


def _directory(data: bytes, pinned: Sequence[Certificate], anchors: Anchors) -> FileRead:
    """ICAO's directory: its master lists first, for the rest is judged by what they say too. Raises Refused."""
    read, at = FileRead("ldif", "pkd"), timezone.now()
    try:
        entries = [entry for entry in ldif.read_ldif(io.BytesIO(data)) if entry.conformant]
    except LdifInvalid as invalid:
        raise Refused(Fault("trust_file_unreadable", "file", f"{invalid.code} {invalid.line}")) from None
    for entry in entries:
        if entry.kind == "master_list":
            try:
                read.lists.append(_list(read, entry.data, pinned, at, f"{entry.line}: "))
            except ListRefused as refused:
                read.faults.append(Fault(_of_list(refused), str(entry.line), _said(refused)))
        elif entry.kind == "deviation_list":
            try:
                read.defects |= _signed(entry.data, pinned).defects
            except Refused as refused:
                read.faults += [replace(fault, field=str(entry.line)) for fault in refused.faults]
    known = {country: list(held) for country, held in anchors.items()}
    for certificate in (each for listed in read.lists for each in listed.certificates):
        known.setdefault(certificate.country, []).append(certificate)
    for entry in entries:
        where = str(entry.line)
        if entry.kind == "crl":
            _take_crl(read, entry.data, where, known)
        elif entry.kind == "certificate":
            _take_of_directory(read, entry.data, where, known)
    if not (read.lists or read.crls or read.signers or read.defects):
        raise Refused(*[Fault(fault.code, "file", fault.detail) for fault in read.faults[:20]] or [_NOTHING])
    return read


def _take_of_directory(read: FileRead, der: bytes, where: str, anchors: Anchors) -> None:
    try:
        certificate = read_certificate(der)
    except CertificateUnreadable as unreadable:
        read.faults.append(Fault("trust_certificate_unreadable", where, unreadable.code))
        return
    if certificate.is_ca:
        read.faults.append(Fault("trust_needs_two", where, certificate.subject[:100]))
    elif is_seal_signer(certificate):
        _take_signer(read, certificate, where, anchors)
