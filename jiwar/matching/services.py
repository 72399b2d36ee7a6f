"""What this room does for people, for programs, and for the node's own clock."""

import datetime as dt
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.matching import worker
from jiwar.matching.answering import answer, decline, expire_inquiries, look_up, release, set_allowance
from jiwar.matching.asking import Asked, ask, expire_questions, finish, prepare
from jiwar.matching.lists import add_list, expire_lists, remove_list
from jiwar.matching.models import Hit, Inquiry, KeyList, Question
from jiwar.matching.own_keys import OF_WATCHLIST
from jiwar.watchlist.matchable import alerts_held

__all__ = [
    "Asked",
    "add_list",
    "ask",
    "browse_lists",
    "decline",
    "open_inquiry",
    "open_question",
    "release",
    "remove_list",
    "set_allowance",
    "weigh",
    "work",
]

_ASKER_COSTS = 20
"""What the asker's arithmetic takes for a key, in evaluations of the function."""
_TO_PREPARE, _TO_FINISH = Question.State.PREPARING, Question.State.ARRIVED


def weigh() -> int | None:
    """How many evaluations of the function are due, about; None when nothing is."""
    now = timezone.now()
    questions = Question.objects.filter(state__in=[_TO_PREPARE, _TO_FINISH], valid_until__gt=now)
    asked = questions.aggregate(count=Sum("count"))["count"]
    due = Inquiry.objects.filter(Q(state=Inquiry.State.DUE) | Q(pk__in=_without_owners()))
    inquiries = list(due.values_list("key_type", "count"))
    if asked is None and not inquiries:
        return None
    sizes = dict(KeyList.objects.order_by().values_list("key_type").annotate(Sum("size")))
    for key_type in OF_WATCHLIST if inquiries else ():
        sizes[key_type] = sizes.get(key_type, 0) + alerts_held()
    return (asked or 0) * _ASKER_COSTS + sum(count + sizes.get(key_type, 0) for key_type, count in inquiries)


def _without_owners() -> QuerySet[Hit]:
    """Inquiries of which something matched and nobody looked up yet what."""
    return Hit.objects.filter(owners__isnull=True, inquiry__isnull=False).values("inquiry")


def work() -> None:
    """Do all that is due: answer inquiries, send questions, take in answers, look up what matched.

    What fails keeps nothing else waiting; it is raised when all else is done, and tried again with the next minute.
    """
    failed: list[Exception] = []
    with worker.alone():
        for act, rows in (
            (answer, Inquiry.objects.filter(state=Inquiry.State.DUE).order_by("received_at")),
            (prepare, Question.objects.filter(state=_TO_PREPARE).order_by("asked_at")),
            (finish, Question.objects.filter(state=_TO_FINISH).order_by("asked_at")),
            (look_up, Inquiry.objects.filter(pk__in=_without_owners())),
        ):
            for row in rows:
                try:
                    act(row)  # type: ignore[operator]
                except Exception as error:  # noqa: BLE001 - whatever it was
                    failed.append(error)
    if failed:
        raise failed[0]


def keep_house(by: Grant, at: dt.datetime) -> None:
    """End what has run out, and see that nothing due was forgotten in a crash."""
    expire_questions(at)
    expire_inquiries(at)
    expire_lists(at.date())
    if weigh() is not None:
        worker.wake()


def open_question(by: Grant, pk: UUID) -> Question | None:
    """One question, for its purpose alone; who read what came of it is in the ledger."""
    by.check(Permission.MATCHING_REQUEST_READ)
    question = Question.objects.filter(pk=pk, purpose=str(by.purpose)).first()
    if question is not None and question.ended_at:
        with transaction.atomic():
            if question.asked_by == by.actor_id and not question.seen:
                question.seen = True
                question.save(update_fields=["seen"])
            append("match_read", by, str(pk), {"hits": question.hits})
    return question


def open_inquiry(by: Grant, pk: UUID) -> Inquiry | None:
    """What a neighbour asked, with what matched; who read it is in the ledger."""
    by.check(Permission.MATCHING_REQUEST_READ)
    inquiry = Inquiry.objects.filter(pk=pk, purpose=str(by.purpose)).first()
    if inquiry is not None:
        with transaction.atomic():
            append("match_read", by, str(pk), {"hits": inquiry.hits})
    return inquiry


def browse_lists(by: Grant) -> list[KeyList]:
    """Lists of own keys that may be used for the reader's purpose: their names and sizes, no key."""
    by.check(Permission.MATCHING_LIST_MANAGE)
    return list(KeyList.objects.filter(purpose=str(by.purpose)))


EACH_MINUTE.append(keep_house)
