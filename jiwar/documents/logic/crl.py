"""Lists of revoked certificates (RFC 5280, 5; Doc 9303-12, 6)."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from jiwar.documents.logic import pki, tlv
from jiwar.documents.logic.pki import Algorithm, Certificate
from jiwar.documents.logic.tlv import Tlv, TlvInvalid

MOST_BYTES: Final = 16 << 20
MOST_REVOKED: Final = 300_000


class CrlUnreadable(ValueError):
    """`code`: "crl_form", "crl_too_long"."""

    def __init__(self, code: str, field: str, detail: Mapping[str, str | int]) -> None:
        super().__init__(f"{code} in {field}: {dict(detail)}")
        self.code, self.field, self.detail = code, field, detail


@dataclass(frozen=True, slots=True)
class Crl:
    """A list as it stands, not verified; two are equal when their bytes are.

    `revoked` gives the time for each serial. `country` is its issuer's, in upper case. `next_update` may be missing.
    """

    fingerprint: str
    country: str = field(compare=False)
    issuer_name: bytes = field(compare=False, repr=False)
    number: int | None = field(compare=False)
    this_update: dt.datetime = field(compare=False)
    next_update: dt.datetime | None = field(compare=False)
    authority_key_id: bytes = field(compare=False)
    revoked: Mapping[int, dt.datetime] = field(compare=False, repr=False)
    unknown_critical: tuple[str, ...] = field(compare=False)
    signed: bytes = field(compare=False, repr=False)
    signature: bytes = field(compare=False, repr=False)
    algorithm: Algorithm = field(compare=False)

    @property
    def issuer(self) -> str:
        return pki.name_text(self.issuer_name)

    def verify_issued_by(self, issuer: Certificate) -> None:
        """The key of `issuer` signed this. Raises pki.SignatureWrong."""
        issuer.key.verify(self.signature, self.signed, self.algorithm)


def read_crl(der: bytes) -> Crl:
    """The list that the bytes are, to the last of them. Raises CrlUnreadable."""
    if len(der) > MOST_BYTES:
        raise CrlUnreadable("crl_too_long", "crl", {"expected": MOST_BYTES, "found": len(der)})
    try:
        return _crl(bytes(der))
    except TlvInvalid as invalid:
        raise CrlUnreadable("crl_form", "crl", {"found": invalid.code, "at": invalid.at}) from None


def _crl(der: bytes) -> Crl:
    signed, algorithm, signature = tlv.read(der).parts(3)
    parts = signed.parts(4, 8)
    if parts[0].tag == tlv.INTEGER:
        parts = parts[1:]
    if parts[0].raw != algorithm.raw:
        raise TlvInvalid("tlv_value", signed.start, "algorithm")
    _, issuer, begins, *optional = parts
    ends: dt.datetime | None = None
    revoked: dict[int, dt.datetime] = {}
    key_id, number = b"", None
    unknown: tuple[str, ...] = ()
    for part in optional:
        if part.tag in {tlv.UTC_TIME, tlv.GENERALIZED_TIME}:
            ends = tlv.instant(part)
        elif part.tag == tlv.SEQUENCE:
            revoked = _revoked(part)
        elif part.tag == 0xA0:
            key_id, number, unknown = _extensions(part)
    return Crl(
        fingerprint=hashlib.sha256(der).hexdigest(),
        country=pki.country_of(issuer.raw),
        issuer_name=issuer.expect(tlv.SEQUENCE).raw,
        number=number,
        this_update=tlv.instant(begins),
        next_update=ends,
        authority_key_id=key_id,
        revoked=revoked,
        unknown_critical=unknown,
        signed=signed.raw,
        signature=tlv.bits(signature),
        algorithm=pki.read_algorithm(algorithm),
    )


def _revoked(part: Tlv) -> dict[int, dt.datetime]:
    found: dict[int, dt.datetime] = {}
    for entry in part.each():
        serial, when, *_ = entry.parts(2, 3)
        found[tlv.integer(serial, 64)] = tlv.instant(when)
        if len(found) > MOST_REVOKED:
            raise TlvInvalid("tlv_too_many", part.start, MOST_REVOKED)
    return found


def _extensions(part: Tlv) -> tuple[bytes, int | None, tuple[str, ...]]:
    key_id, number, unknown = b"", None, []
    for extension in part.only().expect(tlv.SEQUENCE).children():
        oid, critical, value = pki.read_extension(extension)
        if oid == "2.5.29.35":
            key_id = pki.read_authority_key_id(value)
        elif oid == "2.5.29.20":
            number = tlv.integer(value, 32)
        elif critical:
            unknown.append(oid)
    return key_id, number, tuple(unknown)
