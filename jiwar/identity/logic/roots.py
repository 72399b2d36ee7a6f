"""A state's root: one secret of 32 bytes, of which an Ed25519 and an ML-DSA-65 key are made; a root signs with both.

    HKDF-SHA256 (RFC 5869), salt `jiwar-root/1`, info `LBY ed25519`    ->  32 bytes, the Ed25519 private key (RFC 8032)
                                                   info `LBY ml-dsa-65`  ->  32 bytes, the seed xi of FIPS 204

The hash of a root is SHA-256 over `jiwar-root/1`, a line feed, the state's code, a line feed, and the two raw public
keys; its fingerprint, which two people read to each other, is the first 32 of the hash's hexadecimal digits. The
public root file is self-signed: whoever wrote it holds both keys.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jiwar.identity.logic import signed
from jiwar.identity.logic.signed import PaperRefused, b64, bytes_of

FORMAT, VERSION = "jiwar-root", 1
MAX_BYTES = 20_000
_LABEL = f"{FORMAT}/{VERSION}"
_SUCCESSION = "jiwar-root-succession/1"
_NAMES = ("state", "ed25519", "ml_dsa_65", "made_at", "previous", "signatures")


@dataclass(frozen=True, slots=True)
class RootKeys:
    """The public half of a root."""

    state: str
    ed25519: bytes
    ml_dsa_65: bytes

    @property
    def hash(self) -> str:
        """64 hexadecimal digits: what certificates name the root by."""
        head = f"{_LABEL}\n{self.state}\n".encode()
        return hashlib.sha256(head + self.ed25519 + self.ml_dsa_65).hexdigest()

    @property
    def fingerprint(self) -> str:
        """Eight groups of four hexadecimal digits."""
        return " ".join(self.hash[i : i + 4] for i in range(0, 32, 4))

    def verify(self, label: str, data: Mapping[str, Any]) -> None:
        """Raise PaperRefused unless both keys signed this object (its `signatures`)."""
        self._verify(data.get("signatures"), signed.signed_bytes(label, data))

    def verify_successor(self, new: "RootFile") -> None:
        """Raise PaperRefused unless both keys of this root name `new` as the root that follows it."""
        previous = new.previous
        if previous is None or previous["root"] != self.hash:
            raise PaperRefused("root_not_the_successor", self.hash)
        self._verify(previous["signatures"], _succession(self.hash, new.keys))

    def _verify(self, signatures: object, data: bytes) -> None:
        ed25519 = Ed25519PublicKey.from_public_bytes(self.ed25519)
        signed.verify_both(signatures, ed25519, MLDSA65PublicKey.from_public_bytes(self.ml_dsa_65), data)


@dataclass(frozen=True, slots=True)
class Root:
    """A root put together in memory. The secret is never written by this class."""

    state: str
    ed25519: Ed25519PrivateKey = field(repr=False)
    ml_dsa_65: MLDSA65PrivateKey = field(repr=False)

    @classmethod
    def of(cls, state: str, secret: bytes) -> "Root":
        """The root of a state with this secret; raises ValueError."""
        if len(secret) != 32 or not signed.STATE.fullmatch(state):
            raise ValueError("a root needs 32 bytes and the code of a state")
        return cls(
            state,
            Ed25519PrivateKey.from_private_bytes(_derive(secret, f"{state} ed25519")),
            MLDSA65PrivateKey.from_seed_bytes(_derive(secret, f"{state} ml-dsa-65")),
        )

    @property
    def public(self) -> RootKeys:
        """The public half."""
        return RootKeys(
            self.state, self.ed25519.public_key().public_bytes_raw(), self.ml_dsa_65.public_key().public_bytes_raw()
        )

    def sign(self, label: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The object with its two signatures."""
        return dict(data) | {"signatures": self._sign(signed.signed_bytes(label, data))}

    def _sign(self, data: bytes) -> dict[str, str]:
        return {"ed25519": b64(self.ed25519.sign(data)), "ml_dsa_65": b64(self.ml_dsa_65.sign(data))}

    def name_successor(self, new: RootKeys) -> dict[str, Any]:
        """The member `previous` of the file of a root that follows this one."""
        old = self.public.hash
        return {"root": old, "signatures": self._sign(_succession(old, new))}


@dataclass(frozen=True, slots=True)
class RootFile:
    """A verified root file. `previous`: {root, signatures} of the root that it follows, not verified yet, or None."""

    keys: RootKeys
    made_at: dt.datetime
    previous: dict[str, Any] | None
    data: dict[str, Any] = field(repr=False)


def write_root(root: Root, made_at: dt.datetime, previous: Root | None = None) -> dict[str, Any]:
    """The public root file."""
    public = root.public
    data = {
        "format": FORMAT,
        "v": VERSION,
        "state": root.state,
        "ed25519": b64(public.ed25519),
        "ml_dsa_65": b64(public.ml_dsa_65),
        "made_at": signed.write_instant(made_at),
        "previous": previous.name_successor(public) if previous else None,
    }
    return root.sign(_LABEL, data)


def read_root(data: object) -> RootFile:
    """Check a root file's form and its own signatures; raises PaperRefused."""
    form = signed.check_form(data, FORMAT, VERSION, _NAMES)
    keys = RootKeys(
        signed.text_of(form, "state", signed.STATE), bytes_of(form, "ed25519", 32), bytes_of(form, "ml_dsa_65", 1952)
    )
    previous = form["previous"]
    if previous is not None and (
        not isinstance(previous, dict)
        or previous.keys() != {"root", "signatures"}
        or not signed.HASH.fullmatch(str(previous["root"]))
    ):
        raise PaperRefused("paper_field_wrong", "previous")
    made_at = signed.instant_of(form, "made_at")
    keys.verify(_LABEL, form)
    return RootFile(keys, made_at, previous, form)


def _succession(old: str, new: RootKeys) -> bytes:
    return f"{_SUCCESSION}\n{new.state}\n{old}\n{new.hash}".encode()


def _derive(secret: bytes, info: str) -> bytes:
    return HKDF(SHA256(), 32, salt=_LABEL.encode(), info=info.encode()).derive(secret)
