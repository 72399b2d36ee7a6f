"""Lists that somebody keeps as a spreadsheet: a person says once what each column is, and the next version follows."""

import datetime as dt
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.watchlist import list_work
from jiwar.watchlist.list_catalogue import CODE, Files, catalogue, shape_of
from jiwar.watchlist.list_readings import State, fill, may_import
from jiwar.watchlist.logic import list_dates
from jiwar.watchlist.logic.listed import ListError
from jiwar.watchlist.logic.spreadsheets import DELIMITERS, ENCODINGS, sheet_rows, sheets
from jiwar.watchlist.logic.table_list import FIELDS, Mapped
from jiwar.watchlist.models import ListImport, ListTable
from jiwar.wire.faults import Fault, Refused

SHOWN = 6
"""Rows of a spreadsheet that a person sees before she says what its columns are."""
TYPES = (
    "person",
    "organisation",
    "armed_group",
    "vehicle",
    "vessel",
    "aircraft",
    "document",
    "device",
    "account",
    "object",
)


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The beginning of a spreadsheet: the row that names the columns, and some below it, with their numbers."""

    shape: str
    sheets: list[str]
    header: list[str]
    rows: list[tuple[int, list[str]]]


def define_table(by: Grant, code: str, title: str, purpose: str, legal_basis: str) -> ListTable:
    """Enter a list that is kept as a spreadsheet, and on what terms it is held. Raises AccessRefused, Refused."""
    by.check(Permission.WATCHLIST_LIST_IMPORT)
    code, title, legal_basis = code.strip(), title.strip(), legal_basis.strip()
    faults = [
        Fault("missing", field)
        for field, value in (("code", code), ("title", title), ("legal_basis", legal_basis))
        if not value
    ]
    if code and not CODE.fullmatch(code):
        faults.append(Fault("wrong_form", "code"))
    if code in catalogue()[0] or ListTable.objects.filter(code=code).exists():
        faults.append(Fault("code_taken", "code"))
    faults += [
        Fault("too_long", field, "200")
        for field, value in (("title", title), ("legal_basis", legal_basis))
        if len(value) > 200
    ]
    if purpose not in set(Purpose):
        faults.append(Fault("not_in_list", "purpose"))
    if faults:
        raise Refused(*faults)
    by.check_purpose(purpose)
    with transaction.atomic():
        table = ListTable.objects.create(
            code=code,
            title=title,
            purpose=purpose,
            legal_basis=legal_basis,
            created_by=by.actor_id,
            created_at=timezone.now(),
        )
        append("list_table_entered", by, code, {"purpose": purpose})
    return table


def receive_table(by: Grant, code: str, files: Files, as_of: dt.date | None) -> ListImport:
    """Put a version of a spreadsheet aside, and read it where its columns are those that were mapped."""
    reading = list_work.keep(by, code, files, as_of)
    mapped = mapping_of(code)
    try:
        if mapped is not None and first_rows(reading, mapped).header == [name for name, _ in mapped.columns]:
            _read(by, reading)
    except Refused:
        forget(reading)
        raise
    return reading


def mapping_of(code: str) -> Mapped | None:
    """What somebody said of a spreadsheet's columns."""
    table = ListTable.objects.filter(code=code).first()
    return Mapped.of(table.mapping) if table is not None and table.mapping else None


def first_rows(reading: ListImport, mapped: Mapped | None = None) -> FirstRows:
    """The beginning of a spreadsheet that was received, as this mapping opens it. Raises Refused."""
    mapped = mapped or Mapped((), "person", "iso")
    try:
        with ExitStack() as stack:
            [file] = list_work.kept_files(reading, stack).values()
            shape = shape_of(file.read(1024))
            file.seek(0)
            names = sheets(file) if shape == "xlsx" else []
            file.seek(0)
            opened = sheet_rows(file, shape, sheet=mapped.sheet, delimiter=mapped.delimiter, encoding=mapped.encoding)
            rows = list(islice((row for row in opened if row[0] >= mapped.head), SHOWN + 1))
    except ListError as error:
        raise Refused(Fault(f"list_{error.code}", "file", str(error.line) if error.line else "")) from None
    if not rows:
        raise Refused(Fault("list_empty", "file"))
    return FirstRows(shape, names, rows[0][1], rows[1:])


def look_at(by: Grant, reading: ListImport, mapped: Mapped) -> FirstRows:
    """The beginning of a spreadsheet, for a person to read; the ledger keeps it. Raises AccessRefused, Refused."""
    may_import(by, reading.list)
    rows = first_rows(reading, mapped)
    with transaction.atomic():
        append("list_reading_opened", by, str(reading.pk), {"list": reading.list})
    return rows


def map_columns(by: Grant, reading: ListImport, told: Mapping[str, str], fields: list[str]) -> Mapped:
    """Say what the columns of a spreadsheet are, for this version and the next, and read it by that.

    `told`: the settings of the form; `fields`: for each column one of `table_list.FIELDS`, or "unused". A column of
    which nothing is said is a fault: nothing is guessed. Raises AccessRefused, Refused.
    """
    may_import(by, reading.list)
    if reading.state != State.RECEIVED:
        raise Refused(Fault("reading_is_closed", "reading"))
    opened = opening_of(told)
    header = first_rows(reading, opened).header
    faults = [
        Fault("missing" if place >= len(fields) or not fields[place] else "not_in_list", f"column.{place}")
        for place in range(len(header))
        if place >= len(fields) or fields[place] not in {*FIELDS, "unused"}
    ]
    faults += [
        Fault("missing" if not told.get(name) else "not_in_list", name)
        for name, allowed in (("type", TYPES), ("dates", tuple(list_dates.FORMS)))
        if told.get(name) not in allowed
    ]
    if faults:
        raise Refused(*faults)
    mapped = Mapped(
        columns=tuple((name, "" if field == "unused" else field) for name, field in zip(header, fields, strict=False)),
        type=told["type"],
        dates=told["dates"],
        separator=told.get("separator", "").strip()[:3],
        male=_words(told.get("male", "")),
        female=_words(told.get("female", "")),
        head=opened.head,
        sheet=opened.sheet,
        delimiter=opened.delimiter,
        encoding=opened.encoding,
    )
    if fault := mapped.fault():
        raise Refused(Fault(fault, "columns"))
    with transaction.atomic():
        ListTable.objects.filter(code=reading.list).update(
            mapping=mapped.plain(), mapped_by=by.actor_id, mapped_at=timezone.now()
        )
        append("list_mapped", by, reading.list, {"columns": [field for _, field in mapped.columns]})
    _read(by, reading)
    return mapped


def opening_of(told: Mapping[str, str]) -> Mapped:
    """How the form says that the file is opened; what it does not say is as files mostly are."""
    head = told.get("head", "") or "1"
    if not re.fullmatch("[1-9][0-9]{0,2}", head):
        raise Refused(Fault("wrong_form", "head"))
    delimiter = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}.get(told.get("delimiter", "") or "comma", "")
    encoding = told.get("encoding", "") or ENCODINGS[0]
    if delimiter not in DELIMITERS or encoding not in ENCODINGS:
        raise Refused(Fault("not_in_list", "delimiter" if delimiter not in DELIMITERS else "encoding"))
    return Mapped(
        (), "person", "iso", head=int(head), sheet=told.get("sheet", "")[:100], delimiter=delimiter, encoding=encoding
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip()[:40] for word in re.split("[,،;؛]", text) if word.strip())[:10]


def _read(by: Grant, reading: ListImport) -> None:
    """Read what was put aside, now or soon."""
    with ExitStack() as stack:
        files = list_work.kept_files(reading, stack)
        if sum(file.seek(0, 2) for file in files.values()) > list_work.LITTLE:
            list_work.want(reading)
            return
        for file in files.values():
            file.seek(0)
        try:
            fill(by, reading, files)
        except Refused:
            # The columns may be said again: the file stays.
            reading.rows.all().delete()
            reading.unread_lines.all().delete()
            raise
    list_work.forget_files(reading)


def forget(reading: ListImport) -> None:
    """Give up a reading that never was one."""
    list_work.forget_files(reading)
    reading.delete()
