"""Seals for tests: a key, permits of our own, and the real samples beside the repository."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from jiwar.documents.logic import seal_signers
from jiwar.documents.logic.crl import Crl, read_crl
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.logic.seal import SealHeader
from jiwar.documents.logic.seal_writing import seal_bytes
from jiwar.documents.logic.trust import Anchor, Trust
from jiwar.documents.seal_catalogue import profiles

HEADER = SealHeader("NER", "NES1", "1A2F", date(2026, 11, 20), date(2026, 11, 21), 0, 0)
FAMILY: list[dict[str, str]] = [
    {"role": "spouse", "name": "KHATTAR<<MARIAMA<MINT<AHMEDOU", "birth": "1981-XX-XX"},
    *({"role": "child", "name": f"OULD<KHATTAR<<{name}", "birth": f"20{10 + year}-0{year + 1}-17"}
      for year, name in enumerate(["SALEM<AHMED", "FATIMATA", "ABDOULAYE", "ZEINABOU", "MOHAMED<LEMINE"])),
    {"role": "parent", "name": "KHATTAR<<AHMEDOU<OULD<SIDI", "birth": "1949-XX-XX"},
    {"role": "herder", "name": "AG<ALHASSANE<<MOUSSA", "birth": "1999-04-XX", "number": "NE0044871"},
]  # fmt: skip
NOMAD: dict[str, Any] = {
    "number": "NE26004411",
    "kind": "nomad",
    "name": "KHATTAR<<SALEM<OULD<AHMEDOU",
    "name_arabic": "سالم ولد أحمدو ختّار",
    "birth": "1974-XX-XX",
    "nationality": "NER",
    "valid_from": "2026-11-20",
    "valid_until": "2027-11-19",
    "zones": ["NE1", "NE7", "LYMQ", "LYGT", "TDBO"],
    "posts": ["TOUMMO", "MADAMA"],
    "seasons": [{"from": "11-15", "until": "03-31"}, {"from": "07-01", "until": "09-15"}],
    "herd": [{"species": "camel", "count": 140}, {"species": "goat", "count": 60}, {"species": "donkey", "count": 9}],
    "family": FAMILY,
}
"""A nomad with a family of eight."""
CONVOY: dict[str, Any] = {
    "number": "TD26C00017",
    "operator": "شركة تيبستي للنقل",
    "valid_from": "2026-11-20",
    "valid_until": "2026-12-20",
    "route": ["FAYA", "ZOUAR", "WOUR", "TANOUA", "QATRUN"],
    "vehicles": ["TD1234A", "TD1235A", "LY998812"],
    "load": [{"heading": "1006", "kilograms": 24_000}, {"heading": "2710", "kilograms": 18_500}],
    "crew": [
        {"role": "driver", "name": "ABAKAR<<ISSA", "birth": "1985-02-14", "number": "TD0998121"},
        {"role": "guide", "name": "BARKA<<ADOUM", "birth": "XXXX-XX-XX"},
    ],
}


def key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.BrainpoolP256R1())


def signs(private: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    """r||s over what it is given, with the hash that goes with the length of the curve (Doc 9303-13, 2.4)."""
    size = (private.curve.key_size + 7) // 8
    digest = {32: hashes.SHA256(), 48: hashes.SHA384(), 64: hashes.SHA512(), 66: hashes.SHA512()}[size]

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(data, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


@dataclass(frozen=True)
class Sample:
    """A seal from the wild, and the file of the certificate that signed it ("" where nobody has it)."""

    name: str
    raw: bytes
    certificate: str


def samples(shared_data: Path) -> dict[str, Sample]:
    listed = json.loads((shared_data / "documents" / "vds" / "vdstools_seals.json").read_text())
    found = [Sample(said["name"].partition("@")[0], bytes.fromhex(said["hex"]), said["cert"] or "") for said in listed]
    return {sample.name: sample for sample in found}


NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class State:
    """A state with an authority, one signer of seals, and the list of what it revoked."""

    authority: x509.Certificate
    authority_key: ec.EllipticCurvePrivateKey
    signer: x509.Certificate
    signer_key: ec.EllipticCurvePrivateKey

    @property
    def header(self) -> SealHeader:
        signer, reference = seal_signers.identifier(self.signer), seal_signers.reference(self.signer)
        return replace(HEADER, signer=signer, certificate=reference)

    def crl(self, *revoked: int, at: dt.datetime = NOW) -> Crl:
        made = seal_signers.make_crl(self.authority, self.authority_key, [(one, at) for one in revoked], 1, at)
        return read_crl(made.public_bytes(serialization.Encoding.DER))

    def trust(self, *crls: Crl) -> Trust:
        """Its authority and its signer, and its list of no revocations, or those given."""
        anchor = Anchor(read_certificate(seal_signers.der(self.authority)), "test")
        signer = read_certificate(seal_signers.der(self.signer))
        return Trust((anchor,), crls or (self.crl(),), (signer,))

    def permit(self, values: dict[str, Any] | None = None, profile: str = "crossing_permit", **header: Any) -> bytes:
        sign = signs(self.signer_key)
        return seal_bytes(profiles()[profile], values or NOMAD, replace(self.header, **header), sign)


@cache
def niger() -> State:
    begun = NOW - dt.timedelta(days=30)
    authority_key, signer_key = key(ec.SECP256R1()), key(ec.SECP256R1())
    authority = seal_signers.make_authority(authority_key, "NE", "NER", 7, begun)
    request = seal_signers.make_request(signer_key, "NE", "S1")
    return State(
        authority,
        authority_key,
        seal_signers.certify(authority, authority_key, request, 0x1A2F_77, begun),
        signer_key,
    )
