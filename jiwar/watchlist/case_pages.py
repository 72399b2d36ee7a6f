"""Cases at the console: what a hit told us, what both sides did, and the outcome that goes back."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.exchange.queries import deliveries
from jiwar.records.reading import content_of
from jiwar.watchlist import alert_queries, services
from jiwar.watchlist.models import Case
from jiwar.wire.faults import Fault, Refused


@require_GET
def show_cases(request: HttpRequest) -> HttpResponse:
    """All cases, or those in one state."""
    by = authorise(request, Permission.WATCHLIST_CASE_READ, purpose_of(request))
    state = request.GET.get("state", "")
    state = state if state in Case.State.values else ""
    return render(request, "watchlist/cases.html", {"cases": services.browse_cases(by, state), "state": state})


@require_http_methods(["GET", "HEAD", "POST"])
def show_case(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One case; its acts are taking it in hand and recording its outcome."""
    by = authorise(request, Permission.WATCHLIST_CASE_READ, purpose_of(request))
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act(request, pk)
        except Refused as refused:
            faults = refused.faults
    try:
        case = services.open_case(by, pk)
    except Case.DoesNotExist:
        raise Http404 from None
    outcome = case.hit.outcome_record
    context = {
        "case": case,
        "hit": case.hit,
        "facts": content_of(case.hit.record).get("body", {}),
        "alert": case.alert,
        "steps": alert_queries.timeline(case),
        "deliveries": deliveries(outcome.uid) if outcome else [],
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "watchlist/case.html", context, status=422 if faults else 200)


def _act(request: HttpRequest, pk: UUID) -> HttpResponse:
    by = authorise(request, Permission.WATCHLIST_CASE_HANDLE, purpose_of(request))
    act = request.POST.get("act", "")
    if act == "take":
        services.take_case(by, pk)
        messages.success(request, _("The case is in your hands."))
    elif act == "outcome":
        outcome = request.POST.get("body.outcome", "")
        services.record_outcome(by, pk, outcome, request.POST.get("body.text", ""))
        messages.success(request, _("Recorded. The outcome goes to whoever found the person."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect(reverse("case", args=[pk], query={"purpose": str(by.purpose)}))


urls = [
    path("", show_cases, name="cases"),
    path("<uuid:pk>/", show_case, name="case"),
]
