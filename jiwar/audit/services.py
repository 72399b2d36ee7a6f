"""Appends to the ledger: the only writer of leaves and checkpoints."""

import base64
import datetime as dt
import secrets
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from jiwar.audit import store
from jiwar.audit.logic import leaf as leaves
from jiwar.audit.logic import merkle, tiles
from jiwar.audit.logic.checkpoint import Checkpoint as Opened
from jiwar.audit.logic.checkpoint import CheckpointInvalid, open_checkpoint, sign_checkpoint
from jiwar.audit.logic.export import export
from jiwar.audit.models import Checkpoint, Leaf
from jiwar.audit.queries import tree_now
from jiwar.audit.store import LedgerDamaged
from jiwar.identity.keys import ring
from jiwar.identity.queries import signing_key

__all__ = [
    "Act",
    "Author",
    "CheckpointInvalid",
    "LedgerDamaged",
    "LedgerForked",
    "append",
    "append_all",
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


class Act(NamedTuple):
    """What was done, to what: one leaf of a group. `act` is a past-tense event (`alert_issued`).

    The detail says what was done, with identifiers rather than names.
    """

    act: str
    subject: str = ""
    detail: Mapping[str, Any] = MappingProxyType({})


def append(act: str, by: Author, subject: str = "", detail: Mapping[str, Any] | None = None) -> Leaf:
    """Append one leaf inside the caller's transaction, so that the act and its proof stand or fall together."""
    return append_as(act, by.actor_id, by.via, subject, detail, purpose=by.purpose, case=by.case)


def append_all(by: Author, acts: Sequence[Act]) -> list[int]:
    """Append a leaf for each act, in their order and at one instant, inside the caller's transaction.

    However many they are: one lock, one insert of leaves, one write of the tiles. Returns the leaves' indexes.
    """
    rows, _ = _append(acts, by.actor_id, by.via, by.purpose, by.case)
    return [row.number for row in rows]


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
    [row], at = _append([Act(act, subject, detail or {})], actor, via, purpose, case)
    return Leaf(row.number, at, *row[1:])


def hold_ledger() -> None:
    """Lock the ledger until the caller's transaction ends.

    For writers that lock a row of their own before they append: whoever takes the ledger first never waits in a circle.
    """
    store.lock_edge()


def _append(
    acts: Sequence[Act], actor: str, via: str, purpose: str | None, case: str
) -> tuple[list[store.Row], dt.datetime]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a ledger leaf belongs in the transaction of its act")
    at, purpose = timezone.now(), str(purpose) if purpose else None
    if not acts:
        return [], at
    tree = store.lock_edge()
    salts = secrets.token_hex(16 * len(acts))
    rows: list[store.Row] = []
    hashes = []
    for index, each in enumerate(acts, tree.size):
        content = leaves.content(
            leaves.Leaf(
                index=index,
                at=at,
                node=settings.NODE.code,
                actor=actor,
                via=via,
                act=each.act,
                salt=salts[32 * len(rows) : 32 * len(rows) + 32],
                purpose=purpose,
                case=case or None,
                subject=each.subject or None,
                detail=dict(each.detail),
            )
        )
        rows.append(store.Row(index, each.act, actor, each.subject, purpose or "", case, content.decode()))
        hashes.append(merkle.leaf_hash(content))
    store.insert_leaves(rows, at)
    tree, growths = tiles.grow(tree, hashes)
    store.grow_tiles(growths)
    store.move_edge(tree)
    return rows, at


def sign_tree() -> Checkpoint:
    """A signed checkpoint of the ledger as it stands; the newest one again when nothing was appended since."""
    with transaction.atomic():
        tree = store.lock_edge()
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


# --- shim until the audit piece lands ---


def begin_epoch(by: Author, epoch: int, reason: str, evidence: Mapping[str, Any]) -> int:
    append("epoch_begun", by, str(epoch), {"reason": reason})
    return epoch


def tell(node: str) -> dict[str, Any]:
    return {"checkpoint": sign_tree().note, "key": ring(settings.KEYS).signing[0].id}


def told(node: str, data: dict[str, Any]) -> None:
    keep_checkpoint(node, data["key"], data["checkpoint"])
