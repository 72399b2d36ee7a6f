"""Duplicates at the console: pairs that the engine found, proposals of one person, decisions of another, clusters."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import actor_of, authorise
from jiwar.identity.queries import full_names
from jiwar.watchlist import resolution
from jiwar.watchlist.models import Resolution
from jiwar.wire.faults import Fault, Refused

P = Permission
PAGE = 50


@require_GET
def show_duplicates(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, what the engine found likely, and what is together."""
    by = _reader(request)
    resolution.browse(by)
    rows = resolution.resolutions(by.actor).prefetch_related("entries__record")
    context = {
        "waiting": rows.filter(state=Resolution.State.PROPOSED)[:PAGE],
        "likely": Paginator(resolution.likely(by.actor), PAGE).get_page(request.GET.get("page")),
        "clusters": resolution.clusters(by.actor),
        "decided": rows.exclude(state=Resolution.State.PROPOSED)[:PAGE],
    }
    people = full_names(row.proposed_by for row in [*context["waiting"], *context["decided"]])  # type: ignore[attr-defined]
    return render(request, "watchlist/duplicates.html", context | {"people": people})


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest) -> HttpResponse:
    """Entries side by side; to propose that they are one subject, or that some are not."""
    faults: tuple[Fault, ...] = ()
    stated = request.POST if request.method == "POST" else request.GET
    uids = _uuids(stated.getlist("entry"))
    if request.method == "POST":
        by = authorise(request, P.WATCHLIST_RESOLUTION_PROPOSE, purpose_of(request))
        try:
            return _propose(request, by, uids)
        except Refused as refused:
            faults = refused.faults
    by = _reader(request)
    found = resolution.compare_entries(by, uids)
    if found is None:
        raise Http404
    known = resolution.together(uids, cleared=by.actor.clearance == "covert")
    context = _context(found, faults) | {
        "asked": uids,
        "as_one": len({known.get(entry.uid) for entry in found.entries}) == 1 and bool(known),
        "pair": len(uids) == 2 and resolution.likely(by.actor).filter(one=min(uids), other=max(uids)).exists(),
        "typed": request.POST,
    }
    return render(request, "watchlist/compare.html", context, status=422 if faults else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def show_resolution(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One proposal, its entries side by side, and the decision of a second person."""
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _decide(request, pk)
        except Refused as refused:
            faults = refused.faults
    opened = resolution.open_resolution(_reader(request), pk)
    if opened is None:
        raise Http404
    row, found = opened
    people = full_names(filter(None, [row.proposed_by, row.decided_by]))
    context = {"row": row, "people": people, "typed": request.POST, "asked": {e.uid for e in row.entries.all()}}
    context |= _context(found, faults) if found else {"found": None, "faults": faults}
    return render(request, "watchlist/resolution.html", context, status=422 if faults else 200)


@require_POST
def dismiss_pair(request: HttpRequest) -> HttpResponse:
    """A likely pair is two subjects."""
    by = authorise(request, P.WATCHLIST_RESOLUTION_PROPOSE, purpose_of(request))
    uids = _uuids(request.POST.getlist("entry"))
    if len(uids) != 2:
        raise Http404
    try:
        resolution.dismiss(by, uids[0], uids[1], request.POST.get("reason", ""))
    except Refused as refused:
        found = resolution.compare_entries(by, uids)
        if found is None:
            raise Http404 from None
        context = _context(found, refused.faults) | {"asked": uids, "as_one": False, "pair": True}
        return render(request, "watchlist/compare.html", context | {"typed": request.POST}, status=422)
    messages.success(request, _("Kept as two subjects. You are not asked again."))
    return redirect(_to("duplicates", by))


def _propose(request: HttpRequest, by: Grant, uids: list[UUID]) -> HttpResponse:
    what = request.POST.get("what", "")
    chosen = _uuids(request.POST.getlist("leaving")) if what == "split" else uids
    made = resolution.propose(by, what, chosen, request.POST.get("reason", ""))
    messages.success(request, _("Proposed. Another person decides."))
    return redirect(_to("resolution", by, made.pk))


def _decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "take_back":
        by = authorise(request, P.WATCHLIST_RESOLUTION_PROPOSE, purpose_of(request))
        resolution.take_back(by, pk)
        messages.success(request, _("Taken back."))
    elif act in {"confirm", "refuse"}:
        by = authorise(request, P.WATCHLIST_RESOLUTION_CONFIRM, purpose_of(request))
        seen, reason = request.POST.get("seen", ""), request.POST.get("reason", "")
        resolution.decide(by, pk, seen, confirm=act == "confirm", reason=reason)
        messages.success(request, _("Decided."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect(_to("duplicates", by))


def _context(found: resolution.Whole, faults: tuple[Fault, ...]) -> dict[str, Any]:
    return {"found": found, "faults": faults}


def _reader(request: HttpRequest) -> Grant:
    """Whoever proposes or decides reads."""
    actor = actor_of(request)
    decides = actor is not None and actor.may(P.WATCHLIST_RESOLUTION_CONFIRM)
    permission = P.WATCHLIST_RESOLUTION_CONFIRM if decides else P.WATCHLIST_RESOLUTION_PROPOSE
    return authorise(request, permission, purpose_of(request))


def _uuids(texts: Iterable[str]) -> list[UUID]:
    """What a form or an address names, each once; raises Http404 for what is no identifier."""
    found: set[UUID] = set()
    for text in texts:
        try:
            found.add(UUID(text))
        except ValueError:
            raise Http404 from None
    return sorted(found)


def _to(name: str, by: Grant, *args: object) -> str:
    return reverse(name, args=args, query={"purpose": str(by.purpose)})


urls = [
    path("", show_duplicates, name="duplicates"),
    path("compare/", compare, name="compare-entries"),
    path("dismiss/", dismiss_pair, name="dismiss-pair"),
    path("<uuid:pk>/", show_resolution, name="resolution"),
]
