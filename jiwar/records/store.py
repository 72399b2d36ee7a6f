"""Storing signed statements, one or many: rows, what they replace, what their kinds make of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from jiwar.records.content import Content
from jiwar.records.kinds import KINDS, WITHDRAWAL, Kind
from jiwar.records.models import Record
from jiwar.records.statement import sha256


@dataclass(frozen=True, slots=True)
class New:
    """A statement to store. `data`: its members; `content`: read, None of a kind that this program does not know.

    `keep_until`: an agreement lets us use it no longer than so. `fresh`: nothing of its id can be held yet.
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
    fresh: bool = False


def store(news: Sequence[New]) -> list[Record]:
    """Store statements of different ids in the caller's transaction, with their kinds' projections.

    Four queries at most for all of them, and what the projections ask.
    """
    now = timezone.now()
    records = Record.objects.bulk_create([_row(new, now) for new in news])
    asked = [record.uid for record, new in zip(records, news, strict=True) if not new.fresh]
    others: dict[UUID, list[Record]] = defaultdict(list)
    withdrawn: set[tuple[UUID, str]] = set()
    if asked:
        own = {record.pk for record in records}
        for other in Record.objects.filter(uid__in=asked).exclude(pk__in=own):
            others[other.uid].append(other)
        rows = Record.objects.filter(kind=WITHDRAWAL.name, about__in=asked)
        withdrawn = set(rows.values_list("about", "origin"))
    for record, new in zip(records, news, strict=True):
        # A withdrawal may come before what it withdraws, and a correction before what it corrects.
        newer = any(other.version > record.version for other in others[record.uid])
        for other in others[record.uid]:
            if other.version < record.version and other.state == Record.State.IN_FORCE:
                retire(other, Record.State.SUPERSEDED)
        if newer:
            retire(record, Record.State.SUPERSEDED)
        elif new.kind and (record.uid, record.origin) in withdrawn:
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
