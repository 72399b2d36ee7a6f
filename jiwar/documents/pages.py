"""Where everything about travel documents begins: what this person may do, one panel each."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused
from jiwar.access.services import actor_of

P = Permission


@dataclass(frozen=True, slots=True)
class Place:
    """One panel: the page's name, its title, what it is for, and the permissions any of which opens it."""

    name: str
    title: str
    lead: str
    permissions: frozenset[Permission]


PLACES: tuple[Place, ...] = (
    Place(
        "document-check",
        gettext_noop("Check a document"),
        gettext_noop(
            "Everything that was read of one document: its lines, a picture, its seal, the files of its chip."
        ),
        frozenset({P.WATCHLIST_PERSON_SCREEN}),
    ),
    Place(
        "lost",
        gettext_noop("Lost and stolen documents"),
        gettext_noop("Ask whether a document is reported lost, stolen or invalid; report the documents of this state."),
        frozenset({P.DOCUMENTS_LOST_SEARCH}),
    ),
    Place(
        "document-picture",
        gettext_noop("Read a picture"),
        gettext_noop("The lines of a passport, a card or a visa from a camera or a scanner."),
        frozenset({P.WATCHLIST_PERSON_SCREEN}),
    ),
    Place(
        "document-holder",
        gettext_noop("Compare the holder"),
        gettext_noop("A face or a finger against what the document holds, where an agreement opens it."),
        frozenset({P.DOCUMENTS_HOLDER_COMPARE}),
    ),
    Place(
        "permits",
        gettext_noop("Permits"),
        gettext_noop("Issue emergency travel documents, crossing and convoy permits, sealed; revoke them."),
        frozenset({P.DOCUMENTS_PERMIT_READ}),
    ),
    Place(
        "stock",
        gettext_noop("Blank stock"),
        gettext_noop("Numbered blanks: received, handed over with two signatures, used, spoiled, lost."),
        frozenset({P.DOCUMENTS_STOCK_READ}),
    ),
    Place(
        "document-trust",
        gettext_noop("Trust"),
        gettext_noop("Which issuing authorities are believed, who says so, and what is about to expire."),
        frozenset({P.DOCUMENTS_TRUST_READ}),
    ),
)
"""Every page of the room that one begins with, in the order in which they are shown."""


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """The pages of this room that the signed-in person may open."""
    actor = actor_of(request)
    open_ = [place for place in PLACES if actor and not place.permissions.isdisjoint(actor.permissions)]
    if not open_:
        raise AccessRefused(
            "permission_missing" if actor else "not_signed_in", P.DOCUMENTS_TRUST_READ, actor.id if actor else ""
        )
    places = [(place.name, _(place.title), _(place.lead)) for place in open_]
    return render(request, "documents/start.html", {"places": places})


urls = [path("", start, name="documents")]
