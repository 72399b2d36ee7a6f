"""What pairs of states have not agreed on: each pair, each kind of record, both ways (measure T4 of the Plan)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from jiwar.agreements.logic.register import Register
from jiwar.agreements.logic.verdicts import NEARNESS, Closed, Question, Terms, Verdict


@dataclass(frozen=True, slots=True)
class Way:
    """One direction for one kind: the purposes for which it may pass, and the verdict of the first of them; where there
    is none, the nearest reason why not."""

    sender: str
    recipient: str
    purposes: tuple[str, ...]
    verdict: Verdict

    @property
    def open(self) -> bool:
        """Whether it may pass for any purpose."""
        return bool(self.purposes)


@dataclass(frozen=True, slots=True)
class Matter:
    """A kind of record between two states, there and back."""

    kind: str
    ways: tuple[Way, Way]

    @property
    def open(self) -> bool:
        """Whether both ways are open."""
        return all(way.open for way in self.ways)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two states, the agreements to which both are or would be parties, and what these open between them."""

    states: tuple[str, str]
    agreements: tuple[Terms, ...]
    matters: tuple[Matter, ...]

    @property
    def open(self) -> bool:
        """Whether nothing is left to agree on."""
        return all(matter.open for matter in self.matters)


def pairs(
    register: Register,
    states: Iterable[str],
    kinds: Sequence[str],
    purposes: Sequence[str],
    at: dt.datetime,
) -> list[Pair]:
    """Every pair of these states, in their order. A record is asked about of which nothing is known but its kind."""
    terms = {id(provision.terms): provision.terms for provision in register.provisions}
    found = []
    for one, other in combinations(states, 2):
        both = tuple(each for each in terms.values() if {one, other} <= each.parties)
        matters = tuple(
            Matter(
                kind,
                (
                    _way(register, both, Question(one, other, kind, "", at), purposes),
                    _way(register, both, Question(other, one, kind, "", at), purposes),
                ),
            )
            for kind in kinds
        )
        found.append(Pair((one, other), both, matters))
    return found


def _way(register: Register, both: Sequence[Terms], matter: Question, purposes: Sequence[str]) -> Way:
    """One direction. Purposes that the same clauses name for the kind have one verdict, and are asked about once."""
    sender, recipient = matter.sender, matter.recipient
    if not both:
        return Way(sender, recipient, (), Closed("no_agreement"))
    clauses = [clause for terms in both for clause in terms.clauses if _names(clause.kinds, matter.kind)]
    known: dict[tuple[bool, ...], Verdict] = {}
    opened: dict[str, Verdict] = {}
    for purpose in purposes:
        alike = tuple(purpose in clause.purposes for clause in clauses)
        if alike not in known:
            known[alike] = register.decide(Question(sender, recipient, matter.kind, purpose, matter.at))
        if known[alike].open:
            opened[purpose] = known[alike]
    if opened:
        return Way(sender, recipient, tuple(opened), next(iter(opened.values())))
    return Way(sender, recipient, (), max(known.values(), key=lambda verdict: NEARNESS.index(verdict.code)))


def _names(kinds: Iterable[str], kind: str) -> bool:
    return any(kind.startswith(each[:-1]) if each.endswith(".*") else kind == each for each in kinds)
