"""Reads of subjects for rooms above: what this node holds about them, as far as the reader may know."""

from collections.abc import Iterable
from uuid import UUID

from jiwar.access.policy import Actor, Grant
from jiwar.records.kinds import KINDS
from jiwar.records.queries import about, versions
from jiwar.records.reading import is_for, readable
from jiwar.records.services import Record
from jiwar.watchlist.models import Entry, Hit
from jiwar.watchlist.standing import in_force

ABOUT = ("alert.hit", "alert.refusal", "record.withdrawal", "sighting")
"""What is said about an alert or a listing."""


def entries(uids: Iterable[UUID]) -> dict[UUID, Entry]:
    """Entries in force with their records; one query. For what a search found: it told only what may be known."""
    return {row.uid: row for row in Entry.objects.filter(in_force(), uid__in=list(uids)).select_related("record")}


def records_of(by: Grant, uids: Iterable[UUID]) -> dict[UUID, list[Record]]:
    """Every version of the alerts and listings of these uids that the reader may know of, the newest first.

    A version that is withheld from her hides what came before it (rule R5); what its origin restricts to another
    purpose is left out (rule R10). At most seven queries.
    """
    found: dict[UUID, list[Record]] = {}
    for record in versions(uids):
        if is_subject(record):
            found.setdefault(record.uid, []).append(record)
    told = {record.pk for record in readable([row for rows in found.values() for row in rows], by.actor)}
    known: dict[UUID, list[Record]] = {}
    for uid, rows in found.items():
        if not is_for(rows[-1], by.purpose):
            continue
        for row in reversed(rows):
            if row.pk not in told:
                break
            known.setdefault(uid, []).append(row)
    return known


def is_subject(record: Record) -> bool:
    """Whether a record says who or what is listed."""
    kind = KINDS.get((record.kind, record.kind_version))
    return kind is not None and "subject" in kind.body.model_fields


def said_about(actor: Actor, uids: Iterable[UUID]) -> list[Record]:
    """Hits, sightings, refusals and withdrawals of these alerts and listings, and outcomes of the hits; at most eight
    queries."""
    first = list(about(uids, ABOUT))
    outcomes = list(about([row.uid for row in first if row.kind == "alert.hit"], ("case.outcome",)))
    return readable([*first, *outcomes], actor)


def hits_of(uids: Iterable[UUID]) -> dict[UUID, Hit]:
    """The hits on alerts of these uids with their cases, by the uid of the hit's record; one query."""
    rows = Hit.objects.filter(alert__uid__in=list(uids)).select_related("case")
    return {row.uid: row for row in rows}
