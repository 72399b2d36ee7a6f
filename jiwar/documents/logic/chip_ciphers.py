"""The ciphers of a session with a chip, and how its keys are derived (ICAO Doc 9303-11, 9.7 and 9.8).

Triple DES and SHA-1 are what the standard still allows to older chips; no newer choice is made here.
"""

import hashlib
from enum import Enum

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

FOR_ENCRYPTION, FOR_MAC, FOR_PASSWORD = 1, 2, 3


class Suite(Enum):
    """Cipher and MAC of a session: `block` and `key` in bytes, and the hash that derives its keys (9.7.1)."""

    DES3 = (8, 16, "sha1")
    AES128 = (16, 16, "sha1")
    AES192 = (16, 24, "sha256")
    AES256 = (16, 32, "sha256")

    def __init__(self, block: int, key: int, derivation: str) -> None:
        self.block = block
        self.key = key
        self.derivation = derivation

    def derive(self, secret: bytes, purpose: int) -> bytes:
        """A key of this suite from a shared secret or a password. Parity bits of DES are left: nothing reads them."""
        return hashlib.new(self.derivation, secret + purpose.to_bytes(4, "big")).digest()[: self.key]

    def encrypt(self, key: bytes, data: bytes, start: bytes | None = None) -> bytes:
        """CBC over whole blocks; `start` is zero where none is given."""
        return Cipher(self._cipher(key), modes.CBC(start or bytes(self.block))).encryptor().update(data)

    def decrypt(self, key: bytes, data: bytes, start: bytes | None = None) -> bytes:
        """CBC over whole blocks. Raises ValueError where they are not whole."""
        if len(data) % self.block:
            raise ValueError("not whole blocks")
        return Cipher(self._cipher(key), modes.CBC(start or bytes(self.block))).decryptor().update(data)

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Eight bytes: the retail MAC of triple DES (ISO/IEC 9797-1, algorithm 3, padded), or CMAC, cut (9.8.6)."""
        if self is Suite.DES3:
            first, second = key[:8], key[8:]
            chained = Cipher(TripleDES(first * 3), modes.CBC(bytes(8))).encryptor().update(self.pad(data))[-8:]
            middle = Cipher(TripleDES(second * 3), modes.CBC(bytes(8))).decryptor().update(chained)
            return Cipher(TripleDES(first * 3), modes.CBC(bytes(8))).encryptor().update(middle)
        code = CMAC(AES(key))
        code.update(data)
        return code.finalize()[:8]

    def pad(self, data: bytes) -> bytes:
        """ISO/IEC 9797-1, method 2."""
        return data + b"\x80" + bytes(-(len(data) + 1) % self.block)

    def unpad(self, data: bytes) -> bytes:
        """Raises ValueError where there is no padding to take away."""
        bare = data.rstrip(b"\0")
        if not bare.endswith(b"\x80") or len(data) - len(bare) >= self.block:
            raise ValueError("no padding")
        return bare[:-1]

    def _cipher(self, key: bytes) -> AES | TripleDES:
        return TripleDES(key + key[:8]) if self is Suite.DES3 else AES(key)
