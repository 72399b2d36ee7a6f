"""Withdrawals that a holder has not confirmed in time: one list for issuer, holder and oversight (rule R11)."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from jiwar.exchange.models import Outgoing
from jiwar.records.kinds import ACKNOWLEDGEMENT, WITHDRAWAL
from jiwar.records.queries import held
from jiwar.records.services import Record

ANSWER_WITHIN = dt.timedelta(hours=24)
"""Time in which a holder confirms a withdrawal, from its issue by the issuer's clock: one deadline for both sides."""
_LEFT = (Outgoing.State.SEALED, Outgoing.State.ACKNOWLEDGED)
_ON_ITS_WAY = (Outgoing.State.QUEUED, Outgoing.State.SEALED, Outgoing.State.REFUSED)


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A withdrawn record that may still be used somewhere. It names no person.

    `target`, `kind`: the record that was withdrawn. `issuer`: the node that withdrew it, at `since`. `holder`: the
    node that has not confirmed. `said`: it is of this state and did confirm, but its word has not reached the issuer.
    """

    target: UUID
    kind: str
    issuer: str
    holder: str
    since: dt.datetime
    said: bool


def unconfirmed() -> list[Unconfirmed]:
    """Holders of own and received withdrawals that are late, oldest withdrawal first; four queries.

    Of an own withdrawal: neighbours and own posts that were sent the record. Of a received one: own posts that were
    sent it, and nodes of this state whose word the issuer has not. A record whose time has run out is used nowhere.
    """
    now = timezone.now()
    late = held(WITHDRAWAL.name).filter(issued_at__lt=now - ANSWER_WITHIN)
    of_it = late.filter(about=OuterRef("record__uid"), origin=OuterRef("record__origin"))
    silent = (
        Outgoing.objects.filter(Exists(of_it), state__in=_LEFT)
        .exclude(Exists(of_it.filter(acknowledgements__holder=OuterRef("node"))))
        .annotate(withdrawal=Subquery(of_it.values("uid")[:1]))
        .values_list("withdrawal", "node")
    )
    words = Outgoing.objects.filter(
        record__kind=ACKNOWLEDGEMENT.name,
        record__node=settings.NODE.code,
        record__about__in=late.values("uid"),
        state__in=_ON_ITS_WAY,
    ).select_related("record")
    waiting = dict.fromkeys(silent, False) | {(w.record.about, w.record.body["holder"]): True for w in words}
    withdrawals = {w.uid: w for w in late.filter(uid__in={uid for uid, _ in waiting})}
    targets = Record.objects.filter(uid__in={w.about for w in withdrawals.values()}, valid_until__gt=now)
    kinds = dict(targets.values_list("uid", "kind"))
    found = [
        Unconfirmed(w.about, kinds[w.about], w.node, holder, w.issued_at, said)
        for (uid, holder), said in waiting.items()
        if (w := withdrawals[uid]).about in kinds
    ]
    return sorted(found, key=lambda late: (late.since, late.holder))
