"""Signed data (RFC 5652) as documents and lists of states carry it: content, signers, certificates; not verified."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic import pki, tlv
from jiwar.documents.logic.pki import Algorithm, Certificate
from jiwar.documents.logic.tlv import Tlv, TlvInvalid

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
MOST_CERTIFICATES: Final = 50
MOST_SIGNERS: Final = 10


@dataclass(frozen=True, slots=True)
class Signer:
    """A SignerInfo. It names its certificate by issuer and serial, or by key id; the other is empty and None.

    `attributes` is the SET that was signed, in DER; "" where the signature is over the content itself.
    `content_type`, `digest` and `signed_at` are what the attributes say. `hash_name` is "" where the hash is unknown.
    """

    issuer_name: bytes
    serial: int | None
    key_id: bytes
    hash_name: str
    attributes: bytes
    content_type: str
    digest: bytes
    signed_at: dt.datetime | None
    algorithm: Algorithm
    signature: bytes

    def names(self, certificate: Certificate) -> bool:
        if self.serial is None:
            return bool(self.key_id) and certificate.subject_key_id == self.key_id
        return certificate.serial == self.serial and certificate.issuer_name == self.issuer_name


@dataclass(frozen=True, slots=True)
class SignedData:
    """`certificates` as bytes, unread. `indefinite`: some length was not told."""

    version: int
    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    signers: tuple[Signer, ...]
    indefinite: bool


def read_signed_data(info: Tlv) -> SignedData:
    """What a ContentInfo holds. Raises TlvInvalid."""
    kind, wrapped = info.parts(2)
    if tlv.oid(kind) != SIGNED_DATA:
        raise TlvInvalid("tlv_value", kind.start, "no signed data")
    indefinite = info.source[info.start + 1] == 0x80
    version, _, encapsulated, *rest = wrapped.expect(0xA0).only().parts(4, 6)
    content_type, *content = encapsulated.parts(1, 2)
    if not content:
        raise TlvInvalid("tlv_cut", encapsulated.start, "no content")
    certificates = [part for held in rest if held.tag == 0xA0 for part in held.children() if part.tag == tlv.SEQUENCE]
    signers = rest[-1].expect(tlv.SET).children()
    if len(certificates) > MOST_CERTIFICATES or not 0 < len(signers) <= MOST_SIGNERS:
        raise TlvInvalid("tlv_too_many", info.start, f"{len(certificates)} certificates, {len(signers)} signers")
    return SignedData(
        version=tlv.integer(version, 4),
        content_type=tlv.oid(content_type),
        content=tlv.octets(content[0].expect(0xA0).only()),
        certificates=tuple(part.raw for part in certificates),
        signers=tuple(_signer(signer, indefinite) for signer in signers),
        indefinite=indefinite,
    )


def _signer(info: Tlv, indefinite: bool) -> Signer:
    _, name, digest, *rest = info.parts(5, 7)
    issuer, serial, key_id = b"", None, b""
    if name.tag == 0x80:
        key_id = name.content
    else:
        by, number = name.parts(2)
        issuer, serial = by.raw, tlv.integer(number, 64)
    attributes = b""
    said: Mapping[str, Tlv] = {}
    if rest[0].tag == 0xA0:
        attributes, said = _attributes(rest.pop(0), indefinite)
    if len(rest) < 2:
        raise TlvInvalid("tlv_cut", info.start, "no signature")
    digests = said.get(MESSAGE_DIGEST)
    types = said.get(CONTENT_TYPE)
    return Signer(
        issuer_name=issuer,
        serial=serial,
        key_id=key_id,
        hash_name=pki.HASHES.get(pki.read_algorithm(digest).oid, ""),
        attributes=attributes,
        content_type=tlv.oid(types) if types else "",
        digest=tlv.octets(digests) if digests else b"",
        signed_at=tlv.instant(said[SIGNING_TIME]) if SIGNING_TIME in said else None,
        algorithm=pki.read_algorithm(rest[0]),
        signature=tlv.octets(rest[1]),
    )


def _attributes(held: Tlv, indefinite: bool) -> tuple[bytes, Mapping[str, Tlv]]:
    """The SET as it was signed (RFC 5652, 5.4: in DER, with its own tag), and the one value of each attribute."""
    found: dict[str, Tlv] = {}
    for attribute in held.children():
        name, values = attribute.parts(2)
        oid = tlv.oid(name)
        if oid in found:
            raise TlvInvalid("tlv_value", attribute.start, f"{oid} twice")
        if oid in {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME}:
            found[oid] = values.expect(tlv.SET).only()
    if not indefinite:
        return b"\x31" + held.raw[1:], found
    return tlv.write(tlv.SET, *(tlv.definite(child) for child in held.children())), found


def verify_signer(signed: SignedData, signer: Signer, certificate: Certificate) -> None:
    """The key of `certificate` signed the attributes, or the content where there are none. Raises pki.SignatureWrong.

    Whether the attributes speak of the content is another question: `speaks_of`.
    """
    algorithm = signer.algorithm
    data = signer.attributes or signed.content
    pki.verify_signature(certificate.key, algorithm.oid, algorithm.parameters, signer.signature, data, signer.hash_name)


def speaks_of(signed: SignedData, signer: Signer) -> str:
    """Why the signed attributes are not of this content: "type", "digest", "hash" (unknown); "" where they are."""
    if not signer.attributes:
        return ""
    if signer.content_type != signed.content_type:
        return "type"
    if not signer.hash_name:
        return "hash"
    return "" if hashlib.new(signer.hash_name, signed.content).digest() == signer.digest else "digest"


# Writing --------------------------------------------------------------------------------------------------------------

_SHA256: Final = tlv.write(tlv.SEQUENCE, tlv.write_oid("2.16.840.1.101.3.4.2.1"))
_ECDSA_SHA256: Final = tlv.write(tlv.SEQUENCE, tlv.write_oid("1.2.840.10045.4.3.2"))


def write_signed_data(
    content_type: str,
    content: bytes,
    certificates: Sequence[Certificate],
    sign: Callable[[bytes], bytes],
    at: dt.datetime,
) -> bytes:
    """A ContentInfo whose signer is the first of `certificates`; by ECDSA with SHA-256.

    `sign` takes what is signed and returns r and s, one after the other.
    """
    signer = certificates[0]
    said = (
        (CONTENT_TYPE, tlv.write_oid(content_type)),
        (MESSAGE_DIGEST, tlv.write(tlv.OCTET_STRING, hashlib.sha256(content).digest())),
        (SIGNING_TIME, tlv.write_instant(at)),
    )
    attributes = tlv.write_set(
        *(tlv.write(tlv.SEQUENCE, tlv.write_oid(oid), tlv.write(tlv.SET, value)) for oid, value in said)
    )
    raw = sign(attributes)
    half = len(raw) // 2
    r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    info = tlv.write(
        tlv.SEQUENCE,
        tlv.write_integer(3),
        tlv.write(0x80, signer.subject_key_id),
        _SHA256,
        b"\xa0" + attributes[1:],
        _ECDSA_SHA256,
        tlv.write(tlv.OCTET_STRING, tlv.write(tlv.SEQUENCE, tlv.write_integer(r), tlv.write_integer(s))),
    )
    encapsulated = tlv.write(
        tlv.SEQUENCE, tlv.write_oid(content_type), tlv.write(0xA0, tlv.write(tlv.OCTET_STRING, content))
    )
    data = tlv.write(
        tlv.SEQUENCE,
        tlv.write_integer(3),
        tlv.write(tlv.SET, _SHA256),
        encapsulated,
        tlv.write(0xA0, *sorted(certificate.der for certificate in certificates)),
        tlv.write(tlv.SET, info),
    )
    return tlv.write(tlv.SEQUENCE, tlv.write_oid(SIGNED_DATA), tlv.write(0xA0, data))
