"""Read a visible digital seal, the signed barcode on paper (ICAO Doc 9303-13; BSI TR-03137), versions 3 and 4.

``0xDC``, version, header, messages (tag, length, value), ``0xFF``, signature as raw r||s over header and messages. What
the messages mean is said by a profile: `seal_profiles`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from jiwar.documents.logic.c40 import C40Invalid, decode_c40, encoded_size

MAGIC = 0xDC
VERSIONS = {2: 3, 3: 4}
"""Version byte and version: the byte counts from 0, the standard from 1."""
SIGNATURE = 0xFF
MAX_BYTES = 3_116  # the largest Aztec and DataMatrix hold less, the largest QR code 2,953
MAX_MESSAGES = 64
MAX_REFERENCE = 64
SIGNER_SIZE = 4
V3_REFERENCE = 5
# Version 4 says the length of a reference in two hexadecimal digits; this signer writes them decimal.
DECIMAL_LENGTH = frozenset({"DEZV"})
_HEX = re.compile("[0-9A-F]{2}")
# r||s of curves from 192 to 521 bits.
_SIGNATURE_SIZES = range(48, 133)


class SealUnreadable(ValueError):
    """The bytes are no seal; status WRONG_FORMAT of Doc 9303-13, appendix D.

    `code`: ``too_long``, ``cut_short``, ``not_a_seal``, ``unknown_version``, ``not_c40``, ``bad_reference``,
    ``impossible_date``, ``bad_length``, ``repeated``, ``too_many``, ``unsigned``, ``bad_signature``, ``after_end``,
    ``bad_value``. `field` is the part of the seal or the name of the message; `detail` has ``expected`` and ``found``.
    """

    def __init__(self, code: str, field: str, expected: str | int = "", found: str | int = "") -> None:
        super().__init__(f"{code} in {field}: expected {expected}, found {found}")
        self.code = code
        self.field = field
        self.detail: Mapping[str, str | int] = {"expected": expected, "found": found}


@dataclass(frozen=True, slots=True)
class SealHeader:
    """Who signed, with which key, when, and what kind of document it is.

    `country` has one to three letters, `signer` two letters of the state and two characters of its own, `certificate`
    is the serial number of the signer's certificate in hexadecimal. `reference` and `kind` (feature definition
    reference and type category) name the profile.
    """

    country: str
    signer: str
    certificate: str
    issued: date
    signed: date
    reference: int
    kind: int
    version: int = 4

    @property
    def profile(self) -> str:
        """The four hexadecimal digits that name the profile: ``5d01`` is a visa."""
        return f"{self.reference:02x}{self.kind:02x}"


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as read: messages by their tags in the order of the barcode; `signed` is what the signature covers."""

    header: SealHeader
    messages: Mapping[int, bytes]
    signed: bytes
    signature: bytes


def read_seal(raw: bytes) -> Seal:
    """The seal in the bytes of a barcode. Raises SealUnreadable. Nothing is verified."""
    if len(raw) > MAX_BYTES:
        raise SealUnreadable("too_long", "seal", MAX_BYTES, len(raw))
    reader = SealReader(raw)
    if reader.byte("magic") != MAGIC:
        raise SealUnreadable("not_a_seal", "magic", f"{MAGIC:02x}", f"{raw[0]:02x}")
    header = _header(reader)
    direct = header.version == 3
    messages = reader.messages(SIGNATURE, direct)
    signed = raw[: reader.at - 1]
    size = reader.byte("signature") if direct else reader.length("signature")
    signature = reader.take(size, "signature")
    if len(signature) not in _SIGNATURE_SIZES or len(signature) % 2:
        raise SealUnreadable("bad_signature", "signature", "48-132", len(signature))
    if reader.left:
        raise SealUnreadable("after_end", "seal", 0, reader.left)
    return Seal(header, messages, signed, signature)


class SealReader:
    """Bytes taken from the front; each raises SealUnreadable."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    @property
    def left(self) -> int:
        return len(self.raw) - self.at

    def take(self, size: int, field: str) -> bytes:
        if size > self.left:
            raise SealUnreadable("unsigned" if field == "signature" else "cut_short", field, size, self.left)
        self.at += size
        return self.raw[self.at - size : self.at]

    def byte(self, field: str) -> int:
        return self.take(1, field)[0]

    def text(self, size: int, field: str) -> str:
        data = self.take(size, field)
        try:
            return decode_c40(data)
        except C40Invalid as invalid:
            raise SealUnreadable("not_c40", field, "C40", data.hex()) from invalid

    def date(self, field: str) -> date:
        return read_date(self.take(3, field), field)

    def length(self, field: str) -> int:
        """DER (ITU-T X.690, 10.1), up to two bytes, and only in its shortest form."""
        first = self.byte(field)
        if first < 0x80:
            return first
        if first not in (0x81, 0x82):
            raise SealUnreadable("bad_length", field, "DER", f"{first:02x}")
        length = int.from_bytes(self.take(first - 0x80, field), "big")
        if length < (0x80 if first == 0x81 else 0x100):
            raise SealUnreadable("bad_length", field, "DER", length)
        return length

    def messages(self, until: int | None, direct: bool = False) -> dict[int, bytes]:
        """Tag, length and value up to the tag `until`, or to the end; `direct`: each length is one byte (version 3)."""
        found: dict[int, bytes] = {}
        while (self.left or until is not None) and (tag := self.byte("signature")) != until:
            name = f"message {tag:02x}"
            if tag in found:
                raise SealUnreadable("repeated", name)
            if len(found) == MAX_MESSAGES:
                raise SealUnreadable("too_many", "messages", MAX_MESSAGES)
            found[tag] = self.take(self.byte(name) if direct else self.length(name), name)
        return found


def read_date(data: bytes, field: str) -> date:
    """Three bytes, the number MMDDYYYY (Doc 9303-13, 2.3.1). Raises SealUnreadable."""
    number = int.from_bytes(data, "big")
    try:
        return date(number % 10_000, number // 1_000_000, number // 10_000 % 100)
    except ValueError:
        raise SealUnreadable("impossible_date", field, "MMDDYYYY", f"{number:08}") from None


def _header(reader: SealReader) -> SealHeader:
    code = reader.byte("version")
    if code not in VERSIONS:
        raise SealUnreadable("unknown_version", "version", "02, 03", f"{code:02x}")
    version = VERSIONS[code]
    country = reader.text(2, "country").strip()
    if not country.isalpha():
        raise SealUnreadable("not_c40", "country", "A-Z", country)
    signer, certificate = _reference(reader, version)
    issued, signed = reader.date("issued"), reader.date("signed")
    return SealHeader(
        country, signer, certificate, issued, signed, reader.byte("reference"), reader.byte("kind"), version
    )


def _reference(reader: SealReader, version: int) -> tuple[str, str]:
    """Signer and certificate: nine characters in version 3; in 4 the length of the reference stands between them."""
    if version == 3:
        both = reader.text(encoded_size(SIGNER_SIZE + V3_REFERENCE), "certificate")
        signer, certificate = both[:SIGNER_SIZE], both[SIGNER_SIZE:]
    else:
        head = reader.text(encoded_size(SIGNER_SIZE + 2), "signer")
        signer, size = head[:SIGNER_SIZE], head[SIGNER_SIZE:]
        if not _HEX.fullmatch(size):
            raise SealUnreadable("bad_reference", "certificate", "00-FF", size)
        length = int(size, 10 if signer in DECIMAL_LENGTH and size.isdigit() else 16)
        if not 0 < length <= MAX_REFERENCE:
            raise SealUnreadable("bad_reference", "certificate", f"1-{MAX_REFERENCE}", length)
        certificate = reader.text(encoded_size(length), "certificate")
        if len(certificate) != length:
            raise SealUnreadable("bad_reference", "certificate", length, len(certificate))
    if " " in signer or not certificate.strip():
        raise SealUnreadable("bad_reference", "signer", "A-Z 0-9", signer + certificate)
    return signer, certificate.strip()
