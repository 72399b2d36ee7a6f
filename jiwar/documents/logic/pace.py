"""Password authenticated connection establishment (ICAO Doc 9303-11, 4.4), with its three ways to map a nonce."""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from jiwar.documents.logic import tlv
from jiwar.documents.logic.apdu import EXTENDED_MAX, SHORT_MAX, Card, CardFault, Command, Response, read_response
from jiwar.documents.logic.chip_access import Password
from jiwar.documents.logic.chip_ciphers import FOR_ENCRYPTION, FOR_MAC, FOR_PASSWORD, Suite
from jiwar.documents.logic.chip_groups import CurveGroup, Group, GroupInvalid
from jiwar.documents.logic.chip_transcripts import Mapped
from jiwar.documents.logic.lds_security import Mapping, PaceInfo
from jiwar.documents.logic.secure_messaging import Session
from jiwar.documents.logic.tlv import TlvInvalid

_DYNAMIC, _PUBLIC_KEY = 0x7C, 0x7F49
_NONCE, _MAP, _MAPPED, _KEY, _KEY_BACK, _TOKEN, _TOKEN_BACK, _CHIP = 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x8A
_PREFERENCE = (Mapping.INTEGRATED, Mapping.GENERIC, Mapping.CHIP_AUTHENTICATION)
"""The last is taken first."""
# The constants of the pseudo-random function (4.4.3.3.2, for nonces of 128 and of 256 bits).
_CONSTANTS: Final = {
    16: ("a668892a7c41e3ca739f40b057d85904", "a4e136ac725f738b01c1f60217c188ad"),
    32: (
        "d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676",
        "54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517",
    ),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and with chip authentication mapping what proves the chip's own key."""

    session: Session
    mapped: Mapped | None


def best(offered: Iterable[PaceInfo]) -> PaceInfo | None:
    """The way of PACE to take: chip authentication mapping, generic, integrated; then the longer key. Else None."""
    usable = [info for info in offered if info.mapping is not None and info.group is not None]
    return max(usable, key=_rank, default=None)


def _rank(info: PaceInfo) -> tuple[int, int, int]:
    return _PREFERENCE.index(info.mapping or Mapping.INTEGRATED), info.suite.block, info.suite.key


def open_pace(
    card: Card, info: PaceInfo, password: Password, entropy: Callable[[int], bytes], *, say_parameter: bool = False
) -> Opened:
    """A session by this way of PACE. `say_parameter`: the chip has it with several parameters. Raises CardFault."""
    if info.group is None or info.mapping is None:
        raise CardFault("not_offered", "PACE")
    try:
        return _open(card, info, info.group, password, entropy, say_parameter=say_parameter)
    except GroupInvalid as wrong:
        raise CardFault("key_invalid", "PACE", {"found": wrong.found}) from None


def _open(
    card: Card,
    info: PaceInfo,
    group: Group,
    password: Password,
    entropy: Callable[[int], bytes],
    *,
    say_parameter: bool,
) -> Opened:
    name = tlv.write_oid(info.protocol)[2:]
    chosen = tlv.write(_NONCE, name) + tlv.write(_KEY, bytes((password.reference,)))
    if say_parameter and info.parameter is not None:
        chosen += tlv.write(_KEY_BACK, bytes((info.parameter,)))
    _ask(card, Command(0x00, 0x22, 0xC1, 0xA4, chosen))
    suite = info.suite
    enciphered = _step(card, b"", _NONCE)
    if not enciphered or len(enciphered) % suite.block:
        raise CardFault("answer_forged", "PACE", {"found": len(enciphered)})
    nonce = suite.decrypt(suite.derive(password.secret, FOR_PASSWORD), enciphered)
    mapping_key = b""
    if info.mapping is Mapping.INTEGRATED:
        own = entropy(suite.key)
        _step(card, tlv.write(_MAP, own), _MAPPED, empty=True)
        mapped = group.encoded(pseudo_random(suite, nonce, own, group.modulus))
    else:
        secret = group.secret(entropy)
        mapping_key = _step(card, tlv.write(_MAP, group.public(secret)), _MAPPED)
        mapped = group.mapped(int.from_bytes(nonce, "big"), secret, mapping_key)
    secret = mapped.secret(entropy)
    own = mapped.public(secret)
    other = _step(card, tlv.write(_KEY, own), _KEY_BACK)
    if other == own:
        raise CardFault("key_invalid", "PACE", {"found": "its own key again"})
    shared = mapped.agree(secret, other)
    encryption, mac = suite.derive(shared, FOR_ENCRYPTION), suite.derive(shared, FOR_MAC)
    objects = _last(card, tlv.write(_TOKEN, token(suite, mac, name, mapped, other)))
    if not hmac.compare_digest(objects.get(_TOKEN_BACK, b""), token(suite, mac, name, mapped, own)):
        raise CardFault("token_wrong", "PACE")
    proof = None
    if info.mapping is Mapping.CHIP_AUTHENTICATION:
        proof = Mapped(info.parameter or 0, mapping_key, _chip_data(suite, encryption, objects.get(_CHIP, b"")))
    return Opened(Session(suite, encryption, mac), proof)


def pseudo_random(suite: Suite, nonce: bytes, other: bytes, modulus: int) -> int:
    """A number of the field from the nonces of both sides (4.4.3.3.2). Raises CardFault (``answer_forged``)."""
    if len(nonce) not in _CONSTANTS or len(nonce) < suite.key:
        raise CardFault("answer_forged", "PACE", {"found": len(nonce)})
    next_key, output = (bytes.fromhex(constant) for constant in _CONSTANTS[len(nonce)])
    key, found = suite.encrypt(other, nonce)[: suite.key], b""
    while 8 * len(found) < modulus.bit_length() + 64:
        found += suite.encrypt(key, output)
        key = suite.encrypt(key, next_key)[: suite.key]
    return int.from_bytes(found, "big") % modulus


def token(suite: Suite, mac: bytes, name: bytes, group: Group, public: bytes) -> bytes:
    """The authentication token over the other side's public key (4.4.3.4)."""
    kind = _TOKEN_BACK if isinstance(group, CurveGroup) else _KEY_BACK
    return suite.mac(mac, tlv.write(_PUBLIC_KEY, tlv.write(tlv.OID, name), tlv.write(kind, public)))


def _chip_data(suite: Suite, encryption: bytes, enciphered: bytes) -> bytes:
    """CA_IC (4.4.3.5): enciphered under the session's key, the chain begun with a block of ones enciphered."""
    try:
        start = suite.encrypt(encryption, b"\xff" * suite.block)
        return suite.unpad(suite.decrypt(encryption, enciphered, start))
    except ValueError:
        raise CardFault("answer_forged", "PACE", {"found": len(enciphered)}) from None


def _step(card: Card, data: bytes, tag: int, *, empty: bool = False) -> bytes:
    """One GENERAL AUTHENTICATE of the chain (4.4.4.2): what the chip gives back under the tag. `empty`: nothing may."""
    # A key modulo a prime of 2,048 bits is longer than a short answer.
    expected = SHORT_MAX if len(data) < SHORT_MAX else EXTENDED_MAX
    response = _ask(card, Command(0x10, 0x86, 0x00, 0x00, tlv.write(_DYNAMIC, data), expected))
    found = _dynamic(response).get(tag, b"")
    if not (found or empty):
        raise CardFault("answer_forged", "PACE", {"tag": f"{tag:02X}"})
    return found


def _last(card: Card, data: bytes) -> dict[int, bytes]:
    return _dynamic(_ask(card, Command(0x00, 0x86, 0x00, 0x00, tlv.write(_DYNAMIC, data), SHORT_MAX)))


def _dynamic(response: Response) -> dict[int, bytes]:
    try:
        return {part.tag: part.content for part in tlv.read(response.data).expect(_DYNAMIC).children()}
    except TlvInvalid as wrong:
        raise CardFault("answer_forged", "PACE", {"found": wrong.code}) from None


def _ask(card: Card, command: Command) -> Response:
    response = read_response(card.transmit(command.encode()))
    if not response.ok:
        code = "password_refused" if response.status >> 8 == 0x63 else "status_wrong"
        raise CardFault(code, "PACE", {"status": f"{response.status:04X}"})
    return response
