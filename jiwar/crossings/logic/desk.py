"""What the desk may do with a candidate and with a crossing (rules R6, R8, R13): pure, and the whole of it.

A candidate is a question. An officer confirms it by at least two identifiers that agree, or rejects it with a reason;
no crossing is recorded while one is undecided, and nothing is ever decided for her.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from jiwar.wire.faults import Fault, Refused

IDENTIFIERS = ("document", "identifier", "birth_date", "name", "description")
"""What tells people and things apart. Sex and nationality are shared by millions: they are shown, and confirm nobody.

An identifier is a number of a thing or a line, and the description what a thing looks like: no machine compares it.
"""
TOO_WEAK = frozenset({"birth_year_near", "name_low_quality"})
"""Reasons for looking, not agreements."""
DECISIONS = ("passed", "referred", "refused_by_officer")
DIRECTIONS = ("in", "out")
REJECT_REASONS = (
    "other_birth_date",
    "other_document",
    "other_name",
    "other_sex",
    "other_appearance",
    "other_number",
    "known_namesake",
    "cannot_tell",
)
"""Why a candidate is not confirmed; `cannot_tell`: fewer than two identifiers can be compared here and now."""
STOP_QUESTIONS = ("asylum_claim", "child", "trafficking_victim")
REFERRALS = ("asylum_authority", "child_protection", "anti_trafficking", "un_refugee_agency")
REMOVALS = frozenset({"entry_refused", "handed_over"})
"""What may send a person back: not to be done to one who asks for protection (rule R6)."""
STOPS = REMOVALS | {"detained", "held_for_contact"}
"""What was done to a person who did not simply go on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason or a difference: its code, its field, the traveller's value and the listed one."""

    code: str
    field: str
    query: str
    subject: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate as it was shown: kept so, for the list may change while the officer looks.

    `covert` is true only for an officer with clearance; `strength` is a code of the words group `match_strength`, the
    word for `score`, 0..1; None for what an older version put on the desk.
    `subject_type`: a code of the words group of that name; `thing`: it is none of a person or a group.
    `under`: the candidate that this one is listed under, a further record on the same subject; what is said of that one
    is said of it. `restrictions`: codes of the words group `restriction`, what the record's origin lets nobody do.
    """

    uid: str
    category: str
    alert_type: str
    action: str
    covert: bool
    protected: bool
    strength: str
    reasons: tuple[Finding, ...]
    differences: tuple[Finding, ...]
    unknown: tuple[str, ...]
    names: tuple[str, ...]
    birth_dates: tuple[str, ...]
    nationalities: tuple[str, ...]
    issuer: str
    reference: str
    score: float | None = None
    under: str = ""
    subject_type: str = "person"
    thing: bool = False
    restrictions: tuple[str, ...] = ()

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Identifiers that agree, and so can confirm."""
        agree = {r.field for r in self.reasons if r.code not in TOO_WEAK}
        if self.thing and agree & {"document", "identifier"}:
            agree.add("description")
        return tuple(i for i in IDENTIFIERS if i in agree)

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> Self:
        """From its JSON form."""
        findings = {name: tuple(Finding(**f) for f in data[name]) for name in ("reasons", "differences")}
        lists = {name: tuple(data[name]) for name in ("unknown", "names", "birth_dates", "nationalities")}
        return cls(**{**data, **findings, **lists, "restrictions": tuple(data.get("restrictions", ()))})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an officer decided about one candidate: `verdict` is confirmed (with identifiers) or rejected (a reason)."""

    verdict: str
    identifiers: tuple[str, ...] = ()
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> Self:
        """From its JSON form."""
        return cls(data["verdict"], tuple(data["identifiers"]), data["reason"])


@dataclass(frozen=True, slots=True)
class StopCard:
    """The three questions of non-refoulement (rule R6). None is not answered: no answer is ever assumed."""

    asylum_claim: bool | None = None
    child: bool | None = None
    trafficking_victim: bool | None = None
    referral: str = ""

    @property
    def stops(self) -> bool:
        """Whether an answer forbids turning the person back or handing her over."""
        return any((self.asylum_claim, self.child, self.trafficking_victim))


def confirmation(candidate: Candidate, identifiers: Iterable[str]) -> Outcome:
    """The officer compared these identifiers and they agree; raises Refused for fewer than two (rule R8)."""
    chosen = tuple(i for i in IDENTIFIERS if i in set(identifiers))
    agree = [i for i in chosen if i in candidate.identifiers]
    if len(agree) < len(chosen):
        raise Refused(Fault("identifier_does_not_agree", "identifiers"))
    if len(chosen) < 2:
        raise Refused(Fault("two_identifiers", "identifiers"))
    return Outcome("confirmed", chosen)


def rejection(reason: str) -> Outcome:
    """The officer says that this is another person, and why."""
    if reason not in REJECT_REASONS:
        raise Refused(Fault("missing" if not reason else "not_in_list", "reason"))
    return Outcome("rejected", reason=reason)


def undecided(candidates: Sequence[Candidate], outcomes: Mapping[str, Outcome]) -> list[Candidate]:
    """Candidates about which the officer has said nothing yet."""
    return [c for c in candidates if c.uid not in outcomes]


def needs_stop_card(outcomes: Mapping[str, Outcome], decision: str) -> bool:
    """A confirmed hit, and the person does not simply go on (rule R6)."""
    return decision != "passed" and any(o.verdict == "confirmed" for o in outcomes.values())


def faults_of_record(
    candidates: Sequence[Candidate],
    outcomes: Mapping[str, Outcome],
    *,
    decision: str,
    direction: str,
    action_taken: str,
    stop_card: StopCard,
) -> list[Fault]:
    """Why this crossing cannot be recorded yet. `action_taken` is asked where an alert is confirmed."""
    faults = []
    if undecided(candidates, outcomes):
        faults.append(Fault("candidate_undecided", "candidates"))
    for field, value, known in (("decision", decision, DECISIONS), ("direction", direction, DIRECTIONS)):
        if value not in known:
            faults.append(Fault("missing" if not value else "not_in_list", field))
    if any(o.verdict == "confirmed" for o in outcomes.values()):
        if not action_taken:
            faults.append(Fault("missing", "action_taken"))
        elif decision == "passed" and action_taken in STOPS:
            faults.append(Fault("action_contradicts_decision", "action_taken"))
        if decision in DECISIONS:
            faults += _faults_of_stop_card(stop_card, decision, action_taken)
    return faults


def _faults_of_stop_card(card: StopCard, decision: str, action_taken: str) -> list[Fault]:
    faults = []
    if decision != "passed":
        faults += [Fault("stop_card_unanswered", f"stop_card.{q}") for q in STOP_QUESTIONS if getattr(card, q) is None]
    if card.stops:
        if decision == "refused_by_officer":
            faults.append(Fault("stop_card_forbids_refusal", "decision"))
        if action_taken in REMOVALS:
            faults.append(Fault("stop_card_forbids_refusal", "action_taken"))
        if card.referral not in REFERRALS:
            faults.append(Fault("referral_missing", "stop_card.referral"))
    return faults
