"""The ledger's tables: leaves, tiles of hashes, the growing edge, checkpoints own and seen."""

from django.db import models


class Leaf(models.Model):
    """One act. `content` is the canonical JSON whose hash is in the tree; the other columns are there to search by."""

    index = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    act = models.CharField(max_length=60)
    actor = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    purpose = models.CharField(max_length=40)
    case = models.CharField(max_length=80)
    content = models.TextField()

    class Meta:
        ordering = ["index"]
        # Each serves "the newest of these", and no more: every append pays for them.
        indexes = [
            models.Index(fields=["act", "index"], name="leaves_by_act"),
            models.Index(fields=["actor", "index"], name="leaves_by_actor"),
            models.Index(fields=["case", "index"], name="leaves_by_case"),
            models.Index(fields=["subject", "index"], name="leaves_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.index} {self.act}"


class Tile(models.Model):
    """Up to 256 hashes of the tree, one after the other, by level and index as C2SP tlog-tiles names them."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField(max_length=8192)

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class Edge(models.Model):
    """The one row that a writer locks: size of the tree and the roots of its perfect subtrees, largest first."""

    size = models.BigIntegerField(default=0)
    peaks = models.BinaryField(default=b"")

    def __str__(self) -> str:
        return str(self.size)


class Epoch(models.Model):
    """An epoch of this node after the first: its log continues the tree that an old copy brought back."""

    number = models.PositiveIntegerField(primary_key=True)
    size = models.BigIntegerField(help_text="leaves that were brought back")
    root = models.CharField(max_length=44)
    at = models.DateTimeField()
    reason = models.CharField(max_length=1000)
    evidence = models.JSONField(default=dict, help_text="what neighbours hold of what was lost: signed notes, by node")

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"epoch {self.number} from {self.size}"


class Checkpoint(models.Model):
    """A signed statement of the tree's size and root: our own, or one that another node showed.

    `offered`: for witnesses. Our own carries both signatures of the node and waits for cosignatures; another's was
    proven to continue the ones before it.
    """

    node = models.CharField(max_length=30)
    epoch = models.PositiveIntegerField(default=1)
    size = models.BigIntegerField()
    root = models.CharField(max_length=44)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(auto_now_add=True)
    offered = models.BooleanField(default=False)
    note = models.TextField()

    class Meta:
        ordering = ["node", "epoch", "size"]
        constraints = [
            models.UniqueConstraint(fields=["node", "epoch", "size", "root"], name="one_checkpoint_per_tree"),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.epoch} {self.size}"


class Cosignature(models.Model):
    """A witness's signature below a checkpoint of ours: the line of the note, and when it signed."""

    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="cosignatures")
    witness = models.CharField(max_length=30)
    at = models.DateTimeField()
    line = models.CharField(max_length=1000)

    class Meta:
        ordering = ["witness"]
        constraints = [models.UniqueConstraint(fields=["checkpoint", "witness"], name="one_cosignature_per_witness")]

    def __str__(self) -> str:
        return f"{self.witness} below {self.checkpoint_id}"


class Conversation(models.Model):
    """What passed with one node about ledgers (`logic.book.Talk`)."""

    node = models.CharField(max_length=30, primary_key=True)
    talk = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.node


class Fork(models.Model):
    """Evidence that a node signed two histories (`logic.forks`). Until it is accepted, nothing is exchanged with it.

    `source`: the node that brought the evidence, or that was caught.
    """

    node = models.CharField(max_length=30, db_index=True)
    found_at = models.DateTimeField()
    source = models.CharField(max_length=30)
    evidence = models.TextField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["node"], condition=models.Q(accepted_at=None), name="one_open_fork")
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.found_at:%Y-%m-%d}"
