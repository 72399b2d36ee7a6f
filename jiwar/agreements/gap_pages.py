"""The gap matrix at the console: what pairs of states have not yet agreed on."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.agreements import gaps
from jiwar.records.words import word


@require_GET
def show_gaps(request: HttpRequest) -> HttpResponse:
    """Each pair of states (at first, of this state) by each family of records: open, partly or not, and why not."""
    authorise(request, Permission.AGREEMENTS_AGREEMENT_READ)
    states = gaps.states()
    asked = {"state": request.GET.get("state", settings.NODE.state), "show": request.GET.get("show", "")}
    if asked["state"] not in states:
        asked["state"] = ""
    found = gaps.matrix(timezone.now(), asked["state"])
    shown = [pair for pair in found if not (asked["show"] == "gaps" and pair.open)]
    language = get_language() or "en"
    context = {
        "asked": asked,
        "states": [(state, f"{state} {word('state', state, language)}") for state in states],
        "families": [family.name for family in gaps.families(found[0].matters)] if found else [],
        "rows": [(pair, gaps.families(pair.matters)) for pair in shown],
        "count": len(found),
        "open": sum(pair.open for pair in found),
        "without": sum(not pair.agreements for pair in found),
    }
    return render(request, "agreements/gaps.html", context)


urls = [path("gaps/", show_gaps, name="agreement-gaps")]
