"""Chips through the system's own PC/SC stack, and machines that have none."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest

from jiwar import cli
from jiwar.audit.queries import leaves
from jiwar.documents import reader
from jiwar.documents.logic.chip_checking import check_genuine
from jiwar.documents.logic.chip_reading import ReadingPolicy
from jiwar.documents.logic.report import Result, evidence
from jiwar.documents.reader import ReaderAbsent, read_present, readers
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person
from tests.documents import made_chips as chips
from tests.documents import virtual_reader
from tests.documents.registry import node
from tests.documents.virtual_card import Chip, VirtualCard

__all__ = ["node"]
POLICY = ReadingPolicy()
PASSWORD = "a long test secret 1"


def read_when_there():
    """The service looks every so often whether a chip lies on the reader."""
    until = time.monotonic() + 20
    while True:
        try:
            return read_present(chips.PASSWORD, POLICY)
        except ReaderAbsent as absent:
            if absent.code != "card_none" or time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.mark.one_engine
@pytest.mark.skipif(bool(virtual_reader.missing()), reason=virtual_reader.missing())
def test_chips_on_a_virtual_reader(
    tmp_path: Path,
    node: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    """One test, for a machine has one PC/SC service: a reader without a chip, then chips of both generations."""
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="border", name="Border police")
    add_person("officer", "Officer", PASSWORD, agency=agency, roles=[Role.FIELD_OFFICER])
    with virtual_reader.service(tmp_path) as port:
        (name, *_) = readers()
        assert name.startswith("Jiwar test")
        with pytest.raises(ReaderAbsent, match="card_none"):
            read_present(chips.PASSWORD, POLICY, name)
        for chip in (chips.plain(), chips.modern(chips.CAM.format(2))):
            with virtual_reader.laid(VirtualCard(chip), port):
                reading = read_when_there()
                assert reading.files == chip.files
                assert check_genuine(reading, (1, 2, 15)).result is Result.SUCCESSFUL
                by_hand(tmp_path / str(len(chip.files)), chip, monkeypatch, capsys)


def by_hand(folder: Path, chip: Chip, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The same at the terminal, signed in: the checks are told, the folder is kept, the ledger says so."""
    monkeypatch.setenv("JIWAR_PASSWORD", PASSWORD)
    monkeypatch.setattr(cli, "_load", lambda _folder: None)  # this process is the node
    zone = folder.with_suffix(".txt")
    zone.write_text("\n".join(chips.LINES))
    told = ["document", "read-chip", "--user", "officer", "--zone", str(zone), "--into", str(folder)]
    assert cli.main(told) == 0
    said = capsys.readouterr().out
    assert "+ Proof by the chip's key (AA)" in said
    assert {name: (folder / f"{name}.bin").read_bytes() for name in chip.files} == chip.files
    leaf = leaves(act="chip_read")[0]
    assert leaf.subject == evidence(chip.files["EF.SOD"])
    assert chips.LINES[1][:9] not in leaf.content
    assert cli.main(told) == 1
    assert "there already" in capsys.readouterr().err


def test_a_machine_without_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", "/nowhere/pcscd.comm")
    with pytest.raises(ReaderAbsent) as absent:
        readers()
    assert absent.value.code in ("reader_service", "reader_library")


def test_a_machine_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LIBRARY", {reader.sys.platform: "no-such-library.so"})
    reader._library.cache_clear()
    try:
        with pytest.raises(ReaderAbsent, match="reader_library"):
            readers()
    finally:
        reader._library.cache_clear()
