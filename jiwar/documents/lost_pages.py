"""Lost, stolen and invalid documents at the console: look one up, report some, take one back, read in a table."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from jiwar.access.bodies import takes
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import actor_of, authorise
from jiwar.documents import lost_queries
from jiwar.documents.lost import look_up, report_lost, take_back
from jiwar.documents.lost_import import import_lost, lines_of
from jiwar.documents.models import LostImport
from jiwar.wire.faults import Fault, Refused

P = Permission
LARGEST = 10_000_000
"""Bytes of a table at the console; `jiwar lost import` takes any."""
_ASKED = ("issuer", "type", "number")
_REPORTED = ("type", "number", "last", "status", "since")


def _searcher(request: HttpRequest) -> Grant:
    return authorise(request, P.DOCUMENTS_LOST_SEARCH, Purpose.BORDER_CHECK)


def _reporter(request: HttpRequest) -> Grant:
    return authorise(request, P.DOCUMENTS_LOST_REPORT, Purpose.BORDER_CHECK)


def _may_report(request: HttpRequest) -> bool:
    actor = actor_of(request)
    return settings.NODE.role == "national" and actor is not None and actor.may(P.DOCUMENTS_LOST_REPORT)


@require_http_methods(["GET", "HEAD", "POST"])
def show_lost(request: HttpRequest) -> HttpResponse:
    """The question and its answer, which stand in no address; how the registry stands."""
    by = _searcher(request)
    typed = {name: request.POST.get(name, "").strip() for name in _ASKED}
    told: dict[str, Any] = {"typed": typed, "faults": (), "answer": None}
    if request.method == "POST":
        try:
            told["answer"] = look_up(by, typed["issuer"], typed["type"], typed["number"])
        except Refused as refused:
            told["faults"] = refused.faults
    else:
        typed["issuer"] = settings.NODE.state
    told |= {"standing": lost_queries.standing(by), "may_report": _may_report(request)}
    return render(request, "documents/lost.html", told, status=422 if told["faults"] else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def report_document(request: HttpRequest) -> HttpResponse:
    """One document or one series of this state."""
    by = _reporter(request)
    typed = {name: request.POST.get(name, "").strip() for name in (*_REPORTED, "reference")}
    faults: list[Any] = []
    if request.method == "POST":
        try:
            record = report_lost(by, [{name: typed[name] for name in _REPORTED}], typed["reference"])
        except Refused as refused:
            faults = [Fault(f.code, f.field.removeprefix("documents.0."), f.detail) for f in refused.faults]
        else:
            messages.success(request, _("Reported. Neighbours get it by agreement, the posts with the next edition."))
            return redirect("lost-report", record.uid)
    told = {"typed": typed, "faults": faults, "today": timezone.localdate()}
    return render(request, "documents/lost_report_form.html", told, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD"])
def show_reports(request: HttpRequest) -> HttpResponse:
    """Reports of this state, the newest first, and the tables that were read in."""
    by = _reporter(request)
    stated = request.GET.get("page", "1")
    page = lost_queries.reports(by, int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 7 else 1)
    return render(request, "documents/lost_reports.html", {"reports": page, "imports": lost_queries.imports(by)})


@require_http_methods(["GET", "HEAD", "POST"])
def show_report(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What one report names; take a document out of it."""
    by = _reporter(request)
    faults: tuple[Any, ...] = ()
    if request.method == "POST":
        try:
            number, last = request.POST.get("number", ""), request.POST.get("last", "")
            take_back(by, uid, number, last, request.POST.get("reason", ""))
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("Taken back. It is looked for no longer, here and at every holder."))
            return redirect("lost-report", uid) if lost_queries.open_report(by, uid) else redirect("lost-reports")
    found = lost_queries.open_report(by, uid)
    if found is None:
        raise Http404
    told = {"report": found, "faults": faults, "typed": request.POST}
    return render(request, "documents/lost_report.html", told, status=422 if faults else 200)


@takes(LARGEST + 100_000)
@require_http_methods(["GET", "HEAD", "POST"])
def read_in(request: HttpRequest) -> HttpResponse:
    """A table: checked, or its documents reported; then what came of each line."""
    by = _reporter(request)
    done: LostImport | None = None
    faults: tuple[Any, ...] = ()
    if request.method == "POST":
        try:
            done = _read_in(request, by)
        except Refused as refused:
            faults = refused.faults
    wrong = [(line, Fault(code, field)) for line, field, code in (done.faults if done else ())]
    told = {"done": done, "wrong": wrong, "faults": faults, "megabytes": LARGEST // 1_000_000}
    return render(request, "documents/lost_import.html", told, status=422 if faults else 200)


def _read_in(request: HttpRequest, by: Grant) -> LostImport:
    file = request.FILES.get("file")
    if file is None:
        raise Refused(Fault("missing", "file"))
    return import_lost(by, lines_of(file.chunks()), file.name or "", only_check=request.POST.get("act") != "report")


urls = [
    path("lost/", show_lost, name="lost"),
    path("lost/import/", read_in, name="lost-import"),
    path("lost/report/", report_document, name="lost-report-new"),
    path("lost/reports/", show_reports, name="lost-reports"),
    path("lost/reports/<uuid:uid>/", show_report, name="lost-report"),
]
