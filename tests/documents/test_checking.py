"""Everything that a document says in one tree, and the one colour and sentence that an officer reads."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic import tlv
from jiwar.documents.logic.checking import (
    Circumstances,
    Colour,
    Inputs,
    Policy,
    Verdict,
    check_document,
    verdict,
)
from jiwar.documents.logic.chip_transcripts import Reading
from jiwar.documents.logic.lost import LostAnswer, LostEntry, LostStatus
from jiwar.documents.logic.report import CheckReport, Result
from jiwar.documents.logic.trust import Anchor, Trust
from jiwar.documents.seal_catalogue import profiles
from jiwar.records.words import words
from tests.documents.chips import Chip
from tests.documents.seals import NOW, niger
from tests.documents.states import AT, Authority

STATE = Authority("NE")
TRUST = Trust((Anchor(STATE.certificate, "bilateral"),), (STATE.crl(),))
POLICY = Policy("test", profiles(), lambda seal: False)
LINES = "P<NERAMADOU<<HALIMA<<<<<<<<<<<<<<<<<<<<<<<<<\nL898902C36NER7408122F3204153ZE184226B<<<<<16"
ZONE = LINES.replace("\n", "").encode()
NONE = LostAnswer((), (), "in_use", AT.date())


def reading(zone: bytes = ZONE, **more: Any) -> Reading:
    """A chip without keys of its own: DG1, and what the state signed."""
    groups = {1: tlv.write(0x61, tlv.write(0x5F1F, zone))}
    key, signer = STATE.signer()
    sod = Chip(key, signer, groups=groups, **more).sod()
    return Reading({"EF.DG1": groups[1], "EF.SOD": sod})


def check(inputs: Inputs, trust: Trust = TRUST, at: dt.datetime = AT, **around: Any) -> CheckReport:
    """With the promise that it can be made again, and that whatever it says has words."""
    report = check_document(inputs, trust, POLICY, at, Circumstances(**around))
    assert report == check_document(inputs, trust, POLICY, at, Circumstances(**around))
    for one in report.root.walk():
        assert said(one.code, one.detail)
    return report


def said(code: str, detail: Mapping[str, str | int]) -> bool:
    return not code or all(text.format_map(detail) for text in words()["document_check"][code].values())


def seen(report: CheckReport) -> tuple[Colour, str]:
    shown = verdict(report)
    assert said(shown.code, shown.detail)
    return shown.colour, shown.code


def test_a_zone_alone_proves_nothing_about_who_made_it() -> None:
    report = check(Inputs(LINES, lost=NONE))
    assert report.result is Result.SUCCESSFUL
    assert seen(report) == (Colour.GREY, "document_unproven")


def test_what_the_state_signed_is_genuine() -> None:
    report = check(Inputs(LINES, reading(), lost=NONE))
    assert verdict(report) == Verdict(Colour.GREEN, "document_proven", {"country": "NE"})
    assert [part.id for part in report.root.children] == ["mrz", "chip", "lost"]


def test_the_zone_of_a_chip_stands_for_the_page_that_was_not_read() -> None:
    assert check(Inputs(chip=reading())).root.find("mrz.number").result is Result.SUCCESSFUL


def test_another_page_around_a_genuine_chip_is_wrong() -> None:
    other = LINES.replace("HALIMA<<", "FATIMA<<")
    assert seen(check(Inputs(other, reading()))) == (Colour.RED, "zone_differs")


def test_a_changed_chip_is_wrong() -> None:
    chip = reading()
    changed = chip.files["EF.DG1"].replace(b"HALIMA", b"FATIMA")
    report = check(Inputs(chip=replace(chip, files={**chip.files, "EF.DG1": changed})))
    assert seen(report) == (Colour.RED, "group_hash_wrong")


def test_a_state_that_nobody_trusts_here_is_no_forger() -> None:
    assert seen(check(Inputs(LINES, reading()), Trust(()))) == (Colour.AMBER, "issuer_unknown")


def test_a_state_without_a_list_of_revocations_is_green_all_the_same() -> None:
    report = check(Inputs(LINES, reading()), Trust(TRUST.anchors))
    assert report.result is Result.UNDETERMINED
    assert seen(report) == (Colour.GREEN, "document_proven")


def test_a_chip_without_its_signed_list_is_not_proven() -> None:
    files = {"EF.DG1": reading().files["EF.DG1"]}
    assert seen(check(Inputs(LINES, Reading(files)))) == (Colour.AMBER, "sod_not_read")


def test_a_genuine_document_that_was_stolen_says_so_first() -> None:
    entry = LostEntry("NER", "passport", "L898902C3", "", LostStatus.STOLEN, AT.date(), AT.date(), None)
    report = check(Inputs(LINES, reading(), lost=replace(NONE, entries=(entry,))), at=AT)
    assert seen(report) == (Colour.RED, "document_stolen")


def test_a_digit_that_one_repair_mends_is_to_be_read_again() -> None:
    assert seen(check(Inputs(LINES.replace("7408122F", "74O8122F")))) == (Colour.AMBER, "mrz_repair_offered")


def test_a_wrong_digit_that_nothing_mends_is_wrong() -> None:
    assert seen(check(Inputs(LINES.replace("7408122F", "7409122F")))) == (Colour.RED, "mrz_check_digit_wrong")


def test_a_seal_on_paper_is_as_good_as_a_chip() -> None:
    state = niger()
    report = check(Inputs(seals=(state.permit(),)), state.trust(), NOW)
    assert seen(report) == (Colour.GREEN, "document_proven")


def test_a_revoked_permit_is_wrong() -> None:
    state, revokes = niger(), replace(POLICY, revoked=lambda seal: True)
    report = check_document(Inputs(seals=(state.permit(),)), state.trust(), revokes, NOW)
    assert seen(report) == (Colour.RED, "seal_revoked")


def test_seals_beyond_the_most_are_not_looked_at() -> None:
    state = niger()
    report = check(Inputs(seals=(state.permit(),) * 5), state.trust(), NOW)
    assert len(report.root.children) == 5
    assert seen(report) == (Colour.AMBER, "seals_too_many")


def test_nothing_is_nothing() -> None:
    assert seen(check(Inputs())) == (Colour.GREY, "nothing_to_check")


def test_a_clock_that_is_wrong_makes_every_date_doubtful() -> None:
    report = check(Inputs(LINES, reading()), clock="wrong")
    assert seen(report) == (Colour.AMBER, "clock_wrong")
    assert report.header.clock == "wrong"


def test_the_header_says_with_what_it_was_checked() -> None:
    header = check(Inputs(LINES), clock="synchronised", offline=False).header
    assert (header.at, header.trust_version, header.crl_age) == (AT.isoformat(), TRUST.version, 1)
    assert (header.clock, header.offline, header.policy) == ("synchronised", False, "test")
    nobody = check(Inputs(LINES), Trust(())).header
    assert (nobody.trust_version, nobody.crl_age) == ("", None)


@pytest.mark.parametrize("file", ["EF.DG1", "EF.SOD", "EF.COM", "EF.DG2", "EF.DG14", "EF.CardAccess"])
@given(data=st.binary(max_size=80))
def test_a_refusal_is_a_result_never_an_exception(file: str, data: bytes) -> None:
    files = {**CHIP.files, file: data}
    colour, _ = seen(check(Inputs(LINES, Reading(files), (data,), NONE)))
    assert colour is not Colour.GREEN or file not in {"EF.DG1", "EF.SOD"}


@given(st.text(max_size=120))
def test_any_text_is_a_zone_or_a_result(text: str) -> None:
    seen(check(Inputs(text)))


CHIP = reading()
