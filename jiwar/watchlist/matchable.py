"""Which of the watchlist's subjects another state may be told of: in a blind match, or when it asks about one.

A hit tells the other state that this state holds the key. So nothing takes part that this state may not tell: no
discreet check, no child, victim, witness or missing adult (R13), no alert that is refused, withheld, expired or
withdrawn, nobody whom this state protects from the other (R5); of what a third state said only what this state could
pass on itself, and nothing that is for another purpose alone (R10). Public lists take no part: every state reads them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, partial
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from jiwar.agreements.queries import facts_of, may_send
from jiwar.records.reading import not_for
from jiwar.watchlist import thresholds
from jiwar.watchlist.alert_kinds import ALERT, ALERTS
from jiwar.watchlist.kinds import SubjectFacts, to_question
from jiwar.watchlist.logic.skeletons import skeletons
from jiwar.watchlist.models import Entry
from jiwar.watchlist.protection import Protected
from jiwar.watchlist.standing import stopping
from jiwar.watchlist.this_index import current_index

__all__ = ["Facts", "Told", "alerts_held", "is_shielded", "matchable", "shielded", "skeletons", "told_of"]

_LOOKED_AT = 200
"""Candidates that are looked at: many of them may be such as nobody is told of."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies one subject: `documents` as (issuing state, number), `births` as full dates (YYYY-MM-DD)."""

    uid: UUID | None
    names: tuple[str, ...]
    births: tuple[str, ...]
    documents: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What another state is told about a subject: whether something is held, and which records it could be sent."""

    hit: bool
    records: tuple[UUID, ...] = ()


def matchable(purpose: str, state: str) -> Iterator[Facts]:
    """Persons of alerts that were issued for this purpose and may be compared with what `state` holds.

    Three queries, and one for each third state whose alerts are held.

    The caller has authorised the comparison and keeps it in the ledger.
    """
    return (_facts(entry.uid, entry.subject) for entry in _tellable(purpose, state, [ALERT.name]))


def told_of(state: str, purpose: str, facts: SubjectFacts) -> Told:
    """What `state` may be told when it asks about a subject for a purpose, at or above the thresholds of a desk here.

    Nothing of whom this state protects from it (rule R5), whatever alert would be found: the same work is done then.
    The caller has authorised the answer and keeps it in the ledger.
    """
    asked, index = to_question(facts), current_index()
    limits = thresholds.in_force().each(partial(index.fair, asked))
    found = index.search(asked, limit=_LOOKED_AT, threshold=limits.lowest)
    scores = {UUID(candidate.key): candidate.score for candidate in found}
    hits = [
        entry.uid
        for entry in _tellable(purpose, state, list(ALERTS), among=scores)
        if scores[entry.uid] >= limits.of(entry.alert_type, entry.origin)
    ]
    rows = Entry.objects.filter(uid__in=hits).select_related("record").order_by("uid")
    records = tuple(row.uid for row in rows if _could_be_sent(row, state))
    return Told(False) if is_shielded(state, facts) else Told(bool(hits), records)


def is_shielded(state: str, facts: SubjectFacts) -> bool:
    """Whether these facts are probably of someone whom this state protects from another: it is not even asked."""
    return facts in Protected(state)


def _could_be_sent(entry: Entry, state: str) -> bool:
    record = entry.record
    facts = facts_of(record.data, settings.NODE.state)
    return may_send(record.kind, record.purpose, state, timezone.now(), **facts).open


@dataclass(frozen=True, slots=True)
class _Tellable:
    uid: UUID
    subject: SubjectFacts
    alert_type: str
    origin: str


def _tellable(
    purpose: str, state: str, kinds: Collection[str], among: Collection[UUID] | None = None
) -> Iterator[_Tellable]:
    """Entries of alerts of these kinds of which `state` may be told, of all or of some."""
    now, own = timezone.now(), settings.NODE.state
    rows = Entry.objects.filter(
        stopping(now),
        category=Entry.Category.ALERT,
        covert=False,
        protected=False,
        record__kind__in=kinds,
        record__purpose=purpose,
    ).exclude(record__origin=state)
    if among is not None:
        rows = rows.filter(uid__in=list(among))
    protected, restricted = Protected(state), not_for(purpose)

    @cache
    def may_tell(kind: str, origin: str, onward: str, tlp: str) -> bool:
        if origin == own:
            return True
        return may_send(kind, purpose, state, now, origin=origin, onward=onward, tlp=tlp).open

    said = ("record__kind", "record__origin", "record__onward", "record__tlp")
    held = rows.order_by("uid").values_list("uid", "facts", "alert_type", *said)
    for uid, facts, alert_type, kind, origin, onward, tlp in held.iterator(chunk_size=2000):
        subject = SubjectFacts.model_validate(facts)
        if may_tell(kind, origin, onward, tlp) and uid not in restricted and subject not in protected:
            yield _Tellable(uid, subject, alert_type, origin)


def alerts_held() -> int:
    """How many subjects of alerts `matchable` looks at, about."""
    return Entry.objects.filter(category=Entry.Category.ALERT, active=True, record__kind=ALERT.name).count()


def shielded(state: str) -> list[Facts]:
    """People whom this state protects from another: whatever list their keys stand on, that state learns of none."""
    return [_facts(None, person) for person in Protected(state).people]


def _facts(uid: UUID | None, subject: SubjectFacts) -> Facts:
    return Facts(
        uid,
        tuple(name.text for name in subject.names if name.quality != "low"),
        tuple(born.date for born in subject.birth_dates if born.partial.exact),
        tuple((document.country, document.number) for document in subject.documents if document.country),
    )
