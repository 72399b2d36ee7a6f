"""What an agreement says as it stands, what is asked of it, and the answer; `cedar` decides, here are the words."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypedDict
from uuid import UUID

# The nearer to open, the later: an agreement must cover a matter before its dates and signatures are of interest, and
# the record itself is looked at last.
NEARNESS = (
    "no_agreement",
    "kind_not_covered",
    "purpose_not_covered",
    "direction_not_covered",
    "expired",
    "denounced",
    "not_signed",
    "not_yet_in_force",
    "reserved",
    "suspended",
    "outside_corridor",
    "no_consent",
    "tlp_red",
    "not_decidable",
)
STRICTNESS = ("no", "ask", "yes")
"""Whether a recipient may pass on what it got, strictest first."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What a clause opens. A kind may end in `.*`.

    `depth_km`: how far beyond the border a record may reach. `retention_days`: how long a recipient may keep one.
    `answer_within_hours`: how soon it answers one. None of these: the clause does not say.
    """

    id: str
    kinds: frozenset[str]
    purposes: frozenset[str]
    from_states: frozenset[str]
    to_states: frozenset[str]
    onward: str = "no"
    depth_km: int | None = None
    retention_days: int | None = None
    answer_within_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """A party's word that closes clauses between itself and the others, in both directions."""

    code: Literal["denounced", "reserved", "suspended"]
    uid: UUID
    party: str
    clauses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement as its records have it; nothing in it depends on the time of asking.

    `parties` are those of the text and those that `acceded`. `signed`: until when each party's word counts; the text
    opens nothing before all parties of the text have theirs, and nothing to a state whose accession lacks one.
    `starts` and `ends` are whole days in UTC, so that all parties open and close together. `until` is when its record
    must be reviewed or runs out. `ended`: the record was withdrawn or has run out.
    """

    uid: UUID
    reference: str
    parties: frozenset[str]
    signed: Mapping[str, dt.datetime]
    starts: dt.date
    ends: dt.date | None
    until: dt.datetime
    clauses: tuple[Clause, ...]
    acceded: frozenset[str] = frozenset()
    closings: tuple[Closing, ...] = ()
    ended: bool = False

    def signed_by(self, at: dt.datetime) -> frozenset[str]:
        """Parties whose word counts at a moment."""
        return frozenset(party for party in self.parties if party in self.signed and at < self.signed[party])


class Facts(TypedDict, total=False):
    """What else is known of a record. What is not said is taken at its strictest.

    `origin`: the state that said it, when that is not the sender. `consents`: states to which the origin's signed
    consent lets the sender pass it on. `onward`: what its own handling says of that (no, ask, yes). `tlp`: its TLP.
    `depth_km`: how far beyond the border it reaches; a record without one is outside no corridor.
    """

    origin: str
    consents: frozenset[str]
    onward: str
    tlp: str
    depth_km: float


@dataclass(frozen=True, slots=True)
class Question:
    """May `sender` send this to `recipient` at this moment?"""

    sender: str
    recipient: str
    kind: str
    purpose: str
    at: dt.datetime
    facts: Facts = field(default_factory=Facts)


@dataclass(frozen=True, slots=True)
class Open:
    """It may pass, under this clause.

    `onward` says whether the recipient may pass it on (no, ask, yes); `retention_days` how long the recipient may keep
    it, `answer_within_hours` how soon it answers, where the clause says so.
    """

    open: ClassVar[bool] = True
    code: ClassVar[str] = "open"
    agreement: str
    uid: UUID
    clause: str
    onward: str
    retention_days: int | None = None
    answer_within_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """It may not pass: `code` is one of NEARNESS, with the agreement and the clause that come nearest, if any.

    `by`: the states whose word, or whose missing word, closes it.
    """

    open: ClassVar[bool] = False
    code: str
    agreement: str = ""
    uid: UUID | None = None
    clause: str = ""
    by: tuple[str, ...] = ()


Verdict = Open | Closed


def retention(verdict: Open, received: dt.datetime, valid_until: dt.datetime) -> dt.datetime:
    """When the recipient's use of a record ends: at its own end, or earlier where the clause says how long to keep."""
    if verdict.retention_days is None:
        return valid_until
    return min(valid_until, received + dt.timedelta(days=verdict.retention_days))


def day_start(day: dt.date) -> dt.datetime:
    """Midnight in UTC at which a day begins."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def day_end(day: dt.date) -> dt.datetime:
    """The moment at which a day in UTC is over; the end of the calendar for its last day."""
    return day_start(day) + dt.timedelta(days=1) if day < dt.date.max else dt.datetime.max.replace(tzinfo=dt.UTC)


def standing(terms: Terms, at: dt.datetime) -> str:
    """State of a whole agreement.

    One of: expired, denounced, not_signed, not_yet_in_force, suspended, partly_suspended, in_force.
    """
    if terms.ended or at >= terms.until or (terms.ends is not None and at >= day_end(terms.ends)):
        return "expired"
    # A state that would accede, and whose accession still takes a word, binds nobody yet.
    pending = terms.acceded - terms.signed_by(at)
    remaining = terms.parties - pending - _closed_for(terms, "denounced")
    if len(remaining) < 2:
        return "denounced"
    if not terms.signed_by(at) >= terms.parties - terms.acceded:
        return "not_signed"
    if at < day_start(terms.starts):
        return "not_yet_in_force"
    if not any(c.code == "suspended" for c in terms.closings):
        return "in_force"
    dead = all(len(remaining - _closed_for(terms, "suspended", clause.id)) < 2 for clause in terms.clauses)
    return "suspended" if dead else "partly_suspended"


def _closed_for(terms: Terms, code: str, clause: str | None = None) -> frozenset[str]:
    """Parties that closed a clause for themselves (None: each that closed any)."""
    return frozenset(c.party for c in terms.closings if c.code == code and (clause is None or clause in c.clauses))
