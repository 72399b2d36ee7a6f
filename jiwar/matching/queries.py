"""Reads of blind matches: whom one may ask, what is under way, what waits for whom, what neighbours may ask."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.access.waiting import Waiting
from jiwar.identity.queries import neighbours
from jiwar.matching.logic.key_types import KeyType, Mode, a_day
from jiwar.matching.models import Allowance, Hit, Inquiry, KeyList, Question


def whom_to_ask() -> list[str]:
    """National nodes of other states; one query."""
    nodes = neighbours().filter(role="national").exclude(state=settings.NODE.state)
    return list(nodes.order_by("code").values_list("code", flat=True))


def questions(by: Grant) -> QuerySet[Question]:
    """What was asked for the reader's purpose, newest first."""
    return Question.objects.filter(purpose=str(by.purpose))


def inquiries(by: Grant) -> QuerySet[Inquiry]:
    """What neighbours asked whole for the reader's purpose, newest first."""
    return Inquiry.objects.filter(purpose=str(by.purpose)).exclude(state=Inquiry.State.ARRIVING)


def hits(of: Question | Inquiry) -> QuerySet[Hit]:
    """The keys that both states hold."""
    return of.found.all()


def lists_to_ask_with(by: Grant) -> list[KeyList]:
    """Lists of own keys that a question may be asked with, for the reader's purpose."""
    return list(KeyList.objects.filter(purpose=str(by.purpose), valid_until__gte=timezone.now().date()))


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one neighbour may ask about one type in a day, and how much of it it used today (UTC)."""

    key_type: KeyType
    online: int
    bulk: int
    by_hand: bool
    online_used: int
    bulk_used: int
    refused: int


def allowances(node: str) -> list[Allowed]:
    """Every type, for one neighbour; two queries."""
    start = day_of(timezone.now())
    set_ = {row.key_type: row for row in Allowance.objects.filter(node=node)}
    today = Inquiry.objects.filter(node=node, answered_at__gte=start).order_by()
    used = {
        (key_type, mode, state): count
        for key_type, mode, state, count in today.values_list("key_type", "mode", "state").annotate(Sum("count"))
    }
    answered, refused = Inquiry.State.ANSWERED, Inquiry.State.REFUSED
    return [
        Allowed(
            key_type,
            set_[key_type].online_a_day if key_type in set_ else a_day(key_type, Mode.ONLINE),
            set_[key_type].bulk_a_day if key_type in set_ else a_day(key_type, Mode.BULK),
            key_type in set_ and set_[key_type].by_hand,
            used.get((key_type, Mode.ONLINE, answered), 0),
            used.get((key_type, Mode.BULK, answered), 0),
            sum(used.get((key_type, mode, refused), 0) for mode in Mode),
        )
        for key_type in KeyType
    ]


def allowed(node: str, key_type: str, mode: str) -> int:
    """Keys of a type that a neighbour may ask about in a day."""
    row = Allowance.objects.filter(node=node, key_type=key_type).first()
    if row is None:
        return a_day(KeyType(key_type), Mode(mode))
    return row.bulk_a_day if mode == Mode.BULK else row.online_a_day


def asked_today(node: str, key_type: str, mode: str) -> int:
    """Keys of a type that a neighbour was answered about today (UTC)."""
    there = Inquiry.objects.filter(
        node=node,
        key_type=key_type,
        mode=mode,
        state=Inquiry.State.ANSWERED,
        answered_at__gte=day_of(timezone.now()),
    )
    return there.aggregate(used=Sum("count"))["used"] or 0


def day_of(now: dt.datetime) -> dt.datetime:
    """When the day of quotas began: midnight UTC, the same for both sides."""
    return now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for this person, counted, for the home page."""
    found = []
    if actor.may(Permission.MATCHING_REQUEST_ANSWER):
        count = Inquiry.objects.filter(state=Inquiry.State.WAITING).count()
        found.append(Waiting("match_inquiries", count, reverse("matching")))
    if actor.may(Permission.MATCHING_REQUEST_MAKE):
        mine = Question.objects.filter(asked_by=actor.id, seen=False, ended_at__isnull=False)
        found.append(Waiting("match_results", mine.count(), reverse("matching")))
    return [item for item in found if item.count]
