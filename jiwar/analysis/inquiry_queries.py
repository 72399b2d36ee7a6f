"""Reads of questions on subjects: what we asked, what neighbours asked, how much they may ask in a day."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.access.waiting import Waiting
from jiwar.analysis.models import Asked, Inquiry, Quota, Received
from jiwar.identity.queries import neighbours

A_DAY = 200
"""Questions that a neighbour is answered in a day, unless this state says otherwise."""
_OVER = (Asked.State.HIT, Asked.State.NO_HIT, Asked.State.REFUSED)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one neighbour may ask in a day, and how much of it it asked today (UTC)."""

    node: str
    a_day: int
    used: int


def whom_to_ask() -> list[str]:
    """National nodes of other states; one query."""
    nodes = neighbours().filter(role="national").exclude(state=settings.NODE.state)
    return list(nodes.order_by("code").values_list("code", flat=True))


def inquiries(by: Grant) -> QuerySet[Inquiry]:
    """What was asked for the reader's purpose, newest first."""
    return Inquiry.objects.filter(purpose=str(by.purpose)).prefetch_related("asked")


def received(by: Grant) -> QuerySet[Received]:
    """What neighbours asked for the reader's purpose, newest first."""
    return Received.objects.filter(purpose=str(by.purpose)).select_related("record")


def allowed(node: str) -> int:
    """Questions that a neighbour is answered in a day."""
    row = Quota.objects.filter(node=node).first()
    return A_DAY if row is None else row.a_day


def answered_today(node: str) -> int:
    """Questions that a neighbour was answered today (UTC)."""
    start = day_of(timezone.now())
    return Received.objects.filter(node=node, state=Received.State.ANSWERED, answered_at__gte=start).count()


def quotas() -> list[Allowed]:
    """Every neighbour; three queries."""
    start = day_of(timezone.now())
    today = Received.objects.filter(state=Received.State.ANSWERED, answered_at__gte=start).order_by()
    used = dict(today.values_list("node").annotate(Count("pk")))
    set_ = dict(Quota.objects.values_list("node", "a_day"))
    return [Allowed(node, set_.get(node, A_DAY), used.get(node, 0)) for node in whom_to_ask()]


def day_of(now: dt.datetime) -> dt.datetime:
    """When the day of quotas began: midnight UTC, the same for both sides."""
    return now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def waiting(actor: Actor) -> list[Waiting]:
    """Answers that came to this person's questions and that she has not seen."""
    if not actor.may(Permission.ANALYSIS_INQUIRY_ASK):
        return []
    new = Asked.objects.filter(inquiry__asked_by=actor.id, state__in=_OVER, seen=False)
    urgent = new.filter(inquiry__urgent=True).exists()
    return [Waiting("inquiry_answers", new.count(), reverse("inquiries"), urgent=urgent)]
