"""The room's tables: saved searches, what this state asks its neighbours about a subject, and what they ask it."""

import uuid

from django.db import models


class Inquiry(models.Model):
    """What one person asks neighbours about one subject. `facts` are emptied when it is over."""

    id = models.UUIDField(primary_key=True, editable=False)
    facts = models.JSONField(help_text="inquiry_kinds.InquirySubject; empty once it is over")
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    case = models.CharField(max_length=80)
    urgent = models.BooleanField(default=False)
    asked_by = models.CharField(max_length=60, db_index=True)
    asked_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at"]
        verbose_name_plural = "inquiries"

    def __str__(self) -> str:
        return str(self.id)


class Asked(models.Model):
    """One neighbour that a question went to, and what it answered."""

    class State(models.TextChoices):
        WAITING = "waiting"
        HIT = "hit"
        NO_HIT = "no_hit"
        REFUSED = "refused"
        CLOSED = "closed"

    inquiry = models.ForeignKey(Inquiry, models.CASCADE, related_name="asked")
    node = models.CharField(max_length=30)
    record = models.OneToOneField("records.Record", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING, db_index=True)
    code = models.CharField(max_length=60, blank=True)
    again_at = models.DateTimeField(null=True)
    records = models.JSONField(default=list, help_text="uids that the neighbour named")
    answered_at = models.DateTimeField(null=True)
    seen = models.BooleanField(default=False)

    class Meta:
        ordering = ["node"]
        constraints = [models.UniqueConstraint(fields=["inquiry", "node"], name="each_neighbour_once")]

    def __str__(self) -> str:
        return f"{self.node} {self.state}"


class Received(models.Model):
    """What a neighbour asks this state. What it asks about stands in the record alone."""

    class State(models.TextChoices):
        DUE = "due"
        ANSWERED = "answered"
        REFUSED = "refused"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    node = models.CharField(max_length=30)
    purpose = models.CharField(max_length=40)
    urgent = models.BooleanField(default=False)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.DUE, db_index=True)
    hit = models.BooleanField(null=True)
    told = models.JSONField(default=list, help_text="uids that the answer named")
    answered_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering = ["-received_at"]
        verbose_name_plural = "received"

    def __str__(self) -> str:
        return f"from {self.node}: {self.state}"


class Quota(models.Model):
    """How many questions on subjects one neighbour is answered in a day, where this state has said so."""

    node = models.CharField(max_length=30, primary_key=True)
    a_day = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.node} {self.a_day}"


class SavedSearch(models.Model):
    """A question that is asked again whenever the watchlist changes. When it ends, what it says is erased."""

    id = models.UUIDField(primary_key=True, editable=False)
    owner = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    typed = models.JSONField(help_text="fields of questions.FIELDS that make the question; empty once it has ended")
    purpose = models.CharField(max_length=40)
    case = models.CharField(max_length=80)
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    until = models.DateField(help_text="the last day on which it is asked")
    series = models.UUIDField(null=True)
    revision = models.BigIntegerField(default=0, help_text="up to which change of the watchlist it was asked")
    ended_at = models.DateTimeField(null=True, db_index=True)
    ended = models.CharField(max_length=30, blank=True, help_text="why: a code of the words group saved_ended")

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "saved searches"

    def __str__(self) -> str:
        return str(self.id)


class Notice(models.Model):
    """An entry that a saved search found since it was saved. What it says stands in its record alone."""

    saved = models.ForeignKey(SavedSearch, models.CASCADE, related_name="notices")
    uid = models.UUIDField()
    revision = models.BigIntegerField()
    score = models.FloatField()
    found_at = models.DateTimeField()
    seen = models.BooleanField(default=False)

    class Meta:
        ordering = ["-found_at", "-score"]
        constraints = [models.UniqueConstraint(fields=["saved", "uid"], name="one_notice_per_entry")]

    def __str__(self) -> str:
        return f"{self.saved_id} {self.uid}"
