"""Identifiers that sort by time of creation: UUID version 7 (RFC 9562 section 5.7)."""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_COUNTER_BITS = 42  # the 12 bits of rand_a and the first 30 of rand_b; 32 random bits follow


class _Counter:
    """The dedicated counter of RFC 9562 section 6.2, method 1: seeded at random below half of its range."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = -1
        self._value = 0

    def next(self, millisecond: int) -> int:
        with self._lock:
            if millisecond == self._millisecond:
                self._value += 1  # 2^41 steps to overflow: more than a process makes in one millisecond
            else:
                self._millisecond = millisecond
                self._value = secrets.randbits(_COUNTER_BITS - 1)
            return self._value


_counter = _Counter()


def uuid7(at: datetime, random: bytes | None = None) -> UUID:
    """A UUIDv7 for the instant `at` (aware, from 1970).

    Without `random`, identifiers asked for one after the other in the same millisecond rise strictly within this
    process. With `random` (10 bytes; the first 12 and the last 62 of its bits count) the answer depends on the
    arguments only. Raises ValueError for a naive or earlier `at` and for another length.
    """
    if at.utcoffset() is None:
        raise ValueError("at: a naive datetime names no instant")
    millisecond = (at - _EPOCH) // _MILLISECOND
    if millisecond < 0:
        raise ValueError("at: before 1970")
    if random is None:
        bits = _counter.next(millisecond) << 32 | secrets.randbits(32)
        rand_a, rand_b = bits >> 62, bits & (1 << 62) - 1
    else:
        if len(random) != 10:
            raise ValueError("random: 10 bytes")
        bits = int.from_bytes(random, "big")
        rand_a, rand_b = bits >> 68, bits & (1 << 62) - 1
    return UUID(int=millisecond << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


def timestamp(identifier: UUID) -> datetime:
    """The millisecond in which a UUIDv7 was made (UTC). Raises ValueError for another version or past year 9999."""
    if identifier.version != 7:
        raise ValueError(f"{identifier}: not a UUIDv7")
    try:
        return _EPOCH + (identifier.int >> 80) * _MILLISECOND
    except OverflowError:
        raise ValueError(f"{identifier}: past the year 9999") from None
