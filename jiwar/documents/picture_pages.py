"""A picture of a document at the console: from the camera or a file, to the lines that a search takes."""

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
from jiwar.documents.logic.image_head import MAX_BYTES
from jiwar.documents.pictures import READING, zone_of
from jiwar.wire.faults import Fault, Refused


@require_http_methods(["GET", "POST"])
@takes(MAX_BYTES + MOST, in_memory=True)
def read_picture(request: HttpRequest) -> HttpResponse:
    """The lines that a picture shows, for the officer to compare and to search with. Nothing of it is kept."""
    at_post = settings.NODE.role == "post"
    authorise(request, Permission.WATCHLIST_PERSON_SCREEN, Purpose.BORDER_CHECK if at_post else purpose_of(request))
    context = {
        "at_post": at_post,
        "case": (request.POST.get("case") or request.GET.get("case") or "")[:80],
        "missing": Fault("extra_missing", "", READING.extra) if READING.missing else None,
        "largest": MAX_BYTES,
        "found": None,
        "faults": (),
    }
    if request.method == "POST":
        sent = request.FILES.get("image")
        try:
            context["found"] = zone_of(sent.read() if sent else b"", timezone.localdate())
        except Refused as refused:
            context["faults"] = refused.faults
    return render(request, "documents/picture.html", context, status=422 if context["faults"] else 200)


urls = [path("picture/", read_picture, name="document-picture")]
