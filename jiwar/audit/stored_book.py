"""What this node knows of ledgers, from its database and its keys: the `Book` of the rules of witnessing. It reads."""

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.db.models import Max, QuerySet

from jiwar.audit import note_keys
from jiwar.audit.logic import merkle
from jiwar.audit.logic.book import Note, Tree
from jiwar.audit.logic.checkpoint import Checkpoint as Says
from jiwar.audit.logic.checkpoint import CheckpointInvalid, read_unverified
from jiwar.audit.logic.cosignature import cosign, open_cosignature
from jiwar.audit.models import Checkpoint
from jiwar.audit.queries import consistency_path, epoch, tree_at, tree_now
from jiwar.identity.keys import ring
from jiwar.identity.queries import KeyRefused, signing_key


def _of(node: str) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(node=node, offered=True)


def _note(row: Checkpoint | None) -> Note | None:
    return Note(row.note, _says(row.note)) if row else None


_says = lru_cache(maxsize=64)(read_unverified)
"""The newest notes of the neighbours are read at every contact."""


class StoredBook:
    """Made anew for each contact. `own`: the newest checkpoint of this node for witnesses, if it is known already."""

    def __init__(self, own: Checkpoint | None = None) -> None:
        self._own = own

    @property
    def code(self) -> str:
        return settings.NODE.code

    @property
    def epoch(self) -> int:
        return epoch()

    def offered(self) -> Note | None:
        return _note(self._own or _of(self.code).last())

    def own(self, tree: Tree) -> Note | None:
        return self.kept(self.code, tree)

    def size(self) -> int:
        return tree_now().size

    def prove(self, old: int, new: int) -> tuple[bytes, list[bytes]]:
        return merkle.root(tree_at(old)), consistency_path(old, new)

    def held(self, node: str) -> Note | None:
        return _note(_of(node).last())

    def kept(self, node: str, tree: Tree) -> Note | None:
        return _note(_of(node).filter(epoch=tree.epoch, size=tree.size).first())

    def kept_below(self, node: str, tree: Tree) -> Note | None:
        return _note(_of(node).filter(epoch=tree.epoch, size__lte=tree.size).last())

    def others(self, node: str) -> Iterable[tuple[str, Tree]]:
        """Of states to a state: nothing of posts, and nothing to posts. A post's code has a suffix."""
        if settings.NODE.role == "post" or "-" in node:
            return []
        rows = Checkpoint.objects.filter(offered=True).exclude(node__in=[node, self.code]).exclude(node__contains="-")
        newest = rows.order_by().values("node").annotate(newest=Max("id")).values("newest")
        found = Checkpoint.objects.order_by("node").filter(id__in=newest).values_list("node", "epoch", "size")
        return [(third, Tree(epoch, size)) for third, epoch, size in found]

    def believed(self, note: str) -> Says:
        return note_keys.open_in_force(note)

    def signed(self, note: str) -> Says | None:
        try:
            return note_keys.open_ever(note)
        except (CheckpointInvalid, KeyRefused):
            return None

    def cosign(self, note: str, at: dt.datetime) -> str:
        return cosign(note, self.code, ring(settings.KEYS).signing[0].private, at)

    def cosigned(self, note: str, line: str, witness: str) -> dt.datetime | None:
        try:
            key = note_keys.witness_key(witness, line)
            return open_cosignature(note, line, witness, signing_key(witness, key)) if key else None
        except (CheckpointInvalid, KeyRefused):
            return None
