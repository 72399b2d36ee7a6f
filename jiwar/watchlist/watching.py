"""What changed on the watchlist since someone looked, as far as a question that is kept may mean it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from jiwar.access.permissions import Permission
from jiwar.access.policy import Actor, Grant
from jiwar.records.reading import is_for
from jiwar.watchlist.asking import may_ask
from jiwar.watchlist.logic.evidence import Query
from jiwar.watchlist.models import Entry, Revision
from jiwar.watchlist.screening import Reach, search
from jiwar.watchlist.standing import known_to, stopping

CHANNEL = "saved"
_REACH = Reach(Permission.ANALYSIS_SUBJECT_SEARCH, most=200, found=200)


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to which change of the watchlist someone has looked; of another series, counting began anew since."""

    series: UUID | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """An entry that is new or changed since a mark, and how likely it is meant."""

    uid: UUID
    revision: int
    score: float


@dataclass(frozen=True, slots=True)
class Shown:
    """What of an entry a notice names, while it is in force."""

    name: str
    category: str
    alert_type: str
    action: str
    issuer: str


def newest() -> Mark:
    """The newest change; one query."""
    row = Revision.objects.filter(pk=1).values_list("series", "value").first()
    return Mark(*row) if row else Mark()


def may_keep(by: Grant, query: Query, reason: str) -> None:
    """Raises Refused where a question may not be asked, now or again (rule R7)."""
    may_ask(by, query, " ".join(reason.split()))


def changed_since(by: Grant, query: Query, since: Mark, *, reason: str) -> list[Changed]:
    """Entries in force that changed since a mark and that the question may mean, at or above the working thresholds.

    Raises as `screening.search`. It leaves no leaf and counts for no rate: the caller keeps what it tells.
    """
    searched = search(by, query, channel=CHANNEL, reason=reason, reach=_REACH)
    revision = since.revision if since.series == newest().series else 0
    scores = {UUID(candidate.key): candidate.score for candidate in searched.found}
    rows = _visible(by.actor, scores).filter(revision__gt=revision).select_related("record").order_by("revision")
    return [
        Changed(entry.uid, entry.revision, scores[entry.uid])
        for entry in rows
        if scores[entry.uid] >= searched.limits.of(entry.alert_type, entry.record.origin)
        and is_for(entry.record, by.purpose)
    ]


def shown(actor: Actor, uids: list[UUID]) -> Mapping[UUID, Shown]:
    """Those of these entries that are in force and that the actor may know of; one query."""
    rows = _visible(actor, uids).select_related("record")
    return {
        row.uid: Shown(row.facts["names"][0]["text"], row.category, row.alert_type, row.action, row.record.origin)
        for row in rows
    }


def _visible(actor: Actor, uids: Iterable[UUID]) -> QuerySet[Entry]:
    return Entry.objects.filter(stopping(), known_to(actor), uid__in=list(uids))
