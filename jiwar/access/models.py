"""Tokens of the JSON API."""

import uuid

from django.db import models


class ApiToken(models.Model):
    """An agency's key to the API, for stated permissions and one purpose. Only the hash of the secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey("identity.Agency", models.PROTECT)
    label = models.CharField(max_length=100)
    purpose = models.CharField(max_length=40)
    permissions = models.JSONField()
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.label}"
