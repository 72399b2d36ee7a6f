"""A chip's signed list of hashes as states make it, with whatever they do otherwise than the standard says."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from jiwar.documents.logic import tlv
from jiwar.documents.logic.cms import CONTENT_TYPE, MESSAGE_DIGEST, SIGNED_DATA
from jiwar.documents.logic.mrz_writing import make_td3
from jiwar.documents.logic.pki import HASHES, Certificate

OIDS = {name: oid for oid, name in HASHES.items()}
ECDSA = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3"}
RSA_WITH = {"sha1": "1.2.840.113549.1.1.5", "sha256": "1.2.840.113549.1.1.11"}
HASH: dict[str, Any] = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384()}


def zone_file(state: str) -> bytes:
    """DG1 of a passport of the state."""
    zone = make_td3(
        issuer=state, nationality=state, number="P0000001", surname="EXAMPLE", given_names="ANNA",
        birth_date=dt.date(1990, 1, 2), sex="F", expiry=dt.date(2030, 1, 2), optional="",
    )  # fmt: skip
    return tlv.write(0x61, tlv.write(0x5F1F, zone.replace("\n", "").encode()))


GROUPS = {1: zone_file("NER"), 2: b"\x75\x03DG2", 14: b"\x6e\x04DG14"}


def algorithm(oid: str, *parameters: bytes) -> bytes:
    return tlv.write(tlv.SEQUENCE, tlv.write_oid(oid), *parameters)


def indefinite(tag: int, *parts: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


@dataclass
class Chip:
    """What is signed, and how. Change a field, and `sod()` is what such a state would have written."""

    key: Any
    signer: Certificate
    groups: dict[int, bytes] = field(default_factory=lambda: dict(GROUPS))
    group_hash: str = "sha256"
    hash: str = "sha256"
    content_type: str = "2.23.136.1.1.1"
    attribute_type: str = ""
    version: int = 3
    lds_version: int = 0
    scheme: str = ""
    signer_serial: int | None = None
    by_key_id: bool = False
    certificates: list[bytes] | None = None
    indefinite: bool = False
    plain: bool = False
    twice: bool = False
    signature: bytes = b""

    def content(self) -> bytes:
        listed = [
            tlv.write(
                tlv.SEQUENCE,
                tlv.write_integer(number),
                tlv.write(tlv.OCTET_STRING, hashlib.new(self.group_hash, data).digest()),
            )
            for number, data in self.groups.items()
        ]
        if self.twice:
            listed.append(listed[0])
        return tlv.write(
            tlv.SEQUENCE,
            tlv.write_integer(self.lds_version),
            algorithm(OIDS[self.group_hash]),
            tlv.write(tlv.SEQUENCE, *listed),
        )

    def attributes(self) -> list[bytes]:
        digest = hashlib.new(self.hash, self.content()).digest()
        pairs = (
            (CONTENT_TYPE, tlv.write_oid(self.attribute_type or self.content_type)),
            (MESSAGE_DIGEST, tlv.write(tlv.OCTET_STRING, digest)),
        )
        return sorted(tlv.write(tlv.SEQUENCE, tlv.write_oid(oid), tlv.write(tlv.SET, value)) for oid, value in pairs)

    def sign(self, data: bytes) -> tuple[bytes, bytes]:
        """The algorithm and the signature."""
        hashed = HASH[self.hash]
        if isinstance(self.key, rsa.RSAPrivateKey) and self.scheme == "pss":
            inner = algorithm(OIDS[self.hash])
            told = tlv.write(
                tlv.SEQUENCE,
                tlv.write(0xA0, inner),
                tlv.write(0xA1, algorithm("1.2.840.113549.1.1.8", inner)),
                tlv.write(0xA2, tlv.write_integer(32)),
            )
            return algorithm("1.2.840.113549.1.1.10", told), self.key.sign(
                data, padding.PSS(padding.MGF1(hashed), 32), hashed
            )
        if isinstance(self.key, rsa.RSAPrivateKey):
            oid = "1.2.840.113549.1.1.1" if self.scheme == "plain" else RSA_WITH[self.hash]
            return algorithm(oid, b"\x05\0"), self.key.sign(data, padding.PKCS1v15(), hashed)
        oid = "1.2.840.10045.2.1" if self.scheme == "plain" else ECDSA[self.hash]
        return algorithm(oid), self.key.sign(data, ec.ECDSA(hashed))

    def sod(self) -> bytes:
        seq = indefinite if self.indefinite else tlv.write
        attributes = self.attributes()
        signed = self.content() if self.plain else tlv.write(tlv.SET, *attributes)
        how, signature = self.sign(signed)
        serial = self.signer.serial if self.signer_serial is None else self.signer_serial
        sid = tlv.write(tlv.SEQUENCE, self.signer.issuer_name, tlv.write_integer(serial))
        if self.by_key_id:
            sid = tlv.write(0x80, self.signer.subject_key_id)
        info = seq(
            tlv.SEQUENCE,
            tlv.write_integer(1),
            sid,
            algorithm(OIDS[self.hash]),
            b"" if self.plain else seq(0xA0, *attributes),
            how,
            tlv.write(tlv.OCTET_STRING, self.signature or signature),
        )
        content = tlv.write(tlv.OCTET_STRING, self.content())
        if self.indefinite:
            half = len(self.content()) // 2
            pieces = (self.content()[:half], self.content()[half:])
            content = indefinite(0x24, *(tlv.write(tlv.OCTET_STRING, piece) for piece in pieces))
        certificates = [self.signer.der] if self.certificates is None else self.certificates
        data = seq(
            tlv.SEQUENCE,
            tlv.write_integer(self.version),
            tlv.write(tlv.SET, algorithm(OIDS[self.hash])),
            seq(tlv.SEQUENCE, tlv.write_oid(self.content_type), seq(0xA0, content)),
            seq(0xA0, *certificates) if certificates else b"",
            tlv.write(tlv.SET, info),
        )
        return tlv.write(0x77, seq(tlv.SEQUENCE, tlv.write_oid(SIGNED_DATA), seq(0xA0, data)))
