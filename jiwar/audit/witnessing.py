"""What two nodes tell each other of their ledgers at a contact: the rules of `logic.witness`, kept on disk."""

import base64
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.audit import store
from jiwar.audit.alarms import LedgerForked, open_fork, raise_alarm
from jiwar.audit.appending import append_as
from jiwar.audit.logic import witness
from jiwar.audit.logic.book import Note, Outcome, Talk, Tree
from jiwar.audit.logic.checkpoint import open_checkpoint, read_unverified
from jiwar.audit.logic.forks import Evidence
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.audit.models import Checkpoint, Conversation, Cosignature
from jiwar.audit.signing import offer
from jiwar.audit.stored_book import StoredBook
from jiwar.audit.thinning import thin
from jiwar.identity.queries import signing_key


@dataclass(frozen=True, slots=True)
class Told:
    """What a contact means beyond itself, for who restores a node.

    `behind`: the other node shows a smaller tree than it signed before, this note: it was restored from an old copy and
    does not know; we tell it. `restored`: the other holds this checkpoint, signed by us, of a tree that is not ours:
    this node was restored from an old copy, and begins a new epoch (`begin_epoch`) with it as evidence. It is said at
    each contact until then. `begun`: the number of a new epoch that the other node has begun.
    """

    behind: str | None = None
    restored: str | None = None
    begun: int | None = None


def tell(node: str, *, old: bool = False) -> dict[str, object]:
    """The member `ledger` of our next word to a node: JSON of at most 20 kB, a few bytes when nothing changed.

    Our newest checkpoint for witnesses (made here, at most one a minute) and the proof from what the node holds, what
    we hold of its ledger and our cosignature, proofs that it asked for, what third states showed us. May take the lock
    of the ledger. `old`: this node runs from an old copy and shows no ledger; it asks what the node holds of it.
    """
    if old:
        return witness.ask(_talk(node))
    book, now = StoredBook(offer()), timezone.now()
    talk = _talk(node)
    said, after = witness.tell(book, talk, node, now)
    if after != talk:
        with transaction.atomic():
            store.lock_edge()
            said, after = witness.tell(book, _talk(node), node, now)
            _save(node, after)
    return said


def told(node: str, data: object, *, old: bool = False, fresh: bool = False) -> Told:
    """Take in the member `ledger` of another node's word.

    Raises CheckpointInvalid or KeyRefused, and then has kept nothing of it; LedgerForked, and then has kept the
    evidence and raised the alarm, in a transaction of its own: call it outside of another. While a fork of the node is
    open, it raises LedgerForked at once. `old`: this node runs from an old copy, and takes in nothing but what the
    node holds of it: `begin_epoch` puts that on record. `fresh`: it answers a word of ours, and is not an old one.
    """
    if open_fork(node) and not old:
        raise LedgerForked(node)
    if data == {}:  # it says nothing of ledgers
        return Told()
    now = timezone.now()

    def made_of_it(talk: Talk) -> Outcome:
        book = StoredBook()
        return witness.shown(book, talk, data) if old else witness.told(book, talk, node, data, now, fresh=fresh)

    talk = _talk(node)
    outcome = made_of_it(talk)
    if not outcome.changes(talk):
        return Told(outcome.behind, outcome.restored)
    with transaction.atomic():
        store.lock_edge()
        outcome = made_of_it(_talk(node))
        _keep(node, outcome)
    if old:
        return Told(restored=outcome.restored)
    if open_fork(node):
        raise LedgerForked(node)
    return Told(outcome.behind, outcome.restored, outcome.begun.epoch if outcome.begun else None)


def keep_checkpoint(node: str, key: str, note: str) -> None:
    """Take in a checkpoint of a node that came without a proof, in a receipt say.

    It is compared with the one that is kept for its tree, else the node is asked to prove it, one at a time: more would
    only be more of the same. Raises CheckpointInvalid, KeyRefused, or LedgerForked as `told` does.
    """
    if open_fork(node):
        raise LedgerForked(node)
    if any(note.startswith(wanted.partition("\n")[0]) for wanted in _talk(node).wants):
        return
    says = open_checkpoint(note, signing_key(node, key), read_unverified(note).origin)
    if says.node != node:
        raise CheckpointInvalid("origin")
    kept = StoredBook().kept(node, Tree(says.epoch, says.size))
    if kept is not None and kept.says.root != says.root:
        raise_alarm(Evidence(kept.text, note, says.root), node)
        raise LedgerForked(node)
    if kept is None:
        with transaction.atomic():
            store.lock_edge()
            _save(node, witness.want(_talk(node), note))


def _keep(node: str, outcome: Outcome) -> None:
    _save(node, outcome.talk)
    for third, text in outcome.wants.items():
        _save(third, witness.want(_talk(third), text))
    if outcome.keep:
        _keep_checkpoint(node, outcome.keep)
    if outcome.witnessed:
        note, line, at = outcome.witnessed
        row = Checkpoint.objects.get(node=settings.NODE.code, epoch=note.tree.epoch, size=note.tree.size, offered=True)
        Cosignature.objects.update_or_create(checkpoint=row, witness=node, defaults={"at": at, "line": line})
    if begun := outcome.begun:
        detail = {
            "epoch": begun.epoch,
            "size": begun.size,
            "before": {"epoch": begun.before.epoch, "size": begun.before.size},
            "proven": begun.proven,
        }
        append_as("peer_epoch_begun", "system", "node", node, detail)
    for evidence in outcome.forks:
        raise_alarm(evidence, node)


def _keep_checkpoint(node: str, note: Note) -> None:
    says = note.says
    Checkpoint.objects.update_or_create(
        node=node,
        epoch=says.epoch,
        size=says.size,
        root=base64.b64encode(says.root).decode(),
        defaults={"at": says.at, "seen_at": timezone.now(), "note": note.text, "offered": True},
    )
    thin(node)


def _talk(node: str) -> Talk:
    row = Conversation.objects.filter(node=node).values_list("talk", flat=True).first()
    return Talk.from_json(row or {})


def _save(node: str, talk: Talk) -> None:
    Conversation.objects.update_or_create(node=node, defaults={"talk": talk.to_json()})
