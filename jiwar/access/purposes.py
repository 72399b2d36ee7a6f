"""The purpose that a console request states."""

from django.http import HttpRequest

from jiwar.access.permissions import Purpose


def purpose_of(request: HttpRequest) -> Purpose | None:
    """The purpose in a page's form or address, or None; a code that is no purpose is None too."""
    stated = request.POST.get("purpose") or request.GET.get("purpose") or ""
    return Purpose(stated) if stated in set(Purpose) else None
