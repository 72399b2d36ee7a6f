"""The analyst's pages: one search over everything held here, and the dossier of one subject."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.analysis import services
from jiwar.analysis.briefs import is_available
from jiwar.analysis.charts import MOST as MOST_NODES
from jiwar.analysis.charts import MOST_STEPS
from jiwar.analysis.logic.timeline import GROUPS, newest_first
from jiwar.analysis.questions import FIELDS, IN_FORM, narrow_of, query_of
from jiwar.watchlist.finding import MOST
from jiwar.wire.faults import Fault, Refused

P = Permission


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """The form of a search, and what it found."""
    by = _grant(request, P.ANALYSIS_SUBJECT_SEARCH)
    sent = request.method == "POST"
    # A name that comes with the address is typed in, never searched for.
    typed = {name: (request.POST if sent else request.GET).get(name, "")[:200] for name in FIELDS}
    lenient = {name: not sent or "act" in request.POST or name in request.POST for name in ("by_sound", "inexact")}
    reason = request.POST.get("reason", "")
    faults: tuple[Fault, ...] = ()
    found = named = None
    if sent and request.POST.get("act") == "reference":
        try:
            named = services.look_up(by, request.POST.get("reference", "")[:120])
        except Refused as refused:
            faults = tuple(Fault(f.code, {"case": "of_case"}.get(f.field, f.field), f.detail) for f in refused.faults)
    elif sent:
        try:
            found = services.search(by, query_of(typed), narrow_of(typed, **lenient), reason=reason)
        except Refused as refused:
            faults = tuple(Fault(f.code, IN_FORM.get(f.field, f.field), f.detail) for f in refused.faults)
    narrowed = [name for name in FIELDS[9:] if typed[name]]
    context = {
        "typed": typed | lenient | {"reason": reason},
        "case": by.case,
        "found": found,
        "named": named,
        "reference": request.POST.get("reference", "")[:120],
        "most": MOST,
        "narrowed": narrowed or not all(lenient.values()),
        "faults": faults,
        "labels": _labels(),
    }
    return render(request, "analysis/search.html", context, status=422 if faults else 200)


@require_GET
def dossier(request: HttpRequest, uid: UUID) -> HttpResponse:
    """All that is held about one subject."""
    by = _grant(request, P.ANALYSIS_SUBJECT_READ)
    if not by.case:
        return render(request, "analysis/case.html", {"asked": request.GET}, status=422)
    found = services.open_dossier(by, uid)
    if found is None:
        raise Http404
    shown = [group for group in request.GET.getlist("show") if group in GROUPS]
    context = {
        "dossier": found,
        "case": by.case,
        "groups": list(GROUPS),
        "shown": shown,
        "events": newest_first(found.events, shown),
        "by_number": {source.number: source for source in found.sources},
        "can_print": is_available(),
    }
    return render(request, "analysis/dossier.html", context)


@require_GET
def links(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What a subject is linked with, drawn and as a table."""
    by = _grant(request, P.ANALYSIS_SUBJECT_READ)
    if not by.case:
        return render(request, "analysis/case.html", {"asked": request.GET}, status=422)
    further = [found for text in request.GET.getlist("further") if (found := _uid(text))]
    chart = services.open_chart(by, uid, further, rtl=get_language_bidi())
    if chart is None:
        raise Http404
    context = {"chart": chart, "case": by.case, "most": MOST_NODES, "more": len(chart.expanded) < MOST_STEPS}
    return render(request, "analysis/links.html", context)


@require_POST
def brief(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A signed brief as a file."""
    by = _grant(request, P.ANALYSIS_BRIEF_MAKE)
    made = services.make_brief(by, uid, request.POST.get("language", ""))
    if made is None:
        raise Http404
    return HttpResponse(
        made.pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{made.file_name}"', "Cache-Control": "no-store"},
    )


def _uid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _grant(request: HttpRequest, permission: Permission) -> Grant:
    case = (request.POST.get("case") or request.GET.get("case") or "").strip()[:80]
    return authorise(request, permission, purpose_of(request), case)


def _labels() -> dict[str, str]:
    return {
        "name": _("Name"),
        "other_name": _("Another spelling or alias"),
        "birth_date": _("Date of birth"),
        "document_number": _("Document number"),
        "identifier_kind": _("Kind of number"),
        "identifier_number": _("Plate, telephone or other number"),
        "born_from": _("Born from"),
        "born_to": _("Born until"),
        "since": _("Issued since"),
        "source": _("Source"),
        "case": _("Case"),
        "of_case": _("Case"),
        "reference": _("Reference number or identifier"),
        "reason": _("Reason for the search"),
    }


urls = [
    path("", search, name="analysis"),
    path("subjects/<uuid:uid>/", dossier, name="dossier"),
    path("subjects/<uuid:uid>/brief/", brief, name="dossier-brief"),
    path("subjects/<uuid:uid>/links/", links, name="dossier-links"),
]
