"""Appends to the ledger: the only writer of leaves."""

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from jiwar.audit import store
from jiwar.audit.logic import leaf as leaves
from jiwar.audit.logic import merkle, tiles
from jiwar.audit.models import Leaf


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


class Held(NamedTuple):
    """The ledger's edge and its newest tile, read under the lock that the transaction keeps."""

    tree: merkle.CompactRange
    last: bytes


def append(act: str, by: Author, subject: str = "", detail: Mapping[str, Any] | None = None) -> Leaf:
    """Append one leaf inside the caller's transaction, so that the act and its proof stand or fall together."""
    return append_as(act, by.actor_id, by.via, subject, detail, purpose=by.purpose, case=by.case)


def append_all(by: Author, acts: Sequence[Act]) -> list[int]:
    """Append a leaf for each act, in their order and at one instant, inside the caller's transaction.

    However many they are: one lock, one insert of leaves, one write of the tiles. Returns the leaves' indexes.
    """
    return append_each([(by, act) for act in acts])


def append_each(acts: Sequence[tuple[Author, Act]], held: Held | None = None) -> list[int]:
    """As `append_all`, each act by an author of its own.

    `held`: what `hold_ledger` gave in this transaction, if nothing was appended since: it is not read again.
    """
    rows, _ = _append([(_Said(by.actor_id, by.via, by.purpose, by.case), act) for by, act in acts], held)
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
    [row], at = _append([(_Said(actor, via, purpose, case), Act(act, subject, detail or {}))])
    return Leaf(row.number, at, *row[1:])


def hold_ledger() -> Held:
    """Lock the ledger until the caller's transaction ends.

    For writers that lock a row of their own before they append: whoever takes the ledger first never waits in a circle.
    """
    return Held(*store.lock_last())


class _Said(NamedTuple):
    """An author."""

    actor: str
    via: str
    purpose: str | None
    case: str


def _append(acts: Sequence[tuple[_Said, Act]], held: Held | None = None) -> tuple[list[store.Leaf], dt.datetime]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a ledger leaf belongs in the transaction of its act")
    at = timezone.now()
    if not acts:
        return [], at
    tree, last = held or store.lock_last()
    salts = secrets.token_hex(16 * len(acts))
    rows: list[store.Leaf] = []
    hashes = []
    for index, (by, each) in enumerate(acts, tree.size):
        purpose = str(by.purpose) if by.purpose else None
        content = leaves.content(
            leaves.Leaf(
                index=index,
                at=at,
                node=settings.NODE.code,
                actor=by.actor,
                via=by.via,
                act=each.act,
                salt=salts[32 * len(rows) : 32 * len(rows) + 32],
                purpose=purpose,
                case=by.case or None,
                subject=each.subject or None,
                detail=dict(each.detail),
            )
        )
        rows.append(store.Leaf(index, each.act, by.actor, each.subject, purpose or "", by.case, content.decode()))
        hashes.append(merkle.leaf_hash(content))
    tree, growths = tiles.grow(tree, hashes)
    store.write(rows, at, tree, growths, last)
    return rows, at
