"""Letters and their addressees: views of records, own and received, to work with."""

from django.db import models


class Letter(models.Model):
    """A letter, own or received: what lists show of its record. Its text stays in the record."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="letter")
    uid = models.UUIDField(unique=True)
    origin = models.CharField(max_length=3, db_index=True)
    flow = models.CharField(max_length=2)
    subject = models.CharField(max_length=200)
    issued_at = models.DateTimeField()
    target = models.UUIDField(null=True, db_index=True, help_text="the letter that it answers")
    answer = models.CharField(max_length=20, blank=True)
    assigned_to = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-issued_at"]

    def __str__(self) -> str:
        return f"{self.origin} {self.uid}"


class Addressee(models.Model):
    """A state that a letter is for, when its answer is due, and how far the letter has come with it.

    Of this state the times are its own; of others, what they said, or the clock said of them.
    """

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="addressees")
    state = models.CharField(max_length=3)
    half_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    assigned_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    overdue_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=20, blank=True, help_text="the newest answer that came")

    class Meta:
        ordering = ["state"]
        constraints = [models.UniqueConstraint(fields=["letter", "state"], name="one_row_per_addressee")]
        indexes = [models.Index(fields=["state", "answered_at", "due_at"])]

    def __str__(self) -> str:
        return f"{self.state} {self.letter_id}"
