"""Blind matching: lists of keys as people upload them, filters, elements, parts."""

import base64
import hashlib
import json
from typing import Any

from pydantic import ValidationError

from jiwar.matching.kinds import AnswerBody, RequestBody, ResultBody, cut, join
from jiwar.matching.logic import filters, oprf, ristretto
from jiwar.matching.logic.filters import FilterInvalid
from jiwar.matching.logic.key_types import KeyType
from jiwar.matching.logic.keys import Reader
from jiwar.matching.logic.lines import LinesInvalid, read_lines
from jiwar.matching.logic.oprf import AnswerWrong
from jiwar.matching.logic.ristretto import NotAnElement
from jiwar.watchlist.matchable import skeletons
from jiwar.wire.strict_json import JsonRefused, parse
from tests.fuzz.target import storable, target

READER = Reader(frozenset({"LBY", "NER"}), skeletons)
LINES = {
    KeyType.DOCUMENT: "LBY;K0451187;a case", KeyType.IBAN: "LY83002048000020100120361", KeyType.IMEI: "356938035643809",
    KeyType.NAME_BIRTH: "Salem Ould Khattar\t1984-03-09", KeyType.PHONE: "+218 91 000 0000",
    KeyType.PLATE: "NER,8A 1234", KeyType.VIN: "1M8GDM9AXKP042788", KeyType.WEAPON: "Zastava;12345 О",
}  # fmt: skip


@target("jiwar.matching.logic.lines", "jiwar.matching.logic.keys", "jiwar.matching.logic.key_types",
        corpus=lambda: [f"{n}# a list\n{LINES[key_type]}\n".encode() for n, key_type in enumerate(LINES)])  # fmt: skip
def key_list(data: bytes) -> None:
    """An uploaded list. The first byte says of what."""
    key_type = list(LINES)[(data[:1] or b"0")[0] % len(LINES)]
    try:
        found = read_lines(data[1:], key_type, READER, 100)
    except LinesInvalid as invalid:
        assert invalid.faults
        storable(invalid.faults)
        return
    for line in found:
        storable([line.keys, line.reference])
        assert line.keys
        assert all(0 < len(key) <= 250 for key in line.keys)


OUTPUTS = [hashlib.sha512(b"%d" % n).digest() for n in range(70)]


@target(
    "jiwar.matching.logic.filters", corpus=lambda: [filters.encode(OUTPUTS[:3], b"s"), filters.encode(OUTPUTS, b"s")]
)
def a_filter(data: bytes) -> None:
    try:
        count = filters.entries(data)
        filters.holds(data, OUTPUTS)
    except FilterInvalid:
        return
    values, _ = filters._read(data)
    assert len(values) == count
    assert filters._write(values) == data


@target("jiwar.matching.logic.ristretto", corpus=lambda: [ristretto.encode(ristretto.generator()), bytes(32)])
def element(data: bytes) -> None:
    try:
        found = ristretto.decode(data)
    except NotAnElement:
        return
    assert ristretto.encode(found) == data


def proofs() -> list[bytes]:
    point = ristretto.encode(ristretto.generator())
    return [point * 3 + bytes(64), bytes(160)]


@target("jiwar.matching.logic.oprf", corpus=proofs, cost=10)
def proof(data: bytes) -> None:
    data = data[:160].ljust(160, b"\0")
    try:
        oprf.verify(data[:32], [data[32:64]], [data[64:96]], data[96:])
    except AnswerWrong:
        return
    raise AssertionError("nobody has the key")


def bodies() -> list[bytes]:
    question = {"question": "019ababa-0000-7000-8000-000000000001", "addressee": "LBY"}
    [piece] = cut(bytes(64))
    part: dict[str, Any] = {"piece": piece.model_dump()}
    asked = question | {"key_type": "plate", "mode": "online", "count": 2} | part
    told = question | {"hits": 1, "tokens": base64.b64encode(bytes(16)).decode()}
    return [json.dumps(each).encode() for each in (asked, question | part, told)]


@target("jiwar.matching.kinds", corpus=bodies)
def match_body(data: bytes) -> None:
    for model in (RequestBody, AnswerBody, ResultBody):
        try:
            body: Any = model.model_validate(parse(data))
            storable(body)
            if getattr(body, "piece", None):
                join([body.piece])
        except (JsonRefused, ValidationError, ValueError):
            continue
