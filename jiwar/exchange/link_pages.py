"""The link screen: how each neighbour and post is, in words, the most pressing first; what passed with one of them."""

import datetime as dt
from collections import Counter
from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.audit.queries import ledger_of
from jiwar.exchange import pouch_queries, queries, services
from jiwar.exchange.logic.advice import ADVICE, CLOCK_LIMIT, Trouble
from jiwar.exchange.models import Outgoing
from jiwar.exchange.queries import LinkState
from jiwar.identity.queries import fingerprint_of, keys_of, one_look
from jiwar.identity.queries import neighbours as known
from jiwar.identity.services import revoke_node_key
from jiwar.identity.standing import keys_standing
from jiwar.wire.faults import Fault, Refused

READ = Permission.EXCHANGE_LINK_READ
RETRY = Permission.EXCHANGE_LINK_RETRY
CAP = Permission.EXCHANGE_LINK_MANAGE
MANAGE = Permission.IDENTITY_NODE_MANAGE
PAGE = 50


# --- all of them ------------------------------------------------------------------------------------------------------


@require_GET
def neighbours(request: HttpRequest) -> HttpResponse:
    """Every link, the most pressing first; counts, and a search by name or code. The list refreshes itself."""
    authorise(request, READ)
    links = queries.links()
    counts = Counter(link.trouble for link in links)
    asked, chosen = request.GET.get("q", "").strip()[:80], request.GET.get("show", "")
    context = {
        "links": [link for link in links if _is_asked(link, asked) and (chosen in {"", link.trouble})],
        "all": len(links),
        "counts": [(trouble, counts[trouble]) for trouble in Trouble],
        "asked": asked,
        "chosen": chosen,
    }
    return render(request, "exchange/neighbours.html", _phrases() | context)


def _is_asked(link: LinkState, asked: str) -> bool:
    return all(word in f"{link.code} {link.name}".casefold() for word in asked.casefold().split())


# --- one of them ------------------------------------------------------------------------------------------------------


@require_GET
def neighbour(request: HttpRequest, code: str) -> HttpResponse:
    """One neighbour: what to do, the facts, its streams, its ledger, the speed that it is allowed."""
    authorise(request, READ)
    return show(request, code)


def show(request: HttpRequest, code: str, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    """The page of one neighbour, with what is wrong with the form that was sent from it."""
    link = _link(code)
    out, in_ = queries.streams(code)
    context = {
        "link": link,
        "ledger": ledger_of(code),
        "out": out,
        "in_": in_,
        "cap": request.POST.get("cap", link.cap // 1000 if link.cap else ""),
        "faults": faults,
        "typed": request.POST,
    }
    return render(request, "exchange/neighbour.html", _phrases() | context, status=422 if faults else 200)


@require_POST
def cap(request: HttpRequest, code: str) -> HttpResponse:
    """Limit the speed of a link, or lift the limit."""
    by = authorise(request, CAP)
    _link(code)
    stated = request.POST.get("cap", "").strip()
    try:
        if stated and not (stated.isascii() and stated.isdecimal() and len(stated) < 10):
            raise Refused(Fault("wrong_form", "cap"))  # noqa: TRY301
        services.set_cap(by, code, int(stated) * 1000 if stated else None)
    except Refused as refused:
        return show(request, code, refused.faults)
    messages.success(request, _("The link keeps to that from the next message on."))
    return redirect("neighbour", code)


@require_POST
def retry(request: HttpRequest, code: str) -> HttpResponse:
    """Try a link now."""
    by = authorise(request, RETRY)
    if not known().filter(code=code).exists():
        raise Http404
    services.retry(by, code)
    messages.success(request, _("The node is tried now."))
    return redirect("neighbours")


@require_GET
def sent(request: HttpRequest, code: str) -> HttpResponse:
    """Messages to a neighbour, all or those in one state."""
    authorise(request, READ)
    state = request.GET.get("state", "")
    rows = queries.sent(code, state if state in Outgoing.State.values else "")
    return _list(request, code, "exchange/messages_sent.html", rows, state=state, states=Outgoing.State.values)


@require_GET
def received(request: HttpRequest, code: str) -> HttpResponse:
    """Messages from a neighbour, and what became of them here."""
    authorise(request, READ)
    return _list(request, code, "exchange/messages_received.html", queries.received(code))


@require_GET
def receipts(request: HttpRequest, code: str) -> HttpResponse:
    """A neighbour's signed receipts."""
    authorise(request, READ)
    return _list(request, code, "exchange/receipts.html", queries.receipts(code))


def _list(request: HttpRequest, code: str, template: str, rows: Any, **more: Any) -> HttpResponse:
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, template, _phrases() | {"link": _link(code), "page": page} | more)


@require_GET
def pouches(request: HttpRequest, code: str) -> HttpResponse:
    """Pouches to a neighbour and from it."""
    authorise(request, READ)
    page = Paginator(pouch_queries.pouches(code), PAGE).get_page(request.GET.get("page"))
    context = {"link": _link(code), "page": page, "stories": pouch_queries.stories(code, page.object_list)}
    return render(request, "exchange/pouches.html", _phrases() | context)


@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest, code: str) -> HttpResponse:
    """A neighbour's keys. The one act here is revoking one."""
    authorise(request, READ)
    link = _link(code)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        by = authorise(request, MANAGE)
        key = keys_of(code).filter(id=request.POST.get("key", "")).first()
        if key is None:
            raise Http404
        try:
            revoke_node_key(key, request.POST.get("why", ""), by=by.actor_id)
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("The key is revoked: nothing signed by it is believed from now on."))
            return redirect("neighbour-keys", code)
    with one_look():
        context = {
            "link": link,
            "keys": [(key, fingerprint_of(key)) for key in keys_of(code)],
            "standings": keys_standing(code),
            "faults": faults,
            "typed": request.POST,
        }
    return render(request, "exchange/neighbour_keys.html", _phrases() | context, status=422 if faults else 200)


def _link(code: str) -> LinkState:
    found = queries.links(code)
    if not found:
        raise Http404
    return found[0]


# --- words ------------------------------------------------------------------------------------------------------------


def _phrases() -> dict[str, Any]:
    """What the templates say about times, clocks and advice."""
    return {
        "ago": naturaltime,
        "clock": _clock,
        "clock_wrong": lambda seconds: abs(seconds or 0) > CLOCK_LIMIT,
        "trouble_of": ADVICE.__getitem__,
    }


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if abs(seconds) < 1:
        return _("the same as ours")
    now = timezone.now()
    size = timesince(now - dt.timedelta(seconds=abs(seconds)), now, depth=1)
    if abs(seconds) < 60:
        size = _("%(count)s s") % {"count": round(abs(seconds))}
    text = _("ahead of ours by %(time)s") if seconds > 0 else _("behind ours by %(time)s")
    return text % {"time": size}


urls = [
    path("", neighbours, name="neighbours"),
    path("<str:code>/", neighbour, name="neighbour"),
    path("<str:code>/cap/", cap, name="neighbour-cap"),
    path("<str:code>/retry/", retry, name="neighbour-retry"),
    path("<str:code>/sent/", sent, name="neighbour-sent"),
    path("<str:code>/received/", received, name="neighbour-received"),
    path("<str:code>/receipts/", receipts, name="neighbour-receipts"),
    path("<str:code>/pouches/", pouches, name="pouches"),
    path("<str:code>/keys/", keys, name="neighbour-keys"),
]
