"""Streams: the numbered, chained ways from one node to another, and the place of an envelope in its stream.

A stream is named `LANE.EPOCH.ROLL`, as `urgent.1.0`. The lane keeps urgent messages out of the wake of others. The
epoch is the sender's: one more after each restore from an old copy, whose numbers would otherwise be given twice. The
roll is one more each time the sender gives a stream up because what is sealed in it can no longer be taken (it ran
out, its key was revoked): what was not taken is sealed anew in the next.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

STREAM = re.compile(r"(urgent|routine)\.([1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")
FIRST = "0" * 64
"""The head of an empty stream: `prev` of its first envelope."""
MANY = 100
"""Streams of which a hello speaks at most (`this_node.cursors`): it may have had no room for others."""
WINDOW = 1_024
"""Messages of one lane that may be sealed and not receipted: what is sealed, no suspension holds back."""


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


class Way(Protocol):
    """An outgoing stream as a node keeps it: the newest number sealed, the newest with a receipt, and the number past
    which it was given up, if it was."""

    @property
    def name(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def head(self) -> str: ...
    @property
    def acked(self) -> int: ...
    @property
    def closed_at(self) -> int | None: ...


AnyWay = TypeVar("AnyWay", bound=Way)


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


def open_stream(ways: Iterable[AnyWay], lane: Lane, epoch: int) -> AnyWay | Name:
    """Of one node's streams, the one of a lane in which the next message is sealed; the name of the next to begin
    where there is none, or the last was given up."""
    last: tuple[Name, AnyWay] | None = None
    for way in ways:
        name = parse(way.name)
        if name.lane is lane and name.epoch == epoch and (last is None or name > last[0]):
            last = name, way
    if last is None:
        return Name(epoch, 0, lane)
    return last[1] if last[1].closed_at is None else Name(epoch, last[0].roll + 1, lane)


def free_places(way: Way, window: int = WINDOW) -> int:
    """How many more messages may be sealed in a stream before its recipient says what became of some."""
    return window - (way.seq - way.acked)


def in_order(ways: Iterable[AnyWay]) -> list[AnyWay]:
    """Streams in the order in which they are carried: urgent ones first, the older before the newer."""

    def place(way: Way) -> tuple[bool, Name]:
        name = parse(way.name)
        return name.lane is not Lane.URGENT, name

    return sorted(ways, key=place)


def to_carry(way: Way, have: Mapping[str, Cursor]) -> range:
    """Numbers of a stream that its recipient still lacks, by how far it has taken each; none past where it was given
    up. The newest again where it took another under its number, before we were restored: it will say so."""
    end = way.seq if way.closed_at is None else way.closed_at
    cursor = have.get(way.name, Cursor())
    other = cursor.seq == way.seq > 0 and cursor.head not in {way.head, FIRST}  # a pouch tells from numbers alone
    return range(cursor.seq + (not other), end + 1)


def lost(way: Way, have: Mapping[str, Cursor]) -> range:
    """Numbers of a stream that have a receipt and are lacking all the same: its recipient was restored from an old
    copy. A hello that names `MANY` streams may have had no room for others."""
    if way.name not in have and len(have) >= MANY:
        return range(0)
    numbers = to_carry(way, have)
    return range(numbers.start, min(way.acked + 1, numbers.stop))


def follow(cursor: Cursor, seq: int, prev: str, hash_: str) -> Cursor:
    """The cursor after an envelope that is next in its stream; raises Misplaced. For numbers past the cursor."""
    if seq != cursor.seq + 1:
        raise Misplaced("sequence_gap", cursor.seq + 1)
    if prev != cursor.head:
        raise Misplaced("chain_broken", cursor.seq + 1)
    return Cursor(seq, hash_)


def check_known(cursor: Cursor, seq: int, hash_: str, before: str | None) -> None:
    """For a number that was taken before, as `before`, if its place is kept: raise Misplaced for another envelope."""
    same = before == hash_ if before is not None else (seq, hash_) == (cursor.seq, cursor.head)
    if not same:
        raise Misplaced("sequence_reused", seq)
