"""A reconciliation service (Reconciliation Service API 0.2), as OpenRefine and tools like it ask: `/api/reconcile/`.

The address says the secret of a token and the case: such tools send no headers. A secret in an address ends in
histories and in files of projects, so it opens the least: the token of an address may screen and nothing else. Every
query is a screening with its leaf, for the token's purpose. Nothing is matched by itself, no name is completed, and
no dump is given: a candidate is a question to an analyst, who opens it in the console, signed in (decision 0038).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError

import jiwar
from jiwar.access.bearer import MINUTE, TooManyBadTokens, actor_of_header, actor_of_secret
from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.audit.services import append_as
from jiwar.records.refusals import faults_said
from jiwar.records.words import fault_text, word
from jiwar.watchlist import thresholds
from jiwar.watchlist.kinds import NAMED, THINGS
from jiwar.watchlist.logic.index import Candidate
from jiwar.watchlist.logic.reconciliation import MOST_QUERIES, PROPERTIES, Asked, read
from jiwar.watchlist.models import Entry
from jiwar.watchlist.questions import QuestionIn, query_of
from jiwar.watchlist.screening import Match, Reach, Screening, Searched, search, tell
from jiwar.watchlist.telling import CANDIDATES
from jiwar.wire.faults import Fault, Refused, of_pydantic
from jiwar.wire.strict_json import JsonRefused, parse

MOST_BYTES = 500_000
IN_HEADER = "-"
"""Stands in the address where the header `Authorization` says the token."""
TYPES = ("person", *sorted((NAMED | THINGS) - {"person"}))
P = Permission
View = Callable[..., HttpResponse]


def _program(view: View) -> View:
    """Every refusal as JSON in words; no address in the log, for it holds a secret; kept by no cache."""

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, **places: str) -> HttpResponse:
        try:
            said = view(request, **places)
        except Refused as refused:
            said = _refusal(422, *refused.faults)
        except JsonRefused as no:
            said = _refusal(413 if no.code == "too_large" else 400, Fault(no.code, "queries", no.detail))
        except TooManyBadTokens:
            said = _refusal(429, Fault("too_many_bad_tokens"))
            said["Retry-After"] = str(MINUTE)
        except AccessRefused as refused:
            said = _not_allowed(refused)
        except RequestDataTooBig:
            said = _refusal(413, Fault("too_large"))
        except (SuspiciousOperation, UnreadablePostError):
            said = _refusal(400, Fault("bad_request"))
        said._has_been_logged = True  # type: ignore[attr-defined]
        said["Referrer-Policy"] = "no-referrer"
        return said

    return answer


@_program
def service(request: HttpRequest, secret: str, case: str) -> HttpResponse:
    """The manifest by GET (section 4); a batch of queries by POST (section 5), form-encoded or JSON."""
    actor = _actor(request, secret)
    by = _grant(actor, " ".join(case.split()))
    if request.method == "GET":
        if "queries" in request.GET:
            raise Refused(Fault("ask_by_post", "queries"))
        manifest = JsonResponse(_manifest())
        manifest["Access-Control-Allow-Origin"] = "*"  # a tool's page reads it; it says nothing of anyone
        return manifest
    if request.method != "POST":
        refused = _refusal(405, Fault("method_not_allowed"))
        refused["Allow"] = "GET, POST"
        return refused
    asked = read(_batch(request), frozenset(TYPES), CANDIDATES)
    answers = tell(_searched(by, asked))
    if beyond := next((answer for answer in answers if isinstance(answer, Refused)), None):
        raise beyond
    told = {
        one.key: {"result": [_result(match) for match in answer.candidates[: one.limit]]}
        for one, answer in zip(asked, answers, strict=True)
        if isinstance(answer, Screening)
    }
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False})


@_program
def suggest(request: HttpRequest, what: str) -> HttpResponse:
    """Types and properties that begin with a prefix (section 6.2). Entities are suggested to nobody (rule R7)."""
    if what not in {"type", "property"}:
        return _refusal(404, Fault("not_found"))
    known = _types() if what == "type" else _properties()
    prefix = request.GET.get("prefix", "")[:100].strip().lower()
    found = [each for each in known if each["id"].startswith(prefix) or each["name"].lower().startswith(prefix)]
    answer = JsonResponse({"result": found}, json_dumps_params={"ensure_ascii": False})
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


@_program
def nothing(request: HttpRequest, **_: str) -> HttpResponse:
    """Whatever else stands below the address."""
    return _refusal(404, Fault("not_found"))


# Who asks, and what ---------------------------------------------------------------------------------------------------


def _actor(request: HttpRequest, secret: str) -> Actor:
    address = request.META.get("REMOTE_ADDR", "")
    if secret == IN_HEADER:
        return actor_of_header(request.headers.get("Authorization", ""), address)
    actor = actor_of_secret(secret, address)
    if actor.permissions - {P.WATCHLIST_PERSON_SCREEN}:
        raise AccessRefused("token_too_wide", P.WATCHLIST_PERSON_SCREEN, actor.id)
    return actor


def _grant(actor: Actor, case: str) -> Grant:
    if len(case) > 80:
        raise Refused(Fault("too_long", "case"))
    if any(c < " " for c in case):
        raise Refused(Fault("control_character", "case"))
    return allow(actor, P.WATCHLIST_PERSON_SCREEN, next(iter(actor.purposes or ()), None), case)


def _batch(request: HttpRequest) -> object:
    if request.content_type == "application/json":
        return parse(request.body, max_bytes=MOST_BYTES)
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(Fault("not_json", "Content-Type"))
    if "queries" not in request.POST:
        raise Refused(Fault("missing", "queries"))
    return parse(request.POST["queries"].encode("utf-8", "surrogatepass"), max_bytes=MOST_BYTES)


def _searched(by: Grant, asked: list[Asked]) -> list[Searched]:
    """All of them or none: a question that was refused must not look like one that found nobody."""
    limits = thresholds.in_force()
    searched: list[Searched] = []
    faults: list[Fault] = []
    for one in asked:
        try:
            question = QuestionIn.model_validate(one.question)
            searched.append(
                search(
                    by,
                    query_of(question),
                    channel="reconciliation",
                    reason=question.reason,
                    reach=_reach(one),
                    limits=limits,
                )
            )
        except ValidationError as error:
            faults += of_pydantic(error.errors(include_url=False), (one.key[:50],))
        except Refused as refused:
            faults += [Fault(f.code, f"{one.key[:50]}.{f.field}".rstrip("."), f.detail) for f in refused.faults]
    if faults:
        raise Refused(*faults)
    return searched


def _reach(one: Asked) -> Reach:
    def keep(candidate: Candidate, entry: Entry) -> bool:
        return entry.facts.get("type", "person") in one.types

    return Reach(keep=keep) if one.types else Reach()


# What is told ---------------------------------------------------------------------------------------------------------


def _manifest() -> dict[str, Any]:
    base = settings.NODE.console_url.rstrip("/")
    language = get_language() or "en"
    suggested = {
        what: {"service_url": base, "service_path": f"/api/reconcile/suggest/{what}"} for what in ("type", "property")
    }
    return {
        "versions": ["0.2"],
        "name": f"Jiwar {settings.NODE.code}: {fault_text('match_is_a_question', '', language)}",
        "identifierSpace": f"{base}/analysis/subjects/",
        "schemaSpace": f"{base}/schemas/",
        "documentation": f"{base}/api/docs",
        "serviceVersion": jiwar.__version__,
        "view": {"url": f"{base}/analysis/subjects/{{{{id}}}}/"},
        "defaultTypes": _types(),
        "suggest": suggested,
        "batchSize": MOST_QUERIES,
    }


def _types() -> list[dict[str, str]]:
    language = get_language() or "en"
    return [{"id": each, "name": word("subject_type", each, language)} for each in TYPES]


def _properties() -> list[dict[str, str]]:
    language = get_language() or "en"
    return [{"id": each, "name": word("reconciled_property", each, language)} for each in PROPERTIES]


def _result(match: Match) -> dict[str, Any]:
    """`match` is never true: a tool would take the candidate by itself, and nothing decides but a person (rule R8)."""
    language = get_language() or "en"
    said = [word("match_strength", match.strength, language), word("action", match.action, language)]
    said += [word("restriction", code, language) for code in match.restrictions]
    said += [*match.birth_dates, *match.nationalities, match.issuing_state, match.source_reference]
    agreed = [(str(reason.code), True) for reason in match.reasons]
    features = dict(agreed + [(str(difference.code), False) for difference in match.differences])
    return {
        "id": str(match.record_uid),
        "name": match.names[0] if match.names else match.source_reference,
        "description": " · ".join(filter(None, said)),
        "score": round(100 * match.score, 1),
        "match": False,
        "features": [{"id": code, "value": value} for code, value in features.items()],
    }


def _not_allowed(refused: AccessRefused) -> HttpResponse:
    with transaction.atomic():
        detail = {"permission": refused.permission, "code": refused.code}
        append_as("access_refused", refused.actor or "anonymous", "api", detail=detail)
    signed_in = refused.code != "not_signed_in"
    fault = Fault(refused.code, "", refused.permission if signed_in else "")
    answer = JsonResponse(
        {"faults": faults_said([fault], lambda one: word("refusal", one.code, get_language() or "en"))},
        status=403 if signed_in else 401,
        json_dumps_params={"ensure_ascii": False},
    )
    if not signed_in:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def _refusal(status: int, *faults: Fault) -> HttpResponse:
    said = {"faults": faults_said(faults)}
    return JsonResponse(said, status=status, json_dumps_params={"ensure_ascii": False})


urls = [
    path("suggest/<str:what>", suggest),
    path("<str:secret>/<path:case>", service),
    path("<path:rest>", nothing),
    path("", nothing),
]
