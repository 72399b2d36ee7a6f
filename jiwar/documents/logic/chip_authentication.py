"""Chip authentication (ICAO Doc 9303-11, 6.2; BSI TR-03110-1, 3.4): a secret agreed with the chip's own key.

A chip that holds the key answers under the new session; a copy does not. `verify_authenticated` makes that answer
again from a transcript, `verify_mapped` does so for PACE with chip authentication mapping.
"""

from collections.abc import Callable, Iterable
from typing import Final

from jiwar.documents.logic import tlv
from jiwar.documents.logic.apdu import SHORT_MAX, CardFault, Command, Response
from jiwar.documents.logic.chip_ciphers import Suite
from jiwar.documents.logic.chip_groups import CurveGroup, Group, GroupInvalid
from jiwar.documents.logic.chip_transcripts import Authenticated, Mapped
from jiwar.documents.logic.lds_security import ChipInfo, ChipKey, SecurityInfos
from jiwar.documents.logic.pki import SignatureWrong
from jiwar.documents.logic.secure_messaging import Session

PROOF: Final = Command(0x00, 0xA4, 0x02, 0x0C, b"\x01\x0e")
"""The first command of the new session: SELECT EF.DG14."""


def usable(infos: SecurityInfos) -> tuple[ChipInfo, ChipKey] | None:
    """The protocol with the longest key whose static key is known. Chips that name no protocol mean triple DES."""
    found = [(info, key) for info in infos.chip if (key := infos.key(info.key_id)) and key.group is not None]
    if not infos.chip and infos.keys and isinstance(infos.keys[0].group, CurveGroup):
        found = [(ChipInfo("0.4.0.127.0.7.2.2.3.2.1", Suite.DES3, infos.keys[0].key_id), infos.keys[0])]
    return max(found, key=lambda pair: (pair[0].suite.block, pair[0].suite.key), default=None)


def authenticate(
    send: Callable[[Command], Response], info: ChipInfo, key: ChipKey, entropy: Callable[[int], bytes]
) -> tuple[Session, bytes]:
    """The new session and the terminal's private key. Raises CardFault; what proves the chip is the next answer."""
    if key.group is None:
        raise CardFault("not_offered", "chip_authentication")
    try:
        secret = key.group.secret(entropy)
        shared = key.group.agree(secret, key.public)
    except GroupInvalid as wrong:
        raise CardFault("key_invalid", "chip_authentication", {"found": wrong.found}) from None
    for command in _commands(info, key.group.public(secret), key.key_id):
        response = send(command)
        if not response.ok:
            raise CardFault("status_wrong", "chip_authentication", {"status": f"{response.status:04X}"})
    return Session.of_secret(info.suite, shared), secret.to_bytes((secret.bit_length() + 7) // 8, "big")


def verify_authenticated(infos: SecurityInfos, transcript: Authenticated) -> None:
    """The answer was made with the key that DG14 has. Raises SignatureWrong."""
    info = next((one for one in infos.chip if one.protocol == transcript.protocol), None)
    key = infos.key(transcript.key_id)
    if info is None and (implied := usable(infos)) and implied[0].protocol == transcript.protocol:
        info, key = implied
    if info is None or key is None or key.group is None:
        raise SignatureWrong("key_mismatch", transcript.protocol)
    try:
        shared = key.group.agree(int.from_bytes(transcript.secret, "big"), key.public)
    except GroupInvalid as wrong:
        raise SignatureWrong("key_mismatch", wrong.found) from None
    session = Session.of_secret(info.suite, shared)
    session.protect(PROOF)
    try:
        session.open(transcript.answer)
    except CardFault as wrong:
        raise SignatureWrong("signature_wrong", wrong.code) from None


def verify_mapped(keys: Iterable[ChipKey], group: Group, transcript: Mapped) -> ChipKey:
    """The static key with which the chip made its key of the mapping (9303-11, 4.4.3.5). Raises SignatureWrong."""
    factor = int.from_bytes(transcript.data, "big")
    for key in keys:
        if not isinstance(group, CurveGroup) or key.group != group:
            continue
        try:
            if factor and group.times(factor, key.public) == transcript.public:
                return key
        except GroupInvalid:
            continue
    raise SignatureWrong("signature_wrong", "mapping")


def _commands(info: ChipInfo, public: bytes, key_id: int | None) -> list[Command]:
    """One MSE:Set KAT with triple DES; MSE:Set AT and GENERAL AUTHENTICATE with AES (6.2.4)."""
    number = b"" if key_id is None else tlv.write(0x84, key_id.to_bytes((key_id.bit_length() + 7) // 8 or 1, "big"))
    if info.suite is Suite.DES3:
        return [Command(0x00, 0x22, 0x41, 0xA6, tlv.write(0x91, public) + number)]
    chosen = tlv.write(0x80, tlv.write_oid(info.protocol)[2:]) + number
    return [
        Command(0x00, 0x22, 0x41, 0xA4, chosen),
        Command(0x00, 0x86, 0x00, 0x00, tlv.write(0x7C, tlv.write(0x80, public)), SHORT_MAX),
    ]
