"""The decision written out plainly, without Cedar: what the register must agree with on random agreements."""

import datetime as dt
import math
from collections.abc import Iterable, Iterator

from jiwar.agreements.logic.verdicts import NEARNESS, STRICTNESS, Clause, Closed, Open, Question, Terms, Verdict


def covers(clause: Clause, kind: str) -> bool:
    """Whether a clause names a kind or a beginning of it."""
    return kind in clause.kinds or any(p.endswith(".*") and kind.startswith(p[:-1]) for p in clause.kinds)


def decide(agreements: Iterable[Terms], question: Question) -> Verdict:
    """The strictest clause that opens the way; else the reason of the clause that comes nearest."""
    opened: list[tuple[tuple[float, ...], Open]] = []
    closed = [Closed("no_agreement")]
    for terms in sorted(agreements, key=lambda t: (t.reference, t.uid)):
        if question.sender == question.recipient or not {question.sender, question.recipient} <= terms.parties:
            continue
        for clause in terms.clauses:
            reason = next(reasons(terms, clause, question), None)
            if reason is None:
                keep, answer = clause.retention_days, clause.answer_within_hours
                verdict = Open(terms.reference, terms.uid, clause.id, clause.onward, keep, answer)
                limits = [math.inf if limit is None else limit for limit in (keep, answer)]
                opened.append(((STRICTNESS.index(clause.onward), *limits), verdict))
            else:
                closed.append(Closed(reason, terms.reference, terms.uid, clause.id))
    if opened:
        return min(opened, key=lambda each: each[0])[1]
    return max(closed, key=lambda verdict: NEARNESS.index(verdict.code))


def reasons(terms: Terms, clause: Clause, q: Question) -> Iterator[str]:
    """Every reason why a clause does not open the way, in the order of NEARNESS."""
    pair, facts = {q.sender, q.recipient}, q.facts
    if not covers(clause, q.kind):
        yield "kind_not_covered"
    if q.purpose not in clause.purposes:
        yield "purpose_not_covered"
    if q.sender not in clause.from_states or q.recipient not in clause.to_states:
        yield "direction_not_covered"
    today = q.at.astimezone(dt.UTC).date()
    if terms.ended or q.at >= terms.until or (terms.ends is not None and today > terms.ends):
        yield "expired"
    mine = [c for c in terms.closings if c.party in pair and clause.id in c.clauses]
    if any(c.code == "denounced" for c in mine):
        yield "denounced"
    needed = {party for party in terms.parties if party not in terms.acceded or party in pair}
    if any(party not in terms.signed or q.at >= terms.signed[party] for party in needed):
        yield "not_signed"
    if today < terms.starts:
        yield "not_yet_in_force"
    yield from (code for code in ("reserved", "suspended") if any(c.code == code for c in mine))
    depth = facts.get("depth_km")
    if depth is not None and clause.depth_km is not None and depth > clause.depth_km:
        yield "outside_corridor"
    if facts.get("origin", q.sender) != q.sender and q.recipient not in facts.get("consents", ()):
        if facts.get("onward", "no") != "yes":
            yield "no_consent"
        if facts.get("tlp", "RED") == "RED":
            yield "tlp_red"
