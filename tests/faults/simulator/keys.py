"""Stand-ins for keys: they sign and seal at the price of a hash, and nobody here forges.

A signature is a keyed hash; whoever holds the public half can check it. A seal hides nothing, but opens with its own
key alone. They have the methods of the real ones, so that the program's own code signs, verifies, seals and opens.
"""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from cryptography.exceptions import InvalidSignature, InvalidTag

from jiwar.exchange.logic import envelope, sealed_key

_SEALED = 1168
_CONTENT_KEY = 32


class PublicKey:
    """Stands for the public half of an Ed25519, ML-DSA-65 or sealing key."""

    __slots__ = ("_bytes", "_secret")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._bytes = hashlib.sha256(secret).digest()

    def verify(self, signature: bytes, data: bytes) -> None:
        if hashlib.blake2b(data, key=self._secret).digest() != signature:
            raise InvalidSignature

    def public_bytes_raw(self) -> bytes:
        return self._bytes

    def mask(self, info: bytes) -> bytes:
        return hashlib.blake2b(info, key=self._secret, digest_size=_CONTENT_KEY).digest()


class Key:
    """Stands for a private key; `id` is that of its public half."""

    __slots__ = ("_public", "_secret", "id")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._public = PublicKey(secret)
        self.id = hashlib.sha256(self._public.public_bytes_raw()).hexdigest()[:16]

    def sign(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, key=self._secret).digest()

    def public_key(self) -> PublicKey:
        return self._public


class _Suite:
    """Stands for HPKE with ML-KEM-768 and X25519."""

    @staticmethod
    def encrypt(plain: bytes, public: PublicKey, *, info: bytes) -> bytes:
        mask = public.mask(info)
        masked = bytes(a ^ b for a, b in zip(plain, mask, strict=True))
        return (masked + mask[:16]).ljust(_SEALED, b"\0")

    @staticmethod
    def decrypt(sealed: bytes, private: Key, *, info: bytes) -> bytes:
        mask = private.public_key().mask(info)
        if sealed[_CONTENT_KEY : _CONTENT_KEY + 16] != mask[:16]:
            raise InvalidTag
        return bytes(a ^ b for a, b in zip(sealed[:_CONTENT_KEY], mask, strict=True))


@contextmanager
def stand_ins(chance: random.Random) -> Iterator[None]:
    """Let envelopes be sealed with the stand-ins, and with the chance of a seed, so that it runs the same again."""
    secrets: Any = SimpleNamespace(token_bytes=chance.randbytes)
    with mock.patch.object(sealed_key, "_SUITE", _Suite), mock.patch.object(envelope, "secrets", secrets):
        yield
