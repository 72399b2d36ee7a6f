"""The certificate of whoever signs our master list (ICAO Doc 9303-12, table 6: master list signer).

Its key signs one list and is thrown away, at the authority and without a network: no node keeps a key that could speak
for a hundred states.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from jiwar.documents.logic import masterlist
from jiwar.documents.logic.pki import Certificate, read_certificate

VALID: Final = dt.timedelta(days=365)
"""How long after its making a list can be read in: a newer one comes before."""
_DER = serialization.Encoding.DER


def sign_list(
    certificates: Iterable[Certificate],
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    serial: int,
    at: dt.datetime,
) -> bytes:
    """Our master list, signed by `key` (NIST P-256), which the authority certifies. Raises masterlist.ListRefused."""
    signer = certify(authority, authority_key, key.public_key(), serial, at)

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    held = [read_certificate(each.public_bytes(_DER)) for each in (signer, authority)]
    return masterlist.write_master_list(certificates, held[0], held[1], sign, at)


def certify(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    public: ec.EllipticCurvePublicKey,
    serial: int,
    at: dt.datetime,
) -> x509.Certificate:
    """The signer's certificate: for master lists and nothing else."""
    country = authority.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    name = x509.Name([*country, x509.NameAttribute(NameOID.COMMON_NAME, "Master List Signer")])
    key_id = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    signs = dict.fromkeys(
        (
            "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
            "crl_sign", "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority.subject)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(at)
        .not_valid_after(min(at + VALID, authority.not_valid_after_utc))
        .add_extension(x509.KeyUsage(digital_signature=True, **signs), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(masterlist.MASTER_LIST_SIGNER)]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
