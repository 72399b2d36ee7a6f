"""docs/protocol.md says what the code does: its vector is ours, and so are its limits."""

import hashlib
import json
import re
from pathlib import Path

from jiwar.matching.kinds import MOST_PARTS, PART_BYTES, TOKEN_BYTES, token
from jiwar.matching.logic import filters, oprf
from jiwar.matching.logic.key_types import BULK_BITS, BULK_MOST, ONLINE_MOST, RULES, KeyType, Mode
from jiwar.matching.logic.keys import message

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("## Blind matching")[2].partition("\n## ")[0]


def test_the_vector_is_ours() -> None:
    found = re.search(r"```json match\n(.*?)\n```", SECTION, re.DOTALL)
    assert found
    vector = json.loads(found[1])
    key = oprf.Key(bytes.fromhex(vector["seed"]))
    assert key.public.hex() == vector["public_key"]
    inputs = [message(KeyType.PLATE, "LBY", "NER", f"NER 8A{number:04}") for number in range(64)]
    outputs = list(key.outputs(inputs))
    encoded = filters.encode(outputs, b"")
    assert inputs[0].decode() == vector["input"]
    assert outputs[0].hex() == vector["output"]
    assert token(outputs[0]).hex() == vector["token"]
    assert hashlib.sha256(encoded).hexdigest() == vector["filter_sha256"]
    assert encoded[:24].hex() == vector["filter_start"]


def test_the_types_are_ours() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|.*\| 2\^([0-9]+) \| ([a-z, ]+) \|$", SECTION, re.MULTILINE)
    assert {row[0]: (int(row[1]), tuple(row[2].split(", "))) for row in rows} == {
        key_type.value: (rule.bits, tuple(mode.value for mode in rule.modes)) for key_type, rule in RULES.items()
    }


def test_the_limits_are_ours() -> None:
    for value in (PART_BYTES, BULK_MOST, filters.MOST_ENTRIES):
        assert f"{value:,}" in SECTION
    assert f"at most {ONLINE_MOST} keys" in SECTION
    assert f"(at most {MOST_PARTS})" in SECTION
    assert f"at least 2^{BULK_BITS} keys" in SECTION
    assert f"2^-{filters.REMAINDER_BITS}" in SECTION
    assert f"at least {filters.LEAST_ENTRIES} entries" in SECTION
    assert TOKEN_BYTES == 16
    assert "bytes 16 to 31 of the output" in SECTION
    assert RULES[KeyType.NAME_BIRTH].bulk_a_day == 10_000
    assert RULES[KeyType.PLATE].online_a_day == 200
    assert Mode.BULK not in RULES[KeyType.PLATE].modes


def test_the_size_of_the_largest_filter_is_as_stated() -> None:
    outputs = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(100_000)]
    assert f"{len(filters.encode(outputs, b'')):,} bytes for 100,000 keys" in SECTION
