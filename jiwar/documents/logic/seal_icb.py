"""Seals in the ICAO Datastructure for Barcode: text, ``RDB1``, a letter for its form, and base32.

Inside stand country, algorithm, five bytes that name the certificate (the end of its SHA-1), a day of signing, and
then messages (tag 61), sometimes the certificate (7E), and the signature r||s (7F) over header and messages. What the
tags of the messages mean is the profile ``icao_barcode``.
"""

import base64
import datetime as dt
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic.pki import Certificate, CertificateUnreadable, read_certificate
from jiwar.documents.logic.report import Check, Result, evidence
from jiwar.documents.logic.seal import SealReader, SealUnreadable
from jiwar.documents.logic.seal_coding import CODINGS, BadValue
from jiwar.documents.logic.seal_parts import check_content, check_signature, check_signer, sha1_of
from jiwar.documents.logic.seal_profiles import Profiles
from jiwar.documents.logic.seal_status import whole, wrong_format
from jiwar.documents.logic.seal_zone import check_printed, check_zone
from jiwar.documents.logic.trust import Trust, check_chain

OPENS: Final = (b"RDB1", b"NDB1")
"""The second is what drafts of the report said."""
PROFILE: Final = "icao_barcode"
MAX_TEXT: Final = 4_296
"""Letters and digits of the largest QR code."""
MAX_INFLATED: Final = 8_000
_SIGNED, _ZIPPED = 1, 2
_MESSAGES, _CERTIFICATE, _SIGNATURE = 0x61, 0x7E, 0x7F
_HASHES: Final[Mapping[int, str]] = {1: "sha256", 2: "sha384", 3: "sha512"}
_REFERENCE = 5


@dataclass(frozen=True, slots=True)
class IcbSeal:
    """`messages` by their tags. A seal may be unsigned: then `hash_name`, `reference`, `signed_on` and `signature` are
    empty. `signed_on` may have ``X`` for digits that are not told. `certificate` is what came along, or None."""

    country: str
    hash_name: str
    reference: bytes
    signed_on: str
    messages: Mapping[int, bytes]
    certificate: Certificate | None
    signed: bytes
    signature: bytes


def read_icb(raw: bytes) -> IcbSeal:
    """The seal in the text of a barcode. Raises SealUnreadable. Nothing is verified."""
    flags, data = _unpacked(raw)
    reader = SealReader(data)
    country = reader.text(2, "country").strip()
    if not country.isalpha():
        raise SealUnreadable("not_c40", "country", "A-Z", country)
    hash_name, reference, signed_on = "", b"", ""
    if flags & _SIGNED:
        algorithm = reader.byte("algorithm")
        if algorithm not in _HASHES:
            raise SealUnreadable("bad_value", "algorithm", "01-03", f"{algorithm:02x}")
        hash_name, reference = _HASHES[algorithm], reader.take(_REFERENCE, "certificate")
        signed_on = _day(reader.take(4, "signed"))
    begin = reader.at
    parts = reader.messages(until=None)
    if unknown := parts.keys() - {_MESSAGES, _CERTIFICATE, _SIGNATURE}:
        raise SealUnreadable("bad_value", "part", "61, 7e, 7f", f"{min(unknown):02x}")
    if _MESSAGES not in parts or next(iter(parts)) != _MESSAGES:
        raise SealUnreadable("missing", "messages")
    if bool(flags & _SIGNED) is not (_SIGNATURE in parts):
        raise SealUnreadable("unsigned", "signature")
    body = SealReader(data[begin:])
    body.byte("messages")
    body.take(body.length("messages"), "messages")
    return IcbSeal(
        country,
        hash_name,
        reference,
        signed_on,
        SealReader(parts[_MESSAGES]).messages(until=None),
        _certificate(parts.get(_CERTIFICATE)),
        data[: begin + body.at],
        parts.get(_SIGNATURE, b""),
    )


def check_icb(raw: bytes, trust: Trust, at: dt.datetime, profiles: Profiles, printed: str = "") -> Check:
    """The check ``seal`` as `seal_checking.check_seal` has it; one that is not signed is undetermined."""
    looked_at = evidence(raw)
    try:
        seal = read_icb(raw)
    except SealUnreadable as unreadable:
        return whole((wrong_format("seal.format", unreadable),), looked_at, {})
    content, said = check_content(seal.messages, profiles.get(PROFILE), PROFILE)
    children = [Check("seal.format", Result.SUCCESSFUL, "", {"version": "ICB"}, looked_at), said]
    children += _signed(seal, trust, at) if seal.signature else [_unsigned()]
    if content is not None:
        children += check_zone(content.values, seal.country, at.date())
        children += check_printed(content.values, printed, at.date())
    detail = {"profile": PROFILE, "country": seal.country, "signer": seal.reference.hex()}
    return whole(tuple(children), looked_at, detail)


def _signed(seal: IcbSeal, trust: Trust, at: dt.datetime) -> list[Check]:
    detail = {"signer": "", "reference": seal.reference.hex(), "country": seal.country}
    known = [one for one in (*trust.signers, seal.certificate) if one and sha1_of(one).endswith(seal.reference)]
    if not known:
        return [Check("seal.certificate", Result.UNDETERMINED, "seal_certificate_unknown", detail)]
    certificate, signature = known[0], Check("seal.signature", Result.FAILED)
    for candidate in reversed(known):
        certificate = candidate
        signature = check_signature(candidate, seal.hash_name, seal.signature, seal.signed)
        if signature.result is Result.SUCCESSFUL:
            break
    return [
        check_signer(certificate, seal.country, detail),
        signature,
        check_chain(certificate, trust, at, "seal.chain"),
        _dates(seal, at),
    ]


def _unsigned() -> Check:
    return Check("seal.signature", Result.UNDETERMINED, "seal_unsigned")


def _dates(seal: IcbSeal, at: dt.datetime) -> Check:
    """Not signed later than tomorrow; a day with unknown digits is taken as early as it can be."""
    detail = {"signed": seal.signed_on}
    if seal.signed_on.replace("X", "0") > f"{at + dt.timedelta(days=1):%Y-%m-%d}":
        return Check("seal.dates", Result.FAILED, "seal_signed_later", detail)
    return Check("seal.dates", Result.SUCCESSFUL, "", detail)


def _unpacked(raw: bytes) -> tuple[int, bytes]:
    """The flags, and the bytes behind base32 and zlib."""
    if len(raw) > MAX_TEXT:
        raise SealUnreadable("too_long", "seal", MAX_TEXT, len(raw))
    if not raw.startswith(OPENS) or not b"A" <= raw[4:5] <= b"D":
        raise SealUnreadable("not_a_seal", "magic", "RDB1", raw[:5].hex())
    flags = raw[4] - ord("A")
    text = raw[5:].rstrip(b"=")
    try:
        data = base64.b32decode(text + b"=" * (-len(text) % 8))
    except ValueError:
        raise SealUnreadable("not_base32", "seal", "A-Z 2-7") from None
    if not flags & _ZIPPED:
        return flags, data
    inflater = zlib.decompressobj()
    try:
        out = inflater.decompress(data, MAX_INFLATED)
    except zlib.error:
        raise SealUnreadable("not_zlib", "seal", "RFC 1950") from None
    if not inflater.eof or inflater.unused_data:
        code = "too_long" if inflater.unconsumed_tail else "not_zlib"
        raise SealUnreadable(code, "seal", MAX_INFLATED)
    return flags, out


def _day(data: bytes) -> str:
    try:
        return str(CODINGS["masked_date"].read(data, {}))
    except BadValue as bad:
        raise SealUnreadable("impossible_date", "signed", bad.expected, bad.found) from None


def _certificate(der: bytes | None) -> Certificate | None:
    if der is None:
        return None
    try:
        return read_certificate(der)
    except CertificateUnreadable as unreadable:
        raise SealUnreadable("bad_value", "certificate", "certificate", unreadable.code) from None
