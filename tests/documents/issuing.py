"""A national seal signer for tests: an authority and a certified key, as the terminal's verbs make them."""

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from jiwar.documents import signer, signer_keys
from jiwar.documents.logic import seal_signers


def authority(
    country: str = "NE", state: str = "NER", at: dt.datetime | None = None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, seal_signers.make_authority(key, country, state, 1, at or moment())


def moment() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def with_signer(
    folder: Path, country: str = "LY", state: str = "LBY", at: dt.datetime | None = None
) -> x509.Certificate:
    """Make a signer in a key folder, certified; returns its authority's certificate."""
    at = at or moment()
    key, csca = authority(country, state, at)
    request = signer.prepare(folder, signer_keys.make_in_file(), country, "01")
    signer.install(folder, seal_signers.certify(csca, key, request, 0x1A2B3C4D5E6F7081, at), csca, at)
    return csca
