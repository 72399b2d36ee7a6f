"""What was asked of a chip and what it answered, so that the checks can be made again without it (TR-03135-1, 4.2).

Active authentication convinces anybody: the chip signed. Chip authentication and its mapping convince only whoever
trusts that the terminal kept its own secret: a terminal that lies could have made the transcript by itself (Doc
9303-11, 6.2). The checks say what the transcript says.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jiwar.documents.logic.lds_files import LdsUnreadable

VERSION: Final = 1
MOST_VALUE: Final = 8_192
MOST_ATTEMPTS: Final = 100
"""More sessions than a chip has things to lose one by."""


@dataclass(frozen=True, slots=True)
class Active:
    """INTERNAL AUTHENTICATE: the terminal's challenge (8 bytes) and the chip's signature."""

    challenge: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Chip authentication: the terminal's private key of that moment, and the first protected answer after it.

    The command to that answer is `chip_authentication.PROOF`.
    """

    protocol: str
    key_id: int | None
    secret: bytes
    answer: bytes


@dataclass(frozen=True, slots=True)
class Mapped:
    """PACE with chip authentication mapping: the chip's public key of the mapping, and its deciphered data."""

    parameter: int
    public: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way into the chip: ``PACE`` or ``BAC`` with its protocol; `code` is "" where it opened the chip."""

    way: str
    protocol: str
    code: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that came of one reading. `refused`: the code of each file that was asked for and did not come."""

    files: Mapping[str, bytes]
    attempts: tuple[Attempt, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    active: Active | None = None
    authenticated: Authenticated | None = None
    mapped: Mapped | None = None


def write_reading(reading: Reading) -> dict[str, Any]:
    """The reading without its files, as JSON has it; bytes in base64."""
    return {
        "version": VERSION,
        "attempts": [{"way": one.way, "protocol": one.protocol, "code": one.code} for one in reading.attempts],
        "refused": dict(reading.refused),
        "active": _written(reading.active),
        "authenticated": _written(reading.authenticated),
        "mapped": _written(reading.mapped),
    }


def read_reading(files: Mapping[str, bytes], said: object) -> Reading:
    """A reading from its files and what `write_reading` made. Raises LdsUnreadable (``transcript``)."""
    try:
        return _reading(files, said)
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error) as wrong:
        raise LdsUnreadable("lds_transcript", "transcript", {"why": type(wrong).__name__}) from None


def _reading(files: Mapping[str, bytes], said: Any) -> Reading:
    if said["version"] != VERSION or len(said["attempts"]) > MOST_ATTEMPTS or len(said["refused"]) > MOST_ATTEMPTS:
        raise ValueError
    active, authenticated, mapped = said["active"], said["authenticated"], said["mapped"]
    ways = ("way", "protocol", "code")
    return Reading(
        files=files,
        attempts=tuple(Attempt(*(_text(one[name]) for name in ways)) for one in said["attempts"]),
        refused={_text(name): _text(code) for name, code in said["refused"].items()},
        active=None if active is None else Active(_bytes(active["challenge"]), _bytes(active["signature"])),
        authenticated=None if authenticated is None else _authenticated(authenticated),
        mapped=None if mapped is None else _mapped(mapped),
    )


def _authenticated(said: Any) -> Authenticated:
    secret, answer = _bytes(said["secret"]), _bytes(said["answer"])
    return Authenticated(_text(said["protocol"]), _number(said["key_id"]), secret, answer)


def _mapped(said: Any) -> Mapped:
    return Mapped(_number(said["parameter"]) or 0, _bytes(said["public"]), _bytes(said["data"]))


def _written(part: Active | Authenticated | Mapped | None) -> dict[str, Any] | None:
    if part is None:
        return None
    values = {name: getattr(part, name) for name in part.__dataclass_fields__}
    return {
        name: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def _bytes(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > MOST_VALUE:
        raise TypeError
    return base64.b64decode(value, validate=True)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 100 or not value.isprintable():
        raise TypeError
    return value


def _number(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64):
        raise TypeError
    return value
