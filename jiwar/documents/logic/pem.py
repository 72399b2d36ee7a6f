"""Certificates and lists in text (PEM, RFC 7468): one file may hold many."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

MOST: Final = 5_000
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]{1,3000000})-----END \1-----")


class PemInvalid(ValueError):
    """`code`: "pem_form", "pem_too_many"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_pem(data: bytes) -> bool:
    """Whether it is text of this form; what stands before the first block is for people."""
    return b"-----BEGIN " in data[:20_000]


def read_pem(data: bytes) -> Iterator[bytes]:
    """What its blocks hold, in their order. Raises PemInvalid; also where one that begins does not end."""
    count = 0
    for found in _BLOCK.finditer(data):
        count += 1
        if count > MOST:
            raise PemInvalid("pem_too_many")
        try:
            yield base64.b64decode(b"".join(found[2].split()), validate=True)
        except binascii.Error:
            raise PemInvalid("pem_form") from None
    if count == 0 or count != data.count(b"-----BEGIN "):
        raise PemInvalid("pem_form")
