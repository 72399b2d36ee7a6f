"""The comparison of a document's holder with the document at the console. It shows a score and its worth; it decides
nothing, and nothing of it is kept."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods

from jiwar.access.bodies import MOST, takes
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.documents.holder import compare
from jiwar.documents.jobs import COMPARING
from jiwar.documents.logic.holder import Method
from jiwar.documents.logic.image_head import MAX_BYTES
from jiwar.wire.faults import Fault, Refused


@require_http_methods(["GET", "POST"])
@takes(2 * MAX_BYTES + MOST, in_memory=True)
def compare_holder(request: HttpRequest) -> HttpResponse:
    """The form, and the score of what was sent."""
    at_post = settings.NODE.role == "post"
    purpose = Purpose.BORDER_CHECK if at_post else purpose_of(request)
    by = authorise(request, Permission.DOCUMENTS_HOLDER_COMPARE, purpose)
    context = {
        "at_post": at_post,
        "methods": [method for method in Method if not COMPARING[method].missing],
        "missing": [Fault("extra_missing", "", job.extra) for job in COMPARING.values() if job.missing],
        "sent": request.POST,
        "largest": MAX_BYTES,
        "found": None,
        "faults": (),
    }
    if request.method == "POST":
        live, reference = (
            request.FILES[name].read() if name in request.FILES else b"" for name in ("live", "reference")
        )
        try:
            method = _method(request.POST.get("method", ""))
            context["found"] = compare(by, method, request.POST.get("issuer", ""), live, reference)
        except Refused as refused:
            context["faults"] = refused.faults
    return render(request, "documents/holder.html", context, status=422 if context["faults"] else 200)


def _method(stated: str) -> Method:
    if stated not in set(Method):
        raise Refused(Fault("not_in_list" if stated else "missing", "method"))
    return Method(stated)


urls = [path("holder/", compare_holder, name="document-holder")]
