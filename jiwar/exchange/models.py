"""Outbox, inbox, streams, receipts, links, and what refers to attachments."""

from django.db import models


class Stream(models.Model):
    """One numbered way to or from a node: the row that is locked to give or take a number.

    `seq` and `head`: the newest envelope. Of an outgoing stream, `acked` is the newest number with a receipt; one that
    was given up carries nothing past `closed_at`. Of an incoming one, `newest` is the newest envelope itself: evidence
    for a sender that was restored from a copy older than it.
    """

    node = models.CharField(max_length=30)
    incoming = models.BooleanField()
    name = models.CharField(max_length=30)
    seq = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64)
    acked = models.BigIntegerField(default=0)
    closed_at = models.BigIntegerField(null=True)
    newest = models.BinaryField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["node", "incoming", "name"], name="one_row_per_stream")]

    def __str__(self) -> str:
        return f"{'from' if self.incoming else 'to'} {self.node} {self.name}: {self.seq}"


class Outgoing(models.Model):
    """A record on its way to one node. It is numbered and sealed when it leaves, after a last look at policy.

    `there`: what holds it back is the recipient's view of the agreements, not ours. `returned`: the record is the
    recipient's own, which it lost (`restore`).
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        HELD = "held"
        SEALED = "sealed"
        ACKNOWLEDGED = "acknowledged"
        REFUSED = "refused"
        NOT_SENT = "not_sent"

    node = models.CharField(max_length=30)
    record = models.ForeignKey("records.Record", models.PROTECT, related_name="+")
    returned = models.BooleanField(default=False)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=60, blank=True)
    there = models.BooleanField(default=False)
    agreement = models.CharField(max_length=60, blank=True)
    clause = models.CharField(max_length=40, blank=True)
    lane = models.CharField(max_length=10)
    priority = models.PositiveSmallIntegerField(default=5)
    queued_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    receipt = models.ForeignKey("Receipt", models.PROTECT, null=True, related_name="+")
    receipt_status = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["node", "record", "returned"], name="one_row_per_node_and_record")
        ]
        # In the order in which messages leave.
        indexes = [models.Index(fields=["state", "node", "lane", "priority", "id"], name="exchange_ou_state_order")]

    def __str__(self) -> str:
        return f"{self.node} {self.state} {self.record_id}"


class Sealed(models.Model):
    """An envelope, kept for as long as its recipient might have to ask for it again."""

    stream = models.ForeignKey(Stream, models.PROTECT, related_name="envelopes")
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    envelope = models.BinaryField()
    outgoing = models.ForeignKey(Outgoing, models.PROTECT, related_name="sealed")
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="one_envelope_per_number")]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.seq}"


class Receipt(models.Model):
    """A recipient's signed word on a range of a stream of ours."""

    stream = models.ForeignKey(Stream, models.PROTECT, related_name="receipts", null=True)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    text = models.TextField(help_text="the signed JSON")
    key = models.CharField(max_length=16)
    signature = models.CharField(max_length=100)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.first}-{self.last}"


class Incoming(models.Model):
    """An envelope that was taken, and what became of it. `payload`: of a message that this program cannot read yet."""

    stream = models.ForeignKey(Stream, models.PROTECT, related_name="taken")
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    record = models.ForeignKey("records.Record", models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=20)
    code = models.CharField(max_length=60, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    payload = models.BinaryField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="one_place_per_number")]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.seq} {self.status}"


class Link(models.Model):
    """What is known of the way to a node: for the link screen and for the courier's patience.

    `epoch`: the node's, by its newest hello. `rate`: bytes a second that the way carried last; `cap`: the most that we
    let it carry, None without a limit.
    """

    node = models.CharField(max_length=30, primary_key=True)
    epoch = models.PositiveIntegerField(default=1)
    heard_at = models.DateTimeField(null=True, help_text="it reached us")
    reached_at = models.DateTimeField(null=True, help_text="we reached it")
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)
    failures = models.PositiveIntegerField(default=0)
    retry_asked_at = models.DateTimeField(null=True)
    clock_difference = models.FloatField(null=True, help_text="seconds its clock is ahead of ours")
    rate = models.FloatField(null=True)
    cap = models.PositiveIntegerField(null=True, help_text="bytes a second")

    def __str__(self) -> str:
        return self.node


class LastWord(models.Model):
    """What a node said last of how far it has come (`logic.last_word`), for pouches and for the restore ceremony."""

    node = models.CharField(max_length=30, primary_key=True)
    epoch = models.PositiveIntegerField()
    have = models.JSONField()
    sent = models.JSONField()
    lack = models.JSONField()
    noted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.node


class Pouch(models.Model):
    """A pouch that was packed here for a node, or one of a node's that was opened here.

    `by`: who packed it, or opened it first. `head`: the hash of its head. `offset`: of an incoming one, bytes of plain
    text up to the end of the newest frame that was taken; the same pouch goes on from there. `contents`: counts, and of
    an outgoing one the streams that it carries up to which number. `stopped`: why not all of an incoming one was taken,
    a list of [stream, code, detail], which the next pouch to the node tells. `code`, `detail`: what ended it early.
    """

    class State(models.TextChoices):
        BEGUN = "begun"
        BROKEN = "broken"
        WHOLE = "whole"

    uid = models.UUIDField()
    incoming = models.BooleanField()
    node = models.CharField(max_length=30)
    state = models.CharField(max_length=10, choices=State, default=State.BEGUN)
    by = models.CharField(max_length=60)
    why = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(help_text="packed, or opened last")
    made_at = models.DateTimeField(null=True, help_text="by its writer's clock")
    size = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    offset = models.BigIntegerField(default=0)
    contents = models.JSONField(default=dict)
    stopped = models.JSONField(default=list)
    code = models.CharField(max_length=60, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "pouches"
        constraints = [
            models.UniqueConstraint(fields=["node", "incoming", "uid"], name="one_row_per_pouch"),
        ]

    def __str__(self) -> str:
        return f"{'from' if self.incoming else 'to'} {self.node} {self.uid} {self.state}"


class Restore(models.Model):
    """This node found that it runs from an old copy. Nothing is sealed or receipted until the ceremony ended it.

    `words`: what each neighbour had said last when it ended, by its code: how far it had come with its streams
    (`sent`), and how many messages of ours it had that we did not know (`ours`).
    """

    noticed_at = models.DateTimeField()
    by = models.CharField(max_length=30, help_text="the node whose evidence showed it, or `restore` of this program")
    evidence = models.JSONField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    epoch = models.PositiveIntegerField(null=True)
    words = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.noticed_at:%Y-%m-%d} {self.by}"


class Attached(models.Model):
    """A record in force, or an open draft, that refers to a sealed file (`exchange.attachments`) by its blob.

    `wanted_from`: the node that is asked for it, while it is not here whole.
    """

    blob = models.CharField(max_length=64, db_index=True)
    wanted_from = models.CharField(max_length=30, blank=True, db_index=True)
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
