"""Certificates, and the requests for them: a state's root says whose keys these are, as what, and for how long.

A request is signed by the keys that it carries, so that nobody has a key certified that he does not hold (a sealing key
signs nothing: who has one certified that is not his can open nothing with it).
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from jiwar.identity.logic import signed
from jiwar.identity.logic.roots import Root, RootKeys
from jiwar.identity.logic.signed import PaperRefused, b64, bytes_of, key_hash

FORMAT, REQUEST_FORMAT, VERSION = "jiwar-certificate", "jiwar-certificate-request", 1
MAX_BYTES = 20_000
LONGEST = dt.timedelta(days=400)
NODE_DAYS, OFFICER_DAYS = 180, 90
"""How long a certificate stands when nobody says otherwise."""
NODE_ROLES = ("national", "post", "secretariat")
OFFICER_ROLES = ("approver", "contact_officer")
SIZES = {"signing": 32, "sealing": 1216, "cosigning": 1952, "approval": 32}
"""Bytes of the raw public key of each use: Ed25519, ML-KEM-768 with X25519, ML-DSA-65; an officer's Ed25519."""
NODE_USES, OFFICER_USES = ("signing", "sealing", "cosigning"), ("approval",)

_LABEL = f"{FORMAT}/{VERSION}"
_REQUEST_LABEL = f"{REQUEST_FORMAT}/{VERSION}"
_WHO = ("state", "subject", "role", "keys")
_NODE = re.compile(r"[A-Z]{3}")
_POST = re.compile(r"[A-Z]{3}-[A-Z0-9]{2,20}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD = re.compile(r"[a-z_]{1,30}")
_EARLY = dt.timedelta(days=1)


class Signer(Protocol):
    """A private key with its public half."""

    @property
    def public(self) -> bytes: ...
    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose keys, and as what. `subject`: a node's code or an officer's id (a UUID); `keys`: raw public keys by use."""

    state: str
    subject: str
    role: str
    keys: dict[str, bytes]

    @property
    def key_ids(self) -> dict[str, str]:
        """Ids of the keys by use."""
        return {use: key_hash(raw)[:16] for use, raw in self.keys.items()}

    @property
    def is_officer(self) -> bool:
        """Whether it is a person's key, not a node's."""
        return self.role in OFFICER_ROLES

    @property
    def fingerprint(self) -> str:
        """What is read aloud before it is certified: of the signing key, or of the officer's."""
        digits = key_hash(self.keys["approval" if self.is_officer else "signing"])[:32]
        return " ".join(digits[i : i + 4] for i in range(0, 32, 4))


@dataclass(frozen=True, slots=True)
class Request:
    """A verified request."""

    of: Subject
    made_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was read; `verify` says whether it holds. It stands from `not_before` to `not_after`."""

    of: Subject
    not_before: dt.datetime
    not_after: dt.datetime
    serial: UUID
    root: str
    data: dict[str, Any] = field(repr=False)

    def verify(self, root: RootKeys) -> None:
        """Raise PaperRefused unless this root signed it, for its own state."""
        if root.hash != self.root or root.state != self.of.state:
            raise PaperRefused("certificate_of_other_root", self.root[:16])
        root.verify(_LABEL, self.data)


def write_request(
    of: Subject, made_at: dt.datetime, signing: Signer, cosigning: Signer | None = None
) -> dict[str, Any]:
    """A request, signed by a node's signing and cosigning key, or by an officer's key alone."""
    data = {"format": REQUEST_FORMAT, "v": VERSION} | _plain(of) | {"made_at": signed.write_instant(made_at)}
    signing_bytes = signed.signed_bytes(_REQUEST_LABEL, data)
    signatures = {"ed25519": b64(signing.sign(signing_bytes))}
    if cosigning:
        signatures["ml_dsa_65"] = b64(cosigning.sign(signing_bytes))
    return data | {"signatures": signatures}


def read_request(data: object) -> Request:
    """Check a request's form and signatures; raises PaperRefused."""
    form = signed.check_form(data, REQUEST_FORMAT, VERSION, (*_WHO, "made_at", "signatures"))
    of, made_at = _subject(form), signed.instant_of(form, "made_at")
    said, signatures = signed.signed_bytes(_REQUEST_LABEL, form), form["signatures"]
    if not isinstance(signatures, dict):
        raise PaperRefused("paper_field_wrong", "signatures")
    if not of.is_officer:
        cosigning = MLDSA65PublicKey.from_public_bytes(of.keys["cosigning"])
        signed.verify_both(signatures, Ed25519PublicKey.from_public_bytes(of.keys["signing"]), cosigning, said)
        return Request(of, made_at)
    if signatures.keys() != {"ed25519"}:
        raise PaperRefused("paper_field_wrong", "signatures")
    try:
        Ed25519PublicKey.from_public_bytes(of.keys["approval"]).verify(bytes_of(signatures, "ed25519", 64), said)
    except InvalidSignature:
        raise PaperRefused("paper_signature_wrong", "signatures") from None
    return Request(of, made_at)


def certify(root: Root, of: Subject, at: dt.datetime, days: int, serial: UUID) -> dict[str, Any]:
    """A certificate from a day before `at` (clocks differ) to `days` after; raises PaperRefused."""
    if root.state != of.state:
        raise PaperRefused("certificate_of_other_state", of.state)
    if not 1 <= days < LONGEST.days:
        raise PaperRefused("certificate_too_long", str(days))
    data = {"format": FORMAT, "v": VERSION} | _plain(of)
    data |= {
        "not_before": signed.write_instant(at - _EARLY),
        "not_after": signed.write_instant(at + dt.timedelta(days=days)),
        "serial": str(serial),
        "root": root.public.hash,
    }
    return root.sign(_LABEL, data)


def read_certificate(data: object) -> Certificate:
    """Check a certificate's form; raises PaperRefused. Who signed it is not known before `verify`."""
    form = signed.check_form(data, FORMAT, VERSION, (*_WHO, "not_before", "not_after", "serial", "root", "signatures"))
    start, end = signed.instant_of(form, "not_before"), signed.instant_of(form, "not_after")
    if not dt.timedelta() < end - start <= LONGEST:
        raise PaperRefused("certificate_too_long", str((end - start).days))
    serial = UUID(signed.text_of(form, "serial", _UUID))
    return Certificate(_subject(form), start, end, serial, signed.text_of(form, "root", signed.HASH), form)


def _plain(of: Subject) -> dict[str, Any]:
    keys = {use: b64(raw) for use, raw in of.keys.items()}
    return {"state": of.state, "subject": of.subject, "role": of.role, "keys": keys}


def _subject(form: dict[str, Any]) -> Subject:
    state, role = signed.text_of(form, "state", signed.STATE), signed.text_of(form, "role", _WORD)
    officer = role in OFFICER_ROLES
    if not officer and role not in NODE_ROLES:
        raise PaperRefused("paper_field_wrong", "role")
    subject = signed.text_of(form, "subject", _UUID if officer else _POST if role == "post" else _NODE)
    if not officer and subject[:3] != state:
        raise PaperRefused("certificate_of_other_state", subject)
    uses, keys = OFFICER_USES if officer else NODE_USES, form["keys"]
    if not isinstance(keys, dict) or keys.keys() != set(uses):
        raise PaperRefused("paper_field_wrong", "keys")
    return Subject(state, subject, role, {use: bytes_of(keys, use, SIZES[use]) for use in uses})
