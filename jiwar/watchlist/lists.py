"""Lists: what people decide about a reading. They apply it, alone or two together, or discard it."""

import datetime as dt
from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import Author, append
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.records.services import Draft, Record, issue_all, read_content, terms, withdraw_all
from jiwar.sql import take_stock
from jiwar.watchlist import entries
from jiwar.watchlist.kinds import LISTING_ENTITY, LISTING_PERSON, Listing
from jiwar.watchlist.list_catalogue import UN_LIST, Files, ListTerms, terms_of
from jiwar.watchlist.list_readings import (
    AT_ONCE,
    OPEN,
    WAITS,
    WAITS_ASIDE,
    Progress,
    State,
    counts_of,
    may_import,
    needs_two,
    read_list,
    silent,
)
from jiwar.watchlist.models import Entry, ListImport, ListRow
from jiwar.wire.faults import Fault, Refused

_DAYS = 5 * 365
_MANY = 1_000
"""Changes that may make a plan of the database a bad one."""
_CLOSED = {State.APPLIED, State.DISCARDED, State.EXPIRED, State.FAILED}
"""Of a reading in these states no name is kept."""


def confirm_list(by: Grant, uid: UUID, *, progress: Progress = silent) -> ListImport:
    """Apply a reading, or, where it removes so much that two must agree, hand it to the second. Raises Refused."""
    reading = accept(by, uid)
    return apply(by, reading, progress) if reading.state == State.APPLYING else reading


def approve_list(by: Grant, uid: UUID, *, progress: Progress = silent) -> ListImport:
    """The second person agrees: apply it. Raises AccessRefused, Refused; also for who read or confirmed it."""
    return apply(by, agree(by, uid), progress)


def accept(by: Grant, uid: UUID) -> ListImport:
    """Confirm a reading: it is to be applied, or waits for a second person."""
    with transaction.atomic():
        reading = _locked(uid, State.WAITING)
        may_import(by, reading.list)
        two = needs_two(reading)
        reading.state = State.FOR_APPROVAL if two else State.APPLYING
        reading.confirmed_by, reading.confirmed_at = by.actor_id, timezone.now()
        reading.via = by.via
        reading.save()
        append("list_confirmed", by, str(uid), {"list": reading.list, "two": two} | counts_of(reading))
    return reading


def agree(by: Grant, uid: UUID) -> ListImport:
    """Approve a reading that takes two: it is to be applied."""
    by.check(Permission.WATCHLIST_LIST_APPROVE)
    with transaction.atomic():
        reading = _locked(uid, State.FOR_APPROVAL)
        by.check_purpose(terms_of(reading.list).purpose)
        if by.actor_id in {reading.by, reading.confirmed_by}:
            raise Refused(Fault("approver_is_author", "reading"))
        reading.state, reading.decided_by, reading.via = State.APPLYING, by.actor_id, by.via
        reading.decided_at = timezone.now()
        reading.save()
        append("list_approved", by, str(uid), {"list": reading.list} | counts_of(reading))
    return reading


def discard_list(by: Grant, uid: UUID) -> ListImport:
    """Use nothing of a reading; who may import or approve may discard. Raises AccessRefused, Refused."""
    by.check(Permission.WATCHLIST_LIST_IMPORT, Permission.WATCHLIST_LIST_APPROVE)
    with transaction.atomic():
        reading = _locked(uid, State.WAITING, State.FOR_APPROVAL, State.RECEIVED)
        by.check_purpose(terms_of(reading.list).purpose)
        _close(reading, State.DISCARDED, by)
        append("list_discarded", by, str(uid), {"list": reading.list})
    return reading


def open_reading(by: Grant, uid: UUID) -> ListImport | None:
    """One reading, or None; while it names people, who opened it is in the ledger. Raises AccessRefused."""
    by.check(Permission.WATCHLIST_LIST_READ)
    reading = ListImport.objects.select_related("before").filter(pk=uid).first()
    if reading is not None and reading.state not in _CLOSED:
        by.check_purpose(terms_of(reading.list).purpose)
        with transaction.atomic():
            append("list_reading_opened", by, str(uid), {"list": reading.list})
    return reading


def import_list(
    by: Grant, code: str, files: Files, *, as_of: dt.date | None = None, progress: Progress = silent
) -> ListImport:
    """Read a list and confirm it at once, for who has seen its changes elsewhere: a script, a test, a demonstration."""
    return confirm_list(by, read_list(by, code, files, as_of=as_of, progress=progress).pk, progress=progress)


def import_un_list(by: Grant, file: BinaryIO, file_name: str) -> ListImport:
    """As `import_list`, for the Security Council's."""
    return import_list(by, UN_LIST, {file_name: file})


def _locked(uid: UUID, *states: str) -> ListImport:
    reading = ListImport.objects.select_for_update(of=("self",)).filter(pk=uid).first()
    if reading is None or reading.state not in states:
        raise Refused(Fault("reading_is_closed", "reading"))
    return reading


def forget_names(reading: ListImport) -> None:
    """A reading that is closed says of nobody anything: neither what it would change, nor what was not understood."""
    reading.rows.filter(pk__gt=reading.applied_to).update(body=None, name="")  # those before it are empty
    reading.unread_lines.update(value="")


def _close(reading: ListImport, state: str, by: Author) -> None:
    reading.state, reading.decided_by, reading.decided_at = state, by.actor_id, timezone.now()
    reading.save()
    forget_names(reading)


# Applying -------------------------------------------------------------------------------------------------------------


def apply(by: Author, reading: ListImport, progress: Progress = silent) -> ListImport:
    """Issue, renew and withdraw, some hundreds in a transaction, and after a crash from where it was; removals last.

    What is in counts at once; the version counts when all of it is. Raises Refused where the list moved on since.
    """
    try:
        while (reading := _apply_some(by, reading)).state == State.APPLYING:
            progress(reading.applied, reading.changes)
    except Refused as refused:
        with transaction.atomic():
            reading.faults = [[fault.code, fault.field, fault.detail] for fault in refused.faults]
            _close(reading, State.FAILED, by)
            append("list_failed", by, str(reading.pk), {"list": reading.list, "code": refused.faults[0].code})
        raise
    progress(reading.applied, reading.changes)
    if reading.changes > _MANY:
        take_stock()
    return reading


def _apply_some(by: Author, reading: ListImport) -> ListImport:
    """The next changes, and in the same transaction how far it has come with them: each is made once."""
    with transaction.atomic():
        now = ListImport.objects.select_for_update(of=("self",)).get(pk=reading.pk)
        if now.state != State.APPLYING:
            return now  # another process has done it
        if not now.applied:
            _may_begin(now)
        rows = tuple(now.rows.filter(pk__gt=now.applied_to).order_by("pk")[:AT_ONCE])
        _apply(by, rows, terms_of(now.list))
        now.applied += len(rows)
        if len(rows) == AT_ONCE:
            now.applied_to = rows[-1].pk
            now.rows.filter(pk__in=[row.pk for row in rows]).update(body=None, name="")
            now.save()
        else:
            _close(now, State.APPLIED, by)
            told = {"list": now.list, "sha256": now.sha256, "entries": now.entries, "unread": now.unread}
            append("list_imported", by, str(now.pk), told | counts_of(now))
    return now


def _may_begin(reading: ListImport) -> None:
    others = ListImport.objects.filter(list=reading.list)
    applied = others.filter(state=State.APPLIED, generated_at__isnull=False)
    newest = applied.order_by("-generated_at").values_list("pk", flat=True).first()
    if newest != reading.before_id or others.filter(state=State.APPLYING, applied__gt=0).exists():
        raise Refused(Fault("list_moved_on", "reading"))


def _apply(by: Author, rows: tuple[ListRow, ...], held_on: ListTerms) -> None:
    held = Entry.objects.filter(uid__in=[row.entry for row in rows if row.entry]).select_related("record")
    records = {entry.uid: entry.record for entry in held if entry.record.state in {"in_force", "expired"}}
    gone = [row for row in rows if row.change == ListRow.Change.REMOVED]
    with entries.together():
        issue_all(by, [_draft(row, records, held_on) for row in rows if row.change != ListRow.Change.REMOVED])
    ended = [records[row.entry] for row in gone if row.entry in records]
    withdraw_all(by, [record for record in ended if record.state == "in_force"], "no longer on the list")


def _draft(row: ListRow, records: dict[Any, Record], held_on: ListTerms) -> Draft:
    body = Listing.model_validate(row.body)
    basis = f"{held_on.legal_basis}; {body.un_list_type}" if body.un_list_type else held_on.legal_basis
    plain = terms(
        held_on.purpose,
        basis[:200],
        _DAYS,
        body,
        tlp=held_on.tlp,
        onward=held_on.onward,
        source=held_on.grade,
        information="1" if held_on.grade == "A" else "2",
    )
    kind = LISTING_PERSON if row.person else LISTING_ENTITY
    return Draft(kind, read_content(kind, plain, timezone.now()), records.get(row.entry))


def expire_lists(by: Author, at: dt.datetime) -> None:
    """Discard what waited too long, and readings that broke off."""
    aside = Q(state__in=[State.RECEIVED, State.READING], at__lt=at - WAITS_ASIDE)
    for reading in ListImport.objects.filter(aside | Q(state__in=OPEN[:2], at__lt=at - WAITS)):
        with transaction.atomic():
            _close(reading, State.EXPIRED, by)
            append("list_discarded", by, str(reading.pk), {"list": reading.list})


EACH_MINUTE.append(expire_lists)
