"""The responder's set as it travels: which outputs of the function it has, and no key.

Of each output the first 40 + q bits are kept, 2^q being the least power of two that is not below the number of entries:
a key that is not in the set is taken for one of it with a probability of at most 2^-40. The kept numbers, sorted, are
Golomb-Rice coded with remainders of 40 bits, quotients and remainders apart (Elias-Fano), so that either is read
without a loop:

    count        4 bytes, big-endian
    remainders   5 bytes each, big-endian: the low 40 bits, in order
    quotients    count + 2^q bits, most significant first, zeros up to a byte: for each quotient a one for every
                 number that has it, then a zero

42 to 43 bits for an entry. A set has one encoding, and what is not that encoding is refused.
"""

import hashlib

import numpy as np
import numpy.typing as npt

PREFIX_BYTES = 8
REMAINDER_BITS = 40
MOST_ENTRIES = 1 << 17
LEAST_ENTRIES = 64
_PADDING = b"jiwar-match-padding/1"

Numbers = npt.NDArray[np.uint64]


class FilterInvalid(ValueError):
    """Bytes that are no filter; the text says why."""


def encode(outputs: list[bytes], secret: bytes) -> bytes:
    """The filter of a set. With entries that nothing has, drawn from `secret`, it says only about how large the set is.

    Raises ValueError above MOST_ENTRIES.
    """
    wanted = padded(len(outputs))
    if wanted > MOST_ENTRIES:
        raise ValueError(f"{len(outputs)} entries")
    values, drawn = _kept([output[:PREFIX_BYTES] for output in outputs], _quotient_bits(wanted)), 0
    while lacking := wanted - len(values):
        padding = [_prefix_of_padding(secret, number) for number in range(drawn, drawn + lacking)]
        values, drawn = np.union1d(values, _kept(padding, _quotient_bits(wanted))), drawn + lacking
    return _write(values)


def padded(count: int) -> int:
    """How many entries a filter of so many has: 64 at least, then rounded up by at most a sixteenth."""
    step = 1 << max(0, count.bit_length() - 5)
    return max(LEAST_ENTRIES, -(-count // step) * step)


def holds(filter_: bytes, outputs: list[bytes]) -> list[bool]:
    """Which outputs the filter has. Raises FilterInvalid."""
    values, quotient_bits = _read(filter_)
    kept = set(values.tolist())
    shift = 64 - REMAINDER_BITS - quotient_bits
    return [int.from_bytes(output[:PREFIX_BYTES], "big") >> shift in kept for output in outputs]


def entries(filter_: bytes) -> int:
    """How many entries a filter has. Raises FilterInvalid."""
    return len(_read(filter_)[0])


def _write(values: Numbers) -> bytes:
    count, buckets = len(values), 1 << _quotient_bits(len(values))
    low = (values & np.uint64((1 << REMAINDER_BITS) - 1)).astype(">u8").view(np.uint8).reshape(count, 8)[:, 3:]
    high = (values >> np.uint64(REMAINDER_BITS)).astype(np.int64)
    bits = np.zeros(count + buckets, np.uint8)
    bits[high + np.arange(count)] = 1
    return count.to_bytes(4, "big") + low.tobytes() + np.packbits(bits).tobytes()


def _read(data: bytes) -> tuple[Numbers, int]:
    count = int.from_bytes(data[:4], "big")
    if not LEAST_ENTRIES <= count <= MOST_ENTRIES:
        raise FilterInvalid(f"{count} entries")
    quotient_bits = _quotient_bits(count)
    length = count + (1 << quotient_bits)
    remainders = REMAINDER_BITS // 8 * count
    if len(data) != 4 + remainders + -(-length // 8):
        raise FilterInvalid(f"{len(data)} bytes for {count} entries")
    low = np.zeros((count, 8), np.uint8)
    low[:, 3:] = np.frombuffer(data, np.uint8, remainders, 4).reshape(count, 5)
    bits = np.unpackbits(np.frombuffer(data, np.uint8, offset=4 + remainders))
    ones = np.flatnonzero(bits)
    # As many ones as entries, the last bit that counts a zero and zeros after it: then no quotient is too large.
    if len(ones) != count or ones[-1] >= length - 1:
        raise FilterInvalid("quotients")
    high = (ones - np.arange(count)).astype(np.uint64)
    values = high << np.uint64(REMAINDER_BITS) | low.view(">u8").reshape(count).astype(np.uint64)
    if not bool(np.all(values[1:] > values[:-1])):
        raise FilterInvalid("not in order")
    return values, quotient_bits


def _quotient_bits(count: int) -> int:
    return (count - 1).bit_length()


def _kept(prefixes: list[bytes], quotient_bits: int) -> Numbers:
    numbers = np.frombuffer(b"".join(prefixes), ">u8").astype(np.uint64)
    return np.unique(numbers >> np.uint64(64 - REMAINDER_BITS - quotient_bits))


def _prefix_of_padding(secret: bytes, number: int) -> bytes:
    return hashlib.sha256(_PADDING + secret + number.to_bytes(4, "big")).digest()[:PREFIX_BYTES]
