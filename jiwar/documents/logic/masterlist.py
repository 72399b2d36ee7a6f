"""Lists that a state signs for others: master lists (Doc 9303-12, 8), and lists of deviations and defects.

A list is believed where the key of a pinned root signed the certificate of its signer, and that certificate is for such
lists and in its time. Nothing of a list is read before that, and the root is never taken from the list itself.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic import cms, tlv
from jiwar.documents.logic.pki import Certificate, CertificateUnreadable, SignatureWrong, read_certificate
from jiwar.documents.logic.tlv import Tlv, TlvInvalid

MOST_BYTES: Final = 32 << 20
MOST: Final = 5_000
"""Certificates of a list."""
MASTER_LIST: Final = "2.23.136.1.1.2"
MASTER_LIST_SIGNER: Final = "2.23.136.1.1.3"


class ListRefused(ValueError):
    """A list that is not taken.

    `code`: "list_form", "list_too_long", "list_other_kind" (its content type), "list_signer_missing" (its certificate),
    "list_root_unknown" (no pinned root signed that), "list_signer_use" (it is not for such lists), "list_signer_time",
    "list_changed" (the content after it was signed), "list_signature_wrong", "list_too_many".
    """

    def __init__(self, code: str, field: str, detail: Mapping[str, str | int]) -> None:
        super().__init__(f"{code} in {field}: {dict(detail)}")
        self.code, self.field, self.detail = code, field, detail


@dataclass(frozen=True, slots=True)
class SignedList:
    """What a root vouches for. `signed_at` is what the signer says, None where it says nothing."""

    content_type: str
    content: bytes
    signer: Certificate
    root: Certificate
    signed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A certificate of a list that cannot be read; `place` counts from 1."""

    place: int
    code: str
    found: str


@dataclass(frozen=True, slots=True)
class MasterList:
    signed: SignedList
    certificates: tuple[Certificate, ...]
    unread: tuple[Unread, ...]


def content_type(data: bytes) -> str:
    """What kind of list it says it is, not verified. Raises ListRefused."""
    return _signed_data(data).content_type


def _signed_data(data: bytes) -> cms.SignedData:
    if len(data) > MOST_BYTES:
        raise ListRefused("list_too_long", "list", {"expected": MOST_BYTES, "found": len(data)})
    try:
        return cms.read_signed_data(tlv.read(bytes(data)))
    except TlvInvalid as invalid:
        raise ListRefused("list_form", "list", {"found": invalid.code, "at": invalid.at}) from None


def read_list(data: bytes, kind: str, use: str, roots: Iterable[Certificate], at: dt.datetime) -> SignedList:
    """The content of a list of this kind that a root vouches for. Raises ListRefused.

    `kind` is its content type, `use` what the certificate of its signer must be for ("" where the standard names none).
    """
    signed = _signed_data(data)
    if signed.content_type != kind:
        raise ListRefused("list_other_kind", "list", {"expected": kind, "found": signed.content_type})
    signer, named = _named(signed)
    root = _root(named, roots)
    if named.is_ca or (use and use not in named.extended):
        raise ListRefused("list_signer_use", "signer", {"expected": use, "found": " ".join(named.extended)})
    for certificate in (named, root):
        if not certificate.not_before <= at <= certificate.not_after:
            until = f"{certificate.not_before:%Y-%m-%d}/{certificate.not_after:%Y-%m-%d}"
            raise ListRefused("list_signer_time", "signer", {"found": until})
    if cms.speaks_of(signed, signer):
        raise ListRefused("list_changed", "list", {"found": cms.speaks_of(signed, signer)})
    try:
        cms.verify_signer(signed, signer, named)
    except SignatureWrong as wrong:
        raise ListRefused("list_signature_wrong", "list", {"found": wrong.code}) from None
    return SignedList(signed.content_type, signed.content, named, root, signer.signed_at)


def _named(signed: cms.SignedData) -> tuple[cms.Signer, Certificate]:
    if len(signed.signers) != 1:
        raise ListRefused("list_form", "signer", {"expected": 1, "found": len(signed.signers)})
    signer = signed.signers[0]
    found = ""
    for der in signed.certificates:
        try:
            certificate = read_certificate(der)
        except CertificateUnreadable as unreadable:
            found = unreadable.code
            continue
        if signer.names(certificate):
            return signer, certificate
    raise ListRefused("list_signer_missing", "signer", {"found": found})


def _root(signer: Certificate, roots: Iterable[Certificate]) -> Certificate:
    for root in roots:
        try:
            signer.verify_issued_by(root)
        except SignatureWrong:
            continue
        return root
    raise ListRefused("list_root_unknown", "signer", {"found": signer.issuer[:200]})


def read_master_list(data: bytes, roots: Iterable[Certificate], at: dt.datetime) -> MasterList:
    """The authorities that a state vouches for. Raises ListRefused; a certificate that cannot be read is named."""
    signed = read_list(data, MASTER_LIST, MASTER_LIST_SIGNER, roots, at)
    certificates: dict[bytes, Certificate] = {}
    unread = []
    for place, element in enumerate(_certificates(signed.content), 1):
        if place > MOST:
            raise ListRefused("list_too_many", "list", {"expected": MOST, "found": place})
        try:
            certificates.setdefault(element.raw, read_certificate(element.raw))
        except CertificateUnreadable as unreadable:
            unread.append(Unread(place, unreadable.code, " ".join(map(str, unreadable.detail.values()))[:200]))
    return MasterList(signed, tuple(certificates.values()), tuple(unread))


def _certificates(content: bytes) -> list[Tlv]:
    try:
        version, certificates = tlv.read(content).parts(2)
        if tlv.integer(version, 1) == 0:
            return certificates.expect(tlv.SET).children()
    except TlvInvalid as invalid:
        raise ListRefused("list_form", "list", {"found": invalid.code, "at": invalid.at}) from None
    raise ListRefused("list_form", "list", {"found": "version"})


def write_master_list(
    certificates: Iterable[Certificate],
    signer: Certificate,
    root: Certificate,
    sign: Callable[[bytes], bytes],
    at: dt.datetime,
) -> bytes:
    """Our own list, read again as another state would before it is returned. Raises ListRefused where that fails.

    `sign` returns r and s, one after the other, by the key of `signer` over SHA-256.
    """
    members = {certificate.der for certificate in certificates}
    content = tlv.write(tlv.SEQUENCE, tlv.write_integer(0), tlv.write_set(*members))
    held: Sequence[Certificate] = (signer, root)
    made = cms.write_signed_data(MASTER_LIST, content, held, sign, at)
    again = read_master_list(made, (root,), at)
    if again.unread or {certificate.der for certificate in again.certificates} != members:
        raise ListRefused("list_form", "list", {"found": len(again.unread)})
    return made
