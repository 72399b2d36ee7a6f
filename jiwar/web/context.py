"""What every page shows around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from jiwar.access.permissions import Permission
from jiwar.access.services import actor_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in, on which node, and what she may do."""
    actor = actor_of(request) if hasattr(request, "user") else None
    return {
        "actor": actor,
        "may": (lambda name: actor is not None and actor.may(Permission(name))),
        "person": request.user if actor else None,
        "node": settings.NODE,
        "languages": settings.LANGUAGES,
    }
