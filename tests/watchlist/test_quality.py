"""How complete a subject is (rule R16): what counts, that it never falls when more is known, and what stops nobody."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.watchlist.logic.quality import _RULES, RULE_CODES, quality

SALEM = {
    "type": "person",
    "names": [{"text": "Salem Ould Khattar"}, {"text": "سالم ولد خطار الأنصاري"}],
    "birth_dates": [{"date": "1984-03-09"}],
    "sexes": ["M"],
    "nationalities": ["LBY"],
    "documents": [{"type": "passport", "country": "LBY", "number": "K0451187"}],
    "place_of_birth": "Ghat",
}
PLATE = {"kind": "plate", "country": "LBY", "number": "5-123456"}


@pytest.mark.parametrize("kind", _RULES)
def test_every_type_counts_to_a_hundred_by_rules_that_exist(kind: str) -> None:
    rules, enough = _RULES[kind]
    assert sum(rules.values()) == 100
    assert set(rules) <= set(RULE_CODES)
    assert all(set(way) <= set(rules) for way in enough)


def test_all_that_can_be_said_of_a_person_is_a_hundred() -> None:
    found = quality(SALEM)
    assert (found.score, found.stops, found.missing) == (100, True, ())


@pytest.mark.parametrize(
    ("subject", "score", "stops"),
    [
        ({}, 0, False),
        ({"names": [{"text": "Salem"}]}, 10, False),
        ({"names": [{"text": "Salem Khattar"}]}, 25, True),
        ({"names": [{"text": "Salem Ould Khattar", "quality": "low"}], "nationalities": ["LBY"]}, 10, False),
        ({"names": [{"text": "Salem"}], "birth_dates": [{"date": "1984"}]}, 25, True),
        ({"names": [{"text": "Salem"}], "sexes": ["M"], "nationalities": ["LBY"], "place_of_birth": "Ghat"}, 30, False),
        ({"documents": [{"number": "K04"}]}, 0, False),
        ({"documents": [{"number": "K045"}]}, 15, True),
        ({"type": "vehicle", "names": [{"text": "white Toyota Hilux"}]}, 10, False),
        ({"type": "vehicle", "identifiers": [{"kind": "vin", "number": "1M8GDM9A0KP042788"}]}, 0, False),
        ({"type": "vehicle", "identifiers": [PLATE]}, 60, True),
        ({"type": "vessel", "names": [{"text": "Al Nour"}]}, 15, False),
        ({"type": "armed_group", "names": [{"text": "Katibat"}]}, 35, True),
        ({"type": "document", "documents": [{"number": "K0451187", "country": "LBY"}]}, 70, True),
    ],
)
def test_what_is_enough_to_stop_someone(subject: dict[str, Any], score: int, stops: bool) -> None:
    found = quality(subject)
    assert (found.score, found.stops) == (score, stops)


def test_what_is_missing_stands_with_the_most_first() -> None:
    found = quality({"names": [{"text": "Salem Khattar"}]})
    assert [item.code for item in found.missing[:2]] == ["birth_date", "document"]
    assert [item.points for item in found.missing] == sorted((i.points for i in found.missing), reverse=True)


@given(st.sets(st.sampled_from(sorted(SALEM))), st.sampled_from(sorted(set(SALEM) - {"type"})))
def test_more_is_never_less(known: set[str], more: str) -> None:
    before = quality({field: SALEM[field] for field in known})
    after = quality({field: SALEM[field] for field in known | {more}})
    assert after.score >= before.score
    assert after.stops >= before.stops


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SALEM, "text", "date", "number",
    "kind", "identifiers", "quality"]), inner, max_size=4), max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*SALEM, "identifiers", "places", "relations"]), JUNK, max_size=6))
def test_what_was_half_typed_is_counted_and_never_fails(subject: dict[str, Any]) -> None:
    found = quality(subject)
    assert 0 <= found.score <= 100
