"""Certificates, keys and signatures of travel documents (Doc 9303-12; RFC 5280, 3279, 4055, 5480).

What states really issue is read: serials below one, country codes in lower case, curves spelled out, authorities that
do not say that they are. What a certificate means is for `trust`; here it is read, and a signature is verified.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from jiwar.documents.logic import curves, tlv
from jiwar.documents.logic.curves import Curve, CurveUnknown, Point
from jiwar.documents.logic.tlv import Tlv, TlvInvalid

MOST_BYTES: Final = 64 << 10
"""Of one certificate."""
MOST_RSA_BITS: Final = 8192
LEAST_RSA_BITS: Final = 1024

RSA, PSS = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
HASHES: Final[Mapping[str, str]] = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""By object identifier, the name that `hashlib` has for it."""
_RSA_WITH = {
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
_ECDSA_WITH = {
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_PLAIN_ECDSA_WITH = {
    f"0.4.0.127.0.7.1.1.4.1.{number}": name
    for number, name in enumerate(("sha1", "sha224", "sha256", "sha384", "sha512"), 1)
}
_HASH: Mapping[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - states signed documents that are valid today with it
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
}
DIGITAL_SIGNATURE, KEY_CERT_SIGN, CRL_SIGN = 0, 5, 6
"""Bits of the extension key usage (RFC 5280, 4.2.1.3)."""


class SignatureWrong(ValueError):
    """`code`: "signature_wrong", "signature_out_of_range", "algorithm_unknown", "key_mismatch"; `found` what stood."""

    def __init__(self, code: str, found: str = "") -> None:
        super().__init__(f"{code} {found}".strip())
        self.code, self.found = code, found


class CertificateUnreadable(ValueError):
    """`code`: "certificate_form", "certificate_too_long", "curve_unknown", "key_unknown", "key_weak"."""

    def __init__(self, code: str, field: str, detail: Mapping[str, str | int]) -> None:
        super().__init__(f"{code} in {field}: {dict(detail)}")
        self.code, self.field, self.detail = code, field, detail


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An AlgorithmIdentifier: `parameters` are the bytes of the element, "" where it has none."""

    oid: str
    parameters: bytes = b""

    @property
    def hash_name(self) -> str:
        """The hash that its name says; "" where it says none (RSA, PSS, an unknown one)."""
        return _RSA_WITH.get(self.oid) or _ECDSA_WITH.get(self.oid) or _PLAIN_ECDSA_WITH.get(self.oid, "")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA key, or a point on a curve with a name. `loaded` is the key as OpenSSL has it; None where it cannot."""

    kind: str
    bits: int
    curve: Curve | None
    point: Point | None
    loaded: Any = field(compare=False, repr=False)

    def verify(self, signature: bytes, data: bytes, algorithm: Algorithm) -> None:
        """Raises SignatureWrong."""
        verify_signature(self, algorithm.oid, algorithm.parameters, signature, data)

    def verify_raw(self, signature: bytes, data: bytes, hash_name: str) -> None:
        """ECDSA, r and s one after the other, each as long as the order (TR-03111, 5.2.1). Raises SignatureWrong."""
        if self.curve is None:
            raise SignatureWrong("key_mismatch", self.kind)
        size = (self.curve.n.bit_length() + 7) // 8
        if len(signature) != 2 * size:
            raise SignatureWrong("signature_out_of_range", f"{len(signature)} bytes for {2 * size}")
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        _verify_ecdsa(self, hash_name, r, s, data)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it stands; two are equal when their bytes are.

    `subject_name` and `issuer_name` are the DER of the names, `country` what the subject says (else the issuer), in
    upper case, "" where neither does. `serial` may be below one. `fingerprint` is the SHA-256 in hex. Key ids are
    empty where there are none, `path_length` and `key_usage` are None. `extended` holds the identifiers of uses,
    `unknown_critical` those of critical extensions that nobody here understands. `signed` and `signature` are what the
    issuer signed and how; it is not verified.
    """

    der: bytes
    subject_name: bytes = field(compare=False, repr=False)
    issuer_name: bytes = field(compare=False, repr=False)
    country: str = field(compare=False)
    serial: int = field(compare=False)
    not_before: dt.datetime = field(compare=False)
    not_after: dt.datetime = field(compare=False)
    subject_key_id: bytes = field(compare=False)
    authority_key_id: bytes = field(compare=False)
    is_ca: bool = field(compare=False)
    path_length: int | None = field(compare=False)
    key_usage: frozenset[int] | None = field(compare=False)
    extended: tuple[str, ...] = field(compare=False)
    document_types: tuple[str, ...] = field(compare=False)
    unknown_critical: tuple[str, ...] = field(compare=False)
    fingerprint: str = field(compare=False)
    key: PublicKey = field(compare=False, repr=False)
    signed: bytes = field(compare=False, repr=False)
    signature: bytes = field(compare=False, repr=False)
    algorithm: Algorithm = field(compare=False)

    @property
    def subject(self) -> str:
        """The name as people read it: ``CN=CSCA,O=Gov,C=LY`` (RFC 4514, in the order of the certificate)."""
        return name_text(self.subject_name)

    @property
    def issuer(self) -> str:
        return name_text(self.issuer_name)

    @property
    def issuer_country(self) -> str:
        return country_of(self.issuer_name)

    @property
    def self_issued(self) -> bool:
        """Its issuer has the name of its subject. It may still be a link: only the signature tells."""
        return self.subject_name == self.issuer_name

    def verify_issued_by(self, issuer: "Certificate") -> None:
        """The key of `issuer` signed this. Raises SignatureWrong."""
        issuer.key.verify(self.signature, self.signed, self.algorithm)


def read_certificate(der: bytes) -> Certificate:
    """The certificate that the bytes are, to the last of them. Raises CertificateUnreadable."""
    if len(der) > MOST_BYTES:
        raise CertificateUnreadable("certificate_too_long", "certificate", {"expected": MOST_BYTES, "found": len(der)})
    try:
        return _certificate(bytes(der))
    except TlvInvalid as invalid:
        detail: dict[str, str | int] = {"found": invalid.code, "at": invalid.at}
        raise CertificateUnreadable("certificate_form", "certificate", detail) from None
    except CurveUnknown as unknown:
        raise CertificateUnreadable("curve_unknown", "key", {"found": unknown.found}) from None


def _certificate(der: bytes) -> Certificate:
    signed, algorithm, signature = tlv.read(der).parts(3)
    parts = signed.expect(tlv.SEQUENCE).children()
    if parts and parts[0].tag == 0xA0:
        parts = parts[1:]
    if len(parts) < 6:
        raise TlvInvalid("tlv_cut", signed.start, len(parts))
    serial, inner, issuer, validity, subject, key, *optional = parts
    if inner.raw != algorithm.raw:
        raise TlvInvalid("tlv_value", inner.start, "two algorithms")
    begins, ends = validity.parts(2)
    said = _Extensions()
    for part in optional:
        if part.tag == 0xA3:
            said.read(part)
    return Certificate(
        der=der,
        subject_name=subject.expect(tlv.SEQUENCE).raw,
        issuer_name=issuer.expect(tlv.SEQUENCE).raw,
        country=country_of(subject.raw) or country_of(issuer.raw),
        serial=tlv.integer(serial, 64),
        not_before=tlv.instant(begins),
        not_after=tlv.instant(ends),
        subject_key_id=said.subject_key_id,
        authority_key_id=said.authority_key_id,
        is_ca=said.is_ca,
        path_length=said.path_length,
        key_usage=said.key_usage,
        extended=said.extended,
        document_types=said.document_types,
        unknown_critical=tuple(said.unknown_critical),
        fingerprint=hashlib.sha256(der).hexdigest(),
        key=read_key(key),
        signed=signed.raw,
        signature=tlv.bits(signature),
        algorithm=read_algorithm(algorithm),
    )


class _Extensions:
    """What the extensions say (RFC 5280, 4.2; Doc 9303-12, table 5), as they are read."""

    def __init__(self) -> None:
        self.subject_key_id = self.authority_key_id = b""
        self.is_ca = False
        self.path_length: int | None = None
        self.key_usage: frozenset[int] | None = None
        self.extended: tuple[str, ...] = ()
        self.document_types: tuple[str, ...] = ()
        self.unknown_critical: list[str] = []

    def read(self, explicit: Tlv) -> None:
        seen = set()
        for extension in explicit.only().expect(tlv.SEQUENCE).children():
            oid, critical, value = read_extension(extension)
            if oid in seen:
                raise TlvInvalid("tlv_value", extension.start, f"{oid} twice")
            seen.add(oid)
            reader = self._READERS.get(oid)
            if reader:
                reader(self, value)
            elif critical and oid not in _HARMLESS:
                self.unknown_critical.append(oid)

    def _basic_constraints(self, value: Tlv) -> None:
        parts = value.expect(tlv.SEQUENCE).children()
        if parts and parts[0].tag == tlv.BOOLEAN:
            self.is_ca = tlv.boolean(parts.pop(0))
        if parts:
            self.path_length = tlv.natural(parts[0], 4)

    def _key_usage(self, value: Tlv) -> None:
        self.key_usage = tlv.flags(value)

    def _subject_key_id(self, value: Tlv) -> None:
        self.subject_key_id = tlv.octets(value)

    def _authority_key_id(self, value: Tlv) -> None:
        self.authority_key_id = read_authority_key_id(value)

    def _extended(self, value: Tlv) -> None:
        self.extended = tuple(tlv.oid(part) for part in value.expect(tlv.SEQUENCE).children())

    def _document_types(self, value: Tlv) -> None:
        parts = value.expect(tlv.SEQUENCE).children()
        if len(parts) > 1 and parts[1].tag == tlv.SET:
            self.document_types = tuple(part.content.decode("ascii", "replace") for part in parts[1].children())

    _READERS = {
        "2.5.29.14": _subject_key_id,
        "2.5.29.15": _key_usage,
        "2.5.29.19": _basic_constraints,
        "2.5.29.35": _authority_key_id,
        "2.5.29.37": _extended,
        "2.23.136.1.1.6.2": _document_types,
    }


# Understood, of no weight here: times of private key use, policies, alternative names, places of lists, name change.
_HARMLESS = frozenset(
    ["2.5.29.16", "2.5.29.17", "2.5.29.18", "2.5.29.31", "2.5.29.32", "1.3.6.1.5.5.7.1.1", "2.23.136.1.1.6.1"]
)


def read_extension(extension: Tlv) -> tuple[str, bool, Tlv]:
    """Its identifier, whether it is critical, and what it holds. Raises TlvInvalid."""
    name, *critical, value = extension.parts(2, 3)
    return tlv.oid(name), bool(critical) and tlv.boolean(critical[0]), tlv.read(tlv.octets(value))


def read_authority_key_id(value: Tlv) -> bytes:
    return next((part.content for part in value.expect(tlv.SEQUENCE).children() if part.tag == 0x80), b"")


def read_algorithm(element: Tlv) -> Algorithm:
    """An AlgorithmIdentifier (RFC 5280, 4.1.1.2). Raises TlvInvalid."""
    name, *parameters = element.parts(1, 2)
    return Algorithm(tlv.oid(name), parameters[0].raw if parameters else b"")


def read_key(element: Tlv) -> PublicKey:
    """A SubjectPublicKeyInfo. Raises CurveUnknown, TlvInvalid, CertificateUnreadable."""
    algorithm, value = element.parts(2)
    name, *parameters = algorithm.parts(1, 2)
    oid = tlv.oid(name)
    if oid in {RSA, PSS}:
        return _rsa_key(tlv.bits(value))
    if oid != curves.EC_PUBLIC_KEY or not parameters:
        raise CertificateUnreadable("key_unknown", "key", {"found": oid})
    curve = curves.find(parameters[0])
    point = curve.point(tlv.bits(value))
    loaded = None
    if curve.known:
        loaded = ec.EllipticCurvePublicKey.from_encoded_point(curve.known(), curve.encode(point))
    return PublicKey("ec", curve.p.bit_length(), curve, point, loaded)


def _rsa_key(encoded: bytes) -> PublicKey:
    modulus, exponent = tlv.read(encoded).parts(2)
    # Some states leave out the zero before a modulus whose first bit is set: it is no negative number.
    n = int.from_bytes(modulus.expect(tlv.INTEGER).content, "big")
    e = tlv.natural(exponent, 16)
    bits = n.bit_length()
    if not (LEAST_RSA_BITS <= bits <= MOST_RSA_BITS and e & 1 and e > 2 and n & 1):
        raise CertificateUnreadable("key_weak", "key", {"found": f"rsa {bits} e={e}"})
    try:
        loaded = rsa.RSAPublicNumbers(e, n).public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateUnreadable("key_weak", "key", {"found": f"rsa {bits} e={e}"}) from None
    return PublicKey("rsa", bits, None, None, loaded)


def country_of(name: bytes) -> str:
    """The country of a Name in DER, in upper case; "" where it says none that can be read."""
    try:
        for kind, value in _pairs(name):
            if kind == "2.5.4.6":
                text = value.content.decode("ascii", "replace").strip().upper()
                return text if len(text) in {2, 3} and text.isascii() and text.isalpha() else ""
    except TlvInvalid:
        return ""
    return ""


def _pairs(name: bytes) -> Iterator[tuple[str, Tlv]]:
    for group in tlv.read(name).children():
        for pair in group.children():
            kind, value = pair.parts(2)
            yield tlv.oid(kind), value


def name_text(name: bytes) -> str:
    """A Name as people read it (RFC 4514, but in the order of its bytes); "?" for what cannot be read."""
    found = []
    try:
        found += [f"{_NAMES.get(kind, kind)}={_text(value)}" for kind, value in _pairs(name)]
    except TlvInvalid:
        found.append("?")
    return ",".join(found)


def _text(value: Tlv) -> str:
    encoding = {0x1E: "utf-16-be", 0x14: "latin-1"}.get(value.tag, "utf-8")
    text = value.content[:400].decode(encoding, "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text).replace(",", "\\,")


# Signatures -----------------------------------------------------------------------------------------------------------


def verify_signature(
    key: PublicKey, algorithm: str, parameters: bytes, signature: bytes, data: bytes, hash_name: str = ""
) -> None:
    """`signature` over `data` by `key`. Raises SignatureWrong.

    `hash_name` is for algorithms that say none: CMS names the hash beside plain RSA or a plain EC key.
    """
    if algorithm == PSS:
        _verify_pss(key, parameters, signature, data)
    elif algorithm in _PLAIN_ECDSA_WITH:
        key.verify_raw(signature, data, _PLAIN_ECDSA_WITH[algorithm])
    elif key.kind == "rsa":
        name = _RSA_WITH.get(algorithm) or (hash_name if algorithm == RSA else "")
        if name not in _HASH:
            raise SignatureWrong("algorithm_unknown" if algorithm not in _ECDSA_WITH else "key_mismatch", algorithm)
        _verify_rsa(key, padding.PKCS1v15(), name, signature, data)
    else:
        name = _ECDSA_WITH.get(algorithm) or (hash_name if algorithm == curves.EC_PUBLIC_KEY else "")
        if name not in _HASH:
            raise SignatureWrong("algorithm_unknown" if algorithm not in _RSA_WITH else "key_mismatch", algorithm)
        r, s = _two_numbers(signature)
        _verify_ecdsa(key, name, r, s, data)


def verify_raw(certificate: Certificate, hash_name: str, signature: bytes, data: bytes) -> None:
    """As `PublicKey.verify_raw`: the signature of a seal (Doc 9303-13, 2.4). Raises SignatureWrong."""
    certificate.key.verify_raw(signature, data, hash_name)


def _two_numbers(signature: bytes) -> tuple[int, int]:
    try:
        r, s = tlv.read(signature).parts(2)
        return tlv.integer(r, 80), tlv.integer(s, 80)
    except TlvInvalid as invalid:
        raise SignatureWrong("signature_wrong", invalid.code) from None


def _verify_ecdsa(key: PublicKey, hash_name: str, r: int, s: int, data: bytes) -> None:
    curve, point = key.curve, key.point
    if curve is None or point is None:
        raise SignatureWrong("key_mismatch", key.kind)
    if not (0 < r < curve.n and 0 < s < curve.n):
        raise SignatureWrong("signature_out_of_range", curve.name)
    if hash_name not in _HASH:
        raise SignatureWrong("algorithm_unknown", hash_name)
    hashed = hashlib.new(hash_name, data).digest()
    if key.loaded is None:
        if not curve.verifies(point, hashed, r, s):
            raise SignatureWrong("signature_wrong")
        return
    try:
        key.loaded.verify(encode_dss_signature(r, s), hashed, ec.ECDSA(Prehashed(_HASH[hash_name])))
    except InvalidSignature:
        raise SignatureWrong("signature_wrong") from None


def _verify_rsa(
    key: PublicKey, scheme: padding.AsymmetricPadding, hash_name: str, signature: bytes, data: bytes
) -> None:
    if key.kind != "rsa":
        raise SignatureWrong("key_mismatch", key.kind)
    try:
        key.loaded.verify(signature, data, scheme, _HASH[hash_name])
    except (InvalidSignature, ValueError):  # ValueError: a salt or hash that the key has no room for
        raise SignatureWrong("signature_wrong") from None


def _verify_pss(key: PublicKey, parameters: bytes, signature: bytes, data: bytes) -> None:
    """RSASSA-PSS (RFC 4055, 3.1): what is not said is SHA-1 and 20 bytes of salt."""
    hash_name, mask_name, salt = "sha1", "sha1", 20
    try:
        for part in tlv.read(parameters).expect(tlv.SEQUENCE).children() if parameters else ():
            if part.tag == 0xA0:
                hash_name = HASHES.get(read_algorithm(part.only()).oid, "")
            elif part.tag == 0xA1:
                mask = read_algorithm(part.only())
                mask_name = HASHES.get(read_algorithm(tlv.read(mask.parameters)).oid, "") if mask.oid == _MGF1 else ""
            elif part.tag == 0xA2:
                salt = tlv.natural(part.only(), 2)
    except TlvInvalid as invalid:
        raise SignatureWrong("algorithm_unknown", invalid.code) from None
    if hash_name not in _HASH or mask_name not in _HASH:
        raise SignatureWrong("algorithm_unknown", PSS)
    _verify_rsa(key, padding.PSS(padding.MGF1(_HASH[mask_name]), salt), hash_name, signature, data)
