"""Forks: evidence is kept whole, tells everyone who listens, and stops the exchange until an administrator accepts."""

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.audit import note_keys, store
from jiwar.audit.appending import Author, append, append_as
from jiwar.audit.logic import forks
from jiwar.audit.logic.book import Talk
from jiwar.audit.logic.checkpoint import Checkpoint as Says
from jiwar.audit.logic.checkpoint import read_unverified
from jiwar.audit.logic.forks import Evidence
from jiwar.audit.models import Checkpoint, Conversation, Fork
from jiwar.wire.faults import Fault, Refused

FOUND: list[Callable[[Fork], None]] = []
"""What else happens in the transaction in which this node itself finds a fork: `exchange` tells its neighbours."""


class LedgerForked(Exception):
    """A node signed two histories: its past was rewritten, or it was restored and did not know. Evidence is kept."""

    def __init__(self, node: str) -> None:
        super().__init__(f"{node} signed two histories of its ledger")
        self.node = node


def open_fork(node: str) -> Fork | None:
    """The fork of a node that nobody has accepted yet: nothing is exchanged with it."""
    return Fork.objects.filter(node=node, accepted_at=None).first() if store.is_forked(node) else None


def raise_alarm(evidence: Evidence, source: str) -> Fork | None:
    """Judge and keep evidence that this node found, and tell its neighbours; None where it is known.

    Raises EvidenceInvalid or KeyRefused where it proves nothing here.
    """
    fork = _keep(evidence, source)
    if fork is not None:
        for hook in FOUND:
            hook(fork)
    return fork


def take_evidence(data: bytes, source: str) -> Fork | None:
    """As `raise_alarm`, for evidence that the node `source` brings: it is judged here, and told to nobody again."""
    return _keep(forks.read(data), source)


def accept_fork(by: Author, node: str, reason: str) -> Fork:
    """Go on exchanging with a node in spite of its fork, for a reason; raises Refused.

    What was held of its ledger is believed no longer: the next checkpoint that it shows is the first. Evidence whose
    older part was signed before this moment raises no alarm again.
    """
    reason = reason.strip()
    if not reason:
        raise Refused(Fault("missing", "reason"))
    if len(reason) > 1000:
        raise Refused(Fault("too_long", "reason"))
    with transaction.atomic():
        store.lock_edge()
        fork = Fork.objects.select_for_update().filter(node=node, accepted_at=None).first()
        if fork is None:
            raise Refused(Fault("no_fork"))
        fork.accepted_at, fork.accepted_by, fork.reason = timezone.now(), by.actor_id, reason
        fork.save(update_fields=["accepted_at", "accepted_by", "reason"])
        if node != settings.NODE.code:
            Checkpoint.objects.filter(node=node).update(offered=False)
            row, _ = Conversation.objects.get_or_create(node=node)
            row.talk = Talk().to_json() | {"number": Talk.from_json(row.talk).number}
            row.save()
        append("fork_accepted", by, node, {"reason": reason, "evidence": digest(fork)})
    return fork


def digest(fork: Fork) -> str:
    """SHA-256 of the evidence: how a leaf names it."""
    return hashlib.sha256(fork.evidence.encode()).hexdigest()


def _keep(evidence: Evidence, source: str) -> Fork | None:
    fork = forks.judge(evidence, note_keys.open_ever)
    with transaction.atomic():
        store.lock_edge()
        if open_fork(fork.node) or _is_accepted(fork):
            return None
        row = Fork.objects.create(
            node=fork.node, found_at=timezone.now(), source=source, evidence=forks.write(evidence).decode()
        )
        detail = {"source": source, "evidence": digest(row), "older": _tree(fork.older), "newer": _tree(fork.newer)}
        append_as("ledger_forked", "system", "node", fork.node, detail)
    return row


def _is_accepted(fork: forks.Fork) -> bool:
    """Whether an administrator accepted a fork of this node after one of the two was signed."""
    first = min(fork.older.at, fork.newer.at)
    for row in Fork.objects.filter(node=fork.node).exclude(accepted_at=None):
        evidence = forks.read(row.evidence.encode())
        signed = [read_unverified(note).at for note in (evidence.older, evidence.newer)]
        if first <= max(row.accepted_at, *signed):  # by its clock or by ours, whichever goes ahead
            return True
    return False


def _tree(says: Says) -> dict[str, object]:
    return {"origin": says.origin, "size": says.size, "root": says.root.hex()}
