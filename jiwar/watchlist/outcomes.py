"""The counts of what officers decided about candidates: kept for review by people. No program learns from them.

The room of crossings counts a decision in the transaction that stores its crossing, at the post and at its national
node.
"""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Sum

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.identity.roles import Clearance
from jiwar.watchlist.logic.outcomes import (
    Decided,
    Effect,
    Told,
    effects,
    region,
    review,
    scripts,
    verdict_of,
)
from jiwar.watchlist.logic.thresholds import LISTING
from jiwar.watchlist.models import DecisionCount, Entry
from jiwar.watchlist.thresholds import in_force

__all__ = ["Review", "Said", "count", "looked_back", "scripts"]
KEPT = dt.timedelta(days=730)


class Said(NamedTuple):
    """What was said of one candidate; `score` in whole per cent, `script` as `scripts` gives it."""

    uid: UUID
    verdict: str
    reason: str
    score: int
    script: str


class Review(NamedTuple):
    """What people look at: each list as `logic.outcomes.review`, and what other thresholds would have changed."""

    since: dt.date | None
    bands: list[Told]
    types: list[Told]
    scripts: list[Told]
    regions: list[Told]
    effects: list[Effect]


def count(at: dt.datetime, nationality: str, said: Iterable[Said]) -> None:
    """Count decisions, in the caller's transaction. One query, and two for each decision."""
    said = list(said)
    entries = Entry.objects.select_related("record").in_bulk([one.uid for one in said])
    for one in said:
        entry = entries.get(one.uid)
        if entry is None:
            continue
        cell, _ = DecisionCount.objects.get_or_create(
            month=at.date().replace(day=1),
            band=min(9, one.score // 10),
            script=one.script,
            region=region(nationality),
            alert_type=entry.alert_type or LISTING,
            covert=entry.covert,
            verdict=verdict_of(one.verdict, one.reason),
        )
        DecisionCount.objects.filter(pk=cell.pk).update(number=F("number") + 1, scores=F("scores") + one.score)


def looked_back(by: Grant, today: dt.date) -> Review:
    """Two years of decisions, in numbers that say nothing of one person. Covert alerts count for the cleared alone."""
    by.check(Permission.WATCHLIST_POLICY_READ)
    rows = DecisionCount.objects.filter(month__gt=today - KEPT)
    if by.actor.clearance is not Clearance.COVERT:
        rows = rows.filter(covert=False)
    first = rows.order_by("month").values_list("month", flat=True).first()
    names = ("band", "script", "region", "alert_type", "verdict")
    summed = rows.order_by().values(*names).annotate(sum=Sum("number"), total=Sum("scores"))
    cells = [Decided(**{n: row[n] for n in names}, number=row["sum"], scores=row["total"]) for row in summed]
    return Review(
        first,
        review(cells, lambda cell: str(cell.band)),
        review(cells, lambda cell: cell.alert_type),
        review(cells, lambda cell: cell.script),
        review(cells, lambda cell: cell.region),
        effects(cells, int(100 * in_force().default)),
    )
