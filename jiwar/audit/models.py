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


class Checkpoint(models.Model):
    """A signed statement of the tree's size and root: our own, or one that a neighbour sent us."""

    node = models.CharField(max_length=30)
    size = models.BigIntegerField()
    root = models.CharField(max_length=44)
    at = models.DateTimeField()
    note = models.TextField()

    class Meta:
        ordering = ["node", "size"]
        constraints = [models.UniqueConstraint(fields=["node", "size", "root"], name="one_checkpoint_per_tree")]

    def __str__(self) -> str:
        return f"{self.node} {self.size}"
