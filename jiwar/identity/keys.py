"""The node's own private keys: a key ring in the data folder, readable by the node's user alone.

One suite, version 2: Ed25519 (RFC 8032) signs; ML-DSA-65 (FIPS 204) signs beside it what must stand for decades;
ML-KEM-768 with X25519 (X-Wing order: ML-KEM part first) opens what others seal; a self-signed P-256 certificate, pinned
by the neighbours through the node's card, serves TLS. Version 1 had no ML-DSA key: a start adds one (`services`).
"""

import base64
import datetime as dt
import fcntl
import hashlib
import ipaddress
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey
from cryptography.x509.oid import NameOID

VERSION = 2
_MLKEM_PUBLIC = 1184
_MLKEM_SEED = 64


class KeyRingInvalid(ValueError):
    """The key ring is missing or damaged: the message names the file and the reason."""


def key_id(public: bytes) -> str:
    """Name of a key: first 16 hexadecimal digits of SHA-256 over the raw public key."""
    return hashlib.sha256(public).hexdigest()[:16]


def fingerprint(public: bytes) -> str:
    """What two administrators read to each other over the telephone: eight groups of four hexadecimal digits."""
    digits = hashlib.sha256(public).hexdigest()[:32]
    return " ".join(digits[i : i + 4] for i in range(0, 32, 4))


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Ed25519 private key of this node."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """Raw public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        return key_id(self.public)

    def sign(self, data: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self.private.sign(data)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """Hybrid decapsulation key of this node: 64-byte ML-KEM-768 seed and 32-byte X25519 scalar."""

    mlkem: mlkem.MLKEM768PrivateKey
    x25519: x25519.X25519PrivateKey

    @property
    def private(self) -> MLKEM768X25519PrivateKey:
        return MLKEM768X25519PrivateKey(self.mlkem, self.x25519)

    @property
    def public(self) -> bytes:
        """Raw public key, 1216 bytes: ML-KEM-768 encapsulation key, then X25519."""
        return self.mlkem.public_key().public_bytes_raw() + self.x25519.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        return key_id(self.public)


@dataclass(frozen=True, slots=True)
class CosigningKey:
    """ML-DSA-65 private key of this node."""

    private: MLDSA65PrivateKey

    @property
    def public(self) -> bytes:
        """Raw public key, 1952 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        return key_id(self.public)

    def sign(self, data: bytes) -> bytes:
        """ML-DSA-65 signature with an empty context, 3309 bytes."""
        return self.private.sign(data)


def sealing_public(raw: bytes) -> MLKEM768X25519PublicKey:
    """Public half of a SealingKey from its 1216 bytes; raises ValueError."""
    if len(raw) != _MLKEM_PUBLIC + 32:
        raise ValueError(f"sealing key of {len(raw)} bytes, expected {_MLKEM_PUBLIC + 32}")
    return MLKEM768X25519PublicKey(
        mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
        x25519.X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
    )


def signing_public(raw: bytes) -> Ed25519PublicKey:
    """Ed25519 public key from its 32 bytes; raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(raw)


def cosigning_public(raw: bytes) -> MLDSA65PublicKey:
    """ML-DSA-65 public key from its 1952 bytes; raises ValueError."""
    return MLDSA65PublicKey.from_public_bytes(raw)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All private keys of a node, newest first; older sealing keys stay to open what was sealed before a rotation.

    `cosigning` is empty in a ring of version 1 alone, before the node's next start. `next`: keys that wait for their
    certificate. `certificate` is of the newest keys, `root` the public file of the root that signed it; both or none.
    """

    signing: tuple[SigningKey, ...]
    sealing: tuple[SealingKey, ...]
    cosigning: tuple[CosigningKey, ...]
    next: "KeyRing | None" = None
    certificate: dict[str, Any] | None = None
    root: dict[str, Any] | None = None

    @classmethod
    def make(cls) -> "KeyRing":
        """A new ring with one key of each use."""
        return cls(
            (SigningKey(Ed25519PrivateKey.generate()),),
            (SealingKey(mlkem.MLKEM768PrivateKey.generate(), x25519.X25519PrivateKey.generate()),),
            (CosigningKey(MLDSA65PrivateKey.generate()),),
        )

    @property
    def public(self) -> dict[str, bytes]:
        """Raw public halves of the newest keys, by use."""
        return {
            "signing": self.signing[0].public,
            "sealing": self.sealing[0].public,
            "cosigning": self.cosigning[0].public,
        }

    def complete(self) -> "KeyRing":
        """The same ring, with a cosigning key when it has none."""
        return self if self.cosigning else replace(self, cosigning=(CosigningKey(MLDSA65PrivateKey.generate()),))

    def with_next(self) -> "KeyRing":
        """The same ring with new keys that wait; those that wait already stay."""
        return self if self.next else replace(self, next=KeyRing.make())

    def turned(self) -> "KeyRing":
        """The keys that waited are the newest now, as yet without a certificate; the others stay behind them."""
        if self.next is None:
            raise ValueError("no keys wait")
        new = self.next
        return KeyRing(new.signing + self.signing, new.sealing + self.sealing, new.cosigning + self.cosigning)

    @classmethod
    def read(cls, folder: Path) -> "KeyRing":
        """Read `keyring.json`; raises KeyRingInvalid."""
        path = folder / "keyring.json"
        try:
            data = json.loads(path.read_text())
            if data["v"] not in (1, VERSION):
                raise KeyRingInvalid(f"{path}: version {data['v']} is not known to this program")
            ring = cls._of(data)
            if waiting := data.get("next"):
                ring = replace(ring, next=cls._of(waiting))
            if certificate := data.get("certificate"):
                ring = replace(ring, certificate=dict(certificate), root=dict(data["root"]))
        except FileNotFoundError:
            raise KeyRingInvalid(f"{path}: no such file; `jiwar keys make` makes the node's keys") from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, KeyRingInvalid):
                raise
            raise KeyRingInvalid(f"{path}: damaged ({type(error).__name__})") from None
        if not ring.signing or not ring.sealing or (data["v"] == VERSION and not ring.cosigning):
            raise KeyRingInvalid(f"{path}: damaged (a key is missing)")
        return ring

    @classmethod
    def _of(cls, data: dict[str, Any]) -> "KeyRing":
        return cls(
            tuple(SigningKey(Ed25519PrivateKey.from_private_bytes(_raw(k))) for k in data["signing"]),
            tuple(
                SealingKey(
                    mlkem.MLKEM768PrivateKey.from_seed_bytes(_raw(k)[:_MLKEM_SEED]),
                    x25519.X25519PrivateKey.from_private_bytes(_raw(k)[_MLKEM_SEED:]),
                )
                for k in data["sealing"]
            ),
            tuple(
                CosigningKey(MLDSA65PrivateKey.from_seed_bytes(_raw(k)))
                for k in (data["cosigning"] if data.get("v") != 1 else ())
            ),
        )

    def write(self, folder: Path) -> None:
        """Write `keyring.json`, whole or not at all, readable by its owner alone."""
        data = {"v": VERSION} | self._secrets()
        data |= {"next": self.next._secrets() if self.next else None, "certificate": self.certificate}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(folder / "keyring.json", json.dumps(data | {"root": self.root}).encode())

    def _secrets(self) -> dict[str, Any]:
        return {
            "signing": [_b64(k.private.private_bytes_raw()) for k in self.signing],
            "sealing": [_b64(k.mlkem.private_bytes_raw() + k.x25519.private_bytes_raw()) for k in self.sealing],
            "cosigning": [_b64(k.private.private_bytes_raw()) for k in self.cosigning],
        }


def write_secret(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 so that a crash leaves the old one or the new one."""
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def make_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds, made by whichever process of the node comes first; the others wait for it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # gone with the process, so that a crash leaves no lock
            if not path.exists():
                write_secret(path, make())
        finally:
            os.close(folder)
    return path.read_bytes()


def make_tls(folder: Path, code: str, url: str, at: dt.datetime) -> None:
    """Write `tls.key` and `tls.crt`: a self-signed certificate for the exchange listener, valid ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"jiwar {code}")])
    host = urlsplit(url).hostname or "localhost"
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - dt.timedelta(days=1))
        .not_valid_after(at + dt.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_secret(
        folder / "tls.key",
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    write_secret(folder / "tls.crt", certificate.public_bytes(serialization.Encoding.PEM))


@lru_cache(maxsize=4)
def _ring(folder: Path, modified: int) -> KeyRing:
    return KeyRing.read(folder)


def ring(folder: Path) -> KeyRing:
    """The node's key ring, read again when its file changes."""
    path = folder / "keyring.json"
    return _ring(folder, path.stat().st_mtime_ns if path.exists() else 0)


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
