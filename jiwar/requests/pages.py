"""Letters at the console: the inbox with its clock, one letter and its thread, assigning, taking back."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.exchange.queries import deliveries
from jiwar.identity.queries import full_names
from jiwar.records.words import word
from jiwar.requests import queries, services
from jiwar.requests.files import served
from jiwar.requests.letter_form import labels
from jiwar.requests.logic.clock import Phase, phase
from jiwar.requests.logic.flows import FLOWS
from jiwar.requests.models import Addressee, Letter
from jiwar.requests.spans import span
from jiwar.requests.write_pages import urls as writing
from jiwar.wire.faults import Fault, Refused

P = Permission


def _by(request: HttpRequest, permission: Permission) -> Grant:
    return authorise(request, permission, purpose_of(request))


def _to(name: str, *args: object, purpose: object = "") -> str:
    return reverse(name, args=args, query={"purpose": str(purpose)} if purpose else None)


@require_GET
def show_letters(request: HttpRequest) -> HttpResponse:
    """Letters received or sent, the most overdue first, and the drafts that the reader may open."""
    by = _by(request, P.REQUESTS_LETTER_READ)
    states = queries.addressable()
    wanted = services.Wanted(
        whose=_one_of(request, "whose", ("received", "sent")) or "received",
        flow=_one_of(request, "flow", FLOWS),
        phase=_one_of(request, "phase", tuple(Phase)),
        neighbour=_one_of(request, "neighbour", tuple(state for state, _ in states)),
        unread=request.GET.get("unread") == "yes",
        mine=request.GET.get("mine") == "yes",
    )
    now = timezone.now()
    context = {
        "rows": services.browse_letters(by, wanted, now),
        "wanted": wanted,
        "drafts": queries.open_drafts(by.actor),
        "states": states,
        "phase_of": lambda row: _phase(row, now),
        "clock": lambda row: _clock(row, now),
        "phases": [(code, word("letter_phase", code, get_language() or "en")) for code in Phase],
    }
    return render(request, "requests/letters.html", context)


def _one_of(request: HttpRequest, name: str, allowed: tuple[str, ...]) -> str:
    stated = request.GET.get(name, "")
    return stated if stated in allowed else ""


def _phase(row: Addressee, now: dt.datetime) -> Phase:
    return phase(now, row.half_at, row.due_at, row.answered_at)


def _clock(row: Addressee, now: dt.datetime) -> str:
    """The time that is left, or that is gone since, in words."""
    stands = _phase(row, now)
    if stands is Phase.ANSWERED or row.due_at is None:
        return ""
    text = _("overdue by %(time)s") if stands is Phase.OVERDUE else _("%(time)s left")
    return text % {"time": span(abs(row.due_at - now))}


@require_http_methods(["GET", "HEAD", "POST"])
def show_letter(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One letter whole: what it says, its files, how far it has come with whom, the letters that belong to it."""
    by = _by(request, P.REQUESTS_LETTER_READ)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            return _act(request, uid)
        except Refused as refused:
            faults = refused.faults
    try:
        letter = services.open_letter(by, uid)
    except Letter.DoesNotExist:
        raise Http404 from None
    return render(request, "requests/letter.html", _context(by, letter, request, faults), status=422 if faults else 200)


def _context(by: Grant, letter: Letter, request: HttpRequest, faults: tuple[Fault, ...]) -> dict[str, Any]:
    now = timezone.now()
    record, body = letter.record, services.body_of(letter)
    own = letter.origin == settings.NODE.state
    readable = record.state == "in_force"
    addressees = list(letter.addressees.all())
    here = next((row for row in addressees if row.state == settings.NODE.state), None)
    writes = by.actor.may(P.REQUESTS_LETTER_WRITE)
    approval = record.data["approval"] or {}
    return {
        "letter": letter,
        "record": record,
        "content": record.data["content"],
        "body": body,
        "files": services.arrival(by, letter.uid) if readable else (),
        "own": own,
        "readable": readable,
        "addressees": addressees,
        "here": here if not own else None,
        "phase_of": lambda row: _phase(row, now),
        "clock": lambda row: _clock(row, now),
        "deliveries": {d.node[:3]: d for d in deliveries(letter.uid)} if own else {},
        "thread": queries.thread(letter),
        "writers": [(str(p.pk), p.full_name) for p in queries.writers()] if writes and readable and not own else (),
        "writes": writes,
        "approval": approval,
        "names": full_names(approval.values()) if own else {},
        "labels": labels(),
        "faults": faults,
        "typed": request.POST,
    }


def _act(request: HttpRequest, uid: UUID) -> HttpResponse:
    by = _by(request, P.REQUESTS_LETTER_WRITE)
    act = request.POST.get("act", "")
    if act == "answer":
        return redirect(_to("letter-edit", services.begin_answer(by, uid).pk, purpose=by.purpose))
    if act == "assign":
        services.assign(by, uid, request.POST.get("person", ""))
        messages.success(request, _("Assigned. The sender learns that the letter is in hand."))
    elif act == "withdraw":
        services.withdraw_letter(by, uid, request.POST.get("reason", ""))
        messages.success(request, _("Withdrawn. Nobody reads it any longer, and every holder is being told."))
    else:
        raise Refused(Fault("not_in_list", "act"))
    return redirect(_to("letter", uid, purpose=by.purpose))


@require_GET
def show_arrival(request: HttpRequest, uid: UUID) -> HttpResponse:
    """How much of each file is here: what the letter's page asks for by itself while some is missing."""
    by = _by(request, P.REQUESTS_LETTER_READ)
    files = services.arrival(by, uid)
    if "HX-Request" in request.headers and all(count == len(file.chunks) for file, count in files):
        return HttpResponse(headers={"HX-Refresh": "true"})  # the page shows them now
    return render(request, "requests/arrival.html", {"uid": uid, "files": files})


@require_GET
def download(request: HttpRequest, uid: UUID, number: int) -> StreamingHttpResponse:
    """A file of a letter."""
    by = _by(request, P.REQUESTS_LETTER_READ)
    try:
        return served(*services.open_file(by, uid, number))
    except Letter.DoesNotExist:
        raise Http404 from None


urls = [
    path("", show_letters, name="letters"),
    *writing,
    path("<uuid:uid>/", show_letter, name="letter"),
    path("<uuid:uid>/arrival/", show_arrival, name="letter-arrival"),
    path("<uuid:uid>/files/<int:number>/", download, name="letter-file"),
]
