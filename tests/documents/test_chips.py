"""Reading a chip as a service: what lets it in, what the ledger keeps, and the folder that is left."""

import datetime as dt
import json
from pathlib import Path

import pytest

from jiwar.documents import chips as service
from jiwar.documents import reader
from jiwar.documents.chips import load, password_of, save
from jiwar.documents.logic.apdu import CardFault
from jiwar.documents.logic.chip_access import card_password
from jiwar.documents.logic.chip_checking import check_chip
from jiwar.documents.logic.chip_transcripts import Reading
from jiwar.documents.logic.lds_files import LdsUnreadable
from jiwar.documents.reader import ReaderAbsent
from jiwar.records.words import words
from jiwar.wire.faults import Refused
from tests.documents import made_chips as chips
from tests.documents.test_chip_reading import read

TODAY = dt.date(2026, 11, 26)
ZONE = "\n".join(chips.LINES)


def test_the_zone_or_the_number_of_the_page_is_the_password() -> None:
    assert password_of(ZONE, "", TODAY) == chips.PASSWORD
    assert password_of("", "123456", TODAY) == card_password("123456")


@pytest.mark.parametrize(
    ("zone", "number", "code", "detail"),
    [
        ("", "", "mrz_empty", "0 ≠ 2-3"),
        ("P<", "", "mrz_line_length", None),
        (ZONE.replace("740812", "740821"), "", "zone_not_whole", "birth_date"),
        (ZONE, "12345", "card_number_invalid", ""),
        (ZONE, "١٢٣٤٥٦", "card_number_invalid", ""),
    ],
)
def test_what_opens_no_chip_is_refused_before_it_is_asked(
    zone: str, number: str, code: str, detail: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        password_of(zone, number, TODAY)
    (fault,) = refused.value.faults
    assert fault.code == code
    assert detail in (None, fault.detail)
    assert code in words()["fault"]


def test_a_reading_is_kept_and_checked_again(tmp_path: Path) -> None:
    reading = read(chips.modern())
    save(reading, tmp_path / "kept")
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    again = load(tmp_path / "kept")
    assert again == reading
    assert check_chip(again, None, TODAY) == check_chip(reading, None, TODAY)
    with pytest.raises(Refused, match="folder_exists"):
        save(reading, tmp_path / "kept")


def test_a_folder_of_files_alone(tmp_path: Path) -> None:
    (tmp_path / "Datagroup1.bin").write_bytes(chips.zone())
    (tmp_path / "notes.txt").write_text("nothing of a chip")
    (tmp_path / "DG2").mkdir()
    assert load(tmp_path) == Reading({"EF.DG1": chips.zone()})


def test_a_folder_that_is_too_much(tmp_path: Path) -> None:
    (tmp_path / "DG2.bin").write_bytes(bytes((4 << 20) + 1))
    with pytest.raises(LdsUnreadable, match="lds_too_long"):
        load(tmp_path)
    (tmp_path / "DG2.bin").write_bytes(b"")
    (tmp_path / "EF_DG2.bin").write_bytes(b"")
    with pytest.raises(LdsUnreadable, match="lds_value"):
        load(tmp_path)
    for number in range(64):
        (tmp_path / f"0{number:02}").touch()
    with pytest.raises(LdsUnreadable, match="lds_too_long"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00", '{"version": 1}', json.dumps("x" * 200_001)])
def test_a_transcript_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / service.TRANSCRIPT).write_text(text)
    with pytest.raises(LdsUnreadable):
        load(tmp_path)


def test_every_way_to_have_no_reader_has_its_words() -> None:
    codes = {code for code in (reader.ReaderAbsent.__doc__ or "").split("``") if code.isidentifier()}
    assert codes == {"reader_library", "reader_service", "reader_none", "card_none"}
    assert codes | {"card_gone", "answer_short", "answer_long", "status_wrong"} <= set(words()["fault"])
    assert ReaderAbsent("card_none").field == CardFault("card_gone", "reader").field == "reader"
