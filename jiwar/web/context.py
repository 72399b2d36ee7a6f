"""What every page shows around its content."""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, gettext_noop

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.purposes import purpose_of
from jiwar.access.services import actor_of
from jiwar.exchange.standing import announced
from jiwar.identity.queries import signs
from jiwar.identity.standing import own_standing

# Name of the page, its title, and the permissions any of which opens it. A room that has not landed is left out.
_PLACES: tuple[tuple[str, str, frozenset[Permission]], ...] = (
    ("screening", gettext_noop("Screening"), frozenset({Permission.WATCHLIST_PERSON_SCREEN})),
    ("crossings", gettext_noop("Crossings"), frozenset({Permission.CROSSINGS_CROSSING_READ})),
    ("alerts", gettext_noop("Alerts"), frozenset({Permission.WATCHLIST_ALERT_READ, Permission.WATCHLIST_ALERT_DRAFT})),
    ("analysis", gettext_noop("Analysis"), frozenset({Permission.ANALYSIS_SUBJECT_SEARCH})),
    ("cases", gettext_noop("Cases"), frozenset({Permission.WATCHLIST_CASE_READ})),
    (
        "letters",
        gettext_noop("Letters"),
        frozenset({Permission.REQUESTS_LETTER_READ, Permission.REQUESTS_LETTER_WRITE}),
    ),
    (
        "documents",
        gettext_noop("Documents"),
        frozenset({Permission.DOCUMENTS_TRUST_READ, Permission.WATCHLIST_PERSON_SCREEN}),
    ),
    ("lists", gettext_noop("Lists"), frozenset({Permission.WATCHLIST_LIST_READ})),
    ("thresholds", gettext_noop("Thresholds"), frozenset({Permission.WATCHLIST_POLICY_READ})),
    (
        "matching",
        gettext_noop("Blind matching"),
        frozenset({Permission.MATCHING_REQUEST_READ, Permission.MATCHING_QUOTA_MANAGE}),
    ),
    (
        "bridges",
        gettext_noop("Bridges"),
        frozenset({Permission.WATCHLIST_LIST_READ, Permission.BRIDGES_READER_CONFIRM}),
    ),
    ("agreements", gettext_noop("Agreements"), frozenset({Permission.AGREEMENTS_AGREEMENT_READ})),
    (
        "neighbours",
        gettext_noop("Neighbours"),
        frozenset({Permission.EXCHANGE_LINK_READ, Permission.IDENTITY_NODE_MANAGE}),
    ),
    ("ledger", gettext_noop("Ledger"), frozenset({Permission.AUDIT_LEDGER_READ})),
    ("people", gettext_noop("People"), frozenset({Permission.IDENTITY_PERSON_MANAGE})),
    ("tokens", gettext_noop("API tokens"), frozenset({Permission.ACCESS_TOKEN_MANAGE})),
)


_SELDOM = frozenset({"documents", "thresholds", "matching", "bridges", "agreements", "neighbours"})
"""Places that are not opened every day: folded away where all would not stand in one line."""
_IN_LINE = 8
_UNDER = {"analysis": "inquiries", "lists": "duplicates"}
"""Places whose pages have a further beginning."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation; `folded`: under *More*, where there are many."""

    title: str
    url: str
    here: bool
    folded: bool = False


def navigation(request: HttpRequest, actor: Actor | None) -> list[Place]:
    """Where this actor may go."""
    if actor is None:
        return []
    home = reverse("home")
    places = [Place(gettext("Home"), home, request.path == home)]
    for name, title, permissions in _PLACES:
        if permissions.isdisjoint(actor.permissions):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        here = request.path.startswith((url, reverse(_UNDER.get(name, name))))
        places.append(Place(gettext(title), url, here, name in _SELDOM))
    return places if len(places) > _IN_LINE else [replace(place, folded=False) for place in places]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in, on which node, what she may do and where she may go."""
    actor = actor_of(request) if hasattr(request, "user") else None
    return {
        "actor": actor,
        "may": (lambda name: actor is not None and actor.may(Permission(name))),
        "person": request.user if actor else None,
        "node": settings.NODE,
        "own_keys": own_standing(),
        "officer_signs": lambda: actor is not None and signs(actor.id),
        "languages": settings.LANGUAGES,
        "navigation": navigation(request, actor),
        "purpose": purpose_of(request),
        "restore": announced() if actor else None,
    }
