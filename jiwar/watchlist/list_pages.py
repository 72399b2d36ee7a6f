"""Lists at the console: what was read, reading a new version, what it would change, and the entries by reference."""

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.bodies import takes
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import actor_of, authorise
from jiwar.identity.queries import full_names
from jiwar.watchlist import list_work
from jiwar.watchlist.list_catalogue import LISTS, catalogue, terms_of
from jiwar.watchlist.list_readings import MOST_BYTES, State, needs_two
from jiwar.watchlist.list_tables import receive_table
from jiwar.watchlist.listings import PAGE, browse_listings, open_listing
from jiwar.watchlist.lists import discard_list, open_reading
from jiwar.watchlist.logic.quality import quality
from jiwar.watchlist.models import ListImport
from jiwar.watchlist.queries import amendments, changes, imports, tables, unread
from jiwar.wire.faults import Fault, Refused

P = Permission
_FORM = 100_000
"""Bytes that the rest of the form may take."""


def _reader(request: HttpRequest, purpose: Purpose = Purpose.SANCTIONS) -> Grant:
    return authorise(request, P.WATCHLIST_LIST_READ, purpose)


def page_number(request: HttpRequest, name: str = "page") -> int:
    """The page that the address asks for, 1 where it says none."""
    stated = request.GET.get(name, "1")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 7 else 1


@require_GET
def show_lists(request: HttpRequest) -> HttpResponse:
    """The readings of lists, the newest first."""
    by = _reader(request)
    readings = Paginator(imports(by), PAGE).get_page(page_number(request))
    return render(request, "watchlist/lists.html", {"readings": readings, "titles": _titles(by)})


def _titles(by: Grant) -> dict[str, str]:
    """What lists are called that have no word: those of spreadsheets."""
    return dict(tables(by).values_list("code", "title"))


# Reading a new version ------------------------------------------------------------------------------------------------


@takes(None)
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def read_list(request: HttpRequest) -> HttpResponse:
    """The form, or the reading of the files that were sent.

    A body past the limit is refused before any of it is taken in, so the CSRF check, which reads the body, comes after.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if request.method == "POST" and length.isdecimal() and int(length) > MOST_BYTES + _FORM:
        authorise(request, P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
        request._mark_post_parse_error()  # type: ignore[attr-defined] # the page must not read it either
        return _form(request, Fault("list_too_large", "file"))
    return _read_list(request)


@csrf_protect
def _read_list(request: HttpRequest) -> HttpResponse:
    code = request.POST.get("list", "")
    try:
        purpose = terms_of(code).purpose if code else Purpose.SANCTIONS
        by = authorise(request, P.WATCHLIST_LIST_IMPORT, purpose)
        if request.method != "POST":
            return _form(request)
        return redirect("list-reading", _receive(request, by, code).pk)
    except Refused as refused:
        authorise(request, P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
        return _form(request, *refused.faults)


def _receive(request: HttpRequest, by: Grant, code: str) -> ListImport:
    sent = {file.name or str(place): file for place, file in enumerate(request.FILES.getlist("file"))}
    faults = [Fault("missing", name) for name, there in (("list", code), ("file", sent)) if not there]
    as_of = None
    if stated := request.POST.get("as_of", ""):
        try:
            as_of = dt.date.fromisoformat(stated)
        except ValueError:
            faults.append(Fault("wrong_form", "as_of"))
    if faults:
        raise Refused(*faults)
    if code in LISTS:
        sizes = sum(file.size or 0 for file in sent.values())
        return list_work.receive(by, code, sent, as_of, sizes=sizes)  # type: ignore[arg-type]
    return receive_table(by, code, sent, as_of)  # type: ignore[arg-type]


def _form(request: HttpRequest, *faults: Fault) -> HttpResponse:
    reads = authorise(request, P.WATCHLIST_LIST_READ, Purpose.SANCTIONS)
    told = {
        "faults": faults,
        "typed": request.POST if not any(fault.code == "list_too_large" for fault in faults) else {},
        "codes": list(catalogue()[0]),
        "titles": _titles(reads),
        "most_megabytes": MOST_BYTES // 1024 // 1024,
        "chosen": request.GET.get("list", ""),
    }
    return render(request, "watchlist/read_list.html", told, status=422 if faults else 200)


# What it would change -------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def show_reading(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What one reading would change, and line by line what was not understood; confirm it, approve it, discard it."""
    reading = ListImport.objects.filter(pk=uid).first()
    if reading is None:
        _reader(request)
        raise Http404
    purpose = terms_of(reading.list).purpose
    by = _reader(request, purpose)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act(request, reading, purpose)
        except Refused as refused:
            faults = refused.faults
    opened = open_reading(by, uid)
    if opened is None:
        raise Http404
    if opened.state == State.RECEIVED:
        return redirect("list-columns", uid)
    show = request.GET.get("show", "")
    rows = Paginator(changes(by, opened, show), PAGE).get_page(page_number(request) if show != "unread" else 1)
    lines = Paginator(unread(by, opened), PAGE).get_page(page_number(request) if show == "unread" else 1)
    people = [opened.by, opened.confirmed_by, opened.decided_by]
    told = {
        "reading": opened,
        "rows": rows,
        "amended": amendments(by, rows.object_list),
        "lines": lines,
        "show": show,
        "titles": _titles(by),
        "purpose": purpose,
        "two": needs_two(opened),
        "mine": by.actor_id in {opened.by, opened.confirmed_by},
        "progress": list_work.progress_of(opened),
        "names": full_names(filter(None, people)),
        "faults": faults,
        "failures": [Fault(*fault) for fault in opened.faults or ()],
    }
    return render(request, "watchlist/reading.html", told, status=422 if faults else 200)


def _act(request: HttpRequest, reading: ListImport, purpose: Purpose) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "confirm":
        done = list_work.confirm(authorise(request, P.WATCHLIST_LIST_IMPORT, purpose), reading.pk)
        if done.state == State.FOR_APPROVAL:
            messages.success(request, _("So much is removed that a second person must agree. The list waits for her."))
    elif act == "approve":
        done = list_work.approve(authorise(request, P.WATCHLIST_LIST_APPROVE, purpose), reading.pk)
    elif act == "discard":
        actor = actor_of(request)
        second = reading.state == State.FOR_APPROVAL and actor is not None and actor.may(P.WATCHLIST_LIST_APPROVE)
        permission = P.WATCHLIST_LIST_APPROVE if second else P.WATCHLIST_LIST_IMPORT
        done = discard_list(authorise(request, permission, purpose), reading.pk)
        list_work.forget_files(done)
        messages.success(request, _("Discarded. Nothing of it is used."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    if done.state == State.APPLIED:
        messages.success(request, _("Applied. Screening finds it from now on."))
    return redirect("list-reading", reading.pk)


# Entries --------------------------------------------------------------------------------------------------------------


@require_GET
def show_listings(request: HttpRequest) -> HttpResponse:
    """Entries in force, by reference number only: a search by name is a screening (rule R7)."""
    reference = request.GET.get("reference", "")
    found = browse_listings(_reader(request), reference, page_number(request))
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
