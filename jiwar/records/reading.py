"""Reading what records say: who may, until when, and that it was read.

When a record has been withdrawn or its time has run out, its use is over at once (rule R9): what it says of people is
shown to nobody but oversight. That it existed, who said it and when, its state and its hash stay.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Actor, Grant
from jiwar.audit.services import append
from jiwar.identity.roles import Clearance
from jiwar.records.kinds import ACKNOWLEDGEMENT, KINDS, WITHDRAWAL
from jiwar.records.models import Record
from jiwar.records.queries import newest_version

P = Permission
READS = {
    "agreement": P.AGREEMENTS_AGREEMENT_READ,
    "agreement.accession": P.AGREEMENTS_AGREEMENT_READ,
    "agreement.denunciation": P.AGREEMENTS_AGREEMENT_READ,
    "agreement.reservation": P.AGREEMENTS_AGREEMENT_READ,
    "agreement.resumption": P.AGREEMENTS_AGREEMENT_READ,
    "agreement.signature": P.AGREEMENTS_AGREEMENT_READ,
    "agreement.suspension": P.AGREEMENTS_AGREEMENT_READ,
    "alert.group": P.WATCHLIST_ALERT_READ,
    "alert.hit": P.WATCHLIST_CASE_READ,
    "alert.object": P.WATCHLIST_ALERT_READ,
    "alert.person": P.WATCHLIST_ALERT_READ,
    "alert.refusal": P.WATCHLIST_ALERT_READ,
    "case.outcome": P.WATCHLIST_CASE_READ,
    "crossing": P.CROSSINGS_CROSSING_READ,
    "inquiry": P.ANALYSIS_INQUIRY_READ,
    "inquiry.answer": P.ANALYSIS_INQUIRY_READ,
    "letter": P.REQUESTS_LETTER_READ,
    "letter.progress": P.REQUESTS_LETTER_READ,
    "listing.entity": P.WATCHLIST_LIST_READ,
    "listing.foreign": P.WATCHLIST_LIST_READ,
    "listing.person": P.WATCHLIST_LIST_READ,
    "match.answer": P.MATCHING_REQUEST_READ,
    "match.request": P.MATCHING_REQUEST_READ,
    "match.result": P.MATCHING_REQUEST_READ,
    "sighting": P.WATCHLIST_ALERT_READ,
    "screening.policy": P.WATCHLIST_POLICY_READ,
}
"""What reading a kind of record takes. A kind that is not named is read by nobody."""
_FOR = {"border_check_only": Purpose.BORDER_CHECK}
"""Restrictions of use that bind to a purpose; what the others forbid, arrest and evidence, people alone do."""
_LONGEST_CHAIN = 6
"""An acknowledgement of a withdrawal of an outcome of a hit of an alert, and one to spare."""
_ABOUT_ANOTHER = {
    ACKNOWLEDGEMENT.name,
    WITHDRAWAL.name,
    "record.consent",
    "record.consent_refusal",
    "record.consent_request",
}


def permission_to_read(uid: UUID, actor: Actor) -> Permission:
    """What reading a record takes; of what is said about another, what reading that one takes.

    Raises Record.DoesNotExist, also for what this actor may not know of and for kinds that nobody reads.
    """
    record = newest_version(uid)
    permission = _permission(record, newest_version) if record else None
    if record is None or permission is None or _is_hidden(record, actor, newest_version):
        raise Record.DoesNotExist
    return permission


def readable(records: Iterable[Record], actor: Actor) -> list[Record]:
    """Those of these records that the actor may know of and holds the permission for; at most six queries for all."""
    found = list(records)
    known: dict[object, Record | None] = {}
    wanted = {record.about for record in found if record.about}
    for _ in range(_LONGEST_CHAIN):
        if not (wanted := wanted - known.keys()):
            break
        known.update(dict.fromkeys(wanted))
        known.update({row.uid: row for row in Record.objects.filter(uid__in=wanted).order_by("version")})
        wanted = {row.about for uid in wanted if (row := known[uid]) and row.about}
    return [
        record
        for record in found
        if (permission := _permission(record, known.get)) and actor.may(permission)
        if not _is_hidden(record, actor, known.get)
    ]


def is_for(record: Record, purpose: str | None) -> bool:
    """Whether its origin lets a record be searched with, put together with others, told or exported for a purpose
    (rule R10). What this state said itself is bound by its own law alone.
    """
    if record.origin == settings.NODE.state or purpose in _FOR.values():
        return True
    return not set(_FOR) & set(record.data["content"]["handling"].get("restrictions", ()))


def not_for(purpose: str | None, among: Collection[UUID] | None = None) -> frozenset[UUID]:
    """Records in force that `is_for` refuses for a purpose, of all or of some; one query, none where none is named."""
    if purpose in _FOR.values() or (among is not None and not among):
        return frozenset()
    foreign = Record.objects.filter(state=Record.State.IN_FORCE).exclude(origin=settings.NODE.state)
    if among is not None:
        foreign = foreign.filter(uid__in=list(among))
    said = foreign.filter(reduce(or_, (Q(statement__contains=f'"{code}"') for code in _FOR)))
    return frozenset(record.uid for record in said.iterator(chunk_size=500) if not is_for(record, purpose))


def is_over(record: Record, at: dt.datetime) -> bool:
    """Whether the use of a record has ended at a moment, whatever the clock-driven expiry has come to."""
    ended = record.state in {Record.State.WITHDRAWN, Record.State.EXPIRED}
    return ended or record.valid_until <= at or record.review_on < at.date()


def is_shown(record: Record) -> bool:
    """Whether what a record says may be shown now to those who may read its kind."""
    kind = KINDS.get((record.kind, record.kind_version))
    return (kind is not None and not kind.personal) or not is_over(record, timezone.now())


def content_of(record: Record) -> dict[str, Any]:
    """The content of a record for people and programs; empty when its use is over."""
    return record.data["content"] if is_shown(record) else {}


def statement_of(record: Record) -> str:
    """The statement as it was signed; empty when its use is over."""
    return record.statement if is_shown(record) else ""


def inspect_record(by: Grant, uid: UUID) -> Record:
    """The newest version held of a record that people could read, for oversight; the ledger keeps the reading.

    Its statement is for oversight where its use is over. Raises AccessRefused or Record.DoesNotExist.
    """
    by.check(P.RECORDS_ENDED_READ)
    permission_to_read(uid, by.actor)
    with transaction.atomic():
        record = Record.objects.filter(uid=uid).latest("version")
        append("record_inspected", by, str(uid), {"kind": record.kind, "version": record.version})
    return record


def open_record(by: Grant, uid: UUID) -> Record:
    """The newest version held; the ledger keeps the reading. Raises AccessRefused or Record.DoesNotExist."""
    by.check(permission_to_read(uid, by.actor))
    with transaction.atomic():
        record = Record.objects.filter(uid=uid).latest("version")
        append("record_read", by, str(uid), {"kind": record.kind, "version": record.version})
    return record


Find = Callable[[object], Record | None]
"""The newest version held of a record, by its uid."""


def _permission(record: Record, find: Find) -> Permission | None:
    subject: Record | None = record
    for _ in range(_LONGEST_CHAIN):
        if subject is not None and subject.kind in _ABOUT_ANOTHER:
            subject = find(subject.about)
    return READS.get(subject.kind) if subject else None


def _is_hidden(record: Record, actor: Actor, find: Find) -> bool:
    """Whether this record, or one that it is about, is covert or withheld, and the actor may not know of that."""
    cleared, protects = actor.clearance is Clearance.COVERT, actor.may(P.WATCHLIST_ALERT_APPROVE)
    found: Record | None = record
    for _ in range(_LONGEST_CHAIN):
        if found is None:
            return False
        kind = KINDS.get((found.kind, found.kind_version))
        if not cleared and (kind is None or kind.covert(found)):
            return True
        if not protects and found.state == Record.State.WITHHELD:
            return True
        found = find(found.about) if found.about else None
    return True
