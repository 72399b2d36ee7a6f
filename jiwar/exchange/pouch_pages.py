"""Pouches at the console: make one for a node, open one, see what became of those before."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from jiwar.access.bodies import takes
from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import authorise
from jiwar.exchange import pouch_queries as queries
from jiwar.exchange.pouch import MOST, USUAL, open_pouch, pack
from jiwar.exchange.queries import links
from jiwar.exchange.uploads import PouchHandler
from jiwar.wire.faults import Fault, Refused

CARRY = Permission.EXCHANGE_POUCH_CARRY
SIZES = (100 << 20, 700 << 20, USUAL, MOST)
"""Bytes of a pouch that a person chooses from: what a mail takes, a disc, a stick, the file system of a stick."""
_FORM = 100_000
"""Bytes that the rest of a form may take."""


@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest, code: str) -> HttpResponse:
    """What a pouch for a node would carry, and the form that makes it."""
    by = authorise(request, CARRY)
    link = _link(code)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            made = pack(by, code, why=request.POST.get("why", ""), most=_most(request))
        except Refused as refused:
            faults = refused.faults
        else:
            return redirect("pouch", code, made.uid)
    context = {
        "link": link,
        "ahead": queries.ahead(code),
        "sizes": SIZES,
        "typed": {"why": request.POST.get("why", ""), "most": request.POST.get("most", str(USUAL))},
        "faults": faults,
    }
    return render(request, "exchange/pouch_make.html", context, status=422 if faults else 200)


@takes(None)
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def open_(request: HttpRequest) -> HttpResponse:
    """Open a pouch.

    Who may do so is decided before one byte of the body is read; then the token of the form is checked as everywhere,
    while the file goes to the disk.
    """
    by = authorise(request, CARRY)
    if request.method != "POST":
        return _form(request)
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length) > MOST + _FORM:
        return _form(request, Fault("pouch_too_long", "file"))
    handler = PouchHandler()
    request.upload_handlers = [handler]
    try:
        return _open(request, by, handler)
    finally:
        handler.close()


@csrf_protect
def _open(request: HttpRequest, by: Grant, handler: PouchHandler) -> HttpResponse:
    request.FILES  # noqa: B018 - the form is read now
    try:
        row = open_pouch(by, handler.taken())
    except Refused as refused:
        return _form(request, *refused.faults)
    page = reverse("pouch-opened", args=[row.node, row.uid])
    return HttpResponseClientRedirect(page) if request.htmx else redirect(page)  # type: ignore[attr-defined]


def _form(request: HttpRequest, *faults: Fault) -> HttpResponse:
    context = {"faults": faults, "largest": MOST}
    return render(request, "exchange/pouch_open.html", context, status=422 if faults else 200)


@require_GET
def packed(request: HttpRequest, code: str, uid: UUID) -> HttpResponse:
    """A pouch that was made here: what is in it, how to carry it, whether it arrived."""
    return _show(request, code, uid, incoming=False)


@require_GET
def opened(request: HttpRequest, code: str, uid: UUID) -> HttpResponse:
    """A pouch that was opened here: what came, what was refused and why."""
    return _show(request, code, uid, incoming=True)


def _show(request: HttpRequest, code: str, uid: UUID, *, incoming: bool) -> HttpResponse:
    authorise(request, Permission.EXCHANGE_LINK_READ)
    link, found = _link(code), queries.one(code, uid, incoming=incoming)
    if found is None:
        raise Http404
    template = "exchange/pouch_opened.html" if incoming else "exchange/pouch_packed.html"
    context = {
        "link": link,
        "story": found,
        "pouch": found.pouch,
        "fault": Fault(found.pouch.code, "", found.pouch.detail),
    }
    return render(request, template, context)


@require_GET
def fetch(request: HttpRequest, code: str, uid: UUID) -> FileResponse:
    """The file of a pouch that was made here."""
    authorise(request, CARRY)
    found = queries.one(code, uid, incoming=False)
    if found is None or found.file is None:
        raise Http404
    name = f"{found.pouch.node}-{found.pouch.made_at:%Y%m%d-%H%M}.pouch"
    answer = FileResponse(
        found.file.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream"
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _link(code: str) -> Any:
    found = links(code)
    if not found:
        raise Http404
    return found[0]


def _most(request: HttpRequest) -> int:
    stated = request.POST.get("most", "")
    return int(stated) if stated in {str(size) for size in SIZES} else 0


urls = [
    path("pouch/", open_, name="pouch-open"),
    path("<str:code>/pouch/", make, name="pouch-make"),
    path("<str:code>/pouches/made/<uuid:uid>/", packed, name="pouch"),
    path("<str:code>/pouches/made/<uuid:uid>/file/", fetch, name="pouch-file"),
    path("<str:code>/pouches/opened/<uuid:uid>/", opened, name="pouch-opened"),
]
