"""What other rooms call to write in the ledger and to talk of it; each subject has a file of its own."""

from collections.abc import Iterator

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.audit.alarms import LedgerForked, accept_fork, take_evidence
from jiwar.audit.appending import Act, Author, append, append_all, append_as, hold_ledger
from jiwar.audit.logic.export import export
from jiwar.audit.logic.forks import EvidenceInvalid
from jiwar.audit.logic.notes import CheckpointInvalid
from jiwar.audit.models import Leaf
from jiwar.audit.queries import tree_now
from jiwar.audit.signing import begin_epoch, sign_tree
from jiwar.audit.store import LedgerDamaged
from jiwar.audit.witnessing import Told, keep_checkpoint, tell, told
from jiwar.identity.keys import ring

__all__ = [
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
    "begin_epoch",
    "export_lines",
    "hold_ledger",
    "keep_checkpoint",
    "sign_tree",
    "take_evidence",
    "tell",
    "told",
]


def export_lines(by: Author) -> Iterator[bytes]:
    """The whole ledger as a signed file (JSON Lines), streamed; the export itself is its last leaf."""
    with transaction.atomic():
        append("ledger_exported", by)
        tree = tree_now()
    contents = Leaf.objects.filter(index__lt=tree.size).order_by("index").values_list("content", flat=True)
    return export(
        (content.encode() for content in contents.iterator(chunk_size=2000)),
        node=settings.NODE.code,
        tree=tree,
        exported_at=timezone.now(),
        private_key=ring(settings.KEYS).signing[0].private,
    )
