"""The neighbours at the console: how each link is, in words; what passed; cards and keys."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import naturaltime
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
from jiwar.exchange import pouch_pages, pouch_queries, queries, restore_pages, services
from jiwar.exchange.directory_pages import urls as directory_urls
from jiwar.exchange.logic.advice import CLOCK_LIMIT
from jiwar.identity.cards import MAX_BYTES, Card, CardInvalid, read_card
from jiwar.identity.contact import FIELDS
from jiwar.identity.queries import contact_of, fingerprint_of, is_stale, keys_of, one_look
from jiwar.identity.queries import neighbours as known
from jiwar.identity.services import add_node, needs_reading, own_card, revoke_node_key, set_contact
from jiwar.identity.standing import keys_standing, standing_of
from jiwar.wire.faults import Fault, Refused

READ = Permission.EXCHANGE_LINK_READ
RETRY = Permission.EXCHANGE_LINK_RETRY
MANAGE = Permission.IDENTITY_NODE_MANAGE


@require_GET
def neighbours(request: HttpRequest) -> HttpResponse:
    """Every link in words; the list refreshes itself."""
    authorise(request, READ)
    with one_look():
        return render(request, "exchange/neighbours.html", _phrases() | {"links": queries.links()})


@require_http_methods(["GET", "POST"])
def neighbour(request: HttpRequest, code: str) -> HttpResponse:
    """One neighbour: link, streams, messages, keys. The one act here is revoking a key."""
    authorise(request, READ)
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
            return redirect("neighbour", code)
    return show(request, code, faults)


def show(request: HttpRequest, code: str, faults: tuple[Fault, ...] = ()) -> HttpResponse:
    """The page of one neighbour, with what is wrong with the form that was sent from it."""
    found = queries.links(code)
    if not found:
        raise Http404
    context = {
        "link": found[0],
        "ledger": ledger_of(code),
        "streams": queries.streams(code),
        "stories": pouch_queries.stories(code, pouch_queries.pouches(code)[:5]),
        "keys": [(key, fingerprint_of(key)) for key in keys_of(code)],
        "standings": keys_standing(code),
        "faults": faults,
        "typed": request.POST,
    }
    with one_look():
        return render(request, "exchange/neighbour.html", _phrases() | context, status=422 if faults else 200)


@require_POST
def retry(request: HttpRequest, code: str) -> HttpResponse:
    """Try a link now."""
    by = authorise(request, RETRY)
    if not known().filter(code=code).exists():
        raise Http404
    services.retry(by, code)
    messages.success(request, _("The node is tried now."))
    return redirect("neighbours")


@require_http_methods(["GET", "POST"])
def card(request: HttpRequest) -> HttpResponse:
    """The node's own card: to read aloud, to hand over; its contact point."""
    by = authorise(request, MANAGE)
    faults: tuple[Fault, ...] = ()
    contact = contact_of(settings.NODE.code)
    if request.method == "POST":
        contact = {name: request.POST.get(name, "") for name in FIELDS}
        try:
            set_contact(contact, by=by.actor_id)
        except Refused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("The contact point is on the card. Hand the new card to your neighbours."))
            return redirect("own-card")
    text = own_card()
    own = read_card(text)
    context = {
        "card": text,
        "fingerprint": own.fingerprint,
        "certified": own.root is not None,
        "contact": contact,
        "faults": faults,
    }
    return render(request, "exchange/card.html", context, status=422 if faults else 200)


@require_GET
def download(request: HttpRequest) -> HttpResponse:
    """The card as a file."""
    authorise(request, MANAGE)
    name = f"jiwar-card-{settings.NODE.code}.json"
    return HttpResponse(
        own_card(),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Enter a card: first it is read and shown, then the fingerprint that the neighbour read out decides."""
    by = authorise(request, MANAGE)
    context: dict[str, Any] = {"faults": (), "text": "", "card": None, "known": False, "reading": True, "heard": ""}
    if request.method == "POST":
        try:
            context["text"] = _card_text(request)
            context["card"] = read = read_card(context["text"])
            context["known"] = known().filter(code=read.code).exists()
            context["reading"] = needs_reading(read)
            if "heard" in request.POST:
                context["heard"] = request.POST["heard"][:100]
                node = add_node(context["text"], heard=context["heard"], by=by.actor_id)
                messages.success(request, _("The card is entered. The link is tried at once."))
                return redirect("neighbour", node.code) if _is_neighbour(read) else redirect("neighbours")
        except CardInvalid as invalid:
            field = "heard" if invalid.code == "card_fingerprint_wrong" else "card"
            context["faults"] = (Fault(invalid.code, field, invalid.field),)
            if field == "card":
                context["card"] = None
    return render(request, "exchange/add.html", context, status=422 if context["faults"] else 200)


def _is_neighbour(card: Card) -> bool:
    return known().filter(code=card.code).exists()


def _card_text(request: HttpRequest) -> str:
    """What was pasted, or the file; raises CardInvalid."""
    if uploaded := request.FILES.get("file"):
        if (uploaded.size or 0) > MAX_BYTES:
            raise CardInvalid("card_too_large")
        try:
            return uploaded.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise CardInvalid("card_not_json") from None
    if not request.POST.get("card", "").strip():
        raise CardInvalid("missing")
    return request.POST["card"]


def _phrases() -> dict[str, Any]:
    """What the templates say about times and clocks."""
    return {
        "ago": naturaltime,
        "clock": _clock,
        "clock_wrong": lambda seconds: abs(seconds or 0) > CLOCK_LIMIT,
        "standing_of": standing_of,
        "is_stale": is_stale,
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
    *pouch_pages.urls,
    *restore_pages.urls,
    path("", neighbours, name="neighbours"),
    *directory_urls,
    path("add/", add, name="neighbour-add"),
    path("card/", card, name="own-card"),
    path("card/file/", download, name="own-card-file"),
    path("<str:code>/", neighbour, name="neighbour"),
    path("<str:code>/retry/", retry, name="neighbour-retry"),
]
