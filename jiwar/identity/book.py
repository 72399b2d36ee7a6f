"""The book of keys: what this process has read of keys, certificates and revocation lists, and by which changes.

The rule of the cache: the committed rows of `KeyChange`, their number and their sum, name one state of nodes, keys,
roots, certificates and lists. Whoever changes one of these adds a row in the same transaction (`models`). A lookup asks
for number and sum, one question (`looks` says how often), and reads the tables again when they are others than before.
"""

import base64
import datetime as dt
import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey
from django.db import connection, transaction
from django.db.models.functions import Coalesce

from jiwar.identity import looks
from jiwar.identity.keys import cosigning_public, sealing_public, signing_public
from jiwar.identity.logic.belief import Known
from jiwar.identity.logic.certificates import OFFICER_ROLES
from jiwar.identity.logic.revocations import Entry, Revocations, in_force, read_revocations
from jiwar.identity.logic.signed import key_hash
from jiwar.identity.models import Certificate, KeyChange, Node, NodeKey, RevocationList, Root

Window = tuple[dt.datetime, dt.datetime]
COUNTS = (Root.Status.BELIEVED, Root.Status.REPLACED)
"""Certificates of these roots stand."""


@dataclass
class Key:
    """A public key: `owner` is a node's code or an officer's id; `role` is an officer's, "" of a node's key."""

    owner: str
    use: str
    raw: bytes
    known: Known
    role: str = ""
    state: str = ""

    @cached_property
    def signing(self) -> Ed25519PublicKey:
        return signing_public(self.raw)

    @cached_property
    def cosigning(self) -> MLDSA65PublicKey:
        return cosigning_public(self.raw)

    @cached_property
    def sealing(self) -> MLKEM768X25519PublicKey:
        return sealing_public(self.raw)


@dataclass(slots=True)
class Book:
    """Nodes by code; keys of nodes and of officers by id, the newest first; the newest revocation list of each state.

    `entries` of all lists, by the state's code, a space, and the key's hash.
    """

    known: dict[str, Node] = field(default_factory=dict)
    nodes: dict[str, Key] = field(default_factory=dict)
    officers: dict[str, Key] = field(default_factory=dict)
    lists: dict[str, Revocations] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)


_latest: tuple[Any, Book] | None = None


def book() -> Book:
    """The book as the database has it; one query when nothing has changed."""
    global _latest  # noqa: PLW0603 - one book per process
    name = connection.settings_dict["NAME"]
    state = (name, *looks.at(_look))
    kept = _latest
    if kept is None or kept[0] != state:
        # What is read after the look is at least as new as the look.
        _latest = kept = (state, _read())
    return kept[1]


MANY_CHANGES = 1000


def shorten_changes() -> None:
    """At a start: let one row stand for all changes so far, so that the look stays short."""
    if KeyChange.objects.count() > MANY_CHANGES:
        with transaction.atomic():
            KeyChange.objects.all().delete()
            KeyChange.objects.create(number=secrets.randbits(40))


def _look() -> tuple[int, int]:
    # Asked with every frame and every lookup: in plain SQL it takes a tenth of the time.
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*), SUM(number) FROM {KeyChange._meta.db_table}")  # noqa: S608 - our own name
        count, number = cursor.fetchone()
    return count, int(number or 0)


def _read() -> Book:
    """Four queries."""
    windows: dict[str, list[Window]] = defaultdict(list)
    officers: dict[str, dict[str, Any]] = {}
    for row in Certificate.objects.filter(root__status__in=COUNTS).values(
        "state", "subject", "role", "keys", "not_before", "not_after", "data"
    ):
        for id_ in row["keys"].values():
            windows[id_].append((row["not_before"], row["not_after"]))
        if row["role"] in OFFICER_ROLES:
            officers[row["keys"]["approval"]] = row
    found = Book({node.code: node for node in Node.objects.all()})
    lists: dict[str, list[Revocations]] = defaultdict(list)
    for data in RevocationList.objects.values_list("data", flat=True):
        one = read_revocations(data)
        lists[one.state].append(one)
    for state, those in lists.items():
        newest, stand = in_force(those)
        if newest is not None:
            found.lists[state] = newest
        found.entries |= {f"{state} {key}": entry for key, entry in stand.items()}
    for key in NodeKey.objects.order_by(Coalesce("stated_at", "added_at").desc(), "-added_at", "-id"):
        raw = base64.b64decode(key.public)
        known = Known(
            windows.get(key.id, ()),
            key.by_hand,
            key.revoked_at is not None,
            found.entries.get(f"{key.node_id[:3]} {key_hash(raw)}"),
            key.waits,
        )
        found.nodes[key.id] = Key(key.node_id, key.use, raw, known)
    for id_, row in officers.items():
        raw = base64.b64decode(row["data"]["keys"]["approval"])
        known = Known(windows[id_], entry=found.entries.get(f"{row['state']} {key_hash(raw)}"))
        found.officers[id_] = Key(row["subject"], "approval", raw, known, row["role"], row["state"])
    return found
