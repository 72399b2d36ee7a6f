"""Screening: is this person, or this document, on the watchlist? Every search is lawful, bounded and in the ledger.

A match is a question to an officer with reasons for and against (rule R8). Rule R7: each search names a purpose and a
case, or is made at a post; a search by name alone says why; nothing answers an empty search or a wildcard.
"""

import datetime as dt
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.services import Act, append, append_each, hold_ledger
from jiwar.exchange.queries import last_contact
from jiwar.identity.roles import Clearance
from jiwar.records.words import words
from jiwar.watchlist import edition_index, rates, store, thresholds
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.live_index import LiveIndex
from jiwar.watchlist.logic import identifiers
from jiwar.watchlist.logic.clusters import gathered
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.evidence import (
    Code,
    Difference,
    Document,
    Field,
    Identifier,
    Query,
    Reason,
    document_number,
)
from jiwar.watchlist.logic.index import Candidate, Index
from jiwar.watchlist.logic.names import read_name
from jiwar.watchlist.logic.thresholds import Thresholds, strength
from jiwar.watchlist.models import Entry
from jiwar.watchlist.resolution import together
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical

__all__ = [
    "Code",
    "Difference",
    "Document",
    "Field",
    "Identifier",
    "Match",
    "PartialDate",
    "Query",
    "Reach",
    "Reason",
    "Screening",
    "Searched",
    "make_index",
    "screen",
    "screen_many",
    "search",
    "tell",
    "warm_up",
]

CANDIDATES = 5
MANY = 500
"""Most questions of one `screen_many`."""
RATES = ((dt.timedelta(minutes=1), 120), (dt.timedelta(days=1), 5_000))
"""Most searches of one person: a bus of sixty twice a minute; a busy post's day."""
RATES_OF_PROGRAMS = ((dt.timedelta(minutes=1), 15_000), (dt.timedelta(days=1), 500_000))
"""Most searches of one token (decision 0028): it asks for all desks of an agency, 200 a second with some room; a day is
held to what travels through a large airport several times over, so that a stolen token cannot try out a population."""
LEAST_CHARACTERS = 2
LEAST_DIGITS = 4
LEAST_REASON = 10
WIDEST_BIRTH = 10
"""Years that a date of birth may span and still count as a second identifier."""
_MOST = 5
_LONGEST = 200
_WILDCARDS = frozenset("*?%_")
_Pair = tuple[Candidate, Entry]
_Group = tuple[_Pair, ...]
HIDDEN_ACTION = "identify_and_record"
"""What an uncleared officer does about a discreet check: the traveller is neither held nor warned (decision 0012)."""


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate. `strength` is a code of the words group `match_strength`; `score` 0..1 only ranks.

    To an officer without clearance a covert alert is an identity question: `covert` False, no `alert_type`, and the
    action is HIDDEN_ACTION.
    """

    key: str
    record_uid: UUID
    category: str
    alert_type: str
    action: str
    covert: bool
    protected: bool
    score: float
    strength: str
    reasons: tuple[Reason, ...]
    differences: tuple[Difference, ...]
    unknown: tuple[Field, ...]
    names: tuple[str, ...]
    birth_dates: tuple[str, ...]
    nationalities: tuple[str, ...]
    issuing_state: str
    source_reference: str
    others: tuple["Match", ...] = ()
    """Further records on the same subject, by the word of two people here: each with its own action."""
    subject_type: str = "person"
    restrictions: tuple[str, ...] = ()
    """What its origin lets nobody do with it, of the words group `restriction` (rule R10)."""


@dataclass(frozen=True, slots=True)
class Screening:
    """An answer. `id` is the subject of its ledger leaf; `list_age` as the function of that name;
    `entries` how many subjects were searched. `too_little`: what was asked could find nobody, for on so long a list a
    name so common proves nothing alone."""

    id: UUID
    at: dt.datetime
    candidates: tuple[Match, ...]
    list_age: dt.datetime | None
    entries: int
    took_ms: float
    too_little: bool = False


Keep = Callable[[Candidate, Entry], bool]
"""Whether a candidate that is in force is told at all."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a search goes: at most `most` candidates of at least `threshold`, of those that `keep` leaves.

    `threshold` None: what the policy of screening says of each (`thresholds`).
    `found`: how many the index is asked for, since some have ended since and others are not kept.
    """

    permission: Permission = Permission.WATCHLIST_PERSON_SCREEN
    most: int = CANDIDATES
    threshold: float | None = None
    found: int = 4 * CANDIDATES
    keep: Keep = lambda candidate, entry: True


DESK = Reach()


@dataclass(frozen=True, slots=True)
class Searched:
    """A lawful question whose candidates are found and not yet told: `tell` does that, with the leaf of the ledger."""

    by: Grant
    query: Query
    channel: str
    reason: str
    found: list[Candidate]
    limits: Thresholds
    entries: int
    started: float
    reach: Reach = DESK
    too_little: bool = False


def screen(by: Grant, query: Query, *, channel: str = "desk", reason: str = "") -> Screening:
    """At most five candidates, the likeliest first; `channel` is "desk", "api", "cli" or "reconciliation".

    Raises AccessRefused, or Refused: query_empty, wildcard, too_long, too_many, case_missing, reason_missing, and
    too_many_searches, whose refusal is itself in the ledger.
    """
    [answer] = tell([search(by, query, channel=channel, reason=reason)])
    if isinstance(answer, Refused):
        raise answer
    return answer


def screen_many(by: Grant, queries: Sequence[Query], *, channel: str = "api", reason: str = "") -> list[Screening]:
    """An answer to each of at most MANY questions: a leaf for each search, all in one transaction.

    All or none: raises as `screen` does, with the number of the question before the field ("3.names.0").
    """
    if len(queries) > MANY:
        raise Refused(Fault("too_many", "", str(MANY)))
    searched, faults, limits = [], [], thresholds.in_force()
    for number, query in enumerate(queries):
        try:
            searched.append(search(by, query, channel=channel, reason=reason, limits=limits))
        except Refused as refused:
            faults += [Fault(f.code, f"{number}.{f.field}".rstrip("."), f.detail) for f in refused.faults]
    if faults:
        raise Refused(*faults)
    with transaction.atomic():
        answers = tell(searched)
        told = [answer for answer in answers if not isinstance(answer, Refused)]
        beyond = next((answer for answer in answers if isinstance(answer, Refused)), None)
        if beyond is not None:
            # What was found is not told, so its leaves go; that it was refused stays.
            transaction.set_rollback(True)
    if beyond is not None:
        with transaction.atomic():
            append("screening_refused", by, "", {"code": "too_many_searches", "questions": len(queries)})
        raise beyond
    return told


def search(
    by: Grant,
    query: Query,
    *,
    channel: str = "desk",
    reason: str = "",
    reach: Reach = DESK,
    limits: Thresholds | None = None,
) -> Searched:
    """Find whom a question may mean, and tell nobody. Raises as `screen` does, except for too_many_searches.

    `limits`: the thresholds in force, where the caller has read them for many questions.
    """
    started = time.perf_counter()
    may_search(by, reach)
    reason = " ".join(reason.split())
    may_ask(by, query, reason)
    index = current_index()
    if reach.threshold is None:
        # Each is raised for a plain name by itself: what the lowest lets through is no measure for a higher one.
        limits = (limits or thresholds.in_force()).each(lambda threshold: index.fair(query, threshold))
    else:
        # Who reaches further than an officer looks through what she finds, and need not be fair to it.
        limits = Thresholds(reach.threshold)
    found = index.search(query, limit=reach.found, threshold=limits.lowest)
    too_little = not found and index.says_too_little(query, limits.lowest)
    return Searched(by, query, channel, reason, found, limits, len(index), started, reach, too_little)


def may_search(by: Grant, reach: Reach = DESK) -> None:
    """Raises AccessRefused where a grant is none to search with."""
    if by.permission is not reach.permission:
        raise AccessRefused("permission_missing", reach.permission, by.actor_id)
    if by.purpose is None:
        raise AccessRefused("purpose_missing", by.permission, by.actor_id)


def tell(searched: Sequence[Searched]) -> list[Screening | Refused]:
    """The answers to what was searched, whoever asked: what is in force now, and all their leaves in one transaction.

    A question beyond its actor's rate is Refused in its place, and that is in the ledger too. Seven queries, however
    many questions whoever asked; two to four more where somebody was found.
    """
    at = timezone.now()
    answers: list[Screening | Refused] = []
    acts: list[tuple[Grant, Act]] = []
    with transaction.atomic():
        held = hold_ledger()  # before the rows of the rates: whoever takes the ledger first never waits in a circle
        beyond = beyond_rates([one.by for one in searched], at)
        told, age = in_force(searched, at), list_age()
        for one, refused, matches in zip(searched, beyond, told, strict=True):
            if refused is not None:
                answers.append(refused)
                continue
            took = (time.perf_counter() - one.started) * 1000
            answer = Screening(uuid7(at), at, matches, age, one.entries, took, one.too_little)
            acts.append((one.by, _act(one, answer)))
            answers.append(answer)
        for by, number in Counter(one.by for one, refused in zip(searched, beyond, strict=True) if refused).items():
            acts.append((by, Act("screening_refused", "", {"code": "too_many_searches", "questions": number})))
        append_each(acts, held)
    return answers


def _cleared(one: Searched) -> bool:
    return one.by.actor.clearance is Clearance.COVERT


def in_force(searched: Sequence[Searched], at: dt.datetime) -> list[tuple[Match, ...]]:
    """What of each one's candidates may be told at this moment. Who tells it keeps it in the ledger.

    No query where nobody was found; else few, however many were.
    """
    keys = {candidate.key for one in searched for candidate in one.found}
    if not keys:
        return [()] * len(searched)
    standing = _standing(keys, at) | edition_index.standing(keys, current_index, at)
    as_one = _together([entry.uid for entry in standing.values()], (_cleared(one) for one in searched))
    if unseen := {str(uid) for each in as_one.values() for uid in each} - standing.keys():
        standing |= _standing(unseen, at) | edition_index.standing(unseen, current_index, at)
    told = []
    for one in searched:
        cleared = _cleared(one)
        held = [(found, standing[found.key]) for found in one.found if found.key in standing]
        held = [(c, e) for c, e in held if c.score >= one.limits.of(e.alert_type, e.record.origin)]
        groups = _subjects([pair for pair in held if one.reach.keep(*pair)], standing, as_one[cleared])
        told.append(tuple(_match_of(group, cleared) for group in groups[: one.reach.most]))
    return told


def _act(one: Searched, answer: Screening) -> Act:
    detail = {
        "channel": one.channel,
        "query": mark(one.query),
        "fields": _fields(one.query),
        "candidates": [each.key for match in answer.candidates for each in (match, *match.others)],
        "entries": answer.entries,
        "list_age": answer.list_age.isoformat() if answer.list_age else None,
    }
    return Act("person_screened", str(answer.id), detail | ({"reason": one.reason} if one.reason else {}))


def list_age() -> dt.datetime | None:
    """Up to when the watchlist is known to be whole: its newest change, at a post also the newest word of its state, or
    when the edition of the lists that it holds was made. None where nothing was ever listed.
    """
    if held := edition_index.held_edition():
        return held.made_at
    newest = store.newest_change()
    heard = last_contact() if settings.NODE.role == "post" else None
    return max(newest, heard) if newest and heard else newest


def lists_expired(at: dt.datetime) -> bool:
    """Whether a post holds an edition of the lists whose time has run out: then alerts alone are searched (rule R9)."""
    held = edition_index.held_edition()
    return held is not None and held.expires_at <= at


def warm_up() -> int:
    """Open or build this process's index, and what its answers need, before the first officer asks.

    Returns how many subjects it holds.
    """
    words()
    return len(current_index())


def current_index() -> Index:
    """This process's index with every change that is committed: for duties of this room that compare."""
    return _live_index().current()


def make_index(behind: int) -> bool:
    """Build the file of this node's index, unless it lacks at most so many changes; whether it was built."""
    return _live_index().make_file(behind)


@lru_cache(maxsize=1)
def _live_index() -> LiveIndex:
    kind = edition_index.PostIndex if settings.NODE.role == "post" else LiveIndex
    return kind(settings.DATA / "index")


# What may be asked ----------------------------------------------------------------------------------------------------


def may_ask(by: Grant, query: Query, reason: str) -> None:
    """Raises Refused where a question is not lawful, or none (rule R7)."""
    faults = [*_too_much(query)]
    if not faults:
        faults += _too_little(query)
    if not by.case and settings.NODE.role != "post":
        faults.append(Fault("case_missing", "case"))
    if not faults and _wide(query) and sum(c.isalpha() for c in reason) < LEAST_REASON:
        faults.append(Fault("reason_missing", "reason"))
    if len(reason) > _LONGEST:
        faults.append(Fault("too_long", "reason"))
    if faults:
        raise Refused(*faults)


def _too_much(query: Query) -> list[Fault]:
    faults = []
    for field, values in (
        ("names", query.names),
        ("relatives", query.relatives),
        ("documents", query.documents),
        ("identifiers", query.identifiers),
    ):
        if len(values) > _MOST:
            faults.append(Fault("too_many", field))
    texts = [(f"names.{i}", name) for i, name in enumerate(query.names)]
    texts += [(f"documents.{i}", document.number) for i, document in enumerate(query.documents)]
    texts += [(f"identifiers.{i}", identifier.number) for i, identifier in enumerate(query.identifiers)]
    texts += [(f"relatives.{i}", name) for i, name in enumerate(query.relatives)]
    texts.append(("birth_place", query.birth_place))
    for field, text in texts:
        if len(text) > _LONGEST or len(unicodedata.normalize("NFKC", text)) > _LONGEST:
            faults.append(Fault("too_long", field))
        elif not _WILDCARDS.isdisjoint(text):
            faults.append(Fault("wildcard", field))
    return faults


def _too_little(query: Query) -> list[Fault]:
    """A birth date, a sex or a country alone would be a dump of the list, not a question about a person."""
    faults = []
    for i, name in enumerate(query.names):
        says = any(c.isalpha() for c in name) and sum(c.isalnum() for c in name) >= LEAST_CHARACTERS
        if name.strip() and not (says and read_name(name).parts):
            faults.append(Fault("name_unreadable", f"names.{i}"))
    named = any(read_name(name).parts for name in query.names)
    if not faults and not named and not _numbered(query):
        faults.append(Fault("query_empty"))
    return faults


def _wide(query: Query) -> bool:
    """Whether nothing but a name, or next to nothing else, was given."""
    born = query.birth_date is not None and len(query.birth_date.years) <= WIDEST_BIRTH
    return not born and not _numbered(query)


def _numbered(query: Query) -> bool:
    """Whether a number was given that is long enough to be one."""
    numbers = [document_number(document.number) for document in query.documents]
    numbers += [identifiers.normal(identifier.kind, identifier.number) for identifier in query.identifiers]
    return any(len(number) >= LEAST_DIGITS for number in numbers)


def beyond_rates(asking: Sequence[Grant], at: dt.datetime) -> list[Refused | None]:
    """For each question the refusal where its actor has asked too many: the first ones of each pass."""
    beyond: list[Refused | None] = [None] * len(asking)
    places: dict[str, list[int]] = {}
    for place, by in enumerate(asking):
        places.setdefault(by.actor_id, []).append(place)
    for actor in sorted(places):
        own = places[actor]
        limits = RATES_OF_PROGRAMS if asking[own[0]].via == "api" else RATES
        taken = rates.take(actor, limits, at, len(own))
        for place in own[taken.number :]:
            beyond[place] = Refused(Fault("too_many_searches", "", str(taken.most)))
    return beyond


def _fields(query: Query) -> list[str]:
    given = {
        "names": query.names,
        "birth_date": query.birth_date,
        "sex": query.sex,
        "nationality": query.nationality,
        "documents": query.documents,
        "identifiers": query.identifiers,
        "birth_place": query.birth_place,
        "relatives": query.relatives,
    }
    return sorted(name for name, value in given.items() if value)


def mark(query: Query) -> str:
    """Says that two questions were the same, and to no one without this node's secret who was asked about."""
    plain = {
        "names": list(query.names),
        "birth_date": str(query.birth_date or ""),
        "sex": query.sex,
        "nationality": query.nationality,
        "documents": [[d.type, d.country, d.number] for d in query.documents],
    }
    if query.identifiers:
        plain["identifiers"] = [[i.kind, i.country, i.number] for i in query.identifiers]
    if query.birth_place:
        plain["birth_place"] = query.birth_place
    if query.relatives:
        plain["relatives"] = list(query.relatives)
    return salted_hmac("jiwar.watchlist.query", canonical(plain), algorithm="sha256").hexdigest()


# What may be answered -------------------------------------------------------------------------------------------------


def _standing(keys: Iterable[str], at: dt.datetime) -> dict[str, Entry]:
    """Those of these entries that are in force at this moment, whatever the index says (rules R9, R16), by key."""
    return {str(entry.uid): entry for entry in store.standing({UUID(key) for key in keys}, at)}


def _together(uids: Sequence[UUID], cleared: Iterable[bool]) -> dict[bool, dict[UUID, UUID]]:
    """What two people declared to be one subject, for those who are cleared and for those who are not."""
    return {each: together(uids, cleared=each) for each in set(cleared)}


def _subjects(held: list[_Pair], standing: Mapping[str, Entry], as_one: Mapping[UUID, UUID]) -> list[_Group]:
    """The candidates, those of one subject in one group, also what this search alone would not have found.

    In a group the most urgent action stands first; its evidence is that of its likeliest record.
    """
    clusters = {as_one[entry.uid] for _, entry in held if entry.uid in as_one}
    if not clusters:
        return [(pair,) for pair in held]
    likeliest: dict[UUID, Candidate] = {}
    for candidate, entry in held:
        likeliest.setdefault(as_one.get(entry.uid, entry.uid), candidate)
    seen = {entry.uid for _, entry in held}
    members = [standing[str(uid)] for uid, lead in as_one.items() if lead in clusters and str(uid) in standing]
    held = held + [(likeliest[as_one[entry.uid]], entry) for entry in members if entry.uid not in seen]
    groups = gathered(held, as_one, lambda pair: pair[1].uid, lambda pair: pair[1].action)
    return [tuple((likeliest[as_one.get(e.uid, e.uid)], e) for _, e in group) for group in groups]


def _match_of(group: _Group, cleared: bool) -> Match:
    first, *others = (_match(candidate, entry, cleared) for candidate, entry in group)
    return replace(first, others=tuple(others)) if others else first


def _match(candidate: Candidate, entry: Entry, cleared: bool) -> Match:
    facts = SubjectFacts.model_validate(entry.facts)
    hidden = entry.covert and not cleared
    by_kind = {"name": 0, "original_script": 1}
    ordered = sorted(facts.names, key=lambda name: by_kind.get(name.kind, 2))
    return Match(
        key=str(entry.uid),
        record_uid=entry.uid,
        category=entry.category,
        alert_type="" if hidden else entry.alert_type,
        action=HIDDEN_ACTION if hidden else entry.action,
        covert=entry.covert and cleared,
        protected=entry.protected,
        score=candidate.score,
        strength=strength(candidate.score),
        reasons=candidate.comparison.reasons,
        differences=candidate.comparison.differences,
        unknown=candidate.comparison.unknown,
        names=tuple(name.text for name in ordered),
        birth_dates=tuple(str(born.partial) for born in facts.birth_dates),
        nationalities=facts.nationalities,
        issuing_state=entry.record.origin,
        source_reference=entry.reference,
        subject_type=facts.type,
        # No list restricts its use; of a discreet check this would say that it is one.
        restrictions=() if hidden or entry.category != Entry.Category.ALERT else _restrictions(entry),
    )


def _restrictions(entry: Entry) -> tuple[str, ...]:
    return tuple(entry.record.data["content"]["handling"]["restrictions"])
