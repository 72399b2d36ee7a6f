"""BER and DER, tag by tag (ITU-T X.690): what certificates, CMS and the files of a chip are made of.

An element is read when it is asked for and holds no copy; nothing is read by recursion. Limits: `MOST_BYTES` of one
text, `MOST_CHILDREN` of one element, `DEEPEST` levels inside an indefinite length. What a signature covers is taken as
it stands (`raw`), never encoded again.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MOST_BYTES: Final = 32 << 20
MOST_CHILDREN: Final = 20_000
DEEPEST: Final = 24
MOST_INSIDE: Final = 100_000
"""Elements within one indefinite length: all of them are passed to find its end."""
MOST_OID: Final = 64
"""Bytes of an object identifier."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
_CONSTRUCTED = 0x20
_TIME = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?(?:[.,][0-9]{1,6})?(Z|[+-][0-9]{4})")


class TlvInvalid(ValueError):
    """Bytes that are not what was asked for; `code` says why, `at` is the offset of the element.

    `code`: "tlv_cut", "tlv_too_long", "tlv_too_many", "tlv_too_deep", "tlv_length", "tlv_tag", "tlv_value",
    "tlv_trailing".
    """

    def __init__(self, code: str, at: int, found: object = "") -> None:
        super().__init__(f"{code} at {at} {found}".strip())
        self.code, self.at, self.found = code, at, str(found)


class Tlv(NamedTuple):
    """One element: `source[start:end]` whole, `source[body:stop]` its content. `tag` holds all bytes of the tag."""

    tag: int
    source: bytes
    start: int
    body: int
    stop: int
    end: int
    der: bool

    @property
    def raw(self) -> bytes:
        return self.source[self.start : self.end]

    @property
    def content(self) -> bytes:
        return self.source[self.body : self.stop]

    def children(self) -> "list[Tlv]":
        """What it holds, in order."""
        found, at, source, stop, der = [], self.body, self.source, self.stop, self.der
        while at < stop:
            child = _element(source, at, stop, der)
            at = child.end
            found.append(child)
            if len(found) > MOST_CHILDREN:
                raise TlvInvalid("tlv_too_many", self.start, MOST_CHILDREN)
        return found

    def each(self) -> "Iterator[Tlv]":
        """What it holds, one after another, without the limit of `children`."""
        at = self.body
        while at < self.stop:
            child = _element(self.source, at, self.stop, self.der)
            at = child.end
            yield child

    def parts(self, least: int, most: int = 0) -> "list[Tlv]":
        """The members of a SEQUENCE: so many at least and at most (0: no more than `least`)."""
        found = self.expect(SEQUENCE).children()
        if not least <= len(found) <= max(least, most):
            raise TlvInvalid("tlv_cut", self.start, f"{len(found)} members")
        return found

    def expect(self, tag: int) -> "Tlv":
        if self.tag != tag:
            raise TlvInvalid("tlv_tag", self.start, f"{self.tag:02x} for {tag:02x}")
        return self

    def only(self) -> "Tlv":
        """Its one child."""
        child = _element(self.source, self.body, self.stop, self.der)
        if child.end != self.stop:
            raise TlvInvalid("tlv_trailing", child.end)
        return child


def read(data: bytes, *, der: bool = False, trailing: bool = False) -> Tlv:
    """The element that `data` is. `der`: no indefinite length, no length longer than need be. Raises TlvInvalid."""
    if len(data) > MOST_BYTES:
        raise TlvInvalid("tlv_too_long", 0, len(data))
    found = _element(data, 0, len(data), der)
    if found.end != len(data) and not trailing:
        raise TlvInvalid("tlv_trailing", found.end, len(data) - found.end)
    return found


def _element(source: bytes, start: int, limit: int, der: bool) -> Tlv:
    try:
        tag, at = source[start], start + 1
        if tag & 0x1F == 0x1F:
            tag, at = _long_tag(source, start)
        length = source[at]
        at += 1
        if length < 0x80:
            end = at + length
        elif length == 0x80:
            if der or not source[start] & _CONSTRUCTED:
                raise TlvInvalid("tlv_length", start, "indefinite")
            stop = _end_of_contents(source, at, limit)
            return Tlv(tag, source, start, at, stop, stop + 2, der)
        else:
            count = length & 0x7F
            if count > 4:
                raise TlvInvalid("tlv_length", start, f"{count} bytes")
            length = int.from_bytes(source[at : at + count], "big")
            if der and (length < 0x80 or length >> 8 * (count - 1) == 0):
                raise TlvInvalid("tlv_length", start, "not the shortest")
            at += count
            end = at + length
    except IndexError:
        raise TlvInvalid("tlv_cut", start) from None
    if end > limit:
        raise TlvInvalid("tlv_cut", start, end - limit)
    return Tlv(tag, source, start, at, end, end, der)


def _long_tag(source: bytes, start: int) -> tuple[int, int]:
    tag, at = source[start], start + 1
    for _ in range(3):
        tag = tag << 8 | source[at]
        at += 1
        if not source[at - 1] & 0x80:
            return tag, at
    raise TlvInvalid("tlv_tag", start, f"{tag:x}")


def _end_of_contents(source: bytes, at: int, limit: int) -> int:
    """Where the two zero bytes stand that end the content which begins at `at`."""
    depth, count = 1, 0
    while at + 2 <= limit:
        count += 1
        if count > MOST_INSIDE:
            raise TlvInvalid("tlv_too_many", at, count)
        if source[at] == 0 and source[at + 1] == 0:
            depth -= 1
            if depth == 0:
                return at
            at += 2
            continue
        begun = at
        _, at = _long_tag(source, at) if source[at] & 0x1F == 0x1F else (0, at + 1)
        length = source[at]
        if length == 0x80:
            depth += 1
            if depth > DEEPEST:
                raise TlvInvalid("tlv_too_deep", begun, depth)
            at += 1
        else:
            at = _element(source, begun, limit, der=False).end
    raise TlvInvalid("tlv_cut", at)


# Values ---------------------------------------------------------------------------------------------------------------


def integer(tlv: Tlv, most: int = 1_100) -> int:
    """An INTEGER of at most so many bytes, of either sign."""
    content = tlv.expect(INTEGER).content
    if not 0 < len(content) <= most:
        raise TlvInvalid("tlv_value", tlv.start, f"{len(content)} bytes")
    return int.from_bytes(content, "big", signed=True)


def natural(tlv: Tlv, most: int = 1_100) -> int:
    """An INTEGER that is not negative."""
    found = integer(tlv, most)
    if found < 0:
        raise TlvInvalid("tlv_value", tlv.start, "negative")
    return found


def boolean(tlv: Tlv) -> bool:
    content = tlv.expect(BOOLEAN).content
    if len(content) != 1:
        raise TlvInvalid("tlv_value", tlv.start, "boolean")
    return content != b"\0"


def oid(tlv: Tlv) -> str:
    return dotted(tlv.expect(OID).content, tlv.start)


_DOTTED: dict[bytes, str] = {}


def dotted(content: bytes, at: int = 0) -> str:
    """The identifier in figures and dots: 1.2.840.113549.1.1.1."""
    if known := _DOTTED.get(content):
        return known
    if not 0 < len(content) <= MOST_OID or content[-1] & 0x80:
        raise TlvInvalid("tlv_value", at, "object identifier")
    arcs, value = [], 0
    for byte in content:
        if value == 0 and byte == 0x80:
            raise TlvInvalid("tlv_value", at, "object identifier")
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    found = ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))
    if len(_DOTTED) < 500:
        _DOTTED[content] = found
    return found


def octets(tlv: Tlv) -> bytes:
    """An OCTET STRING, also one in pieces (X.690, 8.7.3)."""
    if tlv.tag == OCTET_STRING:
        return tlv.content
    tlv.expect(OCTET_STRING | _CONSTRUCTED)
    return b"".join(piece.expect(OCTET_STRING).content for piece in tlv.children())


def bits(tlv: Tlv) -> bytes:
    """A BIT STRING of whole bytes."""
    content = tlv.expect(BIT_STRING).content
    if not content or content[0] != 0:
        raise TlvInvalid("tlv_value", tlv.start, "bit string")
    return content[1:]


def flags(tlv: Tlv) -> frozenset[int]:
    """The numbers of the bits that are set in a BIT STRING; the first bit is 0."""
    content = tlv.expect(BIT_STRING).content
    if not content or content[0] > 7 or len(content) > 9:
        raise TlvInvalid("tlv_value", tlv.start, "bit string")
    return frozenset(
        8 * place + bit for place, byte in enumerate(content[1:]) for bit in range(8) if byte & (0x80 >> bit)
    )


def instant(tlv: Tlv) -> dt.datetime:
    """A UTCTime or GeneralizedTime, in UTC. A year of two digits below 50 is in this century (RFC 5280, 4.1.2.5.1)."""
    text = tlv.content
    if tlv.tag == UTC_TIME:
        text = (b"20" if text[:2] < b"50" else b"19") + text
    elif tlv.tag != GENERALIZED_TIME:
        raise TlvInvalid("tlv_tag", tlv.start, f"{tlv.tag:02x} for a time")
    if not (told := _TIME.fullmatch(text)):
        raise TlvInvalid("tlv_value", tlv.start, "time")
    try:
        local = dt.datetime(*(int(part or 0) for part in told.groups()[:6]), tzinfo=dt.UTC)  # type: ignore[misc,arg-type]
        zone = told[7]
        if zone == b"Z":
            return local
        away = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        return local - away if zone[:1] == b"+" else local + away
    except (ValueError, OverflowError):
        raise TlvInvalid("tlv_value", tlv.start, "time") from None


# Writing --------------------------------------------------------------------------------------------------------------


def write(tag: int, *parts: bytes) -> bytes:
    """One element in DER with the parts as its content, one after another."""
    content = b"".join(parts)
    head = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    length = len(content)
    if length < 0x80:
        return head + bytes([length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return head + bytes([0x80 | len(size)]) + size + content


def definite(tlv: Tlv, depth: int = 0) -> bytes:
    """The element again, with every length told. Raises TlvInvalid."""
    if depth > DEEPEST:
        raise TlvInvalid("tlv_too_deep", tlv.start, depth)
    if not tlv.source[tlv.start] & _CONSTRUCTED:
        return write(tlv.tag, tlv.content)
    return write(tlv.tag, *(definite(child, depth + 1) for child in tlv.children()))


def write_integer(value: int) -> bytes:
    return write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def write_oid(text: str) -> bytes:
    first, second, *others = map(int, text.split("."))
    out = bytearray()
    for arc in (40 * first + second, *others):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return write(OID, bytes(out))


def write_set(*members: bytes) -> bytes:
    """A SET OF in DER: its members in the order of their bytes (X.690, 11.6)."""
    return write(SET, *sorted(members))


def write_instant(at: dt.datetime) -> bytes:
    """As RFC 5280, 4.1.2.5 has it: UTCTime until 2049, GeneralizedTime after."""
    text = at.astimezone(dt.UTC).strftime("%Y%m%d%H%M%SZ")
    return write(UTC_TIME, text[2:].encode()) if 1950 <= at.year < 2050 else write(GENERALIZED_TIME, text.encode())
