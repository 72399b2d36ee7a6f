"""What each question asks of the database, in SQL: the ORM takes longer over it than the search.

One text for SQLite and PostgreSQL. Every answer reads what is in force now: nothing here is remembered.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterator
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from jiwar.records.services import Record
from jiwar.sql import identifier, marks, rows
from jiwar.watchlist.models import Entry
from jiwar.watchlist.standing import STOPPING, moment

# Columns stand in the order of their model: so `from_db` takes them.
_RECORD = ("id", "kind", "origin", "tlp", "issued_at")
_ENTRY = ("uid", "record_id", "category", "reference", "alert_type", "action", "covert", "protected", "facts")
_STANDING = (
    f"SELECT {', '.join(f'r.{name}' for name in _RECORD)}, {', '.join(f'e.{name}' for name in _ENTRY[:-1])},"  # noqa: S608
    " CAST(e.facts AS text) FROM watchlist_entry e JOIN records_record r ON r.id = e.record_id"
    f" WHERE {STOPPING} AND e.uid IN ({{}})"
)
_AGE = "SELECT changed_at FROM watchlist_entry ORDER BY changed_at DESC LIMIT 1"
_MEMBERS = (
    "SELECT m.entry_id, m.cluster FROM watchlist_member m JOIN watchlist_entry e ON e.uid = m.entry_id"
    " WHERE e.active AND (%s OR NOT e.covert) AND m.cluster IN"
    " (SELECT o.cluster FROM watchlist_member o JOIN watchlist_entry f ON f.uid = o.entry_id"
    " WHERE f.active AND (%s OR NOT f.covert) AND o.entry_id IN ({})) ORDER BY m.entry_id"
)
_JOINED = (
    "SELECT uid, cluster FROM watchlist_joined WHERE cluster IN"
    " (SELECT cluster FROM watchlist_joined WHERE uid IN ({})) ORDER BY uid"
)
# By kind alone, which few records have: a database that is asked for more reads every record of this state first.
_POLICIES = (
    "SELECT hash, node, origin, state, valid_until, review_on FROM records_record WHERE kind = %s ORDER BY id DESC"
)


class Policy(NamedTuple):
    """A record of a policy, and until when it may be in force."""

    hash: str
    node: str
    origin: str
    state: str
    valid_until: dt.datetime
    review_on: dt.date


def standing(uids: Collection[UUID], at: dt.datetime) -> Iterator[Entry]:
    """Those of these entries that are in force at this moment, with their records; one query, none where none is named.

    They have what an answer says of them, and fetch anything else by a query of its own.
    """
    if not uids:
        return
    values = [*moment(at), *map(identifier, uids)]
    for row in rows(_STANDING.format(marks(uids)), values):
        number, kind, origin, tlp, issued, uid, record, *said, facts = row
        entry = Entry.from_db("default", _ENTRY, (UUID(str(uid)), record, *said, json.loads(facts)))
        entry.record = Record.from_db("default", _RECORD, (number, kind, origin, tlp, _aware(issued)))
        yield entry


def newest_change() -> dt.datetime | None:
    """When an entry changed last."""
    return next((_aware(at) for (at,) in rows(_AGE)), None)


def members(uids: Collection[UUID], *, cleared: bool) -> list[tuple[UUID, UUID]]:
    """Entry and cluster of all that are together with one of these, rising; one query, none where none is named."""
    if not uids:
        return []
    found = rows(_MEMBERS.format(marks(uids)), [cleared, cleared, *map(identifier, uids)])
    return [(UUID(str(uid)), UUID(str(cluster))) for uid, cluster in found]


def joined(uids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """As `members`, at a post: of what the edition in use tells."""
    if not uids:
        return []
    return [(UUID(str(u)), UUID(str(c))) for u, c in rows(_JOINED.format(marks(uids)), [*map(identifier, uids)])]


def policies(kind: str) -> list[Policy]:
    """Records of a kind of policy, own and received, newest first."""
    found = map(Policy._make, rows(_POLICIES, [kind]))
    return [policy._replace(valid_until=_aware(policy.valid_until)) for policy in found]


def _aware(at: dt.datetime) -> dt.datetime:
    """An instant as the database gives it: SQLite's has no zone, and is in UTC."""
    return at if timezone.is_aware(at) else at.replace(tzinfo=dt.UTC)
