"""Reads of the ledger: who did what to whom and why; proofs."""

from django.db.models import Max, QuerySet

from jiwar.audit.logic import merkle
from jiwar.audit.models import Checkpoint, Edge, Leaf, TreeNode

_HASH = 32


def leaves(*, act: str = "", actor: str = "", subject: str = "", case: str = "") -> QuerySet[Leaf]:
    """Leaves, newest first, narrowed by what is given. The caller has allowed `audit:ledger:read`."""
    narrow = {"act": act, "actor": actor, "subject": subject, "case": case}
    return Leaf.objects.filter(**{name: value for name, value in narrow.items() if value}).order_by("-index")


def checkpoints() -> QuerySet[Checkpoint]:
    """Newest checkpoint first, own and neighbours'."""
    return Checkpoint.objects.order_by("-at")


def newest_checkpoints() -> dict[str, Checkpoint]:
    """The newest checkpoint kept of each node, by its code: one query."""
    newest = Checkpoint.objects.order_by().values("node").annotate(newest=Max("id")).values("newest")
    return {row.node: row for row in Checkpoint.objects.filter(id__in=newest)}


def tree_now() -> merkle.CompactRange:
    """Size and peaks of the ledger."""
    edge = Edge.objects.filter(pk=1).first()
    return tree_of(edge) if edge else merkle.CompactRange()


def tree_of(edge: Edge) -> merkle.CompactRange:
    """Size and peaks in the one row that a writer locks."""
    peaks = bytes(edge.peaks)
    return merkle.CompactRange(edge.size, tuple(peaks[i : i + _HASH] for i in range(0, len(peaks), _HASH)))


def inclusion_path(index: int, size: int) -> list[bytes]:
    """Proof that leaf `index` is in the tree of `size` leaves (RFC 9162 section 2.1.3)."""
    return merkle.inclusion_path(index, size, subtree)


def subtree(level: int, index: int) -> bytes:
    """Hash of a perfect subtree."""
    return bytes(TreeNode.objects.values_list("hash", flat=True).get(level=level, index=index))
