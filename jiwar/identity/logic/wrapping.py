"""An officer's private key, wrapped under a key from her password: nobody opens it without her, not the administrator.

Argon2id (RFC 9106, its second recommended choice: t = 3, p = 4, m = 64 MiB), then AES-256-GCM over the 32 bytes of the
Ed25519 private key; the associated data name format, officer and public key, so that no wrapped key passes for another.
"""

import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

FORMAT = "jiwar-officer-key/1"
_SALT, _NONCE = 16, 12


class PasswordWrong(Exception):
    """The password does not open the key, or the wrapped bytes were altered."""


@dataclass(frozen=True, slots=True)
class OfficerSigner:
    """An officer's key, open for one act."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """Raw public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self.private.sign(data)


def wrap(private: Ed25519PrivateKey, officer: str, password: str) -> bytes:
    """Salt, nonce and ciphertext."""
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    public = private.public_key().public_bytes_raw()
    sealed = AESGCM(_key(password, salt)).encrypt(nonce, private.private_bytes_raw(), _bound(officer, public))
    return salt + nonce + sealed


def unwrap(wrapped: bytes, officer: str, public: bytes, password: str) -> OfficerSigner:
    """The key; raises PasswordWrong."""
    salt, nonce, sealed = wrapped[:_SALT], wrapped[_SALT : _SALT + _NONCE], wrapped[_SALT + _NONCE :]
    try:
        raw = AESGCM(_key(password, salt)).decrypt(nonce, sealed, _bound(officer, public))
    except (InvalidTag, ValueError):
        raise PasswordWrong from None
    return OfficerSigner(Ed25519PrivateKey.from_private_bytes(raw))


def _bound(officer: str, public: bytes) -> bytes:
    return f"{FORMAT}\n{officer}\n".encode() + public


def _key(password: str, salt: bytes) -> bytes:
    return Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 * 1024).derive(password.encode())
