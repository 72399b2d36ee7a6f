"""Questions of ours and of neighbours, lists of own keys, keys of the oblivious function, quotas."""

import uuid

from django.db import models


class KeyList(models.Model):
    """Keys of one type that an officer entered, for one purpose, until a day. `answers`: neighbours may ask of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key_type = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    purpose = models.CharField(max_length=40)
    by = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)
    valid_until = models.DateField(db_index=True)
    answers = models.BooleanField()
    size = models.PositiveIntegerField()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.key_type} {self.title}"


class ListedKey(models.Model):
    """One normal form of one key of a list; a name has several. `reference` is the officer's own."""

    key_list = models.ForeignKey(KeyList, models.CASCADE, related_name="keys")
    normal = models.CharField(max_length=400)
    reference = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return self.reference or str(self.pk)


class Question(models.Model):
    """What this state asks a neighbour. `seed` gives the blinds again and is erased when the question ends."""

    class State(models.TextChoices):
        PREPARING = "preparing"
        ASKED = "asked"
        ARRIVED = "arrived"
        ANSWERED = "answered"
        REFUSED = "refused"
        FAILED = "failed"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, editable=False)
    node = models.CharField(max_length=30)
    key_type = models.CharField(max_length=20)
    mode = models.CharField(max_length=10)
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    case = models.CharField(max_length=80)
    source = models.CharField(max_length=20)
    count = models.PositiveIntegerField()
    asked_by = models.CharField(max_length=60)
    asked_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    state = models.CharField(max_length=20, choices=State, default=State.PREPARING, db_index=True)
    seed = models.BinaryField(null=True)
    code = models.CharField(max_length=60, blank=True)
    again_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    hits = models.PositiveIntegerField(null=True)
    seen = models.BooleanField(default=False)

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"to {self.node}: {self.count} {self.key_type}"


class Element(models.Model):
    """One key of a question while it waits: what was sent for it, and whose it is. Deleted when the question ends."""

    question = models.ForeignKey(Question, models.CASCADE, related_name="elements")
    position = models.PositiveIntegerField()
    normal = models.CharField(max_length=400)
    owners = models.JSONField()
    blinded = models.BinaryField(default=bytes)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.question_id} {self.position}"


class Inquiry(models.Model):
    """What a neighbour asks this state. `tokens` and `normals` map its result to own keys, until it came."""

    class State(models.TextChoices):
        ARRIVING = "arriving"
        DUE = "due"
        WAITING = "waiting"
        ANSWERED = "answered"
        REFUSED = "refused"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.UUIDField()
    node = models.CharField(max_length=30)
    key_type = models.CharField(max_length=20)
    mode = models.CharField(max_length=10)
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    count = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    state = models.CharField(max_length=20, choices=State, default=State.ARRIVING, db_index=True)
    decided_by = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=60, blank=True)
    again_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True, db_index=True)
    compared = models.PositiveIntegerField(null=True)
    tokens = models.BinaryField(default=bytes)
    normals = models.TextField(blank=True)
    hits = models.PositiveIntegerField(null=True)
    result_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-received_at"]
        verbose_name_plural = "inquiries"
        constraints = [models.UniqueConstraint(fields=["node", "question"], name="one_inquiry_per_question")]

    def __str__(self) -> str:
        return f"from {self.node}: {self.count} {self.key_type}"


class Arrived(models.Model):
    """A part of a question or of an answer that came."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    question = models.UUIDField()
    node = models.CharField(max_length=30)
    answer = models.BooleanField()
    part = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["part"]
        constraints = [models.UniqueConstraint(fields=["node", "question", "answer", "part"], name="one_row_per_part")]

    def __str__(self) -> str:
        return f"{self.question} {self.part}"


class Hit(models.Model):
    """A key that both states hold: of a question of ours, or of a neighbour's.

    `owners`: own alerts and references; null until they were looked up.
    """

    question = models.ForeignKey(Question, models.CASCADE, null=True, related_name="found")
    inquiry = models.ForeignKey(Inquiry, models.CASCADE, null=True, related_name="found")
    normal = models.CharField(max_length=400)
    owners = models.JSONField(null=True)

    class Meta:
        ordering = ["normal"]

    def __str__(self) -> str:
        return str(self.pk)


class MonthKey(models.Model):
    """This state's key of the function for one neighbour, type and month, with what it made of own keys so far.

    Erased when the month is over. `outputs`: 32 bytes for each line of `normals`.
    """

    node = models.CharField(max_length=30)
    key_type = models.CharField(max_length=20)
    month = models.CharField(max_length=7)
    seed = models.BinaryField()
    normals = models.TextField(blank=True)
    outputs = models.BinaryField(default=bytes)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "key_type", "month"], name="one_key_per_month")]

    def __str__(self) -> str:
        return f"{self.node} {self.key_type} {self.month}"


class SeenKey(models.Model):
    """A public key that a neighbour answered with; `month` is empty for the key of a single question."""

    node = models.CharField(max_length=30)
    key_type = models.CharField(max_length=20)
    month = models.CharField(max_length=7, blank=True)
    public_key = models.CharField(max_length=64)
    record = models.ForeignKey("records.Record", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["node", "key_type", "month"], condition=~models.Q(month=""), name="one_public_key_per_month"
            ),
            models.UniqueConstraint(fields=["node", "public_key"], name="no_public_key_twice"),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.month} {self.public_key}"


class Allowance(models.Model):
    """How much one neighbour may ask about one type in a day, and whether an officer decides each time."""

    node = models.CharField(max_length=30)
    key_type = models.CharField(max_length=20)
    online_a_day = models.PositiveIntegerField()
    bulk_a_day = models.PositiveIntegerField()
    by_hand = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "key_type"], name="one_allowance_per_neighbour_and_type")
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.key_type}"
