"""Answers to what no page handles: in the shell, in the user's language, with what to do next."""

from urllib.parse import urlsplit

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string

from jiwar.access.bodies import MOST


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 for a body past the limit."""
    if isinstance(exception, RequestDataTooBig):
        return too_large(request, MOST)
    return _page(request, 400)


def too_large(request: HttpRequest, most: int) -> HttpResponse:
    """413 for a body of more than `most` bytes."""
    return _page(request, 413, megabytes=most // 1_000_000)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 that no service raised: Django's own."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _page(request, 404)


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    """405, where Django says nothing."""
    response = _page(request, 405)
    response["Allow"] = allowed
    return response


def no_form_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of the CSRF check: the form was too old or came from elsewhere."""
    return _page(request, 403, stale_form=True)


def server_error(request: HttpRequest) -> HttpResponse:
    """500. Nothing here may need the database or the person, for either may be what failed."""
    return HttpResponse(render_to_string("web/broken.html"), status=500)


def _page(request: HttpRequest, status: int, **context: object) -> HttpResponse:
    """What was sent and is still unread stays so: reading it may be what failed, and would fail again in the page."""
    if not hasattr(request, "_post"):
        request._mark_post_parse_error()  # type: ignore[attr-defined]
    try:
        request.GET  # noqa: B018 - read once, and kept
    except SuspiciousOperation:
        request.GET = QueryDict()
    # A part of a page asked: its person has not left it.
    context["here"] = _path(request.headers.get("HX-Current-URL", ""))
    return render(request, "web/error.html", {"status": status, **context}, status=status)


def _path(address: str) -> str:
    """The path of an address, with its query; "" for what is none of this node's."""
    try:
        at = urlsplit(address)
    except ValueError:
        return ""
    path = f"{at.path}?{at.query}" if at.query else at.path
    return path if path.startswith("/") and not path.startswith("//") else ""
