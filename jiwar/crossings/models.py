"""Crossings, and screenings in progress at the desk."""

import uuid

from django.db import models


class Crossing(models.Model):
    """A crossing as its record has it: own at a post, of all posts at the national node."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    uid = models.UUIDField(unique=True)
    screened = models.UUIDField(unique=True, help_text="the screening it came from: a form sent twice is one crossing")
    post = models.CharField(max_length=30)
    paper_number = models.CharField(max_length=30, blank=True)
    at = models.DateTimeField()
    direction = models.CharField(max_length=3)
    decision = models.CharField(max_length=20)
    name = models.CharField(max_length=200, blank=True)
    birth_date = models.CharField(max_length=10, blank=True)
    nationality = models.CharField(max_length=3, blank=True)
    document = models.CharField(max_length=40, blank=True)
    hits = models.PositiveSmallIntegerField(default=0, help_text="candidates that the officer confirmed")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["post", "-at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["post", "paper_number"], condition=~models.Q(paper_number=""), name="one_crossing_per_paper"
            )
        ]

    def __str__(self) -> str:
        return f"{self.post} {self.uid}"


class Screened(models.Model):
    """A screening at the desk that no crossing is recorded for yet: it outlives a reload and a power cut.

    It is deleted when the crossing is recorded, and after a day in any case.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    officer = models.CharField(max_length=60, db_index=True)
    at = models.DateTimeField(db_index=True)
    traveller = models.JSONField()
    screening = models.UUIDField(help_text="id of the search, as the ledger has it")
    list_age = models.DateTimeField(null=True)
    entries = models.PositiveIntegerField()
    document = models.JSONField(
        default=dict, help_text="the report on the document that was read; empty where none was"
    )
    too_little = models.BooleanField(default=False, help_text="what was asked could find nobody")
    kept_back = models.PositiveSmallIntegerField(default=0, help_text="who share only a common name and the year")
    ask_for = models.JSONField(default=list, help_text="what would decide on one of them")
    candidates = models.JSONField()
    outcomes = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.officer} {self.id}"
