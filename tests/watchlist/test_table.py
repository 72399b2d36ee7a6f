"""Tables of questions: every row is read or refused for itself."""

import csv
import io
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.evidence import Document, Query
from jiwar.watchlist.logic.table import MOST_LINE, Row, Table
from jiwar.wire.faults import Refused


def file(text: str | bytes) -> BinaryIO:
    return io.BytesIO(text.encode() if isinstance(text, str) else text)


def rows(text: str | bytes, **named: str) -> list[Row]:
    return list(Table(file(text), named))


def refusals(text: str | bytes) -> list[tuple[int, str, str]]:
    return [(row.number, fault.field, fault.code) for row in rows(text) for fault in row.faults]


HEADER = "name,birth_date,sex,nationality,document,document_country\n"


def test_a_row_is_a_question() -> None:
    [row] = rows(HEADER + 'سالم  ولد خطار,1984-03-09,m,lby,"AB 12",NER\n')
    document = Document("", "NER", "AB 12")
    assert row == Row(2, Query(("سالم ولد خطار",), PartialDate(1984, 3, 9), "M", "LBY", (document,)))


def test_titles_may_be_others_and_stand_anywhere_and_several_names_be_given() -> None:
    text = "\ufeffNo;Nom;Né;name_2\r\n1;Youssef;1984;يوسف\r\n"
    table = Table(file(text), {"name": "Nom", "birth_date": "Né"}, ";")
    assert table.columns == {"name": "Nom", "name_2": "name_2", "birth_date": "Né"}
    [row] = table
    assert row.query == Query(("Youssef", "يوسف"), PartialDate(1984))
    assert table.read == len(text.encode())


def test_a_row_that_cannot_be_read_costs_itself_alone() -> None:
    good = "Youssef,1984,M,LBY,,\n"
    text = (HEADER + good).encode()
    text += "عمر,84,M,LBY,,\n".encode("cp1256") + b"A\0B,,,,,\n" + b"Omar,1984\n"
    text += b"Omar,1984-13-01,X,Libya,,\n" + b'"Omar" ben,,,,,\n' + b"\n"
    text += b"x" * (3 * MOST_LINE) + b",,,,,\n" + b"Omar " + b"o" * 300 + b",,,,,\n" + good.encode()
    assert refusals(text) == [
        (3, "", "not_utf8"),
        (4, "", "nul"),
        (5, "", "wrong_cells"),
        (6, "birth_date", "wrong_form"),
        (6, "sex", "not_in_list"),
        (6, "nationality", "wrong_form"),
        (7, "", "wrong_quotes"),
        (9, "", "too_long"),
        (10, "name", "too_long"),
    ]
    assert [row.number for row in rows(text) if row.query] == [2, 11]


def test_a_quotation_mark_without_its_pair_does_not_swallow_the_table() -> None:
    text = HEADER + '"Youssef,1984,M,LBY,,\n' + "Omar,1984,M,LBY,,\n" * 20_000
    found = rows(text)
    assert found[0].faults[0].code == "wrong_quotes"
    assert sum(row.query is not None for row in found) > 12_000


@pytest.mark.parametrize(
    ("text", "named", "codes"),
    [
        (b"", {}, {"columns_missing"}),
        ("nom,prénom\n", {}, {"columns_missing"}),
        ("nom\n", {"name": "Nom"}, {"unknown_column"}),
        ("name\n", {"religion": "name"}, {"unknown_field"}),
        ("name,Name\n", {}, {"taken"}),
        ("name\n".encode("utf-16"), {}, {"not_utf8"}),
        ("nömé,name\n".encode("latin-1"), {}, {"not_utf8"}),
        (b"na\0me\n", {}, {"nul"}),
        (b'"name\n', {}, {"wrong_quotes"}),
        (b"n" * 30_000, {}, {"too_long"}),
        (",".join(["name", *map(str, range(300))]), {}, {"too_many"}),
    ],
)
def test_a_table_without_a_header_is_refused(text: str | bytes, named: dict[str, str], codes: set[str]) -> None:
    with pytest.raises(Refused) as refused:
        rows(text, **named)
    assert {fault.code for fault in refused.value.faults} == codes


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "،"])
def test_a_delimiter_is_one_plain_character(delimiter: str) -> None:
    with pytest.raises(Refused):
        Table(file("name\n"), {}, delimiter)


NAME = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30)


@given(st.lists(NAME.map(lambda text: " ".join(text.split())).filter(bool), max_size=20))
def test_what_a_writer_writes_is_read_back(names: list[str]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["name"], *([name] for name in names)])
    assert [row.query for row in rows(text.getvalue())] == [Query((name,)) for name in names]


@given(st.binary(max_size=300))
def test_no_bytes_end_a_table_before_its_last_row(noise: bytes) -> None:
    table = Table(file(b"name\n" + noise + b"\n"))
    assert all(bool(row.faults) != (row.query is not None) for row in table)
    assert table.read == len(noise) + 6
