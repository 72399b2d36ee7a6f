"""What other rooms call to write in the ledger and to talk of it; each subject has a file of its own."""

from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.audit.alarms import FOUND, LedgerForked, accept_fork, take_evidence
from jiwar.audit.appending import Act, Author, append, append_all, append_as, append_each, hold_ledger
from jiwar.audit.logic.export import Witnessed, export
from jiwar.audit.logic.forks import EvidenceInvalid
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.audit.logic.proof import write_proof
from jiwar.audit.models import Leaf
from jiwar.audit.queries import consistency_path, inclusion_path, note_of, own_epochs, tree_now, vouched
from jiwar.audit.signing import begin_epoch, note_of_tree, sign_tree
from jiwar.audit.store import LedgerDamaged
from jiwar.audit.witnessing import Told, keep_checkpoint, tell, told
from jiwar.identity.keys import ring

__all__ = [
    "FOUND",
    "Act",
    "Author",
    "CheckpointInvalid",
    "EvidenceInvalid",
    "LedgerDamaged",
    "LedgerForked",
    "Told",
    "accept_fork",
    "append",
    "append_all",
    "append_as",
    "append_each",
    "begin_epoch",
    "export_lines",
    "hold_ledger",
    "keep_checkpoint",
    "note_of_tree",
    "prove_leaf",
    "sign_tree",
    "take_evidence",
    "tell",
    "told",
]


def export_lines(by: Author) -> Iterator[bytes]:
    """The whole ledger as a signed file (JSON Lines), streamed; the export itself is its last leaf."""
    with transaction.atomic():
        append("ledger_exported", by)
        tree, epochs = tree_now(), own_epochs()
    contents = Leaf.objects.filter(index__lt=tree.size).order_by("index").values_list("content", flat=True)
    return export(
        (content.encode() for content in contents.iterator(chunk_size=2000)),
        node=settings.NODE.code,
        tree=tree,
        exported_at=timezone.now(),
        private_key=ring(settings.KEYS).signing[0].private,
        epochs=epochs,
        witnessed=_witnessed(tree.size),
    )


def prove_leaf(by: Author, index: int) -> str:
    """The proof of one leaf as text that `jiwar ledger prove` verifies offline; that it was made is a leaf too.

    Under the best witnessed checkpoint that has the leaf. Raises LookupError where there is no such leaf.
    """
    leaf = Leaf.objects.filter(index=index).first()
    if leaf is None:
        raise LookupError(f"no leaf {index}")
    with transaction.atomic():
        append("ledger_leaf_proven", by, str(index))
    row, lines = vouched(index + 1) or (sign_tree(), [])
    note = note_of(row, lines)
    return write_proof(leaf.content.encode(), index, inclusion_path(index, row.size), note)


def _witnessed(size: int) -> Witnessed | None:
    """The checkpoint that goes with an export: the best that has a witness."""
    found = vouched(0)
    if found is None or not found[1] or found[0].size > size:
        return None
    row, lines = found
    return Witnessed(note_of(row, lines), tuple(consistency_path(row.size, size)))
