"""Reads of sources, readings and readers."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor
from jiwar.access.waiting import Waiting
from jiwar.bridges.models import Reader, Reading, ReadLine, ReadStatement, ReadSubject, Source
from jiwar.identity.directory import agencies

__all__ = ["Side", "lines", "readings", "sides", "sources", "statements", "subjects", "waiting"]


@dataclass(frozen=True, slots=True)
class Side:
    """An agency, and what an approver said of its programs: None where nobody did, or where it was ended."""

    code: str
    name: str
    reader: Reader | None


def sources() -> QuerySet[Source]:
    """All sources by code, each with `waiting`, the readings that nobody has decided on. One query."""
    waits = Count("readings", filter=Q(readings__state=Reading.State.WAITING))
    return Source.objects.select_related("writer").annotate(waiting=waits)


def readings(source: str = "") -> QuerySet[Reading]:
    """Readings, the newest first; of one source where it is named."""
    found = Reading.objects.select_related("source")
    return found.filter(source=source) if source else found


def subjects(reading: Reading) -> QuerySet[ReadSubject]:
    """What waits in a reading, in the order of the file."""
    return reading.subjects.all()


def statements(reading: Reading) -> QuerySet[ReadStatement]:
    """The signed statements that travelled inside."""
    return reading.statements.all()


def lines(reading: Reading) -> QuerySet[ReadLine]:
    """What was not understood, in the order in which it was met."""
    return reading.lines.all()


def sides() -> list[Side]:
    """Every agency with what was said of its programs; two queries."""
    said: Iterable[Reader] = Reader.objects.filter(ended_at=None).select_related("confirmed_by")
    by_agency = {reader.agency_id: reader for reader in said}
    return [Side(agency.code, agency.name, by_agency.get(agency.code)) for agency in agencies()]


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page."""
    if not actor.may(Permission.WATCHLIST_LIST_IMPORT):
        return []
    count = Reading.objects.filter(state=Reading.State.WAITING).count()
    return [Waiting("readings_waiting", count, reverse("bridges"))] if count else []
