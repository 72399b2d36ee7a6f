"""Signs the ledger: checkpoints of the tree as it stands, checkpoints for witnesses, new epochs."""

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from django.conf import settings
from django.db import transaction
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
from jiwar.audit.queries import epoch, own_epochs, tree_and_epochs
from jiwar.audit.thinning import thin
from jiwar.identity.keys import SigningKey, ring


def sign_tree() -> Checkpoint:
    """A checkpoint of the ledger as it stands, by the Ed25519 key; the same again when nothing was appended since.

    It is for whoever is told of an act just now, a receipt's reader say: not kept, and not for witnesses. One look;
    it may be called inside a transaction, and is then to be shown when that has ended well.
    """
    tree, epochs = tree_and_epochs()
    return _signed_alone(tree, tuple(epochs), settings.NODE.code, ring(settings.KEYS).signing[0])


def note_of_tree() -> str:
    """The text of a checkpoint of the ledger as it stands, by the Ed25519 key, for whoever keeps it; one look."""
    (tree, epochs), keys = tree_and_epochs(), ring(settings.KEYS)
    name = origin(settings.NODE.code, epochs[-1].number if epochs else 1)
    return sign_checkpoint(name, tree.size, merkle.root(tree), timezone.now(), keys.signing[0].private, epochs=epochs)


def offer() -> Checkpoint:
    """The newest checkpoint for witnesses: a new one when the ledger has grown, at most one a minute."""
    own = _offered()
    if own is not None and not _is_due(own):
        return own
    with transaction.atomic():
        tree = store.lock_edge()
        own = _offered()
        if own is not None and not _is_due(own):
            return own
        return _offer(tree)


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
        _offer(store.lock_edge())  # from now on the newest that anyone is shown is of the new epoch
    return number


def _offered() -> Checkpoint | None:
    return Checkpoint.objects.filter(node=settings.NODE.code, offered=True).last()


def _is_due(own: Checkpoint) -> bool:
    if dt.timedelta() <= timezone.now() - own.at < OFFER_EVERY:  # a clock that was set back holds nothing up
        return False
    return own.size != Edge.objects.values_list("size", flat=True).get(pk=1)


def _offer(tree: CompactRange) -> Checkpoint:
    """Sign the tree by both keys of the node, and keep it for witnesses."""
    keys = ring(settings.KEYS)
    second = keys.cosigning[0].private if keys.cosigning else None
    row = _sign(tree, own_epochs(), settings.NODE.code, keys.signing[0], second)
    row.offered = True
    row.save()
    thin(settings.NODE.code)
    return row


@lru_cache(maxsize=1)
def _signed_alone(tree: CompactRange, epochs: tuple[Begun, ...], node: str, key: SigningKey) -> Checkpoint:
    return _sign(tree, epochs, node, key)


def _sign(
    tree: CompactRange, epochs: Sequence[Begun], node: str, key: SigningKey, second: MLDSA65PrivateKey | None = None
) -> Checkpoint:
    number = epochs[-1].number if epochs else 1
    at, root = timezone.now(), merkle.root(tree)
    name = origin(node, number)
    note = sign_checkpoint(name, tree.size, root, at, key.private, epochs=epochs, cosigning_key=second)
    return Checkpoint(node=node, epoch=number, size=tree.size, root=_b64(root), at=at, seen_at=at, note=note)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
