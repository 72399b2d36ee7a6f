"""Chips: their files, their answers, and what a reading left."""

import datetime as dt
import json

from jiwar.documents.logic import lds_security
from jiwar.documents.logic.active_authentication import read_active, verify_active
from jiwar.documents.logic.apdu import CardFault, Command
from jiwar.documents.logic.chip_checking import check_chip
from jiwar.documents.logic.chip_ciphers import Suite
from jiwar.documents.logic.chip_reading import NotOpened, ReadingPolicy, read_chip
from jiwar.documents.logic.chip_transcripts import Active, Reading, read_reading
from jiwar.documents.logic.lds import read_group
from jiwar.documents.logic.lds_files import TAGS, LdsUnreadable, group_name, read_com
from jiwar.documents.logic.pki import CertificateUnreadable, SignatureWrong
from jiwar.documents.logic.report import Check
from jiwar.documents.logic.secure_messaging import Session
from tests.documents import made_chips as chips
from tests.fuzz.target import storable, target

AT = dt.date(2026, 11, 26)
NUMBERS = {tag: number for number, tag in TAGS.items()}


def _files() -> list[bytes]:
    chip = chips.modern(chips.CAM.format(2))
    return [*chips.plain().files.values(), *chip.files.values(), chips.face(chips.picture(kind="JPEG"), 35, 45, 0)]


@target(
    "jiwar.documents.logic.lds_details", "jiwar.documents.logic.lds_images", "jiwar.documents.logic.lds_security",
    "jiwar.documents.logic.lds_files", "jiwar.documents.logic.chip_groups", "jiwar.documents.logic.lds_checking",
    corpus=_files, cost=2,
)  # fmt: skip
def chip_file(data: bytes) -> None:
    """Any bytes as each file that they could be, then in a reading that is checked whole."""
    for read in (read_com, lds_security.read_card_access, lds_security.read_card_security):
        try:
            read(data)
        except LdsUnreadable as unreadable:
            assert unreadable.code
    number = NUMBERS.get(data[0], 2) if data else 2
    try:
        storable(read_group(number, data))
    except LdsUnreadable as unreadable:
        storable(dict(unreadable.detail))
    files = {"EF.DG1": chips.zone(), "EF.COM": data, "EF.CardAccess": data, group_name(number): data}
    for check in check_chip(Reading(files, active=Active(b"12345678", data[-64:])), None, AT):
        _sound(check)


@target("jiwar.documents.logic.active_authentication", corpus=lambda: [
    chips.active_key(chips.rsa_key())[4:] + bytes(128), chips.active_key(chips.ec_key())[3:] + bytes(64)
])  # fmt: skip
def active_signature(data: bytes) -> None:
    size = 4 + data[3] if len(data) > 3 else 0
    try:
        verify_active(read_active(data[:size]), b"12345678", data[size:], None)
    except (CertificateUnreadable, SignatureWrong) as wrong:
        assert wrong.code
        return
    raise AssertionError(data)


@target("jiwar.documents.logic.secure_messaging", corpus=lambda: [
    bytes.fromhex("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000")
])  # fmt: skip
def chip_answer(data: bytes) -> None:
    session = Session.of_secret(Suite.AES128 if data[:1] < b"\x80" else Suite.DES3, b"secret")
    session.protect(Command(0, 0xB0, 0, 0, expected=4))
    try:
        session.open(data)
    except CardFault as fault:
        assert fault.code
        return
    raise AssertionError(data)


class _Saying:
    """A chip that answers whatever stands next in the data."""

    def __init__(self, data: bytes) -> None:
        self.data, self.count = data, 0

    def transmit(self, apdu: bytes) -> bytes:
        self.count += 1
        assert self.count < 3_000, "a chip that is never done"
        if not self.data:
            raise CardFault("card_gone", "reader")
        size, self.data = 1 + self.data[0], self.data[1:]
        answer, self.data = self.data[:size], self.data[size:]
        return answer

    def reset(self) -> None: ...


def _conversations() -> list[bytes]:
    said = ["9000", "9000", "31143012060A04007F0007020204020202010202010D9000"[:16] + "9000"]
    said += ["12060A04007F0007020204020202010202010D9000", "9000", "7C12801095A3A016522EE98D01E76CB6B98B42C39000"]
    answers = [bytes.fromhex(one) for one in said]
    return [b"".join(bytes((len(one) - 1,)) + one for one in answers), b"\x01\x6a\x82" * 3 + b"\x01\x90\x00"]


@target("jiwar.documents.logic.chip_reading", "jiwar.documents.logic.pace", "jiwar.documents.logic.bac",
        corpus=_conversations)  # fmt: skip
def chip_conversation(data: bytes) -> None:
    policy = ReadingPolicy(bac_after_pace=True, extended=data[:1] > b"\x40")
    try:
        reading = read_chip(_Saying(data), chips.PASSWORD, policy, bytes)
    except NotOpened as closed:
        reading = closed.reading
    except CardFault as fault:
        assert fault.code
        return
    for check in check_chip(reading, None, AT):
        _sound(check)


@target("jiwar.documents.logic.chip_transcripts", corpus=lambda: [json.dumps({
    "version": 1, "attempts": [{"way": "PACE", "protocol": "0.4", "code": ""}], "refused": {"EF.DG3": "6982"},
    "active": {"challenge": "AAAAAAAAAAA=", "signature": "AAAA"}, "mapped": None,
    "authenticated": {"protocol": "0.4.0.127.0.7.2.2.3.2.2", "key_id": 1, "secret": "AA==", "answer": "kAA="},
}).encode()])  # fmt: skip
def chip_transcript(data: bytes) -> None:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return
    try:
        reading = read_reading(chips.modern().files if len(data) % 50 == 0 else {}, said)
    except LdsUnreadable as unreadable:
        assert unreadable.code == "lds_transcript"
        return
    for check in check_chip(reading, None, AT):
        _sound(check)


def _sound(whole: Check) -> None:
    for check in whole.walk():
        storable(dict(check.detail))
        assert check.id.startswith("chip.")
