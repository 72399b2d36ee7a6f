"""The officer's desk, and the list of crossings. The desk is one screen, worked by keyboard, with or without script."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import actor_of, authorise
from jiwar.crossings import queries, services
from jiwar.crossings.logic import age
from jiwar.crossings.logic.desk import DECISIONS, DIRECTIONS, REFERRALS, REJECT_REASONS, STOP_QUESTIONS, StopCard
from jiwar.crossings.logic.traveller import Traveller, typed
from jiwar.crossings.models import Screened
from jiwar.documents.services import MrzUnreadable, known_codes, read, zone_of_reader
from jiwar.exchange.queries import last_contact, undelivered
from jiwar.records.words import word
from jiwar.watchlist.hit_kinds import ActionTaken
from jiwar.watchlist.this_index import list_age, lists_expired
from jiwar.wire.faults import Fault, Refused

P = Permission
PLAN_STATES = ("DZA", "TCD", "EGY", "LBY", "MLI", "MRT", "MAR", "NER", "SDN", "TUN")
_DIRECTION = "crossings_direction"
_TYPED = ("name", "birth_date", "nationality", "number", "reason")
_THING = ("thing_kind", "thing_country", "thing_number")
# What the search calls a field, and what the form calls it.
_FORM_FIELD = {"names": "name", "documents": "number", "identifiers": "thing_number", "relatives": "parent", "": "name"}


@require_http_methods(["GET", "POST"])
def screening(request: HttpRequest) -> HttpResponse:
    """The empty desk; a zone or typed fields sent to it are searched with."""
    by = _grant(request, P.WATCHLIST_PERSON_SCREEN)
    if request.method == "GET":
        return _desk(request)
    try:
        row = services.begin(
            by, _traveller(request), request.POST.get("reason", ""), request.POST.get("mrz", "").strip()
        )
    except Refused as refused:
        return _desk(request, faults=_in_form(refused))
    return redirect(_address("screened", row.pk, request))


@require_GET
def screened(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The answer to a search, until its crossing is recorded."""
    _grant(request, P.WATCHLIST_PERSON_SCREEN)
    row = _row(request, pk)
    if row is None:
        return redirect(_address("screening", None, request))
    return _desk(request, row)


@require_POST
def candidate(request: HttpRequest, pk: UUID, uid: UUID) -> HttpResponse:
    """What the officer says about one candidate."""
    by = _grant(request, P.CROSSINGS_CROSSING_RECORD)
    verdict = request.POST.get("verdict", "")
    try:
        if verdict == "confirmed":
            services.confirm(by, pk, str(uid), request.POST.getlist("identifiers"))
        elif verdict == "rejected":
            services.reject(by, pk, str(uid), request.POST.get("reason", ""))
        else:
            services.reopen(by, pk, str(uid))
    except Refused as refused:
        row = _row(request, pk)
        if row is None:
            raise
        return _desk(request, row, about={str(uid): refused.faults})
    return redirect(_address("screened", pk, request))


@require_POST
def record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record the crossing, and be ready for the next."""
    by = _grant(request, P.CROSSINGS_CROSSING_RECORD)
    try:
        crossing = services.record(
            by,
            pk,
            decision=request.POST.get("decision", ""),
            direction=request.POST.get("direction", ""),
            action_taken=request.POST.get("action_taken", ""),
            stop_card=_stop_card(request),
            location_consent=_yes_no(request, "location_consent"),
            note=request.POST.get("note", ""),
            paper=_paper(request),
        )
    except Refused as refused:
        row = _row(request, pk)
        if row is None:
            raise
        return _desk(request, row, faults=refused.faults)
    request.session[_DIRECTION] = crossing.direction
    messages.success(request, _("Recorded: %(name)s") % {"name": f"\u2068{crossing.name or crossing.document}\u2069"})
    return redirect(_address("screening", None, request))


@require_POST
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Clear the desk without a crossing."""
    services.discard(_grant(request, P.WATCHLIST_PERSON_SCREEN), pk)
    return redirect(_address("screening", None, request))


@require_GET
def crossings(request: HttpRequest) -> HttpResponse:
    """Crossings of one day."""
    by = _grant(request, P.CROSSINGS_CROSSING_READ)
    today = timezone.localdate()
    faults: tuple[Fault, ...] = ()
    try:
        day = dt.date.fromisoformat(request.GET.get("day") or today.isoformat())
    except ValueError:
        day, faults = today, (Fault("wrong_form", "day"),)
    wanted = {
        name: request.GET[name]
        for name, known in (("direction", DIRECTIONS), ("decision", DECISIONS))
        if request.GET.get(name) in known
    }
    rows = services.list_crossings(by, day, **wanted)
    page = Paginator(rows, 100).get_page(request.GET.get("page"))
    context = {"page": page, "day": day, "wanted": wanted, "faults": faults, "own": settings.NODE.role == "post"}
    return render(request, "crossings/crossings.html", context, status=422 if faults else 200)


@require_GET
def crossing(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One crossing as its record has it."""
    by = _grant(request, P.CROSSINGS_CROSSING_READ)
    found = services.open_crossing(by, uid)
    if found is None:
        raise Http404
    return render(request, "crossings/crossing.html", {"crossing": found, "body": found.record.body})


def _grant(request: HttpRequest, permission: Permission) -> Grant:
    """At a post the purpose is the post's own; elsewhere it is stated, with a case."""
    purpose = Purpose.BORDER_CHECK if settings.NODE.role == "post" else purpose_of(request)
    case = (request.POST.get("case") or request.GET.get("case") or "").strip()[:80]
    return authorise(request, permission, purpose, case)


def _address(name: str, pk: UUID | None, request: HttpRequest) -> str:
    stated = {}
    if settings.NODE.role != "post":
        case = request.POST.get("case") or request.GET.get("case") or ""
        stated = {"purpose": str(purpose_of(request) or ""), "case": case}
    return reverse(name, args=[pk] if pk else [], query={k: v for k, v in stated.items() if v} or None)


def _row(request: HttpRequest, pk: UUID) -> Screened | None:
    actor = actor_of(request)
    return queries.screened(actor, pk) if actor else None


def _traveller(request: HttpRequest) -> Traveller:
    today = timezone.localdate()
    zone = zone_of_reader(settings.NODE.zone_reader) if _from_reader(request) else request.POST.get("mrz", "")
    if zone.strip():
        try:
            return services.of_mrz(read(zone, today))
        except MrzUnreadable as unreadable:
            line = unreadable.field.removeprefix("line_") if unreadable.field != "text" else "1"
            detail = f"{line}: {unreadable.detail['found']} / {unreadable.detail['expected']}"
            raise Refused(Fault(f"mrz_{unreadable.code}", "mrz", detail)) from None
    name, born, nationality, number, _reason = (request.POST.get(field, "") for field in _TYPED)
    kind, country, plate = (request.POST.get(field, "") for field in _THING)
    if not any((name.strip(), number.strip(), plate.strip())):
        raise Refused(Fault("nothing_typed", "mrz"))
    beside = (request.POST.get("birth_place", ""), request.POST.get("parent", ""))
    thing = (kind, country, plate)
    return typed(name, born, nationality, number, thing=thing, beside=beside, codes=known_codes(), today=today)


def _from_reader(request: HttpRequest) -> bool:
    return bool(settings.NODE.zone_reader and request.POST.get("reader"))


def _in_form(refused: Refused) -> tuple[Fault, ...]:
    """Faults of the search, at the fields of the form."""
    return tuple(Fault(f.code, _FORM_FIELD.get(f.field.partition(".")[0], f.field), f.detail) for f in refused.faults)


def _yes_no(request: HttpRequest, name: str) -> bool | None:
    return {"yes": True, "no": False}.get(request.POST.get(name, ""))


def _stop_card(request: HttpRequest) -> StopCard:
    answers = {question: _yes_no(request, f"stop_card.{question}") for question in STOP_QUESTIONS}
    return StopCard(**answers, referral=request.POST.get("stop_card.referral", ""))


def _paper(request: HttpRequest) -> services.Paper | None:
    number, text = request.POST.get("paper_number", "").strip().upper(), request.POST.get("paper_at", "")
    if not number:
        return None
    at = None
    if text:
        try:
            at = dt.datetime.fromisoformat(text)
        except ValueError:
            raise Refused(Fault("wrong_form", "paper_at")) from None
        at = timezone.make_aware(at) if timezone.is_naive(at) else at
    return services.Paper(number, at)


def _options(group: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(code), word(group, code, get_language() or "en")) for code in codes]


def _desk(
    request: HttpRequest,
    row: Screened | None = None,
    *,
    faults: tuple[Fault, ...] = (),
    about: dict[str, tuple[Fault, ...]] | None = None,
) -> HttpResponse:
    """The desk in any of its states. `faults`: of the form that was sent; `about`: of single candidates."""
    now, actor = timezone.now(), actor_of(request)
    heard = row.list_age if row else list_age()
    context: dict[str, Any] = {
        "row": row,
        "faults": faults,
        "about": about or {},
        "sent": request.POST if faults or about else {},
        "heard": heard,
        "age": "expired" if lists_expired(now) else age.age_code(heard, now),
        "queued": undelivered(),
        "contact": last_contact(),
        "zone_reader": bool(settings.NODE.zone_reader),
        "at_post": settings.NODE.role == "post",
        "states": PLAN_STATES,
        "may_record": actor is not None and actor.may(P.CROSSINGS_CROSSING_RECORD),
        "case": request.POST.get("case") or request.GET.get("case") or "",
        "today_recorded": queries.recorded_today(),
    }
    if row is None:
        context["open_rows"] = queries.open_screenings(actor)[:5] if actor else ()
    else:
        found, outcomes = queries.candidates_of(row), queries.outcomes_of(row)
        candidates = [c for c in found if not c.under]
        undecided = [c for c in candidates if c.uid not in outcomes]
        confirmed = [c for c in found if c.uid in outcomes and outcomes[c.uid].verdict == "confirmed"]
        context |= {
            "traveller": queries.traveller_of(row),
            "candidates": candidates,
            "under": {c.uid: [other for other in found if other.under == c.uid] for c in candidates},
            "outcomes": outcomes,
            "undecided": undecided,
            "confirmed": confirmed,
            "ask_consent": any(c.protected for c in confirmed),
            "direction": request.POST.get("direction") or request.session.get(_DIRECTION, ""),
            "decisions": DECISIONS,
            "directions": DIRECTIONS,
            "reject_reasons": REJECT_REASONS,
            "stop_questions": STOP_QUESTIONS,
            "referrals": _options("referral", REFERRALS),
            "actions_taken": _options("action_taken", ActionTaken),
            "contacts": queries.contacts(),
        }
    return render(request, "crossings/desk.html", context, status=422 if faults or about else 200)


urls = [
    path("screening/", screening, name="screening"),
    path("screening/<uuid:pk>/", screened, name="screened"),
    path("screening/<uuid:pk>/candidates/<uuid:uid>/", candidate, name="candidate"),
    path("screening/<uuid:pk>/record/", record, name="record-crossing"),
    path("screening/<uuid:pk>/discard/", discard, name="discard-screening"),
    path("crossings/", crossings, name="crossings"),
    path("crossings/<uuid:uid>/", crossing, name="crossing"),
]
