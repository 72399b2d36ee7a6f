"""Reads of public lists: what stands on them, and how each reading went. Screening alone searches by name.

Reads of alerts and cases stand in `alert_queries`; `waiting` is here because the home page asks every room's `queries`.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.access.waiting import Waiting
from jiwar.watchlist import alert_queries, resolution
from jiwar.watchlist.kinds import LISTING_ENTITY, LISTING_FOREIGN, LISTING_PERSON, ForeignListing, Listing
from jiwar.watchlist.logic.list_changes import Amended, amended
from jiwar.watchlist.logic.sensitive import Warned, scan
from jiwar.watchlist.models import Entry, ListImport, ListRow, ListTable, Unread
from jiwar.watchlist.standing import in_force

__all__ = [
    "ForeignEntry",
    "ListedEntry",
    "Warned",
    "amendments",
    "changes",
    "foreign_listing",
    "foreign_listings",
    "imports",
    "listing",
    "listings",
    "sensitive_words",
    "tables",
    "unread",
    "waiting",
]


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One listing, read whole."""

    uid: UUID
    entry: Entry
    listing: Listing
    state: str
    version: int
    issued_at: dt.datetime
    valid_until: dt.datetime
    review_on: dt.date


def sensitive_words(texts: Iterable[tuple[str, str]]) -> list[Warned]:
    """Words in (field, text) pairs that name what no record may hold (rule R4): to warn whoever writes and approves."""
    return scan(texts)


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page."""
    return [*alert_queries.waiting(actor), *resolution.waiting(actor)]


def imports(by: Grant) -> QuerySet[ListImport]:
    """Every reading of a list on this node, newest first."""
    by.check(Permission.WATCHLIST_LIST_READ)
    return ListImport.objects.all()


def tables(by: Grant) -> QuerySet[ListTable]:
    """The lists that are kept as spreadsheets. One query."""
    by.check(Permission.WATCHLIST_LIST_READ)
    return ListTable.objects.all()


def changes(by: Grant, reading: ListImport, change: str = "") -> QuerySet[ListRow]:
    """What a reading would do, or did, to each entry: one `ListRow.Change`, or all."""
    by.check(Permission.WATCHLIST_LIST_READ)
    found = reading.rows.all()
    return found.filter(change=change) if change in ListRow.Change.values else found


def amendments(by: Grant, rows: Iterable[ListRow]) -> dict[int, list[Amended]]:
    """What each of these rows of a reading that waits words otherwise, by the row's key. One query."""
    by.check(Permission.WATCHLIST_LIST_READ)
    changed = {row.entry: row for row in rows if row.change == ListRow.Change.CHANGED and row.body}
    held = Entry.objects.filter(in_force(), uid__in=changed).select_related("record")
    return {
        changed[entry.uid].pk: amended(
            Listing.model_validate(entry.record.body).model_dump(mode="json"), changed[entry.uid].body
        )
        for entry in held
    }


def unread(by: Grant, done: ListImport) -> QuerySet[Unread]:
    """What a reading did not understand or did not take, in the order of the file."""
    by.check(Permission.WATCHLIST_LIST_READ)
    return done.unread_lines.all()


def listings(by: Grant, reference: str = "") -> QuerySet[Entry]:
    """Entries of public lists in force, those whose reference number begins as given. No search by name (rule R7)."""
    by.check(Permission.WATCHLIST_LIST_READ)
    held = Entry.objects.filter(in_force(), record__kind__in=[LISTING_PERSON.name, LISTING_ENTITY.name])
    if reference := reference.strip()[:120]:
        held = held.filter(reference__istartswith=reference)
    return held.order_by("reference", "uid")


def listing(by: Grant, uid: UUID) -> ListedEntry:
    """One listing in force; raises Entry.DoesNotExist."""
    entry = listings(by).select_related("record").get(uid=uid)
    record = entry.record
    return ListedEntry(
        entry.uid,
        entry,
        Listing.model_validate(record.body),
        record.state,
        record.version,
        record.issued_at,
        record.valid_until,
        record.review_on,
    )


@dataclass(frozen=True, slots=True)
class ForeignEntry:
    """One entry of a foreign list, read whole; `screened`: a traveller is compared with it."""

    uid: UUID
    listing: ForeignListing
    screened: bool
    action: str
    version: int
    tlp: str
    issued_at: dt.datetime
    valid_until: dt.datetime


def foreign_listings(by: Grant, source: str) -> QuerySet[Entry]:
    """What was taken in from a source and is in force, by its reference. No search by name (rule R7)."""
    by.check(Permission.WATCHLIST_LIST_READ)
    held = Entry.objects.filter(in_force(), record__kind=LISTING_FOREIGN.name, reference__startswith=f"{source}:")
    return held.order_by("reference", "uid")


def foreign_listing(by: Grant, uid: UUID) -> ForeignEntry:
    """One of them in force; raises Entry.DoesNotExist."""
    by.check(Permission.WATCHLIST_LIST_READ)
    entry = Entry.objects.select_related("record").get(in_force(), record__kind=LISTING_FOREIGN.name, uid=uid)
    record = entry.record
    return ForeignEntry(
        entry.uid,
        ForeignListing.model_validate(record.body),
        entry.complete,
        entry.action,
        record.version,
        record.tlp,
        record.issued_at,
        record.valid_until,
    )
