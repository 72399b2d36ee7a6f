"""What of whom a search found may be told, to whoever asked: what is in force now, one candidate for each subject.

A match is a question to an officer with reasons for and against (rule R8).
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.identity.roles import Clearance
from jiwar.records.reading import not_for
from jiwar.watchlist import edition_index, store
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.logic.clusters import gathered
from jiwar.watchlist.logic.deciding import deciding
from jiwar.watchlist.logic.evidence import Difference, Field, Query, Reason
from jiwar.watchlist.logic.index import Candidate
from jiwar.watchlist.logic.thresholds import Thresholds, strength
from jiwar.watchlist.models import Entry
from jiwar.watchlist.resolution import together
from jiwar.watchlist.this_index import current_index

CANDIDATES = 5
HIDDEN_ACTION = "identify_and_record"
"""What an uncleared officer does about a discreet check: the traveller is neither held nor warned (decision 0012)."""
_Pair = tuple[Candidate, Entry]
_Group = tuple[_Pair, ...]


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
    hints: bool = False
    """Whether to say what more to ask where only a plain name kept somebody from being told."""


DESK = Reach(hints=True)


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
    policy: Thresholds | None = None
    """The thresholds in force before they were raised for a plain name; None where nobody asks for hints."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told: the candidates, and how many more only a plain name kept back, with what would decide on them."""

    candidates: tuple[Match, ...] = ()
    kept_back: int = 0
    ask_for: tuple[Field, ...] = ()


def _cleared(one: Searched) -> bool:
    return one.by.actor.clearance is Clearance.COVERT


def in_force(searched: Sequence[Searched], at: dt.datetime) -> list[Told]:
    """What of each one's candidates may be told at this moment. Whoever tells it keeps it in the ledger.

    No query where nobody was found; else few, however many were.
    """
    keys = {candidate.key for one in searched for candidate in one.found}
    if not keys:
        return [Told()] * len(searched)
    standing = _standing(keys, at) | edition_index.standing(keys, current_index, at)
    as_one = _together([entry.uid for entry in standing.values()], (_cleared(one) for one in searched))
    if unseen := {str(uid) for each in as_one.values() for uid in each} - standing.keys():
        standing |= _standing(unseen, at) | edition_index.standing(unseen, current_index, at)
    alerts = {entry.uid for entry in standing.values() if entry.category == Entry.Category.ALERT}
    barred = {purpose: not_for(purpose, alerts) for purpose in {one.by.purpose for one in searched}}
    told, all_standing = [], standing
    for one in searched:
        cleared, others = _cleared(one), barred[one.by.purpose]
        standing = {key: entry for key, entry in all_standing.items() if entry.uid not in others}
        found = [(each, standing[each.key]) for each in one.found if each.key in standing]
        found = [pair for pair in found if one.reach.keep(*pair)]
        held = [(c, e) for c, e in found if c.score >= one.limits.of(e.alert_type, e.record.origin)]
        groups = _subjects(held, standing, as_one[cleared])
        candidates = tuple(_match_of(group, cleared) for group in groups[: one.reach.most])
        told.append(Told(candidates, *_kept_back(one, found, cleared)))
    return told


def _kept_back(one: Searched, found: Sequence[_Pair], cleared: bool) -> tuple[int, tuple[Field, ...]]:
    """How many would be told but for their plain name, and which further particulars would decide on one of them."""
    count, ask_for = 0, set[Field]()
    if one.policy is None:
        return 0, ()
    for candidate, entry in found:
        terms = entry.alert_type, entry.record.origin
        fair = one.limits.of(*terms)
        if not one.policy.of(*terms) <= candidate.score < fair or (entry.covert and not cleared):
            continue
        subject = current_index().subject(candidate.key)
        if fields := deciding(one.query, subject, candidate.comparison, fair) if subject else ():
            count += 1
            ask_for |= set(fields)
    return count, tuple(sorted(ask_for))


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
