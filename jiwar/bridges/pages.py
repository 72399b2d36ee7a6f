"""Bridges at the console: sources and what they said, taking it in, fetching, exporting, and who reads by TAXII."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.bodies import takes
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.bridges import queries, services
from jiwar.bridges.exports import WRITERS
from jiwar.bridges.leaving import OPEN
from jiwar.bridges.logic.found import MOST_BYTES
from jiwar.bridges.logic.leaving import CODES
from jiwar.bridges.models import Source
from jiwar.bridges.readers import recipient
from jiwar.bridges.sources import FIELDS, Address, source_of
from jiwar.identity.directory import agencies
from jiwar.records.words import word
from jiwar.watchlist.services import browse_foreign, open_foreign
from jiwar.wire.faults import Fault, Refused

P = Permission
PAGE = 50
_FORM = 100_000
"""Bytes that the rest of a form may take."""


def _reads(request: HttpRequest, purpose: object = "") -> Grant:
    """Who may read lists; what a page shows of a source is read for the source's own purpose."""
    return authorise(request, P.WATCHLIST_LIST_READ, Purpose(str(purpose)) if purpose else Purpose.SANCTIONS)


def _imports(request: HttpRequest, purpose: object) -> Grant:
    return authorise(request, P.WATCHLIST_LIST_IMPORT, Purpose(str(purpose)))


def _source(code: str) -> Source:
    try:
        return source_of(code)
    except Refused:
        raise Http404 from None


def _page(request: HttpRequest, name: str = "page") -> int:
    stated = request.GET.get(name, "1")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 7 else 1


# Sources --------------------------------------------------------------------------------------------------------------


@require_GET
def show_bridges(request: HttpRequest) -> HttpResponse:
    """The sources, and the readings with what waits first to be seen."""
    _reads(request)
    found = Paginator(queries.readings(), PAGE).get_page(_page(request))
    return render(request, "bridges/bridges.html", {"sources": queries.sources(), "readings": found})


@require_http_methods(["GET", "HEAD", "POST"])
def new_source(request: HttpRequest) -> HttpResponse:
    """Enter a source."""
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    faults: tuple[Fault, ...] = ()
    purpose = typed["purpose"] if typed["purpose"] in set(Purpose) else Purpose.SANCTIONS
    by = _imports(request, purpose)
    if request.method == "POST":
        try:
            source = services.define_source(by, typed)
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("The source is entered. Nothing of it is used before a person takes it in."))
            return redirect("bridge-source", source.code)
    context = {"typed": typed if request.method == "POST" else None, "agencies": agencies(), "faults": faults}
    return render(request, "bridges/source_form.html", context, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def show_source(request: HttpRequest, code: str) -> HttpResponse:
    """One source: its terms, how it reaches us, its readings; connect it, fetch what is new."""
    source = _source(code)
    _reads(request, source.purpose)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act_on_source(request, source)
        except Refused as refused:
            faults = refused.faults
    context = {
        "source": source,
        "readings": Paginator(queries.readings(code), PAGE).get_page(_page(request)),
        "agencies": agencies(),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "bridges/source.html", context, status=422 if faults else 200)


def _act_on_source(request: HttpRequest, source: Source) -> HttpResponse:
    by = _imports(request, source.purpose)
    act = request.POST.get("act", "")
    if act == "connect":
        address = Address(*(request.POST.get(name, "").strip() for name in ("url", "collection", "certificate")))
        services.connect_source(by, source.code, address, request.POST.get("writer", ""))
        messages.success(request, _("Saved."))
    elif act == "pull":
        pulled = services.pull(by, source.code)
        if pulled.failure:
            messages.error(request, _("It could not be fetched to the end. The reason stands below."))
        elif pulled.reading is None:
            messages.success(request, _("Nothing new."))
        if pulled.reading is not None:
            return redirect("bridge-reading", pulled.reading.pk)
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("bridge-source", source.code)


# Readings -------------------------------------------------------------------------------------------------------------


@takes(None)
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def read(request: HttpRequest, code: str) -> HttpResponse:
    """The form, or the reading of the file that was sent.

    A body past the limit is refused before any of it is taken in, so the CSRF check, which reads the body, comes after.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if request.method == "POST" and length.isdecimal() and int(length) > MOST_BYTES + _FORM:
        source = _source(code)
        _imports(request, source.purpose)
        request._mark_post_parse_error()  # type: ignore[attr-defined] # the page must not read it either
        return _read_form(request, source, Fault("too_large", "file"))
    return _read(request, code)


@csrf_protect
def _read(request: HttpRequest, code: str) -> HttpResponse:
    source = _source(code)
    by = _imports(request, source.purpose)
    if request.method != "POST":
        return _read_form(request, source)
    sent, format_ = request.FILES.get("file"), request.POST.get("format", "")
    if sent is None:
        return _read_form(request, source, Fault("missing", "file"))
    try:
        reading = services.read_file(by, code, format_, sent, sent.name or "", whole=request.POST.get("whole") == "on")
    except Refused as refused:
        return _read_form(request, source, *refused.faults)
    return redirect("bridge-reading", reading.pk)


def _read_form(request: HttpRequest, source: Source, *faults: Fault) -> HttpResponse:
    told = {
        "source": source,
        "faults": faults,
        "format": request.POST.get("format", "") if faults and faults[0].code != "too_large" else "",
        "most_megabytes": MOST_BYTES // 1_000_000,
    }
    return render(request, "bridges/read.html", told, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def show_reading(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What was found and what was not understood; leave one out, take in the rest, or discard all of it."""
    purpose = queries.readings().filter(pk=uid).values_list("source__purpose", flat=True).first()
    if purpose is None:
        raise Http404
    by = _reads(request, purpose)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act_on_reading(request, uid, _imports(request, purpose))
        except Refused as refused:
            faults = refused.faults
    reading = services.open_reading(by, uid)
    if reading is None:
        raise Http404
    shown = request.GET.get("show", "")
    context = {
        "reading": reading,
        "subjects": _paged(queries.subjects(reading), request, shown == ""),
        "lines": _paged(queries.lines(reading), request, shown == "lost"),
        "statements": _paged(queries.statements(reading), request, shown == "statements"),
        "show": shown if shown in {"lost", "statements"} else "",
        "left_out": queries.subjects(reading).filter(left_out=True).count(),
        "faults": faults,
    }
    return render(request, "bridges/reading.html", context, status=422 if faults else 200)


def _paged(rows: "QuerySet[Any]", request: HttpRequest, here: bool) -> Any:
    return Paginator(rows, PAGE).get_page(_page(request) if here else 1)


def _act_on_reading(request: HttpRequest, uid: UUID, by: Grant) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "take":
        services.take_reading(by, uid)
        messages.success(request, _("Taken in. Screening finds it from now on, here and at our posts."))
    elif act == "discard":
        services.discard_reading(by, uid)
        messages.success(request, _("Discarded. Nothing of it is used."))
    elif act in {"leave_out", "put_back"}:
        subject = request.POST.get("subject", "")
        number = int(subject) if subject.isascii() and subject.isdecimal() and len(subject) < 19 else 0
        services.leave_out(by, uid, number, out=act == "leave_out")
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect("bridge-reading", uid)


# What was taken in ----------------------------------------------------------------------------------------------------


@require_GET
def show_entries(request: HttpRequest, code: str) -> HttpResponse:
    """Entries of a source in force, by reference: to look for a person, screen (rule R7)."""
    source = _source(code)
    found = browse_foreign(_reads(request, source.purpose), code, _page(request))
    return render(request, "bridges/entries.html", {"source": source, "entries": found})


@require_GET
def show_entry(request: HttpRequest, code: str, uid: UUID) -> HttpResponse:
    """One entry as its source words it."""
    source = _source(code)
    found = open_foreign(_reads(request, source.purpose), uid)
    if found is None or found.listing.source != code:
        raise Http404
    return render(request, "bridges/entry.html", {"source": source, "found": found, "listing": found.listing})


# Going out ------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def show_export(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What would leave, to whom and with what losses; then the file."""
    by = authorise(request, P.BRIDGES_RECORD_EXPORT, purpose_of(request))
    assert by.purpose is not None
    given = request.POST if request.method == "POST" else request.GET
    format_ = given.get("format", "stix") if given.get("format", "stix") in WRITERS else "stix"
    to = given.get("to", "").strip()
    faults: tuple[Fault, ...] = ()
    preview = None
    try:
        named = recipient(to, by.purpose)
        preview = services.preview(by, uid, format_, named)
        if preview is None:
            raise Http404
        if request.method == "POST":
            return _file(services.export(by, [uid], format_, named))
    except Refused as refused:
        faults = refused.faults
    language = get_language() or "en"
    context = {
        "uid": uid,
        "format": format_,
        "formats": sorted(WRITERS),
        "to": to,
        "preview": preview,
        "leaves": preview is not None and preview.code == OPEN,
        "why": word("leaving" if preview.code in CODES else "verdict", preview.code, language) if preview else "",
        "here": reverse("bridge-export", args=[uid], query={"purpose": by.purpose}),
        "faults": faults,
    }
    return render(request, "bridges/export.html", context, status=422 if faults else 200)


def _file(made: Any) -> HttpResponse:
    answer = HttpResponse(made.data, content_type=made.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{made.file_name}"'
    return answer


# Readers --------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def show_readers(request: HttpRequest) -> HttpResponse:
    """Of each agency, what its programs are; an approver says it and ends it."""
    by = authorise(request, P.BRIDGES_READER_CONFIRM)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        agency, code = request.POST.get("agency", ""), request.POST.get("recipient", "")
        acts: dict[str, Callable[[], object]] = {
            "ours": lambda: services.confirm_reader(by, agency, ""),
            "outside": lambda: services.confirm_reader(by, agency, code or "-"),
            "end": lambda: services.end_reader(by, agency),
        }
        act = acts.get(request.POST.get("act", ""))
        if act is None:
            faults = (Fault("not_in_list", "act"),)
        else:
            try:
                act()
            except Refused as refused:
                faults = refused.faults
            else:
                return redirect("bridge-readers")
    context = {"sides": queries.sides(), "faults": faults, "typed": request.POST}
    return render(request, "bridges/readers.html", context, status=422 if faults else 200)


urls = [
    path("", show_bridges, name="bridges"),
    path("export/<uuid:uid>/", show_export, name="bridge-export"),
    path("readers/", show_readers, name="bridge-readers"),
    path("readings/<uuid:uid>/", show_reading, name="bridge-reading"),
    path("sources/new/", new_source, name="bridge-source-new"),
    path("sources/<slug:code>/", show_source, name="bridge-source"),
    path("sources/<slug:code>/entries/", show_entries, name="bridge-entries"),
    path("sources/<slug:code>/entries/<uuid:uid>/", show_entry, name="bridge-entry"),
    path("sources/<slug:code>/read/", read, name="bridge-read"),
]
