"""A person's own signature key at her account: made by herself, certified at a sitting."""

import json

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.identity.officer_keys import make_officer_key, officer_role, request_of
from jiwar.identity.queries import officer_key_of, officer_until
from jiwar.wire.faults import Fault, Refused


@require_http_methods(["GET", "POST"])
def officer_key(request: HttpRequest) -> HttpResponse:
    """How her key stands; a new one. Nobody else opens this page for her, so no permission is asked."""
    person = request.user
    if officer_role(person) is None:
        raise Http404
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            make_officer_key(person, _typed(request))
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("The key is made. Download the request and let a sitting certify it."))
            return redirect("officer-key")
    context = {"key": officer_key_of(str(person.id)), "until": officer_until(str(person.id)), "faults": faults}
    return render(request, "identity/officer_key.html", context, status=422 if faults else 200)


def _typed(request: HttpRequest) -> str:
    password = request.POST.get("password", "")
    if password != request.POST.get("again", ""):
        raise Refused(Fault("passwords_differ", "again"))
    return password


@require_GET
def officer_request(request: HttpRequest) -> HttpResponse:
    """The request for her key's certificate."""
    data = request_of(request.user)
    if data is None:
        raise Http404
    name = f"{data['state']}-officer-{data['subject'][:8]}.request.json"
    return HttpResponse(
        json.dumps(data, ensure_ascii=False, indent=1),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


urls = [
    path("signature-key/", officer_key, name="officer-key"),
    path("signature-key/request/", officer_request, name="officer-key-request"),
]
