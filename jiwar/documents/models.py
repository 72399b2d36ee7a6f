"""Tables of the room. Trust: certificates and lists of revocations, who said of each that it holds, and files read."""

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

    `source` is of the form ``list:DE``, ``bilateral:LBY``, ``pkd``, ``own``. `record` brought it, `ended_by` took it
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
    """One row: counts each change, so that a process sees with one small query whether what it holds is still so."""

    changes = models.PositiveBigIntegerField(default=0)
    version = models.CharField(max_length=64, blank=True, help_text="hash of all that is trusted; '' is not yet known")

    def __str__(self) -> str:
        return f"{self.changes} {self.version[:16]}"
