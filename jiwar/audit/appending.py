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
) -> tuple[list[store.Leaf], dt.datetime]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a ledger leaf belongs in the transaction of its act")
    at, purpose = timezone.now(), str(purpose) if purpose else None
    if not acts:
        return [], at
    tree, last = store.lock_last()
    salts = secrets.token_hex(16 * len(acts))
    rows: list[store.Leaf] = []
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
        rows.append(store.Leaf(index, each.act, actor, each.subject, purpose or "", case, content.decode()))
        hashes.append(merkle.leaf_hash(content))
    tree, growths = tiles.grow(tree, hashes)
    store.write(rows, at, tree, growths, last)
    return rows, at
