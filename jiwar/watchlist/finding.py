"""An analyst's search: further down than a desk looks, narrowed by filters, with two leniences to switch off.

It asks the same index under the same rules as `screening` (purpose, case, reason, rates, expiry), and leaves a leaf of
the same act. It tells nothing of a discreet check to one who is not cleared.
"""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append, hold_ledger
from jiwar.identity.roles import Clearance
from jiwar.records.reading import is_for
from jiwar.watchlist.asking import beyond_rates
from jiwar.watchlist.kinds import LISTING_FOREIGN, SubjectFacts
from jiwar.watchlist.logic.evidence import Query
from jiwar.watchlist.logic.index import Candidate
from jiwar.watchlist.logic.spelling import agrees
from jiwar.watchlist.models import Entry
from jiwar.watchlist.screening import Reach, Screening, search, tell
from jiwar.wire.faults import Fault, Refused

MOST = 50
THRESHOLD = 0.05
"""A probability of one in twenty: an analyst reads what a desk would not be stopped for."""
_FOUND = 400
LEAST_OF_REFERENCE = 3
"""Signs; fewer would be a dump of the list."""
_NUMBERS = {"document", "identifier"}
SOURCES = ("own", "received", "public_list", "foreign_list")


@dataclass(frozen=True, slots=True)
class Narrow:
    """What is left out of an answer; empty fields leave nothing out.

    `source` is one of SOURCES, `issuer` a state, `tlp` a code, `born_from` and `born_to` years of birth that any listed
    date may lie between, `since` when the record was issued at the earliest. `by_sound` and `inexact`: as
    `logic.spelling`.
    """

    type: str = ""
    source: str = ""
    issuer: str = ""
    nationality: str = ""
    born_from: int | None = None
    born_to: int | None = None
    alert_type: str = ""
    tlp: str = ""
    since: dt.date | None = None
    by_sound: bool = True
    inexact: bool = True


def find(by: Grant, query: Query, narrow: Narrow, *, channel: str = "analysis", reason: str = "") -> Screening:
    """At most MOST candidates of at least THRESHOLD, the likeliest first. Raises as `screening.screen` does."""

    def keep(candidate: Candidate, entry: Entry) -> bool:
        if entry.covert and by.actor.clearance is not Clearance.COVERT:
            return False
        return _is_wanted(entry, narrow) and _is_spelt(query, candidate, entry, narrow)

    reach = Reach(Permission.ANALYSIS_SUBJECT_SEARCH, MOST, THRESHOLD, _FOUND, keep)
    [answer] = tell([search(by, query, channel=channel, reason=reason, reach=reach)])
    if isinstance(answer, Refused):
        raise answer
    return answer


def by_reference(by: Grant, text: str) -> list[Entry]:
    """At most MOST entries that a source's own number, or a record's identifier, names: in force or not, used or not.

    A number may be given by its beginning. It counts as a search, and its leaf says what it showed. Raises
    AccessRefused, Refused.
    """
    by.check(Permission.ANALYSIS_SUBJECT_SEARCH)
    text = text.strip()
    faults = [Fault("case_missing", "case")] if not by.case else []
    if not text:
        faults.append(Fault("missing", "reference"))
    elif len(text) < LEAST_OF_REFERENCE:
        faults.append(Fault("too_short", "reference", str(LEAST_OF_REFERENCE)))
    if faults:
        raise Refused(*faults)
    named = Q(reference__istartswith=text) | Q(reference__icontains=f":{text}")
    with suppress(ValueError):
        named |= Q(uid=UUID(text))
    held = Entry.objects.filter(named).select_related("record").order_by("-active", "reference", "uid")
    if by.actor.clearance is not Clearance.COVERT:
        held = held.filter(covert=False)
    with transaction.atomic():
        hold_ledger()
        refused = beyond_rates([by], timezone.now())[0]
        if refused is None:
            found = [entry for entry in held[:MOST] if is_for(entry.record, by.purpose)]
            shown = [str(entry.uid) for entry in found]
            append("reference_looked_up", by, "", {"reference": text[:120], "shown": shown})
    if refused is not None:
        raise refused
    return found


def _is_wanted(entry: Entry, narrow: Narrow) -> bool:
    facts, record = SubjectFacts.model_validate(entry.facts), entry.record
    first, last = narrow.born_from or 0, narrow.born_to or 9999
    born = any(first <= year <= last for date in facts.birth_dates for year in date.partial.years)
    return all(
        (
            narrow.type in {"", facts.type},
            narrow.source in {"", source_of(entry)},
            narrow.issuer in {"", record.origin},
            not narrow.nationality or narrow.nationality in facts.nationalities,
            narrow.alert_type in {"", entry.alert_type},
            narrow.tlp in {"", record.tlp},
            narrow.since is None or record.issued_at.date() >= narrow.since,
            born or (narrow.born_from is None and narrow.born_to is None),
        )
    )


def source_of(entry: Entry) -> str:
    """Where an entry is from: one of SOURCES."""
    if entry.category == Entry.Category.LISTING:
        return "foreign_list" if entry.record.kind == LISTING_FOREIGN.name else "public_list"
    return "own" if entry.record.origin == settings.NODE.state else "received"


def _is_spelt(query: Query, candidate: Candidate, entry: Entry, narrow: Narrow) -> bool:
    """Whether a name agrees as far as the leniences allow; one who is found by a number need have no name."""
    if any(reason.field in _NUMBERS for reason in candidate.comparison.reasons):
        return True
    listed = [name["text"] for name in entry.facts.get("names", ())]
    return any(agrees(name, listed, by_sound=narrow.by_sound, inexact=narrow.inexact) for name in query.names)
