"""Agreements and what was done about them: projections of records, own and received.

Nothing here says whether an agreement is in force: that is read from these rows and the state of their records.
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
    legal_basis = models.TextField()

    class Meta:
        ordering = ["reference", "-record_id"]

    def __str__(self) -> str:
        return self.reference


class PartySignature(models.Model):
    """A party's word on one text. It may come before the agreement, and counts if `hash` is that of its record."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    agreement_uid = models.UUIDField(db_index=True)
    hash = models.CharField(max_length=64)
    party = models.CharField(max_length=3)

    class Meta:
        ordering = ["record_id"]

    def __str__(self) -> str:
        return f"{self.party} {self.agreement_uid}"


class Suspension(models.Model):
    """A suspension by one state, of the whole (`clauses` empty) or of some clauses."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    uid = models.UUIDField(db_index=True)
    agreement_uid = models.UUIDField(db_index=True)
    party = models.CharField(max_length=3)
    clauses = models.JSONField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["record_id"]

    def __str__(self) -> str:
        return f"{self.party} {self.agreement_uid}"


class Resumption(models.Model):
    """The end of a suspension; counts if the state that suspended said it."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    suspension_uid = models.UUIDField(db_index=True)
    party = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["record_id"]

    def __str__(self) -> str:
        return f"{self.party} {self.suspension_uid}"


class Change(models.Model):
    """Something about agreements changed: `policy` reads them anew when it finds rows that it does not know."""

    mark = models.BigIntegerField(help_text="40 random bits")

    def __str__(self) -> str:
        return f"change {self.pk}"
