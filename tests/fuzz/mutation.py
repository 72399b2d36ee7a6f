"""Changes to JSON that keep it JSON: what a byte more or less cannot reach."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**53 + 1, 10**20, 10**21, -(2**63), 0.5, 1e308, -0.0, "", " ", "0",
    "a" * 300, "é" * 70, "\u202e\u0660", "\ud800", "\0", "\n", "٣", "LBY", "NER", "NER-MADAMA", "0" * 16, "0" * 32,
    "0" * 64, "A" * 43 + "=", "urgent.1.0", "routine.999999.999999", "00000000-0000-7000-8000-000000000000",
    "ffffffff-ffff-7fff-bfff-ffffffffffff", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59Z", "2026-02-30", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z",
    "1893456000", 1893456000, "24:00", [], {}, [[]], [{}], {"": ""}, {"v": 1}, {"target": []}, [0] * 40,
)  # fmt: skip


def mutate(data: bytes, most: int, seed: int) -> bytes | None:
    """The bytes with one of their lines changed as JSON, None where none of them is; at most `most` bytes."""
    chance = random.Random(seed)
    lines = data.split(b"\n")
    places = [place for place, line in enumerate(lines) if line[:1] in {b"{", b"["}]
    if not places:
        return None
    place = chance.choice(places)
    try:
        value = json.loads(lines[place])
        for _ in range(chance.randint(1, 3)):
            value = _change(value, chance)
        text = json.dumps(value, ensure_ascii=False, sort_keys=chance.random() < 0.9, separators=(",", ":"))
        lines[place] = text.encode(errors="surrogatepass")
    except (ValueError, RecursionError):
        return None
    changed = b"\n".join(lines)
    return changed if len(changed) <= most else None


def _change(value: Any, chance: random.Random) -> Any:
    """The value with one place in it changed, each as likely as any other."""
    places = list(_places(value))
    if not places or chance.random() < 0.02:
        return _other(value, chance)
    held, key = chance.choice(places)
    match chance.randrange(8):
        case 0:
            del held[key]
        case 1 if isinstance(held, list):
            held.append(held[key])
        case 1:
            held[chance.choice(["x", "", "v", "é", "a" * 50, "\U0001f600"])] = chance.choice(ODD)
        case 2:
            other, name = chance.choice(places)
            held[key] = copy.deepcopy(other[name])
        case 3:
            held[key] = [held[key]]
        case 4:
            held[key] = _deep(chance.choice((1, 5, 29, 33, 200)), chance)
        case _:
            held[key] = _other(held[key], chance)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and every item, by what holds it and its name or number."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from _places(item)


def _other(value: Any, chance: random.Random) -> Any:
    if isinstance(value, str) and value and chance.random() < 0.6:
        at = chance.randrange(len(value))
        match chance.randrange(5):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value[:at] + chance.choice("0aZ-\u0661\u00a0\u2028\t:=+/") + value[at:]
            case 2:
                return value[:at] + chance.choice("019azAZ_ ") + value[at + 1 :]
            case 3:
                return value * 2
            case 4:
                return value[:at]
    if type(value) is int and chance.random() < 0.5:
        return value + chance.choice((-1, 1, 2**32))
    return chance.choice(ODD)


def _deep(levels: int, chance: random.Random) -> Any:
    value: Any = chance.choice(ODD)
    for _ in range(levels):
        value = [value] if chance.random() < 0.5 else {"a": value}
    return value
