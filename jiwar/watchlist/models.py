"""The watchlist's tables: views of records, own and received, to work with."""

import uuid

from django.db import models


class Entry(models.Model):
    """A subject that screening may find: one row per record, whatever its version. Emptied when its use ends."""

    class Category(models.TextChoices):
        ALERT = "alert"
        LISTING = "listing"

    uid = models.UUIDField(primary_key=True, help_text="of the record")
    record = models.OneToOneField("records.Record", models.CASCADE, related_name="watchlist_entry")
    category = models.CharField(max_length=10, choices=Category)
    reference = models.CharField(max_length=120, blank=True, db_index=True, help_text="the source's own number")
    alert_type = models.CharField(max_length=40, blank=True)
    action = models.CharField(max_length=60)
    covert = models.BooleanField(default=False)
    protected = models.BooleanField(default=False)
    facts = models.JSONField(help_text="kinds.SubjectFacts; empty once the use has ended")
    complete = models.BooleanField(help_text="enough to trigger a hit (rule R16)")
    active = models.BooleanField(default=True)
    revision = models.BigIntegerField(db_index=True)
    changed_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["reference", "uid"]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.category} {self.reference or self.uid}"


class Tie(models.Model):
    """What links an entry with others: the uid of one that it names, or what equal addresses have in common."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="ties")
    what = models.CharField(max_length=10, help_text="target or address")
    value = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["value", "what"], name="tie_by_value")]

    def __str__(self) -> str:
        return f"{self.what} {self.value[:16]}"


class Revision(models.Model):
    """The one row that counts changes of entries. `series` is new whenever counting begins anew."""

    value = models.BigIntegerField(default=0)
    series = models.UUIDField(default=uuid.uuid4)

    def __str__(self) -> str:
        return str(self.value)


class ListTable(models.Model):
    """A list that somebody keeps as a spreadsheet: on what terms it is held, and what its columns are."""

    code = models.SlugField(max_length=40, primary_key=True)
    title = models.CharField(max_length=200)
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    mapping = models.JSONField(null=True, help_text="logic.table_list.Mapped; null until somebody has said it")
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    mapped_by = models.CharField(max_length=60, blank=True)
    mapped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class ListImport(models.Model):
    """One reading of a list: which file, by whom, what it changes, and what people decided about it."""

    class State(models.TextChoices):
        RECEIVED = "received"
        READING = "reading"
        WAITING = "waiting"
        FOR_APPROVAL = "for_approval"
        APPLYING = "applying"
        APPLIED = "applied"
        DISCARDED = "discarded"
        EXPIRED = "expired"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    list = models.CharField(max_length=40)
    state = models.CharField(max_length=15, choices=State, default=State.APPLIED, db_index=True)
    generated_at = models.DateTimeField(null=True, help_text="by the list's own word, or by the reader's")
    sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200)
    by = models.CharField(max_length=60)
    via = models.CharField(max_length=20, default="console")
    at = models.DateTimeField(db_index=True)
    before = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", help_text="compared with")
    held = models.PositiveIntegerField(default=0, help_text="entries in force before it")
    entries = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    renewed = models.PositiveIntegerField(default=0, help_text="unchanged, and due for review")
    unchanged = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0)
    applied = models.PositiveIntegerField(default=0, help_text="changes that are made")
    applied_to = models.BigIntegerField(default=0, help_text="the last row of which that is so")
    confirmed_by = models.CharField(max_length=60, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True)
    faults = models.JSONField(null=True, help_text="why it failed: [code, field, detail] of each")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.list} {self.at:%Y-%m-%d %H:%M}"

    @property
    def changes(self) -> int:
        """How many entries it changes."""
        return self.new + self.changed + self.renewed + self.withdrawn


class ListRow(models.Model):
    """What a reading would do to one entry. What it says of somebody is kept while it waits; afterwards that it was."""

    class Change(models.TextChoices):
        NEW = "new"
        CHANGED = "changed"
        RENEWED = "renewed"
        REMOVED = "removed"

    list_import = models.ForeignKey(ListImport, models.CASCADE, related_name="rows")
    change = models.CharField(max_length=10, choices=Change)
    reference = models.CharField(max_length=120)
    fields = models.JSONField(default=list, help_text="those that differ")
    name = models.CharField(max_length=200, blank=True)
    person = models.BooleanField(default=True)
    body = models.JSONField(null=True, help_text="kinds.Listing")
    entry = models.UUIDField(null=True, help_text="that it continues or removes")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["list_import", "change"], name="rows_by_change")]

    def __str__(self) -> str:
        return f"{self.change} {self.reference}"


class Unread(models.Model):
    """Something of a list that was not understood, or not taken: where and why; while it waits, what it says."""

    list_import = models.ForeignKey(ListImport, models.CASCADE, related_name="unread_lines")
    line = models.PositiveIntegerField()
    path = models.CharField(max_length=200)
    code = models.CharField(max_length=40)
    value = models.CharField(max_length=500, blank=True)
    reference = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["line", "id"]
        verbose_name_plural = "unread"

    def __str__(self) -> str:
        return f"{self.line} {self.code}"


class SearchCount(models.Model):
    """How many searches an actor has made in a span of time, and in the span before it (`rates`)."""

    pk = models.CompositePrimaryKey("who", "seconds")
    who = models.CharField(max_length=80)
    seconds = models.PositiveIntegerField(help_text="length of a span")
    span = models.BigIntegerField(help_text="number of the span, counted from 1970")
    number = models.BigIntegerField()
    earlier = models.BigIntegerField(help_text="in the span before")

    def __str__(self) -> str:
        return f"{self.who} {self.number}"


class Alert(models.Model):
    """An alert, own or received, one row per version: what lists and pages show of its record."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="alert")
    uid = models.UUIDField(db_index=True)
    alert_type = models.CharField(max_length=40)
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=20, default="person")
    name = models.CharField(max_length=200)
    protected = models.CharField(max_length=20, blank=True)
    covert = models.BooleanField(default=False)
    entered = models.BooleanField(default=True, help_text="screening may find it")

    class Meta:
        ordering = ["-record_id"]

    def __str__(self) -> str:
        return f"{self.alert_type} {self.uid}"


class Case(models.Model):
    """What the issuer of an alert works on after a hit."""

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, editable=False)
    alert = models.ForeignKey(Alert, models.PROTECT, related_name="cases")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_index=True)
    opened_at = models.DateTimeField()
    assigned_to = models.ForeignKey("identity.Person", models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at"]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class Hit(models.Model):
    """A hit, reported here or told to us; at the issuer it has a case, at the reporter it later has an outcome."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="hit")
    uid = models.UUIDField(unique=True)
    alert = models.ForeignKey(Alert, models.PROTECT, related_name="hits")
    case = models.OneToOneField(Case, models.PROTECT, null=True, related_name="hit")
    at = models.DateTimeField()
    place = models.CharField(max_length=200, blank=True)
    reported_by = models.CharField(max_length=30)
    first_reported = models.UUIDField(null=True, db_index=True)
    action_taken = models.CharField(max_length=40)
    outcome = models.CharField(max_length=60, blank=True)
    outcome_text = models.CharField(max_length=1000, blank=True)
    outcome_at = models.DateTimeField(null=True)
    outcome_record = models.ForeignKey("records.Record", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.reported_by} {self.uid}"


class Sighting(models.Model):
    """That the subject of an alert was seen, own or received; what was seen stands in its record."""

    record = models.OneToOneField("records.Record", models.CASCADE, related_name="+")
    uid = models.UUIDField(unique=True)
    alert = models.UUIDField(db_index=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return str(self.uid)


class ProtectedPerson(models.Model):
    """Someone whom this state protects from another. Never sent anywhere, not even to own posts (rule R5)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    facts = models.JSONField(help_text="kinds.SubjectFacts")
    feared_state = models.CharField(max_length=3, db_index=True)
    reason = models.CharField(max_length=200, blank=True, help_text="on what decision")
    added_by = models.ForeignKey("identity.Person", models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-added_at"]

    def __str__(self) -> str:
        return str(self.id)


class Resolution(models.Model):
    """A word that entries are one subject, or no longer: proposed by one person, decided by another."""

    class What(models.TextChoices):
        MERGE = "merge"
        SPLIT = "split"

    class State(models.TextChoices):
        PROPOSED = "proposed"
        CONFIRMED = "confirmed"
        REFUSED = "refused"
        TAKEN_BACK = "taken_back"
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, editable=False)
    what = models.CharField(max_length=10, choices=What)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED, db_index=True)
    entries = models.ManyToManyField(Entry, related_name="resolutions")
    reason = models.CharField(max_length=1000)
    proposed_by = models.CharField(max_length=60)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-proposed_at"]

    def __str__(self) -> str:
        return f"{self.what} {self.id}"


class Member(models.Model):
    """An entry of a cluster: with the others of it, one subject by the word of two people of this node."""

    entry = models.OneToOneField(Entry, models.CASCADE, primary_key=True, related_name="member")
    cluster = models.UUIDField(db_index=True)

    def __str__(self) -> str:
        return f"{self.entry_id} in {self.cluster}"


class Joined(models.Model):
    """At a post: an entry of a cluster that the edition in use tells of, an alert's or a listing's."""

    uid = models.UUIDField(primary_key=True)
    cluster = models.UUIDField(db_index=True)

    def __str__(self) -> str:
        return f"{self.uid} in {self.cluster}"


class LikelyPair(models.Model):
    """Two entries that the engine takes for one subject, `one` the lesser uid. People decide; it decides nothing."""

    one = models.ForeignKey(Entry, models.CASCADE, related_name="+")
    other = models.ForeignKey(Entry, models.CASCADE, related_name="+")
    score = models.FloatField()
    document_same = models.BooleanField(default=False)
    found_at = models.DateTimeField()
    settled_by = models.CharField(max_length=60, blank=True)
    settled_at = models.DateTimeField(null=True, help_text="dismissed, proposed or merged: not asked again")
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-document_same", "-score", "id"]
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="one_row_per_likely_pair")]

    def __str__(self) -> str:
        return f"{self.one_id} {self.other_id}"


class Looked(models.Model):
    """Up to which change of the watchlist a duty has looked at it."""

    duty = models.CharField(max_length=40, primary_key=True)
    series = models.UUIDField(null=True)
    revision = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.duty} {self.revision}"


class DoubleAnswer(models.Model):
    """What the author of an alert said of an alert in force that may be on the same subject (rule R16)."""

    draft = models.ForeignKey("records.Draft", models.CASCADE, related_name="doubles_answered")
    uid = models.UUIDField(help_text="of the alert in force")
    same = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True, help_text="why it is not the same")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "uid"], name="one_answer_per_double")]

    def __str__(self) -> str:
        return f"{self.uid} {'same' if self.same else 'other'}"


class Edition(models.Model):
    """An edition of this state's lists: at the national node one that it made, at a post one that came.

    `name`: hash of its record, or of that of the edition which it is a whole copy of. `file`: SHA-256 and name of what
    stands of it on this disk (`edition_files`), empty once it is not needed; `whole`: that file needs none before it.
    Those that are HELD are what is in use: one whole file and the changes that follow it. `revision`, `series`: at the
    national node, up to which change of the entries it tells (`Revision`), and `clusters`
    of which clusters (`edition_clusters.digest`).
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
    subjects = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    amended = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()
    size = models.BigIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, db_index=True)
    code = models.CharField(max_length=40, blank=True)
    applied_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=64, blank=True)
    whole = models.BooleanField(default=False)
    revision = models.BigIntegerField(null=True)
    series = models.UUIDField(null=True)
    clusters = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-sequence", "-id"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.form} {self.state}"

    @property
    def changes(self) -> int:
        """How many subjects its file tells of."""
        return self.subjects if self.whole else self.added + self.amended + self.removed


class PostHolding(models.Model):
    """What an own post said last of the edition that it holds, and why of no newer one. `told_at`: by its clock."""

    node = models.CharField(max_length=30, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    name = models.CharField(max_length=64, blank=True)
    subjects = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=40, blank=True)
    told_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["node"]

    def __str__(self) -> str:
        return f"{self.node} {self.sequence} {self.code}"


class DecisionCount(models.Model):
    """How often officers decided so about candidates of one sort, in one month. It names nobody."""

    month = models.DateField(db_index=True, help_text="its first day")
    band = models.PositiveSmallIntegerField(help_text="tens of per cent of the score, 0 to 9")
    script = models.CharField(max_length=9, blank=True)
    region = models.CharField(max_length=20)
    alert_type = models.CharField(max_length=40)
    covert = models.BooleanField()
    verdict = models.CharField(max_length=10)
    number = models.PositiveIntegerField(default=0)
    scores = models.PositiveIntegerField(default=0, help_text="sum of the scores in per cent")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["month", "band", "script", "region", "alert_type", "covert", "verdict"], name="one_count_a_sort"
            )
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.band} {self.verdict}"
