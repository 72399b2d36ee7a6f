"""What an envelope hides: a message, as lines of JSON.

The first line is canonical JSON about the message, the second the signed statement, byte for byte. Neither holds a line
feed of its own. Type `record`: a statement under a clause of an agreement. Type `returned`: a statement of the
recipient's own, which it sent once and lost, with the place that it had.
"""

import re
from dataclasses import dataclass
from typing import Any

from jiwar.exchange.logic.streams import STREAM
from jiwar.wire.strict_json import JsonRefused, canonical, parse_canonical

_MAX_HEAD = 20_000
_LONGEST = {"key": 16, "signature": 100, "cosignature": 5_000}
_SIGNED = set(_LONGEST)
_RECORD = {"type", "agreement", "clause", *_SIGNED}
_RETURNED = {"type", "stream", "seq", "hash", "status", "code", *_SIGNED}
_HASH = re.compile(r"[0-9a-f]{64}")


class MessageUnknown(Exception):
    """A message of a type that this program does not know: kept, never dropped. `type` is its name."""

    def __init__(self, type_: str) -> None:
        super().__init__(type_)
        self.type = type_


class MessageInvalid(Exception):
    """A message that is not of its form; `field` says where."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with the id of the key that signed it, its signature and its ML-DSA co-signature ("": none)."""

    statement: bytes
    key: str
    signature: str
    cosignature: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a returned statement stood, and what its recipient did with it then."""

    stream: str
    seq: int
    hash: str
    status: str
    code: str


@dataclass(frozen=True, slots=True)
class Message:
    """A statement and the clause that opens it; `place` for one that is returned."""

    signed: Signed
    agreement: str = ""
    clause: str = ""
    place: Place | None = None


def write(message: Message) -> bytes:
    """The payload of an envelope."""
    head: dict[str, Any] = _plain(message.signed)
    if message.place:
        place = message.place
        head |= {"type": "returned", "stream": place.stream, "seq": place.seq, "hash": place.hash}
        head |= {"status": place.status, "code": place.code}
    else:
        head |= {"type": "record", "agreement": message.agreement, "clause": message.clause}
    return canonical(head) + b"\n" + message.signed.statement


def read(payload: bytes) -> Message:
    """The message in a payload; raises MessageUnknown or MessageInvalid. Statements are not looked into."""
    first, _, statement = payload.partition(b"\n")
    try:
        head = parse_canonical(first, max_bytes=_MAX_HEAD)
    except JsonRefused as refused:
        raise MessageInvalid(refused.code) from None
    if not isinstance(head, dict):
        raise MessageInvalid("form")
    type_ = head.get("type")
    if not isinstance(type_, str) or not type_:
        raise MessageInvalid("type")
    if type_ not in {"record", "returned"}:
        raise MessageUnknown(type_[:40])
    if head.keys() != (_RECORD if type_ == "record" else _RETURNED):
        raise MessageInvalid("members")
    if b"\n" in statement:
        raise MessageInvalid("statement")
    return Message(
        signed=_signed(head, statement),
        agreement=_text(head.get("agreement", ""), 60, "agreement"),
        clause=_text(head.get("clause", ""), 40, "clause"),
        place=_place(head) if type_ == "returned" else None,
    )


def _plain(signed: Signed) -> dict[str, Any]:
    return {"key": signed.key, "signature": signed.signature, "cosignature": signed.cosignature}


def _signed(data: dict[str, Any], statement: bytes) -> Signed:
    return Signed(statement, *(_text(data[name], longest, name) for name, longest in _LONGEST.items()))


def _place(head: dict[str, Any]) -> Place:
    if type(head["seq"]) is not int or not 1 <= head["seq"] < 2**53:
        raise MessageInvalid("seq")
    if not isinstance(head["stream"], str) or not STREAM.fullmatch(head["stream"]):
        raise MessageInvalid("stream")
    if not isinstance(head["hash"], str) or not _HASH.fullmatch(head["hash"]):
        raise MessageInvalid("hash")
    return Place(
        head["stream"], head["seq"], head["hash"], _text(head["status"], 20, "status"), _text(head["code"], 60, "code")
    )


def _text(value: object, longest: int, field: str) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise MessageInvalid(field)
    return value
