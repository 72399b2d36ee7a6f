"""Documents read in from a table: each line is taken, known or told of, and nothing twice."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.access.permissions import Permission as P
from jiwar.audit.queries import leaves
from jiwar.documents import lost_import
from jiwar.documents.logic.lost import LostStatus
from jiwar.documents.logic.lost_csv import Document, TableInvalid, Wrong, read_table
from jiwar.documents.lost_import import import_lost, lines_of
from jiwar.documents.lost_kinds import LOST
from jiwar.documents.models import LostDocument, LostImport
from jiwar.records.queries import held
from jiwar.wire.faults import Refused
from tests.documents.registry import ask, grant, node, report

__all__ = ["ask", "node", "report"]
TODAY = dt.date(2026, 11, 26)
HEAD = b"type,number,last,status,since\n"


def read(*lines: bytes, head: bytes = HEAD) -> list[Document | Wrong]:
    return list(read_table([head, *lines], TODAY))


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (HEAD, b"passport,pa 123,,stolen,2026-10-01\n"),
        (b"\xef\xbb\xbfsince;status;number;type\r\n", b"01/10/2026;stolen;PA123;passport\r\n"),
        (b'"number"\t"type"\t"status"\t"since"', b"PA-123\tpassport\tstolen\t01.10.2026"),
        (HEAD, b'passport,"PA,123"'[:-5] + b'123","",stolen,2026-10-01'),
    ],
)
def test_tables_of_several_makes_say_the_same(head: bytes, line: bytes) -> None:
    [found] = read(line, head=head)
    assert isinstance(found, Document)
    assert (found.number, found.status, found.since) == ("PA123", LostStatus.STOLEN, dt.date(2026, 10, 1))


@pytest.mark.parametrize(
    ("line", "field", "code"),
    [
        (b"book,A1,,stolen,2026-10-01", "type", "not_in_list"),
        (b"passport,A1,,gone,2026-10-01", "status", "not_in_list"),
        (b"passport,,,stolen,2026-10-01", "number", "wrong_form"),
        (b"passport,A1,A9,stolen,2026-10-01", "last", "series_not_allowed"),
        (b"passport,A9,A1,stolen_blank,2026-10-01", "last", "series_invalid"),
        (b"passport,A1,,stolen,2026-13-01", "since", "wrong_form"),
        (b"passport,A1,,stolen,2027-01-01", "since", "out_of_range"),
        (b"passport,A1", "", "cells_missing"),
        (b"passport,A1,,stolen,2026-10-01,x", "", "cells_beyond"),
        (b"passport,A\xff,,stolen,2026-10-01", "", "not_utf8"),
        (b"passport,A\x00,,stolen,2026-10-01", "", "wrong_form"),
        (b"passport," + b"A" * 1000, "", "too_long"),
        (b'passport,"A1,,stolen,2026-10-01', "", "wrong_form"),
    ],
)
def test_a_wrong_line_is_told_of_and_the_next_is_read(line: bytes, field: str, code: str) -> None:
    wrong, right = read(line, b"passport,A2,,stolen,2026-10-01")
    assert wrong == Wrong(2, field, code)
    assert isinstance(right, Document)


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "empty"),
        (b"number,type\n", "column_missing"),
        (b"type,number,status,since,name\n", "column_unknown"),
        (b"type,type,number,status,since\n", "column_unknown"),
        (b"type,num\xff", "not_utf8"),
    ],
)
def test_a_head_that_names_not_the_columns_is_refused(head: bytes, code: str) -> None:
    with pytest.raises(TableInvalid) as raised:
        read(b"passport,A1,,stolen,2026-10-01" if head else b"", head=head)
    assert raised.value.code == code


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes_are_lines_or_told_of(lines: list[bytes]) -> None:
    assert all(isinstance(one, Document | Wrong) for one in read(*lines))


@given(st.binary(max_size=300), st.integers(1, 20))
def test_lines_are_the_same_however_a_file_is_cut(data: bytes, size: int) -> None:
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert [one for one in lines_of(chunks) if one] == [one for one in data.split(b"\n") if one]


def test_a_line_without_end_fills_no_memory() -> None:
    [one] = lines_of(b"x" * 65536 for _ in range(100))
    assert len(one) < 70_000


# Into the registry ----------------------------------------------------------------------------------------------------


def table(count: int, *more: bytes) -> list[bytes]:
    return [HEAD, *(b"passport,PX%06d,,stolen,2026-10-01\n" % number for number in range(count)), *more]


def taken(lines: list[bytes], **more: Any) -> LostImport:
    return import_lost(grant(P.DOCUMENTS_LOST_REPORT), lines, "table.csv", **more)


def test_what_is_right_is_reported_and_what_is_known_is_not_again(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_import, "AT_ONCE", 700)
    lines = table(1200, b"passport,PX000000,,stolen,2026-10-01\n", b"nonsense\n")
    checked = taken(lines, only_check=True)
    assert (checked.added, checked.refused, LostDocument.objects.count()) == (1201, 1, 0)
    done = taken(lines)
    assert (done.lines, done.added, done.known, done.refused) == (1202, 1200, 1, 1)
    assert done.faults == [[1203, "", "cells_missing"]]
    assert (done.reports, held(LOST.name).count(), LostDocument.objects.count()) == (3, 3, 1200)
    assert ask("PX001199").status is LostStatus.STOLEN
    again = taken([*lines, b"passport,PY1,,lost,2026-10-01\n"])
    assert (again.added, again.known) == (1, 1201)
    leaf = next(leaf for leaf in leaves() if leaf.act == "documents_read_in")
    assert leaf.subject == str(again.pk)


def test_what_breaks_off_leaves_whole_reports_and_goes_on(node: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_import, "AT_ONCE", 500)

    def broken() -> Any:
        yield from table(800)
        raise OSError("the stick was pulled out")

    with pytest.raises(OSError, match="stick"):
        taken(broken())
    assert LostDocument.objects.count() == 500
    assert LostImport.objects.get().added == 500
    assert taken(table(800)).added == 300


def test_one_document_of_two_statuses_is_in_two_reports(ask: Callable[..., Any]) -> None:
    lines = [HEAD, b"passport,A1,,lost,2026-10-01\n", b"passport,A1,,stolen,2026-10-02\n"]
    assert taken(lines).reports == 2
    assert [entry.status for entry in ask("A1").entries] == [LostStatus.STOLEN, LostStatus.LOST]


def test_a_wrong_head_is_refused_and_nothing_is_kept(node: None) -> None:
    with pytest.raises(Refused) as raised:
        taken([b"number\n", b"A1\n"])
    assert [(fault.code, fault.field) for fault in raised.value.faults] == [("column_missing", "file")]
    assert not LostImport.objects.exists()
