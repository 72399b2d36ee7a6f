"""The TAXII 2.1 server (OASIS Standard, 10 June 2021), section by section; deleting is not offered.

Programs sign in with the tokens of the JSON API: as `Bearer`, or as the password of `Basic`, which the standard wants.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import path
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt

from jiwar.access.bearer import MINUTE, Bearer, TooManyBadTokens
from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.audit.services import append, append_as
from jiwar.bridges import holdings
from jiwar.bridges.feed import Item, Page, page, things
from jiwar.bridges.holdings import Collection
from jiwar.bridges.logic.found import MOST_ITEMS
from jiwar.bridges.logic.lost import Unreadable
from jiwar.bridges.logic.stix_reading import read_objects
from jiwar.bridges.logic.taxii import (
    MEDIA_TYPE,
    MOST_CONTENT,
    STIX_TYPE,
    Asked,
    BadRequest,
    accepts,
    envelope,
    is_ours,
    place,
    read_asked,
    stamp,
)
from jiwar.bridges.models import Reading
from jiwar.bridges.readers import Recipient, recipient_of
from jiwar.bridges.readings import keep
from jiwar.bridges.sources import source_of
from jiwar.records.words import fault_text, word
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.strict_json import JsonRefused, canonical, parse

P = Permission
_NO_VERSION = "1970-01-01T00:00:00.000000Z"
ROOT = "jiwar"
"""The one API root."""


class Problem(Exception):
    """An error of the protocol (section 3.6): an HTTP status and a fault in words."""

    def __init__(self, status: int, fault: Fault, **headers: str) -> None:
        super().__init__(fault.code)
        self.status, self.fault, self.headers = status, fault, headers


View = Callable[..., HttpResponse]


def _endpoint(*methods: str) -> Callable[[View], View]:
    """A TAXII address: media types, sign-in, the reader, and every refusal as the error message of section 3.6.1."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def wrapped(request: HttpRequest, **places: Any) -> HttpResponse:
            try:
                _check(request, methods)
                by = _by(request)
                answer = view(request, by, recipient_of(by), **places)
            except _REFUSED as refused:
                answer = _problem(_of(refused))
            answer["Cache-Control"] = "no-store"
            patch_vary_headers(answer, ["Accept", "Accept-Language", "Authorization"])
            return answer

        return wrapped

    return decorate


def _check(request: HttpRequest, methods: tuple[str, ...]) -> None:
    if request.method not in {*methods, "HEAD"}:
        raise Problem(405, Fault("method_not_allowed"), Allow=", ".join(methods))
    if not accepts(request.headers.get("Accept", "")):
        raise Problem(406, Fault("not_acceptable", "Accept", MEDIA_TYPE))


_REFUSED = (Problem, BadRequest, AccessRefused, TooManyBadTokens, Refused, SuspiciousOperation, UnreadablePostError)


# Server and API root (section 4) --------------------------------------------------------------------------------------


@_endpoint("GET")
def discover(request: HttpRequest, by: Grant, to: Recipient) -> HttpResponse:
    """Server discovery (4.1)."""
    root = f"{settings.NODE.console_url.rstrip('/')}/taxii2/{ROOT}/"
    title = f"Jiwar {settings.NODE.code}"
    return _answer({"title": title, "description": settings.NODE.name, "default": root, "api_roots": [root]})


@_endpoint("GET")
def api_root(request: HttpRequest, by: Grant, to: Recipient) -> HttpResponse:
    """API root information (4.2)."""
    return _answer(
        {"title": f"Jiwar {settings.NODE.code}", "versions": [MEDIA_TYPE], "max_content_length": MOST_CONTENT}
    )


@_endpoint("GET")
def status(request: HttpRequest, by: Grant, to: Recipient, id_: UUID) -> HttpResponse:
    """What became of a message (4.3), for the agency that sent it."""
    reading = Reading.objects.filter(pk=id_, via="taxii", source__writer=by.actor.agency).first()
    if reading is None:
        raise Problem(404, Fault("not_found"))
    return _answer(_status(reading))


# Collections (section 5) ----------------------------------------------------------------------------------------------


@_endpoint("GET")
def collections(request: HttpRequest, by: Grant, to: Recipient) -> HttpResponse:
    """The collections that this reader may open (5.1)."""
    found = [_described(one) for one in holdings.collections(by, to)]
    return _answer({"collections": found} if found else {})


@_endpoint("GET")
def collection(request: HttpRequest, by: Grant, to: Recipient, id_: UUID) -> HttpResponse:
    """One of them (5.2)."""
    return _answer(_described(_find(by, to, id_)))


@_endpoint("GET")
def manifest(request: HttpRequest, by: Grant, to: Recipient, id_: UUID) -> HttpResponse:
    """Identifiers, versions and times of objects (5.3)."""
    one, found = _read(request, by, to, id_)
    _told("manifest_served", by, one, found)
    return _paged(found, [_record(item) for item in found.items])


@_endpoint("GET", "POST")
def objects(request: HttpRequest, by: Grant, to: Recipient, id_: UUID) -> HttpResponse:
    """Objects in the order in which they were added (5.4), or a message that adds some (5.5)."""
    if request.method == "POST":
        return _add(request, by, to, id_)
    one, found = _read(request, by, to, id_)
    return _given(by, to, one, found)


@_endpoint("GET")
def object_(request: HttpRequest, by: Grant, to: Recipient, id_: UUID, name: str) -> HttpResponse:
    """One object (5.6)."""
    one, found = _read(request, by, to, id_, name)
    return _given(by, to, one, found)


@_endpoint("GET")
def versions(request: HttpRequest, by: Grant, to: Recipient, id_: UUID, name: str) -> HttpResponse:
    """The versions of one object (5.8)."""
    _, found = _read(request, by, to, id_, name, every_version=True)
    return _paged(found, [stamp(item.version) for item in found.items], "versions")


@_endpoint("GET", "POST", "PUT", "PATCH", "DELETE")
def nothing(request: HttpRequest, by: Grant, to: Recipient, rest: str) -> HttpResponse:
    """No such address."""
    raise Problem(404, Fault("not_found"))


def _find(by: Grant, to: Recipient, id_: UUID) -> Collection:
    one = holdings.find(by, to, id_)
    if one is None:
        raise Problem(404, Fault("not_found"))
    return one


def _read(
    request: HttpRequest, by: Grant, to: Recipient, id_: UUID, name: str = "", *, every_version: bool = False
) -> tuple[Collection, Page]:
    one = _find(by, to, id_)
    if not one.kind:
        raise Problem(403, Fault("not_readable"))
    given = {key: str(value) for key, value in request.GET.items()}
    if name:
        given["match[id]"] = name
    if every_version:
        given["match[version]"] = "all"
    found = page(by, to, one, read_asked(given))
    if name and not found.items and not page(by, to, one, Asked(ids=(name,), versions=("all",))).items:
        raise Problem(404, Fault("not_found"))
    return one, found


def _given(by: Grant, to: Recipient, one: Collection, found: Page) -> HttpResponse:
    """Objects, once the ledger has that they are given."""
    _told("objects_served", by, one, found)
    if found.has_content:
        holdings.hand(to, one.origin, one.kind)
    return _paged(found, things(found.items))


def _told(act: str, by: Grant, one: Collection, found: Page) -> None:
    rows = [item for item in found.items if item.record is not None]
    if not rows:
        return
    said = "\n".join(f"{item.stix_id} {stamp(item.version)}" for item in rows)
    detail = {
        "count": len(rows),
        "first": stamp(rows[0].added_at),
        "last": stamp(rows[-1].added_at),
        "sha256": hashlib.sha256(said.encode()).hexdigest(),
    }
    with transaction.atomic():
        append(act, by, one.name, detail)


def _paged(found: Page, shown: list[Any], name: str = "objects") -> HttpResponse:
    answer = _answer(envelope(shown, place(found.following) if found.following else "", name))
    if found.items:
        answer["X-TAXII-Date-Added-First"] = stamp(found.items[0].added_at)
        answer["X-TAXII-Date-Added-Last"] = stamp(found.items[-1].added_at)
    return answer


def _record(item: Item) -> dict[str, str]:
    return {
        "id": item.stix_id,
        "date_added": stamp(item.added_at),
        "version": stamp(item.version),
        "media_type": STIX_TYPE,
    }


def _described(one: Collection) -> dict[str, Any]:
    if one.source:
        title, description = source_of(one.source).title, "What is written here waits for an officer who reads it."
    else:
        title, description = f"{one.origin}: {word('kind', one.kind, 'en')}", "Signed records, one object each."
    return {
        "id": str(one.id),
        "title": title,
        "description": description,
        "alias": one.name,
        "can_read": not one.source,
        "can_write": bool(one.source),
        "media_types": [STIX_TYPE],
    }


# Writing (section 5.5) ------------------------------------------------------------------------------------------------


def _add(request: HttpRequest, by: Grant, to: Recipient, id_: UUID) -> HttpResponse:
    """Objects into a source's inbox: read whole or refused whole, then they wait for a person."""
    one = _find(by, to, id_)
    if not one.source:
        raise Problem(403, Fault("not_writable"))
    if not is_ours(request.headers.get("Content-Type", "")):
        raise Problem(415, Fault("wrong_media_type", "Content-Type", MEDIA_TYPE))
    data = request.read(MOST_CONTENT + 1)
    if len(data) > MOST_CONTENT:
        raise Problem(413, Fault("too_large", "", str(MOST_CONTENT)))
    try:
        said = parse(data, max_bytes=MOST_CONTENT, max_items=MOST_ITEMS)
    except JsonRefused as refused:
        raise Problem(400, Fault(refused.code, "", refused.detail[:100])) from None
    sent = said.get("objects") if isinstance(said, dict) else None
    if not isinstance(sent, list):
        raise Problem(422, Fault("missing", "objects"))
    try:
        found = read_objects(sent)
    except Unreadable as unreadable:
        raise Problem(422, Fault(unreadable.code, unreadable.path, unreadable.detail)) from None
    failures = _failures(sent, {lost.path: lost.why for lost in found.lost})
    writing = Grant(by.actor, P.BRIDGES_COLLECTION_WRITE, by.purpose)
    source = source_of(one.source)
    reading = keep(writing, source, "stix", found, data, via="taxii", objects_read=len(sent), failures=failures)
    return _answer(_status(reading), 202)


def _failures(sent: list[Any], lost: Mapping[str, str]) -> list[dict[str, str]]:
    """Status details (4.3.2) of the objects of which nothing was understood."""
    found = []
    for i, thing in enumerate(sent):
        if why := lost.get(f"objects.{i}"):
            told = thing if isinstance(thing, dict) else {}
            version = told.get("modified") or told.get("created")
            found.append(
                {
                    "id": str(told.get("id", f"objects.{i}"))[:150],
                    "version": str(version or _NO_VERSION)[:40],
                    "message": word("lost", why, "en"),
                }
            )
    return found


def _status(reading: Reading) -> dict[str, Any]:
    """The status resource (4.3.1): reading is done at once; what was read waits for a person."""
    failures = reading.failures
    return {
        "id": str(reading.pk),
        "status": "complete",
        "request_timestamp": stamp(reading.at),
        "total_count": reading.objects_read,
        "success_count": reading.objects_read - len(failures),
        "failure_count": len(failures),
        "pending_count": 0,
    } | ({"failures": failures} if failures else {})


# Sign-in and answers --------------------------------------------------------------------------------------------------


def _by(request: HttpRequest) -> Grant:
    actor = _actor(request)
    permission = P.BRIDGES_COLLECTION_READ
    if not actor.may(permission) and actor.may(P.BRIDGES_COLLECTION_WRITE):
        permission = P.BRIDGES_COLLECTION_WRITE
    purpose: Purpose | None = next(iter(actor.purposes or ()), None)
    return allow(actor, permission, purpose)


def _actor(request: HttpRequest) -> Actor:
    """Whom the token of a request stands for; of `Basic` (RFC 7617) the password is the token, whatever the name."""
    scheme, _, told = request.headers.get("Authorization", "").partition(" ")
    bearer = Bearer()
    if scheme.lower() != "basic":
        return bearer(request)
    try:
        _, _, password = base64.b64decode(told.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        password = ""
    return bearer.authenticate(request, password)


def _of(error: Exception) -> Problem:
    """The protocol's word for a refusal."""
    match error:
        case Problem():
            return error
        case BadRequest():
            return Problem(400, Fault("wrong_form", error.field))
        case AccessRefused():
            return _access_refused(error)
        case TooManyBadTokens():
            return Problem(429, Fault("too_many_bad_tokens"), **{"Retry-After": str(MINUTE)})
        case Refused():
            return Problem(422, error.faults[0])
    return Problem(400, Fault("bad_request"))


def _access_refused(error: AccessRefused) -> Problem:
    with transaction.atomic():
        detail = {"permission": error.permission, "code": error.code}
        append_as("access_refused", error.actor or "anonymous", "taxii", detail=detail)
    if error.code == "not_signed_in":
        return Problem(401, Fault(error.code), **{"WWW-Authenticate": 'Bearer, Basic realm="taxii"'})
    return Problem(403, Fault(error.code))


def _problem(problem: Problem) -> HttpResponse:
    language, fault = get_language() or "en", problem.fault
    signing = problem.status in {401, 403} and fault.code in _REFUSALS
    title = word("refusal", fault.code, language) if signing else fault_text(fault.code, fault.detail, language)
    message = {
        "title": title,
        "error_code": fault.code,
        "http_status": str(problem.status),
    } | ({"details": {"field": fault.field}} if fault.field else {})
    answer = _answer(message, problem.status)
    for name, value in problem.headers.items():
        answer[name] = value
    return answer


_REFUSALS = {"not_signed_in", "permission_missing", "purpose_missing", "purpose_not_allowed", "reader_unknown"}


def _answer(body: Mapping[str, Any], status_: int = 200) -> HttpResponse:
    return HttpResponse(canonical(body), content_type=MEDIA_TYPE, status=status_)


urls = [
    path("", discover, name="taxii"),
    path(f"{ROOT}/", api_root, name="taxii-root"),
    path(f"{ROOT}/status/<uuid:id_>/", status, name="taxii-status"),
    path(f"{ROOT}/collections/", collections, name="taxii-collections"),
    path(f"{ROOT}/collections/<uuid:id_>/", collection, name="taxii-collection"),
    path(f"{ROOT}/collections/<uuid:id_>/manifest/", manifest, name="taxii-manifest"),
    path(f"{ROOT}/collections/<uuid:id_>/objects/", objects, name="taxii-objects"),
    path(f"{ROOT}/collections/<uuid:id_>/objects/<str:name>/", object_, name="taxii-object"),
    path(f"{ROOT}/collections/<uuid:id_>/objects/<str:name>/versions/", versions, name="taxii-versions"),
    path("<path:rest>", nothing),
]
