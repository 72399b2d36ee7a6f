"""Shares of a root's secret: Shamir's scheme over GF(2^8), and the text of a share that people copy by hand.

Each byte of the secret is the value at 0 of a random polynomial of degree threshold - 1 over GF(2^8) modulo
x^8 + x^4 + x^3 + x + 1 (the field of AES and of SLIP-0039); share number x holds the values at x. Fewer shares than the
threshold say nothing about the secret: every secret fits them equally well.

The text of a share is 80 symbols of Crockford's Base32 in four lines of five groups; the last symbol of a line checks
the line, so that a slip of the pen is found where it is.

    bytes   1        3      4                     1          1      1       32     4
            version  state  of the root's hash    threshold  count  number  value  of SHA-256 over all before

These 376 bits and four zero bits are 76 symbols, 19 a line. A line's check symbol is line + Σ a^(i + 1) · symbol_i in
GF(2^5) modulo x^5 + x^2 + 1, where a = x, the line counts from 0 and i from 0: it finds every single wrong symbol,
every two that changed places, and lines in the wrong order.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

VERSION = 1
SECRET_BYTES = 32
MOST = 16
"""Most shares of one secret."""
LINES, GROUPS, GROUP = 4, 5, 4

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)} | {"I": 1, "L": 1, "O": 0}
_LINE = GROUPS * GROUP
_HEAD = 11
_CHECK_BYTES = 4
_STATE = re.compile(rb"[A-Z]{3}")
_TAG = re.compile(r"<pre[^>]* id=\"share\"[^>]*>([^<]*)</pre>")


class ShareInvalid(ValueError):
    """A text that is no share, or shares that do not go together; `line` counts from 1, 0 for the whole.

    `code`: `share_symbols` (a symbol that no share has), `share_length`, `share_line` (the line's check), `share_check`
    (the whole's), `share_version`, `share_form`, `shares_mixed`, `share_twice`, `shares_too_few`.
    """

    def __init__(self, code: str, line: int = 0) -> None:
        super().__init__(f"{code}: line {line}" if line else code)
        self.code, self.line = code, line


@dataclass(frozen=True, slots=True)
class Share:
    """One share. `root` is the first four bytes of the root's hash in hexadecimal; `number` counts from 1."""

    state: str
    root: str
    threshold: int
    count: int
    number: int
    value: bytes

    def __repr__(self) -> str:
        return f"Share({self.state} {self.root}, {self.number} of {self.count})"  # the value is a secret


def split(secret: bytes, threshold: int, count: int, random: Callable[[int], bytes]) -> list[bytes]:
    """The values of shares 1 to `count`; any `threshold` of them give the secret. `random(n)` gives n random bytes."""
    if len(secret) != SECRET_BYTES or not 2 <= threshold <= count <= MOST:
        raise ValueError(f"{threshold} of {count} shares of {len(secret)} bytes")
    coefficients = [secret, *(random(SECRET_BYTES) for _ in range(threshold - 1))]
    return [bytes(_value(polynomial, x) for polynomial in zip(*coefficients, strict=True)) for x in range(1, count + 1)]


def combine(shares: list[Share]) -> bytes:
    """The secret. Raises ShareInvalid for shares of different secrets, one share twice, too few.

    Shares beyond the threshold are used too. Whether the secret is the right one, the root's hash tells (`roots`).
    """
    if not shares or len({(s.state, s.root, s.threshold, s.count) for s in shares}) > 1:
        raise ShareInvalid("shares_mixed" if shares else "shares_too_few")
    values = {share.number: share.value for share in shares}
    if len(values) < len(shares):
        raise ShareInvalid("share_twice")
    if len(values) < shares[0].threshold:
        raise ShareInvalid("shares_too_few")
    return interpolate(values)


def interpolate(values: Mapping[int, bytes]) -> bytes:
    """The values at 0 of the polynomials that have these values at these numbers (Lagrange)."""
    secret = bytearray(SECRET_BYTES)
    for x, value in values.items():
        weight = 1
        for other in values:
            if other != x:
                weight = _times(weight, _divided(other, other ^ x))
        for i, byte in enumerate(value):
            secret[i] ^= _times(weight, byte)
    return bytes(secret)


def write(share: Share) -> str:
    """The share as four lines of five groups."""
    head = bytes([VERSION]) + share.state.encode() + bytes.fromhex(share.root)
    data = head + bytes([share.threshold, share.count, share.number]) + share.value
    data += hashlib.sha256(data).digest()[:_CHECK_BYTES]
    bits = int.from_bytes(data, "big") << 4
    symbols = [bits >> 5 * i & 31 for i in reversed(range(LINES * (_LINE - 1)))]
    lines = []
    for number in range(LINES):
        line = symbols[number * (_LINE - 1) :][: _LINE - 1]
        text = "".join(_ALPHABET[value] for value in [*line, _check(number, line)])
        lines.append(" ".join(text[i : i + GROUP] for i in range(0, _LINE, GROUP)))
    return "\n".join(lines)


def read_line(number: int, text: str) -> list[int]:
    """The 19 values of line `number` (from 0); raises ShareInvalid. Spaces, hyphens and case do not matter."""
    symbols = [_VALUES.get(symbol, -1) for symbol in re.sub(r"[\s-]", "", text).upper()]
    if -1 in symbols:
        raise ShareInvalid("share_symbols", number + 1)
    if len(symbols) != _LINE:
        raise ShareInvalid("share_length", number + 1)
    if symbols.pop() != _check(number, symbols):
        raise ShareInvalid("share_line", number + 1)
    return symbols


def read(text: str) -> Share:
    """A share from its four lines, from one of 80 symbols, or from the page that was printed of it.

    Raises ShareInvalid.
    """
    if len(text) > 200_000:
        raise ShareInvalid("share_length")
    if page := _TAG.search(text):
        text = page[1]
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        whole = re.sub(r"[\s-]", "", lines[0])
        lines = [whole[i : i + _LINE] for i in range(0, len(whole), _LINE)]
    if len(lines) != LINES:
        raise ShareInvalid("share_length")
    bits = 0
    for number, line in enumerate(lines):
        for value in read_line(number, line):
            bits = bits << 5 | value
    if bits & 15:
        raise ShareInvalid("share_check")
    data = (bits >> 4).to_bytes(_HEAD + SECRET_BYTES + _CHECK_BYTES, "big")
    data, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    if hashlib.sha256(data).digest()[:_CHECK_BYTES] != check:
        raise ShareInvalid("share_check")
    if data[0] != VERSION:
        raise ShareInvalid("share_version")
    threshold, count, number = data[8:_HEAD]
    if not _STATE.fullmatch(data[1:4]) or not 2 <= threshold <= count <= MOST or not 1 <= number <= count:
        raise ShareInvalid("share_form")
    return Share(data[1:4].decode(), data[4:8].hex(), threshold, count, number, data[_HEAD:])


def _check(number: int, symbols: list[int]) -> int:
    total, weight = number, 1
    for symbol in symbols:
        weight = _times5(weight, 2)
        total ^= _times5(weight, symbol)
    return total


def _times5(a: int, b: int) -> int:
    """a · b in GF(2^5)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0b100101 if a & 16 else 0)
        b >>= 1
    return product


def _powers() -> Iterator[int]:
    """1, 3, 3², … in GF(2^8): 3 generates every element but 0."""
    value = 1
    while True:
        yield value
        value ^= value << 1 ^ (0x11B if value & 0x80 else 0)


_EXP = [power for power, _ in zip(_powers(), range(255), strict=False)]
_LOG = {power: i for i, power in enumerate(_EXP)}


def _times(a: int, b: int) -> int:
    return _EXP[(_LOG[a] + _LOG[b]) % 255] if a and b else 0


def _divided(a: int, b: int) -> int:
    return _EXP[(_LOG[a] - _LOG[b]) % 255] if a else 0


def _value(polynomial: tuple[int, ...], x: int) -> int:
    value = 0
    for coefficient in reversed(polynomial):
        value = _times(value, x) ^ coefficient
    return value
