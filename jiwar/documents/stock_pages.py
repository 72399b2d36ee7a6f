"""Blank stock at the console: what there is and who keeps it; receive, hand over, answer, spoil, lose."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import authorise
from jiwar.documents import stock
from jiwar.documents.logic.permits import CODES
from jiwar.identity.queries import full_names, people_with
from jiwar.wire.faults import Fault, Refused

P = Permission


@require_http_methods(["GET", "HEAD", "POST"])
def show_stock(request: HttpRequest) -> HttpResponse:
    """Series, keepers, offers; each form of the page posts here with its `act`."""
    by = authorise(request, P.DOCUMENTS_STOCK_READ)
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        try:
            messages.success(request, _done(authorise(request, P.DOCUMENTS_STOCK_MANAGE), request.POST))
            return redirect("stock")
        except Refused as refused:
            faults = refused.faults
    kept = stock.kept()
    offers = list(stock.handovers()[:50])
    takers = {pk: name for pk, name in people_with("contact_officer", "approver").items() if pk != by.actor_id}
    names = full_names({row.keeper for row in kept} | {pk for each in offers for pk in (each.giver, each.taker)})
    context = {
        "kept": kept,
        "offers": [(each, each.series.name_of(each.first), each.series.name_of(each.last)) for each in offers],
        "names": names,
        "takers": sorted(takers.items(), key=lambda row: row[1]),
        "types": sorted(CODES),
        "own": by.actor_id,
        "may_manage": by.actor.may(P.DOCUMENTS_STOCK_MANAGE),
        "labels": _labels(),
        "typed": request.POST,
        "faults": faults,
    }
    return render(request, "documents/stock.html", context, status=422 if faults else 200)


def _done(by: Grant, post: Any) -> str:
    """Does what a form asks, and says that it is done."""
    first, last = (post.get(name, "").replace(" ", "").upper() for name in ("first", "last"))
    reason = post.get("reason", "")
    match post.get("act", ""):
        case "receive":
            stock.receive(by, post.get("type", ""), first, last, post.get("supplier", ""))
            return _("The delivery is entered; you keep it.")
        case "hand_over":
            stock.hand_over(by, first, last, post.get("taker", ""))
            return _("Offered. It is theirs when they have signed for it.")
        case "take" | "refuse" as act:
            offer = post.get("offer", "")
            stock.answer(
                by, int(offer) if offer.isascii() and offer.isdigit() and len(offer) < 10 else 0, takes=act == "take"
            )
            return _("Signed for: you keep these blanks.") if act == "take" else _("Refused: the giver keeps them.")
        case "spoil":
            stock.spoil(by, first, reason)
            return _("The blank is spoiled and is never used.")
        case "lose":
            stock.lose(by, first, last or first, reason)
            return _("The blanks are lost: a document on one of them is refused.")
    raise Refused(Fault("not_in_list", "act"))


def _labels() -> dict[str, str]:
    return {
        "type": _("Type of document"),
        "first": _("First number"),
        "last": _("Last number"),
        "supplier": _("Printed by"),
        "taker": _("Handed to"),
        "reason": _("Reason"),
    }


urls = [path("stock/", show_stock, name="stock")]
