"""The file of the registry: one row in one block, changes put on, and nothing else taken for it."""

import datetime as dt
import zlib
from collections.abc import Iterable
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.documents.logic import lost_file
from jiwar.documents.logic.lost import LostEntry, LostStatus, LostType, fold, weigh
from jiwar.documents.logic.lost_file import REMOVED, LostFile, LostFileInvalid, line, line_of, write

REPORT = UUID("019abf88-b980-751f-89d6-66c65c5cc461")
DAY, UNTIL = dt.date(2026, 10, 1), dt.date(2036, 9, 1)


def entry(number: str, last: str = "", issuer: str = "NER", record: UUID = REPORT) -> LostEntry:
    status = LostStatus.STOLEN_BLANK if last else LostStatus.STOLEN
    return LostEntry(issuer, LostType.PASSPORT, number, last, status, DAY, UNTIL, record)


def packed(entries: Iterable[LostEntry], gone: Iterable[LostEntry] = ()) -> bytes:
    lines = [line_of(one) for one in entries] + [taken(one) for one in gone]
    return b"".join(write(sorted(lines)))


def taken(one: LostEntry) -> bytes:
    return line(one.issuer, "P", one.number, one.last, one.record.hex, REMOVED, "20261001", "20360901")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_file, "BLOCK", 3)


MANY = [entry(f"P{number:05}") for number in range(0, 3000, 3)] + [
    entry("AO1"),
    entry("A01"),
    entry("AOI"),
    entry("P00003", record=UUID(int=7)),
    entry("B100", "B199"),
    entry("B150", "B159", record=UUID(int=8)),
    entry("P00004", issuer="TCD"),
]


def test_what_is_written_is_found_and_nothing_else(small_blocks: None) -> None:
    file = LostFile(packed(MANY))
    assert (file.rows, file.removals) == (len(MANY), 0)
    assert [len(file.find("NER", f"P{number:05}")) for number in range(8)] == [1, 0, 0, 2, 0, 0, 1, 0]
    assert {one.number for one in file.find("NER", "A01")} == {"AO1", "A01", "AOI"}
    assert {one.number for one in file.find("NER", "B155")} == {"B100", "B150"}
    assert {one.number for one in file.find("NER", "B1O5")} == {"B100"}
    assert file.find("TCD", "P00004") == [entry("P00004", issuer="TCD")]
    assert (
        file.find("TCD", "B155") == file.find("LBY", "P00003") == file.find("AAA", "1") == file.find("ZZZ", "9") == []
    )


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 80)), max_size=25), st.integers(0, 400))
def test_every_series_that_holds_a_number_is_found_however_they_overlap(
    series: list[tuple[int, int]], asked: int
) -> None:
    entries = [
        entry(f"{'BX'[low % 2]}{low:04}", f"{'BX'[low % 2]}{low + wide:04}", record=UUID(int=place))
        for place, (low, wide) in enumerate(series)
    ]
    file = LostFile(packed(entries))
    for number in (f"B{asked:04}", f"X{asked:04}", f"B{asked:03}"):
        assert {one.record for one in file.find("NER", number)} == {e.record for e in entries if e.covers(number)}


def test_an_empty_registry_finds_nothing() -> None:
    file = LostFile(packed([]))
    assert (file.rows, file.find("NER", "P1"), list(file.lines())) == (0, [], [])


NUMBERS = st.text("01OIAB", min_size=1, max_size=4)


@settings(max_examples=60)
@given(st.sets(NUMBERS, max_size=40), st.sets(NUMBERS, max_size=15), st.sets(NUMBERS, max_size=15), st.integers(1, 5))
def test_changes_put_on_are_as_if_written_anew(held: set[str], put: set[str], gone: set[str], block: int) -> None:
    before, lost_file.BLOCK = lost_file.BLOCK, block
    try:
        base, gone = LostFile(packed(map(entry, held))), gone - put
        changes = LostFile(packed(map(entry, put), map(entry, gone)))
        merged = LostFile(b"".join(base.merged(changes)))
        left = (held | put) - gone
        assert list(merged.lines()) == sorted(line_of(entry(number)) for number in left)
        assert merged.rows == len(left)
        for number in held | put | gone:
            same, _ = weigh(merged.find("NER", number), number, None)
            assert bool(same) == (number in left)
            assert {one.number for one in merged.find("NER", number)} == {n for n in left if fold(n) == fold(number)}
    finally:
        lost_file.BLOCK = before


def test_blocks_that_no_change_touches_are_copied_as_they_are(small_blocks: None) -> None:
    base = packed(MANY)
    merged = b"".join(LostFile(base).merged(LostFile(packed([entry("P02999")]))))
    assert merged[:5000] == base[:5000]
    assert LostFile(merged).rows == len(MANY) + 1


def test_rows_that_do_not_rise_are_not_written() -> None:
    for lines in ([line_of(entry("B")), line_of(entry("A"))], [line_of(entry("A"))] * 2):
        with pytest.raises(ValueError, match="rise"):
            list(write(lines))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "lost_file_form"),
        (b"jiwar-lost/2\n" + bytes(60), "lost_file_version"),
        (b"jiwar-lost/1\n", "lost_file_form"),
        (packed([entry("A")])[:-1], "lost_file_form"),
        (packed([entry("A")]) + b"\n", "lost_file_form"),
    ],
)
def test_what_is_no_registry_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(LostFileInvalid) as raised:
        LostFile(data)
    assert raised.value.code == code


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_byte_that_changed_is_refused_or_changes_no_row(place: int, flip: int) -> None:
    """Whoever reads to the end knows: a row that it read is one that was written, or it raises."""
    data = bytearray(packed(MANY[:40]))
    data[place % len(data)] ^= flip
    try:
        lines = list(LostFile(bytes(data)).lines())
    except LostFileInvalid:
        return
    assert lines == sorted(line_of(one) for one in MANY[:40])


def test_a_block_that_swells_is_refused() -> None:
    bomb = zlib.compress(bytes(5_000_000))
    body = lost_file.FORMAT + bomb
    index = lost_file._INDEX.pack(b"NER1", len(lost_file.FORMAT), len(bomb), 1)
    data = body + index + lost_file._END.pack(len(body), 1, 1, 0, lost_file._MARK)
    with pytest.raises(LostFileInvalid) as raised:
        LostFile(data).find("NER", "1")
    assert raised.value.code == "lost_file_too_large"
