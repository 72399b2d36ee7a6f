"""Lists that somebody keeps as a spreadsheet: nothing is guessed, and a small zip does not inflate."""

import datetime as dt
import io
import zipfile
from typing import Any

import openpyxl
import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.audit.queries import leaves
from jiwar.watchlist import list_work
from jiwar.watchlist.list_readings import WAITS_ASIDE
from jiwar.watchlist.list_tables import define_table, look_at, map_columns, receive_table
from jiwar.watchlist.lists import discard_list, expire_lists
from jiwar.watchlist.logic import spreadsheets
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.listed import Header, Listed, ListError, Problem, Unread
from jiwar.watchlist.logic.table_list import Mapped, read_table
from jiwar.watchlist.models import Entry, ListImport, ListTable
from jiwar.wire.faults import Fault, Refused

DAY = dt.date(2026, 11, 20)
HEAD = ["Ref", "Family", "Given", "Born", "Sex", "Country", "Passport", "Plate", "Note"]
FIELDS = [
    "reference", "family_name", "given_names", "birth_date", "sex", "nationality", "document_number", "id_plate", "",
]  # fmt: skip
ROWS: list[list[Any]] = [
    ["A1", "Hamada", "Salem Ould", dt.datetime(1971, 12, 5), "homme", "Libya", "A0042817", "5-12345-71", "x"],
    ["A2", "Zenati", "Warda", "05/12/1984", "femme", "Algérie", 998877.0, None, None],
    ["A3", "Diallo", "Aissata", "long ago", "?", "ML", None, "CD 1; CD 2", None],
    [None, "Nobody", None, None, None, None, None, None, None],
]
MAPPED = Mapped(
    columns=tuple(zip(HEAD, FIELDS, strict=True)),
    type="person",
    dates="day_first",
    separator=";",
    male=("homme", "M"),
    female=("femme", "F"),
)
TOLD = {"type": "person", "dates": "day_first", "separator": ";", "male": "homme, M", "female": "femme، F"}


def workbook(rows: list[list[Any]] | None = None, head: list[str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [head or HEAD, *(ROWS if rows is None else rows)]:
        sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def read(
    data: bytes, shape: str = "xlsx", mapped: Mapped = MAPPED
) -> tuple[dict[str, Listed], list[tuple[str, Problem, str]]]:
    first, *rest = read_table(io.BytesIO(data), shape, mapped)
    assert first == Header(None)
    return (
        {item.reference: item for item in rest if isinstance(item, Listed)},
        [(item.reference, item.code, item.value) for item in rest if isinstance(item, Unread)],
    )


def test_a_country_belongs_to_the_place_and_to_the_number_beside_it() -> None:
    head = ["Ref", "Name", "Born in", "Born in (country)", "Plate", "Plate of", "Brother"]
    fields = ["reference", "name", "place_of_birth", "birth_country", "id_plate", "id_country", "relative"]
    rows = [["B1", "Moussa Ag Ghali", "Gao", "Mali", "1234 AB", "NER", "Iyad Ag Ghali"],
            ["B2", "Warda Zenati", None, "Algeria", None, "Niger", None]]  # fmt: skip
    mapped = Mapped(columns=tuple(zip(head, fields, strict=True)), type="person", dates="iso")
    entries, unread = read(workbook(rows, head), mapped=mapped)
    first, second = entries["B1"], entries["B2"]
    assert first.places == [("birth", "MLI", "Gao")]
    assert (first.identifiers, first.relations) == ([("plate", "NER", "1234 AB")], [("relative", "Iyad Ag Ghali")])
    assert (second.places, second.identifiers, unread) == ([("birth", "DZA", "DZA")], [], [])


def test_a_row_is_read_by_what_was_said_of_its_columns() -> None:
    entries, unread = read(workbook())
    assert entries["A1"].names == [("Salem Ould Hamada", "name", "good")]
    assert entries["A1"].birth_dates == [PartialDate(1971, 12, 5)]
    assert (entries["A1"].sexes, entries["A1"].nationalities) == (["M"], ["LBY"])
    assert entries["A1"].identifiers == [("plate", "", "5-12345-71")]
    assert entries["A1"].comments == []
    assert entries["A2"].birth_dates == [PartialDate(1984, 12, 5)]
    assert entries["A2"].documents == [("", "", "998877")]
    assert entries["A3"].identifiers == [("plate", "", "CD 1"), ("plate", "", "CD 2")]
    assert unread == [
        ("A2", Problem.UNKNOWN_COUNTRY, "Algérie"),
        ("A3", Problem.UNKNOWN_DATE, "long ago"),
        ("A3", Problem.UNKNOWN_SEX, "?"),
        ("", Problem.EMPTY_REQUIRED, " Nobody"),
    ]


def test_other_columns_are_not_read_by_the_mapping() -> None:
    with pytest.raises(ListError) as refused:
        read(workbook(head=[*HEAD[:-1], "Tribe"]))
    assert refused.value.code == "other_columns"


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8-sig"), (";", "windows-1256"), ("\t", "utf-16"), ("|", "utf-8-sig")]
)
def test_text_in_columns_is_read_as_it_is_said_to_be(delimiter: str, encoding: str) -> None:
    lines = [HEAD, ["A1", "حمادة", "سالم ولد", "05/12/1971", "M", "LBY", "A0042817", "", ""]]
    data = "\n".join(delimiter.join(line) for line in lines).encode(encoding)
    mapped = Mapped(**(MAPPED.plain() | {"columns": MAPPED.columns, "delimiter": delimiter, "encoding": encoding}))
    entries, unread = read(data, "csv", mapped)
    assert entries["A1"].names[0][0] == "سالم ولد حمادة"
    assert unread == []


class TestHarm:
    def test_a_small_zip_that_inflates_is_refused_as_bytes_come_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(spreadsheets, "MOST_INFLATED", 3_000_000)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/sharedStrings.xml", b" " * 10_000_000)
        assert len(packed.getvalue()) < 20_000
        with pytest.raises(ListError, match="too_large"):
            read(packed.getvalue())

    @pytest.mark.parametrize("hidden", ['<!DOCTYPE x [<!ENTITY a "b">]>', "<!ENTITY"])
    def test_declarations_are_refused(self, hidden: str) -> None:
        packed = io.BytesIO(workbook())
        with zipfile.ZipFile(packed, "a") as archive:
            archive.writestr("xl/worksheets/sheet9.xml", f"<?xml version='1.0'?>{hidden}<x/>")
        with pytest.raises(ListError, match="forbidden"):
            read(packed.getvalue())

    @pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, b"<x/>", b""])
    def test_what_is_no_workbook_is_refused(self, data: bytes) -> None:
        with pytest.raises(ListError):
            read(data)

    def test_a_row_far_to_the_right_is_refused(self) -> None:
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.cell(row=1, column=2_000, value="x")
        kept = io.BytesIO()
        book.save(kept)
        with pytest.raises(ListError, match="too_many"):
            read(kept.getvalue())


class TestMapping:
    @pytest.fixture
    def received(self, node: None, importer: Grant, settings: Any, tmp_path: Any) -> ListImport:
        settings.DATA = tmp_path
        define_table(importer, "wanted-agadez", "Wanted in Agadez", "sanctions", "Loi 2016-22")
        return receive_table(importer, "wanted-agadez", {"liste.xlsx": io.BytesIO(workbook())}, DAY)

    def test_it_is_said_once_and_kept_for_the_next_version(self, received: ListImport, importer: Grant) -> None:
        assert received.state == "received"
        seen = look_at(importer, received, Mapped((), "person", "iso"))
        assert leaves(act="list_reading_opened").get().subject == str(received.pk)
        assert seen.header == HEAD
        assert seen.rows[0] == (2, ["A1", "Hamada", "Salem Ould", "1971-12-05", *map(str, ROWS[0][4:])])
        map_columns(importer, received, TOLD, [field or "unused" for field in FIELDS])
        received.refresh_from_db()
        assert (received.state, received.new, received.unread) == ("waiting", 3, 4)
        assert not list_work.folder_of(received).exists()
        assert Mapped.of(ListTable.objects.get().mapping) == MAPPED
        list_work.confirm(importer, received.pk)
        entry = Entry.objects.select_related("record").get(reference="wanted-agadez:A1")
        assert (entry.action, entry.record.tlp, entry.record.body["list_title"]) == (
            "refer_to_contact_point", "AMBER", "Wanted in Agadez",
        )  # fmt: skip
        again = receive_table(importer, "wanted-agadez", {"liste.xlsx": io.BytesIO(workbook(ROWS[:2]))}, DAY)
        assert (again.state, again.unchanged, again.withdrawn) == ("waiting", 2, 1)

    @pytest.mark.parametrize(
        ("fields", "told", "at", "code"),
        [
            (FIELDS, {}, "column.8", "missing"),
            ([*FIELDS[:-1], "tribe"], {}, "column.8", "not_in_list"),
            (["unused", *FIELDS[1:-1], "unused"], {}, "columns", "reference_not_mapped"),
            (["reference", *["unused"] * 8], {}, "columns", "name_not_mapped"),
            ([*FIELDS[:-1], "given_names"], {}, "columns", "mapped_twice"),
            ([*FIELDS[:-1], "unused"], {"dates": ""}, "dates", "missing"),
            ([*FIELDS[:-1], "unused"], {"type": "tribe"}, "type", "not_in_list"),
            ([*FIELDS[:-1], "unused"], {"head": "0"}, "head", "wrong_form"),
        ],
    )
    def test_what_is_left_open_is_a_fault_and_the_file_stays(
        self, received: ListImport, importer: Grant, fields: list[str], told: dict[str, str], at: str, code: str
    ) -> None:
        with pytest.raises(Refused) as refused:
            map_columns(importer, received, TOLD | told, fields)
        assert (refused.value.faults[0].field, refused.value.faults[0].code) == (at, code)
        received.refresh_from_db()
        assert received.state == "received"
        assert list_work.folder_of(received).exists()

    def test_columns_that_changed_are_asked_again(self, received: ListImport, importer: Grant) -> None:
        map_columns(importer, received, TOLD, [field or "unused" for field in FIELDS])
        list_work.confirm(importer, received.pk)
        other = workbook(head=[*HEAD[:-1], "Remarks"])
        assert receive_table(importer, "wanted-agadez", {"l.xlsx": io.BytesIO(other)}, DAY).state == "received"

    def test_what_lies_aside_is_bounded_and_goes_after_a_week(
        self, received: ListImport, importer: Grant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def put(code: str) -> ListImport:
            return receive_table(importer, code, {"l.xlsx": io.BytesIO(workbook())}, DAY)

        define_table(importer, "wanted-arlit", "Wanted in Arlit", "sanctions", "Loi 2016-22")
        monkeypatch.setattr(list_work, "ASIDE", 2)
        monkeypatch.setattr(list_work, "ASIDE_HERE", 3)
        put("wanted-agadez")
        for code, most in (("wanted-agadez", "2"), ("wanted-arlit", "3")):
            with pytest.raises(Refused) as refused:
                put(code) and put(code)
            assert refused.value.faults == (Fault("list_many_aside", "list", most),)
        lie_there = list(ListImport.objects.all())
        assert len(lie_there) == len(list((list_work.folder_of(received).parent).iterdir())) == 3
        discard_list(importer, received.pk)
        put("wanted-agadez")
        now = timezone.now()
        expire_lists(as_node(Permission.EXCHANGE_MESSAGE_PASS), now + WAITS_ASIDE - dt.timedelta(minutes=1))
        assert ListImport.objects.filter(state="received").count() == 3
        later = as_node(Permission.EXCHANGE_MESSAGE_PASS), now + WAITS_ASIDE + dt.timedelta(minutes=1)
        expire_lists(*later)
        list_work.keep_house(*later)
        assert set(ListImport.objects.values_list("state", flat=True)) == {"expired", "discarded"}
        assert not list(list_work.folder_of(received).parent.iterdir())

    def test_a_file_that_breaks_off_is_not_put_aside(self, received: ListImport, importer: Grant) -> None:
        class Torn(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise OSError("the stick was pulled")

        with pytest.raises(OSError, match="stick"):
            list_work.keep(importer, "wanted-agadez", {"l.xlsx": Torn()}, DAY)
        assert [each.pk for each in ListImport.objects.all()] == [received.pk]
        assert len(list(list_work.folder_of(received).parent.iterdir())) == 1


@pytest.mark.parametrize(("code", "fault"), [("Agadez!", "wrong_form"), ("ofac_sdn", "wrong_form"), ("", "missing")])
def test_a_list_has_a_code_of_its_own(node: None, importer: Grant, code: str, fault: str) -> None:
    with pytest.raises(Refused) as refused:
        define_table(importer, code, "A list", "sanctions", "Loi 2016-22")
    assert fault in {one.code for one in refused.value.faults}
