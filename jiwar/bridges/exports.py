"""Records as files of a foreign format, for a recipient that is named; what may not leave leaves in no file."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import get_language

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.bridges.leaving import OPEN, kinds_about, may_leave, say, statement_of
from jiwar.bridges.logic import ftm, misp, stix
from jiwar.bridges.logic.leaving import CODES
from jiwar.bridges.logic.lost import Lost, losses
from jiwar.bridges.logic.statement import Say, Statement, Written
from jiwar.bridges.readers import Recipient
from jiwar.records.queries import newest_version
from jiwar.records.reading import readable
from jiwar.records.services import Record
from jiwar.records.words import word
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.strict_json import canonical

MOST = 500
"""Records in one file."""
MEDIA_TYPES = {"ftm": "application/x-ndjson", "misp": "application/json", "stix": "application/stix+json;version=2.1"}
WRITERS: Mapping[str, Callable[[Statement, Say], Written]] = {
    "ftm": ftm.write,
    "misp": misp.write,
    "stix": stix.write,
}


@dataclass(frozen=True, slots=True)
class Export:
    """A file. `lost` by record: what a reader of the format finds in the signed statement alone, or in text alone."""

    data: bytes
    media_type: str
    file_name: str
    lost: Mapping[UUID, tuple[Lost, ...]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would leave: `code` is OPEN, or why the record may not."""

    uid: UUID
    kind: str
    version: int
    code: str
    lost: tuple[Lost, ...]


def preview(by: Grant, uid: UUID, format_: str, to: Recipient) -> Preview | None:
    """Whether and with what losses a record would leave; None where the asker may not know of it."""
    record = _readable(by, uid, to)
    if record is None or format_ not in WRITERS:
        return None
    code = may_leave(record, to, by.actor)
    lost = _lost(_written(format_, [record])[0]) if code == OPEN else ()
    return Preview(record.uid, record.kind, record.version, code, lost)


def export(by: Grant, uids: Sequence[UUID], format_: str, to: Recipient) -> Export:
    """Write records into one file, all or none. Raises AccessRefused, or Refused with each record and its reason."""
    if format_ not in WRITERS:
        raise Refused(Fault("not_in_list", "format"))
    if not uids:
        raise Refused(Fault("missing", "uid"))
    if len(uids) > MOST:
        raise Refused(Fault("too_many", "uid"))
    records, faults = [], []
    for uid in dict.fromkeys(uids):
        record = _readable(by, uid, to)
        if record is None:
            faults.append(Fault("record_unknown", "uid", str(uid)))
        elif (code := may_leave(record, to, by.actor)) != OPEN:
            # A recipient's program learns nothing of what it may not have, not even that it is there.
            unknown = by.via == "api" and not to.ours
            faults.append(Fault("record_unknown", "uid", str(uid)) if unknown else _fault(code, uid))
        else:
            records.append(record)
    if faults:
        raise Refused(*faults)
    written = _written(format_, records)
    data = _file(format_, written)
    digest = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        for record in records:
            detail = {"format": format_, "to": to.code, "version": record.version, "sha256": digest}
            append("record_exported", by, str(record.uid), detail)
    name = f"{records[0].kind}-{records[0].uid}" if len(records) == 1 else f"records-{digest[:12]}"
    lost = {record.uid: _lost(one) for record, one in zip(records, written, strict=True)}
    return Export(data, MEDIA_TYPES[format_], f"{name}.{format_}.json", lost)


def _readable(by: Grant, uid: UUID, to: Recipient) -> Record | None:
    """The newest version, where it may be asked for: by who may read it, or by a recipient to whom it may leave."""
    by.check(Permission.BRIDGES_RECORD_EXPORT)
    record = newest_version(uid)
    if record is None:
        return None
    # A recipient's program holds no permission to read; `may_leave` alone decides, and tells it nothing but no.
    return record if readable([record], by.actor) or (by.via == "api" and not to.ours) else None


def _written(format_: str, records: Sequence[Record]) -> list[tuple[Statement, Written]]:
    about = kinds_about(records)
    statements = [statement_of(record, about.get(record.about, "")) for record in records]
    return [(statement, WRITERS[format_](statement, say)) for statement in statements]


def _file(format_: str, written: Sequence[tuple[Statement, Written]]) -> bytes:
    objects = [thing for _, one in written for thing in one.objects]
    if format_ == "ftm":
        return ftm.file_of(objects)
    origins = [statement.origin for statement, _ in written]
    return canonical(misp.file_of(objects) if format_ == "misp" else stix.bundle(objects, origins))


def _lost(one: tuple[Statement, Written]) -> tuple[Lost, ...]:
    statement, written = one
    return losses(statement.told, written.native, written.as_text)


def _fault(code: str, uid: UUID) -> Fault:
    why = word("leaving" if code in CODES else "verdict", code, get_language() or "en")
    return Fault("may_not_leave", "uid", f"{uid}: {why}")
