"""Secure messaging with a chip (ICAO Doc 9303-11, 9.8): commands and answers enciphered, numbered, authenticated."""

import hmac

from jiwar.documents.logic.apdu import EXTENDED_MAX, SHORT_MAX, CardFault, Command, Response, read_response
from jiwar.documents.logic.chip_ciphers import FOR_ENCRYPTION, FOR_MAC, Suite

_DATA, _DATA_ODD, _EXPECTED, _STATUS, _MAC = 0x87, 0x85, 0x97, 0x99, 0x8E


class Session:
    """The keys of one session and the number of its last message. One answer that is wrong ends it (9.8.1)."""

    def __init__(self, suite: Suite, encryption: bytes, mac: bytes, counter: int = 0) -> None:
        self.suite = suite
        self._encryption = encryption
        self._mac = mac
        self._counter = counter

    @classmethod
    def of_secret(cls, suite: Suite, secret: bytes, counter: int = 0) -> "Session":
        return cls(suite, suite.derive(secret, FOR_ENCRYPTION), suite.derive(secret, FOR_MAC), counter)

    def protect(self, command: Command) -> bytes:
        """The command as it is sent (9.8.2)."""
        self._count()
        header = bytes((command.cla | 0x0C, command.ins, command.p1, command.p2))
        body = b""
        if command.data:
            enciphered = self.suite.encrypt(self._encryption, self.suite.pad(command.data), self._start())
            odd = command.ins % 2
            body = _object(_DATA_ODD, enciphered) if odd else _object(_DATA, b"\x01" + enciphered)
        if command.expected is not None:
            size = 1 if command.expected <= SHORT_MAX and len(command.data) <= 255 else 2
            body += _object(_EXPECTED, (command.expected % 256**size).to_bytes(size, "big"))
        # Without a body the header alone is authenticated, padded once and not twice (9.8.5).
        authenticated = self.suite.pad(header) + body if body else header
        body += _object(_MAC, self._code(authenticated))
        # The protected answer is longer than the plain one: as many bytes as the form of the command can ask for.
        extended = (command.expected or 0) > SHORT_MAX or len(body) > 255
        most = EXTENDED_MAX if extended else SHORT_MAX
        return Command(command.cla | 0x0C, command.ins, command.p1, command.p2, body, most).encode()

    def open(self, raw: bytes) -> Response:
        """The answer to the command before, opened. Raises CardFault: ``answer_unprotected``, ``answer_forged``."""
        self._count()
        response = read_response(raw)
        objects = _objects(response.data)
        code = objects.pop(_MAC, None)
        if code is None:
            raise CardFault("answer_unprotected", "response", {"status": f"{response.status:04X}"})
        authenticated = response.data[: len(response.data) - 2 - len(code)]
        if not hmac.compare_digest(code, self._code(authenticated)):
            raise CardFault("answer_forged", "response")
        status = objects.get(_STATUS, b"")
        if len(status) != 2:
            raise CardFault("answer_forged", "status")
        return Response(self._plain(objects), int.from_bytes(status, "big"))

    def _plain(self, objects: dict[int, bytes]) -> bytes:
        enciphered = objects.get(_DATA_ODD)
        if (marked := objects.get(_DATA)) is not None:
            if marked[:1] != b"\x01":
                raise CardFault("answer_forged", "padding")
            enciphered = marked[1:]
        if enciphered is None:
            return b""
        try:
            return self.suite.unpad(self.suite.decrypt(self._encryption, enciphered, self._start()))
        except ValueError:
            raise CardFault("answer_forged", "padding") from None

    def _count(self) -> None:
        self._counter = (self._counter + 1) % 256**self.suite.block

    def _start(self) -> bytes:
        """The start of a chain: zero with triple DES, the enciphered counter with AES (9.8.6.1)."""
        if self.suite is Suite.DES3:
            return bytes(8)
        return self.suite.encrypt(self._encryption, self._counter.to_bytes(16, "big"))

    def _code(self, data: bytes) -> bytes:
        counted = self._counter.to_bytes(self.suite.block, "big") + data
        # The retail MAC pads by itself; CMAC takes what is padded here (9.8.6.2).
        return self.suite.mac(self._mac, counted if self.suite is Suite.DES3 else self.suite.pad(counted))


def _object(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(long))) + long + value


def _objects(data: bytes) -> dict[int, bytes]:
    """The data objects of an answer, the MAC last and each but once. Raises CardFault (``answer_forged``)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        tag, size, at = data[at], int.from_bytes(data[at + 1 : at + 2], "big"), at + 2
        if size > 0x80:
            long = size & 0x7F
            size, at = int.from_bytes(data[at : at + long], "big"), at + long
        value = data[at : at + size]
        known = tag in (_DATA, _DATA_ODD, _STATUS, _MAC)
        if not known or tag in found or _MAC in found or len(value) != size or at > len(data):
            raise CardFault("answer_forged", "response")
        found[tag] = value
        at += size
    return found
