"""Which checkpoints are kept: all of the last hour, then for each day the one with the most witnesses."""

import datetime as dt
from itertools import groupby

from django.db.models import Count, F, Max
from django.utils import timezone

from jiwar.audit.models import Checkpoint, Cosignature

RECENT = dt.timedelta(hours=1)
_LOOK_BACK = dt.timedelta(days=2)


def thin(node: str) -> None:
    """Forget what need not be kept of a node's checkpoints.

    By our clock, whatever theirs says. The newest cosignature of each witness is kept, with its checkpoint, however
    old: a witness may be silent for weeks.
    """
    now = timezone.now()
    old = Checkpoint.objects.filter(node=node, offered=True, seen_at__lt=now - RECENT, seen_at__gt=now - _LOOK_BACK)
    newest = Cosignature.objects.filter(checkpoint__node=node).values("witness").annotate(newest=Max("id"))
    needed = set(Cosignature.objects.filter(id__in=newest.values("newest")).values_list("checkpoint_id", flat=True))
    rows = old.annotate(count=Count("cosignatures"), day=F("seen_at__date")).order_by("epoch", "day", "count", "size")
    gone = []
    for _, of_day in groupby(rows.values_list("id", "epoch", "day"), key=lambda row: row[1:]):
        *others, _kept = (row[0] for row in of_day)
        gone += [row for row in others if row not in needed]
    if gone:
        Checkpoint.objects.filter(id__in=gone).delete()
