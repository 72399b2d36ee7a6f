"""Readings: a foreign file is read whole or not at all, waits, and is taken in or discarded by a person.

Nothing that a source says is used before somebody who may read lists has looked at it. A signed statement that travels
inside is checked and shown; records come by the exchange alone.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Literal, cast
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import Author, append
from jiwar.bridges.logic.found import MOST_BYTES, Found, Subject
from jiwar.bridges.logic.ftm_reading import read_entities
from jiwar.bridges.logic.lost import Lost, Unreadable, Why
from jiwar.bridges.logic.misp_reading import read_events
from jiwar.bridges.logic.statement import Signed
from jiwar.bridges.logic.stix_reading import read_bundle
from jiwar.bridges.models import Reading, ReadLine, ReadStatement, ReadSubject, Source
from jiwar.bridges.sources import source_of, terms_of
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.records import arrivals
from jiwar.records.services import Record
from jiwar.records.statement import read_statement, sha256
from jiwar.watchlist.foreign_lists import Said, listing_of, take_foreign
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7

Format = Literal["ftm", "misp", "stix"]
READERS: Mapping[str, Callable[[bytes], Found]] = {"ftm": read_entities, "misp": read_events, "stix": read_bundle}
WAITS = dt.timedelta(days=30)
"""What nobody has looked at by then is discarded."""


def read_file(
    by: Grant, source: str, format_: str, file: BinaryIO, file_name: str, *, whole: bool = False, via: str = "file"
) -> Reading:
    """Read a file into a reading that waits. Raises AccessRefused, or Refused with the place and the reason."""
    by.check(Permission.WATCHLIST_LIST_IMPORT)
    row = _source(by, source)
    if format_ not in READERS:
        raise Refused(Fault("not_in_list", "format"))
    data = file.read(MOST_BYTES + 1)
    try:
        found = READERS[format_](data)
    except Unreadable as unreadable:
        raise refused_of(unreadable) from None
    return keep(by, row, format_, found, data, via=via, file_name=file_name, whole=whole)


def keep(
    by: Grant,
    source: Source,
    format_: str,
    found: Found,
    data: bytes,
    *,
    via: str,
    file_name: str = "",
    whole: bool = False,
    objects_read: int = 0,
    failures: list[dict[str, str]] | None = None,
) -> Reading:
    """Store what was found, to wait for a person. Raises Refused for a statement whose signature does not hold."""
    standings = [_standing(signed) for signed in found.statements]
    subjects, lost = _subjects(source, format_, found)
    with transaction.atomic():
        reading = Reading.objects.create(
            id=uuid7(timezone.now()),
            source=source,
            format=format_,
            via=via,
            file_name=file_name[-200:],
            sha256=sha256(data),
            whole=whole,
            by=by.actor_id,
            at=timezone.now(),
            objects_read=objects_read,
            found=len(subjects),
            lost=len(lost),
            failures=failures or [],
            state=Reading.State.WAITING if subjects else Reading.State.NOTHING,
        )
        for row in subjects + standings:
            row.reading = reading
        ReadSubject.objects.bulk_create(subjects)
        ReadStatement.objects.bulk_create(standings)
        ReadLine.objects.bulk_create(
            ReadLine(reading=reading, path=one.path, why=one.why, value=one.value) for one in lost
        )
        append(
            "reading_kept",
            by,
            str(reading.pk),
            {"source": source.code, "sha256": reading.sha256, "found": reading.found, "lost": reading.lost},
        )
    return reading


def take_reading(by: Grant, uid: UUID) -> Reading:
    """Take in what was not left out: entries of the watchlist from now on, all of them or none. Raises Refused."""
    with transaction.atomic():
        reading = _waiting(by, uid)
        said = [Said(row.reference, row.body, row.tlp, row.ended) for row in reading.subjects.filter(left_out=False)]
        counts = take_foreign(by, terms_of(reading.source), cast("Format", reading.format), said, whole=reading.whole)
        for name, count in counts.items():
            setattr(reading, name, count)
        _decide(reading, Reading.State.TAKEN, by.actor_id)
        append("reading_taken", by, str(uid), {"source": reading.source_id} | counts)
    return reading


def discard_reading(by: Grant, uid: UUID) -> Reading:
    """Use nothing of a reading. Raises Refused."""
    with transaction.atomic():
        reading = _waiting(by, uid)
        _decide(reading, Reading.State.DISCARDED, by.actor_id)
        append("reading_discarded", by, str(uid), {"source": reading.source_id})
    return reading


def leave_out(by: Grant, uid: UUID, subject: int, *, out: bool) -> None:
    """Leave one subject out of what is taken in, or put it back. Raises Refused."""
    with transaction.atomic():
        reading = _waiting(by, uid)
        row = reading.subjects.filter(pk=subject).first()
        if row is None:
            raise Refused(Fault("not_in_list", "subject"))
        row.left_out = out
        row.save(update_fields=["left_out"])
        append("subject_left_out" if out else "subject_put_back", by, str(uid), {"reference": row.reference})


def open_reading(by: Grant, uid: UUID) -> Reading | None:
    """One reading; the ledger keeps who opened it."""
    by.check(Permission.WATCHLIST_LIST_READ)
    reading = Reading.objects.select_related("source").filter(pk=uid, source__purpose=by.purpose).first()
    if reading is not None:
        with transaction.atomic():
            append("reading_opened", by, str(uid), {"source": reading.source_id})
    return reading


def refused_of(unreadable: Unreadable) -> Refused:
    """A file that is not read, as a fault of the form's field."""
    where = f"{unreadable.path}: " if unreadable.path else ""
    return Refused(Fault(unreadable.code, "file", f"{where}{unreadable.detail}"[:200].rstrip(": ")))


def _source(by: Grant, code: str) -> Source:
    source = source_of(code)
    by.check_purpose(source.purpose)
    return source


def _waiting(by: Grant, uid: UUID) -> Reading:
    by.check(Permission.WATCHLIST_LIST_IMPORT)
    reading = Reading.objects.select_for_update(of=("self",)).select_related("source").filter(pk=uid).first()
    if reading is None or reading.state != Reading.State.WAITING:
        raise Refused(Fault("reading_is_closed", "reading"))
    _source(by, reading.source_id)
    return reading


def _decide(reading: Reading, state: str, by: str) -> None:
    reading.state, reading.decided_by, reading.decided_at = state, by, timezone.now()
    reading.save()
    reading.subjects.all().delete()


def expire_readings(by: Author, at: dt.datetime) -> None:
    """Discard what waited too long: nobody's data lie here unread (rule R9)."""
    for old in Reading.objects.filter(state=Reading.State.WAITING, at__lt=at - WAITS):
        with transaction.atomic():
            _decide(old, Reading.State.EXPIRED, by.actor_id)
            append("reading_discarded", by, str(old.pk), {"source": old.source_id})


EACH_MINUTE.append(expire_readings)


# What was found, as rows ----------------------------------------------------------------------------------------------


def _subjects(source: Source, format_: str, found: Found) -> tuple[list[ReadSubject], list[Lost]]:
    rows, lost, seen = [], list(found.lost), set()
    terms = terms_of(source)
    for subject in found.subjects:
        said = _said(subject)
        if subject.reference in seen:
            lost.append(Lost(subject.reference, Why.SAID_TWICE))
            continue
        try:
            listing_of(terms, cast("Format", format_), said)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            lost.append(Lost(f"{subject.reference}: {'.'.join(map(str, first['loc']))}", Why.WRONG_FORM))
            continue
        seen.add(subject.reference)
        rows.append(ReadSubject(reference=said.reference, body=said.body, tlp=said.tlp, ended=said.ended))
    return rows, lost


def _said(subject: Subject) -> Said:
    body: dict[str, Any] = {
        "subject": subject.facts(),
        "said": [{"what": what, "text": text} for what, text in subject.said],
        "said_at": subject.said_at.isoformat() if subject.said_at else None,
    }
    return Said(subject.reference, body, subject.tlp, subject.ended)


def _standing(signed: Signed) -> ReadStatement:
    """What a statement inside a file is to this node. Raises Refused: a forged one makes the whole file suspect."""
    data = read_statement(signed.statement)
    row = ReadStatement(uid=data["id"], version=data["version"], kind=data["kind"], origin=data["origin"])
    if Record.objects.filter(hash=sha256(signed.statement)).exists():
        row.standing = ReadStatement.Standing.HELD
        return row
    try:
        arrivals.check(signed.statement, signed.key, signed.signature, signed.cosignature)
    except Refused as refused:
        if not refused.faults[0].code.startswith("key_"):
            raise
        row.standing = ReadStatement.Standing.KEY_REFUSED
    else:
        row.standing = ReadStatement.Standing.GENUINE
    return row
