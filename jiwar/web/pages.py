"""Pages of no single room: home, language, health, published schemas."""

from importlib import import_module

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

import jiwar
from jiwar.access.policy import Actor
from jiwar.access.services import actor_of
from jiwar.access.waiting import Waiting
from jiwar.identity.services import choose_language
from jiwar.records.kinds import KINDS
from jiwar.web.middleware import LANGUAGE_COOKIE

_ROOMS = (
    *("requests", "analysis", "crossings", "matching", "bridges", "watchlist", "documents"),
    *("exchange", "agreements", "records", "web"),
)
_YEAR = 365 * 24 * 3600


def waiting(actor: Actor) -> list[Waiting]:
    """What the rooms say waits for this actor: urgent first, then the most."""
    found: list[Waiting] = []
    for room in _ROOMS:
        module = f"jiwar.{room}.queries"
        try:
            queries = import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            continue
        if hasattr(queries, "waiting"):
            found.extend(item for item in queries.waiting(actor) if item.count)
    return sorted(found, key=lambda item: (not item.urgent, -item.count))


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What waits for me, and where I can go."""
    actor = actor_of(request)
    return render(request, "web/home.html", {"waiting": waiting(actor) if actor else []})


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Choose the language of this machine; a signed-in person keeps it on other machines too."""
    chosen = request.POST.get("language", "")
    after = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure()):
        after = reverse("home")
    response = redirect(after)
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=_YEAR, samesite="Strict", secure=settings.SESSION_COOKIE_SECURE
        )
        if request.user.is_authenticated and request.user.language != chosen:
            choose_language(request.user, chosen)
    return response


@require_GET
def health(request: HttpRequest) -> JsonResponse:
    """Whether the node answers and its database does; no personal data, no sign-in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok", "node": settings.NODE.code, "version": jiwar.__version__})


@require_GET
def schemas(request: HttpRequest) -> HttpResponse:
    """The kinds of record that this program understands."""
    kinds = [KINDS[key] for key in sorted(KINDS)]
    if not request.accepts("text/html"):
        listed = [
            {"kind": k.name, "version": k.version, "url": reverse("schema", args=[k.name, k.version])} for k in kinds
        ]
        return JsonResponse({"schemas": listed})
    return render(request, "web/schemas.html", {"kinds": kinds})


@require_GET
def schema(request: HttpRequest, kind: str, version: int) -> HttpResponse:
    """JSON Schema of one kind's content (JSON Schema 2020-12)."""
    if (kind, version) not in KINDS:
        raise Http404
    found = KINDS[kind, version].content.model_json_schema()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": request.build_absolute_uri()} | found
    return JsonResponse(document, content_type="application/schema+json", json_dumps_params={"ensure_ascii": False})


urls = [
    path("", home, name="home"),
    path("language/", language, name="language"),
    path("health", health, name="health"),
    path("schemas/", schemas, name="schemas"),
    path("schemas/<str:kind>/<int:version>", schema, name="schema"),
]
