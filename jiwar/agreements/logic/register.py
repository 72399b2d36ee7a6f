"""The register of agreements as Cedar reads it: parsed once, asked often."""

from collections.abc import Iterable
from functools import cached_property

from cedarpy import PolicySet

from jiwar.agreements.logic import cedar
from jiwar.agreements.logic.cedar import NotDecidable, Policies
from jiwar.agreements.logic.verdicts import NEARNESS, STRICTNESS, Clause, Closed, Open, Question, Terms, Verdict

_REMEMBERED = 4096  # matters whose clauses are kept; a neighbour may ask about kinds without end


class Provision:
    """A clause of an agreement with its policies, which are parsed when it is first asked."""

    def __init__(self, number: int, terms: Terms, clause: Clause) -> None:
        self.number, self.terms, self.clause = number, terms, clause

    @cached_property
    def policies(self) -> Policies:
        """The clause's `permit` and what closes it."""
        return cedar.clause_policies(self.terms, self.clause)

    @cached_property
    def _parsed(self) -> PolicySet:
        return self.policies.parsed()

    @property
    def strictness(self) -> tuple[float, ...]:
        """Strictest first: what may be passed on least, is kept shortest, is answered soonest."""
        clause, never = self.clause, float("inf")
        return (
            STRICTNESS.index(clause.onward),
            never if clause.retention_days is None else clause.retention_days,
            never if clause.answer_within_hours is None else clause.answer_within_hours,
            self.number,
        )

    def decide(self, question: Question) -> Verdict:
        """Open, or the first of the reasons why not, in the order of NEARNESS."""
        try:
            allowed, reasons = cedar.ask(self._parsed, question)
        except NotDecidable:
            return self.closed("not_decidable")
        terms, clause = self.terms, self.clause
        if allowed:
            return Open(
                terms.reference,
                terms.uid,
                clause.id,
                clause.onward,
                clause.retention_days,
                clause.answer_within_hours,
            )
        permit = cedar.policy_id(terms, clause)
        codes = {reason: reason.removeprefix(f"{permit}/").partition("/")[0] for reason in reasons}
        code = min(codes.values(), key=NEARNESS.index, default="not_decidable")
        states = {self.policies.of_state.get(reason, "") for reason in reasons if codes[reason] == code}
        return self.closed(code, tuple(sorted(states - {""})))

    def closed(self, code: str, by: tuple[str, ...] = ()) -> Closed:
        """This clause is the one that comes nearest."""
        return Closed(code, self.terms.reference, self.terms.uid, self.clause.id, by)


class Register:
    """Every agreement that is held. It does not grow old: the time is asked with the question."""

    def __init__(self, agreements: Iterable[Terms]) -> None:
        ordered = sorted(agreements, key=lambda terms: (terms.reference, terms.uid))
        clauses = [(terms, clause) for terms in ordered for clause in terms.clauses]
        self.provisions = [Provision(number, *each) for number, each in enumerate(clauses)]
        self._keyed = [(str(p.number), p.terms, p.clause) for p in self.provisions]
        self._matters: dict[tuple[str, str, str, str], list[Provision] | Closed] = {}

    def decide(self, question: Question) -> Verdict:
        """The strictest clause that opens the way; else the reason of the clause that comes nearest.

        Which clauses are about a matter is asked once for each (sender, recipient, kind, purpose); whether one opens it
        now, each time.
        """
        matter = question.sender, question.recipient, question.kind, question.purpose
        found = self._matters.get(matter)
        if found is None:
            try:
                found = self._about(question)
            except NotDecidable:
                return Closed("not_decidable")
            if len(self._matters) >= _REMEMBERED:
                self._matters.clear()
            self._matters[matter] = found
        if isinstance(found, Closed):
            return found
        closed: list[tuple[int, Closed]] = []
        for provision in found:
            verdict = provision.decide(question)
            if isinstance(verdict, Open):
                return verdict
            closed.append((provision.number, verdict))
        return max(closed, key=lambda each: (NEARNESS.index(each[1].code), -each[0]))[1]

    def provision(self, verdict: Verdict) -> Provision | None:
        """The clause that a verdict names, with its policies."""
        named = verdict.uid, verdict.clause
        return next((p for p in self.provisions if (p.terms.uid, p.clause.id) == named), None)

    @cached_property
    def _covering(self) -> PolicySet:
        return cedar.covering(self._keyed).parsed()

    @cached_property
    def _near(self) -> PolicySet:
        return cedar.near(self._keyed).parsed()

    def _about(self, question: Question) -> list[Provision] | Closed:
        """The clauses that cover a matter, strictest first; else the one that comes nearest to it."""
        _, keys = cedar.ask(self._covering, question)
        if keys:
            return sorted((self.provisions[int(key)] for key in keys), key=lambda p: p.strictness)
        _, reasons = cedar.ask(self._near, question)
        if not reasons:
            return Closed("no_agreement")
        found = [(NEARNESS.index(code), -int(key), code) for key, _, code in (r.partition("/") for r in reasons)]
        _, number, code = max(found)
        return self.provisions[-number].closed(code)
