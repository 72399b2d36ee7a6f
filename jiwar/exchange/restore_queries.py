"""Reads about restores from an old copy: what neighbours say before the ceremony, what came back after it."""

from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q

from jiwar.exchange.models import Incoming, Restore, Stream


@dataclass(frozen=True, slots=True)
class CameBack:
    """What came back from one node since a restore ended: statements of `ours` that it gave back, of about `lost`; its
    own messages that were taken `again`, and how many of those that it had sent by then are `missing` yet."""

    node: str
    ours: int
    lost: int
    again: int
    missing: int


def restores() -> list[Restore]:
    """All of them, the newest first."""
    return list(Restore.objects.order_by("-id"))


def came_back(row: Restore) -> list[CameBack]:
    """What came back since a restore ended; three queries."""
    if row.ended_at is None or not row.words:
        return []
    since = Incoming.objects.filter(stream__incoming=True, received_at__gte=row.ended_at).order_by()
    given = since.filter(record__node=settings.NODE.code).values_list("stream__node")
    before = Q(pk=None)
    for node, said in row.words.items():
        for name, sealed in said["sent"].items():
            before |= Q(stream__node=node, stream__name=name, seq__lte=sealed)
    ours = dict(given.annotate(Count("record", distinct=True)))
    again = dict(since.filter(before).values_list("stream__node").annotate(Count("id")))
    missing: Counter[str] = Counter()
    known = {(node, name): seq for node, name, seq in _incoming()}
    for node, said in row.words.items():
        for name, sealed in said["sent"].items():
            missing[node] += max(0, sealed - known.get((node, name), 0))
    return [
        CameBack(node, ours.get(node, 0), said["ours"], again.get(node, 0), missing[node])
        for node, said in sorted(row.words.items())
    ]


def _incoming() -> list[tuple[str, str, int]]:
    return list(Stream.objects.filter(incoming=True).values_list("node", "name", "seq"))
