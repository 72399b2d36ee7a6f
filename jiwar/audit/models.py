"""The ledger's tables: leaves, perfect subtrees, the growing edge, checkpoints own and seen."""

from django.db import models


class Leaf(models.Model):
    """One act. `content` is the canonical JSON whose hash is in the tree; the other columns are there to search by."""

    index = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    act = models.CharField(max_length=60, db_index=True)
    actor = models.CharField(max_length=60, db_index=True)
    subject = models.CharField(max_length=80, db_index=True)
    purpose = models.CharField(max_length=40)
    case = models.CharField(max_length=80)
    content = models.TextField()

    class Meta:
        ordering = ["index"]

    def __str__(self) -> str:
        return f"{self.index} {self.act}"


class TreeNode(models.Model):
    """Hash of the perfect subtree over leaves [index << level, (index + 1) << level); level 0 is the leaves'."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="one_hash_per_subtree")]

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
