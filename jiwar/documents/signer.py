"""The national seal signer of this node: its key, its certificate, what it may sign, until when.

One file of the key folder, `seal-signer.json`: the key in use with its certificate and its authority's, and a key that
waits for its certificate. The authority's own key is never here: its folder is carried to a machine without a network.
"""

import base64
import datetime as dt
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pycountry
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.utils import timezone

from jiwar.documents.logic import seal_signers
from jiwar.documents.signer_keys import KeyUnavailable, open_key, raw_signature
from jiwar.identity.keys import write_secret
from jiwar.wire.faults import Fault, Refused

VERSION: Final = 1
FILE: Final = "seal-signer.json"


class SignerMissing(Exception):
    """Nothing can be sealed here: `code` is signer_missing, signer_damaged, signer_uncertified, signer_past_use."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs seals. `identifier` ``NE01`` and `reference` (serial number in hex) name `certificate` in each seal."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    authority: x509.Certificate

    @property
    def identifier(self) -> str:
        return seal_signers.identifier(self.certificate)

    @property
    def reference(self) -> str:
        return seal_signers.reference(self.certificate)

    @property
    def der(self) -> bytes:
        return seal_signers.der(self.certificate)

    @property
    def until(self) -> dt.datetime:
        """Until when it may sign; what it signed stays valid longer."""
        return seal_signers.signing_time(self.certificate)[1]

    @property
    def document_types(self) -> tuple[str, ...]:
        return seal_signers.document_types(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """Raw r || s, 64 bytes; raises KeyUnavailable where a security module does not answer."""
        return raw_signature(self.key, data)


def country_of(state: str) -> str:
    """Alpha-2 code of an alpha-3 one; "" where there is none."""
    found = pycountry.countries.get(alpha_3=state)
    return str(found.alpha_2) if found else ""


def current(at: dt.datetime | None = None) -> Signer:
    """The signer in use; raises SignerMissing with the reason."""
    path = settings.KEYS / FILE
    if not path.exists():
        raise SignerMissing("signer_missing")
    signer = _signer(path, path.stat().st_mtime_ns)
    first, last = seal_signers.signing_time(signer.certificate)
    if not first <= (at or timezone.now()) <= last:
        raise SignerMissing("signer_past_use", last.date().isoformat())
    return signer


def current_or_refused() -> Signer:
    """As `current`, for a person at the console."""
    try:
        return current()
    except SignerMissing as missing:
        raise Refused(Fault(missing.code, "", missing.detail)) from None
    except KeyUnavailable as unavailable:
        raise Refused(Fault("seal_key_unavailable", "", unavailable.code)) from None


def prepare(folder: Path, key: dict[str, str], country: str, name: str) -> x509.CertificateSigningRequest:
    """Keep a new key that waits for its certificate, and return the request for it. The key in use goes on."""
    request = seal_signers.make_request(open_key(key), country, name)
    kept = _read(folder / FILE) if (folder / FILE).exists() else {"v": VERSION}
    _write(folder, kept | {"next": key})
    return request


def install(folder: Path, certificate: x509.Certificate, authority: x509.Certificate, at: dt.datetime) -> None:
    """Take the waiting key into use; raises SignerRefused where the certificate is not for it, SignerMissing."""
    kept = _read(folder / FILE) if (folder / FILE).exists() else {}
    if not kept.get("next"):
        raise SignerMissing("signer_missing")
    seal_signers.check_signer(certificate, authority, open_key(kept["next"]).public_key(), at)
    _write(
        folder,
        {
            "v": VERSION,
            "key": kept["next"],
            "certificate": _b64(seal_signers.der(certificate)),
            "authority": _b64(seal_signers.der(authority)),
            "next": None,
        },
    )


@lru_cache(maxsize=2)
def _signer(path: Path, modified: int) -> Signer:
    kept = _read(path)
    if not kept.get("certificate"):
        raise SignerMissing("signer_uncertified")
    try:
        certificate, authority = (
            x509.load_der_x509_certificate(base64.b64decode(kept[name], validate=True))
            for name in ("certificate", "authority")
        )
    except (KeyError, ValueError):
        raise SignerMissing("signer_damaged") from None
    return Signer(open_key(kept["key"]), certificate, authority)


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SignerMissing("signer_damaged", str(path)) from None
    if not isinstance(kept, dict) or kept.get("v") != VERSION:
        raise SignerMissing("signer_damaged", str(path))
    return kept


def _write(folder: Path, kept: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(folder / FILE, json.dumps(kept).encode())


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
