"""Authorities of the demonstration's states: invented states, real certificates, made when the demonstration is."""

import datetime as dt
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from jiwar.documents.logic import seal_signers
from jiwar.identity.keys import write_secret

KEY, CERTIFICATE, REVOCATIONS = "csca.key", "csca.crt", "csca.crl"


def make_authority(folder: Path, country: str, state: str, password: str) -> None:
    """What `jiwar seal-signer authority` and `revoke` make: key, certificate and an empty list of revocations."""
    if (folder / CERTIFICATE).exists():
        return
    at = _now()
    key = ec.generate_private_key(ec.SECP256R1())
    made = seal_signers.make_authority(key, country, state, secrets.randbits(63) | 1, at)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    locked = serialization.BestAvailableEncryption(password.encode())
    plain = serialization.PrivateFormat.PKCS8
    write_secret(folder / KEY, key.private_bytes(serialization.Encoding.PEM, plain, locked))
    crl = seal_signers.make_crl(made, key, [], 1, at)
    (folder / REVOCATIONS).write_bytes(crl.public_bytes(serialization.Encoding.DER))
    (folder / CERTIFICATE).write_bytes(seal_signers.der(made))


def make_signer(folder: Path, country: str, password: str) -> bytes:
    """This node's signer of seals, certified by the authority and taken into use; its certificate in DER."""
    from django.conf import settings

    from jiwar.documents import signer, signer_keys

    try:
        return signer.current().der
    except signer.SignerMissing:
        key = serialization.load_pem_private_key((folder / KEY).read_bytes(), password.encode())
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        authority = x509.load_der_x509_certificate((folder / CERTIFICATE).read_bytes())
        request = signer.prepare(settings.KEYS, signer_keys.make_in_file(), country, "01")
        made = seal_signers.certify(authority, key, request, secrets.randbits(63) | 1, _now())
        signer.install(settings.KEYS, made, authority, _now())
        return seal_signers.der(made)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
