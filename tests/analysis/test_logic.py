"""Facts side by side, and events in the order of time: from values alone."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.analysis.logic.facts import FIELDS, Source, side_by_side, told_by
from jiwar.analysis.logic.timeline import GROUPS, Event, dates_in, newest_first

ALERT: dict[str, Any] = {
    "type": "wanted_for_arrest",
    "action": "arrest_for_extradition",
    "subject": {
        "names": [
            {"text": "Salem Ould Khattar", "kind": "name", "quality": "good"},
            {"text": "Abou Salem", "kind": "alias", "quality": "low"},
        ],
        "birth_dates": [{"date": "1984-03-09", "approximate": False}],
        "sexes": ["M"],
        "documents": [{"type": "passport", "country": "LBY", "number": "K0451187"}],
        "identifiers": [{"kind": "phone", "country": "", "number": "+218910000001"}],
        "places": [{"kind": "address", "country": "LBY", "text": "Ubari"}],
        "relations": [{"kind": "member", "name": "Katiba", "target": None}],
    },
    "warrant": {"authority": "Tripoli court", "number": "12/2026", "date": "2026-02-01", "country": "LBY"},
    "offence": {"title": "Arms", "article": "art. 3", "max_penalty": "15 years", "actual_penalty": None},
    "necessity": "Left for Madama.",
    "rights_screen": {"speech": False},
}
LISTING: dict[str, Any] = {
    "list": "un_security_council",
    "subject": {
        "names": [{"text": "SALEM  ould khattar", "kind": "name", "quality": "low"}],
        "birth_dates": [{"date": "1983", "approximate": True}],
    },
    "listed_on": "2020-05-01",
    "designations": ["Commander"],
}


def test_each_value_stands_once_with_all_who_say_it() -> None:
    facts = {(fact.field, fact.value): fact for fact in side_by_side([(1, ALERT), (2, LISTING)])}
    name = facts["name", "Salem Ould Khattar"]
    assert (name.sources, name.weak) == ((1, 2), False)
    assert facts["name", "Abou Salem"].weak
    assert facts["document", "passport LBY K0451187"].sources == (1,)
    assert facts["identifier", "+218910000001"].sort == ("identifier_kind", "phone")
    assert facts["warrant", "Tripoli court, 12/2026, 2026-02-01, LBY"].sources == (1,)
    assert facts["penalty", "15 years"].sources == (1,)
    born = [fact for fact in facts.values() if fact.field == "birth_date"]
    assert [(fact.value, fact.differs) for fact in born] == [("1984-03-09", True), ("~1983", True)]
    assert not any(fact.differs for fact in side_by_side([(1, ALERT), (2, ALERT)]))
    order = [FIELDS.index(field) for field, _ in facts]
    assert order == sorted(order)


def test_a_body_without_content_says_nothing() -> None:
    assert list(told_by({})) == []
    assert side_by_side([(1, {})]) == ()


def test_what_may_go_on_is_what_its_origin_lets_go_on() -> None:
    day = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
    source = Source(1, "u", "alert.person", "own_alert", "", "", "LBY", "LBY", 1, "in_force", "border_check", "Law 7",
                    day, day, day.date(), "A1", "GREEN", "yes", ())  # fmt: skip
    assert source.may_be_passed_on
    for field, value in (("tlp", "AMBER"), ("tlp", "RED"), ("onward", "ask"), ("onward", "no")):
        assert not replace(source, **{field: value}).may_be_passed_on


def test_events_come_newest_first_and_by_what_is_asked() -> None:
    events = [*dates_in(1, ALERT), *dates_in(2, LISTING), Event("2026-03-01T10:00:00+00:00", "issued", 1)]
    assert [event.at for event in newest_first(events)] == [
        "2026-03-01T10:00:00+00:00", "2026-02-01", "2020-05-01", "1984-03-09", "~1983",
    ]  # fmt: skip
    assert [event.what for event in newest_first(events, ["law"])] == ["warrant", "listed"]
    assert newest_first(events, ["seen"]) == ()
    assert newest_first([*events, *events]) == newest_first(events)


@pytest.mark.parametrize("group", GROUPS)
def test_every_event_is_of_one_group(group: str) -> None:
    others = {what for name, group_ in GROUPS.items() if name != group for what in group_}
    assert others.isdisjoint(GROUPS[group])


@given(st.lists(st.tuples(st.dates(), st.sampled_from(["issued", "hit", "born"]), st.integers(1, 9)), max_size=20))
def test_the_order_of_a_timeline_does_not_hang_on_the_order_of_its_sources(rows: list[Any]) -> None:
    events = [Event(at.isoformat(), what, number) for at, what, number in rows]
    assert [e.at for e in newest_first(events)] == [e.at for e in newest_first(reversed(events))]
    assert set(newest_first(events)) == set(events)
