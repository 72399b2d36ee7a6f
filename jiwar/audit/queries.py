"""Reads of the ledger: who did what to whom and why; proofs."""

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.db.models import Count, Max, QuerySet

from jiwar.audit import store
from jiwar.audit.logic import merkle, tiles
from jiwar.audit.logic.checkpoint import Epoch as Begun
from jiwar.audit.logic.proof import with_cosignatures
from jiwar.audit.logic.witness import in_time, quorum, witnessed
from jiwar.audit.models import Checkpoint, Cosignature, Epoch, Fork, Leaf, Tile
from jiwar.identity.queries import neighbours

_HASH = merkle.HASH_BYTES
Proven = TypeVar("Proven")


def leaves(*, act: str = "", actor: str = "", subject: str = "", case: str = "", mention: str = "") -> QuerySet[Leaf]:
    """Leaves, newest first, narrowed by what is given. The caller has allowed `audit:ledger:read`.

    `mention`: a reference that stands anywhere in the leaf; it is looked for in each, a second for a million.
    """
    narrow = {"act": act, "actor": actor, "subject": subject, "case": case, "content__contains": mention}
    return Leaf.objects.filter(**{name: value for name, value in narrow.items() if value}).order_by("-index")


def newest_checkpoints() -> dict[str, Checkpoint]:
    """The newest checkpoint of each node that was proven, or offered, by the node's code: one query."""
    offered = Checkpoint.objects.filter(offered=True)
    newest = offered.order_by().values("node").annotate(newest=Max("id")).values("newest")
    return {row.node: row for row in Checkpoint.objects.filter(id__in=newest)}


@dataclass(frozen=True, slots=True)
class WitnessState:
    """What one witness signed last of this node's ledger: a checkpoint of `size`, at `at`; None where it never did.

    `counts`: it is not too old, and of this epoch.
    """

    node: str
    size: int | None
    at: dt.datetime | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Witnessing:
    """How far the neighbours vouch for this node's ledger.

    `own`: the newest checkpoint that they were offered. `size`: so many leaves are witnessed, None: none are. `by`: how
    many witnesses vouch for at least these, or, where none are, for anything; `needed` of `of` make a quorum.
    """

    own: Checkpoint | None
    size: int | None
    by: int
    needed: int
    of: int
    witnesses: list[WitnessState]


def witnessing(now: dt.datetime) -> Witnessing:
    """Whether this node's ledger is witnessed, and by whom: four queries."""
    states = list(neighbours().filter(role="national").values_list("code", flat=True).order_by("code"))
    own = Checkpoint.objects.filter(node=settings.NODE.code, offered=True).last()
    number = epoch()
    newest: dict[str, tuple[int, dt.datetime]] = {}
    rows = Cosignature.objects.filter(checkpoint__epoch=number, checkpoint__node=settings.NODE.code)
    for witness, size, at in rows.order_by("checkpoint__size", "at").values_list("witness", "checkpoint__size", "at"):
        newest[witness] = (size, at)
    found = [
        WitnessState(node, *newest[node], in_time(newest[node][1], now))
        if node in newest
        else WitnessState(node, None, None, counts=False)
        for node in states
    ]
    size = witnessed(newest, states, now)
    vouch = [state for state in found if state.counts and (size is None or (state.size or 0) >= size)]
    return Witnessing(own, size, len(vouch), quorum(len(states)), len(states), found)


def vouched(least: int) -> tuple[Checkpoint, list[str]] | None:
    """The best checkpoint of this epoch with at least so many leaves, and its witnesses' lines: two queries.

    The newest that a quorum signed, else the one that most signed; None where none of that size was offered.
    """
    own = Checkpoint.objects.filter(node=settings.NODE.code, epoch=epoch(), offered=True, size__gte=least)
    needed = quorum(neighbours().filter(role="national").count())
    rows = list(own.annotate(signed=Count("cosignatures")).order_by("-size"))
    if not rows:
        return None
    best = next((row for row in rows if row.signed >= needed > 0), max(rows, key=lambda row: row.signed))
    return best, list(best.cosignatures.values_list("line", flat=True))


def note_of(row: Checkpoint, lines: list[str]) -> str:
    """The signed note of a checkpoint with the lines of its witnesses."""
    return with_cosignatures(row.note, lines)


@dataclass(frozen=True, slots=True)
class LedgerOf:
    """What this node knows of another's ledger: the newest checkpoint that was proven, its own cosignature of ours,
    and the fork that nobody has accepted, if there is one."""

    held: Checkpoint | None
    cosigned: Cosignature | None
    fork: Fork | None


def ledger_of(node: str) -> LedgerOf:
    """The ledger of a neighbour: three queries."""
    cosigned = Cosignature.objects.filter(witness=node, checkpoint__node=settings.NODE.code)
    return LedgerOf(
        Checkpoint.objects.filter(node=node, offered=True).last(),
        cosigned.select_related("checkpoint").order_by("-checkpoint__epoch", "-checkpoint__size", "-at").first(),
        Fork.objects.filter(node=node, accepted_at=None).first(),
    )


def forks(node: str = "") -> list[Fork]:
    """Forks that were found, newest first, of all nodes or of one; also those that were accepted."""
    rows = Fork.objects.all()
    return list(rows.filter(node=node) if node else rows)


def open_forks() -> list[Fork]:
    """Nodes that signed two histories, until an administrator accepts it: one query."""
    return list(Fork.objects.filter(accepted_at=None))


def epochs() -> list[Epoch]:
    """Epochs of this node after the first, oldest first."""
    return list(Epoch.objects.all())


def tree_now() -> merkle.CompactRange:
    """Size and peaks of the ledger."""
    return store.edge_and_epochs()[0]


def epoch() -> int:
    """The number of this node's epoch: 1, and one more after each restore from an old copy."""
    return Epoch.objects.order_by("-number").values_list("number", flat=True).first() or 1


def own_epochs() -> list[Begun]:
    """Epochs of this node after the first, as its checkpoints say them."""
    return tree_and_epochs()[1]


def tree_and_epochs() -> tuple[merkle.CompactRange, list[Begun]]:
    """Size and peaks of the ledger; epochs of this node after the first, as its checkpoints say them. One look."""
    tree, rows = store.edge_and_epochs()
    return tree, [Begun(number, size, base64.b64decode(root)) for number, size, root in rows]


def tile(level: int, index: int, width: int = tiles.WIDTH) -> bytes:
    """The first `width` hashes of a tile (C2SP tlog-tiles), full ones by default.

    Raises LookupError where the tree has not grown so far. There is no bundle of entries: a leaf's content stays here,
    and its salt keeps the hash from saying anything.
    """
    held = Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
    if not 0 < width <= tiles.WIDTH or held is None or len(held) < width * _HASH:
        raise LookupError(f"no tile {level}/{index} of width {width}")
    return bytes(held[: width * _HASH])


def tile_at(path: str) -> bytes:
    """The tile of a path as the standard names it, `tile/0/x001/234.p/5`; raises LookupError where there is none."""
    try:
        place, width = tiles.read_path(path)
    except ValueError:
        raise LookupError(path) from None
    return tile(*place, width)


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
