"""The decision: may this kind of record pass from one state to another for this purpose, and why or why not."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

# The nearer to open, the later: an agreement must cover a matter before its dates and signatures are of interest.
NEARNESS = (
    "no_agreement",
    "kind_not_covered",
    "purpose_not_covered",
    "direction_not_covered",
    "expired",
    "not_signed",
    "not_yet_in_force",
    "suspended",
)
_STRICTNESS = ("no", "ask", "yes")


@dataclass(frozen=True, slots=True)
class Clause:
    """What a clause opens. A kind may end in `.*`."""

    id: str
    kinds: frozenset[str]
    purposes: frozenset[str]
    from_states: frozenset[str]
    to_states: frozenset[str]
    onward: str = "no"

    def covers(self, kind: str) -> bool:
        """Whether the clause names the kind or a beginning of it."""
        return kind in self.kinds or any(p.endswith(".*") and kind.startswith(p[:-1]) for p in self.kinds)


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement as it stands: `signed_by` counts signatures of exactly this text, `suspended` names clauses.

    `starts` and `ends` are whole days in UTC, so that all parties open and close together. `until` is when its record
    must be reviewed or runs out. `ended`: the record was withdrawn or has run out.
    """

    uid: UUID
    reference: str
    parties: frozenset[str]
    signed_by: frozenset[str]
    starts: dt.date
    ends: dt.date | None
    until: dt.datetime
    clauses: tuple[Clause, ...]
    suspended: frozenset[str] = frozenset()
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """It may pass, under this clause; `onward` says whether the recipient may pass it on (no, ask, yes)."""

    open: ClassVar[bool] = True
    code: ClassVar[str] = "open"
    agreement: str
    uid: UUID
    clause: str
    onward: str


@dataclass(frozen=True, slots=True)
class Closed:
    """It may not pass: `code` is one of NEARNESS, with the agreement and the clause that come nearest, if any."""

    open: ClassVar[bool] = False
    code: str
    agreement: str = ""
    uid: UUID | None = None
    clause: str = ""


Verdict = Open | Closed


def decide(
    agreements: Iterable[Terms], *, sender: str, recipient: str, kind: str, purpose: str, at: dt.datetime
) -> Verdict:
    """The strictest clause that opens the way; else the reason of the clause that comes nearest.

    The order of the agreements does not matter.
    """
    opened: list[Open] = []
    closed = [Closed("no_agreement")]
    for terms in sorted(agreements, key=lambda t: (t.reference, t.uid)):
        if sender == recipient or not {sender, recipient} <= terms.parties:
            continue
        for clause in terms.clauses:
            reason = next(_reasons(terms, clause, sender, recipient, kind, purpose, at), None)
            if reason is None:
                opened.append(Open(terms.reference, terms.uid, clause.id, clause.onward))
            else:
                closed.append(Closed(reason, terms.reference, terms.uid, clause.id))
    if opened:
        return min(opened, key=lambda verdict: _STRICTNESS.index(verdict.onward))
    return max(closed, key=lambda verdict: NEARNESS.index(verdict.code))


def standing(terms: Terms, at: dt.datetime) -> str:
    """State of a whole agreement: expired, not_signed, not_yet_in_force, suspended, partly_suspended, in_force."""
    if reason := next(_reasons_of_state(terms, at), None):
        return reason
    if terms.suspended:
        whole = terms.suspended >= {clause.id for clause in terms.clauses}
        return "suspended" if whole else "partly_suspended"
    return "in_force"


def _reasons(
    terms: Terms, clause: Clause, sender: str, recipient: str, kind: str, purpose: str, at: dt.datetime
) -> Iterator[str]:
    """Every reason why this clause does not open the way, in the order of NEARNESS."""
    if not clause.covers(kind):
        yield "kind_not_covered"
    if purpose not in clause.purposes:
        yield "purpose_not_covered"
    if sender not in clause.from_states or recipient not in clause.to_states:
        yield "direction_not_covered"
    yield from _reasons_of_state(terms, at)
    if clause.id in terms.suspended:
        yield "suspended"


def _reasons_of_state(terms: Terms, at: dt.datetime) -> Iterator[str]:
    today = at.astimezone(dt.UTC).date()
    if terms.ended or at >= terms.until or (terms.ends is not None and today > terms.ends):
        yield "expired"
    if not terms.signed_by >= terms.parties:
        yield "not_signed"
    if today < terms.starts:
        yield "not_yet_in_force"
