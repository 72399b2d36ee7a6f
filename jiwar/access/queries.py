"""Reads of the tokens of the JSON API."""

from django.db.models import QuerySet
from django.utils import timezone

from jiwar.access.models import ApiToken


def live_tokens(agency: str) -> QuerySet[ApiToken]:
    """Tokens of an agency that still open something."""
    return ApiToken.objects.filter(agency=agency, revoked_at=None, expires_at__gt=timezone.now())


def tokens() -> QuerySet[ApiToken]:
    """All tokens, newest first. The caller has allowed `access:token:manage`."""
    return ApiToken.objects.select_related("agency").order_by("-created_at")
