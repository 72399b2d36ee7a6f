"""Check a document at the console: lines, pictures, seals, files of a chip, to one colour and the tree behind it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from jiwar.access.bodies import MOST, takes
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.documents import checks, chips
from jiwar.documents.check_files import MAX_BYTES, MAX_TEXT, read_files
from jiwar.documents.logic.chip_reading import ReadingPolicy
from jiwar.documents.logic.chip_transcripts import Reading
from jiwar.wire.faults import Fault, Refused


@require_http_methods(["GET", "POST"])
@takes(MAX_BYTES + MOST, in_memory=True)
def check_document(request: HttpRequest) -> HttpResponse:
    """What one document says, and the form for the next. Nothing that was sent is kept."""
    at_post = settings.NODE.role == "post"
    case = (request.POST.get("case") or request.GET.get("case") or "").strip()[:80]
    purpose = Purpose.BORDER_CHECK if at_post else purpose_of(request)
    by = authorise(request, Permission.WATCHLIST_PERSON_SCREEN, purpose, case)
    # Only a post runs on the machine that the officer sits at, and has her reader.
    wanted = at_post and request.POST.get("chip") == "read"
    context = {"at_post": at_post, "case": case, "zone": "", "said": None, "faults": (), "wanted": wanted}
    if request.method == "POST" and not (request.POST.get("zone", "").strip() or request.FILES or wanted):
        context["faults"] = (Fault("missing", "zone"),)
    elif request.method == "POST":
        zone = context["zone"] = request.POST.get("zone", "")[:MAX_TEXT]
        sent = [(file.name or "", file.read()) for file in request.FILES.getlist("files")]
        try:
            read = read_files(sent, timezone.localdate())
            shown = zone if zone.strip() else read.zone
            chip = _chip(request, by, shown) if wanted else read.chip
            checked = checks.check(by, zone=shown, chip=chip, seals=read.seals)
            context["said"] = checks.said(checked)
        except Refused as refused:
            context["faults"] = refused.faults
    return render(request, "documents/check.html", context, status=422 if context["faults"] else 200)


def _chip(request: HttpRequest, by: Grant, zone: str) -> Reading:
    """The chip on the reader of this machine; a portrait is read, and none is kept. Raises Refused."""
    password = chips.password_of(zone, request.POST.get("card_number", "").strip(), timezone.localdate())
    policy = ReadingPolicy(bac_after_pace=request.POST.get("bac_after_pace") == "yes")
    return chips.read_chip(by, password, policy)


urls = [path("check/", check_document, name="document-check")]
