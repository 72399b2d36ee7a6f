"""A neighbour's ledger at the console: evidence of a fork to take home, and the decision to go on in spite of it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.audit.queries import forks
from jiwar.audit.services import accept_fork
from jiwar.exchange import link_pages
from jiwar.exchange.queries import links
from jiwar.wire.faults import Refused


@require_GET
def evidence(request: HttpRequest, number: int) -> HttpResponse:
    """The evidence as a file that `jiwar ledger judge` judges offline; it names no person."""
    authorise(request, Permission.EXCHANGE_LINK_READ)
    found = next((fork for fork in forks() if fork.id == number), None)
    if found is None:
        raise Http404
    name = f"{found.node}-fork-{found.id}.json"
    return HttpResponse(
        found.evidence,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@require_POST
def accept(request: HttpRequest, code: str) -> HttpResponse:
    """Go on exchanging with a node that signed two histories, for a reason."""
    by = authorise(request, Permission.AUDIT_FORK_ACCEPT)
    if not links(code):
        raise Http404
    try:
        accept_fork(by, code, request.POST.get("reason", ""))
    except Refused as refused:
        return link_pages.show(request, code, refused.faults)
    messages.success(request, _("The fork is accepted. The next checkpoint that the node shows is the first."))
    return redirect("neighbour", code)


urls = [
    path("forks/<int:number>/", evidence, name="fork-evidence"),
    path("<str:code>/fork/", accept, name="fork-accept"),
]
