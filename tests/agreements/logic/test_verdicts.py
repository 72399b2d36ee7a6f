"""Nothing is open without every signature, in its dates, unsuspended, and by a clause that covers the matter."""

import datetime as dt
import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.agreements.logic.verdicts import NEARNESS, Clause, Closed, Open, Terms, decide, standing

STATES = ("LBY", "NER", "TUN")
KINDS = ("alert.person", "alert.hit", "case.outcome")
PURPOSES = ("border_check", "missing_persons")
NOON = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
FAR = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)

CLAUSE = Clause(
    "art-1", frozenset({"alert.person"}), frozenset({"border_check"}), frozenset({"LBY"}), frozenset({"NER"})
)
TERMS = Terms(
    uid=UUID(int=1),
    reference="LBY-NER-2026-01",
    parties=frozenset({"LBY", "NER"}),
    signed_by=frozenset({"LBY", "NER"}),
    starts=dt.date(2026, 1, 1),
    ends=dt.date(2026, 12, 31),
    until=FAR,
    clauses=(CLAUSE,),
)
ASKED = {"sender": "LBY", "recipient": "NER", "kind": "alert.person", "purpose": "border_check", "at": NOON}


def ask(*agreements: Terms, **changes: Any) -> Open | Closed:
    return decide(agreements, **{**ASKED, **changes})


def subset(values: tuple[str, ...], least: int = 0) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), min_size=least)


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    parties = draw(subset(STATES, 2))
    clauses = tuple(
        Clause(
            f"art-{i}",
            draw(subset((*KINDS, "alert.*"), 1)),
            draw(subset(PURPOSES, 1)),
            draw(subset(tuple(sorted(parties)), 1)),
            draw(subset(tuple(sorted(parties)), 1)),
            draw(st.sampled_from(["no", "ask", "yes"])),
        )
        for i in range(draw(st.integers(1, 3)))
    )
    starts = draw(st.sampled_from([dt.date(2026, 1, 1), dt.date(2026, 6, 15), dt.date(2026, 6, 16)]))
    return Terms(
        uid=UUID(int=draw(st.integers(1, 50))),
        reference=draw(st.sampled_from(["LBY-NER-2026-01", "LBY-NER-2026-02"])),
        parties=parties,
        signed_by=draw(st.one_of(st.just(parties), subset(tuple(sorted(parties))))),
        starts=starts,
        ends=draw(st.sampled_from([None, dt.date(2026, 6, 14), dt.date(2026, 6, 15), dt.date(2027, 1, 1)])),
        until=draw(st.sampled_from([NOON, FAR])),
        clauses=clauses,
        suspended=draw(st.one_of(st.just(frozenset()), subset(tuple(c.id for c in clauses)))),
        ended=draw(st.booleans()),
    )


asked = st.fixed_dictionaries(
    {
        "sender": st.sampled_from(STATES),
        "recipient": st.sampled_from(STATES),
        "kind": st.sampled_from(KINDS),
        "purpose": st.sampled_from(PURPOSES),
        "at": st.just(NOON),
    }
)


@given(st.lists(any_terms(), max_size=4), asked)
def test_open_names_a_clause_that_meets_every_condition(agreements: list[Terms], question: dict[str, Any]) -> None:
    verdict = decide(agreements, **question)
    if not isinstance(verdict, Open):
        return
    day = NOON.date()
    assert any(
        t.reference == verdict.agreement
        and t.uid == verdict.uid
        and c.id == verdict.clause
        and {question["sender"], question["recipient"]} <= t.parties <= t.signed_by
        and question["sender"] in c.from_states
        and question["recipient"] in c.to_states
        and question["sender"] != question["recipient"]
        and (question["kind"] in c.kinds or ("alert.*" in c.kinds and question["kind"].startswith("alert.")))
        and question["purpose"] in c.purposes
        and t.starts <= day <= (t.ends or day)
        and t.until > NOON
        and not t.ended
        and c.id not in t.suspended
        for t in agreements
        for c in t.clauses
    )


@given(st.lists(any_terms(), max_size=4), asked)
def test_whatever_any_party_suspends_whole_is_closed_at_once(agreements: list[Terms], question: dict[str, Any]) -> None:
    suspended = [replace(t, suspended=frozenset(c.id for c in t.clauses)) for t in agreements]
    assert isinstance(decide(suspended, **question), Closed)


@given(st.lists(any_terms(), max_size=4, unique_by=lambda t: t.uid), asked, st.randoms())
def test_the_order_of_agreements_does_not_matter(
    agreements: list[Terms], question: dict[str, Any], shuffler: random.Random
) -> None:
    other = list(agreements)
    shuffler.shuffle(other)
    assert decide(agreements, **question) == decide(other, **question)


@given(st.lists(any_terms(), max_size=3), any_terms(), asked)
def test_one_more_agreement_never_makes_the_reason_less_near(
    agreements: list[Terms], more: Terms, question: dict[str, Any]
) -> None:
    order = (*NEARNESS, "open")
    before, after = decide(agreements, **question), decide([*agreements, more], **question)
    assert order.index(after.code) >= order.index(before.code)


def test_a_clause_that_covers_the_matter_opens_it() -> None:
    assert ask(TERMS) == Open("LBY-NER-2026-01", UUID(int=1), "art-1", "no")


@pytest.mark.parametrize(
    ("terms", "question", "code"),
    [
        (TERMS, {"recipient": "TUN"}, "no_agreement"),
        (TERMS, {"recipient": "LBY"}, "no_agreement"),
        (TERMS, {"kind": "alert.vehicle"}, "kind_not_covered"),
        (TERMS, {"kind": "alert.person.x"}, "kind_not_covered"),
        (TERMS, {"purpose": "sanctions"}, "purpose_not_covered"),
        (TERMS, {"sender": "NER", "recipient": "LBY"}, "direction_not_covered"),
        (replace(TERMS, ended=True), {}, "expired"),
        (replace(TERMS, until=NOON), {}, "expired"),
        (replace(TERMS, ends=dt.date(2026, 6, 14)), {}, "expired"),
        (replace(TERMS, signed_by=frozenset({"LBY"})), {}, "not_signed"),
        (replace(TERMS, signed_by=frozenset({"NER"})), {}, "not_signed"),
        (replace(TERMS, starts=dt.date(2026, 6, 16)), {}, "not_yet_in_force"),
        (replace(TERMS, suspended=frozenset({"art-1"})), {}, "suspended"),
        # The first thing that is missing, in the order of NEARNESS.
        (replace(TERMS, signed_by=frozenset(), suspended=frozenset({"art-1"})), {}, "not_signed"),
        (replace(TERMS, signed_by=frozenset()), {"kind": "case.outcome"}, "kind_not_covered"),
    ],
)
def test_the_reason_is_named(terms: Terms, question: dict[str, Any], code: str) -> None:
    verdict = ask(terms, **question)
    assert isinstance(verdict, Closed)
    assert verdict.code == code
    assert verdict.agreement == ("" if code == "no_agreement" else "LBY-NER-2026-01")


def test_no_agreement_at_all() -> None:
    assert ask() == Closed("no_agreement")


def test_the_nearest_reason_wins_among_agreements() -> None:
    far = replace(
        TERMS, uid=UUID(int=2), reference="LBY-NER-2026-02", clauses=(replace(CLAUSE, kinds=frozenset({"x"})),)
    )
    near = replace(TERMS, suspended=frozenset({"art-1"}))
    assert ask(far, near) == Closed("suspended", "LBY-NER-2026-01", UUID(int=1), "art-1")


def test_of_two_open_ways_the_stricter_one_counts() -> None:
    lax = replace(TERMS, uid=UUID(int=2), reference="AAA-BBB-2026-01", clauses=(replace(CLAUSE, onward="yes"),))
    assert ask(lax, TERMS).onward == "no"


def test_a_suspended_clause_leaves_another_open() -> None:
    two = replace(TERMS, clauses=(CLAUSE, replace(CLAUSE, id="art-2")), suspended=frozenset({"art-1"}))
    assert ask(two) == Open("LBY-NER-2026-01", UUID(int=1), "art-2", "no")


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (dt.datetime(2025, 12, 31, 23, 59, 59, tzinfo=dt.UTC), "not_yet_in_force"),
        (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "open"),
        (dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC), "open"),
        (dt.datetime(2027, 1, 1, tzinfo=dt.UTC), "expired"),
        # Midnight in Tripoli is still the day before in UTC: all parties open and close at one moment.
        (dt.datetime(2026, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))), "not_yet_in_force"),
    ],
)
def test_days_are_whole_and_in_utc(at: dt.datetime, code: str) -> None:
    assert ask(TERMS, at=at).code == code


@pytest.mark.parametrize(
    ("pattern", "kind", "covers"),
    [
        ("alert.person", "alert.person", True),
        ("alert.*", "alert.person", True),
        ("alert.*", "alert.person.minor", True),
        ("alert.*", "alert", False),
        ("alert.*", "alerts.person", False),
        ("alert.*", "case.outcome", False),
        ("alert.person", "alert.person2", False),
    ],
)
def test_a_pattern_covers_what_begins_so(pattern: str, kind: str, covers: bool) -> None:
    assert replace(CLAUSE, kinds=frozenset({pattern})).covers(kind) is covers


@pytest.mark.parametrize(
    ("terms", "state"),
    [
        (TERMS, "in_force"),
        (replace(TERMS, suspended=frozenset({"art-1"})), "suspended"),
        (
            replace(TERMS, clauses=(CLAUSE, replace(CLAUSE, id="art-2")), suspended=frozenset({"art-1"})),
            "partly_suspended",
        ),
        (replace(TERMS, signed_by=frozenset({"LBY"})), "not_signed"),
        (replace(TERMS, ended=True, signed_by=frozenset()), "expired"),
        (replace(TERMS, starts=dt.date(2026, 6, 16)), "not_yet_in_force"),
    ],
)
def test_the_state_of_an_agreement(terms: Terms, state: str) -> None:
    assert standing(terms, NOON) == state
