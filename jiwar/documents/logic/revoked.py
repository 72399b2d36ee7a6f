"""Lists of revoked seals, small: six bytes a seal, of what its signature covers.

A hash of the whole signed content names nobody: it can be compared with a paper in the hand and with nothing else. Of
the signature itself nothing is hashed, for (r, n - s) signs the same as (r, s). With a million revoked seals, one paper
in 280 million is refused by chance.
"""

import base64
import hashlib
import itertools
from collections.abc import Collection, Iterable
from typing import Final

SIZE: Final = 6
MOST: Final = 20_000
"""Seals of one list: 160 kB as text, twenty seconds of a 64 kbit/s link."""


class ListInvalid(ValueError):
    """Not a list as `pack` writes it."""


def digest(signed: bytes) -> bytes:
    """What stands for a seal whose header and messages are these bytes."""
    return hashlib.sha256(signed).digest()[:SIZE]


def pack(digests: Collection[bytes]) -> str:
    """Base64 of the digests in order, each once."""
    return base64.b64encode(b"".join(sorted(set(digests)))).decode()


def unpack(text: str) -> tuple[bytes, ...]:
    """The digests of a list. Raises ListInvalid: too long, not base64, cut, out of order, one twice."""
    if len(text) > MOST * SIZE * 4 // 3 + 4:
        raise ListInvalid("too long")
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise ListInvalid("not base64") from None
    if len(raw) % SIZE or len(raw) // SIZE > MOST:
        raise ListInvalid("cut")
    found = tuple(raw[at : at + SIZE] for at in range(0, len(raw), SIZE))
    if any(one >= other for one, other in itertools.pairwise(found)):
        raise ListInvalid("out of order")
    return found


def seconds(digests: Iterable[bytes], bits: int = 64_000) -> float:
    """How long a list is on a link of so many bits a second, without its envelope."""
    return len(pack(list(digests))) * 8 / bits
