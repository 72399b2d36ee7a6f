"""Saved searches at the console: keep a question, see what came of it, go on or end it."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.analysis import saved
from jiwar.analysis.questions import IN_FORM
from jiwar.wire.faults import Fault, Refused


@require_GET
def show_saved(request: HttpRequest) -> HttpResponse:
    """The reader's own, for one purpose."""
    return render(request, "analysis/saved_searches.html", {"rows": saved.browse(_grant(request))})


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """The question comes from the search page, in the body: no name stands in an address."""
    by = _grant(request)
    typed = {name: request.POST.get(name, "")[:200] for name in saved.QUESTION}
    faults: tuple[Fault, ...] = ()
    if request.POST.get("act") == "save":
        try:
            title, reason = request.POST.get("title", ""), request.POST.get("reason", "")
            row = saved.save(by, typed, title, _day(request), reason)
        except Refused as refused:
            faults = tuple(Fault(f.code, IN_FORM.get(f.field, f.field), f.detail) for f in refused.faults)
        else:
            messages.success(request, _("Saved. What the watchlist learns from now on is compared with it."))
            return redirect(_to("saved-search", by, row.pk))
    context = _context(request, faults) | {"question": typed, "case": by.case}
    return render(request, "analysis/save_search.html", context, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def show_one(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What one of them found; its acts are to go on and to end."""
    by = _grant(request)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            if request.POST.get("act") == "renew":
                saved.renew(by, pk, _day(request))
                messages.success(request, _("It goes on."))
            else:
                saved.end(by, pk)
                messages.success(request, _("Ended. The question is erased."))
            return redirect(_to("saved-search", by, pk))
        except Refused as refused:
            faults = refused.faults
    kept = saved.open_saved(by, pk)
    if kept is None:
        raise Http404
    context = _context(request, faults) | {"kept": kept, "row": kept.row, "question": kept.row.typed}
    return render(request, "analysis/saved_search.html", context, status=422 if faults else 200)


def _context(request: HttpRequest, faults: tuple[Fault, ...]) -> dict[str, Any]:
    longest = timezone.localdate() + dt.timedelta(days=saved.LONGEST)
    labels = {
        "title": _("Title"),
        "until": _("Until"),
        "case": _("Case"),
        "reason": _("Reason"),
        "name": _("Name"),
        "document_number": _("Document number"),
        "identifier_number": _("Number"),
    }
    return {"faults": faults, "typed": request.POST, "longest": longest, "labels": labels}


def _day(request: HttpRequest) -> dt.date:
    try:
        return dt.date.fromisoformat(request.POST.get("until", ""))
    except ValueError:
        raise Refused(Fault("wrong_form" if request.POST.get("until") else "missing", "until")) from None


def _grant(request: HttpRequest) -> Grant:
    case = (request.POST.get("case") or request.GET.get("case") or "").strip()[:80]
    return authorise(request, Permission.ANALYSIS_SUBJECT_SEARCH, purpose_of(request), case)


def _to(name: str, by: Grant, *args: object) -> str:
    return reverse(name, args=args, query={"purpose": str(by.purpose)})


urls = [
    path("saved/", show_saved, name="saved-searches"),
    path("saved/keep/", keep, name="save-search"),
    path("saved/<uuid:pk>/", show_one, name="saved-search"),
]
