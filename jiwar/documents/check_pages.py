"""Check a document at the console: lines, pictures, seals, files of a chip, to one colour and the tree behind it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from jiwar.access.bodies import MOST, takes
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.documents import checks
from jiwar.documents.check_files import MAX_BYTES, MAX_TEXT, read_files
from jiwar.wire.faults import Fault, Refused


@require_http_methods(["GET", "POST"])
@takes(MAX_BYTES + MOST, in_memory=True)
def check_document(request: HttpRequest) -> HttpResponse:
    """What one document says, and the form for the next. Nothing that was sent is kept."""
    at_post = settings.NODE.role == "post"
    case = (request.POST.get("case") or request.GET.get("case") or "").strip()[:80]
    purpose = Purpose.BORDER_CHECK if at_post else purpose_of(request)
    by = authorise(request, Permission.WATCHLIST_PERSON_SCREEN, purpose, case)
    context = {"at_post": at_post, "case": case, "zone": "", "said": None, "faults": ()}
    if request.method == "POST" and not (request.POST.get("zone", "").strip() or request.FILES):
        context["faults"] = (Fault("missing", "zone"),)
    elif request.method == "POST":
        zone = context["zone"] = request.POST.get("zone", "")[:MAX_TEXT]
        sent = [(file.name or "", file.read()) for file in request.FILES.getlist("files")]
        try:
            read = read_files(sent, timezone.localdate())
            checked = checks.check(by, zone=zone if zone.strip() else read.zone, chip=read.chip, seals=read.seals)
            context["said"] = checks.said(checked)
        except Refused as refused:
            context["faults"] = refused.faults
    return render(request, "documents/check.html", context, status=422 if context["faults"] else 200)


urls = [path("check/", check_document, name="document-check")]
