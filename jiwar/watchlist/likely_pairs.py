"""Which entries the engine takes for one subject: found as the watchlist changes, for people to look at.

It compares what this node holds with itself and tells nobody: who may see a pair is `resolution.likely`'s answer.
"""

import datetime as dt
import time
from collections.abc import Iterator
from uuid import UUID

from django.conf import settings
from django.db import transaction

from jiwar.access.policy import Grant
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.watchlist.kinds import SubjectFacts, to_question
from jiwar.watchlist.logic.index import Index
from jiwar.watchlist.models import Entry, LikelyPair, Looked, Revision
from jiwar.watchlist.resolution import together
from jiwar.watchlist.this_index import current_index

VERY_LIKELY = 0.97
"""From here on people are asked; below, common names would keep them busy."""
A_TIME = 500
"""Entries looked at in one minute: a list of a million that is read anew takes its turn."""
PATIENCE = 10
"""Seconds after which the rest is left to the next minute: other duties wait, and thousands of one name take long."""
_CANDIDATES = 8
_DUTY = "likely_pairs"


def look(by: Grant, at: dt.datetime) -> int:
    """Compare the entries that changed since the last look with all others. Returns how many pairs are new."""
    newest = Revision.objects.filter(pk=1).first()
    if settings.NODE.role != "national" or newest is None:
        return 0
    looked, _ = Looked.objects.get_or_create(duty=_DUTY)
    since = looked.revision if looked.series == newest.series else 0
    if since >= newest.value:
        return 0
    due = list(Entry.objects.filter(revision__gt=since).order_by("revision")[:A_TIME])
    index, until = current_index(), time.monotonic() + PATIENCE
    changed: list[Entry] = []
    pairs: dict[tuple[UUID, UUID], LikelyPair] = {}
    for entry in due:
        if changed and time.monotonic() > until:
            break
        changed.append(entry)
        if entry.active and entry.complete:
            pairs |= {(pair.one_id, pair.other_id): pair for pair in _pairs(entry, index, at)}
    whole = len(changed) == len(due) < A_TIME
    with transaction.atomic():
        LikelyPair.objects.filter(settled_at=None, one__in=changed).delete()
        LikelyPair.objects.filter(settled_at=None, other__in=changed).delete()
        known = set(Entry.objects.filter(uid__in={uid for pair in pairs for uid in pair}).values_list("uid", flat=True))
        cluster = together(known, cleared=True)
        rows = [
            pair
            for (one, other), pair in pairs.items()
            if {one, other} <= known and not (one in cluster and cluster[one] == cluster.get(other))
        ]
        LikelyPair.objects.bulk_create(rows, ignore_conflicts=True)
        looked.series = newest.series
        looked.revision = newest.value if whole else changed[-1].revision
        looked.save()
    return len(rows)


def _pairs(entry: Entry, index: Index, at: dt.datetime) -> Iterator[LikelyPair]:
    own = str(entry.uid)
    asked = to_question(SubjectFacts.model_validate(entry.facts))
    for candidate in index.search(asked, limit=_CANDIDATES):
        same = candidate.comparison.certain
        if candidate.key != own and (same or candidate.score >= VERY_LIKELY):
            one, other = sorted((own, candidate.key))
            yield LikelyPair(
                one_id=UUID(one), other_id=UUID(other), score=candidate.score, document_same=same, found_at=at
            )


EACH_MINUTE.append(look)
