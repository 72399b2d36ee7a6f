"""States' authorities made up for a test: real certificates and lists of revocations, by another library than ours."""

import datetime as dt
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DER = serialization.Encoding.DER
START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
MASTER_LIST_SIGNER = x509.ObjectIdentifier("2.23.136.1.1.3")


@dataclass
class Holder:
    """A key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(DER)

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def sign(self, data: bytes) -> bytes:
        """ECDSA with SHA-256, in DER."""
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass
class Authority(Holder):
    """A CSCA of a state; `years` from START."""

    country: str = ""
    revoked: list[int] = field(default_factory=list)

    @classmethod
    def make(cls, country: str, years: float = 10, name: str = "CSCA", start: dt.datetime = START) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        title = _name(country, name)
        key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        made = (
            _builder(title, title, key.public_key(), start, years)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(key_id, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(key, made, country)

    def signer(self, name: str = "01", *, lists: bool = False, country: str = "") -> Holder:
        """A signer of seals, or of master lists."""
        key = ec.generate_private_key(ec.SECP256R1())
        key_id = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        title = _name(country or self.country, name)
        builder = _builder(title, self.certificate.subject, key.public_key(), START, 3)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False
        ).add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        builder = builder.add_extension(_usage(authority=False), critical=True)
        if lists:
            builder = builder.add_extension(x509.ExtendedKeyUsage([MASTER_LIST_SIGNER]), critical=True)
        return Holder(key, builder.sign(self.key, hashes.SHA256()))

    def crl(self, at: dt.datetime, *serials: int, number: int = 1) -> bytes:
        key_id = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(at + dt.timedelta(days=90))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for serial in serials:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(DER)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: dt.datetime, years: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=round(365 * years)))
    )


def _name(country: str, name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, country), x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    others = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, decipher_only=False, **others
    )
