"""Nothing is open without every signature, in its dates, unsuspended, and by a clause that covers the matter."""

import datetime as dt
import math
import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import cedarpy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jiwar.agreements.logic import cedar
from jiwar.agreements.logic.register import Register
from jiwar.agreements.logic.verdicts import (
    NEARNESS,
    Clause,
    Closed,
    Closing,
    Facts,
    Open,
    Question,
    Terms,
    Verdict,
    retention,
    standing,
)
from tests.agreements.logic import oracle

STATES = ("LBY", "NER", "TUN", "TCD")
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
    signed={"LBY": FAR, "NER": FAR},
    starts=dt.date(2026, 1, 1),
    ends=dt.date(2026, 12, 31),
    until=FAR,
    clauses=(CLAUSE,),
)
THREE = replace(
    TERMS,
    reference="LBY-NER-TUN-2026-01",
    parties=frozenset({"LBY", "NER", "TUN"}),
    signed={"LBY": FAR, "NER": FAR, "TUN": FAR},
    clauses=(replace(CLAUSE, from_states=frozenset(STATES), to_states=frozenset(STATES)),),
)
ASKED = Question("LBY", "NER", "alert.person", "border_check", NOON)


def ask(*agreements: Terms, **changes: Any) -> Verdict:
    facts = Facts(**{name: changes.pop(name) for name in tuple(changes) if name in Facts.__annotations__})  # type: ignore[typeddict-item]
    return Register(agreements).decide(replace(ASKED, **changes, facts=facts))


def closing(code: Any, party: str, *clauses: str) -> Closing:
    return Closing(code, UUID(int=9), party, frozenset(clauses or {"art-1"}))


def subset(values: tuple[str, ...], least: int = 0) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), min_size=least)


moments = st.sampled_from([NOON - dt.timedelta(milliseconds=1), NOON, NOON + dt.timedelta(milliseconds=1), FAR])
limits = st.none() | st.integers(1, 3)


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    parties = tuple(sorted(draw(subset(STATES, 2))))
    clauses = tuple(
        Clause(
            f"art-{i}",
            draw(subset((*KINDS, "alert.*"), 1)),
            draw(subset(PURPOSES, 1)),
            draw(st.just(frozenset(parties)) | subset(parties, 1)),
            draw(st.just(frozenset(parties)) | subset(parties, 1)),
            draw(st.sampled_from(["no", "ask", "yes"])),
            *(draw(limits) for _ in range(3)),
        )
        for i in range(draw(st.integers(1, 3)))
    )
    named = tuple(c.id for c in clauses)
    closings = st.builds(
        Closing,
        st.sampled_from(["denounced", "reserved", "suspended"]),
        st.integers(1, 2**64).map(lambda n: UUID(int=n)),
        st.sampled_from(parties),
        st.just(frozenset(named)) | subset(named, 1),
    )
    whole = dict.fromkeys(parties, FAR)
    return Terms(
        uid=UUID(int=draw(st.integers(1, 50))),
        reference=draw(st.sampled_from(["LBY-NER-2026-01", "LBY-NER-2026-02"])),
        parties=frozenset(parties),
        signed=draw(st.just(whole) | st.dictionaries(st.sampled_from(parties), moments)),
        starts=draw(st.sampled_from([dt.date(2026, 1, 1), dt.date(2026, 6, 15), dt.date(2026, 6, 16)])),
        ends=draw(st.sampled_from([None, dt.date(2026, 6, 14), dt.date(2026, 6, 15), dt.date.max])),
        until=draw(moments),
        clauses=clauses,
        acceded=draw(st.just(frozenset()) | subset(parties)),
        closings=tuple(draw(st.lists(closings, max_size=2))),
        ended=draw(st.sampled_from([False, False, False, True])),
    )


facts = st.fixed_dictionaries(
    {},
    optional={
        "origin": st.sampled_from(STATES),
        "consents": subset(STATES),
        "onward": st.sampled_from(["no", "ask", "yes"]),
        "tlp": st.sampled_from(["RED", "AMBER"]),
        "depth_km": st.sampled_from([0, 1, 1.5, 2.0, 2.001, 3, 40]),
    },
)
asked = st.builds(
    Question,
    st.sampled_from(STATES),
    st.sampled_from(STATES),
    st.sampled_from(KINDS),
    st.sampled_from(PURPOSES),
    st.just(NOON),
    facts,
)


@given(st.lists(any_terms(), max_size=4, unique_by=lambda t: t.uid), asked)
def test_cedar_and_the_plain_decision_agree(agreements: list[Terms], question: Question) -> None:
    found = Register(agreements).decide(question)
    plain = oracle.decide(agreements, question)
    if isinstance(found, Closed):
        found = replace(found, by=())
    assert found == plain


@given(any_terms())
def test_every_policy_is_valid_by_the_schema(terms: Terms) -> None:
    for clause in terms.clauses:
        text = cedar.clause_policies(terms, clause).text()
        assert cedarpy.validate_policies(text, cedar.SCHEMA).errors == []


@given(st.lists(any_terms(), max_size=4, unique_by=lambda t: t.uid), asked, st.sampled_from(STATES))
def test_whatever_a_party_suspends_is_closed_to_it_at_once(
    agreements: list[Terms], question: Question, party: str
) -> None:
    suspended = [
        replace(t, closings=(*t.closings, Closing("suspended", t.uid, party, frozenset(c.id for c in t.clauses))))
        for t in agreements
    ]
    if party in {question.sender, question.recipient}:
        assert isinstance(Register(suspended).decide(question), Closed)
    else:
        assert Register(suspended).decide(question) == Register(agreements).decide(question)


@given(st.lists(any_terms(), max_size=4, unique_by=lambda t: t.uid), asked, st.randoms())
def test_the_order_of_agreements_does_not_matter(
    agreements: list[Terms], question: Question, shuffler: random.Random
) -> None:
    other = list(agreements)
    shuffler.shuffle(other)
    assert Register(agreements).decide(question) == Register(other).decide(question)


@given(st.lists(any_terms(), max_size=3, unique_by=lambda t: t.uid), any_terms(), asked)
def test_one_more_agreement_never_makes_the_reason_less_near(
    agreements: list[Terms], more: Terms, question: Question
) -> None:
    order = (*NEARNESS, "open")
    before, after = Register(agreements).decide(question), Register([*agreements, more]).decide(question)
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
        (replace(TERMS, closings=(closing("denounced", "NER"),)), {}, "denounced"),
        (replace(TERMS, signed={"LBY": FAR}), {}, "not_signed"),
        (replace(TERMS, signed={"NER": FAR}), {}, "not_signed"),
        (replace(TERMS, signed={"LBY": FAR, "NER": NOON}), {}, "not_signed"),
        (replace(TERMS, starts=dt.date(2026, 6, 16)), {}, "not_yet_in_force"),
        (replace(TERMS, closings=(closing("reserved", "LBY"),)), {}, "reserved"),
        (replace(TERMS, closings=(closing("suspended", "NER"),)), {}, "suspended"),
        # The first thing that is missing, in the order of NEARNESS.
        (replace(TERMS, signed={}, closings=(closing("suspended", "NER"),)), {}, "not_signed"),
        (replace(TERMS, signed={}), {"kind": "case.outcome"}, "kind_not_covered"),
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
    near = replace(TERMS, closings=(closing("suspended", "NER"),))
    assert ask(far, near) == Closed("suspended", "LBY-NER-2026-01", UUID(int=1), "art-1", ("NER",))


@pytest.mark.parametrize(
    ("terms", "states"),
    [
        (replace(TERMS, signed={}), ("LBY", "NER")),
        (replace(TERMS, signed={"LBY": FAR}), ("NER",)),
        (replace(TERMS, closings=(closing("suspended", "LBY"),)), ("LBY",)),
        (replace(TERMS, closings=(closing("suspended", "NER"), closing("reserved", "LBY"))), ("LBY",)),
        (replace(TERMS, ended=True), ()),
    ],
)
def test_a_reason_names_whose_word_it_is(terms: Terms, states: tuple[str, ...]) -> None:
    verdict = ask(terms)
    assert isinstance(verdict, Closed)
    assert verdict.by == states


def test_of_two_open_ways_the_stricter_one_counts() -> None:
    lax = replace(TERMS, uid=UUID(int=2), reference="AAA-BBB-2026-01", clauses=(replace(CLAUSE, onward="yes"),))
    assert ask(lax, TERMS) == ask(TERMS)
    kept = replace(TERMS, uid=UUID(int=3), reference="ZZZ-2026-01", clauses=(replace(CLAUSE, retention_days=30),))
    assert ask(TERMS, kept).clause == "art-1"
    assert ask(TERMS, kept).agreement == "ZZZ-2026-01"


def test_what_closes_one_agreement_leaves_another_open() -> None:
    two = replace(TERMS, uid=UUID(int=2), reference="LBY-NER-2026-02")
    assert ask(replace(TERMS, closings=(closing("suspended", "NER"),)), two) == ask(two)


def test_a_suspended_clause_leaves_another_open() -> None:
    two = replace(TERMS, clauses=(CLAUSE, replace(CLAUSE, id="art-2")), closings=(closing("suspended", "NER"),))
    assert ask(two) == Open("LBY-NER-2026-01", UUID(int=1), "art-2", "no")


@pytest.mark.parametrize("code", ["denounced", "reserved", "suspended"])
def test_what_one_party_closes_stays_open_among_the_others(code: str) -> None:
    terms = replace(THREE, closings=(closing(code, "TUN"),))
    assert ask(terms).open
    assert ask(terms, recipient="TUN").code == ask(terms, sender="TUN").code == code


def test_an_accession_opens_to_its_state_alone_once_all_agree() -> None:
    joined = replace(TERMS, parties=THREE.parties, acceded=frozenset({"TUN"}), clauses=THREE.clauses)
    assert ask(joined).open
    verdict = ask(joined, recipient="TUN")
    assert isinstance(verdict, Closed)
    assert (verdict.code, verdict.by) == ("not_signed", ("TUN",))
    agreed = replace(joined, signed={**TERMS.signed, "TUN": FAR})
    assert ask(agreed, recipient="TUN").open
    assert ask(agreed, sender="TUN").open


@pytest.mark.parametrize(
    ("depth", "code"),
    [(0, "open"), (20, "open"), (20.0, "open"), (20.0001, "outside_corridor"), (300, "outside_corridor")],
)
def test_a_record_stays_in_the_corridor(depth: float, code: str) -> None:
    terms = replace(TERMS, clauses=(replace(CLAUSE, depth_km=20),))
    assert ask(terms, depth_km=depth).code == code
    assert ask(TERMS, depth_km=depth).open
    assert ask(terms).open


class TestPassingOn:
    """TUN said it; LBY would pass it on to NER, under its own agreement with NER."""

    def code(self, **known: Any) -> str:
        return ask(TERMS, origin="TUN", tlp="AMBER", **known).code

    def test_takes_the_consent_of_the_origin_for_this_state(self) -> None:
        assert self.code() == "no_consent"
        assert self.code(consents=frozenset({"TCD"})) == "no_consent"
        assert self.code(consents=frozenset({"NER", "TCD"})) == "open"

    def test_is_free_where_the_record_itself_says_so(self) -> None:
        assert self.code(onward="ask") == "no_consent"
        assert self.code(onward="yes") == "open"

    def test_of_red_takes_a_consent_that_names_the_state_whatever_the_record_says(self) -> None:
        assert ask(TERMS, origin="TUN", tlp="RED", onward="yes").code == "tlp_red"
        assert ask(TERMS, origin="TUN", tlp="RED", consents=frozenset({"NER"})).open

    def test_takes_an_agreement_as_well(self) -> None:
        assert ask(TERMS, origin="TUN", recipient="TCD", consents=frozenset({"TCD"})).code == "no_agreement"

    def test_what_is_not_known_is_taken_at_its_strictest(self) -> None:
        assert ask(TERMS, origin="TUN").code == "no_consent"
        assert ask(TERMS, origin="TUN", onward="yes").code == "tlp_red"

    def test_its_own_word_needs_no_consent(self) -> None:
        assert ask(TERMS, origin="LBY", tlp="RED").open


@pytest.mark.parametrize(
    "question",
    [
        {"depth_km": math.nan},
        {"depth_km": math.inf},
        {"depth_km": -1},
        {"depth_km": 1e300},
        {"depth_km": "5"},
        {"at": NOON.replace(tzinfo=None)},
        {"kind": "\ud800"},
        {"purpose": None},
        {"sender": None},
        {"tlp": 5},
        {"onward": ["yes"]},
        {"consents": frozenset({5})},
        {"origin": {"type": "State"}},
    ],
)
def test_what_cedar_cannot_be_given_is_closed(question: dict[str, Any]) -> None:
    assert ask(TERMS, **question).code in {"not_decidable", "no_agreement", "purpose_not_covered"}
    # Also where the matter is one that was asked before.
    register = Register([TERMS])
    assert register.decide(ASKED).open
    known = Facts(**{k: v for k, v in question.items() if k in Facts.__annotations__})  # type: ignore[typeddict-item]
    if known:
        assert register.decide(replace(ASKED, facts=known)).code == "not_decidable"


def test_a_forbid_that_fails_in_evaluation_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cedar skips a policy that errs. A record without `depth_m` would err in a corridor that did not ask for it."""
    text = (
        'permit(principal, action, resource); @id("x") forbid(principal, action, resource) when {resource.depth_m > 1};'
    )
    with pytest.raises(cedar.NotDecidable):
        cedar.ask(cedarpy.PolicySet.from_str(text), ASKED)


def test_a_text_cannot_end_a_string_of_a_policy() -> None:
    odd = 'x"); permit(principal, action, resource); //'
    terms = replace(TERMS, reference=odd, clauses=(replace(CLAUSE, kinds=frozenset({odd}), id=odd),))
    assert ask(terms).code == "kind_not_covered"
    assert ask(terms, kind=odd).clause == odd


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
    register = Register([TERMS])
    register.decide(ASKED)  # what was parsed at one time answers for another
    assert register.decide(replace(ASKED, at=at)).code == code


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
        ("alert.person", "alert.*", False),
    ],
)
def test_a_pattern_covers_what_begins_so(pattern: str, kind: str, covers: bool) -> None:
    terms = replace(TERMS, clauses=(replace(CLAUSE, kinds=frozenset({pattern})),))
    assert ask(terms, kind=kind).open is covers


@pytest.mark.parametrize(
    ("terms", "state"),
    [
        (TERMS, "in_force"),
        (replace(TERMS, closings=(closing("suspended", "NER"),)), "suspended"),
        (
            replace(TERMS, clauses=(CLAUSE, replace(CLAUSE, id="art-2")), closings=(closing("suspended", "NER"),)),
            "partly_suspended",
        ),
        (replace(THREE, closings=(closing("suspended", "NER"),)), "partly_suspended"),
        (replace(THREE, closings=(closing("suspended", "NER"), closing("suspended", "TUN"))), "suspended"),
        (replace(TERMS, closings=(closing("denounced", "NER"),)), "denounced"),
        (replace(THREE, closings=(closing("denounced", "NER"),)), "in_force"),
        (
            replace(THREE, signed=TERMS.signed, acceded=frozenset({"TUN"}), closings=(closing("denounced", "NER"),)),
            "denounced",
        ),
        (replace(TERMS, signed={"LBY": FAR}), "not_signed"),
        (replace(THREE, signed=TERMS.signed, acceded=frozenset({"TUN"})), "in_force"),
        (replace(TERMS, ended=True, signed={}), "expired"),
        (replace(TERMS, starts=dt.date(2026, 6, 16)), "not_yet_in_force"),
    ],
)
def test_the_state_of_an_agreement(terms: Terms, state: str) -> None:
    assert standing(terms, NOON) == state


@pytest.mark.parametrize(
    ("days", "until", "end"),
    [(None, FAR, FAR), (10, FAR, NOON + dt.timedelta(days=10)), (10, NOON, NOON), (1, FAR, NOON + dt.timedelta(1))],
)
def test_a_recipient_keeps_no_longer_than_the_clause_says(days: int | None, until: dt.datetime, end: Any) -> None:
    assert retention(Open("LBY-NER-2026-01", UUID(int=1), "art-1", "no", days), NOON, until) == end


@example(["kind.a"] * 3)
@given(st.lists(st.sampled_from([f"kind.{n}" for n in range(40)]), min_size=1, max_size=60))
def test_a_register_that_forgets_matters_answers_the_same(kinds: list[str]) -> None:
    from jiwar.agreements.logic import register as module

    register, fresh = Register([TERMS, THREE]), Register([TERMS, THREE])
    before, module._REMEMBERED = module._REMEMBERED, 3
    try:
        answers = [register.decide(replace(ASKED, kind=kind)) for kind in kinds]
    finally:
        module._REMEMBERED = before
    assert answers == [fresh.decide(replace(ASKED, kind=kind)) for kind in kinds]
