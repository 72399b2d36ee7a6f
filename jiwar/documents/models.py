"""Tables of the room. Trust: certificates and lists of revocations, who said of each that it holds, and files read.

Issuing: blanks and who keeps them, permits, revoked seals.
"""

import uuid

from django.db import models

# --- trust ------------------------------------------------------------------------------------------------------------


class TrustCertificate(models.Model):
    """A certificate as it came; it is used while a source of it has not ended. Serial and key id in hex."""

    fingerprint = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the bytes, in hex")
    country = models.CharField(max_length=2, db_index=True)
    subject = models.CharField(max_length=500)
    issuer = models.CharField(max_length=500)
    serial = models.CharField(max_length=80)
    key_id = models.CharField(max_length=128, blank=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField(db_index=True)
    der = models.BinaryField()

    class Meta:
        ordering = ["country", "not_after", "fingerprint"]

    def __str__(self) -> str:
        return f"{self.country} {self.fingerprint[:16]}"


class TrustSource(models.Model):
    """Who says that a certificate holds, for what, since when, why. One certificate may have several sources.

    `source` is of the form ``list:DE``, ``bilateral:LY``, ``pkd``, ``own``. `record` brought it, `ended_by` took it
    away; `reason` is the person's.
    """

    class Role(models.TextChoices):
        ANCHOR = "anchor"
        PUBLISHER = "publisher"
        SIGNER = "signer"

    certificate = models.ForeignKey(TrustCertificate, models.CASCADE, related_name="sources")
    source = models.CharField(max_length=60)
    role = models.CharField(max_length=10, choices=Role)
    reason = models.CharField(max_length=200)
    record = models.ForeignKey("records.Record", models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("records.Record", models.PROTECT, null=True, related_name="+")
    why_ended = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["certificate", "source", "role"],
                condition=models.Q(until=None),
                name="one_open_word_per_source_and_role",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.role} {self.certificate_id}"


class TrustCrl(models.Model):
    """A list of revocations; the newest of its issuer and key is `current`. `number` as the list says it, or ""."""

    sha256 = models.CharField(max_length=64, unique=True)
    country = models.CharField(max_length=2, db_index=True)
    issuer = models.CharField(max_length=500)
    key_id = models.CharField(max_length=128, blank=True)
    number = models.CharField(max_length=80, blank=True)
    this_update = models.DateTimeField()
    next_update = models.DateTimeField(null=True)
    revoked = models.PositiveIntegerField()
    der = models.BinaryField()
    current = models.BooleanField(default=True, db_index=True)
    record = models.ForeignKey("records.Record", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["country", "-this_update"]

    def __str__(self) -> str:
        return f"{self.country} {self.this_update:%Y-%m-%d}"


class TrustDefect(models.Model):
    """A known defect or deviation of a state's documents (Doc 9303-3 deviation list, BSI TR-03129 defect list).

    `about` names the signers in question: fingerprints in hex or issuer and serial, one a line; "" is all of `country`.
    """

    country = models.CharField(max_length=2, db_index=True)
    code = models.CharField(max_length=80)
    about = models.TextField(blank=True)
    text = models.CharField(max_length=1000, blank=True)
    source = models.CharField(max_length=60)
    record = models.ForeignKey("records.Record", models.PROTECT, related_name="+")
    ended_by = models.ForeignKey("records.Record", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["country", "code", "pk"]

    def __str__(self) -> str:
        return f"{self.country} {self.code}"


class TrustFile(models.Model):
    """A file that a person read in, and what came of it. `form` is of the words group ``trust_form``.

    `faults` are what was not taken: a list of {"at": …, "code": …, "detail": …}, of which `refused` is the count.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    form = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=60)
    publisher = models.CharField(max_length=64, blank=True, help_text="fingerprint of the pinned root that vouched")
    signed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()
    added = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    crls = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    faults = models.JSONField(default=list)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.form} {self.name}"


class TrustState(models.Model):
    """One row: another number after each change, so that a process sees with one small query whether it holds all."""

    changes = models.PositiveBigIntegerField(default=0)
    version = models.CharField(max_length=64, blank=True, help_text="hash of all that is trusted; '' is not yet known")

    def __str__(self) -> str:
        return f"{self.changes} {self.version[:16]}"


# --- lost, stolen and invalid documents -------------------------------------------------------------------------------


class LostRevision(models.Model):
    """The one row that counts changes of `LostDocument`. `series` is new whenever counting begins anew."""

    value = models.BigIntegerField(default=0)
    series = models.UUIDField(default=uuid.uuid4)

    def __str__(self) -> str:
        return str(self.value)


class LostDocument(models.Model):
    """A document, or a series of them up to `last`, that a report in force names: at a national node.

    `folded` is the number with look-alikes made one (`logic.lost.fold`), `type` and `status` are letters of
    `logic.lost`. A row that is not `active` is one that posts are still to be told of.
    """

    record = models.ForeignKey("records.Record", models.CASCADE, related_name="+")
    uid = models.UUIDField(db_index=True, help_text="of the report, whatever its version")
    issuer = models.CharField(max_length=3)
    folded = models.CharField(max_length=24)
    type = models.CharField(max_length=1)
    number = models.CharField(max_length=24)
    last = models.CharField(max_length=24, blank=True)
    status = models.CharField(max_length=1)
    since = models.DateField()
    until = models.DateField()
    revision = models.BigIntegerField(db_index=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["issuer", "folded", "type", "number", "last", "uid"]
        indexes = [
            models.Index(fields=["issuer", "folded"], name="lost_number"),
            models.Index(fields=["issuer", "last"], condition=~models.Q(last=""), name="lost_series"),
        ]

    def __str__(self) -> str:
        return f"{self.issuer} {self.type} {self.number}"


class LostImport(models.Model):
    """A table of documents that somebody read in, and what came of each line.

    `faults`: the first of the lines that were not taken, a list of [line, field, code].
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()
    only_checked = models.BooleanField(default=False)
    lines = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    reports = models.PositiveIntegerField(default=0)
    faults = models.JSONField(default=list)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.name


class LostEdition(models.Model):
    """An edition of the registry: at the national node one that it made, at a post one that came.

    `name`: hash of its record, or of that of the edition which it is a whole copy of. `file`: SHA-256 and name of the
    whole registry as it is with this edition (`lost_files`), for the one that is HELD. `revision`, `series`: at the
    national node, up to which change it tells.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        HELD = "held"
        PASSED = "passed"
        REFUSED = "refused"

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    sequence = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    form = models.CharField(max_length=10)
    rows = models.PositiveIntegerField()
    changes = models.PositiveIntegerField()
    size = models.BigIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, db_index=True)
    code = models.CharField(max_length=40, blank=True)
    file = models.CharField(max_length=64, blank=True)
    revision = models.BigIntegerField(null=True)
    series = models.UUIDField(null=True)

    class Meta:
        ordering = ["-sequence", "-id"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.form} {self.state}"


class LostHolding(models.Model):
    """What a post said last of the registry that it holds. `code`: why it holds no newer one."""

    node = models.CharField(max_length=30, primary_key=True)
    sequence = models.BigIntegerField()
    name = models.CharField(max_length=64, blank=True)
    rows = models.PositiveIntegerField()
    code = models.CharField(max_length=40, blank=True)
    told_at = models.DateTimeField()
    heard_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.node} {self.sequence}"


# --- what this state issues -------------------------------------------------------------------------------------------


class BlankSeries(models.Model):
    """A delivery of numbered blanks for one type of document: two letters and the numbers from `first` to `last`."""

    type = models.CharField(max_length=12)
    prefix = models.CharField(max_length=2)
    digits = models.PositiveSmallIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    supplier = models.CharField(max_length=200)
    received_by = models.CharField(max_length=60)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-received_at", "-pk"]
        indexes = [models.Index(fields=["prefix", "first"])]

    def __str__(self) -> str:
        return f"{self.name_of(self.first)} - {self.name_of(self.last)}"

    def name_of(self, number: int) -> str:
        """The number as it is printed on the blank."""
        return f"{self.prefix}{number:0{self.digits}}"


class BlankHandover(models.Model):
    """Blanks on their way from one keeper to another: the first signature gives, the second takes or refuses."""

    class State(models.TextChoices):
        OFFERED = "offered"
        TAKEN = "taken"
        REFUSED = "refused"

    series = models.ForeignKey(BlankSeries, models.PROTECT, related_name="handovers")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    giver = models.CharField(max_length=60)
    taker = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State, default=State.OFFERED)
    offered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-offered_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.series.name_of(self.first)} - {self.series.name_of(self.last)}: {self.state}"


class Blank(models.Model):
    """One numbered blank: who keeps it and what became of it. `keeper` is a person's id, `permit` of what it became."""

    class State(models.TextChoices):
        KEPT = "kept"
        OFFERED = "offered"
        USED = "used"
        SPOILED = "spoiled"
        LOST = "lost"

    series = models.ForeignKey(BlankSeries, models.PROTECT, related_name="blanks")
    number = models.PositiveIntegerField()
    keeper = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State, default=State.KEPT)
    permit = models.UUIDField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["series", "number"]
        constraints = [models.UniqueConstraint(fields=["series", "number"], name="one_blank_per_number")]
        indexes = [models.Index(fields=["keeper", "state"])]

    def __str__(self) -> str:
        return self.series.name_of(self.number)


class Permit(models.Model):
    """A document that this state issued, as its record has it. It goes when its record's time is over."""

    class State(models.TextChoices):
        VALID = "valid"
        REVOKED = "revoked"

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    uid = models.UUIDField(unique=True)
    type = models.CharField(max_length=12)
    number = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=130, blank=True)
    valid_from = models.DateField()
    valid_until = models.DateField(db_index=True)
    state = models.CharField(max_length=10, choices=State, default=State.VALID)
    seal = models.BinaryField(default=b"")
    digest = models.CharField(max_length=12, blank=True, db_index=True, help_text="of the seal's signed part, in hex")
    signer = models.CharField(max_length=80, blank=True)
    issued_at = models.DateTimeField()

    class Meta:
        ordering = ["-issued_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.type} {self.number}"


class RevokedSeal(models.Model):
    """A seal that its state revoked, own or received; `month` is that in which its document expires."""

    state = models.CharField(max_length=3)
    month = models.CharField(max_length=7)
    digest = models.CharField(max_length=12)
    record = models.ForeignKey("records.Record", models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["state", "digest"], name="one_revocation_per_seal"),
        ]
        indexes = [models.Index(fields=["state", "month"])]

    def __str__(self) -> str:
        return f"{self.state} {self.digest}"
