"""Answers to what no page handles: in the shell, in the user's language, with what to do next."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return render(request, "web/error.html", {"status": 400}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 that no service raised: Django's own."""
    return render(request, "web/error.html", {"status": 403}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return render(request, "web/error.html", {"status": 404}, status=404)


def no_form_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of the CSRF check: the form was too old or came from elsewhere."""
    return render(request, "web/error.html", {"status": 403, "stale_form": True}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500. Nothing here may need the database or the person, for either may be what failed."""
    return HttpResponse(render_to_string("web/broken.html"), status=500)
