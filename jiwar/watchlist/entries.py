"""What screening may find: the only writer of `Entry`. Called inside the transaction that stores or ends a record."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.audit.services import append, hold_ledger
from jiwar.records.services import withhold
from jiwar.sql import rows
from jiwar.watchlist import ties
from jiwar.watchlist.kinds import SubjectFacts, is_complete
from jiwar.watchlist.models import Edition, Entry, Member, Resolution, Revision

if TYPE_CHECKING:
    from jiwar.records.models import Record

_COUNT = "UPDATE watchlist_revision SET value = value + %s WHERE id = 1 RETURNING value"
_gathered: ContextVar[list[tuple[Entry, SubjectFacts]] | None] = ContextVar("gathered", default=None)
"""Entries that are put and not written yet; None outside `together`."""


def put(
    record: "Record",
    subject: SubjectFacts,
    *,
    category: str,
    alert_type: str = "",
    action: str,
    covert: bool = False,
    protected: bool = False,
    reference: str = "",
    usable: bool = True,
) -> None:
    """Let screening find this subject from now on, in place of what an older version of the record said.

    One that is not `usable` is kept and shown like one of which too little is known. At a post that holds an edition of
    the lists no single listing counts beside it: it came late.
    """
    if category == Entry.Category.LISTING and settings.NODE.role == "post" and _holds_edition():
        withhold(record)
        return
    entry = Entry(
        uid=_uid(record),
        record=record,
        category=category,
        reference=reference,
        alert_type=alert_type,
        action=action,
        covert=covert,
        protected=protected,
        facts=subject.model_dump(mode="json"),
        complete=usable and is_complete(subject),
        active=True,
        changed_at=timezone.now(),
    )
    gathered = _gathered.get()
    if gathered is None:
        _write([(entry, subject)])
    else:
        gathered.append((entry, subject))


@contextmanager
def together() -> Iterator[None]:
    """What is put meanwhile, each of another subject, is written at the end, all at once: a list brings thousands."""
    token = _gathered.set([])
    try:
        yield
        _write(_gathered.get() or [])
    finally:
        _gathered.reset(token)


def _write(put: list[tuple[Entry, SubjectFacts]]) -> None:
    """In the order in which they were put."""
    if not put:
        return
    last = _next_revision(len(put))
    for revision, (entry, _) in enumerate(put, last - len(put) + 1):
        entry.revision = revision
    there = set(Entry.objects.filter(uid__in=[entry.uid for entry, _ in put]).values_list("uid", flat=True))
    for entry, _ in put:
        if entry.uid in there:
            entry._state.adding = False
            entry.save(force_update=True)
    Entry.objects.bulk_create(entry for entry, _ in put if entry.uid not in there)
    ties.keep(put, there)


def drop(record: "Record") -> None:
    """End the use of a record's subject; what was known of it is erased here. Nothing where a newer version stands."""
    held = Entry.objects.filter(uid=_uid(record), record=record, active=True)
    if held.exists():
        held.update(active=False, facts={}, revision=_next_revision(), changed_at=timezone.now())
        ties.forget(_uid(record))
        if record.state != "superseded":  # an amended record is on the subject that it was on
            _leave_cluster(_uid(record))


def leave_unused(record: "Record") -> None:
    """Keep a record's subject, and let screening find it no longer."""
    held = Entry.objects.filter(uid=_uid(record), record=record, active=True)
    held.update(complete=False, revision=_next_revision(), changed_at=timezone.now())
    _leave_cluster(_uid(record))


def _leave_cluster(uid: UUID) -> None:
    """An entry of no more use is together with no other; one that it leaves behind alone is in no cluster either."""
    Resolution.objects.filter(entries=uid, state=Resolution.State.PROPOSED).update(state=Resolution.State.ENDED)
    member = Member.objects.filter(entry=uid).first()
    if member is None:
        return
    rest = Member.objects.filter(cluster=member.cluster).exclude(entry=uid)
    if rest.count() == 1:
        rest.delete()
    member.delete()
    append("resolution_left", as_node(Permission.EXCHANGE_MESSAGE_PASS), str(uid))


def _holds_edition() -> bool:
    return Edition.objects.filter(state=Edition.State.HELD).exists()


def _uid(record: "Record") -> UUID:
    return record.uid if isinstance(record.uid, UUID) else UUID(record.uid)


def _next_revision(most: int = 1) -> int:
    """Rises in the order of commits, by so many; the row stays locked until the caller's transaction ends."""
    hold_ledger()
    if not (found := rows(_COUNT, [most])):
        Revision.objects.get_or_create(pk=1)
        found = rows(_COUNT, [most])
    return int(found[0][0])
