"""Reads of the room: the desk as it stands, and the crossings that an actor may see."""

import datetime as dt
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.access.waiting import Waiting
from jiwar.crossings.logic.desk import Candidate, Outcome
from jiwar.crossings.logic.traveller import Traveller
from jiwar.crossings.models import Crossing, Screened
from jiwar.exchange.queries import links


def traveller_of(row: Screened) -> Traveller:
    """Who stands at the desk."""
    return Traveller.of_dict(row.traveller)


def candidates_of(row: Screened) -> list[Candidate]:
    """The candidates as they were found, ranked."""
    return [Candidate.of_dict(data) for data in row.candidates]


def outcomes_of(row: Screened) -> dict[str, Outcome]:
    """What was said about each candidate so far, by its uid."""
    return {uid: Outcome.of_dict(data) for uid, data in row.outcomes.items()}


def screened(actor: Actor, pk: UUID) -> Screened | None:
    """A screening on this actor's own desk."""
    return Screened.objects.filter(pk=pk, officer=actor.id).first()


def open_screenings(actor: Actor) -> QuerySet[Screened]:
    """What this actor has on the desk without a crossing, newest first."""
    return Screened.objects.filter(officer=actor.id, at__gte=timezone.now() - dt.timedelta(hours=24))


def crossings(by: Grant) -> QuerySet[Crossing]:
    """Crossings that this node holds: a post's own, a national node's of all its posts."""
    if by.permission != Permission.CROSSINGS_CROSSING_READ:
        return Crossing.objects.none()
    rows = Crossing.objects.select_related("record")
    return rows.filter(post=settings.NODE.code) if settings.NODE.role == "post" else rows


def recorded_today() -> int:
    """Crossings that this node recorded since midnight."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Crossing.objects.filter(post=settings.NODE.code, at__gte=midnight).count()


def contacts() -> list[tuple[str, dict[str, str]]]:
    """Whom a post calls about a referral: the contact point of its state, by name."""
    return [(link.name, link.contact) for link in links() if link.code == settings.NODE.state and link.contact]


def waiting(actor: Actor) -> list[Waiting]:
    """Screenings with no crossing yet: somebody may still stand at the desk."""
    if not actor.may(Permission.CROSSINGS_CROSSING_RECORD):
        return []
    from django.urls import reverse

    count = open_screenings(actor).count()
    return [Waiting("screening_open", count, reverse("screening"))] if count else []
