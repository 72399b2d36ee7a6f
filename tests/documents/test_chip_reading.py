"""Chips read whole over APDUs, from a virtual one: every way in, every way out of it, and copies."""

import dataclasses
import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from jiwar.documents.logic import tlv
from jiwar.documents.logic.apdu import CardFault
from jiwar.documents.logic.chip_access import Password, typed_password
from jiwar.documents.logic.chip_checking import check_access, check_chip, check_genuine, signed_groups
from jiwar.documents.logic.chip_reading import SHORT_READ, NotOpened, ReadingPolicy, _longest, read_chip
from jiwar.documents.logic.chip_transcripts import Active, Attempt, Reading, read_reading, write_reading
from jiwar.documents.logic.lds_checking import check_lds
from jiwar.documents.logic.lds_files import LdsUnreadable
from jiwar.documents.logic.report import Check, Result
from tests.documents import made_chips as chips
from tests.documents.test_lds import AT, reference, result, said  # noqa: F401 - a fixture
from tests.documents.virtual_card import Chip, VirtualCard, gone

POLICY = ReadingPolicy()
SHORT = ReadingPolicy(extended=False)
SIGNED = (1, 2, 14, 15)


def read(chip: Chip, policy: ReadingPolicy = POLICY, password: Password = chips.PASSWORD, **more: object) -> Reading:
    return read_chip(VirtualCard(chip, **more), password, policy, secrets.token_bytes)  # type: ignore[arg-type]


def ways(reading: Reading) -> list[tuple[str, str]]:
    return [(attempt.way, attempt.code) for attempt in reading.attempts]


def test_a_chip_of_the_first_generation() -> None:
    chip = chips.plain()
    reading = read(chip)
    assert reading.files == chip.files
    assert ways(reading) == [("BAC", "")]
    assert reading.refused == {"EF.CardAccess": "6A82", "EF.DG14": "6A82"}
    assert check_access(reading).result is Result.SUCCESSFUL
    genuine = check_genuine(reading, (1, 2, 15))
    assert result(genuine, "chip.genuine.active") == (Result.SUCCESSFUL, "")
    assert result(genuine, "chip.genuine.authentication") == (Result.NOT_SUPPORTED, "chip_has_no_key")


@pytest.mark.parametrize(
    ("protocol", "parameter", "suite"),
    [
        (chips.GENERIC.format(1), 12, 1),  # triple DES on P-256
        (chips.GENERIC.format(2), 13, 2),
        (chips.GENERIC.format(3), 10, 3),
        (chips.GENERIC.format(4), 15, 4),
        (chips.BSI + "4.4.2", 13, 2),  # integrated mapping
        (chips.BSI + "4.4.4", 12, 2),
        (chips.BSI + "4.3.3", 0, 2),
        (chips.CAM.format(2), 13, 1),
        (chips.CAM.format(4), 12, 4),
        (chips.DH_GENERIC.format(2), 0, 2),
        (chips.DH_GENERIC.format(1), 0, 1),
    ],
)
def test_every_way_of_pace_and_of_chip_authentication(protocol: str, parameter: int, suite: int) -> None:
    chip = chips.modern(protocol, parameter, suite=suite)
    reading = read(chip)
    expected = dict(chip.files)
    if "4.6." not in protocol:
        del expected["EF.CardSecurity"]
    assert reading.files == expected
    assert ways(reading) == [("PACE", "")]
    assert reading.refused == {}
    genuine = check_genuine(reading, SIGNED)
    assert {check.id: check.result for check in genuine.children} == {
        "chip.genuine.authentication": Result.SUCCESSFUL,
        "chip.genuine.active": Result.SUCCESSFUL,
        **({"chip.genuine.mapping": Result.SUCCESSFUL} if "4.6." in protocol else {}),
    }
    assert result(check_lds(reading.files, None), "chip.lds.card_access") == (Result.SUCCESSFUL, "")


def test_a_prime_of_2048_bits_needs_extended_length() -> None:
    chip = dataclasses.replace(chips.modern(chips.DH_GENERIC.format(2), 1, suite=2), extended=True)
    assert check_genuine(read(chip), SIGNED).result is Result.SUCCESSFUL


def test_the_reference_data_set_as_a_chip(reference: Path) -> None:  # noqa: F811
    """A real EF.SOD, chip authentication with triple DES on brainpoolP224r1 spelled out, 16 kB read in short pieces."""
    chip = chips.reference(reference)
    reading = read(chip, password=Password(1, chip.passwords[1]))
    assert set(chip.files) - set(reading.files) == {"EF.DG3", "EF.DG4"}  # open to terminals of the state alone
    assert all(reading.files[name] == chip.files[name] for name in reading.files)
    assert signed_groups(reading.files["EF.SOD"]) == {1, 2, 3, 4, 14}  # its list leaves DG15 out
    access, lds, genuine = check_chip(reading, None, AT)
    assert [check.result for check in genuine.children] == [Result.SUCCESSFUL] * 2
    assert (access.result, lds.result) == (Result.SUCCESSFUL, Result.UNDETERMINED)  # no page was shown
    assert [leaf.code for leaf in lds.walk() if leaf.result is Result.UNDETERMINED and not leaf.children] == [
        "zone_not_seen"
    ]


# No weaker way in -----------------------------------------------------------------------------------------------------


def pace_fails(count: int, answer: bytes) -> bytes:
    """Somebody between reader and chip breaks every nonce."""
    return answer[:-2] + b"\x6a\x80" if answer[:2] == b"\x7c\x12" else answer


def test_no_silent_downgrade_from_pace() -> None:
    chip = chips.modern(bac=True)
    card = VirtualCard(chip, pace_fails)
    with pytest.raises(NotOpened) as refused:
        read_chip(card, chips.PASSWORD, POLICY, secrets.token_bytes)
    assert ways(refused.value.reading) == [("PACE", "status_wrong")]
    assert not [command for command in card.commands if command.startswith(("0084", "0082"))]
    check = check_access(refused.value.reading)
    assert result(check, "chip.access.pace") == (Result.ABORTED, "chip_way_failed")
    assert check.result is Result.ABORTED


def test_a_downgrade_that_policy_allows_stands_in_the_tree() -> None:
    reading = read(chips.modern(bac=True), ReadingPolicy(bac_after_pace=True), tamper=pace_fails)
    assert ways(reading) == [("PACE", "status_wrong"), ("BAC", "")]
    check = check_access(reading)
    assert check.result is Result.UNDETERMINED
    assert result(check, "chip.access.pace") == (Result.UNDETERMINED, "chip_way_failed")
    assert result(check, "chip.access.bac") == (Result.UNDETERMINED, "chip_opened_by_less")


def test_a_chip_that_is_made_to_hide_pace_is_found_out() -> None:
    """EF.CardAccess taken away on the way: basic access control opens the chip, and DG14 says that it had more."""
    chip = chips.modern(bac=True)
    hidden = dataclasses.replace(chip, files={name: data for name, data in chip.files.items() if "Card" not in name})
    reading = read(hidden)
    assert ways(reading) == [("BAC", "")]
    assert result(check_access(reading), "chip.access.hidden") == (Result.FAILED, "card_access_differs")
    honest = read(chips.plain())
    assert check_access(honest).find("chip.access.hidden") is None


@pytest.mark.parametrize("protocol", [chips.BSI + "4.5.2", chips.BSI + "4.4.2"])
def test_a_way_that_nobody_knows_does_not_open_the_old_one(protocol: str) -> None:
    """A mapping of the future, and an integrated one on parameters that are none."""
    chip = chips.modern(bac=True)
    only = chips.card_access(chips.pace_info(protocol, 99))
    chip = dataclasses.replace(chip, files=chip.files | {"EF.CardAccess": only})
    with pytest.raises(NotOpened) as refused:
        read(chip)
    assert ways(refused.value.reading) == [("PACE", "not_offered")]


@pytest.mark.parametrize("chip", [chips.plain(), chips.modern()])
def test_another_documents_zone_does_not_open_a_chip(chip: Chip) -> None:
    with pytest.raises(NotOpened) as refused:
        read(chip, password=typed_password("L898902C4", "740812", "120415"))
    check = check_access(refused.value.reading)
    assert check.children[0].code == "chip_password_refused"
    assert check.result is Result.ABORTED
    said(check)


# Copies ---------------------------------------------------------------------------------------------------------------


def without(chip: Chip, *names: str, **changes: object) -> Chip:
    files = {name: data for name, data in chip.files.items() if name not in names}
    return dataclasses.replace(chip, files=files, **changes)  # type: ignore[arg-type]


def copied() -> dict[str, Callable[[], tuple[Chip, str, Result, str]]]:
    """Chips with all the files of another, and without its keys."""
    active, chip = "chip.genuine.active", "chip.genuine.authentication"
    other = chips.modern()
    return {
        "no signature": lambda: (
            dataclasses.replace(chips.plain(), active=None), active, Result.UNDETERMINED, "chip_refuses"),
        "another key signs": lambda: (
            dataclasses.replace(chips.modern(), active=chips.rsa_key()), active, Result.FAILED, "chip_signature_wrong"),
        "hides its key": lambda: (without(chips.plain(), "EF.DG15"), active, Result.FAILED, "chip_hides_key"),
        "another key agrees": lambda: (
            dataclasses.replace(chips.modern(), keys=other.keys), chip, Result.FAILED, "chip_answer_wrong"),
        "refuses to agree": lambda: (
            dataclasses.replace(chips.modern(), keys={}), chip, Result.UNDETERMINED, "chip_refuses"),
    }  # fmt: skip


@pytest.mark.parametrize("how", copied())
def test_a_copy_is_never_taken_for_the_chip(how: str) -> None:
    chip, name, outcome, code = copied()[how]()
    reading = read(chip)
    genuine = check_genuine(reading, SIGNED if "EF.DG14" in chip.files else (1, 2, 15))
    assert result(genuine, name) == (outcome, code)
    assert genuine.result is outcome
    assert "EF.DG2" in reading.files  # the copy is read to the end all the same


def test_a_copy_by_mapping_is_failed() -> None:
    chip = chips.modern(chips.CAM.format(2))
    group, secret = chip.keys[1]
    copy = dataclasses.replace(chip, keys={1: (group, secret + 1)})
    genuine = check_genuine(read(copy), SIGNED)
    assert result(genuine, "chip.genuine.mapping") == (Result.FAILED, "chip_answer_wrong")


def test_a_mapping_key_that_no_signed_file_has_is_undetermined() -> None:
    chip = chips.modern(chips.CAM.format(2))
    reading = read(chip)
    bare = {name: data for name, data in reading.files.items() if name != "EF.DG14"}
    genuine = check_genuine(dataclasses.replace(reading, files=bare), None)
    assert result(genuine, "chip.genuine.mapping") == (Result.UNDETERMINED, "chip_key_unsigned")


def test_a_list_of_hashes_that_nobody_can_read_says_nothing() -> None:
    assert signed_groups(None) is None
    assert signed_groups(tlv.write(0x77, b"\x30\x00")) is None


def test_what_was_not_asked_is_not_known() -> None:
    reading = read(chips.plain())
    silent = dataclasses.replace(reading, active=None)
    assert result(check_genuine(silent, SIGNED), "chip.genuine.active") == (Result.UNDETERMINED, "chip_not_asked")
    absent = Reading({"EF.DG1": chips.zone()})
    genuine = check_genuine(absent, SIGNED)
    assert {check.code for check in genuine.children} == {"chip_key_not_read"}
    assert check_genuine(absent, None).result is Result.NOT_SUPPORTED
    modern = read(chips.modern())
    one = check_genuine(dataclasses.replace(modern, active=None), SIGNED)
    assert one.result is Result.SUCCESSFUL  # chip authentication has proven it
    assert result(check_access(absent), "chip.access") == (Result.NOT_SUPPORTED, "chip_from_file")


# Chips and readers with their own ways --------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [80, 128, 256])
def test_a_chip_may_give_less_than_was_asked(most: int) -> None:
    chip = dataclasses.replace(chips.modern(), most=most)
    reading = read(without(chip, "EF.DG15", active=None))
    assert reading.files["EF.DG2"] == chip.files["EF.DG2"]


def test_extended_length_takes_fewer_commands() -> None:
    chip = dataclasses.replace(chips.plain(), extended=True, informs=True)
    chip.files["EF.DG2"] = chips.face(bytes(20_000), 1, 1)
    cards = VirtualCard(chip), VirtualCard(chip)
    readings = [
        read_chip(card, chips.PASSWORD, policy, secrets.token_bytes)
        for card, policy in zip(cards, (SHORT, POLICY), strict=True)
    ]
    assert readings[0].files == readings[1].files == chip.files
    assert cards[1].count < cards[0].count / 2


def test_a_chip_that_promises_extended_length_and_has_none_is_read_anew() -> None:
    chip = dataclasses.replace(chips.plain(), informs=True)
    chip.files["EF.DG2"] = chips.face(bytes(2_000), 1, 1)
    card = VirtualCard(chip)
    reading = read_chip(card, chips.PASSWORD, POLICY, secrets.token_bytes)
    assert reading.files == chip.files
    assert card.resets == 1


@pytest.mark.parametrize("information", ["", "7F66", "7F6604 02020400", "7F660A 0203000001 0203000001", "8F"])
def test_information_that_says_nothing_of_use(information: str) -> None:
    assert _longest(bytes.fromhex(information.replace(" ", ""))) == SHORT_READ


@pytest.mark.parametrize("plain", [True, False])
def test_files_beyond_32_kib(plain: bool) -> None:
    chip = chips.plain() if plain else chips.modern()
    chip.files["EF.DG2"] = chips.face(secrets.token_bytes(70_000), 1, 1)
    assert read(chip).files["EF.DG2"] == chip.files["EF.DG2"]


@pytest.mark.parametrize("at", [3, 9, 20, 30, 38])
def test_a_chip_that_leaves_the_field_is_opened_anew(at: int) -> None:
    chip = chips.modern()
    card = VirtualCard(chip, gone(at))
    reading = read_chip(card, chips.PASSWORD, POLICY, secrets.token_bytes)
    assert set(reading.files) == set(chip.files) - {"EF.CardSecurity"}
    assert card.resets == 1
    assert check_genuine(reading, SIGNED).result is Result.SUCCESSFUL


def test_a_chip_that_refuses_outside_of_its_session_is_read_all_the_same() -> None:
    """Three things that it has not, each asked for once; what was refused so is no proof of a copy."""
    chip = dataclasses.replace(chips.modern(), bare=True, active=None)
    chip.files["EF.COM"] = chips.contents(1, 2, 11, 12, 14, 15)
    card = VirtualCard(chip)
    reading = read_chip(card, chips.PASSWORD, POLICY, secrets.token_bytes)
    assert set(chip.files) - set(reading.files) == {"EF.CardSecurity"}
    assert reading.refused == dict.fromkeys(("active", "EF.DG11", "EF.DG12"), "unprotected")
    assert card.resets == 3
    genuine = check_genuine(reading, SIGNED)
    assert genuine.result is Result.UNDETERMINED
    assert result(genuine, "chip.genuine.active") == (Result.UNDETERMINED, "chip_refuses")
    hidden = without(dataclasses.replace(chips.plain(), bare=True), "EF.DG15")
    genuine = check_genuine(read(hidden), (1, 2, 15))
    assert result(genuine, "chip.genuine.active") == (Result.UNDETERMINED, "chip_key_not_read")


def test_a_chip_that_leaves_for_good() -> None:
    def tamper(count: int, answer: bytes) -> bytes:
        if count > 25:
            raise CardFault("card_gone", "reader")
        return answer

    reading = read(chips.modern(), tamper=tamper)
    assert reading.refused["reading"] == "card_gone"
    assert result(check_access(reading), "chip.access.whole") == (Result.ABORTED, "chip_lost")

    def never(count: int, answer: bytes) -> bytes:
        raise CardFault("card_gone", "reader")

    with pytest.raises(CardFault):
        read(chips.modern(), tamper=never)


@pytest.mark.parametrize(
    "broken",
    [b"\x75\x80", b"\x75\x85\x01\x01\x01\x01\x01", b"\x75\x84\x7f\xff\xff\xff", b"\x75", b"\x7f\x61", b"\x75\x7f"],
)
def test_a_file_without_an_honest_length_is_refused(broken: bytes) -> None:
    chip = chips.plain()
    chip.files["EF.DG2"] = broken
    reading = read(chip)
    assert "EF.DG2" not in reading.files
    assert reading.refused["EF.DG2"] in ("file_broken", "6B00")
    assert "EF.DG1" in reading.files


# Before a judge -------------------------------------------------------------------------------------------------------


def tree(reading: Reading) -> list[Check]:
    return [check_access(reading), check_genuine(reading, SIGNED), check_lds(reading.files, None)]


@pytest.mark.parametrize("chip", [chips.plain(), chips.modern(), chips.modern(chips.CAM.format(2))])
def test_a_transcript_gives_the_same_checks_again(chip: Chip) -> None:
    reading = read(chip)
    kept = json.loads(json.dumps(write_reading(reading)))
    again = read_reading(reading.files, kept)
    assert again == reading
    assert tree(again) == tree(reading)
    for check in tree(again):
        said(check)


def test_a_transcript_of_another_chip_fails() -> None:
    one, other = read(chips.modern()), read(chips.modern())
    mixed = dataclasses.replace(one, authenticated=other.authenticated)
    assert result(check_genuine(mixed, SIGNED), "chip.genuine.authentication") == (Result.FAILED, "chip_answer_wrong")
    assert one.active is not None
    asked = dataclasses.replace(one, active=Active(b"another!", one.active.signature))
    assert result(check_genuine(asked, SIGNED), "chip.genuine.active") == (Result.FAILED, "chip_signature_wrong")


@pytest.mark.parametrize(
    "said_",
    [
        None,
        [],
        {},
        {"version": 2},
        {"version": 1, "attempts": [{}], "refused": {}, "active": None, "authenticated": None, "mapped": None},
        {"version": 1, "attempts": [], "refused": {"a": 1}, "active": None, "authenticated": None, "mapped": None},
        {"version": 1, "attempts": [], "refused": {}, "active": {"challenge": "*", "signature": ""},
         "authenticated": None, "mapped": None},
        {"version": 1, "attempts": [], "refused": {}, "active": "x", "authenticated": None, "mapped": None},
        {"version": 1, "attempts": [], "refused": {}, "active": None, "authenticated": None, "mapped": []},
        {"version": 1, "attempts": [], "refused": {}, "active": 0, "authenticated": None, "mapped": None},
        {"version": 1, "attempts": 3, "refused": {}, "active": None, "authenticated": None, "mapped": None},
    ],
)  # fmt: skip
def test_what_is_no_transcript(said_: object) -> None:
    with pytest.raises(LdsUnreadable, match="lds_transcript"):
        read_reading({}, said_)


def test_an_attempt_has_its_words() -> None:
    for code in ("password_refused", "token_wrong", "answer_forged", "not_offered"):
        said(check_access(Reading({}, (Attempt("PACE", tlv.__name__, code),))))
