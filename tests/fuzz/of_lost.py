"""The registry of lost documents: the file that posts hold, and the tables that it is read in from."""

from datetime import date

from jiwar.documents.logic.lost_csv import Document, TableInvalid, read_table
from jiwar.documents.logic.lost_file import LostFile, LostFileInvalid, line, write
from tests.fuzz.target import target

_HEAD = b"type,number,last,status,since\n"
_LINE = b"passport,A 12,,stolen,2026-10-01\nvisa,V1,V9,stolen_blank,01/10/2026\n"


def _files() -> list[bytes]:
    rows = [line("NER", "P", f"P{n:04}", "", f"{n:032x}", "S", "20261001", "20360101") for n in range(40)]
    series = line("NER", "P", "X100", "X199", f"{7:032x}", "B", "20261001", "20360101")
    return [b"".join(write(some)) for some in ([], rows[:1], [*rows, series])]


@target("jiwar.documents.logic.lost_file", corpus=_files)
def lost_file(data: bytes) -> None:
    try:
        file = LostFile(data)
        found = file.find("NER", "P0007")
        lines = list(file.lines())
    except LostFileInvalid as invalid:
        assert invalid.code
        return
    assert all(entry.issuer == "NER" for entry in found)
    assert lines == sorted(set(lines))
    assert LostFile(b"".join(file.merged(LostFile(_files()[0])))).rows == len(lines)


@target("jiwar.documents.logic.lost_csv", corpus=lambda: [_HEAD + _LINE, _HEAD.replace(b",", b";")])
def lost_csv(data: bytes) -> None:
    try:
        for one in read_table(data.split(b"\n"), date(2026, 11, 26)):
            assert isinstance(one, Document) or one.code
    except TableInvalid as invalid:
        assert invalid.code
