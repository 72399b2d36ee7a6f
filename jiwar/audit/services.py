"""Appends to the ledger: the only writer of leaves and checkpoints."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from jiwar.audit.logic import leaf as leaves
from jiwar.audit.logic import merkle
from jiwar.audit.logic.checkpoint import Checkpoint as Opened
from jiwar.audit.logic.checkpoint import CheckpointInvalid, open_checkpoint, sign_checkpoint
from jiwar.audit.logic.export import export
from jiwar.audit.models import Checkpoint, Edge, Leaf, TreeNode
from jiwar.audit.queries import tree_now, tree_of
from jiwar.identity.keys import ring
from jiwar.identity.queries import signing_key

__all__ = [
    "Author",
    "CheckpointInvalid",
    "LedgerForked",
    "append",
    "append_as",
    "export_lines",
    "keep_checkpoint",
    "sign_tree",
]


class Author(Protocol):
    """Who acts, through what, for which purpose and case: `access.policy.Grant` is one."""

    @property
    def actor_id(self) -> str: ...
    @property
    def via(self) -> str: ...
    @property
    def purpose(self) -> str | None: ...
    @property
    def case(self) -> str: ...


def append(act: str, by: Author, subject: str = "", detail: Mapping[str, Any] | None = None) -> Leaf:
    """Append one leaf inside the caller's transaction, so that the act and its proof stand or fall together.

    `act` is a past-tense event (`alert_issued`). The detail says what was done, with identifiers rather than names.
    """
    return append_as(act, by.actor_id, by.via, subject, detail, purpose=by.purpose, case=by.case)


def hold_ledger() -> None:
    """Lock the ledger until the caller's transaction ends.

    For writers that lock a row of their own before they append: whoever takes the ledger first never waits in a circle.
    """
    Edge.objects.select_for_update().get_or_create(pk=1)


def append_as(
    act: str,
    actor: str,
    via: str,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
    *,
    purpose: str | None = None,
    case: str = "",
) -> Leaf:
    """As `append`, for acts that need no permission: a sign-in, a received message."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a ledger leaf belongs in the transaction of its act")
    edge, _ = Edge.objects.select_for_update().get_or_create(pk=1)
    tree = tree_of(edge)
    at = timezone.now()
    content = leaves.content(
        leaves.Leaf(
            index=tree.size,
            at=at,
            node=settings.NODE.code,
            actor=actor,
            via=via,
            act=act,
            salt=secrets.token_hex(16),
            purpose=str(purpose) if purpose else None,
            case=case or None,
            subject=subject or None,
            detail=dict(detail or {}),
        )
    )
    row = Leaf.objects.create(
        index=tree.size,
        at=at,
        act=act,
        actor=actor,
        subject=subject,
        purpose=purpose or "",
        case=case,
        content=content.decode(),
    )
    tree, nodes = merkle.append(tree, merkle.leaf_hash(content))
    TreeNode.objects.bulk_create(TreeNode(level=n.level, index=n.position, hash=n.hash) for n in nodes)
    edge.size, edge.peaks = tree.size, b"".join(tree.peaks)
    edge.save(update_fields=["size", "peaks"])
    return row


def sign_tree() -> Checkpoint:
    """A signed checkpoint of the ledger as it stands; the newest one again when nothing was appended since."""
    with transaction.atomic():
        edge, _ = Edge.objects.select_for_update().get_or_create(pk=1)
        tree = tree_of(edge)
        last = Checkpoint.objects.filter(node=settings.NODE.code).last()
        if last is not None and last.size == tree.size:
            return last
        at = timezone.now()
        root = merkle.root(tree)
        key = ring(settings.KEYS).signing[0].private
        note = sign_checkpoint(f"jiwar/{settings.NODE.code}", tree.size, root, at, key)
        return Checkpoint.objects.create(node=settings.NODE.code, size=tree.size, root=_b64(root), at=at, note=note)


class LedgerForked(Exception):
    """A node signed two different trees of one size: its past was rewritten. Both notes are evidence."""

    def __init__(self, node: str, size: int, notes: tuple[str, str]) -> None:
        super().__init__(f"{node} signed two trees of size {size}")
        self.node, self.size, self.notes = node, size, notes


def keep_checkpoint(node: str, key: str, note: str) -> Opened:
    """Verify and keep a neighbour's checkpoint; raises CheckpointInvalid, KeyRefused or LedgerForked."""
    opened = open_checkpoint(note, signing_key(node, key), f"jiwar/{node}")
    root = _b64(opened.root)
    with transaction.atomic():
        Checkpoint.objects.get_or_create(
            node=node, size=opened.size, root=root, defaults={"at": opened.at, "note": note}
        )
        other = Checkpoint.objects.filter(node=node, size=opened.size).exclude(root=root).first()
    if other is not None:
        raise LedgerForked(node, opened.size, (other.note, note))
    return opened


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


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
