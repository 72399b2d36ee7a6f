"""What passes between nodes: frames, envelopes, messages, pouches, files."""

import base64
import datetime as dt
import json
import struct
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jiwar.exchange.attachments import Descriptor
from jiwar.exchange.logic import chunks, receipt, streams
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic import message as messages
from jiwar.exchange.logic import pouch as pouches
from jiwar.exchange.logic.envelope import EnvelopeInvalid
from jiwar.exchange.logic.frame import FrameInvalid
from jiwar.exchange.logic.message import MessageInvalid, MessageUnknown
from jiwar.exchange.logic.pouch import PouchInvalid
from jiwar.exchange.logic.signed import SignedInvalid
from jiwar.wire.strict_json import JsonRefused, parse
from tests.fuzz.target import storable, target

VECTORS = Path(__file__).resolve().parents[2] / "docs" / "independent" / "exchange.json"
"""Written by the program (`tests.vectors`)."""
NO_SIGNATURE = bytes(72)


@cache
def vectors() -> dict[str, Any]:
    return json.loads(VECTORS.read_bytes())  # type: ignore[no-any-return]


def whole() -> frames.Frame:
    return frames.read(base64.b64decode(vectors()["frame"]))


def some_frames() -> list[bytes]:
    small = frames.Frame(b"hello", [b"receipt"], [b"envelope"] * 2, [b"chunk"], [b"own"])
    return [frames.write(small), base64.b64decode(vectors()["frame"])[:3000]]


@target("jiwar.exchange.logic.frame", corpus=some_frames)
def frame(data: bytes) -> None:
    try:
        found = frames.read(data)
    except FrameInvalid:
        return
    assert len(frames.write(found)) == len(data)
    assert frames.read(frames.write(found)) == found


@target("jiwar.exchange.logic.hello", "jiwar.exchange.logic.signed", corpus=lambda: [whole().hello[72:]])
def hello(data: bytes) -> None:
    """The input is the JSON; what a key signed is not the fuzzer's to find."""
    try:
        found, signed = hellos.read(NO_SIGNATURE + data)
    except SignedInvalid:
        return
    storable(found)
    storable(found.clock)
    assert signed.text == data


@target("jiwar.exchange.logic.receipt", corpus=lambda: [item[72:] for item in whole().receipts])
def a_receipt(data: bytes) -> None:
    try:
        found, _ = receipt.read(NO_SIGNATURE + data)
    except SignedInvalid:
        return
    storable(found)
    assert sum(last - first + 1 for first, last, _ in receipt.runs(found.first, found.results)) == len(found.results)


@target("jiwar.exchange.logic.envelope", "jiwar.exchange.logic.sealed_key", corpus=lambda: whole().envelopes)
def envelope(data: bytes) -> None:
    try:
        found = envelopes.read(data)
    except EnvelopeInvalid:
        return
    storable(found.header)
    storable(found.header.made_at)
    assert found.signed.endswith(data[: len(data) - 72])


def payloads() -> list[bytes]:
    signed = messages.Signed(b'{"said":"x"}', "0" * 16, "A" * 88)
    place = messages.Place("routine.1.0", 7, "ab" * 32, "applied", "")
    return [
        messages.write(messages.Message(signed, "LBY-NER-1", "art-1")),
        messages.write(messages.Message(signed, place=place)),
    ]


@target("jiwar.exchange.logic.message", corpus=payloads)
def message(data: bytes) -> None:
    try:
        found = messages.read(data)
    except MessageInvalid:
        return
    except MessageUnknown as unknown:
        assert unknown.type
        storable(unknown.type)
        return
    assert messages.read(messages.write(found)) == found
    storable(found)


@target("jiwar.exchange.logic.streams", corpus=lambda: [b"urgent.1.0", b"routine.12.3"])
def stream(data: bytes) -> None:
    try:
        name = streams.parse(data.decode("latin-1"))
    except ValueError:
        return
    assert str(name).encode() == data


@target("jiwar.exchange.logic.pouch", corpus=lambda: [base64.b64decode(vectors()["pouch"])[: pouches.HEAD]])
def pouch_head(data: bytes) -> None:
    """Zeros at the end of a head are filled in: they are most of it."""
    try:
        found = pouches.read_head(data[: pouches.HEAD].ljust(pouches.HEAD, b"\0"))
    except PouchInvalid:
        return
    storable(found.header)
    assert found.header.size < 2**32


def plain_pouches() -> list[bytes]:
    one = struct.pack(">I", 5) + b"frame"
    return [one * 3 + bytes(4), one + bytes(4), bytes(4)]


@target("jiwar.exchange.logic.pouch", corpus=plain_pouches, cost=4)
def pouch_chunks(data: bytes) -> None:
    """The input is the plain text of the chunks: well sealed by a neighbour, and nonsense. It comes in up to three."""
    key, size = bytes(32), pouches.CHUNK
    pieces = [data[at : at + size] for at in range(0, max(1, len(data)), size)][:3]
    header = pouches.Header(None, "LBY", "NER", dt.datetime.now(dt.UTC), len(pieces))  # type: ignore[arg-type]
    opening, given = pouches.Opening(key, header), 0
    cipher = pouches.AESGCM(key)
    try:
        for number, piece in enumerate(pieces):
            place = b"last" if number == len(pieces) - 1 else b"more"
            plain = piece.ljust(size, b"\0")
            sealed = cipher.encrypt(pouches._nonce(number), plain, pouches._associated(number, place))
            given += sum(4 + len(found) for found in opening.add(sealed))
    except PouchInvalid:
        return
    assert opening.ended
    assert opening.offset == given


def descriptors() -> list[bytes]:
    blob = chunks.blob_of(["ab" * 32])
    named = Descriptor(
        name="a.pdf", media_type="application/pdf", size=9, key="A" * 43 + "=", blob=blob, chunks=("ab" * 32,)
    )
    return [named.model_dump_json().encode()]


@target("jiwar.exchange.logic.chunks", "jiwar.exchange.attachments", corpus=descriptors)
def descriptor(data: bytes) -> None:
    try:
        found = Descriptor.model_validate(parse(data))
    except (JsonRefused, ValidationError):
        return
    storable(found)
    assert len(found.secret) == 32
    assert chunks.clean_name(found.name) == found.name


@target(
    "jiwar.exchange.logic.chunks", corpus=lambda: [b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", "نص".encode(), b"PK\x03\x04"]
)
def file_name_and_head(data: bytes) -> None:
    assert chunks.media_type(data) in chunks.MEDIA_TYPES
    for name in (data.decode("utf-8", "replace"), data.decode("utf-16-le", "replace")):
        clean = chunks.clean_name(name)
        assert 0 < len(clean) <= chunks.LONGEST_NAME
        assert chunks.clean_name(clean) == clean
        storable(clean)
        assert not set(clean) & set("/\\\n\u202e")
