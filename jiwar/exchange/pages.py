"""The neighbours at the console: cards, handed over and entered. Links, pouches and restores have modules beside."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.exchange import link_pages, pouch_pages, restore_pages
from jiwar.exchange.directory_pages import urls as directory_urls
from jiwar.identity.cards import MAX_BYTES, Card, CardInvalid, read_card
from jiwar.identity.contact import FIELDS
from jiwar.identity.queries import contact_of
from jiwar.identity.queries import neighbours as known
from jiwar.identity.services import add_node, needs_reading, own_card, set_contact
from jiwar.wire.faults import Fault, Refused

READ = Permission.EXCHANGE_LINK_READ
RETRY = Permission.EXCHANGE_LINK_RETRY
MANAGE = Permission.IDENTITY_NODE_MANAGE


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


urls = [
    *pouch_pages.urls,
    *restore_pages.urls,
    *directory_urls,
    path("add/", add, name="neighbour-add"),
    path("card/", card, name="own-card"),
    path("card/file/", download, name="own-card-file"),
    *link_pages.urls,
]
