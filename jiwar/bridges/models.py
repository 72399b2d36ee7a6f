"""Sources outside the exchange and what they said, readers outside the node and what they were shown."""

from django.db import models


class Source(models.Model):
    """Who says something in a foreign format, and on what terms it is held here.

    `next` and `added_after` are where the last pull from its TAXII collection came to; `writer` may write by TAXII.
    """

    code = models.SlugField(max_length=30, primary_key=True)
    title = models.CharField(max_length=200)
    said_by = models.CharField(max_length=3, blank=True, help_text="the state that speaks in it")
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    tlp = models.CharField(max_length=20)
    grade = models.CharField(max_length=1)
    writer = models.ForeignKey("identity.Agency", models.PROTECT, null=True, related_name="+")
    url = models.URLField(max_length=300, blank=True, help_text="of the TAXII API root")
    collection = models.CharField(max_length=100, blank=True)
    certificate = models.TextField(blank=True, help_text="pinned; empty: the system's authorities")
    added_after = models.CharField(max_length=40, blank=True)
    next = models.CharField(max_length=1000, blank=True)
    pulled_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=60, blank=True)
    created_by = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Reading(models.Model):
    """What one file, one TAXII message or one pull said. Its subjects wait until a person takes them in."""

    class State(models.TextChoices):
        WAITING = "waiting"
        TAKEN = "taken"
        DISCARDED = "discarded"
        EXPIRED = "expired"
        NOTHING = "nothing"

    id = models.UUIDField(primary_key=True, editable=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="readings")
    format = models.CharField(max_length=10)
    via = models.CharField(max_length=10)
    file_name = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    whole = models.BooleanField(default=False, help_text="what it no longer says is withdrawn")
    by = models.CharField(max_length=60)
    at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING, db_index=True)
    objects_read = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)
    failures = models.JSONField(
        default=list, help_text="TAXII status details of objects of which nothing was understood"
    )
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.source_id} {self.at:%Y-%m-%d %H:%M}"


class ReadSubject(models.Model):
    """One subject of a reading that waits; gone once somebody has decided."""

    reading = models.ForeignKey(Reading, models.CASCADE, related_name="subjects")
    reference = models.CharField(max_length=80)
    body = models.JSONField(help_text="watchlist.kinds.ForeignListing without its source")
    tlp = models.CharField(max_length=20, blank=True)
    ended = models.BooleanField(default=False)
    left_out = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.reference


class ReadStatement(models.Model):
    """A signed statement that travelled inside: it is checked and shown, and comes to be held by the exchange alone."""

    class Standing(models.TextChoices):
        HELD = "held"
        GENUINE = "genuine"
        KEY_REFUSED = "key_refused"

    reading = models.ForeignKey(Reading, models.CASCADE, related_name="statements")
    uid = models.UUIDField()
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=60)
    origin = models.CharField(max_length=3)
    standing = models.CharField(max_length=20, choices=Standing)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"


class ReadLine(models.Model):
    """Something of a reading that was not understood: where, why, and what it says."""

    reading = models.ForeignKey(Reading, models.CASCADE, related_name="lines")
    path = models.CharField(max_length=300)
    why = models.CharField(max_length=40)
    value = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.path} {self.why}"


class Reader(models.Model):
    """What an agency's programs are to this node, by the word of an approver: our own, or a recipient outside.

    `recipient` is the three-letter code under which agreements know it, empty for an agency of this state.
    """

    agency = models.OneToOneField("identity.Agency", models.PROTECT, related_name="+")
    recipient = models.CharField(max_length=3, blank=True)
    confirmed_by = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.agency_id}: {self.recipient or 'ours'}"


class Handed(models.Model):
    """A recipient outside was once given content of a collection: it goes on learning what is no longer in use."""

    reader = models.ForeignKey(Reader, models.CASCADE, related_name="+")
    origin = models.CharField(max_length=3)
    kind = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "origin", "kind"], name="handed_once")]

    def __str__(self) -> str:
        return f"{self.reader_id} {self.origin}/{self.kind}"


class Shown(models.Model):
    """One version of one STIX object of a collection: of a record, or (`ended`) that its use ended.

    `added_at` rises strictly in the order in which rows become visible, so that a place in a collection is a time.
    `closed`: nothing more will be said of this version; `hidden`: no reader may know of it.
    """

    origin = models.CharField(max_length=3)
    kind = models.CharField(max_length=60)
    record = models.ForeignKey("records.Record", models.CASCADE, related_name="+")
    stix_id = models.CharField(max_length=120, db_index=True)
    version = models.DateTimeField(help_text="`modified` of the object")
    added_at = models.DateTimeField(unique=True)
    first = models.BooleanField(default=False)
    ended = models.BooleanField(default=False)
    closed = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False)

    class Meta:
        ordering = ["added_at"]
        constraints = [models.UniqueConstraint(fields=["record", "ended"], name="shown_once")]
        indexes = [models.Index(fields=["kind", "origin", "added_at"], name="shown_in_order")]

    def __str__(self) -> str:
        return self.stix_id
