"""Lists of what is known to be wrong with documents: deviation lists (Doc 9303-3, 7) and defect lists (TR-03129-2, 7).

Both are the content of a CMS that somebody else has verified. What a list says of hundreds of thousands of document
numbers is counted, not kept: no officer compares them by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic import tlv
from jiwar.documents.logic.pki import name_text
from jiwar.documents.logic.tlv import Tlv, TlvInvalid

DEVIATION_LIST: Final = "2.23.136.1.1.7"
DEFECT_LIST: Final = "0.4.0.127.0.7.3.1.5"
CODES: Final = {
    "2.23.136.1.1.7.1": "certificate_or_key",
    "2.23.136.1.1.7.1.1": "signer_signature",
    "2.23.136.1.1.7.1.2": "signer_encoding",
    "2.23.136.1.1.7.1.3": "authority_encoding",
    "2.23.136.1.1.7.1.4": "chip_key_compromised",
    "2.23.136.1.1.7.2": "chip_data",
    "2.23.136.1.1.7.2.1": "group_malformed",
    "2.23.136.1.1.7.2.2": "group_hash_wrong",
    "2.23.136.1.1.7.2.3": "security_object_signature",
    "2.23.136.1.1.7.2.4": "contents_inconsistent",
    "2.23.136.1.1.7.3": "zone",
    "2.23.136.1.1.7.3.1": "zone_data_wrong",
    "2.23.136.1.1.7.3.2": "zone_check_digit_wrong",
    "2.23.136.1.1.7.4": "chip",
    "2.23.136.1.1.7.5": "national",
    "0.4.0.127.0.7.3.1.5.1.1": "signer_revoked",
    "0.4.0.127.0.7.3.1.5.1.2": "signer_replaced",
    "0.4.0.127.0.7.3.1.5.1.3": "chip_key_compromised",
    "0.4.0.127.0.7.3.1.5.1.4": "chip_key_compromised",
    "0.4.0.127.0.7.3.1.5.2.1": "group_malformed",
    "0.4.0.127.0.7.3.1.5.2.2": "security_object_signature",
}
"""What a list calls by an object identifier, by code (words group ``trust_defect``)."""
MOST: Final = 2_000
"""Defects of a list."""


class DefectsUnreadable(ValueError):
    """`code`: "defects_form", "defects_too_many", "defects_unknown_list"."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class KnownDefect:
    """`country` of the signers in question, "" where the list does not say it; `about` names them, () is all.

    A line of `about` is ``CN=…,C=DE 0142`` (issuer and serial in hex), ``key …``, ``sha …``, ``type P``, ``issued …``.
    """

    country: str
    code: str
    about: tuple[str, ...]
    text: str


def read_defects(kind: str, content: bytes) -> tuple[KnownDefect, ...]:
    """The entries of the content of a list; `kind` is the CMS's content type. Raises DefectsUnreadable."""
    readers = {DEVIATION_LIST: _deviations, DEFECT_LIST: _defects}
    if kind not in readers:
        raise DefectsUnreadable("defects_unknown_list", kind)
    found: list[KnownDefect] = []
    try:
        for each in readers[kind](tlv.read(content).expect(tlv.SEQUENCE)):
            found.append(each)
            if len(found) > MOST:
                raise DefectsUnreadable("defects_too_many", str(MOST))
    except TlvInvalid as invalid:
        raise DefectsUnreadable("defects_form", f"{invalid.code} {invalid.at}") from None
    return tuple(found)


def _deviations(whole: Tlv) -> Iterator[KnownDefect]:
    """Doc 9303-3, 7: version, the hash that certificates are named by, deviations."""
    for deviation in _last(whole).expect(tlv.SET).each():
        documents, descriptions = _two(deviation)
        country, about, numbers = _documents(documents.expect(tlv.SEQUENCE))
        for description in descriptions.expect(tlv.SET).each():
            text, code = "", ""
            for part in description.expect(tlv.SEQUENCE).each():
                if part.tag == tlv.OID and not code:
                    code = _code(tlv.oid(part))
                elif part.tag != tlv.OID and not code:
                    text = _plain(part)
                elif part.tag == 0xA0:
                    text = f"{text} ({_parameter(part)})".strip()
            if not code:
                raise TlvInvalid("tlv_value", description.start, "deviation type")
            yield KnownDefect(country, code, about, f"{text} [{numbers}]".strip() if numbers else text)


def _documents(documents: Tlv) -> tuple[str, tuple[str, ...], int]:
    """Country, what they are known by, and how many numbers are named."""
    country, about, numbers = "", [], 0
    for part in documents.each():
        if part.tag in {0x80, 0xA0}:
            about.append(f"type {_plain(part if part.tag == 0x80 else part.only())}")
        elif part.tag == 0xA1:
            # IMPLICIT: the two members of IssuerAndSerialNumber; some write the SEQUENCE too.
            members = part.children()
            issuer, serial = members if len(members) == 2 else _two(part.only())
            country = _country(issuer)
            about.append(_signer(issuer, serial))
        elif part.tag in {0x82, 0xA2}:
            about.append(f"key {(part if part.tag == 0x82 else part.only()).content.hex()}")
        elif part.tag in {0x83, 0xA3}:
            about.append(f"sha {(part if part.tag == 0x83 else part.only()).content.hex()}")
        elif part.tag == 0xA4:
            days = [_plain(day)[:8] for day in (part.only() if len(part.children()) == 1 else part).each()]
            about.append(f"issued {'/'.join(days)}")
        elif part.tag == 0xA5:
            numbers = sum(1 for _ in (part.only() if _is_set(part) else part).each())
    return country, tuple(line[:300] for line in about), numbers


def _defects(whole: Tlv) -> Iterator[KnownDefect]:
    """TR-03129-2, 7: version, the hash that certificates are named by, defects."""
    for defect in _last(whole).expect(tlv.SET).each():
        signer, *rest = _some(defect, 2)
        country, about = "", []
        if signer.tag == tlv.SEQUENCE:
            issuer, serial = _two(signer)
            country = _country(issuer)
            about.append(_signer(issuer, serial))
        else:
            about.append(f"key {signer.content.hex()}")
        if len(rest) > 1:
            about.append(f"sha {tlv.octets(rest[0]).hex()}")
        for known in rest[-1].expect(tlv.SET).each():
            kind, *parameters = _some(known, 1)
            text = _parameter(parameters[0]) if parameters else ""
            yield KnownDefect(country, _code(tlv.oid(kind)), tuple(line[:300] for line in about), text)


def _code(oid: str) -> str:
    return CODES.get(oid, oid)


def _last(whole: Tlv) -> Tlv:
    """The entries: what stands last, after the version and the hash."""
    parts = whole.children()
    if not 2 <= len(parts) <= 3:
        raise TlvInvalid("tlv_cut", whole.start, len(parts))
    return parts[-1]


def _some(element: Tlv, least: int) -> list[Tlv]:
    parts = element.expect(tlv.SEQUENCE).children()
    if len(parts) < least:
        raise TlvInvalid("tlv_cut", element.start, len(parts))
    return parts


def _two(element: Tlv) -> tuple[Tlv, Tlv]:
    parts = element.expect(tlv.SEQUENCE).children()
    if len(parts) != 2:
        raise TlvInvalid("tlv_cut", element.start, len(parts))
    return parts[0], parts[1]


def _signer(issuer: Tlv, serial: Tlv) -> str:
    return f"{name_text(issuer.raw)} {tlv.integer(serial):x}"


def _country(issuer: Tlv) -> str:
    said = [part[2:] for part in name_text(issuer.raw).split(",") if part.startswith("C=")]
    return said[0].strip().upper()[:2] if said else ""


def _plain(part: Tlv) -> str:
    text = part.content[:400].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _is_set(part: Tlv) -> bool:
    first = next(part.each(), None)
    return first is not None and first.tag == tlv.SET and first.end == part.stop


def _parameter(part: Tlv) -> str:
    """A number where it is one (a data group: 1 to 16, 20 is EF.SOD, 21 EF.COM), else its bytes in hex."""
    inner = part.only() if part.tag & 0x20 else part
    return str(int.from_bytes(inner.content, "big")) if len(inner.content) == 1 else inner.content[:40].hex()
