"""Outbox, inbox, streams, links, and what refers to attachments."""

from django.db import models


class Outgoing(models.Model):
    """A record on its way to one node. It gets its number and seal when it leaves, after a last look at policy."""

    class State(models.TextChoices):
        QUEUED = "queued"
        HELD = "held"
        SEALED = "sealed"
        ACKNOWLEDGED = "acknowledged"
        REFUSED = "refused"
        NOT_SENT = "not_sent"

    node = models.CharField(max_length=30, db_index=True)
    record = models.ForeignKey("records.Record", models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=60, blank=True)
    agreement = models.CharField(max_length=60, blank=True)
    clause = models.CharField(max_length=40, blank=True)
    urgent = models.BooleanField(default=False)
    queued_at = models.DateTimeField(auto_now_add=True)
    seq = models.BigIntegerField(null=True)
    hash = models.CharField(max_length=64, blank=True)
    envelope = models.BinaryField(null=True)
    receipt = models.TextField(blank=True)
    receipt_status = models.CharField(max_length=20, blank=True)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["node", "record"], name="one_row_per_node_and_record"),
            models.UniqueConstraint(fields=["node", "seq"], name="one_envelope_per_number"),
        ]
        indexes = [models.Index(fields=["node", "state", "id"])]

    def __str__(self) -> str:
        return f"{self.node} {self.state} {self.record_id}"


class Incoming(models.Model):
    """An envelope that was taken, with the receipt that was given: the same envelope again gets the same receipt."""

    node = models.CharField(max_length=30)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    record = models.ForeignKey("records.Record", models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=20)
    code = models.CharField(max_length=60, blank=True)
    receipt = models.TextField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["node", "seq"], name="one_receipt_per_number")]

    def __str__(self) -> str:
        return f"{self.node} {self.seq} {self.status}"


class Stream(models.Model):
    """The newest number and hash of a stream to or from a node: the row that is locked to give or take a number."""

    node = models.CharField(max_length=30)
    incoming = models.BooleanField()
    seq = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "incoming"], name="one_row_per_stream")]

    def __str__(self) -> str:
        return f"{'from' if self.incoming else 'to'} {self.node}: {self.seq}"


class Link(models.Model):
    """What is known of the way to a node: for the link screen and for the courier's patience."""

    node = models.CharField(max_length=30, primary_key=True)
    heard_at = models.DateTimeField(null=True, help_text="it reached us")
    reached_at = models.DateTimeField(null=True, help_text="we reached it")
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)
    failures = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    clock_difference = models.FloatField(null=True, help_text="seconds its clock is ahead of ours")

    def __str__(self) -> str:
        return self.node


class Attached(models.Model):
    """A record in force, or an open draft, that refers to a sealed file (`exchange.attachments`) by its blob."""

    blob = models.CharField(max_length=64, db_index=True)
    record = models.ForeignKey("records.Record", models.CASCADE, null=True, related_name="+")
    draft = models.ForeignKey("records.Draft", models.CASCADE, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "attached"
        constraints = [
            models.UniqueConstraint(fields=["blob", "record"], name="one_row_per_blob_and_record"),
            models.UniqueConstraint(fields=["blob", "draft"], name="one_row_per_blob_and_draft"),
        ]

    def __str__(self) -> str:
        return f"{self.blob[:16]} {self.record_id or self.draft_id}"
