"""Write a visible digital seal, version 4 or 3 (ICAO Doc 9303-13)."""

from collections.abc import Callable, Mapping

from jiwar.documents.logic.c40 import C40Invalid, encode_c40
from jiwar.documents.logic.seal import (
    DECIMAL_LENGTH,
    MAGIC,
    MAX_BYTES,
    MAX_REFERENCE,
    SIGNATURE,
    SIGNER_SIZE,
    V3_REFERENCE,
    VERSIONS,
    SealHeader,
    SealUnreadable,
    read_seal,
)
from jiwar.documents.logic.seal_coding import CODINGS, BadValue, SealValue, write_date
from jiwar.documents.logic.seal_profiles import Field, Profile, missing_field, read_content

_VERSION_BYTES = {version: code for code, version in VERSIONS.items()}
_LEAST_SIGNATURE = 48


class SealUnwritable(ValueError):
    """A value that the seal cannot hold; `code` is ``missing``, ``unknown``, ``bad_value`` or ``too_long``."""

    def __init__(self, code: str, field: str, expected: str | int = "", found: str | int = "") -> None:
        super().__init__(f"{code} in {field}: expected {expected}, found {found}")
        self.code = code
        self.field = field
        self.detail: Mapping[str, str | int] = {"expected": expected, "found": found}


def seal_bytes(
    profile: Profile, values: Mapping[str, SealValue], header: SealHeader, sign: Callable[[bytes], bytes]
) -> bytes:
    """The bytes of the barcode: `values` under `profile`, signed. Raises SealUnwritable before it asks to sign.

    `sign` gives r||s over what it is handed, each of the curve's length (BSI TR-03111, 5.2.1). The profile names the
    header's `reference` and `kind`, whatever those say.
    """
    if unknown := values.keys() - {field.name for field in profile.fields}:
        raise SealUnwritable("unknown", min(unknown))
    if missing := missing_field(profile, values):
        raise SealUnwritable("missing", missing)
    head = _header(header, bytes.fromhex(profile.reference))
    body = b"".join(
        _message(field, values[field.name], header.version) for field in profile.fields if field.name in values
    )
    if (size := len(head) + len(body) + _LEAST_SIGNATURE) > MAX_BYTES:
        raise SealUnwritable("too_long", "seal", MAX_BYTES, size)
    _same(_signed(head + body, bytes(_LEAST_SIGNATURE), header.version), profile, values)
    return _signed(head + body, sign(head + body), header.version)


def _signed(said: bytes, signature: bytes, version: int) -> bytes:
    return said + bytes([SIGNATURE]) + _length(len(signature), version, "signature") + signature


def _same(raw: bytes, profile: Profile, values: Mapping[str, SealValue]) -> None:
    """What cannot be read back is not handed out: a value in another spelling than a reader gives is refused."""
    try:
        read = read_content(read_seal(raw), profile).values
    except SealUnreadable as unreadable:
        raise SealUnwritable(unreadable.code, unreadable.field, *unreadable.detail.values()) from None
    if changed := next((name for name, value in values.items() if read[name] != value), ""):
        raise SealUnwritable("bad_value", changed, str(read[changed])[:60], str(values[changed])[:60])


def _message(field: Field, value: SealValue, version: int) -> bytes:
    try:
        data = CODINGS[field.coding].write(value, field.codes)
    except BadValue as bad:
        raise SealUnwritable("bad_value", field.name, bad.expected, bad.found) from None
    if not field.least <= len(data) <= field.most:
        raise SealUnwritable("too_long", field.name, f"{field.least}-{field.most}", len(data))
    return bytes([field.tag]) + _length(len(data), version, field.name) + data


def _header(header: SealHeader, profile: bytes) -> bytes:
    signer, certificate = header.signer, header.certificate
    if header.version not in _VERSION_BYTES:
        raise SealUnwritable("bad_value", "version", "3, 4", header.version)
    if len(signer) != SIGNER_SIZE:
        raise SealUnwritable("bad_value", "signer", SIGNER_SIZE, len(signer))
    if header.version == 3:
        certificate = certificate.rjust(V3_REFERENCE, "0")
        size = ""
        most = V3_REFERENCE
    else:
        most = MAX_REFERENCE
        size = f"{len(certificate):02}" if signer in DECIMAL_LENGTH else f"{len(certificate):02X}"
    if not 0 < len(certificate) <= most:
        raise SealUnwritable("bad_value", "certificate", f"1-{most}", len(certificate))
    return b"".join(
        [
            bytes([MAGIC, _VERSION_BYTES[header.version]]),
            _c40(header.country.ljust(3), "country", 2),
            _c40(signer + size + certificate, "certificate"),
            write_date(header.issued),
            write_date(header.signed),
            profile,
        ]
    )


def _c40(text: str, field: str, size: int | None = None) -> bytes:
    try:
        data = encode_c40(text)
    except C40Invalid as invalid:
        raise SealUnwritable("bad_value", field, "A-Z 0-9", invalid.detail["found"]) from None
    if size not in (None, len(data)):
        raise SealUnwritable("bad_value", field, "A-Z", text)
    return data


def _length(size: int, version: int, field: str) -> bytes:
    if version == 3 and size > 0xFF:
        raise SealUnwritable("too_long", field, 0xFF, size)
    if version == 3 or size < 0x80:
        return bytes([size])
    return bytes([0x81, size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")
