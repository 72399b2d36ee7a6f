"""A chip of our own writing: it answers APDUs as Doc 9303-11 has it, and can be made to misbehave.

It shares with the reader the ciphers and the groups, which the standard's worked examples hold in place, and nothing
of the protocols.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from jiwar.documents.logic import tlv
from jiwar.documents.logic.apdu import CardFault
from jiwar.documents.logic.chip_ciphers import FOR_ENCRYPTION, FOR_MAC, FOR_PASSWORD, Suite
from jiwar.documents.logic.chip_groups import CurveGroup, Group
from jiwar.documents.logic.lds_security import Mapping, PaceInfo, read_card_access
from jiwar.documents.logic.pace import pseudo_random

OK, NOT_FOUND, DENIED, WRONG_DATA, WRONG_LENGTH = 0x9000, 0x6A82, 0x6982, 0x6A80, 0x6700
FILE_IDS = {"EF.COM": 0x011E, "EF.SOD": 0x011D, **{f"EF.DG{number}": 0x0100 + number for number in range(1, 17)}}
MASTER_IDS = {"EF.CardAccess": 0x011C, "EF.CardSecurity": 0x011D, "EF.ATR/INFO": 0x2F01}
INFORMATION = bytes.fromhex("7F660802020400020204004303010203")
"""EF.ATR/INFO: commands and answers of up to 1,024 bytes, and a thing of no matter."""


@dataclass
class Chip:
    """What is on it. `passwords` by reference (1 zone, 2 card); `keys` of chip authentication by key id."""

    files: dict[str, bytes]
    passwords: dict[int, bytes]
    bac: bool = True
    keys: dict[int | None, tuple[Group, int]] = field(default_factory=dict)
    active: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None
    trailer: tuple[bytes, str] = (b"\xbc", "sha1")
    most: int = 256
    extended: bool = False
    informs: bool = False
    bare: bool = False
    """Refuses outside of secure messaging, and ends the session with it."""


class VirtualCard:
    """The chip in a field. `tamper(count, answer)` may change an answer on its way, or raise CardFault."""

    def __init__(self, chip: Chip, tamper: Callable[[int, bytes], bytes] = lambda _, answer: answer) -> None:
        self.chip, self.tamper = chip, tamper
        self.count = self.resets = 0
        self.commands: list[str] = []
        self._clear()

    def _clear(self) -> None:
        self.application = self.inside = False
        self.room = 256
        self.selected: bytes | None = None
        self.session: _Session | None = None
        self.fresh: _Session | None = None
        self.challenge = b""
        self.pace: _Pace | None = None
        self.chosen: tuple[Suite, int | None] | None = None

    def reset(self) -> None:
        self.resets += 1
        self._clear()

    def transmit(self, apdu: bytes) -> bytes:
        self.count += 1
        return self.tamper(self.count, self._answer(apdu))

    def _answer(self, apdu: bytes) -> bytes:
        extended, data, expected = _parse(apdu)
        if extended and not self.chip.extended:
            self.session = None
            return WRONG_LENGTH.to_bytes(2, "big")
        session = self.session
        if session is None or not apdu[0] & 0x0C:
            self.session = None
            self.commands.append(apdu[:4].hex())
            answer, status = self._do(apdu[:4], data, expected)
            return answer[: 65536 if extended else self.chip.most] + status.to_bytes(2, "big")
        plain = session.opened(apdu[:4], data)
        if plain is None:
            self.session = None
            return (0x6988).to_bytes(2, "big")
        self.commands.append(bytes((apdu[0] & 0xF3, *apdu[1:4])).hex())
        self.room = 1_024 - 40 if extended else self.chip.most - 40
        answer, status = self._do(bytes((apdu[0] & 0xF3, *apdu[1:4])), *plain)
        if self.chip.bare and status not in (OK, 0x6282):
            self.session = self.fresh = None
            return status.to_bytes(2, "big")
        sent = session.closed(answer, status, odd=apdu[1] % 2 == 1)
        if self.fresh is not None:
            self.session, self.fresh = self.fresh, None
        return sent

    def _do(self, header: bytes, data: bytes, expected: int) -> tuple[bytes, int]:
        match header[1]:
            case 0xA4:
                return b"", self._select(header[2], data)
            case 0xB0 | 0xB1:
                return self._binary(header, data, expected)
            case 0x84 if self.application and self.chip.bac:
                self.challenge = secrets.token_bytes(8)
                return self.challenge, OK
            case 0x82 if self.challenge:
                return self._mutual(data)
            case 0x22:
                return b"", self._environment(header[2:], data)
            case 0x86:
                return self._general(data)
            case 0x88 if self.inside and self.chip.active is not None:
                return sign(self.chip.active, data, self.chip.trailer), OK
        return b"", 0x6D00

    # Files ------------------------------------------------------------------------------------------------------------

    def _select(self, by: int, data: bytes) -> int:
        if by == 0x04:
            self.application = True
            self.inside = self.session is not None
            return OK if data.hex() == "a0000002471001" else NOT_FOUND
        if by == 0x00:
            self.application = False
            return OK
        ids = FILE_IDS if self.application else MASTER_IDS
        name = next((name for name, number in ids.items() if number == int.from_bytes(data, "big")), "")
        if name == "EF.ATR/INFO" and self.chip.informs:
            self.selected = INFORMATION
            return OK
        if name not in self.chip.files:
            return NOT_FOUND
        if (self.application or name == "EF.CardSecurity") and self.session is None:
            return DENIED
        self.selected = self.chip.files[name]
        return OK

    def _binary(self, header: bytes, data: bytes, expected: int) -> tuple[bytes, int]:
        if self.selected is None:
            return b"", 0x6986
        if header[1] == 0xB0:
            at = int.from_bytes(header[2:], "big")
            if at >= 0x8000:
                return b"", 0x6B00
        else:
            at = int.from_bytes(tlv.read(data).expect(0x54).content, "big")
            expected -= 4
        found = self.selected[at : at + expected]
        if not found:
            return b"", 0x6B00
        status = OK if len(found) == expected else 0x6282
        found = found[: self.room]
        return (tlv.write(0x53, found) if header[1] == 0xB1 else found), status

    # Basic access control ---------------------------------------------------------------------------------------------

    def _mutual(self, data: bytes) -> tuple[bytes, int]:
        seed = self.chip.passwords[1][:16]
        enc, mac = (Suite.DES3.derive(seed, purpose) for purpose in (FOR_ENCRYPTION, FOR_MAC))
        if len(data) != 40 or Suite.DES3.mac(mac, data[:32]) != data[32:]:
            return b"", 0x6300
        plain = Suite.DES3.decrypt(enc, data[:32])
        theirs, echoed, key = plain[:8], plain[8:16], plain[16:]
        if echoed != self.challenge:
            return b"", 0x6300
        own = secrets.token_bytes(16)
        answer = Suite.DES3.encrypt(enc, self.challenge + theirs + own)
        shared = bytes(one ^ other for one, other in zip(own, key, strict=True))
        self.session = _Session(Suite.DES3, shared, int.from_bytes(self.challenge[4:] + theirs[4:], "big"))
        self.inside, self.challenge = True, b""
        return answer + Suite.DES3.mac(mac, answer), OK

    # PACE and chip authentication -------------------------------------------------------------------------------------

    def _environment(self, parameters: bytes, data: bytes) -> int:
        parts = {part.tag: part.content for part in tlv.read(tlv.write(0x30, data)).children()}
        if parameters == b"\xc1\xa4":
            name = tlv.dotted(parts[0x80])
            offered = read_card_access(self.chip.files["EF.CardAccess"]).pace
            found = [
                info
                for info in offered
                if info.protocol == name and parts.get(0x84) in (None, bytes((info.parameter or 0,)))
            ]
            if not found or parts[0x83][0] not in self.chip.passwords:
                return WRONG_DATA
            self.pace = _Pace(self.chip, found[0], self.chip.passwords[parts[0x83][0]])
            return OK
        key_id = int.from_bytes(parts[0x84], "big") if 0x84 in parts else None
        if key_id not in self.chip.keys:
            return WRONG_DATA
        if parameters == b"\x41\xa6":
            self._renew(Suite.DES3, key_id, parts[0x91])
        elif parameters == b"\x41\xa4":
            last = int(tlv.dotted(parts[0x80]).rpartition(".")[2])
            self.chosen = ((Suite.DES3, Suite.AES128, Suite.AES192, Suite.AES256)[last - 1], key_id)
        return OK

    def _renew(self, suite: Suite, key_id: int | None, public: bytes) -> None:
        group, secret = self.chip.keys[key_id]
        self.fresh = _Session(suite, group.agree(secret, public), 0)

    def _general(self, data: bytes) -> tuple[bytes, int]:
        parts = {part.tag: part.content for part in tlv.read(data).expect(0x7C).children()}
        if self.chosen is not None:
            self._renew(*self.chosen, parts[0x80])
            self.chosen = None
            return tlv.write(0x7C), OK
        if self.pace is None:
            return b"", WRONG_DATA
        answer = self.pace.step(parts)
        if answer is None:
            self.pace = None
            return b"", 0x6300
        if self.pace.session is not None:
            self.session, self.pace = self.pace.session, None
            return tlv.write(0x7C, answer), OK
        return tlv.write(0x7C, answer), OK


class _Pace:
    """The chip's side of one run."""

    def __init__(self, chip: Chip, info: PaceInfo, password: bytes) -> None:
        assert info.group is not None
        self.chip, self.info, self.group = chip, info, info.group
        self.key = info.suite.derive(password, FOR_PASSWORD)
        # As long as the key, in whole blocks of the pseudo-random function.
        self.nonce = secrets.token_bytes(32 if info.suite.key > 16 and info.mapping is Mapping.INTEGRATED else 16)
        self.map_secret = self.group.secret(secrets.token_bytes)
        self.session: _Session | None = None
        self.secret = 0
        self.theirs = self.own = b""

    def step(self, parts: dict[int, bytes]) -> bytes | None:
        suite = self.info.suite
        if not parts:
            return tlv.write(0x80, suite.encrypt(self.key, self.nonce))
        if 0x81 in parts and self.info.mapping is Mapping.INTEGRATED:
            self.mapped = self.group.encoded(pseudo_random(suite, self.nonce, parts[0x81], self.group.modulus))
            return tlv.write(0x82)
        if 0x81 in parts:
            own = self.group.public(self.map_secret)
            self.mapped = self.group.mapped(int.from_bytes(self.nonce, "big"), self.map_secret, parts[0x81])
            return tlv.write(0x82, own)
        if 0x83 in parts:
            self.secret = self.mapped.secret(secrets.token_bytes)
            self.own, self.theirs = self.mapped.public(self.secret), parts[0x83]
            return tlv.write(0x84, self.own)
        shared = self.mapped.agree(self.secret, self.theirs)
        enc, mac = suite.derive(shared, FOR_ENCRYPTION), suite.derive(shared, FOR_MAC)
        if parts.get(0x85) != self._token(mac, self.own):
            return None
        self.session = _Session(suite, shared, 0)
        answer = tlv.write(0x86, self._token(mac, self.theirs))
        if self.info.mapping is Mapping.CHIP_AUTHENTICATION:
            answer += tlv.write(0x8A, self._proof(enc))
        return answer

    def _token(self, mac: bytes, public: bytes) -> bytes:
        kind = 0x86 if isinstance(self.group, CurveGroup) else 0x84
        return self.info.suite.mac(mac, tlv.write(0x7F49, tlv.write_oid(self.info.protocol), tlv.write(kind, public)))

    def _proof(self, enc: bytes) -> bytes:
        group, secret = next(pair for pair in self.chip.keys.values() if pair[0] == self.group)
        assert isinstance(group, CurveGroup)
        factor = pow(secret, -1, group.curve.n) * self.map_secret % group.curve.n
        suite = self.info.suite
        data = suite.pad(factor.to_bytes((group.curve.n.bit_length() + 7) // 8, "big"))
        return suite.encrypt(enc, data, suite.encrypt(enc, b"\xff" * suite.block))


class _Session:
    """Secure messaging from the chip's side."""

    def __init__(self, suite: Suite, shared: bytes, counter: int) -> None:
        self.suite, self.counter = suite, counter
        self.enc, self.mac = suite.derive(shared, FOR_ENCRYPTION), suite.derive(shared, FOR_MAC)

    def _tick(self) -> bytes:
        self.counter += 1
        return self.counter.to_bytes(self.suite.block, "big")

    def _start(self) -> bytes:
        if self.suite is Suite.DES3:
            return bytes(8)
        return self.suite.encrypt(self.enc, self.counter.to_bytes(16, "big"))

    def _code(self, data: bytes) -> bytes:
        return self.suite.mac(self.mac, data if self.suite is Suite.DES3 else self.suite.pad(data))

    def opened(self, header: bytes, data: bytes) -> tuple[bytes, int] | None:
        counted = self._tick()
        parts = tlv.read(tlv.write(0x30, data)).children()
        values = {part.tag: part.content for part in parts}
        body = b"".join(part.raw for part in parts if part.tag != 0x8E)
        padded = self.suite.pad(header) + body if body else header
        if values.get(0x8E) != self._code(counted + padded):
            return None
        enciphered = values[0x87][1:] if 0x87 in values else values.get(0x85, b"")
        plain = self.suite.unpad(self.suite.decrypt(self.enc, enciphered, self._start())) if enciphered else b""
        expected = values.get(0x97)
        return plain, 0 if expected is None else int.from_bytes(expected, "big") or 256 ** len(expected)

    def closed(self, data: bytes, status: int, *, odd: bool) -> bytes:
        counted = self._tick()
        body = b""
        if data:
            enciphered = self.suite.encrypt(self.enc, self.suite.pad(data), self._start())
            body = tlv.write(0x85, enciphered) if odd else tlv.write(0x87, b"\x01" + enciphered)
        body += tlv.write(0x99, status.to_bytes(2, "big"))
        return body + tlv.write(0x8E, self._code(counted + body)) + status.to_bytes(2, "big")


def sign(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, challenge: bytes, trailer: tuple[bytes, str]) -> bytes:
    """Active authentication: ISO/IEC 9796-2 scheme 1 with this trailer and hash, or plain ECDSA with the hash."""
    ending, name = trailer
    if isinstance(key, ec.EllipticCurvePrivateKey):
        chosen = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}[name]
        size = (key.key_size + 7) // 8
        return b"".join(n.to_bytes(size, "big") for n in decode_dss_signature(key.sign(challenge, ec.ECDSA(chosen()))))
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    size = (n.bit_length() + 7) // 8
    told = secrets.token_bytes(size - 1 - hashlib.new(name).digest_size - len(ending))
    message = b"\x6a" + told + hashlib.new(name, told + challenge).digest() + ending
    opened = pow(int.from_bytes(message, "big"), numbers.d, n)
    return min(opened, n - opened).to_bytes(size, "big")


def _parse(apdu: bytes) -> tuple[bool, bytes, int]:
    """Whether it is of extended length, its data, and how much it asks for (ISO/IEC 7816-4, 5.2)."""
    body = apdu[4:]
    if not body:
        return False, b"", 0
    if len(body) == 1:
        return False, b"", body[0] or 256
    if body[0] or len(body) == 2:
        size = body[0]
        rest = body[1 + size :]
        assert len(rest) <= 1, apdu.hex()
        return False, body[1 : 1 + size], (rest[0] or 256) if rest else 0
    if len(body) == 3:
        return True, b"", int.from_bytes(body[1:], "big") or 65536
    size = int.from_bytes(body[1:3], "big")
    rest = body[3 + size :]
    assert len(rest) in (0, 2), apdu.hex()
    return True, body[3 : 3 + size], (int.from_bytes(rest, "big") or 65536) if rest else 0


def gone(at: int) -> Callable[[int, bytes], bytes]:
    """The chip leaves the field once, at this answer."""

    def tamper(count: int, answer: bytes) -> bytes:
        if count == at:
            raise CardFault("card_gone", "reader")
        return answer

    return tamper
