"""Commands to a chip and what it answers (ISO/IEC 7816-4, 5.1 to 5.6); the port through which both travel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

SHORT_MAX = 256
EXTENDED_MAX = 65_536


class Card(Protocol):
    """A chip in the field of a reader. Raises CardFault where it does not answer."""

    def transmit(self, apdu: bytes) -> bytes:
        """The answer to one command, with its two status bytes."""

    def reset(self) -> None:
        """The chip without power and with it again: it forgets every session."""


class CardFault(Exception):
    """The chip did not do what it was asked; `detail` holds its ``status`` where it gave one.

    `code`: ``card_gone``, ``answer_short``, ``answer_long``, ``answer_unprotected``, ``answer_forged``,
    ``status_wrong``, ``password_refused``, ``not_offered``, ``key_invalid``, ``token_wrong``, ``file_broken``.
    """

    def __init__(self, code: str, field: str, detail: Mapping[str, str | int] | None = None) -> None:
        super().__init__(f"{code} in {field}: {dict(detail or {})}")
        self.code = code
        self.field = field
        self.detail = detail or {}


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `expected`: how many bytes are asked for (1 to 65,536), None for none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    expected: int | None = None

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    def encode(self) -> bytes:
        """Short where it can be."""
        extended = len(self.data) > 255 or (self.expected or 0) > SHORT_MAX
        size = 2 if extended else 1
        body = b""
        if self.data:
            body = len(self.data).to_bytes(size, "big") + self.data
        if self.expected is not None:
            # The largest number is written as zero.
            body += (self.expected % 256**size).to_bytes(size, "big")
        return self.header + (b"\0" if extended else b"") + body


@dataclass(frozen=True, slots=True)
class Response:
    data: bytes
    status: int

    @property
    def ok(self) -> bool:
        return self.status == 0x9000

    def encode(self) -> bytes:
        return self.data + self.status.to_bytes(2, "big")


def read_response(raw: bytes) -> Response:
    """An answer as it came. Raises CardFault (``answer_short``, ``answer_long``)."""
    if len(raw) < 2:
        raise CardFault("answer_short", "response", {"found": len(raw)})
    if len(raw) > EXTENDED_MAX + 2:
        raise CardFault("answer_long", "response", {"found": len(raw)})
    return Response(raw[:-2], int.from_bytes(raw[-2:], "big"))
