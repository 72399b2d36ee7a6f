"""Reads of the tokens of the JSON API."""

from django.db.models import QuerySet

from jiwar.access.models import ApiToken


def tokens() -> QuerySet[ApiToken]:
    """All tokens, newest first. The caller has allowed `access:token:manage`."""
    return ApiToken.objects.select_related("agency").order_by("-created_at")
