"""The gap matrix says of each pair and kind what the register decides, purpose by purpose."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.agreements.logic.gaps import pairs
from jiwar.agreements.logic.register import Register
from jiwar.agreements.logic.verdicts import NEARNESS, Closing, Question, Terms
from tests.agreements.logic.test_register import CLAUSE, KINDS, NOON, PURPOSES, STATES, TERMS, any_terms


@settings(max_examples=25)
@given(st.lists(any_terms(), max_size=3, unique_by=lambda t: t.uid))
def test_each_way_is_what_the_register_decides_of_every_purpose(agreements: list[Terms]) -> None:
    found = pairs(Register(agreements), STATES[:3], KINDS, PURPOSES, NOON)
    assert [pair.states for pair in found] == list(combinations(STATES[:3], 2))
    register = Register(agreements)
    for way, kind in ((way, matter.kind) for pair in found for matter in pair.matters for way in matter.ways):
        verdicts = {
            purpose: register.decide(Question(way.sender, way.recipient, kind, purpose, NOON)) for purpose in PURPOSES
        }
        opened = tuple(purpose for purpose, verdict in verdicts.items() if verdict.open)
        assert way.purposes == opened
        if not opened:
            assert way.verdict.code == max((v.code for v in verdicts.values()), key=NEARNESS.index)


def test_one_way_is_a_gap_and_says_why() -> None:
    [pair] = pairs(Register([TERMS]), ["LBY", "NER"], ["alert.person"], PURPOSES, NOON)
    there, back = pair.matters[0].ways
    assert (there.open, there.purposes, back.open, back.verdict.code) == (
        True,
        ("border_check",),
        False,
        "direction_not_covered",
    )
    assert (pair.open, pair.agreements) == (False, (TERMS,))


def test_what_is_open_both_ways_is_no_gap_until_one_suspends() -> None:
    both = frozenset({"LBY", "NER"})
    terms = replace(TERMS, clauses=(replace(CLAUSE, from_states=both, to_states=both),))
    [pair] = pairs(Register([terms]), ["LBY", "NER"], ["alert.person"], PURPOSES, NOON)
    assert pair.open
    paused = replace(terms, closings=(Closing("suspended", TERMS.uid, "NER", frozenset({"art-1"})),))
    [pair] = pairs(Register([paused]), ["LBY", "NER"], ["alert.person"], PURPOSES, NOON)
    assert not pair.open
    assert [(way.verdict.code, way.verdict.by) for way in pair.matters[0].ways] == [("suspended", ("NER",))] * 2  # type: ignore[union-attr]


def test_states_without_an_agreement_are_said_to_have_none() -> None:
    [pair] = pairs(Register([TERMS]), ["LBY", "TUN"], ["alert.person"], PURPOSES, NOON)
    assert (pair.agreements, [way.verdict.code for way in pair.matters[0].ways]) == ((), ["no_agreement"] * 2)
