"""A content key, sealed to each sealing key of a recipient: as it stands in an envelope and in a pouch.

    u8 count, that many times: 8 bytes id of a sealing key, u16 length (big-endian), the content key sealed to it

HPKE (RFC 9180), base mode: MLKEM768-X25519, HKDF-SHA256, AES-256-GCM. `info` binds what the key opens.
"""

import struct
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

KEY_BYTES = 32
MAX_KEYS = 4
"""Sealing keys of one recipient: during a rotation it has two."""
SEALED_BYTES = 1168
"""ML-KEM-768 ciphertext (1,088), X25519 share (32), sealed content key (32 + 16)."""
_ID_BYTES = 8
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class SealedKeyInvalid(ValueError):
    """Sealed keys that are not of their form, or that none of our keys opens; `code`: `form`, `unknown`, `seal`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def seal(key: bytes, to: Sequence[tuple[str, MLKEM768X25519PublicKey]], info: bytes) -> bytes:
    """The content key, sealed to each of `to`: ids and public keys, MAX_KEYS at most. Raises SealedKeyInvalid."""
    if not 0 < len(to) <= MAX_KEYS:
        raise SealedKeyInvalid("form")
    parts = [bytes([len(to)])]
    for id_, public in to:
        sealed = _SUITE.encrypt(key, public, info=info)
        parts += [bytes.fromhex(id_), struct.pack(">H", len(sealed)), sealed]
    return b"".join(parts)


def read(data: bytes, at: int) -> tuple[dict[str, bytes], int]:
    """The sealed keys by their ids, and where they end. Raises SealedKeyInvalid, struct.error, IndexError."""
    count, at = data[at], at + 1
    if not 0 < count <= MAX_KEYS:
        raise SealedKeyInvalid("form")
    keys = {}
    for _ in range(count):
        id_ = data[at : at + _ID_BYTES].hex()
        (length,) = struct.unpack_from(">H", data, at + _ID_BYTES)
        if length != SEALED_BYTES:
            raise SealedKeyInvalid("form")
        at += _ID_BYTES + 2 + length
        keys[id_] = data[at - length : at]
    return keys, at


def unseal(keys: Mapping[str, bytes], own: Mapping[str, MLKEM768X25519PrivateKey], info: bytes) -> bytes:
    """The content key, by the first of our keys that it is sealed to. Raises SealedKeyInvalid."""
    for id_, sealed in keys.items():
        if id_ in own:
            try:
                return _SUITE.decrypt(sealed, own[id_], info=info)
            except (InvalidTag, ValueError):
                raise SealedKeyInvalid("seal") from None
    raise SealedKeyInvalid("unknown")
