"""Which of the watchlist's subjects may take part in a blind match with another state, and by which facts.

A hit tells the other state that this state holds the key. So nothing takes part that this state may not tell: no
discreet check, no child, victim, witness or missing adult (R13), no alert that is refused, withheld, expired or
withdrawn, nobody whom this state protects from the other (R5); of what a third state said only what this state could
pass on itself (R10). Public lists take no part: every state reads them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from jiwar.agreements.queries import may_send
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.logic.skeletons import skeletons
from jiwar.watchlist.models import Entry
from jiwar.watchlist.protection import Protected

__all__ = ["Facts", "alerts_held", "matchable", "shielded", "skeletons"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies one subject: `documents` as (issuing state, number), `births` as full dates (YYYY-MM-DD)."""

    uid: UUID | None
    names: tuple[str, ...]
    births: tuple[str, ...]
    documents: tuple[tuple[str, str], ...]


def matchable(purpose: str, state: str) -> Iterator[Facts]:
    """Persons of alerts that were issued for this purpose and may be compared with what `state` holds.

    Two queries, and one for each third state whose alerts are held.

    The caller has authorised the comparison and keeps it in the ledger.
    """
    now, own = timezone.now(), settings.NODE.state
    rows = Entry.objects.filter(
        category=Entry.Category.ALERT,
        active=True,
        complete=True,
        covert=False,
        protected=False,
        record__kind=ALERT.name,
        record__purpose=purpose,
        record__state="in_force",
        record__valid_until__gt=now,
        record__review_on__gte=now.date(),
    ).exclude(record__origin=state)
    protected = Protected(state)

    @cache
    def may_tell(origin: str, onward: str, tlp: str) -> bool:
        if origin == own:
            return True
        return may_send(ALERT.name, purpose, state, now, origin=origin, onward=onward, tlp=tlp).open

    held = rows.order_by("uid").values_list("uid", "facts", "record__origin", "record__onward", "record__tlp")
    for uid, facts, *said in held.iterator(chunk_size=2000):
        subject = SubjectFacts.model_validate(facts)
        if may_tell(*said) and subject not in protected:
            yield _facts(uid, subject)


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
