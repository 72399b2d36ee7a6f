"""Reading a chip as a service: what lets it in, what the ledger keeps, and the folder that is left."""

import datetime as dt
import json
from pathlib import Path

import pytest

from jiwar.documents import reader
from jiwar.documents.chips import password_of, save
from jiwar.documents.logic.apdu import CardFault
from jiwar.documents.logic.chip_access import card_password
from jiwar.documents.logic.chip_checking import check_chip
from jiwar.documents.logic.chip_transcripts import read_reading
from jiwar.documents.logic.lds_files import name_of
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
    reading, folder = read(chips.modern()), tmp_path / "kept"
    save(reading, ZONE, folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "zone.txt").read_text() == ZONE
    files = {name: path.read_bytes() for path in folder.iterdir() if (name := name_of(path.name))}
    again = read_reading(files, json.loads((folder / "transcript.json").read_text()))
    assert again == reading
    assert check_chip(again, None, TODAY) == check_chip(reading, None, TODAY)
    with pytest.raises(Refused, match="folder_exists"):
        save(reading, "", folder)


def test_every_way_to_have_no_reader_has_its_words() -> None:
    codes = {code for code in (reader.ReaderAbsent.__doc__ or "").split("``") if code.isidentifier()}
    assert codes == {"reader_library", "reader_service", "reader_none", "card_none"}
    assert codes | {"card_gone", "answer_short", "answer_long", "status_wrong"} <= set(words()["fault"])
    assert ReaderAbsent("card_none").field == CardFault("card_gone", "reader").field == "reader"
