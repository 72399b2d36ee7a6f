"""What a chip offers in security: SecurityInfos of EF.CardAccess, EF.CardSecurity and DG14, and the key of DG15.

ICAO Doc 9303-11, 9.2; BSI TR-03110-3, A.1. EF.CardAccess is read before anything is proven: it may be forged, and
`chip_checking` compares it with DG14.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jiwar.documents.logic import lds_files as lds
from jiwar.documents.logic import tlv
from jiwar.documents.logic.chip_ciphers import Suite
from jiwar.documents.logic.chip_groups import Group, GroupInvalid, read_parameters, read_public, standard
from jiwar.documents.logic.lds_files import CARD_ACCESS, CARD_SECURITY, TAGS, LdsUnreadable
from jiwar.documents.logic.tlv import Tlv, TlvInvalid

MOST_INFOS: Final = 64
_BSI: Final = "0.4.0.127.0.7.2.2."
_CA_KEY, _CA, _PACE = _BSI + "1.", _BSI + "3.", _BSI + "4."
_ACTIVE: Final = "2.23.136.1.1.5"
_SECURITY_OBJECT: Final = "0.4.0.127.0.7.3.2.1"
_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_SUITES: Final = (Suite.DES3, Suite.AES128, Suite.AES192, Suite.AES256)


class Mapping(StrEnum):
    """How PACE makes a new generator (9303-11, 4.4.1)."""

    GENERIC = "generic"
    INTEGRATED = "integrated"
    CHIP_AUTHENTICATION = "chip_authentication"


@dataclass(frozen=True, slots=True)
class PaceInfo:
    """One way of PACE. `mapping` and `group` are None where they are none that are known."""

    protocol: str
    mapping: Mapping | None
    suite: Suite
    parameter: int | None
    group: Group | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class ChipKey:
    """A static key for chip authentication. `group` and `public` are None and empty where they are not to be used."""

    key_id: int | None
    group: Group | None
    public: bytes
    problem: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class ChipInfo:
    """A protocol of chip authentication, and the key that it is for."""

    protocol: str
    suite: Suite
    key_id: int | None


@dataclass(frozen=True, slots=True)
class SecurityInfos:
    """`signature`: the signature algorithm of active authentication with ECDSA, where one is named.

    `unknown`: identifiers that nothing here reads, as they stand.
    """

    pace: tuple[PaceInfo, ...]
    chip: tuple[ChipInfo, ...]
    keys: tuple[ChipKey, ...]
    signature: str | None
    unknown: tuple[str, ...]

    def key(self, key_id: int | None) -> ChipKey | None:
        """The key with this number; a protocol without a number is for the only key."""
        if key_id is None:
            return self.keys[0] if len(self.keys) == 1 else None
        return next((key for key in self.keys if key.key_id == key_id), None)


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """DG15: the SubjectPublicKeyInfo of active authentication, as DER."""

    info: bytes


def read_security(data: bytes) -> SecurityInfos:
    """DG14. Raises LdsUnreadable."""
    field = lds.group_name(14)
    outer = lds.whole(data, TAGS[14], field)
    try:
        return _infos(outer.only(), field)
    except TlvInvalid as wrong:
        raise lds.misshapen(wrong, field) from None


def read_card_access(data: bytes) -> SecurityInfos:
    """EF.CardAccess. Raises LdsUnreadable."""
    try:
        return _infos(lds.whole(data, tlv.SET, CARD_ACCESS), CARD_ACCESS)
    except TlvInvalid as wrong:
        raise lds.misshapen(wrong, CARD_ACCESS) from None


def read_card_security(data: bytes) -> SecurityInfos:
    """What EF.CardSecurity says; its signature is not looked at here (RFC 5652, 5). Raises LdsUnreadable."""
    field = CARD_SECURITY
    try:
        kind, content, *_ = _parts(lds.whole(data, tlv.SEQUENCE, field), 2)
        if tlv.oid(kind) != _SIGNED_DATA:
            raise LdsUnreadable("lds_value", field, {"found": tlv.oid(kind)})
        signed = _parts(content.expect(0xA0).only(), 4)
        what, wrapped, *_ = _parts(signed[2], 2)
        if tlv.oid(what) != _SECURITY_OBJECT:
            raise LdsUnreadable("lds_value", field, {"found": tlv.oid(what)})
        return _infos(tlv.read(tlv.octets(wrapped.expect(0xA0).only())), field)
    except TlvInvalid as wrong:
        raise lds.misshapen(wrong, field) from None


def read_active_key(data: bytes) -> ActiveKey:
    """DG15. Raises LdsUnreadable."""
    field = lds.group_name(15)
    try:
        info = lds.whole(data, TAGS[15], field).only().expect(tlv.SEQUENCE)
        _parts(info, 2)
    except TlvInvalid as wrong:
        raise lds.misshapen(wrong, field) from None
    return ActiveKey(info.raw)


def _infos(outer: Tlv, field: str) -> SecurityInfos:
    # Some chips write a SEQUENCE where the standard has a SET.
    if outer.tag not in (tlv.SET, tlv.SEQUENCE):
        raise LdsUnreadable("lds_tag", field, {"found": f"{outer.tag:X}", "expected": f"{tlv.SET:X}"})
    members = outer.children()
    if len(members) > MOST_INFOS:
        raise LdsUnreadable("lds_too_long", field, {"found": len(members), "most": MOST_INFOS})
    named: list[tuple[str, list[Tlv], bytes]] = []
    for member in members:
        first, *values = _parts(member, 2)
        named.append((tlv.oid(first), values, member.raw))
    domains = [_domain(name, rest) for name, rest, _ in named if name.startswith(_PACE) and name.count(".") == 9]
    pace: list[PaceInfo] = []
    chip: list[ChipInfo] = []
    keys: list[ChipKey] = []
    unknown: list[str] = []
    signature = None
    for name, rest, raw in named:
        last = name.rpartition(".")[2]
        if name.startswith(_PACE) and name.count(".") == 10:
            pace.append(_pace(name, rest, raw, domains))
        elif name.startswith(_CA) and name.count(".") == 10 and int(last) in range(1, 5):
            chip.append(ChipInfo(name, _SUITES[int(last) - 1], _number(rest, 1)))
        elif name.startswith(_CA_KEY):
            keys.append(_key(rest, raw))
        elif name == _ACTIVE:
            signature = tlv.oid(rest[1]) if len(rest) > 1 else None
        elif not name.startswith(_PACE):
            unknown.append(name)
    return SecurityInfos(tuple(pace), tuple(chip), tuple(keys), signature, tuple(unknown))


def _pace(name: str, rest: list[Tlv], raw: bytes, domains: list[tuple[int | None, Group | None]]) -> PaceInfo:
    kind, cipher = (int(arc) for arc in name.split(".")[-2:])
    if kind not in _MAPPINGS or cipher not in range(1, 5):
        return PaceInfo(name, None, Suite.AES128, None, None, raw)
    parameter = _number(rest, 1)
    group: Group | None = None
    own = [found for number, found in domains if number in (None, parameter)]
    try:
        group = own[0] if own else None if parameter is None else standard(parameter)
    except GroupInvalid:
        group = None
    return PaceInfo(name, _MAPPINGS[kind], _SUITES[cipher - 1], parameter, group, raw)


def _domain(name: str, rest: list[Tlv]) -> tuple[int | None, Group | None]:
    """PACEDomainParameterInfo: parameters with the number that a PACEInfo calls them by."""
    try:
        return _number(rest, 1), read_parameters(rest[0])
    except GroupInvalid:
        return _number(rest, 1), None


def _key(rest: list[Tlv], raw: bytes) -> ChipKey:
    try:
        group, public = read_public(rest[0])
    except GroupInvalid as wrong:
        return ChipKey(_number(rest, 1), None, b"", wrong.code, raw)
    return ChipKey(_number(rest, 1), group, public, "", raw)


def _number(rest: list[Tlv], place: int) -> int | None:
    return tlv.natural(rest[place], 8) if len(rest) > place else None


def _parts(parent: Tlv, least: int) -> list[Tlv]:
    found = parent.expect(tlv.SEQUENCE).children()
    if len(found) < least:
        raise TlvInvalid("tlv_cut", parent.start, f"{len(found)} of {least}")
    return found


# By the arc after id-PACE: with numbers modulo a prime (1, 3) or on a curve (2, 4, 6).
_MAPPINGS: Final = {
    1: Mapping.GENERIC,
    2: Mapping.GENERIC,
    3: Mapping.INTEGRATED,
    4: Mapping.INTEGRATED,
    6: Mapping.CHIP_AUTHENTICATION,
}
