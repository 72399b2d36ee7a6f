"""Chips through the system's own PC/SC stack, and machines that have none."""

import time
from pathlib import Path

import pytest

from jiwar.documents import reader
from jiwar.documents.logic.chip_checking import check_genuine
from jiwar.documents.logic.chip_reading import ReadingPolicy
from jiwar.documents.logic.report import Result
from jiwar.documents.reader import ReaderAbsent, read_present, readers
from tests.documents import made_chips as chips
from tests.documents import virtual_reader
from tests.documents.virtual_card import VirtualCard

POLICY = ReadingPolicy()


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


@pytest.mark.skipif(bool(virtual_reader.missing()), reason=virtual_reader.missing())
def test_chips_on_a_virtual_reader(tmp_path: Path) -> None:
    """One test, for a machine has one PC/SC service: a reader without a chip, then chips of both generations."""
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
