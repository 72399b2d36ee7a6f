"""Public lists at the console: what was read, reading a new one, and the entries by their reference number."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.bodies import takes
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import authorise
from jiwar.watchlist.lists import MOST_BYTES, PAGE, browse_listings, import_un_list, open_listing
from jiwar.watchlist.logic.quality import quality
from jiwar.watchlist.queries import imports, unread
from jiwar.wire.faults import Fault, Refused

_FORM = 100_000
"""Bytes that the rest of the form may take."""


def _reader(request: HttpRequest) -> Grant:
    return authorise(request, Permission.WATCHLIST_LIST_READ, Purpose.SANCTIONS)


def _page(request: HttpRequest) -> int:
    stated = request.GET.get("page", "1")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 7 else 1


@require_GET
def show_lists(request: HttpRequest) -> HttpResponse:
    """The readings of lists, the newest first."""
    readings = Paginator(imports(_reader(request)), PAGE).get_page(_page(request))
    return render(request, "watchlist/lists.html", {"readings": readings})


@takes(None)
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def read_list(request: HttpRequest) -> HttpResponse:
    """The form, or the reading of the file that was sent.

    A body past the limit is refused before any of it is taken in, so the CSRF check, which reads the body, comes after.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if request.method == "POST" and length.isdecimal() and int(length) > MOST_BYTES + _FORM:
        authorise(request, Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
        return _form(request, Fault("list_too_large", "file"))
    return _read_list(request)


@csrf_protect
def _read_list(request: HttpRequest) -> HttpResponse:
    by = authorise(request, Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
    if request.method != "POST":
        return _form(request)
    sent = request.FILES.get("file")
    if sent is None:
        return _form(request, Fault("missing", "file"))
    try:
        done = import_un_list(by, sent, sent.name or "")
    except Refused as refused:
        return _form(request, *refused.faults)
    return redirect("list-reading", done.pk)


def _form(request: HttpRequest, *faults: Fault) -> HttpResponse:
    told = {"faults": faults, "most_megabytes": MOST_BYTES // 1024 // 1024}
    return render(request, "watchlist/read_list.html", told, status=422 if faults else 200)


@require_GET
def show_reading(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What came of one reading, and line by line what was not understood."""
    by = _reader(request)
    done = get_object_or_404(imports(by), pk=uid)
    lines = Paginator(unread(by, done), PAGE).get_page(_page(request))
    return render(request, "watchlist/reading.html", {"reading": done, "lines": lines})


@require_GET
def show_listings(request: HttpRequest) -> HttpResponse:
    """Entries in force, by reference number only: a search by name is a screening (rule R7)."""
    reference = request.GET.get("reference", "")
    found = browse_listings(_reader(request), reference, _page(request))
    return render(request, "watchlist/listings.html", {"entries": found, "reference": reference})


@require_GET
def show_listing(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One entry as the list words it."""
    found = open_listing(_reader(request), uid)
    if found is None:
        raise Http404
    context = {"found": found, "listing": found.listing, "quality": quality(found.entry.facts)}
    return render(request, "watchlist/listing.html", context)


urls = [
    path("", show_lists, name="lists"),
    path("entries/", show_listings, name="listings"),
    path("entries/<uuid:uid>/", show_listing, name="listing"),
    path("read/", read_list, name="list-read"),
    path("readings/<uuid:uid>/", show_reading, name="list-reading"),
]
