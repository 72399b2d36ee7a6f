"""Reads of the ledger: who did what to whom and why; proofs."""

import base64
from collections.abc import Callable
from typing import TypeVar

from django.db.models import Max, QuerySet

from jiwar.audit.logic import merkle, tiles
from jiwar.audit.logic.checkpoint import Epoch as Begun
from jiwar.audit.models import Checkpoint, Edge, Epoch, Leaf, Tile
from jiwar.audit.store import read_edge

_HASH = merkle.HASH_BYTES
Proven = TypeVar("Proven")


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
    edge = Edge.objects.filter(pk=1).values_list("size", "peaks").first()
    return read_edge(*edge) if edge else merkle.CompactRange()


def epoch() -> int:
    """The number of this node's epoch: 1, and one more after each restore from an old copy."""
    return Epoch.objects.order_by("-number").values_list("number", flat=True).first() or 1


def own_epochs() -> list[Begun]:
    """Epochs of this node after the first, as its checkpoints say them."""
    rows = Epoch.objects.order_by("number").values_list("number", "size", "root")
    return [Begun(number, size, base64.b64decode(root)) for number, size, root in rows]


def tile(level: int, index: int, width: int = tiles.WIDTH) -> bytes:
    """The first `width` hashes of a tile (C2SP tlog-tiles), full ones by default.

    Raises LookupError where the tree has not grown so far. There is no bundle of entries: a leaf's content stays here,
    and its salt keeps the hash from saying anything.
    """
    held = Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
    if not 0 < width <= tiles.WIDTH or held is None or len(held) < width * _HASH:
        raise LookupError(f"no tile {level}/{index} of width {width}")
    return bytes(held[: width * _HASH])


def inclusion_path(index: int, size: int) -> list[bytes]:
    """Proof that leaf `index` is in the tree of `size` leaves (RFC 9162 section 2.1.3): one query."""
    return _prove(lambda node: merkle.inclusion_path(index, size, node))


def consistency_path(old: int, new: int) -> list[bytes]:
    """Proof that the first `old` of `new` leaves are the old tree (RFC 9162 section 2.1.4): one query."""
    return _prove(lambda node: merkle.consistency_path(old, new, node))


def tree_at(size: int) -> merkle.CompactRange:
    """The ledger as it was when it had `size` leaves: one query."""
    return _prove(lambda node: merkle.compact_range(size, node))


def _prove(prove: Callable[[merkle.NodeReader], Proven]) -> Proven:
    """What `prove` makes of the stored tree, every tile fetched at once."""
    rows = Tile.objects.filter(pk__in=sorted(tiles.touched(prove))).values_list("level", "index", "hashes")
    held = {tiles.Place(level, index): bytes(hashes) for level, index, hashes in rows}
    return prove(tiles.node_reader(lambda place: held.get(place, b"")))
