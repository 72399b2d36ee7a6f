"""The group ristretto255 (RFC 9496) as far as the asker of a blind match needs it: no secret scalar comes here.

Elements are points in extended coordinates (X, Y, Z, T) of edwards25519. What is multiplied by a secret is multiplied
in the library `voprf`; here points are read, written, added, hashed to, and multiplied by public numbers.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

Point = tuple[int, int, int, int]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
IDENTITY: Point = (0, 1, 1, 0)
BYTES = 32

_D = -121665 * pow(121666, -1, P) % P
_2D = 2 * _D % P
_SQRT_M1 = pow(2, (P - 1) // 4, P)
_D_PLUS_ONE_SQUARED = (_D - 1) ** 2 % P
_ONE_MINUS_D_SQUARED = (1 - _D**2) % P
_ROOT_EXPONENT = (P - 5) // 8


class NotAnElement(ValueError):
    """32 bytes that are not the one encoding of an element."""


def _square_root_of_ratio(u: int, v: int) -> tuple[bool, int]:
    """Whether u/v is a square, and the root of u/v, else of i·u/v; the even one (RFC 9496 section 4.2)."""
    v3 = v * v * v % P
    r = u * v3 * pow(u * v3 * v3 % P * v % P, _ROOT_EXPONENT, P) % P
    check = v * r * r % P
    u %= P
    was_square = check in (u, P - u if u else 0)
    if check == P - u or check == (P - u) * _SQRT_M1 % P:
        r = r * _SQRT_M1 % P
    return was_square, P - r if r & 1 else r


_SQRT_AD_MINUS_ONE = P - _square_root_of_ratio(-_D - 1, 1)[1]
_INVSQRT_A_MINUS_D = _square_root_of_ratio(1, -1 - _D)[1]


def decode(data: bytes) -> Point:
    """The element that 32 bytes stand for (RFC 9496 section 4.3.1); raises NotAnElement."""
    s = int.from_bytes(data, "little")
    if len(data) != BYTES or s >= P or s & 1:
        raise NotAnElement(data.hex())
    ss = s * s % P
    u1, u2 = 1 - ss, 1 + ss
    u2_squared = u2 * u2 % P
    v = (-_D * u1 * u1 - u2_squared) % P
    was_square, root = _square_root_of_ratio(1, v * u2_squared % P)
    den_x = root * u2 % P
    x = 2 * s * den_x % P
    if x & 1:
        x = P - x
    y = u1 * (root * den_x % P) % P * v % P
    t = x * y % P
    if not was_square or t & 1 or y == 0:
        raise NotAnElement(data.hex())
    return x, y, 1, t


def encode(point: Point) -> bytes:
    """The one encoding of an element (RFC 9496 section 4.3.2)."""
    x0, y0, z0, t0 = point
    u1 = (z0 + y0) * (z0 - y0) % P
    u2 = x0 * y0 % P
    _, root = _square_root_of_ratio(1, u1 * u2 % P * u2 % P)
    den1, den2 = root * u1 % P, root * u2 % P
    z_inverse = den1 * den2 % P * t0 % P
    if t0 * z_inverse % P & 1:
        x, y, den = y0 * _SQRT_M1 % P, x0 * _SQRT_M1 % P, den1 * _INVSQRT_A_MINUS_D % P
    else:
        x, y, den = x0, y0, den2
    if x * z_inverse % P & 1:
        y = -y
    s = den * (z0 - y) % P
    return (P - s if s & 1 else s).to_bytes(BYTES, "little")


def add(a: Point, b: Point) -> Point:
    """The sum of two elements (the unified formulas of RFC 8032 section 5.1.4)."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    p, q = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    c, d = t1 * _2D % P * t2, 2 * z1 * z2
    e, f, g, h = (q - p) % P, (d - c) % P, (d + c) % P, (q + p) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def _prepared(point: Point) -> tuple[int, int, int, int]:
    """What `_add_prepared` needs of a point that is added often."""
    x, y, z, t = point
    return y - x, y + x, t * _2D % P, 2 * z


def _add_prepared(a: Point, b: tuple[int, int, int, int]) -> Point:
    x, y, z, t = a
    p, q, c, d = (y - x) * b[0], (y + x) * b[1], t * b[2], z * b[3]
    e, f, g, h = (q - p) % P, (d - c) % P, (d + c) % P, (q + p) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def negative(point: Point) -> Point:
    """The element that takes `point` away when it is added."""
    x, y, z, t = point
    return P - x, y, z, P - t


def hash_to_group(message: bytes, tag: bytes) -> Point:
    """An element of which nobody knows a logarithm: hash_to_ristretto255 of RFC 9380 appendix B with SHA-512."""
    uniform = expand(message, tag)
    return add(_map(uniform[:32]), _map(uniform[32:]))


def hash_to_scalar(message: bytes, tag: bytes) -> int:
    """A number below the order of the group (RFC 9497 section 4.1)."""
    return int.from_bytes(expand(message, tag), "little") % ORDER


def expand(message: bytes, tag: bytes) -> bytes:
    """64 bytes: expand_message_xmd of RFC 9380 section 5.3.1 with SHA-512; `tag` has at most 255 bytes."""
    dst = tag + bytes([len(tag)])
    first = hashlib.sha512(bytes(128) + message + b"\0\x40\0" + dst).digest()
    return hashlib.sha512(first + b"\x01" + dst).digest()


def _map(data: bytes) -> Point:
    """MAP of RFC 9496 section 4.3.4."""
    t = int.from_bytes(data, "little") % 2**255 % P
    r = _SQRT_M1 * t % P * t % P
    u = (r + 1) * _ONE_MINUS_D_SQUARED % P
    v = (-1 - r * _D) * (r + _D) % P
    was_square, s = _square_root_of_ratio(u, v)
    c = -1
    if not was_square:
        s = s * t % P
        s, c = (s if s & 1 else (P - s) % P), r
    n = (c * (r - 1) * _D_PLUS_ONE_SQUARED - v) % P
    w0, w1 = 2 * s * v % P, n * _SQRT_AD_MINUS_ONE % P
    ss = s * s % P
    w2, w3 = (1 - ss) % P, (1 + ss) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


@lru_cache(maxsize=1)
def generator() -> Point:
    """The generator of RFC 9496 section 4.1: what the base point of edwards25519 stands for."""
    y = 4 * pow(5, -1, P) % P
    _, x = _square_root_of_ratio(y * y - 1, _D * y * y + 1)
    return x, y, 1, x * y % P


def sum_of_multiples(points: Sequence[Point], factors: Sequence[int]) -> Point:
    """The sum of factor·point. The factors are public: the time that it takes says what they are.

    Pippenger's buckets: for n points and windows of w bits some 253/w · (n + 2^(w+1)) additions.
    """
    width = min(13, max(1, len(points).bit_length() - 2))
    prepared = [_prepared(point) for point in points]
    mask = (1 << width) - 1
    total = IDENTITY
    for shift in range(width * (ORDER.bit_length() // width), -1, -width):
        for _ in range(width if total is not IDENTITY else 0):
            total = add(total, total)
        buckets: dict[int, Point] = {}
        for point, ready, factor in zip(points, prepared, factors, strict=True):
            if digit := factor >> shift & mask:
                held = buckets.get(digit)
                buckets[digit] = point if held is None else _add_prepared(held, ready)
        running = window = IDENTITY
        for digit in range(mask, 0, -1) if buckets else ():
            if digit in buckets:
                running = add(running, buckets[digit])
            window = add(window, running)
        if buckets:
            total = add(total, window)
    return total
