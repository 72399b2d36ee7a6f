"""Agreements' texts, a projection of records, own and received.

Nothing here says whether one is in force: that is read from what its parties said about it (`said`).
"""

from django.db import models


class Agreement(models.Model):
    """An agreement's text as its record has it."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    uid = models.UUIDField(db_index=True)
    reference = models.CharField(max_length=60, db_index=True)
    title = models.JSONField()
    parties = models.JSONField()
    starts = models.DateField()
    ends = models.DateField(null=True)
    clauses = models.JSONField()
    open_to = models.JSONField(default=list)
    legal_basis = models.TextField()

    class Meta:
        ordering = ["reference", "-record_id"]

    def __str__(self) -> str:
        return self.reference


class Change(models.Model):
    """Something about agreements changed: `policy` reads them anew when it finds rows that it does not know."""

    mark = models.BigIntegerField(help_text="40 random bits")

    def __str__(self) -> str:
        return f"change {self.pk}"
