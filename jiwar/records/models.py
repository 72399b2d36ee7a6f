"""Records own and received, drafts, approvals, withdrawals' acknowledgements."""

import json
import uuid
from functools import cached_property
from typing import Any

from django.db import models


class Record(models.Model):
    """An immutable signed statement. `statement` is the canonical JSON that was signed; columns serve lists."""

    class State(models.TextChoices):
        IN_FORCE = "in_force"
        SUPERSEDED = "superseded"
        WITHDRAWN = "withdrawn"
        EXPIRED = "expired"
        NOT_UNDERSTOOD = "not_understood"
        WITHHELD = "withheld"

    uid = models.UUIDField()
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=60, db_index=True)
    kind_version = models.PositiveSmallIntegerField()
    origin = models.CharField(max_length=3, db_index=True)
    node = models.CharField(max_length=30)
    purpose = models.CharField(max_length=40)
    tlp = models.CharField(max_length=20)
    onward = models.CharField(max_length=5)
    issued_at = models.DateTimeField()
    valid_until = models.DateTimeField(db_index=True)
    review_on = models.DateField()
    about = models.UUIDField(
        null=True, db_index=True, help_text="the record that this one is about: `target` of its body"
    )
    statement = models.TextField()
    hash = models.CharField(max_length=64, unique=True)
    signing_key = models.CharField(max_length=16)
    signature = models.CharField(max_length=100)
    cosignature = models.TextField(blank=True, help_text="ML-DSA-65: id of the key, a colon, the signature in base64")
    state = models.CharField(max_length=20, choices=State, default=State.IN_FORCE, db_index=True)
    state_changed_at = models.DateTimeField(null=True)
    received_from = models.CharField(max_length=30, blank=True)
    stored_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["uid", "version"], name="one_record_per_version")]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid} v{self.version}"

    @cached_property
    def data(self) -> dict[str, Any]:
        """The statement as parsed JSON."""
        return json.loads(self.statement)

    @property
    def body(self) -> dict[str, Any]:
        """The body of the statement."""
        return self.data["content"]["body"]


class Draft(models.Model):
    """Content on its way to become a record. `content_hash` is what an approval binds to."""

    class State(models.TextChoices):
        DRAFT = "draft"
        SUBMITTED = "submitted"
        RETURNED = "returned"
        ISSUED = "issued"
        DISCARDED = "discarded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT, db_index=True)
    author = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    supersedes = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    record = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-changed_at"]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Decision(models.Model):
    """What a second natural person decided about exactly this content (rule R2)."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="decisions")
    person = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    content_hash = models.CharField(max_length=64)
    approved = models.BooleanField()
    reasons = models.CharField(max_length=1000)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"{self.draft_id} {'approved' if self.approved else 'returned'}"


class Acknowledgement(models.Model):
    """A holder's word that it applied a withdrawal or a correction (rule R11)."""

    record = models.ForeignKey(Record, models.CASCADE, related_name="acknowledgements")
    holder = models.CharField(max_length=30)
    at = models.DateTimeField()

    class Meta:
        ordering = ["holder"]
        constraints = [models.UniqueConstraint(fields=["record", "holder"], name="one_word_per_holder")]

    def __str__(self) -> str:
        return f"{self.holder} {self.record_id}"
