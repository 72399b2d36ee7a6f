"""Checking a document at a node: with the registry and the ledger, from files, at the terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused
from jiwar.audit.queries import leaves
from jiwar.cli import main
from jiwar.documents import checks
from jiwar.documents.check_files import MAX_TEXT, MOST_FILES, of_paths, read_files
from jiwar.documents.check_words import name_of, sentence
from jiwar.documents.logic.checking import Inputs, fingerprint
from jiwar.documents.logic.seal_checking import is_seal
from jiwar.exchange.models import Link
from jiwar.exchange.queries import clock_said
from jiwar.wire.faults import Refused
from tests.documents.registry import fact, grant, node, report  # noqa: F401 - fixtures
from tests.documents.seals import niger
from tests.documents.test_checking import LINES, reading

SCREEN = Permission.WATCHLIST_PERSON_SCREEN
OWN = LINES.replace("NERAMADOU", "LBYAMADOU")
TODAY = timezone.localdate()


def codes(files: list[tuple[str, bytes]]) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        read_files(files, TODAY)
    return {(fault.code, fault.field) for fault in refused.value.faults}


@pytest.mark.usefixtures("node")
def test_a_document_that_was_reported_is_found_by_its_zone(report: Any) -> None:  # noqa: F811
    report(fact("L898902C3"))
    checked = checks.check(grant(SCREEN), zone=OWN, subject="s-1")
    assert (checked.verdict.colour, checked.verdict.code) == ("red", "document_stolen")
    assert checked.zone.number == "L898902C3"
    leaf = next(leaf for leaf in leaves() if leaf.act == "document_checked")
    detail = json.loads(leaf.content)["detail"]
    assert (leaf.subject, detail["code"]) == ("s-1", "document_stolen")
    assert detail["report"] == fingerprint(checked.report)
    assert "L898902C3" not in leaf.content


@pytest.mark.usefixtures("node")
def test_a_number_that_was_misread_is_not_looked_up(report: Any) -> None:  # noqa: F811
    report(fact("L898902C8"))
    checked = checks.check(grant(SCREEN), zone=OWN.replace("L898902C3", "L898902C8"))
    assert checked.report.root.find("lost") is None
    assert checked.report.root.find("mrz.number").code == "mrz_check_digit_wrong"


@pytest.mark.usefixtures("node")
def test_who_may_not_screen_checks_no_document() -> None:
    with pytest.raises(AccessRefused):
        checks.check(grant(Permission.DOCUMENTS_TRUST_READ), zone=LINES)


@pytest.mark.django_db
def test_what_is_known_of_the_clock() -> None:
    now = timezone.now()
    assert clock_said(now) == "unconfirmed"
    link = Link.objects.create(node="NER-1", heard_at=now, clock_difference=7200.0)
    assert clock_said(now) == "wrong"
    assert checks.report_on(Inputs(LINES), now).report.root.find("clock").code == "clock_wrong"
    Link.objects.create(node="TUN-1", reached_at=now, clock_difference=-3.0)
    assert clock_said(now) == "synchronised"
    Link.objects.update(heard_at=None, reached_at=now - timezone.timedelta(days=40))
    assert link.node
    assert clock_said(now) == "unconfirmed"


def test_files_are_known_by_what_they_are(tmp_path: Path) -> None:
    chip, seal = reading(), niger().permit()
    (tmp_path / "chip").mkdir()
    (tmp_path / "chip" / "EF_SOD.bin").write_bytes(chip.files["EF.SOD"])
    (tmp_path / "chip" / "Datagroup1.bin").write_bytes(chip.files["EF.DG1"])
    (tmp_path / "chip" / "DG14_pk.bin").write_bytes(b"\xff\xfe a key that lies beside them")
    (tmp_path / "zone").write_text(LINES)
    (tmp_path / "permit").write_bytes(seal)
    found = read_files(of_paths([tmp_path / "chip", tmp_path / "zone", tmp_path / "permit"]), TODAY)
    assert (found.zone, found.seals, found.chip.files) == (LINES, (seal,), chip.files)


def test_another_barcode_on_a_page_is_no_seal() -> None:
    assert is_seal(niger().permit())
    assert is_seal(b"RDB1A")
    assert not is_seal(b"https://example.org/visa")
    assert not is_seal(b"")


def test_files_that_cannot_be_are_refused_by_name(tmp_path: Path) -> None:
    assert codes([("x.bin", b"\xff\xfe\x00")]) == {("file_unknown", "files")}
    assert codes([("zone.txt", b"A" * (MAX_TEXT + 1))]) == {("too_long", "files")}
    assert codes([("transcript.json", b"{")]) == {("not_json", "files")}
    assert codes([("DG1", b"a"), ("transcript.json", b'{"version": 9}')]) == {("lds_transcript", "files")}
    assert codes([("DG1", b"")] * (MOST_FILES + 1)) == {("too_many", "files")}
    huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    assert codes([("photo.png", huge)]) == {("image_too_large", "image")}
    for path, code in ((tmp_path / "none", "file_unreadable"), (tmp_path, "file_unknown")):
        with pytest.raises(Refused) as refused:
            list(of_paths([path]))
        assert refused.value.faults[0].code == code


def test_every_check_has_a_name_that_people_read() -> None:
    assert name_of("chip.passive.chain.revocation", "en") == "Revocation"
    assert name_of("chip.passive.group.2", "en") == "File 2"
    assert name_of("mrz.name.misplaced_filler", "fr") == "Nom misplaced filler"
    assert name_of("chip.lds.dg2", "en") == "Files of the chip DG2"
    assert name_of("nowhere", "ar") == "nowhere"
    wrong = {"field": "birth_date", "expected": "2", "found": "9"}
    assert "champ Date de naissance est fausse" in sentence("mrz_check_digit_wrong", wrong, "fr")
    assert "NE" in sentence("document_proven", {"country": "NE"}, "ar")


@pytest.mark.usefixtures("node")
def test_the_terminal_says_one_word_and_its_reasons(tmp_path: Path, capsys: Any) -> None:
    zone = tmp_path / "zone.txt"
    zone.write_text(LINES)
    assert main(["document", "check", str(zone)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("ORIGIN NOT PROVEN: Nothing that was read is wrong, but nothing proves who made")
    assert "+ Machine readable zone\n  + Document number" in said
    zone.write_text(LINES.replace("7408122F", "7409122F"))
    assert main(["document", "check", "--json", str(zone)]) == 2
    tree = json.loads(capsys.readouterr().out)
    assert tree["verdict"]["code"] == "mrz_check_digit_wrong"
    assert tree["check"]["children"][0]["id"] == "mrz"
    assert main(["document", "check", str(tmp_path / "none")]) == 1
