"""Lists that are kept as spreadsheets, at the console: entering one, and saying what its columns are."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.services import authorise
from jiwar.watchlist.list_catalogue import terms_of
from jiwar.watchlist.list_readings import WAITS_ASIDE, State
from jiwar.watchlist.list_tables import TYPES, define_table, look_at, map_columns, mapping_of, opening_of
from jiwar.watchlist.logic.list_dates import FORMS
from jiwar.watchlist.logic.spreadsheets import ENCODINGS
from jiwar.watchlist.logic.table_list import FIELDS, Mapped
from jiwar.watchlist.models import ListImport
from jiwar.watchlist.queries import tables
from jiwar.wire.faults import Fault, Refused

P = Permission
_NAMES = ("code", "title", "purpose", "legal_basis")
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@require_http_methods(["GET", "HEAD", "POST"])
def show_tables(request: HttpRequest) -> HttpResponse:
    """The spreadsheets that are read as lists; enter a further one."""
    typed = {name: request.POST.get(name, "") for name in _NAMES}
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        purpose = typed["purpose"] if typed["purpose"] in set(Purpose) else Purpose.SANCTIONS
        by = authorise(request, P.WATCHLIST_LIST_IMPORT, Purpose(purpose))
        try:
            table = define_table(by, typed["code"], typed["title"], typed["purpose"], typed["legal_basis"])
        except Refused as refused:
            faults = refused.faults
        else:
            return redirect(f"/lists/read/?list={table.code}")
    reads = authorise(request, P.WATCHLIST_LIST_READ, Purpose.SANCTIONS)
    told = {"tables": tables(reads), "typed": typed, "faults": faults}
    return render(request, "watchlist/list_tables.html", told, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def show_columns(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The first rows of a spreadsheet that was received, and what each column is."""
    reading = ListImport.objects.filter(pk=uid).first()
    purpose = terms_of(reading.list).purpose if reading else Purpose.SANCTIONS
    by = authorise(request, P.WATCHLIST_LIST_IMPORT, purpose)
    if reading is None:
        raise Http404
    if reading.state != State.RECEIVED:
        return redirect("list-reading", uid)
    faults: tuple[Fault, ...] = ()
    told: dict[str, Any] = dict(request.POST.items()) or _kept(mapping_of(reading.list))
    fields = [request.POST.get(f"column.{place}", "") for place in range(300) if f"column.{place}" in request.POST]
    if request.method == "POST" and request.POST.get("act") == "read":
        try:
            map_columns(by, reading, told, fields)
        except Refused as refused:
            faults = refused.faults
        else:
            return redirect("list-reading", uid)
    try:
        opened = opening_of(told)
        first = look_at(by, reading, opened)
    except Refused as refused:
        faults, first = faults or refused.faults, None
    context = {
        "reading": reading,
        "first": first,
        "told": told,
        "fields": fields or _known(first.header if first else [], mapping_of(reading.list)),
        "all_fields": FIELDS,
        "types": TYPES,
        "forms": list(FORMS),
        "encodings": [(name, name) for name in ENCODINGS],
        "sheets": [(name, name) for name in first.sheets] if first else [],
        "faults": faults,
        "title": terms_of(reading.list).title,
        "kept_until": reading.at + WAITS_ASIDE,
    }
    return render(request, "watchlist/list_columns.html", context, status=422 if faults else 200)


def _kept(mapped: Mapped | None) -> dict[str, str]:
    """The form as it was filled in for the version before."""
    if mapped is None:
        return {}
    plain = mapped.plain() | {"male": ", ".join(mapped.male), "female": ", ".join(mapped.female)}
    return {
        **{name: str(value) for name, value in plain.items() if name != "columns"},
        "delimiter": _DELIMITERS.get(mapped.delimiter, ""),
    }


def _known(header: list[str], mapped: Mapped | None) -> list[str]:
    """What was said before of columns with these names; nothing of others."""
    said = dict(mapped.columns) if mapped else {}
    return [said[name] or "unused" if name in said else "" for name in header]


urls = [
    path("tables/", show_tables, name="list-tables"),
    path("readings/<uuid:uid>/columns/", show_columns, name="list-columns"),
]
