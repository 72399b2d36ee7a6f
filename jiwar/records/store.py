"""Storing signed statements, one or many: rows, what they replace, what their kinds make of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from jiwar.records.content import Content
from jiwar.records.kinds import KINDS, WITHDRAWAL, Kind
from jiwar.records.models import Record
from jiwar.records.statement import sha256
from jiwar.sql import identifier, insert_all, marks, rows

_ANY_HELD = (
    "SELECT EXISTS (SELECT 1 FROM records_record WHERE uid IN ({0}))"
    " OR EXISTS (SELECT 1 FROM records_record WHERE about IN ({0}))"
)


@dataclass(frozen=True, slots=True)
class New:
    """A statement to store. `data`: its members; `content`: read, None of a kind that this program does not know.

    `keep_until`: an agreement lets us use it no longer than so.
    """

    statement: bytes
    data: dict[str, Any]
    key: str
    signature: str
    cosignature: str
    kind: Kind | None
    content: Content | None
    delivered_by: str = ""
    keep_until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What is held about some ids: versions by id, and who withdrew which (id and origin)."""

    versions: Mapping[UUID, Sequence[Record]] = field(default_factory=dict)
    withdrawn: Collection[tuple[UUID, str]] = ()


def held_of(uids: Collection[UUID]) -> Held:
    """What is held about records of these ids. One query, and one more where anything is."""
    versions: dict[UUID, list[Record]] = defaultdict(list)
    withdrawn = set()
    if not uids or not _any_held(uids):
        return Held()
    for record in Record.objects.filter(Q(uid__in=uids) | Q(kind=WITHDRAWAL.name, about__in=uids)):
        if record.uid in uids:
            versions[record.uid].append(record)
        if record.about is not None and record.kind == WITHDRAWAL.name:
            withdrawn.add((record.about, record.origin))
    return Held(versions, withdrawn)


def _any_held(uids: Collection[UUID]) -> bool:
    """In SQL: of a message that is new, which most are, this is all that is asked."""
    ids = [identifier(uid) for uid in uids]
    return bool(rows(_ANY_HELD.format(marks(ids)), [*ids, *ids])[0][0])


def store(news: Sequence[New], held: Held) -> list[Record]:
    """Store statements of different ids in the caller's transaction, with their kinds' projections.

    `held`: what is held about their ids. One query for all of them, and what the projections ask.
    """
    now = timezone.now()
    records = [_row(new, now) for new in news]
    insert_all(records)
    withdrawn = {*held.withdrawn, *((each.about, each.origin) for each in records if each.kind == WITHDRAWAL.name)}
    for record, new in zip(records, news, strict=True):
        # A withdrawal may come before what it withdraws, and a correction before what it corrects.
        others = held.versions.get(record.uid, ())
        newer = any(other.version > record.version for other in others)
        for other in others:
            if other.version < record.version and other.state == Record.State.IN_FORCE:
                retire(other, Record.State.SUPERSEDED)
        if newer:
            retire(record, Record.State.SUPERSEDED)
        elif (record.uid, record.origin) in withdrawn:
            retire(record, Record.State.WITHDRAWN)
        elif record.valid_until <= now:
            retire(record, Record.State.EXPIRED)
        elif new.kind and new.content:
            project(record, new.kind, new.content)
    return records


def retire(record: Record, state: str) -> None:
    """End the use of a record here and now; `state` is a `Record.State`."""
    if record.state not in {Record.State.IN_FORCE, Record.State.NOT_UNDERSTOOD}:
        return
    record.state, record.state_changed_at = state, timezone.now()
    record.save(update_fields=["state", "state_changed_at"])
    if kind := KINDS.get((record.kind, record.kind_version)):
        for retirement in kind.retirements:
            retirement(record)


def project(record: Record, kind: Kind, content: Content) -> None:
    """Let the record's kind make of it what the domain's tables hold."""
    for projection in kind.projections:
        projection(record, content)


def _row(new: New, now: dt.datetime) -> Record:
    data = new.data
    terms = data["content"]
    valid_until = dt.datetime.fromisoformat(terms["valid_until"])
    record = Record(
        uid=UUID(data["id"]),
        version=data["version"],
        kind=data["kind"],
        kind_version=data["kind_version"],
        origin=data["origin"],
        node=data["node"],
        purpose=terms["purpose"],
        tlp=terms["handling"]["tlp"],
        onward=terms["handling"]["onward"],
        issued_at=dt.datetime.fromisoformat(data["issued_at"]),
        valid_until=min(valid_until, new.keep_until) if new.keep_until else valid_until,
        review_on=dt.date.fromisoformat(terms["review_on"]),
        about=_about(terms),
        statement=new.statement.decode(),
        hash=sha256(new.statement),
        signing_key=new.key,
        signature=new.signature,
        cosignature=new.cosignature,
        received_from=new.delivered_by,
        state=Record.State.IN_FORCE if new.kind else Record.State.NOT_UNDERSTOOD,
        stored_at=now,
    )
    record.__dict__["data"] = data  # parsed already
    return record


def _about(content: dict[str, Any]) -> UUID | None:
    body = content.get("body")
    try:
        return UUID(body["target"]) if isinstance(body, dict) and "target" in body else None
    except (TypeError, ValueError, AttributeError):
        return None
