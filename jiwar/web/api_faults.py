"""What the JSON API answers to what it does not take: always JSON, always the field and the reason, in words."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from jiwar.access.bearer import MINUTE, TooManyBadTokens
from jiwar.access.policy import AccessRefused
from jiwar.audit.services import append_as
from jiwar.records.refusals import faults_said
from jiwar.records.words import word
from jiwar.wire.faults import Fault, Refused, of_pydantic
from jiwar.wire.strict_json import JsonRefused, parse

_CODES = {400: "bad_request", 403: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


_FAULTS_SCHEMA = {
    "type": "object",
    "required": ["faults"],
    "properties": {
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "field", "detail", "message"],
                "properties": {
                    "code": {"type": "string", "description": "stable"},
                    "field": {"type": "string", "description": "dotted path into the body; empty for the whole"},
                    "detail": {"type": "string"},
                    "message": {"type": "string", "description": "for people, in the language of Accept-Language"},
                },
            },
        }
    },
}


class NotJson(Exception):
    """The body does not say that it is JSON."""


class StrictJson(Parser):
    """Reads bodies with the one strict reader of the program."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Raises NotJson or JsonRefused."""
        if request.content_type != "application/json":
            raise NotJson
        return parse(request.body)


class Api(NinjaAPI):
    """NinjaAPI whose faults are ours, in its answers and in its description."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"]["Faults"] = _FAULTS_SCHEMA
        told = {"$ref": "#/components/schemas/Faults"}
        refused = {"description": "Why nothing was done", "content": {"application/json": {"schema": told}}}
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"]["4XX"] = refused
        return schema

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext[Any]]) -> Any:
        faults: list[Fault] = []
        for context in error_contexts:
            errors = context.pydantic_validation_error.errors(include_url=False)
            # The first step of a path is the name of a parameter of the view, of which a caller knows nothing.
            faults += of_pydantic({**error, "loc": error["loc"][1:] or error["loc"]} for error in errors)
        return Refused(*faults)


def refusal(status: int, *faults: Fault, message: Callable[[Fault], str] | None = None) -> HttpResponse:
    """The answer."""
    told = faults_said(faults, message)
    return JsonResponse({"faults": told}, status=status, json_dumps_params={"ensure_ascii": False})


# --- what services and ninja raise ------------------------------------------------------------------------------------


def _access_refused(request: HttpRequest, error: AccessRefused) -> HttpResponse:
    with transaction.atomic():
        append_as(
            "access_refused",
            error.actor or "anonymous",
            "api",
            detail={"permission": error.permission, "code": error.code},
        )
    signed_in = error.code != "not_signed_in"
    answer = refusal(
        403 if signed_in else 401,
        Fault(error.code, "", error.permission if signed_in else ""),
        message=lambda fault: word("refusal", fault.code, get_language() or "en"),
    )
    if not signed_in:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def _too_many_bad_tokens(request: HttpRequest, error: TooManyBadTokens) -> HttpResponse:
    answer = refusal(429, Fault("too_many_bad_tokens"))
    answer["Retry-After"] = str(MINUTE)
    return answer


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return refusal(422, *error.faults)


def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return refusal(404, Fault("not_found"))


def _unread(request: HttpRequest, error: Exception) -> HttpResponse:
    """A body that could not be read; ninja wraps what the parser raises."""
    cause = error.__cause__ or error
    if isinstance(cause, NotJson):
        return refusal(415, Fault("not_json"))
    if isinstance(cause, JsonRefused):
        return refusal(413 if cause.code == "too_large" else 400, Fault(cause.code, "", cause.detail))
    if isinstance(cause, RequestDataTooBig):
        return refusal(413, Fault("too_large"))
    return refusal(400, Fault("bad_request"))


def connect(api: NinjaAPI) -> None:
    """Give the API these answers."""
    handlers: tuple[tuple[type[Exception], Any], ...] = (
        (AccessRefused, _access_refused),
        (TooManyBadTokens, _too_many_bad_tokens),
        (Refused, _refused),
        (Http404, _not_found),
        (HttpError, _unread),
        (SuspiciousOperation, _unread),
        (UnreadablePostError, _unread),
    )
    for kind, handler in handlers:
        api.add_exception_handler(kind, handler)


# --- what happens before the API is reached ---------------------------------------------------------------------------


class ApiMiddleware:
    """No answer under `/api/` is kept by a cache, and none of Django's own pages stands for an error there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith("/api/"):
            return response
        if response.status_code >= 400 and "json" not in response.headers.get("Content-Type", ""):
            code = _CODES.get(response.status_code, "server_error" if response.status_code >= 500 else "bad_request")
            allowed = response.headers.get("Allow")
            response = refusal(response.status_code, Fault(code))
            if allowed:
                response["Allow"] = allowed
        response.headers.setdefault("Cache-Control", "no-store")
        patch_vary_headers(response, ["Accept-Language", "Authorization"])
        return response
