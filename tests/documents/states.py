"""States as a test needs them: an authority, signers, lists of revocations, in bytes that real tools would make."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jiwar.documents.logic.crl import Crl, read_crl
from jiwar.documents.logic.pki import Certificate, read_certificate

AT = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
YEAR = 365 * DAY


def name(country: str, common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, country), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


@dataclass
class Authority:
    """A CSCA with its key: what it signs, it signs for real."""

    country: str = "NE"
    common: str = "CSCA"
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    begins: dt.datetime = AT - 2 * YEAR
    ends: dt.datetime = AT + 10 * YEAR

    @property
    def certificate(self) -> Certificate:
        return self.certify(
            self.key.public_key(), self.common, self.country, ca=True, begins=self.begins, ends=self.ends
        )

    def certify(
        self,
        public: Any,
        common: str,
        country: str = "",
        *,
        ca: bool = False,
        begins: dt.datetime = AT - YEAR,
        ends: dt.datetime = AT + 5 * YEAR,
        serial: int = 0,
        extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
        authority_key: bool = True,
    ) -> Certificate:
        build = (
            x509.CertificateBuilder()
            .subject_name(name(country or self.country, common))
            .issuer_name(name(self.country, self.common))
            .public_key(public)
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca, 0 if ca else None), critical=True)
            .add_extension(usage(ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        if authority_key:
            own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            build = build.add_extension(own, critical=False)
        for extension, critical in extensions:
            build = build.add_extension(extension, critical=critical)
        made = build.sign(self.key, hashes.SHA256())
        return read_certificate(made.public_bytes(serialization.Encoding.DER))

    def signer(self, common: str = "DS", **told: Any) -> tuple[Any, Certificate]:
        """A key and its certificate."""
        key = told.pop("key", None) or ec.generate_private_key(ec.SECP256R1())
        return key, self.certify(key.public_key(), common, **told)

    def crl(self, *revoked: int, made: dt.datetime = AT - DAY, common: str = "") -> Crl:
        build = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(name(self.country, common or self.common))
            .last_update(made)
            .next_update(made + 90 * DAY)
            .add_extension(x509.CRLNumber(7), critical=False)
        )
        for serial in revoked:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(made - DAY).build()
            build = build.add_revoked_certificate(one)
        return read_crl(build.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
