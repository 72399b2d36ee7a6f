"""People whom this state protects: an alert on one of them by the state that she fears is not used here (rule R5).

The issuer can tell nothing: the record is stored, receipted and acknowledged like any other. It is only not used, and
it does not go to the posts of this state. Every foreign alert is compared, so that the work is the same for all.
"""

import re
from collections.abc import Iterable, Iterator
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import SYSTEM
from jiwar.audit.services import append
from jiwar.records.content import Content
from jiwar.records.services import Record, issue, read_content, terms, withhold
from jiwar.watchlist import entries
from jiwar.watchlist.alert_kinds import WITHHOLDING, WithholdingBody
from jiwar.watchlist.asking import LEAST_REASON
from jiwar.watchlist.kinds import LISTING_FOREIGN, ForeignListing, SubjectFacts, to_subject
from jiwar.watchlist.logic import evidence
from jiwar.watchlist.logic.evidence import Code, lookalike_number
from jiwar.watchlist.logic.names import read_name
from jiwar.watchlist.models import Alert, Entry, ProtectedPerson
from jiwar.wire.faults import Fault, Refused, of_pydantic

_BITS_PER_PART = 8.0
"""What agreement on a name part is worth here, whatever its rarity: a protected person is not missed for a spelling."""
_LIKELY = 0.9
_LONGEST_REASON = 200
_BORN_ALIKE = {Code.BIRTH_DATE_SAME, Code.BIRTH_DAY_MONTH_SWAPPED, Code.BIRTH_DATE_MAY_AGREE, Code.BIRTH_YEAR_SAME}


def known_by(names: Iterable[str], born: Iterable[str] = (), documents: Iterable[tuple[str, str]] = ()) -> SubjectFacts:
    """What a person is known by: spellings, dates of birth, documents (issuing state, number). Raises Refused."""
    plain = {
        "names": [{"text": name} for name in names],
        "birth_dates": [{"date": date} for date in born],
        "documents": [{"country": country, "number": number} for country, number in documents],
    }
    try:
        return SubjectFacts.model_validate(plain)
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None


def protect(by: Grant, facts: SubjectFacts, feared_state: str, reason: str) -> ProtectedPerson:
    """Protect a person from a state: its alerts on her, held or to come, are not used here, nor what a foreign list
    says of her in its name or in nobody's. `reason`: on what decision. Raises Refused where too little is said to know
    her by."""
    by.check(Permission.WATCHLIST_ALERT_APPROVE)
    faults = [] if facts.birth_dates or facts.documents else [Fault("missing", "birth_date")]
    reason, why_not = _reason(reason)
    faults += why_not
    if not re.fullmatch("[A-Z]{3}", feared_state) or feared_state == settings.NODE.state:
        faults.append(Fault("wrong_form", "feared_state"))
    if faults:
        raise Refused(*faults)
    with transaction.atomic():
        person = ProtectedPerson.objects.create(
            facts=facts.model_dump(mode="json"), feared_state=feared_state, reason=reason, added_by_id=by.actor_id
        )
        append("protection_begun", by, str(person.id), {"reason": reason})
        for alert in Alert.objects.filter(record__origin=feared_state, record__state=Record.State.IN_FORCE):
            if _is(SubjectFacts.model_validate(alert.record.body["subject"]), facts):
                withhold_alert(alert)
                tell_posts(alert.record)
        for entry in Entry.objects.filter(record__kind=LISTING_FOREIGN.name, active=True).select_related("record"):
            listing = ForeignListing.model_validate(entry.record.body)
            if listing.said_by in {"", feared_state} and _is(listing.subject, facts):
                entries.leave_unused(entry.record)
                tell_posts(entry.record)
    return person


def end_protection(by: Grant, person: UUID, reason: str) -> None:
    """End a protection; alerts that were not used stay unused until their issuer renews them. Raises Refused."""
    by.check(Permission.WATCHLIST_ALERT_APPROVE)
    reason, faults = _reason(reason)
    if faults:
        raise Refused(*faults)
    with transaction.atomic():
        if not ProtectedPerson.objects.filter(pk=person, ended_at=None).update(ended_at=timezone.now()):
            raise Refused(Fault("protection_is_over", "person"))
        append("protection_ended", by, str(person), {"reason": reason})


def browse_protected(by: Grant) -> QuerySet[ProtectedPerson]:
    """Whom this state protects now, the newest first; the ledger keeps that they were listed."""
    by.check(Permission.WATCHLIST_ALERT_APPROVE)
    with transaction.atomic():
        append("protections_listed", by)
    return ProtectedPerson.objects.filter(ended_at=None).select_related("added_by")


def _reason(text: str) -> tuple[str, list[Fault]]:
    text = " ".join(text.split())
    if sum(c.isalpha() for c in text) < LEAST_REASON:
        return text, [Fault("reason_missing", "reason")]
    return text, [Fault("too_long", "reason", "200")] if len(text) > _LONGEST_REASON else []


def is_protected(origin: str, subject: SubjectFacts) -> bool:
    """Whether someone protected from `origin`, or from any state where that is empty, is probably this subject."""
    return subject in Protected(origin)


class Protected:
    """Whom this state protects from another: for what may not tell that state of her, and for no page. One query.

    From any state, where none is named.
    """

    def __init__(self, state: str) -> None:
        found = ProtectedPerson.objects.filter(ended_at=None)
        if state:
            found = found.filter(feared_state=state)
        self.people = [SubjectFacts.model_validate(person.facts) for person in found]
        self._marks = {mark for person in self.people for mark in _marks(person)}

    def __contains__(self, subject: SubjectFacts) -> bool:
        """Whether one of them is probably this subject."""
        # Without a name part or a number in common nobody is: most subjects need no comparison.
        return not self._marks.isdisjoint(_marks(subject)) and any(_is(subject, person) for person in self.people)


def withhold_alert(alert: Alert) -> None:
    """Leave an alert unused, here and now."""
    withhold(alert.record)
    entries.drop(alert.record)
    Alert.objects.filter(pk=alert.pk).update(entered=False)


def _marks(facts: SubjectFacts) -> Iterator[str]:
    for name in facts.names:
        yield from (key for part in read_name(name.text).parts for key in part.keys)
    yield from (f"#{lookalike_number(document.number)}" for document in facts.documents)


def _is(subject: SubjectFacts, protected: SubjectFacts) -> bool:
    listed = to_subject("", subject)
    for born in tuple(b.partial for b in protected.birth_dates) or (None,):
        query = evidence.Query(
            names=tuple(name.text for name in protected.names),
            birth_date=born,
            documents=tuple(evidence.Document(d.type, d.country, d.number) for d in protected.documents),
        )
        found = evidence.compare(query, listed, lambda part: _BITS_PER_PART)
        alike = any(reason.code in _BORN_ALIKE for reason in found.reasons)
        if found.certain or (found.score >= _LIKELY and alike):
            return True
    return False


def tell_posts(record: Record) -> None:
    """Own posts that hold a version of this record use it no longer."""
    by = Grant(SYSTEM, Permission.WATCHLIST_ALERT_APPROVE, Purpose(record.purpose))
    content = terms(record.purpose, "decision of this state", 364, WithholdingBody(target=record.uid))
    issue(by, WITHHOLDING, read_content(WITHHOLDING, content, timezone.now()))


def _apply_withholding(record: Record, content: Content) -> None:
    assert isinstance(content.body, WithholdingBody)
    if record.origin != record.node or record.received_from not in {"", record.origin}:
        return
    for alert in Alert.objects.filter(uid=content.body.target).exclude(record__origin=record.origin):
        withhold_alert(alert)
    for entry in Entry.objects.filter(uid=content.body.target, record__kind=LISTING_FOREIGN.name):
        entries.leave_unused(entry.record)


WITHHOLDING.projections.append(_apply_withholding)
