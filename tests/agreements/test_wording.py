"""What a clause does and how a closed way opens, in words made from the data."""

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from jiwar.agreements.logic.verdicts import NEARNESS, Closed
from jiwar.agreements.wording import does, remedy

CLAUSE = {
    "id": "art-1",
    "kinds": ["alert.person", "alert.hit"],
    "purposes": ["border_check"],
    "from_states": ["LBY", "NER"],
    "to_states": ["NER", "LBY"],
    "onward": "no",
    "depth_km": 1,
    "retention_days": 365,
    "answer_within_hours": 24,
}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


def test_a_clause_says_all_that_it_does() -> None:
    assert does(CLAUSE) == [
        "Libya, Niger may send one another: alert on a person, hit on an alert.",
        "For: border check.",
        "The recipient may not pass it on.",
        "It reaches at most 1 kilometre beyond the border.",
        "The recipient keeps it for at most 365 days.",
        "The recipient answers within 24 hours.",
    ]


def test_one_way_and_every_party() -> None:
    said = does({**CLAUSE, "from_states": ["*"], "to_states": ["NER"]})
    assert said[0] == "every party, those that accede included may send to Niger: alert on a person, hit on an alert."


@pytest.mark.parametrize(("language", "days"), [("fr", "365 jours"), ("ar", "365 يوماً")])
def test_in_the_readers_language(language: str, days: str) -> None:
    with override(language):
        assert any(days in sentence for sentence in does(CLAUSE))
        assert len(does(CLAUSE)) == 6


@given(st.dictionaries(st.sampled_from(sorted(CLAUSE)), st.none() | st.text(max_size=6) | st.just([]), max_size=9))
def test_a_clause_that_is_being_typed_breaks_nothing(typed: dict[str, object]) -> None:
    lists = {name: [] for name in ("kinds", "purposes", "from_states", "to_states")}
    assert isinstance(does({**typed, **lists}), list)


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
@pytest.mark.parametrize("code", NEARNESS)
def test_every_reason_has_a_remedy(code: str, language: str) -> None:
    closed = Closed(code, "LBY-NER-2026-01", UUID(int=1), "art-1", ("NER",))
    with override(language):
        said = remedy(closed, "LBY", "NER", "TUN", dt.date(2027, 1, 2))
    assert said
    assert "%(" not in said
