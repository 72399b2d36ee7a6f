"""The hello: the signed head of every frame. Who speaks, to whom, how far it has come, what it wants.

A hello is *fresh* when its `re` is a nonce that its reader gave to its writer lately: only then it may lower a cursor,
and only then new messages are sealed for its writer. What a stale one says (somebody may have kept it) can but repeat.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.exchange.logic import signed
from jiwar.exchange.logic.signed import Signed, SignedInvalid
from jiwar.exchange.logic.streams import STREAM, Cursor

VERSION = 2
MAX_BYTES = 64_000
MAX_STREAMS = 200
MAX_WANTED = 8
"""Attachments that are asked for at one time."""
LABEL = b"jiwar-hello/2\n"
_NAMES = {"v", "from", "to", "at", "epoch", "nonce", "re", "have", "sent", "lack", "room", "ledger", "card", "problem"}
_HASH = re.compile(r"[0-9a-f]{64}")
_NONCE = re.compile(r"[0-9a-f]{32}")
_NODE = re.compile(r"[A-Z]{3}(-[A-Z0-9]{2,20})?")
_CODE = re.compile(r"[a-z_]{1,60}")


@dataclass(frozen=True, slots=True)
class Sent:
    """Of a stream that the writer writes: the newest number sealed, and the newest that it holds a receipt for."""

    sealed: int
    acked: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the writer could not take what came; `code` is of the words group `link_failure`."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """What one node says first. Streams by name; `lack`: attachments by their id, and the first chunk that is missing.

    `at`: the writer's clock. `epoch`: of the writer. `nonce`: fresh in each hello; `re`: the newest nonce that it had
    from the reader, or "". `have`: how far it has taken each of the reader's streams. `sent`: its own streams.
    `room`: bytes of envelopes and chunks that it takes in the answer. `ledger`: the room `audit` writes and reads it.
    `card`: the writer's card, while it does not know that the reader knows the key that signs; else empty.
    """

    sender: str
    recipient: str
    at: str
    epoch: int
    nonce: str
    re: str = ""
    have: Mapping[str, Cursor] = field(default_factory=dict)
    sent: Mapping[str, Sent] = field(default_factory=dict)
    lack: Mapping[str, int] = field(default_factory=dict)
    room: int = 0
    ledger: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem | None = None

    @property
    def clock(self) -> dt.datetime:
        """The writer's clock."""
        return dt.datetime.fromisoformat(self.at)


def sign(hello: Hello, key: str, private: Ed25519PrivateKey) -> bytes:
    """The hello as an item of a frame."""
    data = {
        "v": VERSION,
        "from": hello.sender,
        "to": hello.recipient,
        "at": hello.at,
        "epoch": hello.epoch,
        "nonce": hello.nonce,
        "re": hello.re,
        "have": {name: [cursor.seq, cursor.head] for name, cursor in hello.have.items()},
        "sent": {name: [sent.sealed, sent.acked] for name, sent in hello.sent.items()},
        "lack": dict(hello.lack),
        "room": hello.room,
        "ledger": dict(hello.ledger),
        "card": dict(hello.card),
        "problem": {"code": hello.problem.code, "detail": hello.problem.detail} if hello.problem else None,
    }
    return signed.sign(LABEL, data, key, private)


def read(data: bytes) -> tuple[Hello, Signed]:
    """Parse a hello; nothing is verified yet. Raises SignedInvalid: `hello_form`, `hello_version`."""
    found = signed.read("hello", data, names=_NAMES, version=VERSION, max_bytes=MAX_BYTES)
    said = found.data
    try:
        hello = Hello(
            sender=_text(said["from"], _NODE),
            recipient=_text(said["to"], _NODE),
            at=str(said["at"]),
            epoch=_count(said["epoch"], 1, 10**6),
            nonce=_text(said["nonce"], _NONCE),
            re=_text(said["re"], _NONCE) if said["re"] != "" else "",
            have=_streams(said["have"], lambda pair: Cursor(_count(pair[0], 0), _text(pair[1], _HASH))),
            sent=_streams(said["sent"], lambda pair: Sent(_count(pair[0], 0), _count(pair[1], 0))),
            lack=_lack(said["lack"]),
            room=_count(said["room"], 0),
            ledger=_object(said["ledger"]),
            card=_object(said["card"]),
            problem=_problem(said["problem"]),
        )
        _check_clock(hello)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise SignedInvalid("hello_form", str(error)[:60]) from None
    return hello, found


def verify(found: Signed, public: Ed25519PublicKey) -> None:
    """Raise SignedInvalid("hello_signature") unless the key signed it."""
    signed.verify("hello", LABEL, found, public)


def _check_clock(hello: Hello) -> None:
    if hello.clock.utcoffset() is None:
        raise ValueError("at")


def _text(value: object, form: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"wrong form: {str(value)[:40]!r}")
    return value


def _count(value: object, least: int, most: int = 2**53) -> int:
    if type(value) is not int or not least <= value < most:
        raise ValueError(f"out of range: {str(value)[:40]}")
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def _streams(value: object, make: Callable[[list[Any]], Any]) -> dict[str, Any]:
    found = _object(value)
    if len(found) > MAX_STREAMS or not all(isinstance(pair, list) and len(pair) == 2 for pair in found.values()):
        raise ValueError("streams")
    return {_text(name, STREAM): make(pair) for name, pair in found.items()}


def _lack(value: object) -> dict[str, int]:
    found = _object(value)
    if len(found) > MAX_WANTED:
        raise ValueError("lack")
    return {_text(blob, _HASH): _count(number, 0) for blob, number in found.items()}


def _problem(value: object) -> Problem | None:
    if value is None:
        return None
    found = _object(value)
    if found.keys() != {"code", "detail"} or not isinstance(found["detail"], str) or len(found["detail"]) > 300:
        raise ValueError("problem")
    return Problem(_text(found["code"], _CODE), found["detail"])
