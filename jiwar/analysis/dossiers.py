"""The analyst's search and the dossier of one subject: lawful, bounded, and in the ledger."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.analysis.logic.facts import Fact, Source, name_of, side_by_side
from jiwar.analysis.logic.timeline import Event, dates_in, newest_first
from jiwar.audit.services import append
from jiwar.identity.roles import Clearance
from jiwar.records.reading import content_of, is_shown
from jiwar.records.services import Record
from jiwar.watchlist.finding import Narrow, by_reference, find
from jiwar.watchlist.resolution import together
from jiwar.watchlist.screening import Match, Query, Screening
from jiwar.watchlist.subject_queries import entries, hits_of, records_of, said_about
from jiwar.wire.faults import Fault, Refused

P = Permission
MOST_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate of a search with where it and what is together with it are from, and what is told of them here."""

    match: Match
    sources: tuple[Source, ...]
    type: str
    hits: int
    sightings: int


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: `screening` as a desk gets it, and its candidates with their provenance."""

    screening: Screening
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is held about one subject. `sources` by their number from 1; `names` and `facts` are empty where nothing
    of it is in force. `cut`: more events are held than stand in `events`."""

    uid: UUID
    name: str
    type: str
    protected: str
    alert_type: str
    together: tuple[UUID, ...]
    sources: tuple[Source, ...]
    facts: tuple[Fact, ...]
    events: tuple[Event, ...]
    cut: bool

    @property
    def of_subject(self) -> tuple[Source, ...]:
        """The alerts and listings among the sources."""
        return tuple(source for source in self.sources if source.what not in {"hit", "sighting", "outcome", "refusal"})


def search(by: Grant, query: Query, narrow: Narrow, *, channel: str = "analysis", reason: str = "") -> Found:
    """Whom of everything held here a question may mean. Raises as `finding.find`; up to eight queries more."""
    screening = find(by, query, narrow, channel=channel, reason=reason)
    held = entries(each.record_uid for match in screening.candidates for each in (match, *match.others))
    said = said_about(by.actor, held) if held else []
    rows = []
    for match in screening.candidates:
        own = [held[each.record_uid] for each in (match, *match.others) if each.record_uid in held]
        if own:
            sources = tuple(source_of(number, entry.record) for number, entry in enumerate(own, 1))
            about = {entry.uid for entry in own}
            seen = Counter(record.kind for record in said if record.about in about and content_of(record))
            rows.append(Row(match, sources, own[0].facts["type"], seen["alert.hit"], seen["sighting"]))
    return Found(screening, tuple(rows))


@dataclass(frozen=True, slots=True)
class Named:
    """A record that a reference named. `name` is empty where it is in force no longer; `used`: screening finds it."""

    uid: UUID
    name: str
    type: str
    source: Source
    used: bool


def look_up(by: Grant, reference: str) -> list[Named]:
    """The records that a reference or an identifier names, in force or not. Raises as `finding.by_reference`."""
    found = []
    for number, entry in enumerate(by_reference(by, reference), 1):
        source = source_of(number, entry.record)
        facts = entry.facts if entry.active and source.standing == "in_force" else {}
        name = str((facts.get("names") or [{}])[0].get("text", ""))
        found.append(Named(entry.uid, name, str(facts.get("type", "")), source, bool(facts) and entry.complete))
    return found


def open_dossier(by: Grant, uid: UUID) -> Dossier | None:
    """All that is held about the subject of a record, or None where the reader may know of none; the ledger keeps it.

    Raises AccessRefused, or Refused without a case (rule R7). At most twenty queries.
    """
    check(by, P.ANALYSIS_SUBJECT_READ)
    dossier = read(by, uid)
    if dossier is not None:
        with transaction.atomic():
            append("dossier_read", by, str(uid), {"records": [source.uid for source in dossier.sources]})
    return dossier


def check(by: Grant, permission: Permission) -> None:
    """The grant must be for this act, with a purpose and a case."""
    by.check(permission)
    if not by.case and settings.NODE.role != "post":
        raise Refused(Fault("case_missing", "case"))


def read(by: Grant, uid: UUID) -> Dossier | None:
    """The dossier, without a leaf: for acts that leave their own."""
    as_one = together([uid], cleared=by.actor.clearance is Clearance.COVERT)
    held = records_of(by, [uid, *as_one])
    if uid not in held:
        return None
    held = {uid: held.pop(uid), **held}
    said = said_about(by.actor, held)
    numbers = count(1)
    sources = {rows[0].uid: source_of(next(numbers), rows[0]) for rows in held.values()}
    sources |= {record.uid: source_of(next(numbers), record) for record in said if record.kind != "record.withdrawal"}
    bodies = {
        key: content_of(rows[0]).get("body", {}) for key, rows in held.items() if _standing(rows[0]) == "in_force"
    }
    events = newest_first(_events(held, said, sources, bodies))
    subject: Mapping[str, Any] = next((body["subject"] for body in bodies.values()), {})
    return Dossier(
        uid=uid,
        name=name_of(list(bodies.values())),
        type=subject.get("type", ""),
        protected=next((body["protected"] for body in bodies.values() if body.get("protected")), ""),
        alert_type=next((source.alert_type for source in sources.values() if source.alert_type), ""),
        together=tuple(held),
        sources=tuple(sources.values()),
        facts=side_by_side((sources[key].number, body) for key, body in bodies.items()),
        events=events[:MOST_EVENTS],
        cut=len(events) > MOST_EVENTS,
    )


def _standing(record: Record) -> str:
    """Its state; one whose time has run out is expired, though the duty that ends it is still to come."""
    return record.state if record.state != Record.State.IN_FORCE or is_shown(record) else Record.State.EXPIRED


def source_of(number: int, record: Record) -> Source:
    """A record as provenance; says nothing of anybody."""
    content = record.data["content"]
    body = content_of(record).get("body", {})
    grading = content["grading"]
    return Source(
        number=number,
        uid=str(record.uid),
        kind=record.kind,
        what=_what(record),
        title=str(body.get("list") or body.get("source_title") or ""),
        reference=str(body.get("reference") or ""),
        state=record.origin,
        node=record.node,
        version=record.version,
        standing=_standing(record),
        purpose=record.purpose,
        legal_basis=content["legal_basis"],
        issued_at=record.issued_at,
        valid_until=record.valid_until,
        review_on=record.review_on,
        grading=f"{grading['source']}{grading['information']}",
        tlp=record.tlp,
        onward=record.onward,
        restrictions=tuple(content["handling"]["restrictions"]),
        alert_type=str(body.get("type") or "") if "rights_screen" in body else "",
        action=str(body.get("action") or ""),
        protected=str(body.get("protected") or ""),
    )


WHAT = {
    "alert.hit": "hit",
    "alert.refusal": "refusal",
    "case.outcome": "outcome",
    "listing.foreign": "foreign_list",
    "listing.person": "public_list",
    "listing.entity": "public_list",
    "sighting": "sighting",
}


def _what(record: Record) -> str:
    return WHAT.get(record.kind) or ("own_alert" if record.origin == settings.NODE.state else "received_alert")


# What happened --------------------------------------------------------------------------------------------------------


def _events(
    held: Mapping[UUID, list[Record]],
    said: Iterable[Record],
    sources: Mapping[UUID, Source],
    bodies: Mapping[UUID, Mapping[str, Any]],
) -> Iterable[Event]:
    for key, rows in held.items():
        number = sources[key].number
        yield from dates_in(number, bodies.get(key, {}))
        for row in rows:
            yield Event(_moment(row.issued_at), "issued" if row.version == 1 else "amended", number, who=row.node)
        if rows[0].state == Record.State.EXPIRED and rows[0].state_changed_at:
            yield Event(_moment(rows[0].state_changed_at), "expired", number, who=rows[0].node)
    cases = hits_of(held)
    for record in said:
        body, target = content_of(record).get("body", {}), sources.get(record.about)
        if record.kind == "record.withdrawal" and target and record.origin == target.state:
            yield Event(_moment(record.issued_at), "withdrawn", target.number, who=record.node)
        elif record.uid in sources:
            yield from _told(record, body, sources[record.uid].number, cases)


def _told(record: Record, body: Mapping[str, Any], number: int, cases: Mapping[UUID, Any]) -> Iterable[Event]:
    at = _moment(dt.datetime.fromisoformat(body["at"]) if body.get("at") else record.issued_at)
    where = ", ".join(filter(None, (body.get("place"), body.get("country"))))
    if record.kind == "alert.hit":
        taken = ("action_taken", body["action_taken"]) if body else None
        hit = cases.get(record.uid)
        case = hit.case if hit else None
        who = body.get("reported_by") or record.node
        yield Event(at, "hit", number, where, who, taken, str(case.pk) if case else "")
        if case:
            yield Event(_moment(case.opened_at), "case_opened", number, who=settings.NODE.code, case=str(case.pk))
            if case.closed_at:
                yield Event(_moment(case.closed_at), "case_closed", number, who=settings.NODE.code, case=str(case.pk))
    elif record.kind == "sighting" and body:
        # One that was withdrawn or has run out says nothing; where somebody was is soon of no use.
        point = [f"{body[name]:.4f}" for name in ("latitude", "longitude") if body.get(name) is not None]
        yield Event(at, "sighted", number, where or ", ".join(point), record.node, note=body.get("seen") or "")
    elif record.kind == "case.outcome":
        yield Event(at, "outcome", number, who=record.node, detail=("outcome", body["outcome"]) if body else None)
    elif record.kind == "alert.refusal":
        ground = ("refusal_ground", body["ground"]) if body else None
        yield Event(at, "refused", number, who=record.node, detail=ground)


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds")
