"""Read a chip through a port: open it, prove that it is itself, take its files (ICAO Doc 9303-10 and -11).

No way in is weaker than the best that the chip offers: where EF.CardAccess offers PACE and PACE fails, basic access
control is tried only where the policy says so, and both attempts stand in the reading. Nothing is judged here; the
checks judge what was read, as they do before a judge who has no chip.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from jiwar.documents.logic import active_authentication, chip_authentication, lds_files, tlv
from jiwar.documents.logic.apdu import EXTENDED_MAX, SHORT_MAX, Card, CardFault, Command, Response, read_response
from jiwar.documents.logic.bac import open_bac
from jiwar.documents.logic.chip_access import ZONE_PASSWORD, Password
from jiwar.documents.logic.chip_transcripts import Active, Attempt, Authenticated, Mapped, Reading
from jiwar.documents.logic.lds_files import CARD_ACCESS, CARD_SECURITY, COM, MOST_BYTES, SOD, LdsUnreadable
from jiwar.documents.logic.lds_security import ChipInfo, ChipKey, SecurityInfos, read_card_access, read_security
from jiwar.documents.logic.pace import best, open_pace
from jiwar.documents.logic.secure_messaging import Session
from jiwar.documents.logic.tlv import TlvInvalid

APPLICATION: Final = bytes.fromhex("A0000002471001")
INFORMATION: Final = b"\x2f\x01"
"""EF.ATR/INFO."""
SHORT_READ: Final = 0xDF
"""As much as a protected answer of 256 bytes holds."""
EXTENDED_READ: Final = 0x0FFF
FIRST_READ: Final = 8
"""Tag and length of a file, and a little."""
ALWAYS: Final = (14, 1, 2, 15)
"""Groups that are asked for whatever EF.COM says, for nobody signed it: a copy may leave out the key it has not."""
RESTRICTED: Final = frozenset({3, 4})
"""Fingerprints and irises open to terminals with certificates of the issuing state alone."""
_FILES: Final = {
    CARD_ACCESS: 0x011C,
    CARD_SECURITY: 0x011D,
    COM: 0x011E,
    SOD: 0x011D,
    **{lds_files.group_name(number): 0x0100 + number for number in lds_files.TAGS},
}
_UNPROTECTED: Final = "unprotected"
"""What a file or a proof was refused with outside of secure messaging: it ends the session, and proves nothing."""
_WRONG_LENGTH: Final = "6700"
_LOST: Final = frozenset({"card_gone", "answer_short", "answer_long", "answer_unprotected", "answer_forged"})
"""What ends a session; a new one may do better."""


@dataclass(frozen=True, slots=True)
class ReadingPolicy:
    """`bac_after_pace`: basic access control may be tried where PACE is offered and fails. `extended`: the reader takes
    commands of extended length, which are sent to chips that say in EF.ATR/INFO that they take them. `groups`: more
    groups to read than EF.COM names; `without`: groups to leave unread (portraits, where a purpose does not need them).
    `retries`: how often a lost session is opened anew.
    """

    bac_after_pace: bool = False
    extended: bool = True
    groups: tuple[int, ...] = ()
    without: frozenset[int] = RESTRICTED
    retries: int = 2


@dataclass(slots=True)
class _State:
    """What has been read so far: it outlives a lost session."""

    files: dict[str, bytes] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    active: Active | None = None
    authenticated: Authenticated | None = None
    mapped: Mapped | None = None

    @property
    def known(self) -> int:
        return len(self.files) + len(self.refused.keys() - {"reading"})


class NotOpened(Exception):
    """No way into the chip; `reading` holds the attempts and EF.CardAccess."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(", ".join(f"{one.way} {one.code}" for one in reading.attempts))
        self.reading = reading


def read_chip(card: Card, password: Password, policy: ReadingPolicy, entropy: Callable[[int], bytes]) -> Reading:
    """All files that the chip gives and what it proved. `entropy(n)`: n random bytes that nobody can guess.

    Where the chip is lost for good halfway, what was read, with ``reading`` among the refused. Raises NotOpened where
    no way in was open, CardFault where the chip never answered.
    """
    state = _State()
    sessions = lost_in_row = 0
    while lost_in_row <= policy.retries:
        reader = _Reader(card, policy, entropy, state, extended=policy.extended and not sessions)
        known = state.known
        sessions += 1
        try:
            if sessions > 1:
                card.reset()
            if not reader.open(password):
                raise NotOpened(_reading(state))
            reader.prove()
            reader.take()
        except CardFault as fault:
            lost = fault.code in _LOST
            # A session that taught something was not in vain: there are only so many files.
            lost_in_row = 0 if state.known > known else lost_in_row + 1
            if not state.attempts and (not lost or lost_in_row > policy.retries):
                raise
            state.refused["reading"] = fault.code
            if not lost:
                break
        else:
            state.refused.pop("reading", None)
            break
    return _reading(state)


def _reading(state: _State) -> Reading:
    return Reading(
        dict(state.files), tuple(state.attempts), dict(state.refused), state.active, state.authenticated, state.mapped
    )


class _Reader:
    """One session with a chip."""

    def __init__(
        self, card: Card, policy: ReadingPolicy, entropy: Callable[[int], bytes], state: _State, *, extended: bool
    ) -> None:
        self.card, self.policy, self.entropy, self.state = card, policy, entropy, state
        self.session: Session | None = None
        self.extended, self.most = extended, SHORT_READ

    # In ---------------------------------------------------------------------------------------------------------------

    def open(self, password: Password) -> bool:
        """By the best way that the chip offers and the policy allows; the attempts are kept."""
        access = self._card_access()
        if access is None or not access.pace:
            return self._bac(password)
        if self._pace(access, password):
            self._select_application()
            return True
        if not self.policy.bac_after_pace or password.reference != ZONE_PASSWORD:
            return False
        self.card.reset()
        return self._bac(password)

    def _card_access(self) -> SecurityInfos | None:
        """What the chip offers. One that has no EF.CardAccess, or one that nobody can read, offers BAC alone."""
        if CARD_ACCESS not in self.state.files:
            self.send(_select(0x00, b"\x3f\x00"))  # some chips begin within the application
            self._read(CARD_ACCESS)
        if self.extended and self.send(_select(0x02, INFORMATION)).ok:
            self.most = min(_longest(self._binary(0, SHORT_READ).data), EXTENDED_READ)
        if (raw := self.state.files.get(CARD_ACCESS)) is None:
            return None
        try:
            return read_card_access(raw)
        except LdsUnreadable:
            return None

    def _pace(self, access: SecurityInfos, password: Password) -> bool:
        info = best(access.pace)
        if info is None:
            self._note("PACE", access.pace[0].protocol, "not_offered")
            return False
        same = [other for other in access.pace if other.protocol == info.protocol]
        try:
            opened = open_pace(self.card, info, password, self.entropy, say_parameter=len(same) > 1)
        except CardFault as fault:
            if fault.code == "card_gone":
                raise
            self._note("PACE", info.protocol, fault.code)
            return False
        self.session = opened.session
        self.state.mapped = opened.mapped
        self._note("PACE", info.protocol, "")
        if opened.mapped is not None:
            self._read(CARD_SECURITY)
        return True

    def _bac(self, password: Password) -> bool:
        self.session = None
        try:
            self._select_application()
            self.session = open_bac(self.card, password, self.entropy)
        except CardFault as fault:
            if fault.code == "card_gone":
                raise
            self._note("BAC", "", fault.code)
            return False
        self._note("BAC", "", "")
        return True

    def _select_application(self) -> None:
        response = self.send(_select(0x04, APPLICATION))
        if not response.ok:
            raise CardFault("status_wrong", "application", {"status": f"{response.status:04X}"})

    def _note(self, way: str, protocol: str, code: str) -> None:
        self.state.attempts.append(Attempt(way, protocol, code))

    # Itself -----------------------------------------------------------------------------------------------------------

    def prove(self) -> None:
        """Chip authentication, then active authentication, with the keys of DG14 and DG15."""
        self._read(lds_files.group_name(14))
        infos = self._security()
        if infos is not None and self.state.authenticated is None and (found := chip_authentication.usable(infos)):
            with self._noting("authenticated") as wanted:
                if wanted:
                    self._authenticate(*found)
        if self._read(lds_files.group_name(15)) and self.state.active is None:
            with self._noting("active") as wanted:
                if wanted:
                    self._challenge()

    def _challenge(self) -> None:
        challenge = self.entropy(active_authentication.CHALLENGE_SIZE)
        response = self.send(active_authentication.challenge_command(challenge, self._signature_room()))
        if response.ok:
            self.state.active = Active(challenge, response.data)
            self.state.refused.pop("active", None)
        else:
            self.state.refused["active"] = f"{response.status:04X}"

    def _signature_room(self) -> int:
        """A signature by an RSA key of 2,048 bits is longer than a protected answer of 256 bytes."""
        longer = len(self.state.files[lds_files.group_name(15)]) > SHORT_READ + 32
        return self.most if longer and self.most > SHORT_READ else SHORT_MAX

    def _security(self) -> SecurityInfos | None:
        raw = self.state.files.get(lds_files.group_name(14))
        try:
            return None if raw is None else read_security(raw)
        except LdsUnreadable:
            return None

    def _authenticate(self, info: ChipInfo, key: ChipKey) -> None:
        """A chip that refuses keeps its session. A wrong first answer is kept, and ends it: the next goes without."""
        try:
            session, secret = chip_authentication.authenticate(self.send, info, key, self.entropy)
        except CardFault as fault:
            if fault.code in _LOST:
                raise
            self.state.refused["authenticated"] = str(fault.detail.get("status", fault.code))
            return
        answer = self.card.transmit(session.protect(chip_authentication.PROOF))
        self.state.authenticated = Authenticated(info.protocol, key.key_id, secret, answer)
        session.open(answer)
        self.session = session

    # Files ------------------------------------------------------------------------------------------------------------

    def take(self) -> None:
        """EF.COM, EF.SOD, and the groups that are there."""
        self._read(COM)
        self._read(SOD)
        for number in self._wanted():
            self._read(lds_files.group_name(number))

    def _wanted(self) -> Iterator[int]:
        try:
            named = lds_files.read_com(self.state.files.get(COM, b"")).groups
        except LdsUnreadable:
            named = tuple(lds_files.TAGS)
        wanted = {*ALWAYS, *named, *self.policy.groups} - self.policy.without
        yield from sorted(wanted)

    def _read(self, name: str) -> bool:
        """The file, unless it is there already or was refused. Whether it is there now."""
        if name in self.state.files:
            return True
        with self._noting(name) as wanted:
            return wanted and self._fetch(name)

    def _fetch(self, name: str) -> bool:
        response = self.send(_select(0x02, _FILES[name].to_bytes(2, "big")))
        if not response.ok:
            self.state.refused[name] = f"{response.status:04X}"
            return False
        try:
            self.state.files[name] = self._contents(name)
        except CardFault as fault:
            if fault.code in _LOST:
                raise
            self.state.refused[name] = str(fault.detail.get("status", fault.code))
            return False
        self.state.refused.pop(name, None)
        return True

    @contextmanager
    def _noting(self, what: str) -> Iterator[bool]:
        """Whether to ask for it at all: not where the asking ended a session before, as some chips refuse."""
        try:
            yield self.state.refused.get(what) != _UNPROTECTED
        except CardFault as fault:
            if fault.code == "answer_unprotected" and fault.detail.get("status") != _WRONG_LENGTH:
                self.state.refused[what] = _UNPROTECTED
            raise

    def _contents(self, name: str) -> bytes:
        head = self._part(name, 0, FIRST_READ)
        size = _whole_size(head)
        if not size or size > MOST_BYTES:
            raise CardFault("file_broken", name, {"found": size})
        data = bytearray(head[:size])
        while len(data) < size:
            data += self._part(name, len(data), min(self.most, size - len(data)))
        return bytes(data)

    def _part(self, name: str, at: int, count: int) -> bytes:
        """At most `count` bytes from there, and at least one; a chip may give fewer than were asked for."""
        response = self._binary(at, count)
        if response.status >> 8 == 0x6C:  # it says how many it would give
            response = self._binary(at, response.status & 0xFF or 256)
        if response.status == 0x6700 and count > SHORT_READ:  # it takes no extended length
            self.most = SHORT_READ
            response = self._binary(at, SHORT_READ)
        # 6282: the end of the file came before as many bytes as were asked for (ISO/IEC 7816-4, table 6).
        if response.status not in (0x9000, 0x6282) or not response.data:
            raise CardFault("status_wrong", name, {"status": f"{response.status:04X}"})
        return response.data[:count]

    def _binary(self, at: int, count: int) -> Response:
        """READ BINARY; beyond 32 KiB with the odd instruction and an offset of its own (9303-10, 3.6.3.2)."""
        if at < 0x8000:
            return self.send(Command(0x00, 0xB0, at >> 8, at & 0xFF, expected=count))
        offset = at.to_bytes((at.bit_length() + 7) // 8, "big")
        command = Command(0x00, 0xB1, 0x00, 0x00, bytes((0x54, len(offset))) + offset, min(count + 8, self.most))
        response = self.send(command)
        if response.status not in (0x9000, 0x6282):
            return response
        return Response(_discretionary(response.data), response.status)

    def send(self, command: Command) -> Response:
        """Within the session where there is one. What is left to fetch is fetched (61XX)."""
        if self.session is not None:
            return self.session.open(self.card.transmit(self.session.protect(command)))
        response = read_response(self.card.transmit(command.encode()))
        data = response.data
        while response.status >> 8 == 0x61 and len(data) < EXTENDED_MAX:
            rest = Command(0x00, 0xC0, 0x00, 0x00, expected=response.status & 0xFF or 256)
            response = read_response(self.card.transmit(rest.encode()))
            if not response.data:
                break
            data += response.data
        return Response(data, response.status)


def _select(by: int, name: bytes) -> Command:
    return Command(0x00, 0xA4, by, 0x0C, name)


def _longest(information: bytes) -> int:
    """How much one protected answer holds: less than the 7F66 of EF.ATR/INFO (9303-10, 3.11.2.1) by its wrapping."""
    try:
        objects = {part.tag: part for part in tlv.read(tlv.write(tlv.SEQUENCE, information)).children()}
        if 0x7F66 in objects:
            _, longest = (tlv.natural(part, 4) for part in objects[0x7F66].children())
            return max(longest - 64, SHORT_READ)
    except (TlvInvalid, ValueError):
        pass
    return SHORT_READ


def _whole_size(head: bytes) -> int:
    """Of a file that begins so: tag, length and content. 0 where that cannot be said."""
    at = 2 if head[:1] and head[0] & 0x1F == 0x1F else 1
    if len(head) <= at:
        return 0
    length, at = head[at], at + 1
    if length < 0x80:
        return at + length
    count = length & 0x7F
    if not 0 < count <= 4 or len(head) < at + count:
        return 0
    return at + count + int.from_bytes(head[at : at + count], "big")


def _discretionary(data: bytes) -> bytes:
    """What stands in the data object 53. Raises CardFault."""
    size = _whole_size(data)
    if data[:1] != b"\x53" or size != len(data):
        raise CardFault("file_broken", "offset", {"found": len(data)})
    return data[2 + (data[1] & 0x7F if data[1] >= 0x80 else 0) :]
