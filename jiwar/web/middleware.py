"""What happens around every page: the language, the session's end, and refusals in the user's own words."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation

from jiwar.access.bodies import InMemory, largest
from jiwar.access.policy import AccessRefused
from jiwar.audit.services import append_as
from jiwar.records.words import accepted
from jiwar.web.errors import method_not_allowed, too_large
from jiwar.wire.faults import Fault, Refused

LANGUAGE_COOKIE = "jiwar_language"
REFRESH = "X-Refresh"
"""Header of what a page asks for by itself (`hx-headers='{"X-Refresh": "1"}'`)."""
STARTED = "jiwar_started"
_PUBLIC = ("/sign-in/", "/static/", "/language/", "/health", "/schemas/", "/api/", "/taxii2/")

_PROGRAMS = ("/api/", "/taxii2/")
"""What programs ask checks its own bodies."""

Next = Callable[[HttpRequest], HttpResponse]


class BodyMiddleware:
    """Refuses a form that is longer than its page takes, before any of it is read. Stands before the CSRF check."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, *_: object) -> HttpResponse | None:
        """Django reads no more than the length that is stated, so it is the length that counts."""
        most, stated = largest(view), request.META.get("CONTENT_LENGTH") or ""
        if getattr(view, "in_memory", False):
            request.upload_handlers = [InMemory(request)]  # before the CSRF check reads the form
        if most is None or request.path.startswith(_PROGRAMS) or not stated.isdecimal() or int(stated) <= most:
            return None
        return too_large(request, most)


class LanguageMiddleware:
    """Speaks the language that was chosen on this machine, else the browser's, else the node's."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known = {code for code, _ in settings.LANGUAGES}
        chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
        language = chosen
        if chosen not in known:
            language = accepted(request.headers.get("Accept-Language", ""), settings.LANGUAGE_CODE)
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or language)
            return response


class SignInMiddleware:
    """No page without a sign-in; no session longer than a shift; no console without a second factor if required."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_PUBLIC):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return self._sign_in(request)
        started = request.session.setdefault(STARTED, time.time())
        if time.time() - started > settings.SESSION_LONGEST:
            logout(request)
            return self._sign_in(request)
        if request.user.must_change_password:
            return redirect("account_change_password")
        if settings.NODE.require_second_factor and not self._has_second_factor(request):
            return redirect("mfa_index")
        # On a machine where nobody chose a language, speak the one she chose elsewhere.
        if LANGUAGE_COOKIE not in request.COOKIES and request.user.language:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = request.user.language  # type: ignore[attr-defined]
        # A page that refreshes itself is no click: it does not put off the session's end.
        if REFRESH not in request.headers:
            request.session.modified = True
        response = self.get_response(request)
        # A shared machine keeps no page: the back button shows nothing after sign-out.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @staticmethod
    def _sign_in(request: HttpRequest) -> HttpResponse:
        page = reverse("account_login", query={"next": request.get_full_path()})
        # A part of a page that asks for itself gets the whole page moved.
        return HttpResponse(headers={"HX-Redirect": page}) if "HX-Request" in request.headers else redirect(page)

    @staticmethod
    def _has_second_factor(request: HttpRequest) -> bool:
        from allauth.mfa.utils import is_mfa_enabled

        return is_mfa_enabled(request.user)


class RefusalMiddleware:
    """Turns refusals into answers that name the field and the reason; never a 500, never an empty page."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.streaming and not response.content:
            return method_not_allowed(request, response.headers.get("Allow", ""))
        return response

    def process_view(self, request: HttpRequest, view: object, *_: object) -> HttpResponse | None:
        """No NUL in a field: PostgreSQL keeps none, and no keyboard types one.

        A view without the CSRF check reads its body itself, or leaves it unread. What programs ask checks its own.
        """
        if request.path.startswith(_PROGRAMS):
            return None
        sent = [request.GET, *([] if getattr(view, "csrf_exempt", False) else [request.POST])]
        wrong = [
            Fault("nul", name.replace("\0", "")[:100])
            for fields in sent
            for name, values in fields.lists()
            if any("\0" in text for text in (name, *map(str, values)))
        ]
        return render(request, "web/faults.html", {"faults": wrong}, status=400) if wrong else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer AccessRefused with 403 and a ledger leaf, Refused with 422; ask for a purpose that is not stated."""
        if isinstance(exception, AccessRefused):
            if exception.code == "purpose_missing" and request.method == "GET":
                return render(request, "web/purpose.html", {"asked": request.GET}, status=403)
            with transaction.atomic():
                append_as(
                    "access_refused",
                    exception.actor or "anonymous",
                    "console",
                    detail={"permission": exception.permission, "code": exception.code},
                )
            return render(request, "web/refused.html", {"refusal": exception}, status=403)
        if isinstance(exception, Refused):
            return render(request, "web/faults.html", {"faults": exception.faults}, status=422)
        return None
