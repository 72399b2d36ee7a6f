"""Certificates for visible digital seals: the state's authority (CSCA), its seal signer, its list of revocations.

ICAO Doc 9303-12, certificate profiles (self-signed CSCA, bar code signer, CRL), and 9303-13 for how a seal names its
signer: two letters of the country, two characters of the signer's common name, the certificate's serial number in hex.
NIST P-256 with SHA-256 throughout; ECDSA needs 64 bytes of a barcode. Times are UTC without fractions of a second.
"""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AUTHORITY_USED: Final = dt.timedelta(days=4 * 365)
"""The CSCA signs for three to five years (9303-12)."""
AUTHORITY_VALID: Final = dt.timedelta(days=15 * 365)
SIGNER_USED: Final = dt.timedelta(days=365)
LONGEST_DOCUMENT: Final = dt.timedelta(days=2 * 365)
"""A signer's certificate outlives its last document: used for a year, valid for that year and the longest document."""
CRL_VALID: Final = dt.timedelta(days=90)
"""A new list at least every 90 days (9303-12)."""
SERIAL_BITS: Final = 64
"""Serial numbers stand in each barcode: eight bytes, drawn at random, are enough and short."""

DOCUMENT_TYPES: Final = ("CP", "CV", "PU")
"""What a seal signer of ours may sign: crossing permit, convoy permit, emergency travel document (MRZ codes)."""

_TYPE_LIST = x509.ObjectIdentifier("2.23.136.1.1.6.2")
_NAME = re.compile(r"[A-Z0-9]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class SignerRefused(ValueError):
    """A request or certificate is not what the profile asks: `code` says what."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


def make_authority(
    key: ec.EllipticCurvePrivateKey, country: str, state: str, serial: int, at: dt.datetime
) -> x509.Certificate:
    """A self-signed CSCA certificate. `country` alpha-2, `state` alpha-3: locality of its alternative name."""
    _check_country(country)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Jiwar"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"CSCA {state}"),
        ]
    )
    known_as = [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.LOCALITY_NAME, state)]))]
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(at)
        .not_valid_after(at + AUTHORITY_VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(key_id, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .add_extension(x509.PrivateKeyUsagePeriod(at, at + AUTHORITY_USED), critical=False)
        .add_extension(x509.SubjectAlternativeName(known_as), critical=False)
        .add_extension(x509.IssuerAlternativeName(known_as), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_request(key: ec.EllipticCurvePrivateKey, country: str, name: str) -> x509.CertificateSigningRequest:
    """What a seal signer carries to its CSCA (PKCS #10); `name` is its two characters: 01."""
    _check_country(country)
    if not _NAME.fullmatch(name):
        raise SignerRefused("signer_name_wrong", name)
    subject = [x509.NameAttribute(NameOID.COUNTRY_NAME, country), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    return x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).sign(key, hashes.SHA256())


def certify(
    authority: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    request: x509.CertificateSigningRequest,
    serial: int,
    at: dt.datetime,
) -> x509.Certificate:
    """The certificate of a seal signer. Raises SignerRefused: the request is forged, of another country or curve, or
    the authority's own time to sign is over."""
    if not request.is_signature_valid:
        raise SignerRefused("request_signature_wrong")
    _check_subject(request.subject, _country(authority))
    public = request.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise SignerRefused("signer_key_wrong")
    used = authority.extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
    if used.not_after is not None and at > used.not_after.replace(tzinfo=dt.UTC):
        raise SignerRefused("authority_past_use", used.not_after.date().isoformat())
    key_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(authority.subject)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(at)
        .not_valid_after(min(at + SIGNER_USED + LONGEST_DOCUMENT, authority.not_valid_after_utc))
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.PrivateKeyUsagePeriod(at, at + SIGNER_USED), critical=False)
        .add_extension(x509.UnrecognizedExtension(_TYPE_LIST, type_list(DOCUMENT_TYPES)), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_crl(
    authority: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    revoked: Iterable[tuple[int, dt.datetime]],
    number: int,
    at: dt.datetime,
) -> x509.CertificateRevocationList:
    """The authority's list of revoked signers: serial numbers and when. Without reasons (9303-12 forbids them)."""
    key_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(at)
        .next_update(at + CRL_VALID)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial, when in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build()
        made = made.add_revoked_certificate(entry)
    return made.sign(key, hashes.SHA256())


def check_signer(
    certificate: x509.Certificate, authority: x509.Certificate, public: ec.EllipticCurvePublicKey, at: dt.datetime
) -> None:
    """Raise SignerRefused unless the certificate is a seal signer's of this authority, for this key, in its time."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        raise SignerRefused("signer_of_another_authority") from None
    _check_subject(certificate.subject, _country(authority))
    if _point(certificate.public_key()) != _point(public):
        raise SignerRefused("signer_of_another_key")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise SignerRefused("signer_usage_wrong") from None
    if not usage.digital_signature or usage.key_cert_sign or usage.crl_sign:
        raise SignerRefused("signer_usage_wrong")
    first, last = signing_time(certificate)
    if not first <= at <= last:
        raise SignerRefused("signer_past_use", last.date().isoformat())


def signing_time(certificate: x509.Certificate) -> tuple[dt.datetime, dt.datetime]:
    """From when to when the key may sign: its period of use, else all of the certificate's validity."""
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    try:
        used = certificate.extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
    except x509.ExtensionNotFound:
        return first, last
    return (
        max(first, used.not_before.replace(tzinfo=dt.UTC)) if used.not_before else first,
        min(last, used.not_after.replace(tzinfo=dt.UTC)) if used.not_after else last,
    )


def document_types(certificate: x509.Certificate) -> tuple[str, ...]:
    """The types of document that the certificate allows, () where it says nothing of them."""
    try:
        extension = certificate.extensions.get_extension_for_oid(_TYPE_LIST).value
    except x509.ExtensionNotFound:
        return ()
    assert isinstance(extension, x509.UnrecognizedExtension)
    # SEQUENCE { version INTEGER, SET OF PrintableString }, each of the two parts shorter than 128 bytes.
    raw, found, at = extension.value, [], 7
    if raw[:1] != b"\x30" or raw[2:5] != b"\x02\x01\x00" or raw[5:6] != b"\x31" or raw[1] + 2 != len(raw):
        raise SignerRefused("type_list_wrong")
    while at + 2 <= len(raw):
        found.append(raw[at + 2 : at + 2 + raw[at + 1]].decode("ascii", "replace"))
        at += 2 + raw[at + 1]
    return tuple(found)


def type_list(types: Iterable[str]) -> bytes:
    """DocumentTypeList of 9303-12 in DER; a SET OF is sorted."""
    names = b"".join(
        b"\x13" + bytes([len(name)]) + name.encode("ascii") for name in sorted(types, key=lambda n: (len(n), n))
    )
    inner = b"\x02\x01\x00\x31" + bytes([len(names)]) + names
    return b"\x30" + bytes([len(inner)]) + inner


def identifier(certificate: x509.Certificate) -> str:
    """How a seal names the signer: country and common name, four characters (9303-13, header)."""
    name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return f"{_country(certificate)}{name if isinstance(name, str) else name.decode()}"


def reference(certificate: x509.Certificate) -> str:
    """How a seal names the certificate: its serial number in hexadecimal, without leading zeros."""
    return f"{certificate.serial_number:X}"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _check_country(country: str) -> None:
    if not _COUNTRY.fullmatch(country):
        raise SignerRefused("country_wrong", country)


def _country(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    return str(found[0].value).upper() if found else ""


def _check_subject(subject: x509.Name, country: str) -> None:
    """Exactly one country, the authority's, and a common name of two characters."""
    said = [(each.oid, str(each.value)) for each in subject]
    if sorted(oid.dotted_string for oid, _ in said) != ["2.5.4.3", "2.5.4.6"]:
        raise SignerRefused("signer_name_wrong", subject.rfc4514_string())
    values = dict(said)
    if values[NameOID.COUNTRY_NAME].upper() != country:
        raise SignerRefused("signer_of_another_country", values[NameOID.COUNTRY_NAME])
    if not _NAME.fullmatch(values[NameOID.COMMON_NAME]):
        raise SignerRefused("signer_name_wrong", values[NameOID.COMMON_NAME])


def _point(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
