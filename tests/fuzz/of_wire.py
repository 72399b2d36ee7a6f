"""Strict JSON, identifiers."""

import json
import uuid

from jiwar.wire.ids import timestamp
from jiwar.wire.strict_json import JsonRefused, canonical, parse
from tests.fuzz.target import storable, target

JSON = (
    b'{"a":[1,2.5,-0,1e-7,true,null],"b":{"":"\\u00e9 \\ud83d\\ude00 \\n"}}',
    '["تنبيه","é",{"x":[[[[]]]]}]'.encode(),
    b"9007199254740993",
    b'"\\u0041"',
)


@target("jiwar.wire.strict_json", corpus=lambda: JSON)
def strict_json(data: bytes) -> None:
    """What is read can be stored; where it has a canonical form, that form says the same."""
    try:
        value = parse(data)
    except JsonRefused as refused:
        assert refused.code and str(refused)  # noqa: PT018
        return
    storable(value)
    assert json.loads(data) == value or value != value
    try:
        again = canonical(value)
    except JsonRefused as refused:
        assert refused.code == "integer_inexact"
        return
    assert canonical(parse(again)) == again


@target("jiwar.wire.ids", corpus=lambda: [uuid.UUID(int=0x019ABABA_0000_7000_8000_000000000001).bytes])
def identifier(data: bytes) -> None:
    try:
        storable(timestamp(uuid.UUID(bytes=data[:16].ljust(16, b"\0"))))
    except ValueError:
        return
