"""Blind matching at the console: ask, see what came of it, see and decide what neighbours ask, own lists, quotas."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.bodies import MOST, takes
from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.purposes import purpose_of
from jiwar.access.services import authorise
from jiwar.identity.queries import contact_of, full_names
from jiwar.matching import queries, services
from jiwar.matching.logic.key_types import RULES, KeyType, Mode, a_day, most
from jiwar.matching.logic.keys import COLUMNS
from jiwar.matching.logic.lines import MOST_BYTES
from jiwar.matching.own_keys import OF_WATCHLIST
from jiwar.records.words import word
from jiwar.wire.faults import Fault, Refused

P = Permission
PAGE = 50
_FIELDS = ("node", "key_type", "mode", "legal_basis", "reason", "source", "keys")


@require_GET
def matching(request: HttpRequest) -> HttpResponse:
    """What this state asked and what it was asked, for one purpose."""
    by = _grant(request, P.MATCHING_REQUEST_READ)
    page = request.GET.get("page")
    context = {
        "questions": Paginator(queries.questions(by), PAGE).get_page(page),
        "inquiries": Paginator(queries.inquiries(by), PAGE).get_page(page),
    }
    return render(request, "matching/matching.html", context)


@takes(MOST_BYTES + MOST)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form of a question, and asking it."""
    by = _grant(request, P.MATCHING_REQUEST_MAKE)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            question = services.ask(by, _asked(request))
        except Refused as refused:
            faults = refused.faults
        else:
            return redirect(_address("match-question", by, question.pk))
    context = {
        "typed": {name: request.POST.get(name, "") for name in _FIELDS},
        "case": by.case,
        "neighbours": [
            (code, f"{code} – {word('state', code, get_language() or 'en')}") for code in queries.whom_to_ask()
        ],
        "sources": _sources(by),
        "faults": faults,
        "labels": _labels(faults)
        | {"node": _("Neighbour"), "source": _("Which keys"), "mode": _("How"), "case": _("Case")},
    }
    return render(request, "matching/ask.html", context | _types(), status=422 if faults else 200)


@require_GET
def question(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One question: how far it is, what matched, what to do next."""
    by = _grant(request, P.MATCHING_REQUEST_READ)
    found = services.open_question(by, pk)
    if found is None:
        raise Http404
    context = {
        "question": found,
        "hits": queries.hits(found) if found.hits else [],
        "asked_by": full_names([found.asked_by]).get(found.asked_by, ""),
        "contact": contact_of(found.node),
    }
    return render(request, "matching/question.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def inquiry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a neighbour asked; where it waits for an officer, her decision."""
    by = _grant(request, P.MATCHING_REQUEST_READ)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        decide = services.release if request.POST.get("act") == "answer" else services.decline
        try:
            decide(_grant(request, P.MATCHING_REQUEST_ANSWER), pk)
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("Decided. The neighbour is told."))
            return redirect(_address("match-inquiry", by, pk))
    found = services.open_inquiry(by, pk)
    if found is None:
        raise Http404
    context = {
        "inquiry": found,
        "hits": queries.hits(found) if found.hits else [],
        "allowed": queries.allowed(found.node, found.key_type, found.mode),
        "used": queries.asked_today(found.node, found.key_type, found.mode),
        "decided_by": full_names([found.decided_by]).get(found.decided_by, ""),
        "contact": contact_of(found.node),
        "faults": faults,
    }
    return render(request, "matching/inquiry.html", context, status=422 if faults else 200)


@takes(MOST_BYTES + MOST)
@require_http_methods(["GET", "HEAD", "POST"])
def lists(request: HttpRequest) -> HttpResponse:
    """Own lists of keys, and entering one."""
    by = _grant(request, P.MATCHING_LIST_MANAGE)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            done = _add_list(request, by)
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("Entered: %(count)s keys") % {"count": done.size})
            return redirect(_address("match-lists", by))
    context = {
        "lists": services.browse_lists(by),
        "typed": {name: request.POST.get(name, "") for name in ("title", "key_type", "valid_until", "keys", "answers")},
        "sent": request.method == "POST",
        "faults": faults,
        "labels": _labels(faults)
        | {"title": _("Name of the list"), "valid_until": _("Used until"), "key_type": _("Type of key")},
    }
    return render(request, "matching/lists.html", context | _types(), status=422 if faults else 200)


@require_POST
def remove_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete a list."""
    by = _grant(request, P.MATCHING_LIST_MANAGE)
    services.remove_list(by, pk)
    messages.success(request, _("The list is deleted."))
    return redirect(_address("match-lists", by))


@require_GET
def quotas(request: HttpRequest) -> HttpResponse:
    """What each neighbour may ask in a day, and how much of it it used."""
    authorise(request, P.MATCHING_QUOTA_MANAGE)
    rows = [(node, queries.allowances(node)) for node in queries.whom_to_ask()]
    return render(request, "matching/quotas.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def quota(request: HttpRequest, node: str, key_type: str) -> HttpResponse:
    """Set what one neighbour may ask about one type."""
    by = authorise(request, P.MATCHING_QUOTA_MANAGE)
    if node not in queries.whom_to_ask() or key_type not in set(KeyType):
        raise Http404
    [current] = [row for row in queries.allowances(node) if row.key_type == key_type]
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            online, bulk = (_whole(request.POST.get(mode, ""), mode) for mode in Mode)
            services.set_allowance(by, node, KeyType(key_type), online, bulk, by_hand="by_hand" in request.POST)
        except Refused as refused:
            faults = tuple(Fault(f.code, f.field.rpartition(".")[2], f.detail) for f in refused.faults)
        else:
            return redirect("match-quotas")
    context = {
        "neighbour": node,
        "current": current,
        "typed": request.POST if faults else {},
        "rule": RULES[KeyType(key_type)],
        "usual": {mode.value: a_day(KeyType(key_type), mode) for mode in Mode},
        "faults": faults,
    }
    return render(request, "matching/quota.html", context, status=422 if faults else 200)


def _grant(request: HttpRequest, permission: Permission) -> Grant:
    case = (request.POST.get("case") or request.GET.get("case") or "").strip()[:80]
    return authorise(request, permission, purpose_of(request), case)


def _address(name: str, by: Grant, *args: Any) -> str:
    return reverse(name, args=args, query={"purpose": str(by.purpose)})


def _sources(by: Grant) -> list[tuple[str, str]]:
    """Where the keys of a question may come from."""
    language = get_language() or "en"
    types = _(", ").join(word("key_type", key_type, language) for key_type in OF_WATCHLIST)
    return [
        ("typed", _("Those below, typed or in a file")),
        ("watchlist", _("Those of our alerts (%(types)s)") % {"types": types}),
        *(
            (
                str(row.pk),
                _("Our list “%(title)s” (%(type)s, %(count)s)")
                % {"title": row.title, "type": word("key_type", row.key_type, language), "count": row.size},
            )
            for row in queries.lists_to_ask_with(by)
        ),
    ]


def _asked(request: HttpRequest) -> services.Asked:
    source = request.POST.get("source", "")
    key_type, mode = request.POST.get("key_type", ""), request.POST.get("mode", "")
    wrong = [
        Fault("not_in_list" if value else "missing", name)
        for name, value, known in (("key_type", key_type, set(KeyType)), ("mode", mode, set(Mode)))
        if value not in known
    ]
    if wrong:
        raise Refused(*wrong)
    return services.Asked(
        request.POST.get("node", ""),
        KeyType(key_type),
        Mode(mode),
        request.POST.get("legal_basis", ""),
        " ".join(request.POST.get("reason", "").split()),
        watchlist=source == "watchlist",
        key_list=_uuid(source),
        typed=_keys(request) if source == "typed" else b"",
    )


def _add_list(request: HttpRequest, by: Grant) -> services.KeyList:
    key_type, text = request.POST.get("key_type", ""), request.POST.get("valid_until", "")
    faults = []
    if key_type not in set(KeyType):
        faults.append(Fault("not_in_list" if key_type else "missing", "key_type"))
    try:
        until = dt.date.fromisoformat(text)
    except ValueError:
        faults.append(Fault("wrong_form" if text else "missing", "valid_until"))
    if faults:
        raise Refused(*faults)
    answers = "answers" in request.POST
    return services.add_list(
        by, KeyType(key_type), request.POST.get("title", ""), _keys(request), until, answers=answers
    )


def _keys(request: HttpRequest) -> bytes:
    """What was sent as a file, else what was typed."""
    sent = request.FILES.get("file")
    # One byte more than may come: the reader then refuses it.
    return sent.read(MOST_BYTES + 1) if sent else request.POST.get("keys", "").encode()


def _labels(faults: tuple[Fault, ...]) -> dict[str, str]:
    """What to call the place of a fault in a list: `keys.12.number` is in line 12."""
    labels = {"keys": _("Keys"), "legal_basis": _("Legal basis"), "reason": _("Reason")}
    for fault in faults:
        _keys_, _dot, place = fault.field.partition(".")
        if _keys_ == "keys" and place:
            line, _dot, column = place.partition(".")
            name = word("match_column", column, get_language() or "en") if column else _("the whole line")
            labels[fault.field] = _("Line %(line)s, %(column)s") % {"line": line, "column": name}
    return labels


def _types() -> dict[str, Any]:
    language = get_language() or "en"
    return {
        "key_types": [(key_type.value, word("key_type", key_type, language)) for key_type in KeyType],
        "columns": {
            key_type.value: " ; ".join(word("match_column", column, language) for column in columns)
            for key_type, columns in COLUMNS.items()
        },
        "bulk_types": _(", ").join(
            word("key_type", key_type, language) for key_type, rule in RULES.items() if Mode.BULK in rule.modes
        ),
        "most": {mode.value: most(mode) for mode in Mode},
        "most_megabytes": MOST_BYTES // 1_000_000,
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise Refused(Fault("wrong_form" if text else "missing", field))
    return int(text)


urls = [
    path("", matching, name="matching"),
    path("ask/", ask, name="match-ask"),
    path("lists/", lists, name="match-lists"),
    path("lists/<uuid:pk>/remove/", remove_list, name="match-list-remove"),
    path("quotas/", quotas, name="match-quotas"),
    path("quotas/<str:node>/<str:key_type>/", quota, name="match-quota"),
    path("asked/<uuid:pk>/", question, name="match-question"),
    path("asked-of-us/<uuid:pk>/", inquiry, name="match-inquiry"),
]
