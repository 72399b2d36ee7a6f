"""Streams: the numbered, chained ways from one node to another, and the place of an envelope in its stream.

A stream is named `LANE.EPOCH.ROLL`, as `urgent.1.0`. The lane keeps urgent messages out of the wake of others. The
epoch is the sender's: one more after each restore from an old copy, whose numbers would otherwise be given twice. The
roll is one more each time the sender gives a stream up because what is sealed in it can no longer be taken (it ran
out, its key was revoked): what was not taken is sealed anew in the next.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

STREAM = re.compile(r"(urgent|routine)\.([1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
FIRST = "0" * 64
"""The head of an empty stream: `prev` of its first envelope."""


class Lane(StrEnum):
    """URGENT goes ahead of ROUTINE whatever its age."""

    URGENT = "urgent"
    ROUTINE = "routine"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The parts of a stream's name. Names order by epoch and roll."""

    epoch: int
    roll: int
    lane: Lane

    def __str__(self) -> str:
        return f"{self.lane}.{self.epoch}.{self.roll}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a stream has come: the newest number and the hash of its envelope."""

    seq: int = 0
    head: str = FIRST


class Misplaced(Exception):
    """An envelope that does not follow in its stream.

    `code`: `sequence_gap` (`expected` comes first), `sequence_reused` (another envelope had this number),
    `chain_broken` (it does not name the one before it).
    """

    def __init__(self, code: str, expected: int) -> None:
        super().__init__(code, expected)
        self.code, self.expected = code, expected


def parse(text: str) -> Name:
    """The parts of a name; raises ValueError."""
    found = STREAM.fullmatch(text)
    if not found:
        raise ValueError(f"no stream is called {text[:40]!r}")
    return Name(int(found[2]), int(found[3]), Lane(found[1]))


def follow(cursor: Cursor, seq: int, prev: str, hash_: str) -> Cursor:
    """The cursor after an envelope that is next in its stream; raises Misplaced. For numbers past the cursor."""
    if seq != cursor.seq + 1:
        raise Misplaced("sequence_gap", cursor.seq + 1)
    if prev != cursor.head:
        raise Misplaced("chain_broken", cursor.seq + 1)
    return Cursor(seq, hash_)
