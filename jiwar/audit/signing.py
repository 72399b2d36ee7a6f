"""Signs the ledger: checkpoints of the tree as it stands, checkpoints for witnesses, new epochs."""

import base64
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jiwar.audit import store
from jiwar.audit.appending import Author, append
from jiwar.audit.logic import merkle
from jiwar.audit.logic.book import Talk
from jiwar.audit.logic.checkpoint import Epoch as Begun
from jiwar.audit.logic.checkpoint import origin, plain, read_unverified, sign_checkpoint
from jiwar.audit.logic.merkle import CompactRange
from jiwar.audit.logic.witness import OFFER_EVERY
from jiwar.audit.models import Checkpoint, Conversation, Edge, Epoch
from jiwar.audit.queries import epoch, own_epochs, tree_now
from jiwar.audit.thinning import thin
from jiwar.identity.keys import ring


def sign_tree() -> Checkpoint:
    """A checkpoint of the ledger as it stands, by the Ed25519 key; the same again when nothing was appended since.

    Cheap, and may be called inside a transaction.
    """
    with transaction.atomic():
        tree = store.lock_edge()
        epochs = own_epochs()
        number = epochs[-1].number if epochs else 1
        same = Q(epoch=number, size=tree.size)
        rows = list(Checkpoint.objects.filter(Q(offered=False) | same, node=settings.NODE.code))
        for row in rows:
            if (row.epoch, row.size) == (number, tree.size):
                return row
        # One row is enough: whoever got the one before keeps it.
        return _sign(tree, epochs, rows[0] if rows else Checkpoint(offered=False))


def note_of_tree() -> str:
    """The text of a checkpoint of the ledger as it stands, by the Ed25519 key, for whoever keeps it; two queries."""
    tree, epochs, keys = tree_now(), own_epochs(), ring(settings.KEYS)
    name = origin(settings.NODE.code, epochs[-1].number if epochs else 1)
    return sign_checkpoint(name, tree.size, merkle.root(tree), timezone.now(), keys.signing[0].private, epochs=epochs)


def offer() -> Checkpoint:
    """The newest checkpoint for witnesses: a new one when the ledger has grown, at most one a minute."""
    own = Checkpoint.objects.filter(node=settings.NODE.code, offered=True).last()
    if own is not None and not _is_due(own):
        return own
    with transaction.atomic():
        tree = store.lock_edge()
        own = Checkpoint.objects.filter(node=settings.NODE.code, offered=True).last()
        if own is not None and not _is_due(own):
            return own
        epochs = own_epochs()
        epoch = epochs[-1].number if epochs else 1
        Checkpoint.objects.filter(node=settings.NODE.code, epoch=epoch, size=tree.size).delete()
        own = _sign(tree, epochs, Checkpoint(offered=True))
        thin(settings.NODE.code)
    return own


def begin_epoch(by: Author, at_least: int, reason: str, evidence: Mapping[str, Any] | None = None) -> int:
    """Begin a new epoch after this node was restored from an old copy; returns its number.

    That is `at_least`, or more where a neighbour holds a checkpoint of ours of a later epoch: no two logs ever have one
    origin. The leaf `epoch_begun` has the size and root that were restored, the reason, the evidence (JSON) and the
    newest checkpoints that neighbours showed us of what was lost; from then on the ledger signs under its new origin.
    """
    with transaction.atomic():
        tree = store.lock_edge()
        lost = {}
        for row in Conversation.objects.all():
            talk = Talk.from_json(row.talk)
            if talk.theirs:
                lost[row.node] = plain(talk.theirs)
            row.talk = talk.forgotten().to_json()
            row.save(update_fields=["talk"])
        number = max(at_least, epoch() + 1, *(read_unverified(note).epoch + 1 for note in lost.values()))
        root = _b64(merkle.root(tree))
        Epoch.objects.create(
            number=number, size=tree.size, root=root, at=timezone.now(), reason=reason[:1000], evidence=lost
        )
        detail = {"epoch": number, "size": tree.size, "root": root, "reason": reason[:1000], "checkpoints": lost}
        append("epoch_begun", by, settings.NODE.code, detail | {"evidence": dict(evidence or {})})
    return number


def _is_due(own: Checkpoint) -> bool:
    if own.epoch != epoch():
        return True
    if dt.timedelta() <= timezone.now() - own.at < OFFER_EVERY:  # a clock that was set back holds nothing up
        return False
    return own.size != Edge.objects.values_list("size", flat=True).get(pk=1)


def _sign(tree: CompactRange, epochs: list[Begun], row: Checkpoint) -> Checkpoint:
    """The row, filled in; an offered one is signed by the node's ML-DSA-65 key too."""
    at, root, keys = timezone.now(), merkle.root(tree), ring(settings.KEYS)
    cosigning = keys.cosigning[0].private if row.offered and keys.cosigning else None
    row.node, row.epoch = settings.NODE.code, epochs[-1].number if epochs else 1
    row.size, row.root, row.at, row.seen_at = tree.size, _b64(root), at, at
    signing = keys.signing[0].private
    name = origin(row.node, row.epoch)
    row.note = sign_checkpoint(name, tree.size, root, at, signing, epochs=epochs, cosigning_key=cosigning)
    row.save()
    return row


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
